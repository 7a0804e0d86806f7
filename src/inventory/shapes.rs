//! Help for a value of another shape than its key takes: the section or the list in one line, with the value that is
//! written wherever it fits.

use super::document::spelled;
use super::node::{Node, Value};
use super::types::{
    AccountThumbprint, Address, CheckPath, CheckType, Cidr, Duration, HeaderName, HostName, LocationPath, Port, Rate,
    RedirectCode, RedirectUrl, Scalar, SshUser, before_request_path, guard,
};
use crate::diagnostic::Code;
use crate::source::Source;

/// Help for a value where the section at `path` belongs.
pub fn section(path: &str, node: &Node, source: &Source) -> String {
    const LINES: &str = "write `key: value` lines below it, indented";
    if node.value == Value::Null && path == "sites[].maintenance" {
        return "write `{}` after it to close the site for everyone, or remove the key".to_owned();
    }
    if node.value == Value::Null {
        return format!("{LINES}, or remove the key");
    }
    let words = words(node, source);
    if let ("nginx.hsts", "false" | "no" | "off" | "none") = (path, words.join(" ").to_ascii_lowercase().as_str()) {
        return "remove the key: without it there is no HSTS".to_owned();
    }
    if let ("sites[].maintenance", "false" | "no" | "off" | "none") =
        (path, words.join(" ").to_ascii_lowercase().as_str())
    {
        return "remove the key: without it the site is open".to_owned();
    }
    let appended = words.iter().find_map(|word| before_request_path(word));
    let fits = |text: &&str| guard(text).is_ok() && text.len() < 200;
    let words: Vec<&str> = words.iter().copied().chain(appended).filter(fits).collect();
    match flow(path, &words) {
        Some(flow) if appended.is_some() && path.ends_with("return") => {
            format!("write `{}, append_request_uri: true }}`", flow.trim_end_matches(" }"))
        }
        Some(flow) if flow.starts_with("{ url") && words.iter().all(|word| RedirectUrl::parse(word).is_err()) => {
            format!("write `{flow}`: only redirects are supported")
        }
        Some(flow) => format!("write `{flow}`"),
        None => LINES.to_owned(),
    }
}

/// Help for a value where the list at `path` belongs.
pub fn list(path: &str, node: &Node, source: &Source) -> String {
    if let Value::Map(entries) = &node.value {
        let keys = ["name", "address", "app_servers", "server_name", "path"];
        let named = entries.iter().filter_map(|(key, _)| key.text(source)).any(|key| keys.contains(&key));
        if named {
            return "write it as an item: put `- ` before its first line, or `[` and `]` around it".to_owned();
        }
    }
    let words: Vec<&str> = words(node, source).into_iter().filter(|word| guard(word).is_ok()).collect();
    match flow(&format!("{path}[]"), &words) {
        Some(flow) => format!("write a list such as `[{flow}]`"),
        None => "write each item on its own line after `- `".to_owned(),
    }
}

/// The words of a value, or of a list of values.
fn words<'n>(node: &'n Node, source: &'n Source) -> Vec<&'n str> {
    let texts: Vec<&str> = match &node.value {
        Value::List(items) => items.iter().filter_map(|item| item.text(source)).collect(),
        _ => node.text(source).into_iter().collect(),
    };
    texts.into_iter().flat_map(|text| text.split([' ', ',', ';'])).filter(|word| !word.is_empty()).collect()
}

/// The section with the keys that it needs, in one line.
fn flow(path: &str, words: &[&str]) -> Option<String> {
    let is = |fits: fn(&str) -> bool| words.iter().copied().find(|word| fits(word));
    let name = is(|word| HostName::parse(word).is_ok() && Address::parse(word).is_err());
    let address = is(|word| Address::parse(word).is_ok());
    let place = is(|word| word.starts_with('/') && LocationPath::parse(word).is_ok());
    let port = is(|word| Port::parse(word).is_ok());
    let host = |usual: &str, at: &str| {
        // Of several hosts, each has a name and an address of its own.
        let usual = if words.is_empty() { usual } else { "…" };
        let at = if words.is_empty() { at } else { "…" };
        let address = address.map_or_else(|| at.to_owned(), |address| spelled("", address));
        format!("{{ name: {}, address: {address} }}", name.unwrap_or(usual))
    };
    let age = || is(|it| Duration::parse(it).is_ok()).map(str::to_owned).or_else(|| seconds(words));
    Some(match path {
        "load_balancers[]" => host("lb1", "10.0.0.10"),
        "app_servers[]" => host("srv1", "10.0.0.11"),
        "pools[]" => format!("{{ name: {}, app_servers: [srv1] }}", name.unwrap_or("web")),
        "other_pools[]" => {
            let name = name.unwrap_or("mail");
            format!("{{ name: {name}, server_name: mail.example.com, servers: [\"10.0.0.50:8443\"] }}")
        }
        "sites[].locations[]" | "locations[]" => format!("{{ path: {}, root: /srv/example }}", place.unwrap_or("/")),
        "sites[].locations[].return" => redirect(words),
        "http" => match words {
            ["false" | "no" | "off"] => "{ enabled: false }".to_owned(),
            ["true" | "yes" | "on"] => "{ enabled: true }".to_owned(),
            _ => format!("{{ port: {} }}", port.unwrap_or("80")),
        },
        "http.acme_challenge" => match is(|it| AccountThumbprint::parse(it).is_ok()) {
            Some(thumbprint) => format!("{{ account_thumbprint: {thumbprint} }}"),
            None => challenge(is(|it| RedirectUrl::parse(it).is_ok()), place, name),
        },
        "sites[].cdn" => {
            let header = is(|it| HeaderName::parse(it).is_ok() && it.contains('-')).unwrap_or("CF-Connecting-IP");
            format!("{{ networks: [192.0.2.0/24], header: {header} }}")
        }
        "sites[].client_certificates" => {
            format!("{{ ssl_client_certificate: {} }}", place.unwrap_or("/etc/ssl/clients/ca.crt"))
        }
        "limit" => match is(|it| it.parse::<u16>().is_ok_and(|it| it > 0)) {
            Some(connections) => format!("{{ connections: {connections} }}"),
            None => {
                let rate = is(|it| Rate::parse(it).is_ok()).unwrap_or("10r/s");
                format!("{{ rate: {rate}, burst: 20 }}")
            }
        },
        "sites[].maintenance" => {
            let body = (words.len() > 1).then(|| words.join(" ")).filter(|text| !text.contains(['"', '\\']));
            body.map_or_else(|| "{}".to_owned(), |body| format!("{{ body: \"{body}\" }}"))
        }
        "haproxy" | "nginx" => format!("{{ port: {} }}", port.unwrap_or("443")),
        "haproxy.timeouts" => {
            let time = age().unwrap_or_else(|| "5m".to_owned());
            format!("{{ client: {time}, server: {time} }}")
        }
        "haproxy.check" => match (is(|it| CheckType::parse(it).is_ok()), is(|it| CheckPath::parse(it).is_ok())) {
            (_, Some(path)) => format!("{{ type: http, path: {} }}", spelled("", path)),
            (kind, None) => format!("{{ type: {} }}", kind.unwrap_or("tls")),
        },
        "pools[].check" => {
            format!("{{ path: {} }}", spelled("", is(|it| CheckPath::parse(it).is_ok()).unwrap_or("/healthz")))
        }
        "metrics" => match port {
            Some(port) => format!("{{ port: {port}, allow: [10.0.0.5/32] }}"),
            None => format!("{{ allow: [{}] }}", network(words)),
        },
        "nginx.hsts" => format!("{{ max_age: {} }}", age().unwrap_or_else(|| "730d".to_owned())),
        "high_availability" => {
            let all = words.iter().filter(|word| Address::parse(word).is_ok()).map(|word| spelled("", word));
            let all: Vec<String> = all.collect();
            let usual = || "10.0.0.100".to_owned();
            format!("{{ virtual_addresses: [{}] }}", if all.is_empty() { usual() } else { all.join(", ") })
        }
        "ssh" => format!("{{ user: {} }}", is(|it| SshUser::parse(it).is_ok() && it != "false").unwrap_or("root")),
        "lint" => {
            let rules: Vec<&str> = words.iter().copied().filter(|word| Code::named(word).is_some()).collect();
            format!("{{ allow: [{}] }}", if rules.is_empty() { "CP07".to_owned() } else { rules.join(", ") })
        }
        _ => return None,
    })
}

/// The first address or network among the words.
fn network(words: &[&str]) -> String {
    let networks = words.iter().filter(|word| Cidr::parse(word).is_ok());
    networks.map(|word| spelled("", word)).next().unwrap_or_else(|| "10.0.0.5/32".to_owned())
}

/// The age in a header of HSTS, or a bare number of seconds.
fn seconds(words: &[&str]) -> Option<String> {
    let number = words.first()?.trim_start_matches("max-age=");
    let seconds = number.parse::<u32>().ok().filter(|seconds| *seconds > 0)?;
    Some(format!("{seconds}s"))
}

/// A redirect, as the directive `return` of nginx has it or as a URL alone.
fn redirect(words: &[&str]) -> String {
    let code = words.iter().find(|word| RedirectCode::parse(word).is_ok());
    let code = code.map(|code| format!("code: {code}, ")).unwrap_or_default();
    let url = |text: &str| RedirectUrl::parse(text).is_ok().then(|| format!("\"{text}\""));
    let whole = words.iter().find_map(|word| url(word));
    whole.map_or_else(
        || format!("{{ {code}url: \"https://www.example.com\" }}"),
        |url| format!("{{ {code}url: {url} }}"),
    )
}

/// Where challenges go.
fn challenge(url: Option<&str>, root: Option<&str>, name: Option<&str>) -> String {
    match (url, root) {
        (Some(url), _) => format!("{{ redirect: \"{}\" }}", url.trim_end_matches('/')),
        (None, Some(root)) => format!("{{ app_server: srv1, root: {root} }}"),
        (None, None) => format!("{{ app_server: {} }}", name.unwrap_or("srv1")),
    }
}
