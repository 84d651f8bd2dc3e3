//! What is asked at an instance that does not run a projection is handed to the one that does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::board::{Asked, Board};
use super::following::Following;
use super::runner::RebuildError;

/// How often an answer is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long this instance may need to read what another has built.
const SWAP_WAIT_MAX: Duration = Duration::from_secs(5);

/// Hands on what needs no answer.
pub(super) fn tell(board: Board, asked: Asked) {
    tokio::spawn(async move {
        if let Err(error) = board.ask(asked).await {
            let projection = board.projection.name();
            tracing::error!(%error, projection, ?asked, "what was asked could not be handed on");
        }
    });
}

/// Asks for a rebuild, and answers when its rows are read here.
pub(super) async fn rebuild(
    board: Board,
    following: Arc<Following>,
    mut done: oneshot::Sender<Result<(), RebuildError>>,
) {
    let answer = async {
        let number = board.ask(Asked::Rebuild).await?;
        tokio::select! {
            answer = answer(&board, number) => answer.map(Some),
            // The request stands, whoever waits for it.
            () = done.closed() => Ok(None),
        }
    };
    let Some(answer) = answer.await.transpose() else { return };
    let result = match answer {
        Ok(answer) if answer.is_empty() => {
            let swapped = async {
                if let (Some(live), _) = board.read().await? {
                    following.reads(live).await;
                }
                Ok::<_, sqlx::Error>(())
            };
            // It is done, whether this instance has seen it yet or not.
            let _ = tokio::time::timeout(SWAP_WAIT_MAX, swapped).await;
            Ok(())
        }
        Ok(answer) if answer == RebuildError::Cancelled.to_string() => Err(RebuildError::Cancelled),
        Ok(answer) => Err(RebuildError::Elsewhere(answer)),
        Err(error) => Err(error.into()),
    };
    let _ = done.send(result);
}

async fn answer(board: &Board, number: i64) -> Result<String, sqlx::Error> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match board.answered(number).await {
            Ok(Some(answer)) => return Ok(answer),
            Err(sqlx::Error::RowNotFound) => return Err(sqlx::Error::RowNotFound),
            // A database that is away comes back, and the request stands in it.
            Ok(None) | Err(_) => {}
        }
    }
}
