//! Builds read models anew, in a file beside the live one.

use std::sync::Arc;

use tokio::sync::watch;

use super::Rebuilding;
use super::batch::Place;
use super::engine::{Engine, Orders};
use super::file::{self, ReadFile, Use};
use super::following::Following;
use super::runner::{Built, RebuildError};

/// Fills a new file until it has caught up with the log, indexes last.
pub(super) async fn build(following: Arc<Following>, file: ReadFile, stop: watch::Receiver<bool>) -> Built {
    // Until it is whole, whoever drops it removes it.
    file.retire();
    let ground = &following.ground;
    let (connection, progress) = file::open(&file, following.projection, Use::Building).await?;
    let mut engine = Engine {
        projection: following.projection,
        wanted: Use::Building,
        file: Arc::new(file),
        connection,
        place: progress.place(),
        memory: None,
    };
    let head = ground.log.head();
    let mut is_indexed = false;
    loop {
        let total = *head.borrow();
        let heard = |place: Place| {
            let (done, total) = (place.position.number(), total.number());
            following.lock().rebuilding = Some(Rebuilding { done, total });
        };
        let orders = Orders { stop: stop.clone(), until: Some(total) };
        engine.run(ground, orders, &heard).await?;
        if *stop.borrow() {
            if following.lock().closing {
                engine.file.keep();
            }
            return Err(RebuildError::Cancelled);
        }
        let behind = head.borrow().number().saturating_sub(engine.place.position.number());
        if behind > u64::from(ground.settings.batch_events) {
            continue;
        }
        if is_indexed {
            return Ok(engine);
        }
        file::index(&mut engine.connection, following.projection).await?;
        is_indexed = true;
    }
}
