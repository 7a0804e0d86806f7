//! What app servers serve while balancers change, because a site goes or a balancer's address, is valid, too.

use std::collections::BTreeSet;

use sslscale::deploy::expanded;
use sslscale::inventory::Inventory;
use sslscale::render::{NGINX_CONF, render};
use sslscale::tree::Tree;

use super::{Judge, accept, fits_one_root};
use crate::cases::{cases, first};
use crate::support::generate::Generated;
use crate::support::release::{HERE, Release, Stock};

/// Accepted inventories that lose something, for each kind.
const COUNT: u32 = 30;

/// Sites that go are served until no balancer sends connections to them, with what they refer to.
#[test]
fn what_is_served_while_a_site_goes_is_valid() {
    all_valid(|inventory| {
        let site = inventory.sites.iter().position(|it| inventory.pools[it.pool].sites.len() > 1 && !it.default)?;
        let mut new = inventory.clone();
        let gone = new.sites.remove(site);
        new.pools[gone.pool].sites.retain(|it| *it != site);
        new.pools.iter_mut().flat_map(|pool| &mut pool.sites).filter(|it| **it > site).for_each(|it| *it -= 1);
        Some(new)
    });
}

/// An address of a balancer is believed until no balancer connects from there.
#[test]
fn what_is_believed_while_an_address_goes_is_valid() {
    all_valid(|inventory| {
        let mut new = inventory.clone();
        (new.trusted_proxies.len() > 1).then(|| new.trusted_proxies.pop())?;
        Some(new)
    });
}

/// What is between an accepted inventory and the one that `change` makes of it is valid.
fn all_valid(change: impl Fn(&Inventory) -> Option<Inventory>) {
    let Some(mut release) = Release::open(HERE) else { return };
    let judge = Judge::new(&release);
    let count = cases(COUNT);
    let (mut tried, mut rejected) = (0, Vec::new());
    for number in first()..first() + 8 * COUNT {
        if tried == count {
            break;
        }
        let yaml = Generated::new(number, judge.versions).yaml();
        let Some(inventory) = accept(&yaml).ok().filter(fits_one_root) else { continue };
        let Some(new) = change(&inventory) else { continue };
        let Some(complaints) = judge.complaints_between(&mut release, &inventory, &new) else { continue };
        tried += 1;
        if !complaints.is_empty() {
            rejected.push(format!("inventory {number}:\n{}\n{yaml}", complaints.concat()));
        }
    }
    assert_eq!(tried, count);
    let first: String = rejected.first().map(|it| it.chars().take(6_000).collect()).unwrap_or_default();
    assert!(rejected.is_empty(), "{} of {count} were rejected; the first one:\n{first}", rejected.len());
}

impl Judge {
    /// What nginx has against what app servers serve while balancers change. `None` where nothing has to stay.
    fn complaints_between(&self, release: &mut Release, old: &Inventory, new: &Inventory) -> Option<Vec<String>> {
        let [before, after] = [old, new].map(|it| render(it, &self.templates).unwrap());
        let texts = |tree: &Tree| {
            let entries =
                tree.hosts().flat_map(|(_, entries)| entries.iter()).filter(|entry| *entry.path == *NGINX_CONF);
            entries.map(|entry| String::from_utf8(entry.content.bytes.clone()).unwrap()).collect::<Vec<_>>()
        };
        let both = texts(&before).into_iter().zip(texts(&after));
        let served: BTreeSet<String> = both.filter_map(|(old, new)| expanded(&old, &new)).collect();
        let nginx: BTreeSet<&[u8]> = served.iter().map(String::as_bytes).collect();
        let none = BTreeSet::new();
        (!nginx.is_empty()).then(|| self.complaints_about(release, (old, &before), Stock::ALL[0], (none, nginx)))
    }
}
