//! `sslscale show`: what it prints is an inventory that renders to the same bytes, with every key and its place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sslscale::inventory::raw::SECTIONS;
use sslscale::inventory::shown::shown;
use sslscale::inventory::{Inventory, check, json_schema};
use sslscale::render::{Templates, render};
use sslscale::report::{shown_json, shown_yaml};
use sslscale::source::Source;
use sslscale::tree::Document;

use crate::cases::{cases, first};
use crate::schema::{inventories, yaml};
use crate::support::generate::{Generated, Versions};
use crate::support::{Sslscale, pin};

const BLOG: &str = include_str!("../../inventories/blog.yaml");

/// An inventory, and what is shown of it.
struct Shown {
    inventory: Inventory,
    yaml: String,
    json: Value,
}

fn show(name: &str, text: &str) -> Result<Shown, String> {
    let source = Source::new(name, text);
    let checked = check(&source);
    let (Some(inventory), Some(document)) = (checked.inventory, checked.document) else {
        let found =
            checked.diagnostics.iter().map(|it| format!("{} {}: {}", source.slice(it.span), it.code.id, it.message));
        return Err(found.collect::<Vec<_>>().join("\n"));
    };
    let yaml = shown_yaml(&shown(&source, &document, &inventory, false));
    let json = shown_json(name, &shown(&source, &document, &inventory, true)).unwrap();
    Ok(Shown { inventory, yaml, json: serde_json::from_slice(&json).unwrap() })
}

/// Values by path, without those that are not set.
fn values(shown: &Shown) -> BTreeMap<String, Value> {
    let all = shown.json["values"].as_array().unwrap().iter();
    let set = all.filter(|it| !it["value"].is_null());
    set.map(|it| (it["path"].as_str().unwrap().to_owned(), it["value"].clone())).collect()
}

/// What is shown renders to the same bytes, has the same values, and is an inventory for editors, too.
fn same(name: &str, text: &str, schema: &jsonschema::Validator) -> Result<(), String> {
    let first = show(name, text)?;
    let again = show(name, &first.yaml)?;
    let templates = Templates::load(None).unwrap();
    let files = |inventory| serde_json::to_vec(&Document(&render(inventory, &templates).unwrap())).unwrap();
    if files(&first.inventory) != files(&again.inventory) {
        return Err("other files are rendered".to_owned());
    }
    let (before, after) = (values(&first), values(&again));
    if let Some(path) = before.keys().chain(after.keys()).find(|path| before.get(*path) != after.get(*path)) {
        return Err(format!("{path}: {:?}, and then {:?}", before.get(path), after.get(path)));
    }
    let value = yaml::json(&Source::new(name, &*first.yaml)).ok_or("not YAML")?;
    schema.iter_errors(&value).next().map_or(Ok(()), |error| Err(format!("{}: {error}", error.instance_path())))
}

fn schema() -> jsonschema::Validator {
    jsonschema::validator_for(&json_schema::document()).unwrap()
}

#[test]
fn every_inventory_of_the_repository_renders_to_the_same_when_it_is_shown() {
    let schema = schema();
    let all = inventories();
    for (name, text) in &all {
        same(name, text, &schema).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
    assert!(all.len() > 150, "{}", all.len());
}

#[test]
fn random_inventories_render_to_the_same_when_they_are_shown() {
    let schema = schema();
    let versions = Versions { haproxy: (2, 6, 12), nginx: (1, 22, 1) };
    let (first, count) = (first(), cases(250));
    let mut valid = 0;
    for number in first..first + count {
        let generated = Generated::new(number, versions);
        let text = generated.yaml();
        if show("inventory.yaml", &text).is_err() {
            continue;
        }
        valid += 1;
        if let Err(wrong) = same("inventory.yaml", &text, &schema) {
            let fails = |text: &str| show("", text).is_ok() && same("inventory.yaml", text, &schema).is_err();
            let smallest = generated.smallest(200, fails);
            let shown = show("inventory.yaml", &smallest).map(|shown| shown.yaml).unwrap_or_default();
            panic!("number {number}: {wrong}\n{smallest}\n{shown}");
        }
    }
    assert!(valid * 4 > count, "only {valid} of {count} are valid");
}

/// The paths that are shown, without the names of hosts and sites.
fn paths(shown: &Shown) -> BTreeSet<String> {
    let all = shown.json["values"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap());
    let part = |part: &str| part.split('[').next().unwrap().to_owned();
    // The name of a site has dots.
    let bare = |path: &str| {
        let mut depth = 0;
        let outside = |c: &char| {
            depth += i32::from(*c == '[') - i32::from(*c == ']');
            depth == 0 && *c != ']'
        };
        path.chars().filter(outside).collect::<String>()
    };
    all.map(|path| bare(path).split('.').map(part).collect::<Vec<_>>().join(".")).collect()
}

#[test]
fn no_key_of_the_table_is_forgotten() {
    let mut all = inventories();
    let thumbprint = "account_thumbprint: LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ";
    for target in ["app_server: srv1", "redirect: \"https://acme.example.com\"", thumbprint] {
        all.push((target.to_owned(), format!("{BLOG}http: {{ acme_challenge: {{ {target} }} }}\n")));
    }
    let pools = "pools: [{ name: web, app_servers: [srv1, srv2] }]\nhttp: { acme_challenge: { pool: web } }\n";
    all.push(("pool".to_owned(), format!("{BLOG}{pools}")));
    let seen: BTreeSet<String> = all.iter().flat_map(|(name, text)| paths(&show(name, text).unwrap())).collect();
    let blog = paths(&show("blog.yaml", BLOG).unwrap());
    let optional = [
        "pools[].check",
        "nginx.hsts",
        "http.acme_challenge",
        "sites[].locations[].return",
        "sites[].cdn",
        "sites[].client_certificates",
        "limit",
        "metrics",
        "sites[].maintenance",
        "upstreams[]",
        "other_pools[]",
    ];
    let (mut count, mut missing) = (0, Vec::new());
    for section in SECTIONS {
        for key in section.keys {
            let path = format!("{}.{}", section.path.replace("[]", ""), key.name);
            let path = path.trim_start_matches('.');
            let leaf = !seen.iter().any(|it| it.starts_with(&format!("{path}.")));
            // Hosts have sections that are like those of the fleet.
            let is_seen = |it: &String| it == path || it.ends_with(&format!(".{path}"));
            if leaf && !seen.iter().any(is_seen) {
                missing.push(format!("{path} is never shown"));
            }
            // What has a default is shown though nothing is written. A fleet has no `ssh.host`.
            let always = key.default_words().is_some() && !optional.contains(&section.path) && path != "ssh.host";
            // Of locations with TLS to an upstream, and of those with `proxy_pass`.
            let always = always && !key.name.starts_with("upstream_ssl_") && path != "sites.locations.upgrade";
            if always && leaf && !blog.contains(path) && !["sites.locations", "pools.check"].contains(&path) {
                missing.push(format!("{path} has a default, which is not shown"));
            }
            count += usize::from(leaf);
        }
    }
    assert_eq!(missing, [] as [String; 0]);
    assert!(count > 100, "{count}");
}

/// The place of a value that is written is that of its text.
#[test]
fn places_are_those_of_the_text() {
    let text = include_str!("../fixtures/every-key.yaml");
    let source = Source::new("every-key.yaml", text);
    let shown = show("every-key.yaml", text).unwrap();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for value in shown.json["values"].as_array().unwrap() {
        let from = &value["source"];
        *kinds.entry(from["kind"].as_str().unwrap()).or_default() += 1;
        let Some(line) = from["line"].as_u64() else { continue };
        let one = value["value"].as_array().map_or(&value["value"], |list| &list[0]);
        let one = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
        let line = source.slice(source.line_span(usize::try_from(line).unwrap()));
        let at = usize::try_from(from["column"].as_u64().unwrap()).unwrap() - 1;
        assert!(line[at..].trim_start_matches('"').starts_with(&one), "{value}: {line}");
    }
    assert!(kinds["written"] > 150 && kinds["fleet"] > 20 && kinds["default"] > 20, "{kinds:?}");
    let fleet = shown.json["values"].as_array().unwrap().iter().find(|it| it["path"] == "app_servers[srv2].ssh.user");
    assert_eq!(fleet.unwrap()["source"]["path"], "ssh.user");
}

#[test]
fn it_is_printed_as_yaml_or_json_and_says_what_is_wrong() {
    let run = Sslscale::new(&["show", "inventory.yaml"]).inventory(BLOG);
    let printed = run.run();
    assert_eq!((printed.status, printed.stderr.as_str()), (0, ""));
    pin("show-blog", &printed.stdout);
    let json = run.run_with(&["show", "inventory.yaml", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json.stdout).unwrap(), show("inventory.yaml", BLOG).unwrap().json);
    let every_key = Sslscale::new(&["show", "-"]).input(include_str!("../fixtures/every-key.yaml")).run();
    pin("show-every-key", &every_key.stdout);
    let wrong = Sslscale::new(&["show", "inventory.yaml"]).inventory(BLOG.replace("10.0.0.12", "10.0.0.300")).run();
    assert_eq!((wrong.status, wrong.stdout.as_str()), (1, ""));
    assert!(wrong.stderr.contains("10.0.0.300"), "{}", wrong.stderr);
    assert_eq!(run.run_with(&["show", "missing.yaml"]).status, 2);
}

/// What a YAML parser could take for something else stays what it is.
#[test]
fn values_that_look_like_something_else_are_in_quotes() {
    let text = BLOG.replace("srv1", "\"1e3\"").replace("srv2", "\"null\"") + "haproxy: { proxy_protocol: \"off\" }\n";
    let shown = show("inventory.yaml", &text).unwrap();
    for line in ["- name: \"1e3\" ", "- name: \"null\" ", "proxy_protocol: \"off\" ", "port: 443 ", "enabled: true "] {
        assert!(shown.yaml.contains(line), "{line}: {}", shown.yaml);
    }
    assert!(shown.yaml.contains("# trusted_proxies is not set: no PROXY header is sent"), "{}", shown.yaml);
    same("inventory.yaml", &text, &schema()).unwrap();
}
