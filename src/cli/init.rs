//! Arguments of `init`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("app"))]
#[command(group = ArgGroup::new("answers").multiple(true).conflicts_with_all(["example", "list"]))]
pub struct InitArgs {
    /// The file to write, which must not exist; `-` is standard output
    #[arg(default_value = "inventory.yaml")]
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
    /// Where nginx finds the certificate with its chain, on the app servers
    #[arg(long, value_name = "PATH", group = "answers")]
    pub certificate: Option<String>,
    /// Where nginx finds the private key, on the app servers
    #[arg(long, value_name = "PATH", group = "answers")]
    pub certificate_key: Option<String>,
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
