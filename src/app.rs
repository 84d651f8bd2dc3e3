//! The parts put together over one data folder.

mod error;
mod first_event;
mod follow;
pub(crate) mod places;
mod sound;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use self::error::{OpenError, UnsoundError};
use self::first_event::{open_log, opened_log, origin_of, signing_seed, verifier_key};
pub use self::follow::{StoreEntries, StoreLog};
use self::sound::{lies_outside, not_rolled_back, sound};
use crate::accesses::Accesses;
use crate::background::Background;
use crate::clock::{Clock, Entropy};
use crate::config::Config;
use crate::db::FolderLock;
use crate::decision::Decisions;
use crate::dossier::{self, Dossiers};
use crate::erasure::Erasure;
use crate::erasure::unfinished::{LOOK_EVERY, Unfinished};
use crate::export::Exports;
use crate::governed::Governed;
use crate::intake::Intake;
use crate::lookup::Lookup;
use crate::notary::note::SigningKey as NoteKey;
use crate::notary::{self, Notary};
use crate::outside::{self, Outside};
use crate::policies::Policies;
use crate::projector::Projector;
use crate::proofs::Proofs;
use crate::registers::Registers;
use crate::rulebook::Rulebook;
use crate::store::place::{Opened, Place};
use crate::store::{EventStore, TextStore};
use crate::timeline::Timelines;
use crate::vault::kek::FileKek;
use crate::vault::sweeper::Sweeper;
use crate::vault::tokens::Tokens;
use crate::vault::{Instances, Vault};

/// The service over one data folder.
#[derive(Debug)]
pub struct App {
    /// Its settings.
    pub config: Config,
    /// Where its events are.
    pub place: Place,
    /// The event store.
    pub store: Arc<dyn EventStore>,
    /// Published texts.
    pub texts: Arc<dyn TextStore>,
    /// Keys and boxes.
    pub vault: Arc<Vault>,
    /// Tokens.
    pub tokens: Tokens,
    /// Intake.
    pub intake: Arc<Intake>,
    /// Timelines.
    pub timelines: Arc<Timelines>,
    /// Looks.
    pub accesses: Accesses,
    /// Erasures.
    pub erasure: Erasure,
    /// Finds people by what identifies them.
    pub lookup: Lookup,
    /// What the operator published.
    pub governed: Arc<Governed>,
    /// Published versions and texts.
    pub policies: Policies,
    /// Registers.
    pub registers: Registers,
    /// Decisions.
    pub decisions: Decisions,
    /// People's own copies.
    pub exports: Exports,
    /// Rules and working days.
    pub rulebook: Rulebook,
    /// Read models.
    pub projector: Projector,
    /// The transparency log.
    pub notary: Arc<Notary>,
    /// What the record says of itself: the ends of all streams, stamps, copies outside.
    pub proofs: Arc<Proofs>,
    /// Witnesses, anchors and the authority that stamps.
    pub outside: Arc<Outside>,
    /// Dossiers.
    pub dossiers: Dossiers,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What the first event of the log says of it.
    pub log: OpenLog,
    /// This instance among others over the same keys.
    pub instances: Instances,
    _unfinished: Unfinished,
    _sweeper: Sweeper,
    _background: Background,
    _lock: FolderLock,
}

/// What the first event of a log says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLog {
    /// Its id.
    pub log_id: String,
    /// Name under which its checkpoints are signed.
    pub origin: String,
    /// Whether it was filled under a simulated clock.
    pub simulated: bool,
}

/// How a log that is not there yet is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewLog {
    /// For real people.
    Real,
    /// For invented people, under a simulated clock, from this seed.
    Simulated {
        /// Seed of the simulation.
        seed: u64,
    },
    /// Not at all: there must be one.
    Refuse,
}

impl App {
    /// Opens the data folder, or makes it, and finishes what a crash cut short.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub async fn open(
        config: Config,
        new_log: NewLog,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let data = &config.paths.data;
        let folder_error = |source| OpenError::Folder { path: data.clone(), source };
        std::fs::create_dir_all(data).map_err(folder_error)?;
        tighten(data).map_err(folder_error)?;
        lies_outside(data, &config.paths.kek)?;
        lies_outside(data, &config.paths.signing_key)?;
        let lock = FolderLock::take(data)?;

        let place: Place = config.store.url.parse()?;
        if matches!(place, Place::Sqlite(Some(_))) {
            return Err(OpenError::EventsElsewhere);
        }
        let opened = place.open(data, &config.store, Arc::clone(&clock), Arc::clone(&entropy));
        let Opened { events: store, texts } = opened.await?;
        let keys = places::open_keys(&config, &place, &entropy).await?;
        let tokens = Tokens::load(&keys).await?;
        let kek = Arc::new(FileKek::read(&config.paths.kek)?);
        sound(&*store, &keys, &*kek).await?;
        let vault =
            Arc::new(Vault::new(keys, kek, config.vault.clone(), Arc::clone(&clock), Arc::clone(&entropy)));

        let seed = signing_seed(&config.paths.signing_key)?;
        let verifier_key = verifier_key(&seed);
        let mut opened = opened_log(&*store).await?;
        let mut opening = None;
        if opened.is_none() && new_log != NewLog::Refuse {
            opening = places::opening(&place).await?;
            // Another instance may have opened it meanwhile.
            opened = opened_log(&*store).await?;
        }
        let is_new = opened.is_none();
        let log = match opened {
            Some((log, key)) if key == verifier_key => log,
            Some(_) => return Err(OpenError::OtherSigningKey),
            None if new_log == NewLog::Refuse => return Err(OpenError::NotOpened),
            None => {
                let log_id = hex::encode(entropy.bytes::<16>());
                let origin = origin_of(&config, &log_id);
                OpenLog { log_id, origin, simulated: matches!(new_log, NewLog::Simulated { .. }) }
            }
        };
        let intake = Intake::new(
            Arc::clone(&store),
            Arc::clone(&vault),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            log.log_id.clone(),
        );
        let intake = Arc::new(intake);
        if is_new {
            open_log(&intake, &config, &log, new_log, place.engine(), verifier_key).await?;
        }
        drop(opening);
        let timelines = Arc::new(Timelines::new(Arc::clone(&store), Arc::clone(&vault), log.log_id.clone()));
        let erasure =
            Erasure::new(Arc::clone(&intake), Arc::clone(&store), Arc::clone(&vault), Arc::clone(&timelines));
        let finished = erasure.resume().await?;
        if finished > 0 {
            tracing::warn!(finished, "erasures that were cut short, or undone by a backup, are carried out");
        }
        let unfinished = Unfinished::start(erasure.clone(), LOOK_EVERY);
        let sweeper = Sweeper::start(Arc::clone(&vault));
        let instances = Instances::start(Arc::clone(&vault), tokens.clone());
        let accesses = Accesses::new(Arc::clone(&intake));
        let lookup = Lookup::start(
            Arc::clone(&store),
            Arc::clone(&vault),
            Arc::clone(&intake),
            log.log_id.clone(),
            Duration::from_secs(config.vault.lookup_wait_seconds_max),
        );
        let governed = Arc::new(Governed::new(Arc::clone(&store), Arc::clone(&texts)));
        let policies = Policies::new(Arc::clone(&governed), Arc::clone(&texts));
        let registers = Registers::new(Arc::clone(&store), Arc::clone(&clock));
        let decisions = Decisions::new(
            Arc::clone(&store),
            Arc::clone(&timelines),
            Arc::clone(&governed),
            Arc::clone(&clock),
        );
        let exports = Exports::new(
            Arc::clone(&store),
            Arc::clone(&timelines),
            Arc::clone(&governed),
            Arc::clone(&clock),
        );
        let rulebook =
            Rulebook::new(Arc::clone(&intake), Arc::clone(&store), Arc::clone(&texts), Arc::clone(&governed));
        let followed = Arc::new(StoreLog::new(Arc::clone(&store), Arc::clone(&texts)));
        let read_models = places::read_models(&config, &place)?;
        let background = Background::start().map_err(OpenError::Threads)?;
        let (settings, ticking) = (config.projector, Arc::clone(&clock));
        let opening = background
            .run(async move { Projector::open(read_models, settings, followed, ticking).await })
            .await;
        let projector = opening.map_err(|error| OpenError::Threads(error.into()))??;
        let key = NoteKey::from_seed(&log.origin, seed).map_err(|_| OpenError::Origin(log.origin.clone()))?;
        let key = Arc::new(key);
        let held = outside::held(&config.notary.anchors, key.verifier_key());
        not_rolled_back(&*store, &held).await?;
        let opening = notary::Opening {
            place: places::tree(&config, &place)?,
            signing_key_file: &config.paths.signing_key,
            key: Arc::clone(&key),
            entries: Arc::new(StoreEntries::new(Arc::clone(&store))),
            outside: held.checkpoints,
            settings: notary::Settings {
                checkpoint_every: Duration::from_millis(config.notary.checkpoint_milliseconds),
                batch_events: config.notary.batch_events,
            },
            entropy: Arc::clone(&entropy),
        };
        let notary = Arc::new(Notary::open(opening).await?);
        let proofs = Proofs::start(
            Arc::clone(&notary),
            Arc::clone(&intake),
            Arc::clone(&store),
            Arc::clone(&clock),
            &config.notary,
        );
        let parts = outside::Parts {
            notary: Arc::clone(&notary),
            intake: Arc::clone(&intake),
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            key,
        };
        let outside = Outside::start(parts, &config.notary)?;
        let dossiers = Dossiers::new(dossier::Parts {
            store: Arc::clone(&store),
            texts: Arc::clone(&texts),
            timelines: Arc::clone(&timelines),
            governed: Arc::clone(&governed),
            intake: Arc::clone(&intake),
            notary: Arc::clone(&notary),
            proofs: Arc::clone(&proofs),
            outside: Arc::clone(&outside),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            log_id: log.log_id.clone(),
            simulated: log.simulated,
            wait_max: Duration::from_secs(config.notary.receipt_seconds_max),
        });
        Ok(Self {
            projector,
            notary,
            proofs,
            outside,
            dossiers,
            config,
            place,
            store,
            texts,
            vault,
            tokens,
            intake,
            timelines,
            accesses,
            erasure,
            lookup,
            governed,
            policies,
            registers,
            decisions,
            exports,
            rulebook,
            clock,
            entropy,
            log,
            instances,
            _unfinished: unfinished,
            _sweeper: sweeper,
            _background: background,
            _lock: lock,
        })
    }
}

/// The data folder is for its owner alone.
fn tighten(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}
