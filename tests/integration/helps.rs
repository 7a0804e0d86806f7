//! Help that proposes a value or an edit: applied, it leads to an inventory without a finding of the same
//! code at that place. Of every rule's example, and of every bad value in every key.

mod commands;
mod slips;

use std::collections::BTreeMap;

use sslscale::diagnostic::{Diagnostic, Severity};
use sslscale::inventory::document::spelled;
use sslscale::inventory::raw::SECTIONS;
use sslscale::lint::{Linted, Settings, lint, rules};
use sslscale::source::{Source, Span};

use crate::bad_input::keys::rows;
use crate::hostile::fixture::{Fixture, fields, path_of};
use crate::hostile::{Style, substitute};
use crate::support::Sslscale;

/// Bad values for every key: what people write in one of them, or in another tool.
const EVERYWHERE: &[&str] = &[
    "é",
    "/café/",
    "/caf%C3%A9/",
    "a b",
    "a.example b.example",
    "",
    "[fd00::5%3]",
    "HIGH:!aNULL",
    "none",
    "no",
    "/a?b",
    "fe80::2%eth0",
    "/var/log/nginx/",
    "200, 204",
];

/// Values where a list belongs, and lists where a value does.
const SHAPES: &[(&str, &str)] = &[
    ("nginx", "ssl_ciphers: \"HIGH:!aNULL:!MD5\""),
    ("nginx", "ssl_ciphers: \"HIGH:!aNULL\""),
    ("nginx", "ssl_ciphers: \"HIGH:MEDIUM\""),
    ("nginx", "ssl_ciphers: HIGH"),
    ("nginx", "ssl_ciphers: \"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256\""),
    ("nginx", "ssl_ciphers: ECDHE-RSA-AES128-GCM-SHA256"),
    ("nginx", "ssl_protocols: \"TLSv1.2 TLSv1.3\""),
    ("nginx", "ssl_protocols: SSLv3"),
    ("nginx", "ssl_ecdh_curve: X25519:prime256v1"),
    ("nginx", "ssl_ecdh_curve: auto"),
    ("trusted_proxies", "10.0.0.10"),
    ("trusted_proxies", "\"10.0.0.10, 192.168.0.0/24\""),
    ("trusted_proxies", "lb1"),
    ("high_availability", "virtual_addresses: \"10.0.0.9\""),
    ("high_availability", "virtual_addresses: vip"),
];

/// The edits that a help proposes for the text at `at`; each is tried by itself.
fn edits(text: &str, at: Span, help: &str) -> Vec<String> {
    let (start, end) = (at.start as usize, at.end as usize);
    let old = &text[start..end];
    let put = |from: usize, to: usize, new: &str| format!("{}{new}{}", &text[..from], &text[to..]);
    let value = |word: &str| match word {
        // YAML as it is.
        _ if word.starts_with(['[', '"', '{']) && word.ends_with([']', '"', '}']) && !word.contains("]:") => {
            word.to_owned()
        }
        _ => spelled(old, word),
    };
    // A proposal ends where the reason begins, or another way.
    let clause = help.split([';']).next().unwrap_or_default();
    let words = |part: &str| -> Vec<String> {
        part.split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| {
                word.len() > 2
                    || *word == "/" && part.starts_with("`/`")
                    || word.starts_with(|c: char| c.is_ascii_digit())
            })
            .filter(|word| !word.contains('…'))
            .map(str::to_owned)
            .collect()
    };
    let mut found = Vec::new();
    if let Some(together) = together(text, at, clause) {
        found.push(together);
    } else if let Some((_, rest)) = clause.split_once("write `%25` for `") {
        let bad = rest.split('`').next().unwrap_or_default();
        found.push(put(start, end, &old.replace(bad, "%25")));
    } else if let Some(rest) =
        clause.strip_prefix("remove `").filter(|rest| old.contains(rest.split('`').next().unwrap()))
    {
        let part = rest.split('`').next().unwrap_or_default();
        found.push(put(start, end, &old.replacen(part, "", 1)));
    } else if clause.starts_with("write ") || clause.starts_with("did you mean ") {
        let clause = clause.split(", in ").next().unwrap_or(clause);
        // The values of the key follow.
        let clause = clause.split("? ").next().unwrap_or(clause);
        let proposal = clause.split(": ").next().unwrap_or(clause);
        let proposal = if clause[proposal.len()..].matches('`').count() % 2 == 1 { clause } else { proposal };
        let (_, such) = proposal.split_once("such as ").unwrap_or(("", proposal));
        // A name of a key or of a command is none.
        let named =
            ["write it as for `", "write the `", "write what `", "write another `", "write `:`", "write statuses"];
        let such = if named.iter().any(|it| such.starts_with(it)) { "" } else { such };
        let is_key = |it: &String| it.contains(": ") && !it.starts_with(['{', '[']);
        let mut all = words(such);
        // A key that the help names is no value.
        all.retain(|it| !SECTIONS.iter().flat_map(|section| section.keys).any(|key| key.name == it));
        let (key, other): (Vec<String>, Vec<String>) = all.into_iter().partition(is_key);
        found.extend(other.iter().map(|word| match text[..start].ends_with('[') && word.starts_with('{') {
            // A section in place of the whole list.
            true => put(start - 1, end + text[end..].find(']').map_or(0, |at| at + 1), word),
            false => put(start, end, &value(word)),
        }));
        found.extend(key.iter().filter_map(|word| key_edit(text, at, word)));
        if let Some((_, range)) = proposal.split_once(" from ").filter(|_| words(proposal).is_empty())
            && let Some((low, high)) = range.split_once(" to ")
        {
            let bounds = [low, high.split([' ', ',']).next().unwrap_or_default()];
            found.extend(bounds.iter().map(|bound| put(start, end, &value(bound))));
        }
    } else if let Some(rest) = clause.strip_prefix("set `") {
        found.extend(key_edit(text, at, rest.split('`').next().unwrap_or_default()));
    } else if let Some(rest) = clause.strip_prefix("add `") {
        found.extend(added(text, at, rest));
    }
    found
}

/// Two keys of one entry, such as `path: /x` and `match: exact`: the value at the place is the first key's.
fn together(text: &str, at: Span, clause: &str) -> Option<String> {
    let (first, second) = clause.split_once("` and `")?;
    let (_, first) = first.rsplit_once('`').filter(|(_, first)| first.contains(": "))?;
    let (key, value) = first.split_once(": ")?;
    let second = second.split('`').next().filter(|second| second.contains(": "))?;
    let (start, end) = (at.start as usize, at.end as usize);
    let here = text[..start].trim_end().ends_with(&format!("{key}:"));
    here.then(|| format!("{}{}, {second}{}", &text[..start], spelled(&text[start..end], value), &text[end..]))
}

/// The value of `key` replaced: the one at the place, the next one before it, or a new key of the inventory.
fn key_edit(text: &str, at: Span, word: &str) -> Option<String> {
    let (key, value) = word.split_once(": ")?;
    let (start, end) = (at.start as usize, at.end as usize);
    if text[..start].trim_end().ends_with(&format!("{key}:")) {
        return Some(format!("{}{value}{}", &text[..start], &text[end..]));
    }
    let pattern = format!("{key}: ");
    if let Some(place) = text.find(&pattern) {
        let from = place + pattern.len();
        let to = from + text[from..].find([',', '}', '\n', ' ']).unwrap_or(text.len() - from);
        return Some(format!("{}{value}{}", &text[..from], &text[to..]));
    }
    let top = ["tickets", "http", "pools", "trusted_proxies"].contains(&key);
    top.then(|| format!("{text}{word}\n"))
}

/// A key or items put in where the place is, or into the list of the key that the help names.
fn added(text: &str, at: Span, rest: &str) -> Option<String> {
    let start = at.start as usize;
    let words: Vec<&str> = rest.split('`').step_by(2).collect();
    let first = words.first()?;
    if let Some((key, value)) = first.split_once(": ") {
        let value = value.replace('…', "x");
        if key == "nginx" && text[..start].ends_with('[') {
            // An item of a list is no place for settings of the fleet.
            return Some(format!("{text}{key}: {value}\n"));
        }
        let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
        let before = &text[line..start];
        let flow = before.contains('{');
        let indent: String = before.chars().map(|c| if c == '-' { ' ' } else { c }).collect();
        // The place is the value of another key.
        if before.trim_end().ends_with(':') {
            let end = at.end as usize;
            let column = before.len() - before.trim_start_matches([' ', '-']).len();
            let between = if flow { ", ".to_owned() } else { format!("\n{}", " ".repeat(column)) };
            return Some(format!("{}{between}{key}: {value}{}", &text[..end], &text[end..]));
        }
        let between = if flow { ", ".to_owned() } else { format!("\n{indent}") };
        return Some(format!("{}{key}: {value}{between}{}", &text[..start], &text[start..]));
    }
    let named = rest.split_once(" to `").map(|(items, key)| (items, key.split('`').next().unwrap_or_default()));
    let (items, from) = match named {
        Some((items, key)) => (items, text.find(&format!("{key}: ["))? + key.len() + 3),
        None => (rest, start),
    };
    let items = items.split(", or").next().unwrap_or_default();
    let list: Vec<String> = items.split('`').step_by(2).filter(|it| !it.is_empty()).map(|it| spelled("", it)).collect();
    let from = if text[from..].starts_with('[') { from + 1 } else { from };
    Some(format!("{}{}, {}", &text[..from], list.join(", "), &text[from..]))
}

/// What is wrong with what the help of this finding leads to, and how many edits it proposes.
fn followed(
    linted: &Linted,
    source: &Source,
    found: &Diagnostic,
    again: &dyn Fn(String) -> (Linted, Source),
) -> (usize, Vec<String>) {
    let path = |linted: &Linted, source: &Source, span| linted.document.as_ref().map(|it| it.paths(source).at(span));
    let place = path(linted, source, found.span);
    let proposed = edits(source.text(), found.span, &found.help);
    // What was found there before, such as the other one of two missing keys.
    let before: Vec<&str> = linted.findings.iter().filter(|it| *it != found).map(|it| it.message.as_str()).collect();
    let mut wrong = Vec::new();
    for text in &proposed {
        let (after, new) = again(text.clone());
        let same = after.findings.iter().find(|it| {
            // Examples of a form may not fit the rest of the inventory.
            let proposal = !["such as", "one of", " from ", "? "].iter().any(|word| found.help.contains(word));
            let worse =
                it.code == found.code || proposal && it.refuses && !["IN09", "IN11", "AD05"].contains(&it.code.id);
            worse && path(&after, &new, it.span) == place && !before.contains(&it.message.as_str())
        });
        let changed = diff(source.text(), text);
        if let Some(same) = same {
            wrong.push(format!(
                "{}: {}\n  help: {}\n  {changed}\n  leads to: {}",
                found.code.id, found.message, found.help, same.message
            ));
        } else if after.document.is_none() {
            wrong.push(format!(
                "{}: {}\n  help: {}\n  {changed}\n  leads to no YAML",
                found.code.id, found.message, found.help
            ));
        }
    }
    (proposed.len(), wrong)
}

/// The lines that an edit changed.
fn diff(before: &str, after: &str) -> String {
    let mut lines = after.lines().filter(|line| !before.lines().any(|it| it == *line));
    lines.next().unwrap_or_default().trim().to_owned()
}

#[test]
fn what_examples_are_told_leads_to_something_better() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (rule, examples) in rules().filter_map(|rule| Some((rule, rule.examples?))) {
        let run = Sslscale::new(&["check", "inventory.yaml"]).inventory(examples.fires);
        crate::rules::files::put(run.dir());
        let name = run.dir().join("inventory.yaml").display().to_string();
        let again = |text: String| {
            let source = Source::new(name.clone(), text);
            (lint(&source, &Settings::default()), source)
        };
        let (linted, source) = again(examples.fires.to_owned());
        for found in linted.findings.iter().filter(|it| it.code == rule.code) {
            let (edits, bad) = followed(&linted, &source, found, &again);
            count += edits;
            wrong.extend(bad);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 30, "only {count} edits were found in the help of {} rules", rules().count());
}

#[test]
fn what_bad_values_are_told_leads_to_better_ones() {
    let fixture = Fixture::new();
    let all = fields(&fixture.root);
    let again = |text: String| {
        let source = fixture.named(text);
        (lint(&source, &Settings::default()), source)
    };
    let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (paths, rows) in rows() {
        for path in *paths {
            values.entry((*path).to_owned()).or_default().extend(rows.iter().map(|(value, _)| *value));
        }
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for (path, values) in values {
        let field = all.iter().find(|field| path_of(&fixture.root, &fixture.source, field) == path).unwrap();
        for value in values.iter().chain(EVERYWHERE) {
            let (source, at) = substitute(&fixture, field, value, Style::Double).unwrap();
            let linted = lint(&source, &Settings::default());
            for found in linted.findings.iter().filter(|it| it.span == at) {
                let (edits, bad) = followed(&linted, &source, found, &again);
                count += edits;
                wrong.extend(bad.into_iter().map(|it| format!("{path}: {it}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}: {}", wrong.len(), wrong.join("\n"));
    assert!(count > 400, "only {count} edits were found");
}

#[test]
fn what_values_of_another_shape_are_told_leads_to_better_ones() {
    const BLOG: &str = include_str!("../../inventories/blog.yaml");
    let again = |text: String| {
        let source = Source::new("t", text);
        (lint(&source, &Settings::default()), source)
    };
    let mut wrong = Vec::new();
    for (section, value) in SHAPES {
        let value = if value.contains(": ") { format!("\n  {value}") } else { format!(" {value}") };
        let (linted, source) = again(format!("{BLOG}{section}:{value}\n"));
        let found = linted.findings.iter().find(|it| it.refuses).unwrap_or_else(|| panic!("{value} is accepted"));
        let (count, bad) = followed(&linted, &source, found, &again);
        assert!(count > 0, "{value}: {}", found.help);
        wrong.extend(bad);
        for text in edits(source.text(), found.span, &found.help) {
            let (after, _) = again(text);
            let errors = after.findings.iter().filter(|it| it.severity == Severity::Error);
            let errors: Vec<&str> = errors.map(|it| it.message.as_str()).collect();
            assert!(errors.is_empty() && after.inventory.is_some(), "{value}: {}: {errors:?}", found.help);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A port that two things want is led to one that is free.
#[test]
fn a_taken_port_is_led_to_another() {
    const BLOG: &str = include_str!("../../inventories/blog.yaml");
    let app = BLOG.replace("uwsgi_pass: \"unix:/run/app/app.sock\"", "proxy_pass: \"http://127.0.0.1:PORT\"");
    for port in ["8000", "8888"] {
        let acme = |more: &str| format!("http: {{ acme_challenge: {{ app_server: srv1, port: {port}{more} }} }}\n");
        let app = app.replace("PORT", port);
        for text in [
            format!("{BLOG}nginx: {{ port: {port} }}\n{}", acme("")),
            format!("{app}{}", acme(", root: /var/www/acme")),
            format!("{app}{}", acme("")),
        ] {
            let found = |text: &str| {
                let linted = lint(&Source::new("t", text), &Settings::default());
                let wrong = linted.findings.into_iter().filter(|it| it.severity >= Severity::Warning);
                wrong.map(|it| (it.span, it.help)).collect::<Vec<_>>()
            };
            let [(span, help)] = &found(&text)[..] else { panic!("{text}: {:?}", found(&text)) };
            let other = help.split("such as ").nth(1).unwrap().split(';').next().unwrap();
            let mut led = text.clone();
            led.replace_range(span.range(), other);
            assert_eq!(found(&led), [], "{led}");
        }
    }
}

#[test]
fn challenges_of_a_pool_without_pools_are_led_to_an_app_server() {
    const BLOG: &str = include_str!("../../inventories/blog.yaml");
    let refused = |text: String| {
        let linted = lint(&Source::new("t", text), &Settings::default());
        let found = linted.findings.into_iter().filter(|it| it.refuses);
        found.map(|it| (it.code.id, it.help)).collect::<Vec<_>>()
    };
    let with = |target: &str| refused(format!("{BLOG}http:\n  acme_challenge: {{ {target}, port: 8888 }}\n"));
    let found = with("pool: https-servers");
    assert_eq!((found.len(), found[0].0), (1, "IN07"));
    let instead = found[0].1.split('`').nth(1).unwrap();
    assert_eq!(with(instead), []);
    // Nobody listens for challenges.
    let off = refused(format!("{BLOG}http: {{ enabled: false, acme_challenge: {{ {instead} }} }}\n"));
    assert_eq!((off.len(), off[0].0), (1, "IN09"));
    assert_eq!(refused(format!("{BLOG}http: {{ enabled: false }}\n")), []);
}
