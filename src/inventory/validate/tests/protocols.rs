//! Two protocols on one socket.

use super::*;

/// Every way to pass requests to a socket, and the number of the kind of app that takes it.
const WAYS: [(&str, &str, u8); 7] = [
    ("uwsgi_pass", "", 1),
    ("fastcgi_pass", "", 2),
    ("proxy_pass", "http://", 3),
    ("grpc_pass", "grpc://", 3),
    ("proxy_pass", "https://", 4),
    ("grpc_pass", "grpcs://", 4),
    ("uwsgi_pass", "", 1),
];

fn location(path: &str, way: (&str, &str, u8), socket: &str) -> String {
    format!("{{ path: {path}, {}: \"{}{socket}\" }}", way.0, way.1)
}

#[test]
fn an_app_speaks_one_protocol_on_a_socket() {
    for socket in ["127.0.0.1:8000", "[::1]:8000", "unix:/run/a.sock", "10.0.0.11:8000", "10.0.0.99:8000"] {
        for one in WAYS {
            for other in WAYS {
                let second = location("/x", other, socket);
                let both = format!("{}, {second}", location("/", one, socket));
                let together = replaced("root: /srv", &format!("root: /srv, locations: [{both}]"));
                let site = |name: &str, location: &str| (name.to_owned(), format!(", locations: [{location}]"));
                let two = [site("a.example", &location("/", one, socket)), site("b.example", &second)];
                let two: Vec<_> = two.iter().map(|(name, more)| (name.as_str(), "/c", "/k", more.as_str())).collect();
                for text in [together, HOSTS.to_owned() + &sites(&two)] {
                    let found: Vec<String> =
                        refusals(&text).into_iter().map(|(code, at)| format!("{code} {at}")).collect();
                    let wanted = if one.2 == other.2 { vec![] } else { vec![format!("IN09 \"{}{socket}\"", other.1)] };
                    let found: Vec<&str> = found.iter().map(String::as_str).collect();
                    assert_eq!(found, wanted, "{text}");
                }
            }
        }
    }
}

#[test]
fn a_socket_of_a_host_is_compared_with_those_of_the_same_host() {
    let fleet = |first: &str, second: &str, api: &str| {
        let pools = POOLS.replace("app_servers: [srv2]", &format!("app_servers: [{api}]"));
        let site = |pool: &str, location: &str| format!(", pool: {pool}, locations: [{{ path: /, {location} }}]");
        let (web, api) = (site("web", first), site("api", second));
        HOSTS.to_owned() + &pools + &sites(&[("a.example", "/c", "/k", &web), ("b.example", "/c", "/k", &api)])
    };
    let (http, fastcgi) = ("proxy_pass: \"http://unix:/run/a.sock\"", "fastcgi_pass: \"unix:/run/a.sock\"");
    accepted(&fleet(http, fastcgi, "srv2"));
    let codes = |text: &str| refusals(text).iter().map(|(code, _)| *code).collect::<Vec<_>>();
    assert_eq!(codes(&fleet(http, fastcgi, "srv1, srv2")), ["IN09"]);
    // Every host reaches the same one at such an address.
    let (http, fastcgi) = ("proxy_pass: \"http://10.0.0.99:80\"", "fastcgi_pass: \"10.0.0.99:80\"");
    assert_eq!(codes(&fleet(http, fastcgi, "srv2")), ["IN09"]);
}
