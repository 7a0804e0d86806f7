//! The nginx of this machine with servers of a test.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::need;

/// An nginx that runs until this is dropped. Its files are in a directory of the test.
pub struct Nginx<'d>(&'d Path);

impl<'d> Nginx<'d> {
    /// `http` is what its block of that name has besides places for its files.
    pub fn start(dir: &'d Path, http: &str) -> Self {
        let config = format!(
            "user root;\npid {0}/pid;\nerror_log {0}/error.log;\nworker_processes 1;\nevents {{ worker_connections \
             900; }}\nhttp {{\naccess_log off;\nclient_body_temp_path {0}/a;\nproxy_temp_path {0}/b;\n\
             fastcgi_temp_path {0}/c;\nuwsgi_temp_path {0}/d;\nscgi_temp_path {0}/e;\n{http}}}\n",
            dir.display()
        );
        fs::write(dir.join("nginx.conf"), config).unwrap();
        // It comes back when all sockets are there.
        let done = Self::command(dir, &[]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Self(dir)
    }

    fn command(dir: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(need::find("nginx").unwrap());
        command.arg("-c").arg(dir.join("nginx.conf")).args(words);
        command
    }
}

impl Drop for Nginx<'_> {
    fn drop(&mut self) {
        let _ = Self::command(self.0, &["-s", "stop"]).output();
    }
}
