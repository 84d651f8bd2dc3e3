//! Follows the log for as long as a projection is live.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::batch::Mark;
use super::engine::{Engine, Fault, Orders};
use super::following::Following;
use super::progress;
use crate::db::sql::Connection;
use crate::db::{lease, sql};

/// Pause before what failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Follows the log, standing where an event cannot be handled, until told to stop.
/// Answers nothing when the session that writes was lost, and so maybe the right to write.
pub(super) async fn follow(
    following: Arc<Following>,
    mut engine: Engine,
    mut stop: watch::Receiver<bool>,
) -> Option<Engine> {
    let projection = following.projection.name();
    while !*stop.borrow() {
        let is_stopped = following.lock().stopped.is_some();
        if is_stopped {
            tokio::select! {
                () = following.resumed.notified() => {}
                _ = stop.wait_for(|stop| *stop) => break,
                error = until_lost(&mut engine.connection) => return lost(&following, &error),
            }
            if let Err(error) = progress::keep_stop(&mut engine.connection, None).await {
                tracing::error!(%error, projection, "it cannot be kept that a projection tries again");
                continue;
            }
            following.lock().stopped = None;
        }
        let orders = Orders { stop: stop.clone(), until: None };
        let ended = engine.run(&following.ground, orders, &|place| advanced(&following, place)).await;
        match ended {
            Ok(()) => break,
            Err(Fault::Event(stop)) => {
                tracing::error!(projection, position = %stop.position, cause = stop.cause, "ALARM: a projection stands at an event that it cannot handle");
                if let Err(error) = progress::keep_stop(&mut engine.connection, Some(&stop)).await {
                    tracing::error!(%error, projection, "the cause of a standing projection cannot be kept");
                }
                following.lock().stopped = Some(stop);
            }
            Err(Fault::Engine(error)) if is_of_session(&engine.connection, &*error) => {
                return lost(&following, &*error);
            }
            Err(Fault::Engine(error)) => {
                tracing::error!(
                    error = &*error as &dyn std::error::Error,
                    projection,
                    "a projection failed and is tried again"
                );
                following.lock().trouble = Some(error.to_string());
                tokio::select! {
                    () = tokio::time::sleep(TRY_AGAIN) => {}
                    _ = stop.wait_for(|stop| *stop) => break,
                    error = until_lost(&mut engine.connection) => return lost(&following, &error),
                }
            }
        }
        match progress::progress(&mut engine.connection).await {
            Ok(progress) => engine.place = progress.place(),
            Err(error) => tracing::error!(%error, projection, "the progress of a projection cannot be read"),
        }
    }
    Some(engine)
}

/// Gives signs of life until none can be given any more, and answers why. Never ends for a file.
pub(super) async fn until_lost(connection: &mut Connection) -> sqlx::Error {
    loop {
        if let Err(error) = lease::sign_of_life(connection).await {
            return error;
        }
        tokio::time::sleep(lease::SIGN_OF_LIFE_EVERY).await;
    }
}

/// Whether what failed is a session of PostgreSQL's: it is not used any more, whatever is left of it.
fn is_of_session(connection: &Connection, error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    connection.engine() == sql::Engine::Postgres && error.is::<sqlx::Error>()
}

fn lost(following: &Following, error: &(dyn std::error::Error + 'static)) -> Option<Engine> {
    tracing::error!(
        error,
        projection = following.projection.name(),
        "the session that writes read models was lost"
    );
    following.lock().trouble = Some(error.to_string());
    None
}

fn advanced(following: &Following, place: Mark) {
    following.lock().trouble = None;
    following.reach(place);
}
