//! A redirect that nginx makes itself, of a directory or of a location without its final slash, leads a client
//! back to the port that it used: the real nginx serves random rendered files, and curl says where it would go
//! next. The port in curl's URLs is one that nginx does not listen on, as with balancers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sslscale::render::NGINX_CONF;

use super::nginx::Nginx;
use super::{Numbers, rendered, small, text};
use crate::cases::{all_of, cases, first};
use crate::keys::pair;
use crate::support::{need, ports};

const COUNT: u32 = 120;
/// Nothing listens there. No request of a test leaves this machine.
const NO_APP: &str = "127.0.0.1:9";

/// A `server` of nginx.conf: whether it is for TLS, its first name, and paths that nginx may redirect.
struct Server {
    tls: bool,
    name: String,
    paths: Vec<String>,
}

fn servers(config: &str) -> Vec<Server> {
    // The first one answers names that no site has.
    // That for metrics has no name.
    config.split("\nserver {").skip(2).map(server).filter(|server| !server.name.is_empty()).collect()
}

/// Locations are indented by four spaces.
fn server(block: &str) -> Server {
    let mut server = Server { tls: false, name: String::new(), paths: Vec::new() };
    for line in block.lines() {
        let words: Vec<&str> = line.split([' ', ';', '{']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["listen", _, ref parameters @ ..] => server.tls = parameters.contains(&"ssl"),
            ["server_name", name, ..] => server.name = name.replace('*', "w"),
            ["location", "=", path] | ["location", path] if line.starts_with("    location ") => {
                let bare = path.trim_end_matches('/');
                server.paths.extend((!bare.is_empty()).then(|| bare.to_owned()));
                server.paths.push(format!("{bare}/directory"));
            }
            _ => {}
        }
    }
    server
}

/// The file as this machine can serve it: on these ports, for TLS and without, below `dir`, and to no app.
fn servable(config: &str, dir: &Path, [tls, plain]: [u16; 2]) -> String {
    let (mut out, mut listens) = (String::new(), false);
    for line in config.lines() {
        let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            // One address is enough.
            ["listen", ..] if listens => continue,
            ["listen", _, ref parameters @ ..] => {
                let port = if parameters.contains(&"ssl") { tls } else { plain };
                out += &format!("listen 127.0.0.1:{port} {};", parameters.join(" "));
                listens = true;
            }
            ["root", _] => out += &format!("root {}/root;", dir.display()),
            [key, _] if key.ends_with("_pass") => {
                let scheme = ["proxy_pass http://", "grpc_pass grpc://"].into_iter().find(|it| it.starts_with(key));
                out += &format!("{}{NO_APP};", scheme.unwrap_or(&format!("{key} ")));
            }
            // A server of a named upstream.
            ["server", address, ..] if address != "{" => out += &format!("server {NO_APP};"),
            [key, ..] if key.contains("_ssl_") => continue,
            [key, ..] if key.starts_with("ssl_") || ["access_log", "include"].contains(&key) => continue,
            _ => {
                listens &= line != "server {";
                out += line;
            }
        }
        out.push('\n');
    }
    out
}

/// Where a client that asks for each of these URLs is redirected to; empty if it is not.
fn redirects(urls: &[String], port: u16, more: &[&str]) -> Vec<String> {
    let mut command = Command::new("curl");
    command.args(["-skgq", "--path-as-is", "--http1.1", "-w", "%{redirect_url}\n", "--connect-to"]);
    command.arg(format!("::127.0.0.1:{port}")).args(more);
    command.args(urls.iter().flat_map(|url| ["-o", "/dev/null", url]));
    let shown = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let redirects: Vec<String> = shown.lines().map(str::to_owned).collect();
    assert_eq!(redirects.len(), urls.len(), "{command:?}");
    redirects
}

#[test]
fn redirects_of_nginx_itself_lead_back_to_the_port_that_the_client_used() {
    if !need::programs(&["nginx", "curl"]) {
        return;
    }
    let (chain, key) = pair("p256", &["a.example".to_owned()]);
    // Of directories and locations behind TLS, of directories for challenges, and those to other hosts.
    let (count, mut seen) = (cases(COUNT), [0; 4]);
    for number in first()..first() + count {
        let Ok((inventory, tree)) = rendered(&small(number)) else { continue };
        let app = Numbers::of(number).below(inventory.app_servers.len());
        let config = text(&tree, inventory.app_servers[app].name.as_str(), NGINX_CONF);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("crt"), &chain).unwrap();
        fs::write(dir.path().join("key"), &key).unwrap();
        fs::set_permissions(dir.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
        let (servers, listeners) = (servers(config), [ports::free(), ports::free()]);
        for path in servers.iter().flat_map(|server| &server.paths) {
            fs::create_dir_all(format!("{}/root{path}", dir.path().display())).unwrap();
        }
        let returned: Vec<&str> = config
            .lines()
            .filter_map(|line| {
                line.trim().strip_prefix("return ")?.split([' ', ';', '$', '"']).find(|it| it.contains("://"))
            })
            .collect();
        let certificate = format!("ssl_certificate {0}/crt;\nssl_certificate_key {0}/key;\n", dir.path().display());
        let _nginx = Nginx::start(dir.path(), &(certificate + &servable(config, dir.path(), listeners)));
        for server in &servers {
            let (front, port, more) = match server.tls {
                true => (format!("https://{}:8443/", server.name), listeners[0], &["--haproxy-protocol"][..]),
                false => (format!("http://{}:8080/", server.name), listeners[1], &[][..]),
            };
            let urls: Vec<String> = server.paths.iter().map(|path| format!("{front}{}", &path[1..])).collect();
            for (url, to) in urls.iter().zip(redirects(&urls, port, more)) {
                let host = to.split("://").nth(1).map_or("", |rest| rest.split([':', '/']).next().unwrap());
                // A redirect of the inventory's may lead to the same site, too.
                let written = returned.iter().any(|url| to.starts_with(url));
                if written || !host.eq_ignore_ascii_case(&server.name) {
                    seen[3] += i32::from(!to.is_empty());
                    continue;
                }
                let back = format!("{url}/");
                let shown = [&back, &to].map(|url| url.replace(&server.name, "NAME"));
                assert!(to == back, "inventory {number}: {} instead of {}\n{config}", shown[1], shown[0]);
                seen[if !server.tls { 2 } else { usize::from(!url.ends_with("/directory")) }] += 1;
            }
        }
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 0), "{seen:?}");
}
