//! CP08: a limit for request bodies that hardly any request fits.

use std::collections::HashSet;

use crate::count::several;
use crate::diagnostic::Code;
use crate::inventory::document::Cursor;
use crate::inventory::types::Size;
use crate::lint::{Detection, Doc, FixKind, Fleet, Reporter, Requirement, Rule, examples};

pub const RULE: Rule = Rule {
    code: Code::CP08,
    since: "0.1.0",
    needs: Requirement::Inventory,
    fix: FixKind::None,
    detection: Detection::Fleet(find),
    doc: Doc {
        what: "`client_max_body_size` is less than a kilobyte, and not `0`, which is no limit.",
        why: "A number without a unit is a number of bytes. The body of almost any form is longer: nginx answers its \
            request with 413, and the app never gets it.",
        evidence: "With `client_max_body_size 10;`, `nginx -t` returns 0, and a request with a body of 11 bytes gets \
            `413 Request Entity Too Large`.",
        fix: "Write the unit: `10m` for ten megabytes. If no request has a body, ignore the finding.",
        verified_on: "nginx 1.22.1",
    },
    examples: examples!("CP08"),
};

fn find(fleet: &Fleet<'_>, reporter: &mut Reporter<'_>) {
    const KEY: &str = "client_max_body_size";
    let apps = fleet.nginx_settings();
    let apps = apps.filter_map(|(at, nginx)| Some((fleet.nginx_if_written(at, &[KEY])?, &nginx.client_max_body_size)));
    let sites = fleet.inventory.sites.iter().enumerate();
    let sites = sites.filter_map(|(at, site)| Some((fleet.site(at, KEY), site.client_max_body_size.as_ref()?)));
    let written: Vec<(Cursor<'_>, &Size)> = apps.chain(sites).collect();
    let mut seen = HashSet::new();
    for (place, size) in written {
        if (1..1024).contains(&size.bytes()) && seen.insert(place.span()) {
            let bytes = usize::try_from(size.bytes()).map_or_else(|_| size.to_string(), |count| several(count, "byte"));
            let message = format!("`{KEY}` is {bytes}: requests with a larger body get 413");
            reporter.report(place.span(), message, format!("write `{}m` for megabytes", size.bytes()));
        }
    }
}
