//! Builds read models anew, beside the live ones.

use std::sync::Arc;

use tokio::sync::watch;

use super::Rebuilding;
use super::batch::Mark;
use super::board::Board;
use super::engine::{Engine, Orders};
use super::file;
use super::following::Following;
use super::generation::{Generation, Stands};
use super::progress::{Use, index};
use super::runner::{Built, RebuildError};
use super::schema;

/// Fills a new generation until it has caught up with the log, indexes last.
pub(super) async fn build(
    following: Arc<Following>,
    generation: Generation,
    stop: watch::Receiver<bool>,
) -> Built {
    // Until it is whole, whoever drops it removes it.
    generation.retire();
    let ground = &following.ground;
    let (connection, progress) = match &generation.stands {
        Stands::File { path, .. } => file::open(path, following.projection, Use::Building).await?,
        Stands::Schema { place, .. } => schema::make(place, following.projection, Use::Building).await?,
    };
    let mut engine = Engine {
        projection: following.projection,
        wanted: Use::Building,
        generation: Arc::new(generation),
        connection,
        place: progress.place(),
        memory: None,
    };
    let head = ground.log.head();
    let mut is_indexed = false;
    loop {
        let total = *head.borrow();
        let heard = |place: Mark| {
            let (done, total) = (place.position.number(), total.number());
            following.lock().rebuilding = Some(Rebuilding { done, total });
        };
        let orders = Orders { stop: stop.clone(), until: Some(total) };
        engine.run(ground, orders, &heard).await?;
        if *stop.borrow() {
            if following.lock().closing {
                engine.generation.keep();
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
        index(&mut engine.connection, following.projection).await?;
        schema::analyse(&mut engine.connection, following.projection).await?;
        is_indexed = true;
    }
}

/// Fills the next schema, and drops it if it does not become whole.
pub(super) async fn build_schema(
    following: Arc<Following>,
    board: Board,
    term: i64,
    stop: watch::Receiver<bool>,
) -> Built {
    let Some(number) = board.next_generation(term).await? else {
        return Err(RebuildError::Elsewhere("another instance runs it by now".to_owned()));
    };
    let projection = following.projection;
    let built =
        build(Arc::clone(&following), schema::generation(&board.base, projection, number), stop).await;
    // One that the end of the service cuts short stays, so that whoever runs the projection next begins it again.
    if built.is_err()
        && !following.lock().closing
        && let Err(error) = schema::drop_one(&board.base, projection, number).await
    {
        tracing::warn!(%error, projection = projection.name(), "read models that did not become whole stay behind");
    }
    built
}
