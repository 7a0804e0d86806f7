//! The data for templates about the numbers of haproxy and nginx.

use serde::Serialize;

use super::http::lines;
use crate::inventory::model::Metrics;

/// Where a program tells its numbers, and to whom.
#[derive(Serialize)]
pub struct View {
    port: u16,
    /// Most connections at a time, where the program takes such a limit.
    maxconn: u64,
    /// The networks of those who may ask, in lines.
    allow: Vec<Vec<String>>,
}

/// However many ask, a program's connections are left to clients.
const MAXCONN: u64 = 16;

/// The data of these settings for a program with so many connections.
pub fn view(metrics: &Metrics, maxconn: u64) -> View {
    View {
        port: metrics.port.0,
        maxconn: maxconn.min(MAXCONN),
        allow: lines(metrics.allow.iter().map(ToString::to_string)),
    }
}
