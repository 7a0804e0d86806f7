//! DP07: sockets and document roots where nginx's workers may not get at them.

use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::model::Target;
use crate::inventory::node::printable;
use crate::inventory::types::Endpoint;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::DP07,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "The socket of an app is below `/tmp` or `/var/tmp`, or a document root is `/root`, below it, or below \
            `/home`.",
        why: "A service with `PrivateTmp=true` in its unit, as many apps have, has a `/tmp` and `/var/tmp` of its own: \
            nginx does not see a socket there. Home directories usually have mode 700, and nginx's workers run as \
            another user. Both work on the machine where they were tried by hand.",
        evidence: "With nginx in a mount namespace with another `/tmp`, requests for an app at `unix:/tmp/…` get 502: \
            `connect() … failed (2: No such file or directory)`. With `root` below `/root` with mode 700 and workers of \
            www-data, requests get 403: `open() … failed (13: Permission denied)`. `nginx -t` returns 0 for both.",
        fix: "Put sockets below `/run`, where `RuntimeDirectory=app` in the app's unit makes `/run/app`, and files below \
            `/srv` or `/var/www`.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("DP07"),
};

/// Directories that a service may have of its own.
const TEMPORARY: [&str; 2] = ["/tmp/", "/var/tmp/"];
/// Directories of users.
const HOMES: [&str; 2] = ["/root/", "/home/"];

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    for (index, site) in fleet.inventory.sites.iter().enumerate() {
        if let Some(root) = &site.root {
            home(reporter, root.as_str(), fleet.site(index, "root"));
        }
    }
    for (_, location, place) in fleet.locations() {
        if let Target::Root(root) = &location.target {
            home(reporter, root.as_str(), place.key("root"));
        }
        let temporary = |socket: &Endpoint| match socket {
            Endpoint::Unix(path) => {
                let directory = TEMPORARY.iter().find(|it| path.as_str().starts_with(*it))?;
                Some((path.clone(), *directory))
            }
            Endpoint::Tcp(_) => None,
        };
        let Some((path, directory)) = fleet.inventory.sockets(location).find_map(temporary) else { continue };
        let shown = printable(path.as_str());
        let message = format!("the socket `{shown}` is below `{directory}`, which a service may have of its own");
        let help = "put it below `/run`: `RuntimeDirectory=app` in the app's unit makes `/run/app`";
        let keys = ["uwsgi_pass", "fastcgi_pass", "proxy_pass", "grpc_pass"].map(|key| place.key(key));
        let written = keys.into_iter().find(|key| key.is_written()).unwrap_or(place);
        reporter.report(written.span(), message, help);
    }
}

fn home(reporter: &mut Reporter<'_>, root: &str, place: Cursor<'_>) {
    let Some(directory) = HOMES.iter().find(|it| format!("{root}/").starts_with(*it)) else { return };
    let message = format!("the document root `{}` is below `{directory}`, usually closed to nginx", printable(root));
    reporter.report(place.span(), message, "put the files below `/srv` or `/var/www`, which every user may enter");
}
