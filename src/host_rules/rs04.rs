//! RS04: ticket keys that have not been rotated for two days.

use super::Live;
use crate::deploy::Role;
use crate::inventory::types::Tickets;
use crate::lint::Reporter;
use crate::tickets::STALE;

pub fn find(live: &Live<'_>, reporter: &mut Reporter<'_>) {
    if live.fleet.inventory.tickets != Tickets::Shared {
        return;
    }
    for (seen, facts) in live.running(Some(Role::AppServer), reporter) {
        let Some(age) = facts.ring_age.filter(|age| *age > STALE) else { continue };
        let hours = age / 3600;
        let message = format!("`{}` has encrypted session tickets with the same key for {hours} hours", seen.host.name);
        let help = "run `sslscale tickets rotate INVENTORY`, once a day";
        reporter.report(live.place(seen.host, "name").span(), message, help);
    }
}
