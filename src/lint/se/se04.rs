//! SE04: headers that one more header drops.

use crate::diagnostic::Code;
use crate::lint::{Block, Detection, Directive, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::SE04,
    since: "0.1.0",
    needs: Requirement::Files,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "A file in `include` has an `add_header` inside a location of a site that adds headers, such as `Strict-Transport-Security`; or one at http level, which such a site does not use.",
        why: "nginx inherits `add_header` only into blocks that have none: one more header in a location drops all headers of the blocks around it. HSTS is missing in just that location, and nobody notices a missing header.",
        evidence: "With `add_header Strict-Transport-Security …` at http level and `add_header X-N 1` in a location, responses of that location have no `Strict-Transport-Security`; all others do. `nginx -t` returns 0.",
        fix: "Put the line into the site's `include`: sslscale renders its own headers in the server block, so yours is added to them.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("SE04"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    fleet.directives(|directive| {
        if directive.statement.name() != "add_header" || directive.is_elsewhere() || merges(directive) {
            return;
        }
        let added = |site: usize| added(fleet, site);
        let dropped = match directive.included.block {
            Block::Location(site, _) => added(site),
            Block::Server(site) if !directive.around.is_empty() => added(site),
            Block::Http if directive.around.is_empty() => {
                let Some(site) = (0..fleet.inventory.sites.len()).find(|site| added(*site).is_some()) else { return };
                let name = &fleet.inventory.sites[site].server_names[0];
                let message = format!("`{}` does not reach `{name}`, which adds headers of its own", directive.text());
                reporter.push(directive.finding(message, "put the line into the `include` of each site"));
                return;
            }
            _ => None,
        };
        if let Some(dropped) = dropped {
            let message = format!("`{}` drops the site's `{dropped}` in this location", directive.text());
            reporter.push(directive.finding(message, "put the line into the `include` of the site"));
        }
    });
}

/// A header that the server block of a site adds.
fn added(fleet: &Fleet<'_>, site: usize) -> Option<&'static str> {
    let it = &fleet.inventory.sites[site];
    let members = fleet.inventory.pools[it.pool].members.iter();
    let hsts =
        it.hsts.is_some() || members.into_iter().any(|app| fleet.inventory.app_servers[*app].nginx.hsts.is_some());
    let upgrade = it.locations.iter().any(|location| location.target.passes());
    let closed = it.maintenance.is_some();
    match (hsts, upgrade) {
        (true, _) => Some("Strict-Transport-Security"),
        (_, true) => Some("Upgrade"),
        _ => closed.then_some("Retry-After"),
    }
}

/// Whether the block says that headers of the blocks around it stay.
fn merges(directive: &Directive<'_, '_>) -> bool {
    let block = directive.around.last().map_or(&[][..], |block| block.statements());
    block.iter().any(|it| it.name() == "add_header_inherit" && it.arguments().iter().any(|word| word.is("merge")))
}
