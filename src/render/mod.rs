//! Renders an inventory to the exact files of every host. It is pure: the same inventory and
//! templates give the same bytes. Hosts with the same shape are rendered once and share their files.

mod access;
mod cdn;
mod client_certificates;
mod haproxy;
mod http;
mod limits;
mod locations;
mod maintenance;
mod metrics;
mod needs;
mod nginx;
mod others;
mod ports;
mod routes;
mod servers;
mod shield;
mod snippets;
mod templates;
mod tls;
mod upgrade;
mod upstreams;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use templates::{Templates, TemplatesError};
pub use tls::DH_GROUP;

use crate::inventory::Inventory;
use crate::tree::{Content, Entry, Needs, Tree};

/// The path of haproxy's configuration.
pub const HAPROXY_CFG: &str = "/etc/haproxy/haproxy.cfg";
/// How the paths of the files of names begin, for exact names and for wildcards, if there are many. What follows
/// depends on their contents: haproxy.cfg names a new file, and one that reads it never meets another's.
pub const HAPROXY_MAPS: [&str; 2] = ["/etc/haproxy/sslscale-names-", "/etc/haproxy/sslscale-wildcards-"];
/// The path of the systemd drop-in that raises haproxy's limit of descriptors.
pub const HAPROXY_SERVICE: &str = "/etc/systemd/system/haproxy.service.d/sslscale.conf";
/// The path of the script that saves the state of haproxy's servers before a reload.
pub const HAPROXY_STATE_SCRIPT: &str = "/etc/haproxy/sslscale-state.pl";
/// The path of the file that it saves them to; not a rendered file.
pub const HAPROXY_STATE: &str = "/run/sslscale/haproxy.state";
/// The path of nginx's settings outside of its http block, which Debian's nginx.conf includes.
pub const NGINX_MAIN: &str = "/etc/nginx/modules-enabled/90-sslscale.conf";
/// The path of nginx's server blocks.
pub const NGINX_CONF: &str = "/etc/nginx/conf.d/sslscale.conf";

/// Is in the place of the revision until the rest of the file is known. No value of an inventory can have such bytes.
const PLACEHOLDER: &str = "\u{1}revision\u{1}";
/// Is hashed in its place.
const NO_REVISION: &str = "000000000000";

/// Renders every file of every host.
///
/// # Errors
/// A template of the user's cannot be rendered; tests render the built-in ones.
pub fn render(inventory: &Inventory, templates: &Templates) -> Result<Tree, TemplatesError> {
    let mut tree = Tree::default();
    let mut shapes = HashMap::new();
    for balancer in &inventory.load_balancers {
        let shape = haproxy::Shape::of(inventory, balancer);
        let entries = once(&mut shapes, shape, |shape| haproxy_files(inventory, shape, templates))?;
        tree.insert(balancer.name.as_str(), entries);
    }
    let memberships = nginx::memberships(inventory);
    let acme = http::acme_view(inventory);
    let mut needs: HashMap<nginx::Shape<'_>, Needs> = HashMap::new();
    let mut shapes = HashMap::new();
    for (index, (app, pools)) in inventory.app_servers.iter().zip(&memberships).enumerate() {
        let acme = acme.as_ref().filter(|(_, members)| members.contains(&index)).map(|(view, _)| view);
        let shape = nginx::Shape::of(inventory, pools, app, acme.is_some());
        let group = needs.entry(shape).or_insert_with_key(|shape| needs::of_app_server(inventory, shape, acme));
        group.hosts.push(app.name.as_str().into());
        let shape = nginx::Shape::of(inventory, pools, app, acme.is_some());
        let entries = once(&mut shapes, shape, |shape| nginx_files(inventory, (shape, acme), templates))?;
        tree.insert(app.name.as_str(), entries);
    }
    drop(shapes);
    let hosts = inventory.load_balancers.iter().map(|balancer| balancer.name.as_str().into()).collect();
    tree.need(Needs { hosts, ..needs::of_balancer() });
    // The order of a hash map is not that of the inventory.
    let mut needs: Vec<Needs> = needs.into_values().collect();
    needs.sort_by(|a, b| a.hosts.cmp(&b.hosts));
    needs.into_iter().for_each(|needs| tree.need(needs));
    Ok(tree)
}

type Files = Result<Arc<[Entry]>, TemplatesError>;

/// The files of a shape, which are rendered for the first host and shared by the others.
fn once<S: Eq + Hash>(known: &mut HashMap<S, Arc<[Entry]>>, shape: S, make: impl FnOnce(&S) -> Files) -> Files {
    if let Some(entries) = known.get(&shape) {
        return Ok(Arc::clone(entries));
    }
    let entries = make(&shape)?;
    known.insert(shape, Arc::clone(&entries));
    Ok(entries)
}

fn nginx_files(
    inventory: &Inventory,
    (shape, acme): (&nginx::Shape<'_>, Option<&http::AcmeView>),
    templates: &Templates,
) -> Files {
    let view = nginx::view(inventory, shape, acme);
    let conf = templates.render("nginx.conf.tera", &view)?;
    let main = templates.render("nginx-modules.conf.tera", &view)?;
    // What nginx tells of the one file counts for both.
    let conf = revised(NGINX_CONF, &conf, &revision(&[&conf, &main]));
    let main = file(NGINX_MAIN, main);
    let dh_group = view.tls.has_dh_group().then(|| file(tls::DH_GROUP, tls::FFDHE2048.to_owned()));
    let sites = nginx::sites(inventory, shape.pools);
    let snippets = snippets::files(&shape.nginx.include, &sites);
    Ok([conf, main].into_iter().chain(dh_group).chain(snippets).collect())
}

fn haproxy_files(inventory: &Inventory, shape: &haproxy::Shape<'_>, templates: &Templates) -> Files {
    let view = haproxy::view(inventory, shape);
    let mut entries = Vec::new();
    let mut maps = [String::new(), String::new()];
    for ((beginning, map), named) in HAPROXY_MAPS.into_iter().zip(view.maps()).zip(&mut maps) {
        if let Some(map) = map {
            let text = templates.render("haproxy-names.map.tera", &map)?;
            *named = format!("{beginning}{}.map", revision(&[&text]));
            entries.push(file(named, text));
        }
    }
    let [exact_map, wildcards_map] = maps;
    let mapped = Mapped { exact_map, wildcards_map, view: &view };
    entries.push(file(HAPROXY_CFG, templates.render("haproxy.cfg.tera", &mapped)?));
    entries.push(file(HAPROXY_STATE_SCRIPT, templates.render("haproxy-state.pl.tera", &view)?));
    entries.push(file(HAPROXY_SERVICE, templates.render("haproxy-service.conf.tera", &view)?));
    Ok(entries.into())
}

/// The data of a balancer with the paths of its files of names, which are empty without them.
#[derive(Serialize)]
struct Mapped<'v> {
    exact_map: String,
    wildcards_map: String,
    #[serde(flatten)]
    view: &'v haproxy::View,
}

/// Data with the revision, which every template may use.
#[derive(Serialize)]
struct Revised<'v, V: Serialize> {
    revision: &'static str,
    #[serde(flatten)]
    view: &'v V,
}

/// A file with its revision: a hash of it, which changes exactly when the file does, and which a running program shows.
fn file(path: &str, text: String) -> Entry {
    revised(path, &text, &revision(&[&text]))
}

/// A file with this revision in the place of the placeholder.
fn revised(path: &str, text: &str, revision: &str) -> Entry {
    let text = text.replace(PLACEHOLDER, revision);
    Entry { path: path.into(), content: Arc::new(Content::new(text.into_bytes())) }
}

/// The revision of files with the placeholder in them.
fn revision(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    texts.iter().for_each(|text| hash.update(text.replace(PLACEHOLDER, NO_REVISION)));
    hex::encode(hash.finalize())[..NO_REVISION.len()].to_owned()
}
