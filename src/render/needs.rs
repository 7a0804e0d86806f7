//! What hosts need besides the rendered files: certificates, keys, and directories that have to be there
//! before haproxy and nginx start.

use std::collections::BTreeMap;
use std::path::Path;

use super::http::AcmeView;
use super::nginx::{Shape, sites, ticket_keys};
use crate::inventory::Inventory;
use crate::inventory::model::{Location, SourceFile, Target};
use crate::tree::{DirectoryKind, Need, NeedKind, NeededDirectory, Needs};

/// The directories of haproxy in the rendered files. Debian's package has them; others may not.
const HAPROXY: [(&str, DirectoryKind); 2] =
    [("/run/haproxy", DirectoryKind::Runtime), ("/var/lib/haproxy", DirectoryKind::Chroot)];

/// What balancers need.
pub fn of_balancer() -> Needs {
    let directories = HAPROXY.map(|(path, kind)| NeededDirectory { path: path.to_owned(), kind }).to_vec();
    Needs { directories, ..Needs::default() }
}

/// What app servers of this shape need.
pub fn of_app_server(inventory: &Inventory, shape: &Shape<'_>, acme: Option<&AcmeView>) -> Needs {
    let mut files: BTreeMap<String, Need> = BTreeMap::new();
    let mut need = |path: String, kind, source: Option<&SourceFile>| {
        let file = files.entry(path.clone()).or_insert(Need { path, kind, source: None });
        // A file that holds both is kept as a key.
        if kind == NeedKind::Key {
            file.kind = kind;
        }
        // Several sites may use a file, and only one of them may have its source.
        file.source = file.source.take().or(source.map(|source| source.written.to_string()));
    };
    let sites = sites(inventory, shape.pools);
    for pair in sites.iter().flat_map(|site| &site.certificates) {
        let source = pair.source.as_ref();
        need(pair.ssl_certificate.to_string(), NeedKind::Certificate, source.map(|source| &source.certificate));
        need(pair.ssl_certificate_key.to_string(), NeedKind::Key, source.and_then(|source| source.key.as_ref()));
    }
    let locations = sites.iter().flat_map(|site| &site.locations);
    let authorities = locations.filter_map(|location| location.upstream_tls.as_ref()?.file());
    authorities.for_each(|path| need(path.to_string(), NeedKind::Authorities, None));
    for clients in sites.iter().filter_map(|site| site.client_certificates.as_ref()) {
        need(clients.authorities.to_string(), NeedKind::Authorities, None);
        clients.revoked.iter().for_each(|path| need(path.to_string(), NeedKind::Revoked, None));
    }
    ticket_keys(inventory).into_iter().for_each(|path| need(path, NeedKind::TicketKey, None));
    let log = shape.nginx.log_file();
    // `sslscale tickets` makes the directory of the ring.
    let others = files.values().filter(|file| file.kind != NeedKind::TicketKey);
    let parents = others.map(|file| (parent(&file.path), DirectoryKind::Certificates));
    let of_location = |location: &Location| match &location.target {
        Target::Root(root) => Some(root.to_string()),
        _ => None,
    };
    let roots = sites.iter().flat_map(|site| {
        let of_site = site.root.iter().map(ToString::to_string);
        of_site.chain(site.locations.iter().filter_map(of_location))
    });
    let directories: BTreeMap<String, DirectoryKind> = parents
        .chain(log.map(|log| (parent(&log.to_string()), DirectoryKind::AccessLog)))
        .chain(roots.map(|root| (root, DirectoryKind::DocumentRoot)))
        .chain(acme.map(|acme| (acme.root.clone(), DirectoryKind::AcmeRoot)))
        .collect();
    let directories = directories.into_iter().map(|(path, kind)| NeededDirectory { path, kind }).collect();
    Needs { hosts: Vec::new(), directories, files: files.into_values().collect() }
}

/// The directory of a file with an absolute path.
fn parent(path: &str) -> String {
    Path::new(path).parent().map_or_else(|| "/".to_owned(), |parent| parent.to_string_lossy().into_owned())
}
