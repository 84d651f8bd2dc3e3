//! How projections stand.

use chrono::{DateTime, Utc};
use serde::Serialize;
use subject_record_schemas::Position;

use super::{Projection, Stop};

/// How a projection stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Its name.
    pub projection: Projection,
    /// Its read models.
    pub models: Vec<&'static str>,
    /// The last event whose rows are written.
    pub position: Position,
    /// The last event of the log.
    pub head: Position,
    /// Events between them.
    pub lag_events: u64,
    /// When rows were written last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_advanced_at: Option<DateTime<Utc>>,
    /// Seconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_advanced_seconds: Option<f64>,
    /// Why it stands, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stop>,
    /// Why it does not get on just now; it is tried again by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How far a rebuild is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuilding: Option<Rebuilding>,
    /// Why the last rebuild did not take the place of the live rows; gone once another one begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuild_failed: Option<String>,
}

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rebuilding {
    /// Position that it has reached.
    pub done: u64,
    /// Position that it has to reach.
    pub total: u64,
}
