//! The data of locations for the template of an app server.

use std::collections::HashSet;

use serde::Serialize;

use super::access::Geos;
use super::limits::LimitsView;
use super::snippets::{self, IncludeView};
use super::upgrade::Upgrades;
use super::upstreams::{UpstreamTlsView, variable};
use crate::inventory::Inventory;
use crate::inventory::model::{EffectiveTimeouts, Nginx, Site, Target};
use crate::inventory::types::{Body, Destination, LocationMatch};

/// What all sites of an app server have in common.
pub struct Shared<'i> {
    /// The settings of its nginx.
    pub nginx: &'i Nginx,
    /// What is connected to over TLS and verified in different ways.
    pub mixed: HashSet<&'i Destination>,
    /// The upgrades that locations name.
    pub upgrades: Upgrades<'i>,
    /// The lists of clients.
    pub geos: Geos<'i>,
}

#[derive(Serialize)]
pub struct LocationView {
    exact: bool,
    path: String,
    pub(super) kind: &'static str,
    to: String,
    /// Empty without one.
    fallback: String,
    tls: UpstreamTlsView,
    /// The end of the names of the variables for upgrades; empty where the site's lines are for this location, too.
    upgrade: String,
    /// Whether a FastCGI app is told that the connection stays open.
    keep_conn: bool,
    /// What the variable in `to` has to be set to; empty if it has none.
    server: String,
    code: String,
    /// The type of the text that nginx answers with; empty without one.
    media_type: String,
    append_request_uri: bool,
    /// Empty where they are the site's.
    timeouts: TimeoutsView,
    /// How long a client may be silent that sends its request while the answer arrives.
    streaming: String,
    /// The variable that is true for clients who get no answer; empty without one.
    denied: String,
    limits: LimitsView,
    include: Vec<IncludeView>,
}

/// Timeouts of upstreams.
#[derive(Serialize)]
pub struct TimeoutsView {
    connect: String,
    read: String,
    send: String,
}

impl TimeoutsView {
    /// The timeouts as nginx reads them.
    pub fn of(timeouts: EffectiveTimeouts) -> Self {
        let EffectiveTimeouts { connect, read, send } = timeouts;
        Self { connect: connect.to_string(), read: read.to_string(), send: send.to_string() }
    }

    /// Empty where they are those of `outer`.
    fn unless_equal(self, outer: &Self) -> Self {
        let unless = |own: String, outer: &String| if own == *outer { String::new() } else { own };
        Self {
            connect: unless(self.connect, &outer.connect),
            read: unless(self.read, &outer.read),
            send: unless(self.send, &outer.send),
        }
    }
}

/// The data of a location; `of_site` are the timeouts of its site.
pub fn location_view(
    inventory: &Inventory,
    (shared, site, index): (&Shared<'_>, &Site, usize),
    of_site: &TimeoutsView,
) -> LocationView {
    let (nginx, location) = (shared.nginx, &site.locations[index]);
    let timeouts = inventory.upstream_timeouts(nginx, site, Some(location));
    let to = match &location.target {
        Target::Uwsgi(app) | Target::Fastcgi(app) => app.to_string(),
        Target::Proxy(upstream) => upstream.to_string(),
        Target::Grpc(upstream) => upstream.to_string(),
        Target::Root(root) => root.to_string(),
        Target::Redirect(redirect) => redirect.url.to_string(),
        Target::Answer(answer) => answer.body.as_ref().map(Body::quoted).unwrap_or_default(),
    };
    let (server, to) = variable(inventory, location, nginx).unwrap_or((String::new(), to));
    let (code, append_request_uri) = match &location.target {
        Target::Redirect(redirect) => (redirect.code.name().to_owned(), redirect.append_request_uri),
        Target::Answer(answer) => (answer.status.to_string(), false),
        _ => (String::new(), false),
    };
    let exact = location.matching == LocationMatch::Exact;
    LocationView {
        exact,
        path: location.path.as_str().to_owned(),
        kind: location.target.kind(),
        to,
        fallback: location.fallback.as_ref().map(|path| path.as_str().to_owned()).unwrap_or_default(),
        tls: UpstreamTlsView::of(location, &shared.mixed),
        upgrade: shared.upgrades.suffix(location),
        keep_conn: inventory.upstream(location).is_some_and(|upstream| upstream.keepalive > 0),
        server,
        code,
        media_type: match &location.target {
            // A browser would save an empty answer of no known type; from 400 on nginx has a page.
            Target::Answer(answer) if answer.body.is_some() || answer.status == 200 => answer.media_type.to_string(),
            _ => String::new(),
        },
        append_request_uri,
        timeouts: TimeoutsView::of(timeouts).unless_equal(of_site),
        streaming: timeouts.read.max(timeouts.send).to_string(),
        denied: shared.geos.variable(&location.access),
        limits: LimitsView::of(site, Some(index), &location.limits),
        include: snippets::views(&location.include),
    }
}
