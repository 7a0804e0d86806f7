//! An inventory on the hosts: the app, the certificates, the rendered files, and the programs started
//! anew, so that each test begins from the same state whatever the one before it did.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::fleet::{Fleet, Host, Release, Spec};

/// The site that all inventories of these tests have.
pub const SITE: &str = "example.com";

/// Where the app listens on every app server.
pub const UPSTREAM: &str = "uwsgi_pass: \"unix:/run/app/app.sock\"";

const HOSTS: [Spec; 6] = [
    Spec { name: "lb1", address: "10.0.0.10", release: Release::Trixie },
    Spec { name: "lb2", address: "10.0.0.20", release: Release::Bookworm },
    Spec { name: "app1", address: "10.0.0.11", release: Release::Trixie },
    Spec { name: "app2", address: "10.0.0.12", release: Release::Bookworm },
    Spec { name: "app3", address: "10.0.0.13", release: Release::Trixie },
    Spec { name: "app4", address: "10.0.0.14", release: Release::Bookworm },
];

/// The same, `app1` with certbot, and one more that is not in inventories.
const WITH_CERTBOT: [Spec; 7] = [
    HOSTS[0],
    HOSTS[1],
    Spec { name: "app1", address: "10.0.0.11", release: Release::TrixieWithCertbot },
    HOSTS[3],
    HOSTS[4],
    HOSTS[5],
    Spec { name: "admin", address: "10.0.0.30", release: Release::Trixie },
];

/// The app servers among them.
pub const APPS: [&str; 4] = ["app1", "app2", "app3", "app4"];

/// What a plan with nothing to do prints.
pub const UP_TO_DATE: &str = "6 hosts: 6 up to date\n";

/// How many fleets run at once. Tests mostly wait.
const FLEETS: usize = 2;

/// The fleets that no test uses, and how many there are.
static FLEETS_FREE: Mutex<(Vec<Served>, usize)> = Mutex::new((Vec::new(), 0));
static RETURNED: Condvar = Condvar::new();

/// A fleet that tests share, for one test at a time. A test that fails leaves its hosts in a state that
/// nobody knows: they are not used again.
pub struct Shared {
    served: Option<Served>,
    started: Instant,
}

impl Shared {
    /// `None` if this machine cannot boot hosts, which has been reported.
    pub fn get() -> Option<Self> {
        Self::of(&HOSTS)
    }

    /// With certbot on `app1`, and a host `admin` that is no part of the fleet.
    pub fn with_certbot() -> Option<Self> {
        Self::of(&WITH_CERTBOT)
    }

    fn of(hosts: &[Spec]) -> Option<Self> {
        let fleets = FLEETS_FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let none_free = |(free, all): &mut (Vec<Served>, usize)| free.is_empty() && *all >= FLEETS;
        let mut fleets = RETURNED.wait_while(fleets, none_free).unwrap_or_else(PoisonError::into_inner);
        let same =
            fleets.0.iter().position(|served| served.fleet.hosts().iter().map(Host::spec).eq(hosts.iter().copied()));
        let mut shared = Self { served: same.map(|at| fleets.0.swap_remove(at)), started: Instant::now() };
        if shared.served.is_none() {
            // One of other hosts makes room.
            let other = if fleets.1 < FLEETS { None } else { fleets.0.pop() };
            fleets.1 += usize::from(other.is_none());
            drop(fleets);
            drop(other);
            // Where this fails, the number is corrected when `shared` is dropped.
            shared.served = Some(Served::new(Fleet::boot(hosts)?));
        }
        Some(shared)
    }
}

impl std::ops::Deref for Shared {
    type Target = Served;
    fn deref(&self) -> &Served {
        self.served.as_ref().expect("set by `get`")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let served = self.served.take().filter(|_| !std::thread::panicking());
        let mut fleets = FLEETS_FREE.lock().unwrap_or_else(PoisonError::into_inner);
        match served {
            Some(served) => fleets.0.push(served),
            None => fleets.1 -= 1,
        }
        RETURNED.notify_one();
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        figure(&format!("{test} took {:.0} s", self.started.elapsed().as_secs_f64()));
    }
}

/// Hosts that serve an inventory.
pub struct Served {
    pub fleet: Fleet,
    /// What clients trust, in PEM.
    pub authority: String,
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    key: String,
    folder: tempfile::TempDir,
}

impl Served {
    pub fn new(fleet: Fleet) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let Pair { chain: certificate, key } = issued(&issuer, None);
        let folder = tempfile::tempdir().unwrap();
        let served = Self { fleet, authority, issuer, certificate, key, folder };
        for host in served.apps() {
            served.put(
                host,
                &[
                    ("/srv/app/app.py", "0644", include_bytes!("app.py").to_vec()),
                    ("/etc/app.ini", "0644", include_bytes!("app.ini").to_vec()),
                    ("/etc/systemd/system/app.service", "0644", include_bytes!("app.service").to_vec()),
                    ("/etc/ssl/example/ssl.crt", "0644", served.certificate.clone().into()),
                    ("/etc/ssl/example/ssl.key", "0600", served.key.clone().into()),
                ],
            );
        }
        served
    }

    /// A certificate for the site that begins this many hours from now, and lives for 90 days.
    pub fn pair(&self, hours: i64) -> Pair {
        issued(&self.issuer, Some(hours))
    }

    pub fn balancers(&self) -> impl Iterator<Item = &Host> {
        self.fleet.hosts().iter().filter(|host| host.name.starts_with("lb"))
    }

    pub fn apps(&self) -> impl Iterator<Item = &Host> {
        self.fleet.hosts().iter().filter(|host| host.name.starts_with("app"))
    }

    pub fn host(&self, name: &str) -> &Host {
        self.fleet.host(name)
    }

    /// The inventory of all hosts with one site whose upstream is the app, and more lines of YAML.
    pub fn inventory(&self, more: &str) -> String {
        let list = |hosts: Vec<&Host>| {
            let rows = hosts.iter().map(|host| format!("  - {{ name: {}, address: {} }}\n", host.name, host.address));
            rows.collect::<String>()
        };
        format!(
            "load_balancers:\n{}app_servers:\n{}sites:\n  - server_name: {SITE}\n    \
             ssl_certificate: /etc/ssl/example/ssl.crt\n    ssl_certificate_key: /etc/ssl/example/ssl.key\n    \
             locations:\n      - {{ path: /, {UPSTREAM} }}\n{more}\n",
            list(self.balancers().collect()),
            list(self.apps().collect()),
        )
    }

    /// Makes the hosts serve an inventory: its files, fresh programs, every server up. Returns the file
    /// of the inventory.
    pub fn serve(&self, inventory: &str) -> PathBuf {
        let tree = self.install(inventory);
        // What deploys of other tests keep there.
        self.on_all("rm -rf /var/lib/sslscale");
        for host in self.apps() {
            host.run("rm -rf /etc/sslscale");
            let ring = [("current", 1_u8), ("previous", 2), ("next", 3)];
            let ring = ring.map(|(name, byte)| (format!("/etc/sslscale/tickets/{name}.key"), vec![byte; 80]));
            self.put(host, &ring.each_ref().map(|(path, key)| (path.as_str(), "0600", key.clone())));
        }
        // At a boot nothing starts. Quick tests in a row start a service more often than systemd lets it.
        let restart = |units: &str| {
            format!(
                "systemctl disable --quiet {units}; systemctl daemon-reload; systemctl reset-failed {units} 2>/dev/null; \
                 systemctl restart {units}"
            )
        };
        // The app takes a while to start, and no test changes it.
        self.on_apps(&format!("systemctl start app; {}", restart("nginx")));
        run_on(self.balancers(), &restart("haproxy"));
        self.all_up();
        tree
    }

    /// Waits until all balancers have all app servers up.
    pub fn all_up(&self) {
        self.apps().for_each(|app| self.wait_for_server(app.name, "UP"));
    }

    /// Runs a script on all app servers at once.
    pub fn on_apps(&self, script: &str) {
        run_on(self.apps(), script);
    }

    /// Runs a script on all hosts at once.
    pub fn on_all(&self, script: &str) {
        run_on(self.fleet.hosts().iter(), script);
    }

    /// Waits until all balancers give an app server this state.
    pub fn wait_for_server(&self, server: &str, state: &str) {
        for balancer in self.balancers() {
            let waited = balancer.wait_for_server(server, state);
            figure(&format!("{}: {server} is {state} after {:.1} s more", balancer.name, waited.as_secs_f64()));
        }
    }

    /// Puts the rendered files of an inventory on the hosts, instead of those before, and does no more.
    pub fn install(&self, inventory: &str) -> PathBuf {
        let (yaml, tree) = (self.folder.path().join("fleet.yaml"), self.folder.path().join("tree"));
        fs::write(&yaml, inventory).unwrap();
        let before = Self::files(&tree);
        let mut render = Command::new(env!("CARGO_BIN_EXE_sslscale"));
        let output = render.arg("render").arg(&yaml).arg("-o").arg(&tree).output().unwrap();
        assert!(output.status.success(), "{inventory}\n{}", String::from_utf8_lossy(&output.stderr));
        let after = Self::files(&tree);
        for host in self.fleet.hosts() {
            let of_host =
                |path: &str| path.strip_prefix(host.name).filter(|rest| rest.starts_with('/')).map(str::to_owned);
            let gone = before.keys().filter(|path| !after.contains_key(*path)).filter_map(|path| of_host(path));
            let gone: Vec<String> = gone.collect();
            if !gone.is_empty() {
                host.run(&format!("rm -f {}", gone.join(" ")));
            }
            let files = after.iter().filter_map(|(path, mode)| Some((of_host(path)?, mode, tree.join(path))));
            let files: Vec<_> = files.map(|(path, mode, source)| (path, mode, fs::read(source).unwrap())).collect();
            self.put(
                host,
                &files
                    .iter()
                    .map(|(path, mode, text)| (path.as_str(), mode.as_str(), text.clone()))
                    .collect::<Vec<_>>(),
            );
        }
        yaml
    }

    /// The files of a rendered tree with their modes, as its manifest lists them.
    fn files(tree: &std::path::Path) -> BTreeMap<String, String> {
        let Ok(manifest) = fs::read(tree.join("manifest.json")) else { return BTreeMap::new() };
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let files = manifest["files"].as_object().unwrap();
        files.iter().map(|(path, file)| (path.clone(), file["mode"].as_str().unwrap().to_owned())).collect()
    }

    /// Writes files of root's on a host: paths, modes, contents.
    pub fn put(&self, host: &Host, files: &[(&str, &str, Vec<u8>)]) {
        let folder = tempfile::tempdir().unwrap();
        for (path, mode, text) in files {
            let file = folder.path().join(path.trim_start_matches('/'));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&file, fs::Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap())).unwrap();
        }
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(folder.path()).args(["--owner=0", "--group=0", "-c"]);
        let tar =
            tar.args(fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name())).output().unwrap();
        host.unpack(&tar.stdout);
    }

    /// The certificates that clients trust, as a file.
    pub fn authority_file(&self) -> PathBuf {
        let file = self.folder.path().join("authority.pem");
        fs::write(&file, &self.authority).unwrap();
        file
    }

    /// A hosts file that leads `sslscale` to all hosts.
    pub fn hosts_file(&self) -> PathBuf {
        let file = self.folder.path().join("hosts.json");
        fs::write(&file, self.fleet.leads().to_string()).unwrap();
        file
    }
}

/// A certificate and its key, in PEM.
pub struct Pair {
    pub chain: String,
    pub key: String,
}

fn issued(issuer: &Issuer<'_, KeyPair>, hours: Option<i64>) -> Pair {
    let mut params = CertificateParams::new([SITE.to_owned()]).unwrap();
    if let Some(hours) = hours {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let begins = Duration::from_secs(now.checked_add_signed(hours * 3600).unwrap());
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + begins;
        params.not_after = params.not_before + Duration::from_secs(90 * 24 * 3600);
    }
    let key = KeyPair::generate().unwrap();
    Pair { chain: params.signed_by(&key, issuer).unwrap().pem(), key: key.serialize_pem() }
}

fn run_on<'h>(hosts: impl Iterator<Item = &'h Host>, script: &str) {
    std::thread::scope(|scope| hosts.for_each(|host| drop(scope.spawn(move || host.run(script)))));
}

/// Where clients connect to.
pub fn entry(host: &Host) -> String {
    format!("{}:443", host.address)
}

/// Set where a reader wants the figures that these tests measure.
pub fn figure(line: &str) {
    static WANTED: OnceLock<bool> = OnceLock::new();
    if *WANTED.get_or_init(|| std::env::var_os("SSLSCALE_FIGURES").is_some()) {
        use std::io::Write;
        std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
