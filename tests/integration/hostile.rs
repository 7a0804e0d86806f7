//! Values that would break out of a rendered file, in every field of the inventory, in every
//! YAML style that can spell them: each is refused at its place, none can be rendered. The
//! fields come from the tables that read the inventory, so that a new key cannot be forgotten.

pub mod fixture;
mod strings;

use std::collections::BTreeSet;

use sslscale::config::nginx;
use sslscale::inventory::model::Target;
use sslscale::inventory::node::{Node, Value, parse};
use sslscale::inventory::raw::SECTIONS;
use sslscale::inventory::{Inventory, check};
use sslscale::render::{NGINX_CONF, Templates, render};
use sslscale::source::{Source, Span};
use sslscale::visible::hidden;

use crate::support::Sslscale;
use fixture::{Fixture, fields, find};
use strings::{HOSTILE, SOUND};

/// How a string may be spelled as a YAML scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

const STYLES: [Style; 5] = [Style::Plain, Style::Single, Style::Double, Style::Literal, Style::Folded];

/// `text` in a style, whether or not it reads back as itself.
fn spell(text: &str, style: Style) -> String {
    // Deeper than anything in the fixture.
    let block =
        |mark: &str| format!("{mark}-\n{0}{1}", " ".repeat(30), text.replace('\n', &format!("\n{0}", " ".repeat(30))));
    match style {
        Style::Plain => text.to_owned(),
        Style::Single => format!("'{}'", text.replace('\'', "''")),
        Style::Double => {
            let escape = |c: char| match c {
                '"' | '\\' => format!("\\{c}"),
                ' '..='~' => c.to_string(),
                c => format!("\\U{:08X}", u32::from(c)),
            };
            format!("\"{}\"", text.chars().map(escape).collect::<String>())
        }
        Style::Literal => block("|"),
        Style::Folded => block(">"),
    }
}

/// The fixture with one value replaced, and where the replacement stands; `None` where the style
/// cannot spell it.
pub fn substitute(fixture: &Fixture, field: &[usize], text: &str, style: Style) -> Option<(Source, Span)> {
    let old = find(&fixture.root, field)?.span;
    let spelled = spell(text, style);
    let whole = fixture.source.text();
    let source = fixture.named(format!("{}{spelled}{}", &whole[..old.start as usize], &whole[old.end as usize..]));
    let faithful = || find(&parse(&source).ok()?, field).map(|node| node.text(&source) == Some(text));
    // Double quotes spell everything, as a test of its own asserts.
    (style == Style::Double || faithful() == Some(true))
        .then(|| (source, Span::new(old.start as usize, old.start as usize + spelled.len())))
}

/// Why a hostile value got through, if it did.
fn got_through(source: &Source, at: Span) -> Option<String> {
    let checked = check(source);
    if let Some(inventory) = checked.inventory {
        let is_text = source.text()[..at.start as usize].trim_end().ends_with("body:");
        return if is_text { broke_out(&inventory) } else { Some("an inventory resulted".to_owned()) };
    }
    let on_it = |span: Span| at.start <= span.start && span.end <= at.end && span.start < span.end;
    let found = checked.diagnostics.iter().any(|d| on_it(d.span) && !d.help.is_empty());
    (!found).then(|| format!("nothing was reported at {at:?}: {:?}", checked.diagnostics))
}

/// What is wrong with how nginx reads the text of an answer, which is the only value that may have any character: it has
/// to be one word, with the rest of the file as it is.
fn broke_out(inventory: &Inventory) -> Option<String> {
    let texts = inventory.sites.iter().flat_map(|site| &site.locations).filter_map(|location| match &location.target {
        Target::Answer(answer) => answer.body.as_ref().map(ToString::to_string),
        _ => None,
    });
    let wanted: BTreeSet<String> = texts.collect();
    let (names, found) = match read_back(inventory) {
        Ok(read) => read,
        Err(why) => return Some(why),
    };
    if found != wanted {
        return Some(format!("{wanted:?} is read as {found:?}"));
    }
    let sound = check(&Fixture::new().source).inventory.and_then(|it| read_back(&it).ok())?.0;
    (names != sound).then(|| format!("nginx reads {names:?}, not {sound:?}"))
}

/// The names of all directives that are rendered for nginx, and the texts that it answers with.
fn read_back(inventory: &Inventory) -> Result<(Vec<String>, BTreeSet<String>), String> {
    let tree = render(inventory, &Templates::load(None).unwrap()).unwrap();
    let (mut names, mut texts) = (Vec::new(), BTreeSet::new());
    for entry in tree.hosts().flat_map(|(_, entries)| entries.iter()).filter(|entry| &*entry.path == NGINX_CONF) {
        let text = String::from_utf8(entry.content.bytes.clone()).unwrap();
        let file = nginx::File::read(&text).map_err(|error| format!("line {}: {}", error.line, error.what))?;
        file.visit(|around, statement| {
            // A dollar sign needs a variable.
            if statement.name() != "geo" && around.iter().all(|it| it.name() != "geo") {
                names.push(statement.name().to_owned());
            }
            if let ("return", [code, text]) = (statement.name(), statement.arguments())
                && code.is("410")
            {
                texts.insert(text.value.replace("${sslscale_dollar}", "$"));
            }
        });
    }
    Ok((names, texts))
}

#[test]
fn the_fixture_is_sound_and_has_every_key_in_every_form() {
    let fixture = Fixture::new();
    let checked = check(&fixture.source);
    assert!(checked.inventory.is_some(), "{:?}", checked.diagnostics);
    let paths = fixture::paths(&fixture.root, &fixture.source);
    for section in SECTIONS {
        for key in section.keys {
            // In the place of `app_server`, beside which none of them may be.
            if section.path == "http.acme_challenge" && ["pool", "redirect", "account_thumbprint"].contains(&key.name) {
                continue;
            }
            let path = match section.path {
                "" => key.name.to_owned(),
                // Not every key of it is for all hosts.
                "ssh" => format!("load_balancers[].ssh.{}", key.name),
                "limit" => format!("sites[].limit.{}", key.name),
                "metrics" => format!("nginx.metrics.{}", key.name),
                section => format!("{section}.{}", key.name),
            };
            let list = format!("{path}[]");
            let wanted: &[&String] = match key.takes {
                takes if takes.contains("or list") => &[&path, &list],
                takes if takes.starts_with("list") => &[&list],
                _ => &[&path],
            };
            for path in wanted {
                assert!(
                    paths.contains(*path),
                    "add `{path}` to tests/fixtures/every-key.yaml: hostile values are tried in every key"
                );
            }
        }
    }
}

/// Runs `job` for each field, on every core, and adds up what it returns.
fn for_each_field(job: impl Fn(&Fixture, usize, &[usize]) -> (usize, Vec<String>) + Sync) -> (usize, Vec<String>) {
    let fixture = Fixture::new();
    let fields = fields(&fixture.root);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = |worker| {
        let share = fields.iter().enumerate().skip(worker).step_by(workers);
        share.map(|(index, field)| job(&fixture, index, field)).collect::<Vec<_>>()
    };
    let work = &work;
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        let done = handles.into_iter().flat_map(|handle| handle.join().unwrap());
        done.fold((0, Vec::new()), |(n, mut all), (tried, failures)| {
            all.extend(failures);
            (n + tried, all)
        })
    })
}

#[test]
fn double_quotes_spell_every_hostile_string() {
    for hostile in HOSTILE {
        let source = Source::new("t", format!("[{}]", spell(hostile, Style::Double)));
        assert_eq!(find(&parse(&source).unwrap(), &[0]).and_then(|n| n.text(&source)), Some(*hostile));
    }
}

#[test]
fn no_hostile_string_gets_through_in_any_field_in_any_style() {
    assert!(HOSTILE.len() >= 60, "{} strings", HOSTILE.len());
    let (tried, failures) = for_each_field(|fixture, index, field| {
        let sound = find(&fixture.root, field).and_then(|n| n.text(&fixture.source)).unwrap();
        let (mut tried, mut failures) = (0, Vec::new());
        // Every other one: those that neighbours in the fixture are tried with differ.
        for (number, hostile) in HOSTILE.iter().enumerate().filter(|(number, _)| (number + index).is_multiple_of(2)) {
            let text = hostile.replace(SOUND, sound);
            // A style only changes what the parser does: every tenth pair is enough for each.
            for style in STYLES.into_iter().filter(|s| *s == Style::Double || (number / 2 + index).is_multiple_of(10)) {
                let Some((source, at)) = substitute(fixture, field, &text, style) else { continue };
                tried += 1;
                failures.extend(got_through(&source, at).map(|why| format!("{sound} {text:?} {style:?}: {why}")));
            }
        }
        (tried, failures)
    });
    let some = failures.iter().take(9).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {tried} got through, such as\n{some}", failures.len());
    let fields = fields(&Fixture::new().root).len();
    assert!(tried > HOSTILE.len() * fields / 2, "only {tried} were tried in {fields} fields");
}

#[test]
fn a_megabyte_is_refused_in_every_field_with_a_short_message() {
    let fixture = Fixture::new();
    let megabyte = "a".repeat(1 << 20);
    for field in fields(&fixture.root) {
        let (source, at) = substitute(&fixture, &field, &megabyte, Style::Plain).unwrap();
        assert_eq!(got_through(&source, at), None);
        let longest = check(&source).diagnostics.iter().map(|d| d.message.len()).max();
        assert!(longest < Some(300), "{longest:?}");
    }
}

/// Whether a field is the text of an answer.
fn is_text(fixture: &Fixture, field: &[usize]) -> bool {
    fixture::path_of(&fixture.root, &fixture.source, field).ends_with(".body")
}

/// What no value may hold, whatever the field takes: written here a second time, on purpose.
fn breaks_out(c: char) -> bool {
    c.is_control() || !c.is_ascii() || " ;{}\"'#$\\`".contains(c)
}

#[test]
fn every_character_that_a_field_accepts_is_inert_in_the_rendered_files() {
    let others = "\u{80}\u{a0}é\u{3b1}а\u{200b}\u{202e}\u{2028}；｛＄＃\u{feff}\u{e0001}😀";
    let (accepted, failures) = for_each_field(|fixture, index, field| {
        let sound = find(&fixture.root, field).and_then(|n| n.text(&fixture.source)).unwrap();
        let (mut accepted, mut failures) = (0, Vec::new());
        // Every fourth one: those that neighbours in the fixture are tried with differ.
        let all = (0..128_u8).map(char::from).chain(others.chars());
        for (_, c) in all.enumerate().filter(|(number, _)| (number + index).is_multiple_of(4)) {
            let (source, _) = substitute(fixture, field, &format!("{sound}{c}"), Style::Double).unwrap();
            if let Some(inventory) = check(&source).inventory {
                accepted += 1;
                let harmful = if is_text(fixture, field) { broke_out(&inventory).is_some() } else { breaks_out(c) };
                failures.extend(harmful.then(|| format!("{c:?} is accepted behind {sound:?}")));
            }
        }
        (accepted, failures)
    });
    assert_eq!(failures, Vec::<String>::new());
    assert!(accepted > 75, "{accepted} accepted: the fixture was refused for something else");
}

#[test]
fn every_variable_part_of_the_rendered_files_is_inert() {
    let fixture = Fixture::new();
    let inventory = check(&fixture.source).inventory.unwrap();
    let files = std::fs::read_dir(crate::support::repository().join("templates")).unwrap();
    let templates: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap() + "\n").collect();
    let mut literal: std::collections::HashSet<&str> = templates.split_whitespace().collect();
    // Variables of nginx that a template writes in a loop.
    let looped = ["remote_user", "host", "request_uri", "http_referer", "http_user_agent", "ssl_server_name"];
    // And those of a certificate, which it chooses by the header.
    let of_clients = ["$ssl_client_verify;", "$ssl_client_s_dn;", "$ssl_client_i_dn;", "$ssl_client_serial;"];
    literal.extend(of_clients);
    // With a number behind it where a location names protocols.
    literal.insert("$sslscale_connection;");
    let looped = looped.map(|name| [format!("${name}"), format!("${name};"), format!("$sslscale_log_{name}")]);
    literal.extend(looped.iter().flatten().map(String::as_str));
    // A path of ours in quotes, which is in no inventory.
    let quoted = format!("('{}',", sslscale::render::HAPROXY_STATE);
    literal.insert(&quoted);
    // A hash of ours in quotes.
    let is_revision = |word: &str| {
        word.strip_prefix('"').is_some_and(|it| it.len() == 12 && it.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    // A variable of ours with a number.
    let is_list = |word: &str| {
        let word = word.trim_end_matches(":$proxy_protocol_addr").trim_matches(['(', ')', '"', ';']);
        let numbered = ["denied", "cdn", "around", "upgrade", "connection"]
            .map(|it| word.strip_prefix(&format!("$sslscale_{it}_")));
        numbered.into_iter().flatten().any(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let tree = render(&inventory, &Templates::load(None).unwrap()).unwrap();
    let mut seen = 0;
    for (_, entries) in tree.hosts() {
        for entry in entries.iter() {
            let text = String::from_utf8(entry.content.bytes.clone()).unwrap();
            for word in
                text.split_whitespace().filter(|word| !literal.contains(word) && !is_revision(word) && !is_list(word))
            {
                // What the templates themselves put beside a value.
                let value = word
                    .trim_end_matches(';')
                    .trim_end_matches("$request_uri")
                    .trim_end_matches("$sslscale_server")
                    .trim_end_matches("$is_args$args")
                    .trim_start_matches("$host:");
                // In comments of haproxy.cfg, paths are in backticks.
                let value = value.trim_start_matches("\"max-age=").trim_matches('"').trim_matches('`');
                // A protocol, or a name, as a regular expression.
                let value = value.trim_start_matches("~*^HTTP/1[.]1:").trim_start_matches("101:");
                let protocol = value
                    .strip_suffix('$')
                    .filter(|_| word.starts_with("\"~*^HTTP/1"))
                    .map(|it| it.replace("[.]", "."));
                let value = protocol.as_deref().unwrap_or(value);
                let value = match value.strip_prefix("~^").and_then(|it| it.strip_suffix('$')) {
                    Some(name) => name.replace("[.]", ".").replace("[*]", "*"),
                    None => value.to_owned(),
                };
                assert!(!value.contains(breaks_out), "{word} in {}", entry.path);
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen} words");
}

#[test]
fn hostile_keys_are_refused_at_their_place() {
    let fixture = Fixture::new();
    for (section, at) in fixture::first_keys(&fixture.root) {
        for hostile in HOSTILE.iter().filter(|h| !h.is_empty()) {
            let key = spell(&hostile.replace(SOUND, "name"), Style::Double);
            let whole = fixture.source.text();
            let indent = " ".repeat(fixture.source.position(at).column - 1);
            let (before, after) = whole.split_at(at as usize);
            let source = fixture.named(format!("{before}? {key}\n{indent}: x\n{indent}{after}"));
            let place = Span::new(at as usize + 2, at as usize + 2 + key.len());
            assert_eq!(got_through(&source, place), None, "{hostile:?} as a key of {section}");
        }
    }
}

#[test]
fn the_program_refuses_them_without_repeating_what_a_terminal_would_obey() {
    let fixture = Fixture::new();
    let mut fields = fields(&fixture.root);
    fields.retain(|field| !is_text(&fixture, field));
    for (index, hostile) in HOSTILE.iter().enumerate() {
        let field = &fields[index * 7 % fields.len()];
        let sound = find(&fixture.root, field).and_then(|n| n.text(&fixture.source)).unwrap();
        let text = hostile.replace(SOUND, sound);
        let Some((source, _)) = substitute(&fixture, field, &text, Style::Plain)
            .or_else(|| substitute(&fixture, field, &text, Style::Double))
        else {
            continue;
        };
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(source.text());
        for format in ["human", "json"] {
            let out = run.run_with(&["check", "--format", format, "inventory.yaml"]);
            assert_eq!(out.status, 1, "{text:?}: {}", out.all());
            let obeyed = out.all().chars().find(|c| hidden(*c) && *c != '\n');
            assert_eq!(obeyed, None, "{text:?}: {}", out.all());
        }
        let render = run.run_with(&["render", "inventory.yaml"]);
        assert_eq!((render.status, render.stdout.as_str()), (1, ""), "{text:?}");
    }
}

/// The value of a node, for the submodules.
fn entries(node: &Node) -> Vec<(&Node, Option<&Node>)> {
    match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, value)| (value, Some(key))).collect(),
        Value::List(items) => items.iter().map(|item| (item, None)).collect(),
        _ => Vec::new(),
    }
}
