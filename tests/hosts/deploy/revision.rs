//! That nginx runs the new configuration is read from nginx itself.

use std::fs;

use super::{Deployed, shown, told};
use crate::fleet::Host;
use crate::served::UP_TO_DATE;
use crate::ssh::Operator;

/// The revision of the configuration on an app server.
fn on_disk(host: &Host) -> String {
    host.run("sed -n 's/^# Revision //p' /etc/nginx/conf.d/sslscale.conf").trim().to_owned()
}

#[test]
fn what_nginx_does_not_run_is_undone_although_it_serves() {
    let Some(fleet) = Deployed::new() else { return };
    let app2 = fleet.host("app2");
    // It was started with a copy of its configuration: reloads succeed, all workers are new, and sites are served.
    app2.run(
        "cp -a /etc/nginx /etc/nginx-copy && sed -i 's#/etc/nginx/#/etc/nginx-copy/#' /etc/nginx-copy/nginx.conf && \
         mkdir -p /etc/systemd/system/nginx.service.d && printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/nginx -c \
         /etc/nginx-copy/nginx.conf -g \"daemon on; master_process on;\"\\n' >/etc/systemd/system/nginx.service.d/copy.conf && \
         systemctl daemon-reload && systemctl restart nginx",
    );
    let old = on_disk(app2);
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 4);
    app2.run(
        "rm -rf /etc/nginx-copy /etc/systemd/system/nginx.service.d/copy.conf && systemctl daemon-reload && systemctl restart nginx",
    );
    let problem = text.lines().find(|line| line.starts_with("error: app2: nginx runs the revision "));
    let problem = problem.unwrap_or_else(|| panic!("{text}"));
    assert!(problem.contains(&format!("the revision {old}, and not ")), "{problem}");
    assert!(text.contains("  help: look at its nginx's error log; does"), "{text}");
    fleet.is_as_before();
    fleet.has(&fleet.first);

    // A master that does not do anything any more.
    app2.run("kill -STOP $(cat /run/nginx.pid)");
    let text = fleet.run(&fleet.second, &["deploy", "--yes"], 4);
    app2.run("kill -CONT $(cat /run/nginx.pid)");
    assert_eq!(told(&text)[0], "error: app2: nginx does not run the new configuration", "{text}");
    fleet.is_as_before();
    fleet.has(&fleet.first);
}

#[test]
fn reloads_of_others_are_no_obstacle_and_drift_is_shown() {
    let Some(fleet) = Deployed::new() else { return };
    // `status` reports services that a boot does not start.
    fleet.served.on_apps("systemctl enable --quiet nginx");
    ["lb1", "lb2"].into_iter().for_each(|name| drop(fleet.host(name).run("systemctl enable --quiet haproxy")));
    fleet.served.on_apps(
        ": >/run/reloads; setsid sh -c 'while [ -e /run/reloads ]; do nginx -s reload; sleep 0.05; done' \
         </dev/null >/dev/null 2>&1 &",
    );
    fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    fleet.served.on_apps("rm /run/reloads; sleep 1");
    fleet.has(&fleet.second);

    let app1 = fleet.host("app1");
    let status = |code: i32| shown_status(&fleet, code);
    let (text, json) = status(0);
    let revision = on_disk(app1);
    assert!(text.lines().any(|line| line.contains(&format!("{revision}  {revision}"))), "{text}");
    let app = json["hosts"].as_array().unwrap().iter().find(|host| host["name"] == "app1").unwrap();
    assert_eq!((&app["running"], &app["on_disk"]), (&revision.clone().into(), &revision.clone().into()));
    // Where sshd forwards no ports, a program on the host asks.
    let config = "/etc/ssh/sshd_config.d/sslscale-test.conf";
    app1.run(&format!("echo 'AllowTcpForwarding no' >{config} && systemctl reload ssh"));
    assert!(
        status(0).0.lines().any(|line| line.starts_with("app1 ") && line.contains(&format!("{revision}  {revision}")))
    );
    app1.run(&format!("rm {config} && systemctl reload ssh"));
    // By hand, without a reload, more than a second after nginx loaded it.
    app1.run("sleep 2; sed -i 's/keepalive_timeout 30s/keepalive_timeout 31s/' /etc/nginx/conf.d/sslscale.conf");
    let unread = "error: app1: nginx has not read `/etc/nginx/conf.d/sslscale.conf` since it changed: look at the file before a reload\n";
    assert!(status(1).0.contains(unread));
    app1.run(&format!("sed -i 's/{revision}/0123456789ab/' /etc/nginx/conf.d/sslscale.conf"));
    let differs = format!("error: app1: nginx runs the revision {revision}, and the one on the host is 0123456789ab\n");
    let (text, _) = status(1);
    assert!(text.contains(&differs) && text.contains(unread), "{text}");
    app1.run("systemctl reload nginx; sleep 1");
    let (text, _) = status(1);
    assert!(!text.contains("nginx runs the revision") && !text.contains("since it changed"), "{text}");
    assert!(text.contains("error: app1: 1 file was edited since the last deploy: "), "{text}");
    // The file is put back by hand, and nginx still has the other: a deploy reloads it.
    app1.run(&format!(
        "sed -i 's/0123456789ab/{revision}/; s/keepalive_timeout 31s/keepalive_timeout 30s/' /etc/nginx/conf.d/sslscale.conf"
    ));
    fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    fleet.has(&fleet.second);
    assert!(!status(0).0.contains("0123456789ab"));
    // haproxy tells the revision alone, which an edit leaves as it is.
    let lb1 = fleet.host("lb1");
    lb1.run("cp -p /etc/haproxy/haproxy.cfg /root/before; sleep 2; echo '# by hand' >>/etc/haproxy/haproxy.cfg");
    let unread = "error: lb1: haproxy has not read `/etc/haproxy/haproxy.cfg` since it changed: look at the file before a reload\n";
    let text = status(1).0;
    assert!(text.contains(unread), "{text}");
    lb1.run("systemctl reload haproxy; sleep 2");
    let text = status(1).0;
    assert!(!text.contains("since it changed") && text.contains("error: lb1: 1 file was edited"), "{text}");
    // It is put back with its old time, and haproxy still runs the edit: a deploy reloads it.
    lb1.run("cp -p /root/before /etc/haproxy/haproxy.cfg");
    let text = status(1).0;
    assert!(
        text.contains("haproxy has not read `/etc/haproxy/haproxy.cfg` since it changed: it needs a reload"),
        "{text}"
    );
    let deployed = fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    assert!(deployed.contains("lb1") && !deployed.contains("nothing to do"), "{deployed}");
    assert!(!status(0).0.contains("since it changed"));
}

/// Loads an edit of a file, and puts the file back this long after the program has new workers.
fn load_and_put_back(host: &Host, (program, file): (&str, &str), pause: &str) {
    host.run(&format!(
        "cp -p {file} /run/before; echo '# mine' >>{file}; old=$(pgrep --newest --exact {program}); \
         systemctl reload {program}; while [ \"$(pgrep --newest --exact {program})\" = \"$old\" ]; do sleep 0.01; done; \
         sleep {pause}; cp /run/before {file}"
    ));
}

/// A second in which a program loads a file and somebody changes it does not hide what was first.
#[test]
fn an_edit_that_was_loaded_and_put_back_at_once_is_found() {
    let Some(fleet) = Deployed::new() else { return };
    let (haproxy, nginx) = (("haproxy", "/etc/haproxy/haproxy.cfg"), ("nginx", "/etc/nginx/conf.d/sslscale.conf"));
    let edited = [("lb1", haproxy), ("lb2", haproxy), ("app1", nginx), ("app2", nginx)];
    for pause in ["0.1", "1", "1.9"] {
        for (name, file) in edited {
            load_and_put_back(fleet.host(name), file, pause);
        }
        let plan = fleet.run(&fleet.first, &["plan", "--detailed-exitcode"], 1);
        assert!(plan.contains("6 hosts: 4 would change, 2 up to date\n"), "after {pause} s: {plan}");
        let status = fleet.run(&fleet.first, &["status"], 1);
        for unread in ["error: lb1, lb2: haproxy has not read", "error: app1, app2: nginx has not read"] {
            assert!(status.contains(unread), "after {pause} s: {status}");
        }
        // What is loaded at once after a change is not told to be older.
        for (name, (program, file)) in edited {
            fleet.host(name).run(&format!("touch {file}; systemctl reload {program}"));
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
        assert_eq!(fleet.run(&fleet.first, &["plan", "--detailed-exitcode"], 0), UP_TO_DATE, "after {pause} s");
    }
}

fn shown_status(fleet: &Deployed, code: i32) -> (String, serde_json::Value) {
    let json = Operator::new(&fleet.served, &fleet.second).run(&["status", "--format", "json"]);
    (fleet.run(&fleet.second, &["status"], code), serde_json::from_slice(&json.stdout).unwrap())
}

#[test]
fn a_release_that_tells_no_revision_can_be_gone_back_to() {
    let Some(fleet) = Deployed::new() else { return };
    let operator = Operator::new(&fleet.served, &fleet.first);
    let templates = fleet.served.fleet.path("operator/untold");
    fs::create_dir(&templates).unwrap();
    let template = fs::read_to_string("templates/nginx.conf.tera").unwrap();
    let without = template.replace("{% include \"nginx-revision.conf.tera\" %}", "");
    assert_ne!(without, template);
    fs::write(templates.join("nginx.conf.tera"), without).unwrap();
    let output = operator.run(&["deploy", "--yes", "--templates", "/run/hosts/operator/untold"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let app1 = fleet.host("app1");
    let tells = || app1.run("grep -c revision.sslscale.invalid /etc/nginx/conf.d/sslscale.conf || true");
    assert_eq!(tells(), "0");
    fleet.run(&fleet.second, &["deploy", "--yes"], 0);
    assert_eq!(tells(), "1");
    fleet.run(&fleet.second, &["rollback", "--yes"], 0);
    assert_eq!(tells(), "0");
    fleet.run(&fleet.second, &["rollback", "--yes"], 0);
    assert_eq!(tells(), "1");
}
