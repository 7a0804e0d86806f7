//! The data of a site in maintenance for the template of an app server.

use serde::Serialize;

use super::access::Geos;
use crate::inventory::model::{Maintenance, UNAVAILABLE};

#[derive(Serialize)]
pub struct MaintenanceView {
    status: u16,
    /// In seconds.
    retry_after: u64,
    /// The variable that is true for clients who get this answer; empty if all do.
    denied: String,
    /// The text in quotes, and what it is; empty without one.
    body: String,
    media_type: String,
}

impl MaintenanceView {
    /// The data of a site in maintenance.
    pub fn of(maintenance: &Maintenance, geos: &Geos<'_>) -> Self {
        let body = maintenance.body.as_ref();
        Self {
            status: UNAVAILABLE,
            retry_after: maintenance.retry_after.milliseconds() / 1_000,
            denied: geos.variable(&maintenance.admitted),
            body: body.map(|(body, _)| body.quoted()).unwrap_or_default(),
            media_type: body.map(|(_, media_type)| media_type.to_string()).unwrap_or_default(),
        }
    }
}
