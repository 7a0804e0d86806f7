//! Shell functions that scripts of different commands share. Each comment there says what a
//! function does; all are POSIX shell, with the programs of coreutils and util-linux.

/// `lock` and `lock_to_read`.
pub const LOCK: &str = include_str!("shell/lock.sh");
/// `$state` and `$undo_unit`: where a host keeps what is known of it.
pub const KEPT: &str = include_str!("shell/kept.sh");
/// `finish`: the result that [`super::change()`] reads.
pub const RESULT: &str = include_str!("shell/result.sh");
/// `uptime`, which [`HAPROXY`] and [`NGINX`] wait with.
pub const TIME: &str = include_str!("shell/time.sh");
/// `swap` and `swap_back`.
pub const SWAP: &str = include_str!("shell/swap.sh");
/// `haproxy_ask`, `haproxy_admin`, `haproxy_master`, `haproxy_worker`, `haproxy_revision`, `haproxy_runs`,
/// `haproxy_reload`, `haproxy_retired` and `haproxy_wait_drained`.
pub const HAPROXY: &str = include_str!("shell/haproxy.sh");
/// `nginx_config`, `nginx_files`, `nginx_master`, `nginx_workers`, `nginx_changed` and `nginx_reload`.
pub const NGINX: &str = include_str!("shell/nginx.sh");

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::transport::{Command, Host, Limits, Script};

    /// What a script with these functions writes in a directory, in every shell that `sh` may be.
    fn written(functions: &[&str], text: &str, prepare: impl Fn(&Path)) -> String {
        let mut all = Vec::new();
        for shell in ["dash", "bash"] {
            let dir = tempfile::tempdir().unwrap();
            prepare(dir.path());
            let words = ["sh", "-c", "shift 2; exec \"$0\" -s", shell].map(str::to_owned).to_vec();
            let folder = dir.path().to_str().unwrap();
            let parts: Vec<&str> = functions.iter().copied().chain(["cd \"$1\" || exit", text]).collect();
            let script = Script::new(&parts);
            let arguments = [folder];
            let script = script.arguments(&arguments);
            let done = Command::new("host", words).run(&script, Limits::new(Duration::from_secs(60), 4096)).unwrap();
            all.push(format!("{}{}", String::from_utf8_lossy(&done.stdout), done.stderr));
        }
        assert_eq!(all[0], all[1]);
        all.remove(0)
    }

    #[test]
    fn a_link_is_swapped_and_swapped_back() {
        let show = "show() { readlink d/link || echo none; ls -A d; }";
        let swapped = written(
            &[SWAP, show],
            "swap \"$1/d/link\" new; show; swap_back \"$1/d/link\" old; show; swap_back \"$1/d/link\" ''; show",
            |dir| fs::create_dir(dir.join("d")).unwrap(),
        );
        assert_eq!(swapped, "new\nlink\nold\nlink\nnone\n");
        // Where the link cannot be replaced, nothing changes and the caller learns it.
        let failed = written(&[SWAP], "swap \"$1/d/link\" new 2>/dev/null || echo failed; ls -A d/link", |dir| {
            fs::create_dir_all(dir.join("d/link/kept")).unwrap();
        });
        assert_eq!(failed, "failed\nkept\n");
    }

    #[test]
    fn a_lock_is_held_until_the_script_ends() {
        let held = "flock -n file true || echo held";
        let lock = |text: &str| written(&[LOCK], text, |dir| fs::write(dir.join("file"), "").unwrap());
        assert_eq!(lock(&format!("lock \"$1/file\" && {held}")), "held\n");
        // Readers keep a writer out, and not each other.
        assert_eq!(lock(&format!("lock_to_read \"$1/file\" && {held}; flock -n -s file echo read")), "held\nread\n");
        assert_eq!(lock("(lock \"$1/file\"); flock -n file echo free"), "free\n");
        assert_eq!(lock("lock_to_read \"$1/none\" && echo fine; ls -A"), "fine\nfile\n");
        assert_eq!(lock("(lock \"$1/none/none\") 2>/dev/null || echo failed"), "failed\n");
    }

    #[test]
    fn each_host_of_a_machine_has_a_directory_of_its_own_and_stays_where_it_was() {
        let kept = |part: &str, shares: &str, there: &[&str]| {
            let settings = format!("root=$1 part={part} shares={shares}");
            let text = written(&[&settings, KEPT], "echo \"${state#\"$1/var/lib/\"} $undo_unit\"", |dir| {
                let state = dir.join("var/lib/sslscale");
                for it in there {
                    fs::create_dir_all(state.join(it)).unwrap();
                    if it.starts_with("releases") {
                        let program = it.rsplit('-').next().unwrap();
                        let manifest = format!("directory /etc/haproxy/\nfile 0 0644 /etc/{program}/a.conf\nend\n");
                        fs::write(state.join(it).join("manifest"), manifest).unwrap();
                    }
                }
            });
            text.trim_end().to_owned()
        };
        let alone = "sslscale sslscale-undo";
        let of_nginx = "sslscale/nginx sslscale-undo-nginx";
        // Also where nobody says what it is.
        for (part, there) in
            [("''", "releases/1-nginx"), ("nginx", "releases/1-nginx"), ("nginx", "releases/1-haproxy")]
        {
            assert_eq!(kept(part, "", &[there]), alone, "{part} {there}");
        }
        assert_eq!(kept("nginx", "yes", &[]), of_nginx);
        assert_eq!(kept("nginx", "yes", &["releases/1-haproxy"]), of_nginx);
        assert_eq!(kept("nginx", "yes", &["releases/1-haproxy", "releases/2-nginx"]), alone);
        assert_eq!(kept("haproxy", "yes", &["releases/1-nginx"]), "sslscale/haproxy sslscale-undo-haproxy");
        // The other one is gone.
        assert_eq!(kept("nginx", "", &["nginx", "releases/1-haproxy"]), of_nginx);
        assert_eq!(kept("haproxy", "", &["nginx", "releases/1-haproxy"]), alone);
    }

    #[test]
    fn a_result_is_the_last_word_of_a_script() {
        assert_eq!(written(&[RESULT], "finish 'undone: why'; echo more", |_| {}), "sslscale-result undone: why\n");
    }

    #[test]
    fn below_another_root_no_nginx_is_looked_for() {
        assert_eq!(written(&[NGINX], "root=/elsewhere; nginx_master; echo $?", |_| {}), "0\n");
    }

    #[test]
    fn the_workers_of_a_process_without_any_are_none() {
        assert_eq!(written(&[NGINX], "nginx_workers $$; echo $?", |_| {}), "0\n");
    }

    /// Each look at the clock takes five seconds, and each question to a program one line in `asked`.
    const SLOW: &str = "\
uptime() { seconds=$(($(cat clock 2>/dev/null || echo 0) + 5)); echo $seconds >clock; echo $seconds; }
sleep() { :; }
haproxy_ask() { echo x >>asked; echo 'web,app1,0,0,3'; }
haproxy_worker() { echo x >>asked; echo 1 0 7; }
nginx_workers() { echo x >>asked; echo 7:7; }
systemctl() { echo active; }
timeout() { :; }
kill() { :; }
count() { wc -l <asked; }
";

    #[test]
    fn waiting_ends_by_the_clock_however_slow_a_host_is() {
        let prepare = |dir: &Path| fs::write(dir.join("servers"), "web/app1\n").unwrap();
        for waits in [
            "haproxy_wait_drained servers 30",
            "haproxy_reload 30",
            "haproxy_runs 0123456789ab 30",
            "nginx_reload 1 30",
        ] {
            let text = format!("{waits} >&2 && echo no; count");
            let asked = written(&[TIME, HAPROXY, NGINX, SLOW], &text, prepare);
            let asked: usize = asked.trim().parse().unwrap_or_else(|_| panic!("{waits}: {asked}"));
            assert!((1..=20).contains(&asked), "{waits}: {asked}");
        }
    }
}
