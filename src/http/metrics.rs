//! Numbers for whatever watches over the service, in the text format of OpenMetrics 1.0, which Prometheus reads.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Service;
use super::problem::Problem;
use crate::error;
use crate::notary;
use crate::projector::Status;

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Count = Gauge<u64, AtomicU64>;
/// A number of a projection, with a cause, or none.
type Told<'a> = Option<(u64, Option<&'a str>)>;

/// `GET /metrics`.
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let app = &service.app;
    let last = app.store.last_position().await?;
    let text = written(last.number(), &app.notary.state(), &app.projector.status()).map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        Problem::new(error::INTERNAL)
    })?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

/// Numbers as they are now; nothing is counted between two questions.
fn written(
    last_position: u64,
    notary: &notary::State,
    projections: &[Status],
) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("subject_record");
    let store = Count::default();
    store.set(last_position);
    registry.register("store_position", "Position of the last event of the log", store);
    let size = notary.checkpoint.as_ref().map_or(0, |signed| signed.checkpoint.size);
    for (name, help, value) in [
        ("checkpoint_size", "Events under the newest signed checkpoint", size),
        (
            "checkpoint_position",
            "Position of the last event under the newest signed checkpoint",
            notary.position.number(),
        ),
        ("notary_refuses", "1 when no checkpoint is signed any more", u64::from(notary.refusal.is_some())),
    ] {
        let count = Count::default();
        count.set(value);
        registry.register(name, help, count);
    }

    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Status) -> Told<'_>| {
        let family = Family::<Labels, Count>::default();
        for status in projections {
            let Some((value, cause)) = value(status) else { continue };
            let mut labels = vec![("projection", status.projection.name().to_owned())];
            labels.extend(cause.map(|cause| ("cause", cause.to_owned())));
            family.get_or_create(&labels).set(value);
        }
        registry.register(name, help, family);
    };
    gauge("projection_position", "Position of the last event whose rows are written", &|status| {
        Some((status.position.number(), None))
    });
    gauge("projection_head", "Position of the last event that there is to project", &|status| {
        Some((status.head.number(), None))
    });
    gauge("projection_lag_events", "Events whose rows are not written yet", &|status| {
        Some((status.lag_events, None))
    });
    gauge("projection_stopped", "1 when it stands at an event that it cannot handle", &|status| {
        Some((u64::from(status.stopped.is_some()), None))
    });
    gauge("projection_stopped_position", "Where it stands, and why; only while it does", &|status| {
        let stop = status.stopped.as_ref()?;
        Some((stop.position.number(), Some(stop.cause.as_str())))
    });
    gauge("projection_in_trouble", "1 when it fails and is tried again", &|status| {
        Some((u64::from(status.trouble.is_some()), None))
    });
    gauge("projection_rebuild_done", "Position that a rebuild has reached; only during one", &|status| {
        Some((status.rebuilding?.done, None))
    });
    gauge("projection_rebuild_total", "Position that a rebuild has to reach; only during one", &|status| {
        Some((status.rebuilding?.total, None))
    });

    let ages = Family::<Labels, Gauge<f64, AtomicU64>>::default();
    for status in projections {
        if let Some(seconds) = status.last_advanced_seconds {
            ages.get_or_create(&vec![("projection", status.projection.name().to_owned())]).set(seconds);
        }
    }
    let help = "Time since rows were written last";
    registry.register_with_unit("projection_last_advance_age", help, Unit::Seconds, ages);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use subject_record_schemas::Position;

    use super::*;
    use crate::projector::{Projection, Rebuilding, Stop};

    #[test]
    fn what_stands_and_what_is_built_anew_is_told_with_its_numbers_and_cause() {
        let status = Status {
            projection: Projection::People,
            models: Vec::new(),
            position: Position::new(12),
            head: Position::new(17),
            lag_events: 5,
            last_advanced_at: None,
            last_advanced_seconds: Some(7.5),
            stopped: Some(Stop { position: Position::new(13), cause: "no \"such\"\ntype".into() }),
            trouble: None,
            rebuilding: Some(Rebuilding { done: 4, total: 17 }),
            rebuild_failed: None,
        };
        let running = Status {
            projection: Projection::History,
            last_advanced_seconds: None,
            stopped: None,
            rebuilding: None,
            ..status.clone()
        };
        let notary = notary::State { position: Position::new(17), ..notary::State::default() };
        let text = written(18, &notary, &[status, running]).unwrap();
        for line in [
            "# TYPE subject_record_projection_last_advance_age_seconds gauge",
            "subject_record_store_position 18",
            "subject_record_checkpoint_position 17",
            "subject_record_notary_refuses 0",
            "subject_record_projection_position{projection=\"people\"} 12",
            "subject_record_projection_head{projection=\"history\"} 17",
            "subject_record_projection_lag_events{projection=\"people\"} 5",
            "subject_record_projection_stopped{projection=\"people\"} 1",
            "subject_record_projection_stopped{projection=\"history\"} 0",
            "subject_record_projection_stopped_position{projection=\"people\",cause=\"no \\\"such\\\"\\ntype\"} 13",
            "subject_record_projection_in_trouble{projection=\"people\"} 0",
            "subject_record_projection_rebuild_done{projection=\"people\"} 4",
            "subject_record_projection_rebuild_total{projection=\"people\"} 17",
            "subject_record_projection_last_advance_age_seconds{projection=\"people\"} 7.5",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
        assert!(
            !text.contains("rebuild_done{projection=\"history\"}") && text.ends_with("# EOF\n"),
            "{text}"
        );
    }
}
