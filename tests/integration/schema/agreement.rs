//! The schema and `check` agree. A schema that refuses what `check` reads would be worse than none; what it accepts and
//! `check` refuses has to be something that no schema can say.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::Value;
use sslscale::diagnostic::Diagnostic;
use sslscale::inventory::check;
use sslscale::inventory::form::{Form, Scalar};
use sslscale::inventory::raw::SECTIONS;
use sslscale::source::Source;

use super::mutations::{Known, Random, learn, mutate, written};
use super::{inventories, validator, yaml};
use crate::bad_input::keys::rows;
use crate::cases::{all_of, cases, first};
use crate::hostile::fixture::{Fixture, fields, path_of};
use crate::hostile::{Style, substitute};

/// Codes and keys of what a schema cannot say, and why.
const UNSAYABLE: &[(&str, &[&str], &str)] = &[
    ("AD05", &["name", "address", "virtual_addresses", "source"], "compares hosts with each other"),
    ("AD08", &["address"], "compares hosts with each other"),
    (
        "AD11",
        &["trusted_proxies", "allow", "deny", "accept_proxy_from", "networks"],
        "calculates with the bits of an address",
    ),
    ("IN05", &["body"], "counts the bytes of nginx's configuration"),
    ("IN06", &["access_log", "log"], "looks for the path among those that programs own"),
    ("IN06", &["expect"], "compares the first status of a range with the last"),
    ("IN07", &[], "looks for a name among those of the inventory"),
    ("IN08", &["name"], "looks for a name among those of the inventory"),
    ("IN09", &["expect", "host", "path"], "depends on the checks of every balancer"),
    ("IN09", &["fallback"], "compares two values"),
    ("IN09", &["default"], "depends on the settings of every balancer"),
    ("IN12", &["default"], "compares entries with each other"),
    ("IN09", &["allow", "deny"], "compares networks with each other"),
    ("IN09", &["burst"], "multiplies"),
    ("IN09", &["peers_port", "limit"], "compares the ports of a balancer"),
    ("IN09", &["bind"], "knows where a deploy asks"),
    ("IN09", &["source"], "knows over which families a balancer connects"),
    ("IN09", &["takes"], "depends on the settings of every balancer"),
    ("IN09", &["check"], "depends on which connections a pool gets"),
    ("IN09", &["servers", "backup"], "compares servers with the hosts of the fleet"),
    ("IN09", &["keepalive"], "looks for locations that name the upstream"),
    ("IN09", &["name"], "depends on the version of every nginx"),
    ("IN09", &["grpc_pass"], "depends on the settings of every app server"),
    ("IN09", &["uwsgi_pass", "fastcgi_pass", "proxy_pass"], "compares what apps speak on a socket"),
    ("IN09", &["ssl_certificate"], "compares the sources of a certificate"),
    ("IN09", &["proxy_protocol", "trusted_proxies"], "depends on the settings of every balancer"),
    ("IN09", &["ssl_certificate_key", "ssl_certificate_source", "ssl_certificate_key_source"], "counts two lists"),
    ("IN09", &["ssl_ciphers", "ssl_protocols", "tls_profile"], "knows for which versions a cipher is"),
    ("IN11", &["address", "servers", "backup"], "compares hosts with each other"),
    (
        "IN12",
        &["name", "server_name", "path", "app_servers", "resolver", "takes", "servers", "backup"],
        "compares entries with each other",
    ),
    ("IN12", &["ssl_certificate", "ssl_ciphers", "ssl_ecdh_curve", "upgrade"], "knows which spellings are equal"),
];

/// The same for values that an editor reads as a number.
const UNSAYABLE_NUMBERS: &[(&str, &[&str], &str)] = &[
    ("IN06", &["server_name", "host"], "1e3 is a DNS name, and 1000 is none"),
    ("IN06", &["version", "openssl"], "3.0 is a version, and 3 is none"),
    ("IN10", &["version", "openssl"], "1.20 is 1.2 to an editor"),
];

/// Whether no schema can say this.
fn is_unsayable(found: &Diagnostic, key: &str, source: &Source) -> bool {
    let listed = |list: &[(&str, &[&str], &str)]| {
        list.iter().any(|(code, keys, _)| *code == found.code.id && (keys.is_empty() || keys.contains(&key)))
    };
    let written = source.slice(found.span);
    let number = matches!(yaml::plain(written), Value::Number(_));
    listed(UNSAYABLE) || is_spelling(written) || number && listed(UNSAYABLE_NUMBERS)
}

/// Whether an editor reads a number or a boolean that is usually written in another way: `0443`, `1e3`, `True`.
fn is_spelling(text: &str) -> bool {
    match yaml::plain(text) {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}") != text,
            _ => number.to_string() != text,
        },
        Value::Bool(value) => value.to_string() != text,
        _ => false,
    }
}

/// What became of many inventories.
#[derive(Debug, Default)]
struct Count {
    both_accept: u32,
    both_refuse: u32,
    unsayable: u32,
}

/// Compares the schema with `check` for one inventory; the error is the kind of difference, and
/// what it is.
fn compare(validator: &jsonschema::Validator, text: &str, count: &mut Count) -> Result<(), (String, String)> {
    let source = Source::new("t", text);
    let Some(value) = yaml::json(&source) else { return Ok(()) };
    let checked = check(&source);
    let valid = validator.is_valid(&value);
    match (checked.inventory.is_some(), valid) {
        (true, true) => count.both_accept += 1,
        (false, false) => count.both_refuse += 1,
        (true, false) => {
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            return Err(("the schema refuses, and `check` reads it".to_owned(), format!("{errors:#?}")));
        }
        (false, true) => {
            count.unsayable += 1;
            let document = checked.document.unwrap();
            let paths = document.paths(&source);
            for found in &checked.diagnostics {
                let path = paths.at(found.span);
                let key = path.rsplit('.').next().unwrap_or_default().split('[').next().unwrap_or_default();
                if !is_unsayable(found, key, &source) {
                    let kind = format!("the schema accepts, and `check` refuses: {} {key}", found.code.id);
                    return Err((kind, format!("{path}: {}", found.message)));
                }
            }
        }
    }
    Ok(())
}

/// Fails with a list of differences, one of each kind.
fn report(wrong: &BTreeMap<String, String>) {
    let shown: Vec<String> = wrong.iter().map(|(what, text)| format!("{what}\n    {text}")).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), shown.join("\n"));
}

#[test]
fn ten_thousand_mutated_inventories() {
    const FULL: u32 = 10_000;
    let validator = validator();
    let mut known = Known::new();
    let bases: Vec<Value> =
        inventories().iter().map(|(_, text)| yaml::json(&Source::new("t", text)).unwrap()).collect();
    bases.iter().for_each(|base| learn(&mut known, "", base));
    let (mut count, mut wrong) = (Count::default(), BTreeMap::new());
    let tried = cases(FULL);
    for number in first()..first() + tried {
        let mut random = Random::new(number);
        let mut root = random.of(&bases).clone();
        // A third has a second change, and a twelfth a third.
        mutate(&mut root, &known, &mut random);
        while random.below(3) == 0 {
            mutate(&mut root, &known, &mut random);
        }
        let text = written(&root);
        if let Err((kind, what)) = compare(&validator, &text, &mut count) {
            wrong.entry(kind).or_insert(format!("case {number}: {what}: {text}"));
        }
    }
    report(&wrong);
    if std::env::var_os("SSLSCALE_FIGURES").is_some() {
        writeln!(std::io::stderr(), "{tried} mutated inventories: {count:?}").unwrap();
    }
    if all_of(FULL, tried) {
        let Count { both_accept, both_refuse, unsayable } = count;
        assert!(both_accept > 1_500 && both_refuse > 4_000 && unsayable < 1_500, "{count:?}");
    }
}

#[test]
fn bad_values_of_every_key() {
    let validator = validator();
    let fixture = Fixture::new();
    let all = fields(&fixture.root);
    let (mut count, mut wrong, mut keys) = (Count::default(), BTreeMap::new(), BTreeSet::new());
    for (paths, values) in rows() {
        for (path, (value, _)) in paths.iter().flat_map(|path| values.iter().map(move |value| (path, value))) {
            let field = all.iter().find(|field| path_of(&fixture.root, &fixture.source, field) == *path).unwrap();
            let (source, _) = substitute(&fixture, field, value, Style::Double).unwrap();
            keys.insert(*path);
            if let Err((kind, what)) = compare(&validator, source.text(), &mut count) {
                wrong.entry(kind).or_insert(format!("{path}: {value}: {what}"));
            }
        }
    }
    report(&wrong);
    assert!(keys.len() > 80 && count.both_refuse > 400 && count.both_accept == 0, "{}: {count:?}", keys.len());
}

/// Values at the bounds of a form, and just outside.
fn at_bounds(scalar: Scalar) -> Vec<String> {
    let around = |low: u64, high: u64, unit: &str| {
        let all = [low.saturating_sub(1), low, high, high + 1];
        all.map(|number| format!("{number}{unit}")).to_vec()
    };
    match scalar {
        Scalar::Whole(low, high) => around(low, high, ""),
        Scalar::NginxPort => ["79", "80", "81", "080", "65535", "65536"].map(str::to_owned).to_vec(),
        Scalar::Duration([low, high]) | Scalar::WholeSeconds([low, high]) => {
            let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
            let of_unit =
                |(unit, size): (&str, u64)| around(low.milliseconds() / size, high.milliseconds() / size, unit);
            units
                .into_iter()
                .flat_map(of_unit)
                .chain(["1s500ms", "1500ms", "2000ms", "5", "0"].map(str::to_owned))
                .collect()
        }
        Scalar::Choice(names) => names.iter().flat_map(|name| [(*name).to_owned(), format!("{name}x")]).collect(),
        Scalar::Switch => ["true", "false", "yes", "1"].map(str::to_owned).to_vec(),
        Scalar::Size => {
            ["0", "1k", "1024g", "1025g", "1099511627776", "1099511627777", "1.5m", "010m"].map(str::to_owned).to_vec()
        }
        Scalar::ProgramVersion(_) | Scalar::OpensslVersion => {
            let versions = [
                "1.1.0", "1.1.1", "1.1.1w", "1.17.9", "1.18.0", "1.20", "2.1.9", "2.2.0", "2.10", "3.0.17a", "4",
                "v3.0",
            ];
            versions.map(str::to_owned).to_vec()
        }
        _ => Vec::new(),
    }
}

#[test]
fn the_bounds_of_every_key() {
    let validator = validator();
    let fixture = Fixture::new();
    let all = fields(&fixture.root);
    let (mut count, mut wrong, mut keys) = (Count::default(), BTreeMap::new(), 0);
    for section in SECTIONS {
        for key in section.keys {
            let (Form::One(scalar) | Form::OneOrMany(scalar, _) | Form::Many(scalar, ..)) = key.form else { continue };
            let values = at_bounds(scalar);
            if values.is_empty() {
                continue;
            }
            let point = if section.path.is_empty() { "" } else { "." };
            let path = format!("{}{point}{}", section.path, key.name);
            // Of sections that are in several places, one is tried.
            let path = match section.path {
                "limit" => format!("sites[].{path}"),
                "metrics" => format!("nginx.{path}"),
                _ => path,
            };
            let is_there =
                |field: &&Vec<usize>| path_of(&fixture.root, &fixture.source, field).trim_end_matches("[]") == path;
            let field = all.iter().find(is_there).unwrap_or_else(|| panic!("`{path}` is not in the fixture"));
            keys += 1;
            for (value, style) in values.iter().flat_map(|value| [(value, Style::Double), (value, Style::Plain)]) {
                let Some((source, _)) = substitute(&fixture, field, value, style) else { continue };
                if let Err((kind, what)) = compare(&validator, source.text(), &mut count) {
                    wrong.entry(kind).or_insert(format!("{path}: {value}: {what}"));
                }
            }
        }
    }
    report(&wrong);
    assert!(keys > 60 && count.both_accept > 500 && count.both_refuse > 800, "{keys}: {count:?}");
}
