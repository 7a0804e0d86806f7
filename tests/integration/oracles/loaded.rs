//! Which ticket keys nginx would load, as `tickets status` reads them in what `nginx -T` prints, with the real script:
//! of rendered files, those of the ring; of files that somebody changed, others.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use sslscale::render::NGINX_CONF;
use sslscale::rollout::shell::NGINX;
use sslscale::tickets::{KEYS, RING};

use super::{Numbers, rendered, small, text};
use crate::cases::{all_of, cases, first};

const COUNT: u32 = 100;
const DIRECTIVE: &str = "    ssl_session_ticket_key ";

/// What the function says of this configuration.
fn read(config: &str) -> BTreeSet<String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dump");
    fs::write(&file, format!("# configuration file /etc/nginx/nginx.conf:\npid /run/nginx.pid;\n# configuration file {NGINX_CONF}:\n{config}")).unwrap();
    let script = format!("root=\nnginx() {{ cat '{}'; }}\n{NGINX}\nnginx_config '{RING}'", file.display());
    let done = Command::new("sh").args(["-c", &script]).output().unwrap();
    let shown = String::from_utf8(done.stdout).unwrap();
    assert!(shown.ends_with("end\n"), "{shown}{}", String::from_utf8_lossy(&done.stderr));
    shown.lines().filter_map(|line| line.strip_prefix("keys ")).map(str::to_owned).collect()
}

/// The keys of one server and how they are written.
fn edited(numbers: &mut Numbers, keys: &[String]) -> (Vec<String>, String) {
    let mut loaded = keys.to_vec();
    let lines = |keys: &[String]| keys.iter().map(|key| format!("{DIRECTIVE}{key};\n")).collect::<String>();
    let at = numbers.below(3);
    let written = match numbers.below(6) {
        0 => lines(&loaded).replace(";\n    ", "; "),
        1 => lines(&loaded).replace(RING, &format!("\"{RING}")).replace(';', "\";"),
        2 => {
            loaded.clear();
            String::new()
        }
        3 => {
            loaded.swap(at, (at + 1) % 3);
            lines(&loaded)
        }
        4 => {
            let gone = loaded.remove(at);
            format!("    # ssl_session_ticket_key {gone};\n{}", lines(&loaded))
        }
        _ => {
            loaded[at] = "/etc/nginx/other.key".to_owned();
            lines(&loaded)
        }
    };
    (loaded, written)
}

#[test]
fn keys_that_nginx_would_load_are_read_of_every_server() {
    let ring: Vec<String> = KEYS.iter().map(|key| format!("{RING}/{key}")).collect();
    let all: String = ring.iter().map(|key| format!("{DIRECTIVE}{key};\n")).collect();
    let (count, mut seen) = (cases(COUNT), [0; 3]);
    for number in first()..first() + count {
        let Ok((inventory, tree)) = rendered(&small(number)) else { continue };
        let config = text(&tree, inventory.app_servers[0].name.as_str(), NGINX_CONF);
        let servers: Vec<&str> = config.split(&all).collect();
        if servers.len() == 1 {
            assert_eq!(read(config), BTreeSet::new(), "{config}");
            seen[0] += 1;
            continue;
        }
        let mut numbers = Numbers::of(number);
        let changed = 1 + numbers.below(servers.len() - 1);
        let (loaded, written) = edited(&mut numbers, &ring);
        let text = format!("{}{written}{}", servers[..changed].join(&all), servers[changed..].join(&all));
        let shown = |keys: &[String]| if keys.is_empty() { "none".to_owned() } else { keys.join(",") };
        assert_eq!(read(config), BTreeSet::from([shown(&ring)]));
        assert_eq!(read(&text), BTreeSet::from([shown(&ring), shown(&loaded)]), "{written}");
        seen[if loaded == ring { 1 } else { 2 }] += 1;
    }
    assert!(!all_of(COUNT, count) || seen.iter().all(|seen| *seen > 5), "{seen:?}");
}
