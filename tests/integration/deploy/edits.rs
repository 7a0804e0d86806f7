//! Edits that somebody makes while files are replaced. None is lost, however late it comes.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{CFG, INVENTORY, OTHER, fleet, run};
use crate::support::Sslscale;

/// Whether nobody has the pipe open to write into it, after somebody had.
fn is_hung_up(pipe: &fs::File) -> bool {
    let mut ends = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    poll(&mut ends, PollTimeout::ZERO).unwrap();
    ends[0].revents().unwrap().contains(PollFlags::POLLHUP)
}

/// The file of the balancer, and what is put beside it before it takes its place.
fn paths(fleet: &Sslscale) -> (PathBuf, PathBuf) {
    let live = fleet.dir().join("roots").join(CFG);
    let new = live.with_file_name(".sslscale.haproxy.cfg");
    (live, new)
}

/// As an editor writes it: whole, under another name first.
fn edit(live: &Path, text: &str) {
    let beside = live.with_file_name("editor");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, live).unwrap();
}

// The file was compared with the plan before anything was changed, and replaced some time after that.
#[test]
fn an_edit_between_the_look_and_the_swap_stays() {
    for first in [true, false] {
        let Some(fleet) = fleet(INVENTORY) else { return };
        let (live, new) = paths(&fleet);
        if !first {
            run(&fleet, &["deploy", "--yes"], 0);
            fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}{OTHER}")).unwrap();
        }
        fs::create_dir_all(new.parent().unwrap()).unwrap();
        // What writes the new file waits here until somebody reads it: the pipe is full.
        mkfifo(&new, Mode::from_bits_truncate(0o600)).unwrap();
        let open = |options: &mut fs::OpenOptions| options.custom_flags(OFlag::O_NONBLOCK.bits()).open(&new).unwrap();
        let mut pipe = open(fs::OpenOptions::new().read(true));
        fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
        open(fs::OpenOptions::new().write(true)).write_all(&[b' '; 4096]).unwrap();
        let refused = thread::scope(|scope| {
            let (live, new) = (&live, &new);
            scope.spawn(move || {
                let started = Instant::now();
                while is_hung_up(&pipe) {
                    assert!(started.elapsed() < Duration::from_secs(60), "nobody writes the new file");
                    thread::sleep(Duration::from_millis(1));
                }
                edit(live, "# mine\n");
                // At once: what comes next on the host finds a file here.
                let beside = new.with_file_name("beside");
                fs::write(&beside, "new\n").unwrap();
                fs::rename(beside, new).unwrap();
                fcntl(&pipe, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
                pipe.read_to_end(&mut Vec::new()).unwrap();
            });
            run(&fleet, &["deploy", "--yes", "--only", "lb1"], 3)
        });
        let why = "error: lb1: /etc/haproxy/haproxy.cfg has changed since this was planned\n";
        assert!(refused.stderr.contains(why), "{}", refused.all());
        assert!(refused.stderr.ends_with("nothing was changed\n"), "{}", refused.all());
        assert_eq!(fs::read_to_string(&live).unwrap(), "# mine\n");
        assert!(!new.exists());
    }
}

#[test]
fn a_writer_that_races_with_a_deploy_never_loses() {
    let Some(fleet) = fleet(INVENTORY) else { return };
    let (live, new) = paths(&fleet);
    run(&fleet, &["deploy", "--yes"], 0);
    for round in 0..8 {
        fs::write(fleet.dir().join("inventory.yaml"), format!("{INVENTORY}haproxy: {{ maxconn: {} }}\n", 7000 + round))
            .unwrap();
        let text = format!("# Rendered by sslscale\n# edit {round}\n");
        let over = AtomicBool::new(false);
        let (edited, deployed) = thread::scope(|scope| {
            let writer = scope.spawn(|| {
                // The moment in which the new file is there and does not have its place yet.
                while !new.exists() {
                    if over.load(Ordering::Relaxed) {
                        return false;
                    }
                    std::hint::spin_loop();
                }
                edit(&live, &text);
                true
            });
            let words = ["deploy", "inventory.yaml", "--roots", "roots", "--yes", "--only", "lb1"];
            let deployed = fleet.run_with(&words);
            over.store(true, Ordering::Relaxed);
            (writer.join().unwrap(), deployed)
        });
        assert!([0, 3].contains(&deployed.status), "{}", deployed.all());
        if edited {
            // Before the swap it stops the deploy, after it it is an edit of the new file.
            assert_eq!(fs::read_to_string(&live).unwrap(), text, "{}", deployed.all());
        }
        assert!(edited || deployed.status == 0, "{}", deployed.all());
    }
}
