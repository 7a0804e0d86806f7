//! Fleets written by hand, as the renderer would write them: one builder, and how to run it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;

use sslscale::try_fleet::spec::{
    CertificateSpec, FileSpec, FleetSpec, HostSpec, Offered, Probe, Role, SiteSpec, UpstreamListen, UpstreamProtocol,
    UpstreamSpec,
};

/// Stand-ins send a header that ends HTTP/2 streams, as Apache does.
const HIDDEN: &str = "uwsgi_hide_header Upgrade; fastcgi_hide_header Upgrade; proxy_hide_header Upgrade; \
    add_header Upgrade $up always;";

/// A fleet of one site, `example.com`, over uwsgi; tests change what they are about.
pub struct Fleet {
    pub balancers: Vec<Vec<IpAddr>>,
    pub apps: Vec<Vec<IpAddr>>,
    pub clients: Vec<IpAddr>,
    /// What `set_real_ip_from` lists; every address of every balancer when empty.
    pub trusted: Vec<IpAddr>,
    pub locations: String,
    /// Whether apps are kept from what clients say of themselves.
    pub scrubbed: bool,
    pub listen: String,
    pub check: String,
    pub nofile: u64,
    pub sites: Vec<SiteSpec>,
    pub upstreams: Vec<UpstreamSpec>,
    pub source: Option<(PathBuf, PathBuf)>,
}

/// The address of a string that is one.
pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A request for `path` that a stand-in app answers.
pub fn site(path: &str, apps: usize) -> SiteSpec {
    let probe = Probe { received: Some(BTreeMap::new()), ..Probe::new(path.to_owned()) };
    SiteSpec {
        unknown: false,
        cdn: None,
        certified: false,
        early: false,
        name: "example.com".to_owned(),
        unlogged: Vec::new(),
        app_hosts: Vec::new(),
        pool_hosts: (1..=apps).map(|n| format!("srv{n}")).collect(),
        location: path.to_owned(),
        probes: vec![probe],
        driven: Ok(()),
        offers: vec![Offered { http2: Some(true), tls: Some("1.3".to_owned()) }],
        line: 4096,
    }
}

impl Fleet {
    /// The blog's fleet, with as many app servers as asked for.
    pub fn blog(apps: u8) -> Self {
        Self {
            balancers: vec![vec![ip("10.0.0.10"), ip("2001:db8::10")]],
            apps: (1..=apps).map(|n| vec![IpAddr::from([10, 0, 1, n])]).collect(),
            clients: vec![ip("192.0.2.1"), ip("2001:db8:1::1")],
            trusted: Vec::new(),
            scrubbed: true,
            locations: "location / { include uwsgi_params; uwsgi_pass unix:/run/app/app.sock; }".into(),
            listen: "ssl http2 proxy_protocol".to_owned(),
            check: "send-proxy check check-ssl check-sni example.com verify none".to_owned(),
            nofile: 17_000,
            sites: vec![site("/", apps.into())],
            upstreams: vec![upstream(UpstreamProtocol::Uwsgi, "/run/app/app.sock")],
            source: None,
        }
    }

    fn haproxy(&self) -> String {
        let mut cfg = "global\n    log /dev/log local0\n    chroot /var/lib/haproxy\n    \
             stats socket /run/haproxy/admin.sock mode 600 level admin\n    user haproxy\n    \
             group haproxy\n    maxconn 8192\n\ndefaults\n    mode tcp\n    timeout connect 2s\n    \
             timeout client 1m\n    timeout server 1m\n    retries 3\n    option redispatch\n\n\
             frontend https\n    bind *:443\n    bind :::443 v6only\n    default_backend app\n\n\
             backend app\n    balance roundrobin\n"
            .to_owned();
        for (index, addresses) in self.apps.iter().enumerate() {
            let address = match addresses[0] {
                IpAddr::V4(v4) => v4.to_string(),
                IpAddr::V6(v6) => format!("[{v6}]"),
            };
            let _ = writeln!(cfg, "    server srv{} {address}:443 {}", index + 1, self.check);
        }
        cfg
    }

    fn nginx(&self) -> String {
        let trusted: Vec<IpAddr> = if self.trusted.is_empty() {
            self.balancers.iter().flatten().copied().collect()
        } else {
            self.trusted.clone()
        };
        let trusted: String = trusted.iter().map(|it| format!("set_real_ip_from {it};\n")).collect();
        let listen = &self.listen;
        format!(
            "map $server_protocol$status $up {{ default \"\"; HTTP/1.1101 websocket; }}\nserver {{\n  listen 443 default_server {listen};\n  \
             listen [::]:443 default_server {listen};\n  server_name _;\n  \
             ssl_protocols TLSv1.2 TLSv1.3;\n  ssl_reject_handshake on;\n  return 421;\n}}\n\
             server {{\n  listen 443 {listen};\n  listen [::]:443 {listen};\n  \
             server_name example.com;\n  root /opt/example/current/app;\n  \
             ssl_certificate /etc/ssl/example/ssl.crt;\n  \
             ssl_certificate_key /etc/ssl/example/ssl.key;\n  ssl_protocols TLSv1.2 TLSv1.3;\n\
             {trusted}  real_ip_header proxy_protocol;\n  {HIDDEN}\n  {}\n}}\n",
            if self.scrubbed { scrubbed(&self.locations) } else { self.locations.clone() }
        )
    }

    /// The spec of this fleet.
    pub fn spec(&self) -> FleetSpec {
        let balancers = self.balancers.iter().enumerate().map(|(index, addresses)| {
            let mut host = HostSpec::new(&format!("lb{}", index + 1), Role::Balancer, addresses.clone());
            put(&mut host, "/etc/haproxy/haproxy.cfg", &self.haproxy());
            host.programs[0].nofile = self.nofile;
            host
        });
        let apps = self.apps.iter().enumerate().map(|(index, addresses)| {
            let mut host = HostSpec::new(&format!("srv{}", index + 1), Role::AppServer, addresses.clone());
            put(&mut host, "/etc/nginx/conf.d/sslscale.conf", &self.nginx());
            host.upstreams.clone_from(&self.upstreams);
            host.roots = vec!["/opt/example/current/app".into()];
            host.certificates = vec![CertificateSpec {
                certificate: "/etc/ssl/example/ssl.crt".into(),
                key: "/etc/ssl/example/ssl.key".into(),
                names: vec!["example.com".to_owned()],
                source: self.source.clone(),
            }];
            host
        });
        FleetSpec {
            hosts: balancers.chain(apps).collect(),
            sites: self.sites.clone(),
            clients: self.clients.clone(),
            others: Vec::new(),
        }
    }
}

/// Behind each file of parameters, those that a client could otherwise set itself.
fn scrubbed(locations: &str) -> String {
    let names = sslscale::try_fleet::forged();
    let mut text = locations.to_owned();
    for (file, directive) in [("uwsgi", "uwsgi_param"), ("fastcgi", "fastcgi_param"), ("proxy", "proxy_set_header")] {
        let value = |name: &str| if name == "X-Real-IP" { "$remote_addr" } else { "\"\"" };
        let named = |name: &str| match file {
            "proxy" => name.to_owned(),
            _ => format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")),
        };
        let lines: String = names.iter().map(|name| format!(" {directive} {} {};", named(name), value(name))).collect();
        let include = format!("include {file}_params;");
        // Debian's own proxy_params appends to what the client sent.
        let kept = if file == "proxy" { "proxy_set_header Host $http_host;" } else { &include };
        text = text.replace(&include, &format!("{kept}{lines}"));
    }
    text
}

/// An app at a Unix socket (a path) or at a TCP address.
pub fn upstream(protocol: UpstreamProtocol, listen: &str) -> UpstreamSpec {
    let listen = match listen.parse() {
        Ok(address) => UpstreamListen::Tcp(address),
        Err(_) => UpstreamListen::Unix(listen.into()),
    };
    UpstreamSpec { protocol, listen, head: 4096 }
}

fn put(host: &mut HostSpec, path: &str, text: &str) {
    host.files.insert(path.into(), FileSpec::new(text.as_bytes().to_vec(), 0o644));
}
