//! Reads which upgrades a location passes on.

use super::fields::{at_most, items, scalar};
use crate::diagnostic::Code;
use crate::inventory::model::Target;
use crate::inventory::node::Node;
use crate::inventory::schema::Reader;
use crate::inventory::types::UpgradeProtocol;

/// The protocols, which only an HTTP app has.
pub fn read(reader: &mut Reader<'_>, node: Option<&Node>, target: &Target) -> Option<Vec<UpgradeProtocol>> {
    let node = node?;
    let items = items(reader, node, "upgrade");
    let mut found: Vec<UpgradeProtocol> = Vec::new();
    for item in at_most(reader, node, items, ("upgrade", 16)) {
        let Some(placed) = scalar::<UpgradeProtocol>(reader, item, "upgrade") else { continue };
        if found.iter().any(|it| it.is(placed.value.as_str())) {
            let message = format!("`upgrade` has `{}` twice", placed.value);
            reader.report(Code::IN12, placed.span, message, "remove one of them: letters may be large or small");
        } else {
            found.push(placed.value);
        }
    }
    if !matches!(target, Target::Proxy(_)) {
        let message = "`upgrade` has no effect without `proxy_pass`";
        let help = match target {
            Target::Uwsgi(_) => "remove it: WebSockets pass to `uwsgi_pass`, and nothing else does",
            _ => "remove it, or pass the requests to an HTTP app",
        };
        reader.report(Code::IN09, node.underline(), message, help);
    }
    Some(found).filter(|found| !found.is_empty())
}
