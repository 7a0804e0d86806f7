//! What a reload can change and what it cannot: limits of the unit, and sockets that haproxy has open.

use crate::fleet::Host;
use crate::served::{Shared, figure};

const SOCKET: &str = "/run/haproxy/admin.sock";

/// A machine of its own gives its services 524288 descriptors; here they get as many as this machine
/// allows the tests, such as 20000.
const FEW: &str = "haproxy: { maxconn: 1000 }";
const MORE: &str = "haproxy: { maxconn: 5000 }";

/// Whether haproxy could not get its descriptors since it was started.
const ALERT: &str = "journalctl --quiet --grep 'Cannot raise FD limit' \
    _SYSTEMD_INVOCATION_ID=$(systemctl show --property=InvocationID --value haproxy)";

fn maxconn(balancer: &Host) -> String {
    let info = balancer.ask(SOCKET, "show info");
    info.lines().find_map(|line| line.strip_prefix("Maxconn: ")).unwrap().to_owned()
}

#[test]
fn a_larger_maxconn_needs_no_restart() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(FEW));
    served.install(&served.inventory(MORE));
    for balancer in served.balancers() {
        balancer.run("systemctl daemon-reload; systemctl reload haproxy");
        balancer.until("more connections", || maxconn(balancer) == "5000");
        assert!(!balancer.succeeds(ALERT), "{}", balancer.name);
    }
}

/// As drop-ins were: with one limit for soft and hard.
#[test]
fn a_hard_limit_at_todays_need_is_in_the_way() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(FEW));
    for balancer in served.balancers() {
        balancer.run(
            "sed -i 's/^LimitNOFILE=.*/LimitNOFILE=4096/' /etc/systemd/system/haproxy.service.d/sslscale.conf; \
             systemctl daemon-reload; systemctl restart haproxy; \
             sed -i 's/maxconn 1000/maxconn 5000/' /etc/haproxy/haproxy.cfg; systemctl reload haproxy",
        );
        balancer
            .until("an alert", || balancer.succeeds("journalctl -u haproxy -o cat -b --grep 'Cannot raise FD limit'"));
        assert_eq!(maxconn(balancer), "1000", "{}: the old worker goes on", balancer.name);
    }
}

#[test]
fn a_socket_keeps_its_owner_until_a_restart() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let owner = format!("stat -c '%a %U:%G' {SOCKET}");
    for balancer in served.balancers() {
        // As the package configures it.
        balancer.run(
            "cp /etc/haproxy/haproxy.cfg /root/ours; \
             sed -i 's/admin.sock mode 600/admin.sock mode 660 group haproxy/' /etc/haproxy/haproxy.cfg; systemctl restart haproxy",
        );
        balancer.until("the socket", || balancer.succeeds(&format!("test -S {SOCKET}")));
        assert_eq!(balancer.run(&owner), "660 root:haproxy", "{}", balancer.name);
        balancer.run("mv /root/ours /etc/haproxy/haproxy.cfg; systemctl reload haproxy");
        figure(&format!("{}: after a reload {}", balancer.name, balancer.run(&owner)));
        assert_eq!(balancer.run(&owner), "660 root:haproxy", "{}: a listener is handed on", balancer.name);
        balancer.run("systemctl restart haproxy");
        assert_eq!(balancer.run(&owner), "600 root:haproxy", "{}: its directory sets the group", balancer.name);
        figure(&format!("{}: {}", balancer.name, balancer.run("stat -c '%n %a %U:%G' /run/haproxy /run/sslscale")));
    }
}
