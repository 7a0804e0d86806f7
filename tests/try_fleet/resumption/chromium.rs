//! A browser engine. Its page fetches one thing after the other, and nginx is told to close every
//! connection behind its answer, so that each fetch needs a handshake. What the engine says of
//! these is in the log of its network stack.

use std::collections::BTreeSet;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::browser::Browser;
use crate::returning::Returning;
use crate::run::{Kept, Try};

/// How many returning handshakes were resumed, in the engine's own words.
pub fn run(_: &Try, kept: &Kept, returning: &Returning) -> usize {
    let Returning { name, version, agent, times, .. } = returning;
    let (address, _) = returning.to.split_once(':').unwrap();
    tell_nginx(kept, version);
    let network_log = format!("/tmp/{agent}.json");
    let options = [format!("--user-agent={agent}"), format!("--log-net-log={network_log}")];
    let mut browser = Browser::start(kept, &[(name, address)], &options.each_ref().map(String::as_str));
    browser.open(&format!("https://{name}/"));
    let fetches = format!(
        "(async () => {{ let right = 0; for (let turn = 0; turn < {times}; turn++) {{ \
           const answer = await fetch('/?' + turn, {{ cache: 'no-store' }}); \
           await answer.text(); right += answer.ok; }} return right; }})()"
    );
    assert_eq!(browser.evaluate(&fetches), *times);
    drop(browser);
    let output = kept.inside("clients", &["cat", &network_log]).stdout;
    String::from_utf8(output).unwrap().matches("\"is_resumed\":true").count()
}

/// Makes nginx close each connection behind its answer, which no key of the inventory does, and
/// speak one version alone: the engine has no switch for that.
fn tell_nginx(kept: &Kept, version: &str) {
    let edits =
        format!("s/keepalive_timeout .*/keepalive_timeout 0;/; s/ssl_protocols .*/ssl_protocols TLSv{version};/");
    for host in kept.app_servers() {
        let done = kept.inside(&host, &["sed", "-i", &edits, "/etc/nginx/conf.d/sslscale.conf"]);
        assert!(done.status.success(), "{done:?}");
        let master = kept.program(&host);
        let before = workers(master);
        kill(master, Signal::SIGHUP).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while workers(master).is_empty() || !workers(master).is_disjoint(&before) {
            assert!(Instant::now() < deadline, "{host} did not reload");
            sleep(Duration::from_millis(10));
        }
    }
}

fn workers(master: Pid) -> BTreeSet<String> {
    let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
    children.split_whitespace().map(str::to_owned).collect()
}
