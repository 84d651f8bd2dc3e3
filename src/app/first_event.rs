//! The first event of a log: what it says, and how it is written.

use std::path::Path;

use ed25519_dalek::SigningKey;
use subject_record_schemas::identifiers::Bin;
use subject_record_schemas::types::hex::{LogId, PublicKeyHex};
use subject_record_schemas::types::log::{LogOpened, LogOpenedPersonal};
use subject_record_schemas::types::{OrganisationName, PostalAddress};
use subject_record_schemas::vocabulary::Engine;
use subject_record_schemas::{Fact, Position, Reference, StoredEvent, StreamName};
use zeroize::Zeroizing;

use super::{NewLog, OpenError, OpenLog};
use crate::config::Config;
use crate::intake::{Intake, Refusal};
use crate::store::{EventStore, ExpectedRevision};

/// Beginning of the origin of a log that the operator gave no name.
const ORIGIN_PREFIX: &str = "subject-record.local/";
/// Letters behind it.
const ORIGIN_LETTERS: usize = 20;

/// The seed of the signing key (RFC 8032).
pub(super) fn signing_seed(path: &Path) -> Result<Zeroizing<[u8; 32]>, OpenError> {
    let malformed = || OpenError::SigningKey { path: path.to_owned() };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|_| malformed())?);
    let mut seed = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), seed.as_mut_slice()).map_err(|_| malformed())?;
    Ok(seed)
}

/// The public half of the signing key.
pub(super) fn verifier_key(seed: &[u8; 32]) -> String {
    hex::encode(SigningKey::from_bytes(seed).verifying_key().as_bytes())
}

/// Name under which a new log is signed: the operator's, or letters that follow from the log's id.
pub(super) fn origin_of(config: &Config, log_id: &str) -> String {
    if !config.notary.origin.is_empty() {
        return config.notary.origin.clone();
    }
    // Letters only: a run of digits would look like an IIN.
    let letter =
        |digit: char| char::from_u32(u32::from('a') + digit.to_digit(16).unwrap_or(0)).unwrap_or('a');
    let letters: String = log_id.chars().take(ORIGIN_LETTERS).map(letter).collect();
    format!("{ORIGIN_PREFIX}{letters}")
}

/// What the first event says of the log, if there is one.
pub(super) async fn opened_log(store: &dyn EventStore) -> Result<Option<(OpenLog, String)>, OpenError> {
    let Some(first) = store.read_all(Position::START, 1).await?.pop() else { return Ok(None) };
    let fact = StoredEvent::read(first.bytes.as_bytes()).and_then(|stored| stored.fact());
    match fact {
        Ok(Fact::LogOpened(opened)) => {
            let log = OpenLog {
                log_id: opened.log_id.as_str().to_owned(),
                origin: opened.verifier_key_name.as_str().to_owned(),
                simulated: opened.simulated,
            };
            Ok(Some((log, opened.verifier_key.as_str().to_owned())))
        }
        _ => Err(OpenError::NoLog),
    }
}

/// Writes the first event.
pub(super) async fn open_log(
    intake: &Intake,
    config: &Config,
    log: &OpenLog,
    new_log: NewLog,
    engine: Engine,
    verifier_key: String,
) -> Result<(), OpenError> {
    let mistake = || OpenError::Opening(Refusal::Store);
    let operator = &config.operator;
    let text = |text: &String| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let operator_bin = match text(&operator.bin) {
        Some(bin) => Some(Bin::parse(&bin).map_err(|_| OpenError::OperatorBin)?),
        None => None,
    };
    let opened = LogOpened {
        log_id: LogId::parse(log.log_id.clone()).map_err(|_| mistake())?,
        operator_bin,
        engine,
        verifier_key_name: Reference::parse(&*log.origin)
            .map_err(|_| OpenError::Origin(log.origin.clone()))?,
        verifier_key: PublicKeyHex::parse(verifier_key).map_err(|_| mistake())?,
        simulated: log.simulated,
        simulated_seed: match new_log {
            NewLog::Real | NewLog::Refuse => None,
            NewLog::Simulated { seed } => Some(seed),
        },
        continues: None,
    };
    let personal = LogOpenedPersonal {
        operator_name: text(&operator.name).map(OrganisationName),
        operator_address: text(&operator.address).map(PostalAddress),
    };
    let own = || async {
        let now = intake.clock().now();
        let event = intake.own_event(intake.own_id()?, StreamName::Office, now, None, &opened)?;
        let event = event.with_personal(&personal)?;
        intake.record_own(event, ExpectedRevision::NoStream).await
    };
    own().await.map(drop).map_err(OpenError::Opening)
}
