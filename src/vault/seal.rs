//! Openings, digests and sealed boxes: pure functions over bytes.
//!
//! RFC 9901 (SD-JWT), section 4.2, names what we call an opening a disclosure; that word means something else
//! in this field. An opening is base64url of the JSON array `[salt, name, value]`; its digest is base64url of
//! the SHA-256 of that text. The log keeps the digests, a box keeps the openings.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subject_record_schemas::{EventType, StreamName};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::clock::Entropy;

/// Bytes of a salt: 128 random bits, the least RFC 9901 asks for.
const SALT_BYTES: usize = 16;
/// First byte of a box: what follows is a nonce, a ciphertext and a tag of XChaCha20-Poly1305.
const BOX_FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// A data-encryption key. Wiped when it is let go.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Dek([u8; 32]);

impl Dek {
    /// A new random key.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// A key from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key's bytes, for wrapping.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Dek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dek(…)")
    }
}

/// One personal member with its salt: what proves that a digest in the log is that value's.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Opening(String);

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening(…)")
    }
}

impl Opening {
    /// The opening of one member.
    #[must_use]
    pub fn of(name: &str, value: &Value, entropy: &dyn Entropy) -> Self {
        let salt = BASE64URL.encode(entropy.bytes::<SALT_BYTES>());
        let text = Zeroizing::new(json!([salt, name, value]).to_string());
        Self(BASE64URL.encode(text.as_bytes()))
    }

    /// The text that is handed out to prove the value.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The digest that stands in the log: base64url of SHA-256 over the opening's text.
    #[must_use]
    pub fn digest(&self) -> String {
        BASE64URL.encode(Sha256::digest(self.0.as_bytes()))
    }

    /// Name and value of the member, or `None` when the text is no opening.
    #[must_use]
    pub fn member(&self) -> Option<(String, Value)> {
        let text = Zeroizing::new(BASE64URL.decode(&self.0).ok()?);
        let (_salt, name, value): (String, String, Value) = serde_json::from_slice(&text).ok()?;
        Some((name, value))
    }
}

/// Openings of the members of `data.personal`.
#[must_use]
pub fn openings_of(personal: &Map<String, Value>, entropy: &dyn Entropy) -> Vec<Opening> {
    personal.iter().map(|(name, value)| Opening::of(name, value, entropy)).collect()
}

/// Digests of openings, sorted, so that their order says nothing.
#[must_use]
pub fn sorted_digests(openings: &[Opening]) -> Vec<String> {
    let mut digests: Vec<_> = openings.iter().map(Opening::digest).collect();
    digests.sort_unstable();
    digests
}

/// Where a box belongs. A box moved to any other place does not open.
#[derive(Clone, Copy, Debug)]
pub struct BoxPlace<'a> {
    /// Id of the log.
    pub log_id: &'a str,
    /// Stream of the event.
    pub stream: &'a StreamName,
    /// Source of the event.
    pub source: &'a str,
    /// Id of the event.
    pub id: &'a str,
    /// Type of the event.
    pub event_type: EventType,
}

impl BoxPlace<'_> {
    /// Each part with its length in front, so that no two places spell alike.
    fn associated_data(&self) -> Vec<u8> {
        let stream = self.stream.to_string();
        let parts = [
            &[BOX_FORMAT][..],
            self.log_id.as_bytes(),
            stream.as_bytes(),
            self.source.as_bytes(),
            self.id.as_bytes(),
            self.event_type.wire_name().as_bytes(),
        ];
        length_prefixed(&parts)
    }
}

/// Parts joined, each behind its length as four bytes, big endian.
#[must_use]
pub(super) fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        joined.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// A box that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoxError {
    /// Not a format this build knows.
    #[error("the box has an unknown format")]
    Format,
    /// Wrong key, wrong place, or altered.
    #[error("the box does not open: wrong key, wrong place, or altered")]
    Altered,
    /// What is inside is not what was put in.
    #[error("the box holds no openings")]
    Content,
}

/// Seals openings together for their place.
///
/// # Errors
/// [`BoxError::Content`] when the openings are too long for the cipher, which stored events never are.
pub fn seal_box(
    dek: &Dek,
    place: &BoxPlace<'_>,
    openings: &[Opening],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, BoxError> {
    let mut joined = Zeroizing::new(String::with_capacity(openings.iter().map(|o| o.0.len() + 1).sum()));
    for opening in openings {
        if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(&opening.0);
    }
    encrypt(dek.bytes(), &place.associated_data(), joined.as_bytes(), entropy).ok_or(BoxError::Content)
}

/// Opens a box that was sealed for this place.
///
/// # Errors
/// [`BoxError`], which carries nothing of the content.
pub fn open_box(dek: &Dek, place: &BoxPlace<'_>, sealed: &[u8]) -> Result<Vec<Opening>, BoxError> {
    if sealed.first() != Some(&BOX_FORMAT) {
        return Err(BoxError::Format);
    }
    let plain = decrypt(dek.bytes(), &place.associated_data(), sealed).ok_or(BoxError::Altered)?;
    let text = std::str::from_utf8(&plain).map_err(|_| BoxError::Content)?;
    Ok(text.split('\n').map(|opening| Opening(opening.to_owned())).collect())
}

/// Format, nonce, ciphertext, tag.
pub(super) fn encrypt(
    key: &[u8; 32],
    associated_data: &[u8],
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Option<Vec<u8>> {
    let nonce = entropy.bytes::<NONCE_BYTES>();
    let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + plain.len() + TAG_BYTES);
    sealed.push(BOX_FORMAT);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let buffer = sealed.get_mut(1 + NONCE_BYTES..)?;
    let tag = cipher.encrypt_inout_detached(&XNonce::from(nonce), associated_data, buffer.into()).ok()?;
    sealed.extend_from_slice(&tag);
    Some(sealed)
}

/// The inverse of [`encrypt`]; `None` when anything is not as it was.
pub(super) fn decrypt(key: &[u8; 32], associated_data: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (format, rest) = sealed.split_first()?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>()?;
    let (body, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    if *format != BOX_FORMAT {
        return None;
    }
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let mut plain = Zeroizing::new(body.to_vec());
    let buffer = plain.as_mut_slice();
    cipher
        .decrypt_inout_detached(&XNonce::from(*nonce), associated_data, buffer.into(), &Tag::from(*tag))
        .ok()?;
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededEntropy;
    use subject_record_schemas::SubjectId;

    fn sealed() -> (Dek, StreamName, Vec<u8>, Vec<Opening>) {
        let entropy = SeededEntropy::new(7);
        let dek = Dek::random(&entropy);
        let stream = StreamName::Subject(SubjectId::parse("p-0192a1b2").unwrap());
        let members = json!({ "email": "gulnur@example.kz", "iin": "910708200012" });
        let openings = openings_of(members.as_object().unwrap(), &entropy);
        let sealed = seal_box(&dek, &place(&stream), &openings, &entropy).unwrap();
        (dek, stream, sealed, openings)
    }

    fn place(stream: &StreamName) -> BoxPlace<'_> {
        BoxPlace {
            log_id: "log",
            stream,
            source: "platform",
            id: "e-1",
            event_type: EventType::SubjectRegistered,
        }
    }

    #[test]
    fn a_box_opens_in_its_place() {
        let (dek, stream, sealed, openings) = sealed();
        assert_eq!(open_box(&dek, &place(&stream), &sealed), Ok(openings));
    }

    #[test]
    fn attack_a_box_moved_to_any_other_place_stays_shut() {
        let (dek, stream, sealed, _) = sealed();
        let other = StreamName::Subject(SubjectId::parse("p-0192a1b3").unwrap());
        let here = place(&stream);
        for moved in [
            BoxPlace { log_id: "other", ..here },
            BoxPlace { stream: &other, ..here },
            BoxPlace { source: "platfor", ..here },
            BoxPlace { id: "e-2", ..here },
            BoxPlace { event_type: EventType::ConsentGiven, ..here },
            BoxPlace { log_id: "logp", source: "latform", ..here },
        ] {
            assert_eq!(open_box(&dek, &moved, &sealed), Err(BoxError::Altered), "{moved:?}");
        }
    }

    #[test]
    fn attack_a_single_bit_flipped_anywhere_keeps_the_box_shut() {
        let (dek, stream, sealed, _) = sealed();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open_box(&dek, &place(&stream), &altered).is_err(), "byte {at}");
        }
        for cut in 0..sealed.len() {
            assert!(open_box(&dek, &place(&stream), &sealed[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn attack_another_key_does_not_open_the_box() {
        let (_, stream, sealed, _) = sealed();
        let other = Dek::random(&SeededEntropy::new(8));
        assert_eq!(open_box(&other, &place(&stream), &sealed), Err(BoxError::Altered));
    }

    /// The worked example of RFC 9901, section 4.2.3: its opening text and its digest.
    #[test]
    fn digests_follow_rfc_9901() {
        let opening =
            Opening("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0".into());
        assert_eq!(opening.digest(), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
        assert_eq!(opening.member(), Some(("family_name".into(), json!("Möbius"))));
    }

    #[test]
    fn debug_shows_no_value() {
        let (dek, _, _, openings) = sealed();
        assert_eq!(format!("{dek:?} {:?}", openings[0]), "Dek(…) Opening(…)");
    }
}
