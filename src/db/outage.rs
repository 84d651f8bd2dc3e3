//! When the database is away: what is worth another try, and how long to wait for it.

use std::time::Duration;

use crate::clock::Entropy;

/// How long one answer of the database is waited for before its connection is given up.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

/// The first pause before a new connection is tried; it doubles up to [`PAUSE_MAX`].
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Classes of SQLSTATE under which the database itself is not there, or has given up on us: connection exceptions,
/// transaction rollbacks, insufficient resources, operator intervention.
const AWAY_CLASSES: [&str; 4] = ["08", "40", "53", "57"];
/// The same, single states: a read-only transaction (a standby), one that was idle too long.
const AWAY_STATES: [&str; 2] = ["25006", "25P03"];

/// Waits for an answer, but not for ever: a network that is cut says nothing.
pub(crate) async fn within<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    waited(ANSWER_WAIT_MAX, answer).await
}

/// [`within`] a time of one's own.
pub(super) async fn waited<T>(
    wait_max: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(wait_max, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Whether the database was away, so that the same may well work in a moment. Whether it was done is unknown.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|state| {
            AWAY_STATES.contains(&&*state) || AWAY_CLASSES.iter().any(|class| state.starts_with(class))
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Pauses between tries: each twice the one before, and none quite like another instance's.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSE_FIRST)
    }
}

impl Pauses {
    /// Waits between a half and the whole of the next pause.
    pub(crate) async fn next(&mut self, entropy: &dyn Entropy) {
        let [byte] = entropy.bytes::<1>();
        tokio::time::sleep(self.draw(byte)).await;
    }

    fn draw(&mut self, byte: u8) -> Duration {
        let pause = self.0 / 2 + self.0 / 2 * u32::from(byte) / 255;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second_and_are_never_less_than_half() {
        let (mut shortest, mut longest) = (Pauses::default(), Pauses::default());
        for wanted_ms in [20, 40, 80, 160, 320, 640, 1_000, 1_000] {
            let wanted = Duration::from_millis(wanted_ms);
            assert_eq!((shortest.draw(0), longest.draw(255)), (wanted / 2, wanted));
        }
    }

    #[test]
    fn what_the_database_refuses_is_no_outage() {
        assert!(is_away(&sqlx::Error::PoolTimedOut) && !is_away(&sqlx::Error::RowNotFound));
    }
}
