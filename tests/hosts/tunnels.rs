//! Connections that hosts make for this machine, over real sshd: a probe of an app server as its balancer
//! reaches it.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sslscale::probes::{Probe, ProbeError, ProxyHeader, ProxyVersion, probe};
use sslscale::transport::{Host, Masters, Ssh, SshOptions, TransportError, TunnelProblem};

use crate::served::{APPS, SITE, Served, Shared};
use crate::ssh::host_key;

const LIMIT: Duration = Duration::from_secs(60);
/// The client that PROXY headers name.
const CLIENT: &str = "203.0.113.77";

/// Does something in the network of the hosts.
fn inside<T: Send>(served: &Served, act: impl FnOnce() -> T + Send) -> T {
    let network = served.fleet.network();
    let act = move || {
        network.join();
        act()
    };
    std::thread::scope(|scope| scope.spawn(act).join()).unwrap()
}

/// A host over a connection of its own.
fn over_ssh(served: &Served, name: &str, masters: &Arc<Masters>) -> Ssh {
    let options = SshOptions {
        host: served.host(name).address.to_owned(),
        user: Some("root".to_owned()),
        identity_file: Some(served.fleet.path("login")),
        host_keys: vec![format!("ssh-ed25519 {}", host_key(served, name))],
        ..SshOptions::default()
    };
    Ssh::new(name, options, masters)
}

fn site(name: &str, version: ProxyVersion) -> Probe {
    let source = format!("{CLIENT}:4711").parse().unwrap();
    let header = ProxyHeader { version, source, destination: "10.0.0.10:443".parse().unwrap() };
    Probe { proxy: Some(header), server_name: name.to_owned(), path: "/".to_owned(), host_header: name.to_owned() }
}

fn https(served: &Served, name: &str) -> SocketAddr {
    format!("{}:443", served.host(name).address).parse().unwrap()
}

/// Both releases of sshd, the second of which forwards nothing.
#[test]
fn a_balancer_carries_probes_to_app_servers() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    let config = "/etc/ssh/sshd_config.d/sslscale-test.conf";
    served.host("lb2").run(&format!("echo 'AllowTcpForwarding no' >{config} && systemctl reload ssh"));
    assert_eq!(served.host("lb2").run("sshd -T | grep allowtcpforwarding"), "allowtcpforwarding no");
    let certificate = served.host("app1").run("cat /etc/ssl/example/ssl.crt");
    let leaf = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    inside(&served, || {
        let masters = Arc::new(Masters::new().unwrap());
        for balancer in ["lb1", "lb2"] {
            let host = over_ssh(&served, balancer, &masters);
            for version in [ProxyVersion::V1, ProxyVersion::V2] {
                for app in APPS {
                    let tunnel = host.tunnel(https(&served, app), LIMIT).unwrap();
                    let answer = probe(tunnel, &site(SITE, version)).unwrap();
                    assert_eq!((answer.status, answer.tls.as_str()), (200, "TLSv1.3"), "{balancer} {app}");
                    assert!(answer.leaf == *leaf, "{balancer} {app}");
                }
            }
            // sshd itself connects, where it may.
            let forwarded = host.forward(https(&served, "app1"), LIMIT).unwrap();
            let answer = probe(forwarded, &site(SITE, ProxyVersion::V1)).map(|answer| answer.status);
            assert_eq!(answer.ok(), (balancer == "lb1").then_some(200), "{balancer}");
            let ask = |probe: &Probe| self::probe(host.tunnel(https(&served, "app1"), LIMIT).unwrap(), probe);
            let refused = ask(&site("other.test", ProxyVersion::V1)).unwrap_err();
            assert!(matches!(&refused, ProbeError::Alert { name } if name == "unrecognized_name"), "{refused:?}");
            let closed = ask(&Probe { proxy: None, ..site(SITE, ProxyVersion::V1) }).unwrap_err();
            assert!(matches!(closed, ProbeError::ClosedBeforeTls), "{closed:?}");
            for (to, expected) in
                [("10.0.0.11:444", TunnelProblem::Refused), ("10.0.0.77:443", TunnelProblem::Unreachable)]
            {
                let error = host.tunnel(to.parse().unwrap(), LIMIT).unwrap_err();
                assert!(
                    matches!(&error, TransportError::NotTunneled { problem, .. } if *problem == expected),
                    "{balancer} {error:?}"
                );
            }
        }
    });
    served.host("lb2").run(&format!("rm {config} && systemctl reload ssh"));
    // The app servers trust what a balancer says about its client.
    for app in served.apps() {
        app.until("the client is in the log", || app.succeeds(&format!("grep -rq '^{CLIENT} ' /var/log/nginx/")));
    }
    for balancer in served.balancers() {
        balancer.until("no relay is left", || !balancer.succeeds("pgrep -f '[s]slscale-tunnel'"));
    }
}

#[test]
fn a_host_that_vanishes_ends_its_tunnels() {
    let Some(served) = Shared::get() else { return };
    served.serve(&served.inventory(""));
    inside(&served, || {
        let masters = Arc::new(Masters::new().unwrap());
        let host = over_ssh(&served, "lb1", &masters);
        let mut tunnel = host.tunnel(https(&served, "app1"), LIMIT).unwrap();
        let cut = served.fleet.cut("lb1");
        // ssh notices after some 20 s.
        let error = tunnel.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{error}");
        let error = host.tunnel(https(&served, "app1"), LIMIT).unwrap_err();
        assert!(matches!(error, TransportError::Disconnected { .. }), "{error:?}");
        drop(cut);
    });
}
