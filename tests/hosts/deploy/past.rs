//! What goes wrong after the checks is undone.

use std::fs;

use super::{Deployed, Replaced, shown, told};
use crate::served::UPSTREAM;
use crate::ssh::Operator;

#[test]
fn what_goes_wrong_past_the_check_is_undone() {
    let Some(fleet) = Deployed::new() else { return };
    let operator = Operator::new(&fleet.served, &fleet.second);
    let templates = fleet.served.fleet.path("operator/templates");
    fs::create_dir(&templates).unwrap();
    let template = fs::read_to_string("templates/haproxy.cfg.tera").unwrap();
    let template = template.replace("chroot /var/lib/haproxy", "chroot /var/lib/nowhere");
    fs::write(templates.join("haproxy.cfg.tera"), template).unwrap();
    // The check of this host is kinder than haproxy is.
    let lb2 = fleet.host("lb2");
    // What somebody has edited and no program has loaded is not gone back to: haproxy does not start with the one, and
    // nginx would serve something else with the other.
    std::thread::sleep(std::time::Duration::from_secs(1));
    lb2.run("echo garbage >>/etc/haproxy/haproxy.cfg");
    fleet.host("app2").run("sed -i 's/^server {/server {\\n    return 403;/' /etc/nginx/conf.d/sslscale.conf");
    let kind = Replaced::new(lb2, "unshare", "exit 0");
    fleet.host("lb1").run("mkdir /var/lib/nowhere");
    let output = operator.run(&["deploy", "--yes", "--templates", "/run/hosts/operator/templates"]);
    let text = shown(&output);
    drop(kind);
    fleet.host("lb1").run("rmdir /var/lib/nowhere");
    assert_eq!(output.status.code(), Some(4), "{text}");
    for words in [
        "error: lb2: haproxy does not run the new configuration\n",
        "rolled back: app1, app2, app3, app4, lb1, lb2 are as before\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    fleet.is_as_before();
    fleet.has(&fleet.first);
}

#[test]
fn what_cannot_be_replaced_is_put_back() {
    let Some(fleet) = Deployed::new() else { return };
    // A file that is a mount cannot be replaced, as an immutable one cannot.
    let lb2 = fleet.host("lb2");
    lb2.run("mount --bind /etc/haproxy/haproxy.cfg /etc/haproxy/haproxy.cfg");
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 4);
    lb2.run("umount /etc/haproxy/haproxy.cfg");
    assert_eq!(
        told(&text),
        [
            "error: lb2: a file could not be replaced",
            "  | cannot move /etc/haproxy/.sslscale.haproxy.cfg to /etc/haproxy/haproxy.cfg: Device or resource busy",
            "rolled back: app1, app2, app3, app4, lb1, lb2 are as before",
        ],
        "{text}"
    );
    fleet.is_as_before();
    // A directory without space: the first file fits, and the next does not.
    let app2 = fleet.host("app2");
    app2.run(
        "mkdir /run/kept && cp -a /etc/nginx/conf.d/. /run/kept && mount -t tmpfs -o size=64k tmpfs /etc/nginx/conf.d && \
         cp -a /run/kept/. /etc/nginx/conf.d; cat /dev/zero >/etc/nginx/conf.d/full 2>/dev/null; true",
    );
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 4);
    app2.run("rm -r /run/kept; rm /etc/nginx/conf.d/full; umount /etc/nginx/conf.d");
    assert_eq!(told(&text)[0], "error: app2: a file could not be replaced", "{text}");
    fleet.is_as_before();
}

// haproxy takes over who was up, so a reload went well, the other balancer followed, and then all app servers were down
// on both.
#[test]
fn checks_that_nobody_passes_are_undone_on_the_first_balancer() {
    let Some(fleet) = Deployed::new() else { return };
    let asks = |expect: &str| {
        let check = format!("haproxy: {{ check: {{ type: http, path: /, expect: {expect} }} }}\n");
        format!("{}{check}", fleet.first)
    };
    let text = fleet.run(&asks("418"), &["deploy", "--yes"], 4);
    let all = "its new checks fail: down are app1, app2, app3, app4 in the pool `https-servers`";
    assert!(text.contains(&format!("error: lb1: {all}")) && !text.contains("lb2 uses"), "{text}");
    fleet.has(&fleet.first);
    fleet.run(&asks("200"), &["deploy", "--yes"], 0);
    fleet.run(&fleet.first, &["deploy", "--yes"], 0);
}

#[test]
fn an_app_that_failed_before_undoes_nothing_and_one_that_fails_since_then_does() {
    let Some(fleet) = Deployed::new() else { return };
    let app1 = fleet.host("app1");
    app1.run("systemctl stop app");
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    let named = "` is answered with 502\n  help: is its app running at `uwsgi_pass: unix:/run/app/app.sock`, where";
    assert!(text.contains("warning: app1: `") && text.contains(named), "{text}");
    fleet.run(&fleet.first, &["deploy", "--yes"], 0);
    app1.run("systemctl start app");
    // Whoever closes a site wants this answer.
    let closed = fleet.first.replace("    locations:", "    maintenance: {}\n    locations:");
    let text = fleet.run(&closed, &["deploy", "--yes"], 0);
    assert!(!text.contains("is answered with"), "{text}");
    fleet.run(&fleet.first, &["deploy", "--yes"], 0);
    let elsewhere = fleet.first.replace(UPSTREAM, "uwsgi_pass: \"unix:/run/app/none.sock\"");
    let text = fleet.run(&elsewhere, &["deploy", "--yes"], 4);
    assert!(text.contains("error: app1: it answers 502 for `"), "{text}");
    let app = "is the app of the site running at `uwsgi_pass: unix:/run/app/none.sock`, where the inventory has it?";
    assert!(text.contains(app), "{text}");
    assert!(text.contains("rolled back: app1"), "{text}");
    fleet.has(&fleet.first);
}

/// It took half a minute, and nothing said why.
#[test]
fn a_port_that_another_program_has_taken_since_then_is_found_before_a_rollback() {
    let Some(fleet) = Deployed::new() else { return };
    let other = format!("{}nginx: {{ port: 8443 }}\n", fleet.first);
    fleet.run(&other, &["deploy", "--yes"], 0);
    fleet.run(&fleet.first, &["deploy", "--yes"], 0);
    let app2 = fleet.host("app2");
    app2.run(
        "systemd-run --quiet --unit=taken perl -MSocket -e 'socket my $s, PF_INET, SOCK_STREAM, 0; \
         setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1; bind $s, sockaddr_in(8443, INADDR_ANY) or die; listen $s, 5; sleep 999'",
    );
    app2.until("it listens", || app2.succeeds("ss -ltn | grep -q :8443"));
    let text = fleet.run(&fleet.first, &["rollback", "--yes"], 3);
    let says = "error: app2: `perl` listens on port 8443, which nginx needs\n  help: stop that program and disable its service, or \
                give it another port\n";
    assert!(text.contains(says), "{text}");
    // Past that check, nginx says why.
    let line = |line: &str| match line.contains("name: app2") {
        true => format!("{line} # sslscale: ignore[DP05] it is so\n"),
        false => format!("{line}\n"),
    };
    let ignored: String = other.lines().map(line).collect();
    let text = fleet.run(&ignored, &["deploy", "--yes"], 4);
    let cause =
        "error: app2: nginx does not run the new configuration\n  | [emerg] bind() to 0.0.0.0:8443 failed (98: ";
    assert!(text.contains(cause) && text.contains("`ss -ltnp` on the host shows which one\n"), "{text}");
    app2.run("systemctl stop taken");
    fleet.run(&fleet.first, &["rollback", "--yes"], 0);
    fleet.has(&other);
}
