//! Time and randomness, as arguments.

use std::fmt;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// What a clock shows: the wall time, and a time that only ever runs forward at one second a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Wall time, whole microseconds.
    pub wall: DateTime<Utc>,
    /// Time since the clock was made. Comparing it with `wall` shows when the wall clock was set.
    pub running: Duration,
}

/// A clock.
pub trait Clock: Send + Sync + fmt::Debug {
    /// What it shows now.
    fn read(&self) -> Reading;

    /// Wall time now, whole microseconds.
    fn now(&self) -> DateTime<Utc> {
        self.read().wall
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    fn read(&self) -> Reading {
        Reading { wall: Utc::now().trunc_subsecs(6), running: self.started.elapsed() }
    }
}

/// A clock that somebody else moves: for the simulator and for tests.
#[derive(Debug)]
pub struct SetClock {
    reading: Mutex<Reading>,
    handed_over: OnceLock<HandedOver>,
}

/// From when on a [`SetClock`] shows the machine's time.
#[derive(Debug)]
struct HandedOver {
    system: SystemClock,
    running_before: Duration,
}

impl SetClock {
    /// A clock that shows `wall` until it is moved.
    #[must_use]
    pub fn at(wall: DateTime<Utc>) -> Self {
        let reading = Mutex::new(Reading { wall: wall.trunc_subsecs(6), running: Duration::ZERO });
        Self { reading, handed_over: OnceLock::new() }
    }

    /// From now on shows the machine's time, as if the clock had run there: a simulation is over.
    pub fn hand_over(&self) {
        let system = SystemClock::default();
        self.run_to(system.now());
        let running_before = self.lock().running;
        let _ = self.handed_over.set(HandedOver { system, running_before });
    }

    /// Lets time pass to `wall`, as if the clock had run there. Does nothing when `wall` lies behind.
    pub fn run_to(&self, wall: DateTime<Utc>) {
        let mut reading = self.lock();
        if let Ok(passed) = (wall - reading.wall).to_std() {
            reading.wall = wall.trunc_subsecs(6);
            reading.running += passed;
        }
    }

    /// Sets the wall time without letting time pass, as an administrator or a bad time server does.
    pub fn leap_to(&self, wall: DateTime<Utc>) {
        self.lock().wall = wall.trunc_subsecs(6);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for SetClock {
    fn read(&self) -> Reading {
        match self.handed_over.get() {
            None => *self.lock(),
            Some(over) => {
                let reading = over.system.read();
                Reading { wall: reading.wall, running: over.running_before + reading.running }
            }
        }
    }
}

/// A source of random bytes.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A UUID version 7 (RFC 9562, section 5.7) of this wall time.
    #[must_use]
    pub fn uuid_v7(&self, wall: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(wall.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

/// The operating system's random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's randomness is read")]
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no salt, key or nonce is safe, and there is nothing to fall back to.
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the operating system gives no random bytes; stopping");
            std::process::abort();
        }
    }
}

/// Random bytes that follow from a seed: for the simulator and for tests, never for keys of real people.
#[derive(Debug)]
pub struct SeededEntropy {
    generator: Mutex<rand_chacha::ChaCha20Rng>,
}

impl SeededEntropy {
    /// The bytes that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        use rand::SeedableRng;
        Self { generator: Mutex::new(rand_chacha::ChaCha20Rng::seed_from_u64(seed)) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        use rand::Rng;
        self.generator.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(bytes);
    }
}
