//! The data of a site in maintenance for the template of an app server.

use serde::Serialize;

use super::access::Geos;
use crate::inventory::model::{Maintenance, RETRY_AFTER, UNAVAILABLE};
use crate::inventory::types::Body;

#[derive(Serialize)]
pub struct MaintenanceView {
    status: u16,
    /// In seconds.
    retry_after: u64,
    /// The variable that is true for clients who get this answer; empty if all do.
    denied: String,
    /// The text in quotes, and what it is; empty without one.
    body: String,
    media_type: &'static str,
}

impl MaintenanceView {
    /// The data of a site in maintenance.
    pub fn of(maintenance: &Maintenance, geos: &Geos<'_>) -> Self {
        let body = maintenance.body.as_ref();
        Self {
            status: UNAVAILABLE,
            retry_after: RETRY_AFTER,
            denied: geos.variable(&maintenance.admitted),
            body: body.map(Body::quoted).unwrap_or_default(),
            media_type: body.map(|body| if body.is_html() { "text/html" } else { "text/plain" }).unwrap_or_default(),
        }
    }
}
