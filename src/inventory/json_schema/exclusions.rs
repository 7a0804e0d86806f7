//! Keys that need or exclude each other, as far as a schema can say it.

use serde_json::{Value, json};

use super::patterns;
use crate::inventory::form::{MAX_AGE, PRELOAD};
use crate::inventory::model::Answer;

/// What holds for the section at `path` besides its keys.
pub fn of(path: &str) -> Vec<Value> {
    match path {
        "" => inventory(),
        "other_pools[]" => vec![json!({ "anyOf": [has("server_name"), has("takes")] })],
        "sites[]" => site(),
        "sites[].locations[]" => location(),
        "sites[].locations[].return" => answer(),
        "upstreams[]" => vec![when(
            is("balance", &json!(["ip_hash", "hash_remote_addr", "hash_request_uri", "random_two"])),
            json!({ "backup": false }),
        )],
        "http" => vec![when(is("enabled", &json!([false, "false"])), json!({ "acme_challenge": false }))],
        "http.acme_challenge" => {
            let elsewhere = json!({ "anyOf": [has("redirect"), has("account_thumbprint")] });
            let without = when(elsewhere, json!({ "port": false, "root": false }));
            vec![one_of(&["app_server", "pool", "redirect", "account_thumbprint"]), without]
        }
        "haproxy.check" => {
            let other = json!({ "required": ["type"], "properties": { "type": { "not": { "const": "http" } } } });
            vec![when(other, json!({ "path": false, "host": false, "expect": false }))]
        }
        "limit" => vec![
            json!({ "anyOf": [has("rate"), has("connections")] }),
            json!({ "dependentRequired": { "rate": ["burst"], "burst": ["rate"] } }),
        ],
        "nginx" => {
            let port = json!({ "not": { "const": 80 }, "pattern": "^(?!0*80$)" });
            vec![json!({ "properties": { "metrics": { "properties": { "port": port } } } })]
        }
        "nginx.hsts" => {
            let year = json!({ "pattern": patterns::duration([PRELOAD, MAX_AGE[1]], 1_000) });
            let all = json!({ "include_subdomains": { "enum": [true, "true"] }, "max_age": year });
            let then = json!({ "required": ["include_subdomains"], "properties": all });
            vec![json!({ "if": is_on("preload"), "then": then })]
        }
        _ => Vec::new(),
    }
}

/// Where the section is as in `condition`, its `properties` are as there.
fn when(condition: Value, properties: Value) -> Value {
    json!({ "if": condition, "then": { "properties": properties } })
}

fn has(key: &str) -> Value {
    json!({ "required": [key] })
}

fn is(key: &str, values: &Value) -> Value {
    json!({ "required": [key], "properties": { key: { "enum": values } } })
}

fn is_on(key: &str) -> Value {
    is(key, &json!([true, "true"]))
}

fn one_of(keys: &[&str]) -> Value {
    json!({ "oneOf": keys.iter().map(|key| has(key)).collect::<Vec<_>>() })
}

fn inventory() -> Vec<Value> {
    let several = json!({ "required": ["pools"], "properties": { "pools": { "type": "array", "minItems": 2 } } });
    let pool = json!({ "sites": { "items": has("pool") } });
    let no_pool = json!({
        "sites": { "items": { "properties": { "pool": false } } },
        "http": { "properties": { "acme_challenge": { "properties": { "pool": false } } } },
    });
    // A balancer's own section may leave out the type that the fleet's has.
    let needs_type = json!({ "dependentRequired": { "path": ["type"], "host": ["type"], "expect": ["type"] } });
    vec![
        when(several, pool),
        when(json!({ "not": has("pools") }), no_pool),
        json!({ "properties": { "haproxy": { "properties": { "check": needs_type } } } }),
        json!({ "properties": { "ssh": { "properties": { "host": false } } } }),
    ]
}

fn site() -> Vec<Value> {
    let locations = json!({ "required": ["locations"], "properties": { "locations": { "minItems": 1 } } });
    let scripts = json!({ "not": has("fastcgi_pass") });
    vec![
        json!({ "anyOf": [has("root"), locations] }),
        json!({ "anyOf": [has("root"), { "properties": { "locations": { "items": scripts } } }] }),
        json!({ "dependentRequired": { "ssl_certificate_key_source": ["ssl_certificate_source"] } }),
    ]
}

fn answer() -> Vec<Value> {
    let appended = when(
        is_on("append_request_uri"),
        json!({ "url": { "pattern": "^[^/]*//[^/?]*$", "patternErrorMessage": "A path is appended to this URL." } }),
    );
    let spelled = |codes: &[u16]| codes.iter().flat_map(|it| [json!(it), json!(it.to_string())]).collect::<Vec<_>>();
    let redirects = spelled(&[301, 302, 303, 307, 308]);
    let others: Vec<u16> = (300..400).chain(Answer::REFUSED).collect();
    let of_answer = json!({ "append_request_uri": false, "code": { "not": { "enum": spelled(&others) } } });
    let empty = is("code", &json!(spelled(&Answer::EMPTY)));
    vec![
        appended,
        when(has("url"), json!({ "code": { "enum": redirects }, "body": false, "type": false })),
        json!({ "if": { "not": has("url") }, "then": { "required": ["code"], "properties": of_answer } }),
        when(empty, json!({ "body": false })),
        json!({ "dependentRequired": { "type": ["body"] } }),
    ]
}

fn location() -> Vec<Value> {
    let files = json!({ "anyOf": [has("root"), has("fastcgi_pass")] });
    let target = json!({
        "if": has("fallback"),
        "then": { "allOf": [files, { "properties": { "match": { "not": { "const": "exact" } } } }] },
    });
    let fallback = |key: &str, pattern: &str, what: &str| {
        when(has(key), json!({ "fallback": { "pattern": pattern, "patternErrorMessage": what } }))
    };
    let no_upstream = json!({ "anyOf": [has("root"), has("return")] });
    let timeouts = json!({
        "upstream_connect_timeout": false, "upstream_read_timeout": false, "upstream_send_timeout": false
    });
    let starts = |key: &str, with: &str| json!({ "required": [key], "properties": { key: { "pattern": with } } });
    let tls = json!({ "anyOf": [starts("proxy_pass", "^https://"), starts("grpc_pass", "^grpcs://")] });
    let no_tls = json!({
        "upstream_ssl_name": false, "upstream_ssl_trusted_certificate": false
    });
    vec![
        one_of(&["uwsgi_pass", "fastcgi_pass", "proxy_pass", "grpc_pass", "root", "return"]),
        target,
        fallback("root", "[^/]$", "This must be a file below root."),
        fallback("fastcgi_pass", "^(?!.*[.]php/).*[.]php$", "This must be a PHP script."),
        when(no_upstream, timeouts),
        when(has("return"), json!({ "limit": false })),
        when(json!({ "not": has("proxy_pass") }), json!({ "upgrade": false })),
        when(json!({ "not": tls }), no_tls),
    ]
}
