//! A host that vanishes: its link is cut, and nothing tells the balancers or the clients.

use std::time::Duration;

use crate::client::{Kept, Load, Protocol, Report};
use crate::served::{Served, Shared, figure};

const BALANCERS: [&str; 2] = ["lb1", "lb2"];

/// What became of the clients of app2 when it vanished.
struct Vanished {
    /// Of its kept connections, those answered, closed and hung, by protocol.
    its: [[usize; 3]; 2],
    /// The same for connections to other hosts.
    others: [[usize; 3]; 2],
    /// New connections, from before it vanished until after both balancers had it down.
    load: Report,
    /// When both balancers had it down, in the time of the load.
    noticed: f64,
    /// New connections after that.
    after: Report,
}

/// Waits for each kept connection as long as `limit`.
fn vanish(served: &Served, limit: Duration) -> Vanished {
    let mut kept = [Protocol::Http1, Protocol::Http2]
        .map(|protocol| BALANCERS.iter().flat_map(|name| Kept::open(served, name, protocol, 15)).collect::<Vec<_>>());
    let load = Load::start(served, &BALANCERS, 15);
    std::thread::sleep(Duration::from_secs(1));
    let cut = served.fleet.cut("app2");
    served.wait_for_server("app2", "DOWN");
    let noticed = load.elapsed();
    let [its, others] = ["app2", ""].map(|server| {
        kept.each_mut().map(|kept| {
            let is_its = |one: &Kept| (one.server == "app2") == (server == "app2");
            Kept::count(&Kept::ask(kept.iter_mut().filter(|one| is_its(one)), limit))
        })
    });
    let load = load.stop();
    let after = Load::run(served, &BALANCERS, 15, Duration::from_secs(2));
    figure(&format!("kept, [answered, closed, hung] over HTTP/1.1 and HTTP/2: {its:?}, of other hosts {others:?}"));
    figure(&format!("new: {}\nafter DOWN: {}", load.line(), after.line()));
    drop(cut);
    Vanished { its, others, load, noticed, after }
}

#[test]
fn connections_of_a_host_that_vanishes_are_closed_when_checks_notice() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let seen = vanish(&served, Duration::from_secs(20));
    for [answered, closed, hung] in seen.its {
        assert!((answered, hung) == (0, 0) && closed > 0, "{:?}", seen.its);
    }
    for [answered, closed, hung] in seen.others {
        assert!((closed, hung) == (0, 0) && answered > 0, "{:?}", seen.others);
    }
    assert_eq!(seen.load.failed_after(seen.noticed), 0, "{:#?}", seen.load);
    assert_eq!((seen.after.failed, seen.after.slow, seen.after.servers.contains_key("app2")), (0, 0, false));
}

/// As it was before there were keys for it: the test above can fail.
#[test]
fn without_on_marked_down_they_hang() {
    let Some(served) = Shared::get() else { return };
    let settings = "haproxy: { timeouts: { connect: 5s }, check: { fastinter: 2s, on_marked_down: none } }";
    served.serve(&served.inventory(settings));
    let seen = vanish(&served, Duration::from_secs(3));
    for [answered, closed, hung] in seen.its {
        assert!((answered, closed) == (0, 0) && hung > 0, "{:?}", seen.its);
    }
}
