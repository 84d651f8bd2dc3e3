//! Signed notes (C2SP `signed-note`) and timed cosignatures of checkpoints (C2SP `tlog-cosignature`).
//!
//! `signed_note` reads notes and derives key ids. The signatures are made and checked here: it knows no
//! cosignatures, checks one signature per key at most, and would take the seed as text that nobody wipes.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a cosignature's time: POSIX seconds, big-endian.
const TIME_BYTES: usize = 8;

/// What a key signs, by its type byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// 0x01: Ed25519 over the note's body. Logs sign so.
    Ed25519,
    /// 0x04: Ed25519 over a time and the body of a checkpoint. Witnesses sign so.
    Cosignature,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// Why a key or a note is no good.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// The text is no key of the form name, id, key, or its id is not that of the key.
    #[error("malformed verifier key")]
    MalformedKey,
    /// Keys of this type are not read here.
    #[error("verifier keys of type {0:#04x} are not supported")]
    UnknownKind(u8),
    /// A key's name is empty, or holds a space, a plus or a control character.
    #[error("a key name must not be empty, nor hold spaces, '+' or control characters")]
    MalformedName,
    /// The text is no signed note, or more than 100 signatures or 1,000,000 bytes of one.
    #[error("malformed note")]
    MalformedNote,
    /// The text is no signature line.
    #[error("malformed signature line")]
    MalformedSignature,
    /// A time before 1970.
    #[error("a cosignature cannot be of a time before 1970")]
    MalformedTime,
    /// This key did not sign the note.
    #[error("the note is not signed by {0}")]
    NotSigned(String),
    /// The note has a signature under this key's name and id, and it does not hold.
    #[error("the signature of {0} does not hold")]
    BadSignature(String),
}

/// What a signature that holds says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Time of a cosignature, in seconds since 1970, as its signer says; nothing for other kinds.
    pub at: Option<i64>,
}

/// Name and id of a key, by which a note's signatures are found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct KeyName {
    name: Arc<str>,
    id: u32,
}

impl KeyName {
    fn of(name: &str, kind: KeyKind, key: &[u8; 32]) -> Result<Self, NoteError> {
        if !signed_note::is_key_name_valid(name) || name.chars().any(char::is_control) {
            return Err(NoteError::MalformedName);
        }
        Ok(Self { name: name.into(), id: signed_note::key_id(name, &typed(kind, key)) })
    }
}

fn typed(kind: KeyKind, key: &[u8; 32]) -> Vec<u8> {
    [&[kind.byte()], key.as_slice()].concat()
}

/// A key to check signatures with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    named: KeyName,
    kind: KeyKind,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    /// A key of a log.
    ///
    /// # Errors
    /// [`NoteError`], when the name or the key is malformed.
    pub fn new_ed25519(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        Self::new(name, KeyKind::Ed25519, key)
    }

    /// A key of a cosigner.
    ///
    /// # Errors
    /// [`NoteError`], when the name or the key is malformed.
    pub fn new_cosigner(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        Self::new(name, KeyKind::Cosignature, key)
    }

    fn new(name: &str, kind: KeyKind, key: &[u8; 32]) -> Result<Self, NoteError> {
        let named = KeyName::of(name, kind, key)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| NoteError::MalformedKey)?;
        // Anybody can sign for a key of small order.
        if key.is_weak() {
            return Err(NoteError::MalformedKey);
        }
        Ok(Self { named, kind, key })
    }

    /// Reads the form `name+id+key`: id in hex, type byte and key in base64.
    ///
    /// # Errors
    /// [`NoteError`], when the text is not exactly what [`Display`](fmt::Display) writes for a key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::MalformedKey);
        };
        let key = BASE64.decode(key).map_err(|_| NoteError::MalformedKey)?;
        let (kind, key) = key.split_first().ok_or(NoteError::MalformedKey)?;
        let kind = match kind {
            0x01 => KeyKind::Ed25519,
            0x04 => KeyKind::Cosignature,
            other => return Err(NoteError::UnknownKind(*other)),
        };
        let key = Self::new(name, kind, key.try_into().map_err(|_| NoteError::MalformedKey)?)?;
        if key.to_string() == text { Ok(key) } else { Err(NoteError::MalformedKey) }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.named.name
    }

    /// What the key signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Checks one signature over a note's body.
    fn check(&self, body: &str, signature: &[u8]) -> Option<Verified> {
        match self.kind {
            KeyKind::Ed25519 => {
                let signature = Signature::from_slice(signature).ok()?;
                self.key.verify_strict(body.as_bytes(), &signature).ok()?;
                Some(Verified { at: None })
            }
            KeyKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<TIME_BYTES>()?;
                let at = i64::from_be_bytes(*time);
                let signature = Signature::from_slice(signature).ok()?;
                self.key.verify_strict(timed(at, body)?.as_bytes(), &signature).ok()?;
                Some(Verified { at: Some(at) })
            }
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode(typed(self.kind, self.key.as_bytes()));
        write!(f, "{}+{:08x}+{key}", self.named.name, self.named.id)
    }
}

/// What a cosigner signs. Nothing for a time before 1970.
fn timed(at: i64, body: &str) -> Option<String> {
    (at >= 0).then(|| format!("cosignature/v1\ntime {at}\n{body}"))
}

/// A key with its name, to sign with. The key is wiped when it is let go.
struct Seeded {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

impl Seeded {
    fn new(name: &str, kind: KeyKind, seed: &Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, kind, key.verifying_key().as_bytes())?;
        Ok(Self { verifier, key })
    }

    fn line(&self, signature: &[u8]) -> String {
        let KeyName { name, id } = &self.verifier.named;
        format!("— {name} {}", BASE64.encode([&id.to_be_bytes(), signature].concat()))
    }
}

/// The key a log signs with.
pub struct SigningKey(Seeded);

impl SigningKey {
    /// The key of a log from its seed (RFC 8032).
    ///
    /// # Errors
    /// [`NoteError::MalformedName`].
    pub fn from_seed(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        Seeded::new(name, KeyKind::Ed25519, &seed).map(Self)
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.0.verifier)
    }
}

/// The key a witness cosigns with.
pub struct CosigningKey(Seeded);

impl CosigningKey {
    /// The key of a cosigner from its seed (RFC 8032).
    ///
    /// # Errors
    /// [`NoteError::MalformedName`].
    pub fn from_seed(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        Seeded::new(name, KeyKind::Cosignature, &seed).map(Self)
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.0.verifier
    }

    /// The signature line, without a newline, for the body of a checkpoint at this time in seconds since 1970.
    ///
    /// # Errors
    /// [`NoteError::MalformedNote`] for a body that no note can have, [`NoteError::MalformedTime`] before 1970.
    pub fn cosign(&self, note_body: &str, unix_seconds: i64) -> Result<String, NoteError> {
        well_formed(note_body)?;
        let message = timed(unix_seconds, note_body).ok_or(NoteError::MalformedTime)?;
        let signature = self.0.key.sign(message.as_bytes()).to_bytes();
        Ok(self.0.line(&[unix_seconds.to_be_bytes().as_slice(), &signature].concat()))
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosigningKey({}, …)", self.0.verifier)
    }
}

fn well_formed(body: &str) -> Result<(), NoteError> {
    signed_note::Note::new(body.as_bytes(), &[]).map(|_| ()).map_err(|_| NoteError::MalformedNote)
}

/// A signed note, well formed. What its signatures are worth is asked per key.
///
/// Cheap to clone; two are equal when their texts are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Note {
    text: Arc<str>,
    /// Bytes of the body, with its last newline and without the empty line after it.
    body_bytes: usize,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::MalformedNote`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        signed_note::Note::from_bytes(text.as_bytes()).map_err(|_| NoteError::MalformedNote)?;
        let blank = text.rfind("\n\n").ok_or(NoteError::MalformedNote)?;
        Ok(Self { text: text.into(), body_bytes: blank + 1 })
    }

    /// A note of this body with the signature of a log.
    ///
    /// # Errors
    /// [`NoteError::MalformedNote`], when the body is empty, does not end in a newline or has other control
    /// characters.
    pub fn sign(body: &str, key: &SigningKey) -> Result<Self, NoteError> {
        well_formed(body)?;
        let signature = key.0.key.sign(body.as_bytes()).to_bytes();
        Self::parse(&format!("{body}\n{}\n", key.0.line(&signature)))
    }

    /// The body that is signed, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get(..self.body_bytes).unwrap_or_default()
    }

    /// The whole note: body, empty line, signature lines.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The signature lines, without newlines.
    pub fn signature_lines(&self) -> impl Iterator<Item = &str> {
        self.text.get(self.body_bytes..).unwrap_or_default().lines().skip(1)
    }

    /// Names of the keys that the signature lines give, whatever the signatures are worth.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.signature_lines().filter_map(|line| line.split(' ').nth(1))
    }

    /// The same note with one more signature line, with or without its newline. It takes the place of one by the
    /// same key.
    ///
    /// # Errors
    /// [`NoteError::MalformedSignature`], or [`NoteError::MalformedNote`] above 100 signatures.
    pub fn with_signature(&self, line: &str) -> Result<Self, NoteError> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let added = signature_of(line).ok_or(NoteError::MalformedSignature)?;
        let mut text = format!("{}\n", self.text());
        for kept in self.signature_lines() {
            let same =
                signature_of(kept).is_some_and(|kept| kept.name() == added.name() && kept.id() == added.id());
            if !same {
                text.push_str(kept);
                text.push('\n');
            }
        }
        text.push_str(line);
        text.push('\n');
        Self::parse(&text)
    }

    /// Checks the signatures of one key. Those of other keys count for nothing; every one under this key's name
    /// and id must hold.
    ///
    /// # Errors
    /// [`NoteError::NotSigned`], when there is none; [`NoteError::BadSignature`], when one does not hold.
    pub fn verify(&self, key: &VerifierKey) -> Result<Verified, NoteError> {
        let mut verified: Option<Verified> = None;
        for line in self.signature_lines() {
            let Some(signature) = signature_of(line) else { continue };
            if signature.name() != key.name() || signature.id() != key.named.id {
                continue;
            }
            let held = key
                .check(self.text(), signature.signature())
                .ok_or_else(|| NoteError::BadSignature(key.name().to_owned()))?;
            // Of several cosignatures by one key, the latest tells most.
            verified = Some(Verified { at: held.at.max(verified.and_then(|earlier| earlier.at)) });
        }
        verified.ok_or_else(|| NoteError::NotSigned(key.name().to_owned()))
    }
}

fn signature_of(line: &str) -> Option<signed_note::Signature> {
    signed_note::Signature::from_bytes(line.as_bytes()).ok()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({:?})", self.text)
    }
}

#[cfg(test)]
mod tests;
