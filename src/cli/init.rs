//! Arguments of `init`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// Options that there are not, with those that are meant.
pub const MEANT: [(&str, &str); 25] = [
    ("--site", "--server-name"),
    ("--sites", "--server-name"),
    ("--domain", "--server-name"),
    ("--hostname", "--server-name"),
    ("--name", "--server-name"),
    ("--names", "--server-name"),
    ("--lb", "--balancer"),
    ("--load-balancer", "--balancer"),
    ("--load-balancers", "--balancer"),
    ("--haproxy", "--balancer"),
    ("--srv", "--app-server"),
    ("--server", "--app-server"),
    ("--servers", "--app-server"),
    ("--backend", "--app-server"),
    ("--nginx", "--app-server"),
    ("--cert", "--certificate"),
    ("--key", "--certificate-key"),
    ("--cert-key", "--certificate-key"),
    ("--private-key", "--certificate-key"),
    ("--http", "--proxy-pass"),
    ("--upstream", "--proxy-pass"),
    ("--app", "--proxy-pass"),
    ("--php", "--fastcgi-pass"),
    ("--php-fpm", "--fastcgi-pass"),
    ("--static", "--root"),
];

#[derive(Debug, Args)]
#[command(after_help = "\
It writes one site, and hosts with one address each. Add others to the file: `sites` takes more entries, and `address` a \
list of an IPv4 and an IPv6 address. `sslscale check` then says what is wrong with it.")]
#[command(group = ArgGroup::new("app"))]
#[command(group = ArgGroup::new("answers").multiple(true).conflicts_with_all(["example", "list"]))]
pub struct InitArgs {
    /// The file to write, which must not exist; `-` is standard output
    #[arg(default_value = "inventory.yaml", conflicts_with = "list")]
    pub file: PathBuf,
    /// A balancer's address, and its name if it is not to be `lb1`, `lb2` and so on; can be repeated
    #[arg(long, value_name = "[NAME=]IP", group = "answers")]
    pub balancer: Vec<String>,
    /// An app server's address, and its name if it is not to be `srv1`, `srv2` and so on; give it at least twice
    #[arg(long, value_name = "[NAME=]IP", group = "answers")]
    pub app_server: Vec<String>,
    /// A name of the site, such as `example.com`; can be repeated
    #[arg(long, value_name = "DNS_NAME", group = "answers")]
    pub server_name: Vec<String>,
    /// Where nginx finds the certificate with its chain, on the app servers [default with a source:
    /// `/etc/ssl/DNS_NAME/fullchain.pem`]
    #[arg(long, value_name = "PATH", group = "answers")]
    pub certificate: Option<String>,
    /// Where nginx finds the private key, on the app servers [default with a source: beside the certificate]
    #[arg(long, value_name = "PATH", group = "answers")]
    pub certificate_key: Option<String>,
    /// The certificate with its chain on this machine, which `check` reads and `deploy` brings to where nginx finds it
    #[arg(long, value_name = "FILE", group = "answers")]
    pub certificate_source: Option<String>,
    /// Its private key on this machine, for `deploy` to bring; the app servers have it otherwise
    #[arg(long, value_name = "FILE", requires = "certificate_source", group = "answers")]
    pub certificate_key_source: Option<String>,
    /// Serve the files of this directory, or those that the app does not answer for; FastCGI apps need it
    #[arg(long, value_name = "PATH", group = "answers")]
    pub root: Option<String>,
    /// Pass requests to an app that speaks HTTP, such as `http://127.0.0.1:8000`
    #[arg(long, value_name = "URL", groups = ["app", "answers"])]
    pub proxy_pass: Option<String>,
    /// Pass requests to an app under uWSGI, such as `unix:/run/app/app.sock`
    #[arg(long, value_name = "SOCKET", groups = ["app", "answers"])]
    pub uwsgi_pass: Option<String>,
    /// Pass requests to an app under PHP-FPM, such as `unix:/run/php/php-fpm.sock`
    #[arg(long, value_name = "SOCKET", groups = ["app", "answers"])]
    pub fastcgi_pass: Option<String>,
    /// Pass requests to a gRPC service, such as `grpc://127.0.0.1:50051`
    #[arg(long, value_name = "URL", groups = ["app", "answers"])]
    pub grpc_pass: Option<String>,
    /// Write a shipped inventory instead
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    pub example: Option<String>,
    /// List the shipped inventories, and write nothing
    #[arg(long)]
    pub list: bool,
}
