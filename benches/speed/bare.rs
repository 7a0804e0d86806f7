//! The floor: a program that parses the same YAML into plain structs and puts the same bytes
//! into the same files with as many threads, and does nothing else.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Below this many hosts sslscale starts no threads either.
const THREADED: usize = 100;

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsing is what is measured")]
struct Inventory {
    load_balancers: Vec<Host>,
    app_servers: Vec<Host>,
    sites: Vec<Site>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsing is what is measured")]
struct Host {
    name: String,
    address: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsing is what is measured")]
struct Site {
    server_name: String,
    root: String,
    ssl_certificate: String,
    ssl_certificate_key: String,
    locations: Vec<Location>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "parsing is what is measured")]
struct Location {
    path: String,
    uwsgi_pass: String,
}

/// What is done with every file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Write,
    Compare,
}

/// A path below a host's directory and what belongs there.
type Files = Arc<[(&'static str, Vec<u8>)]>;

/// `parse YAML`, `write YAML TREE OUT` or `compare YAML TREE OUT`. TREE is a rendered tree: its
/// first balancer and first app server hold the bytes of all others.
pub fn run(arguments: &[String]) -> Result<()> {
    let [mode, yaml, rest @ ..] = arguments else { bail!("no mode") };
    let text = fs::read_to_string(yaml)?;
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_nodes: 4_000_000, max_events: 12_000_000 },
    };
    let inventory: Inventory = serde_yaml::from_str_with_options(&text, options)?;
    let act = match mode.as_str() {
        "parse" => return Ok(()),
        "write" => Act::Write,
        "compare" => Act::Compare,
        _ => bail!("no mode `{mode}`"),
    };
    let [tree, out] = rest else { bail!("no TREE or OUT") };
    let (tree, out) = (Path::new(tree), Path::new(out));
    let balancer = [sslscale::render::HAPROXY_CFG, sslscale::render::HAPROXY_SERVICE];
    let balancer = load(tree, &inventory.load_balancers, &balancer)?;
    let app = load(tree, &inventory.app_servers, &[sslscale::render::NGINX_CONF])?;
    let hosts: Vec<(&str, &Files)> = (inventory.load_balancers.iter().map(|host| (host.name.as_str(), &balancer)))
        .chain(inventory.app_servers.iter().map(|host| (host.name.as_str(), &app)))
        .collect();
    each(&hosts, |host, files, buffer| files.iter().try_for_each(|file| one(act, &out.join(host), file, buffer)))?;
    let manifest = (sslscale::tree::MANIFEST, fs::read(tree.join(sslscale::tree::MANIFEST))?);
    one(act, out, &manifest, &mut Vec::new())
}

fn load(tree: &Path, hosts: &[Host], paths: &[&'static str]) -> Result<Files> {
    let host = hosts.first().context("no host")?;
    let file = |path: &&'static str| -> Result<_> {
        let relative: &'static str = path.trim_start_matches('/');
        Ok((relative, fs::read(tree.join(&host.name).join(relative))?))
    };
    paths.iter().map(file).collect()
}

fn each(hosts: &[(&str, &Files)], work: impl Fn(&str, &Files, &mut Vec<u8>) -> Result<()> + Sync) -> Result<()> {
    let run = |hosts: &[(&str, &Files)]| {
        let mut buffer = Vec::new();
        hosts.iter().try_for_each(|(host, files)| work(host, files, &mut buffer))
    };
    if hosts.len() <= THREADED {
        return run(hosts);
    }
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
    std::thread::scope(|scope| {
        let parts = hosts.chunks(hosts.len().div_ceil(threads));
        let handles: Vec<_> = parts.map(|part| scope.spawn(move || run(part))).collect();
        handles.into_iter().try_for_each(|handle| handle.join().unwrap_or_else(|_| bail!("a thread panicked")))
    })
}

fn one(act: Act, directory: &Path, (path, bytes): &(&str, Vec<u8>), buffer: &mut Vec<u8>) -> Result<()> {
    let path: PathBuf = directory.join(path);
    if act == Act::Compare {
        buffer.clear();
        File::open(&path)?.read_to_end(buffer)?;
        if buffer != bytes {
            bail!("{} differs", path.display());
        }
        return Ok(());
    }
    let mut file = match File::create(&path) {
        Ok(file) => file,
        Err(_) => {
            fs::create_dir_all(path.parent().unwrap_or(directory))?;
            File::create(&path)?
        }
    };
    Ok(file.write_all(bytes)?)
}
