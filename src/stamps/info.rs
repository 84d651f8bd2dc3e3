//! What an authority signs: `TSTInfo`, RFC 3161 section 2.4.2.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use der::asn1::{Int, ObjectIdentifier};
use der::oid::db::rfc5912::ID_SHA_256;
use der::{Any, Decode as _, Sequence, Tag, Tagged as _};
use x509_cert::ext::Extensions;

use super::error::StampError;
use super::request::{Imprint, Nonce};
use super::signer::is_plain;

const PART: &str = "the time-stamp information";

/// `Accuracy`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

/// `TSTInfo`. The time stays as it is written: it may have fractions of a second, which a certificate's may not.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct Info {
    version: u8,
    pub(super) policy: ObjectIdentifier,
    imprint: Imprint,
    serial: Int,
    written_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    authority: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

impl Info {
    /// Reads it from the bytes that were signed.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StampError> {
        let info = Self::from_der(bytes).map_err(StampError::malformed(PART))?;
        if info.version != 1 {
            return Err(unlike(format!("it is of version {}, not 1", info.version)));
        }
        if info.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(unlike("it has a critical extension that is not known here"));
        }
        Ok(info)
    }

    /// Checks that it answers what was asked. Without a nonce, whether it is the first answer cannot be known.
    pub(super) fn answers(&self, imprint: &[u8; 32], nonce: Option<Nonce>) -> Result<(), StampError> {
        let algorithm = &self.imprint.hash_algorithm;
        if algorithm.oid != ID_SHA_256 || !is_plain(algorithm) {
            return Err(StampError::OtherHash { found: algorithm.oid.to_string() });
        }
        if self.imprint.hashed_message.as_bytes() != imprint {
            return Err(StampError::OtherImprint);
        }
        match (nonce, &self.nonce) {
            (Some(asked), Some(found)) if found.as_bytes() == asked.integer() => Ok(()),
            (Some(_), _) => Err(StampError::OtherNonce),
            (None, _) => Ok(()),
        }
    }

    /// When the stamp was made.
    pub(super) fn at(&self) -> Result<DateTime<Utc>, StampError> {
        let text = match self.written_time.tag() {
            Tag::GeneralizedTime => std::str::from_utf8(self.written_time.value()).ok(),
            _ => None,
        };
        let at = text.and_then(time).filter(|at| at.timestamp() >= 0);
        at.ok_or_else(|| unlike("its time is not one in UTC, with seconds, after 1970"))
    }

    /// How far the time may be off.
    pub(super) fn accuracy(&self) -> Option<Duration> {
        self.accuracy.as_ref().map(|accuracy| {
            Duration::from_secs(accuracy.seconds.unwrap_or(0).into())
                + Duration::from_millis(accuracy.millis.unwrap_or(0).into())
                + Duration::from_micros(accuracy.micros.unwrap_or(0).into())
        })
    }

    /// Its number, in hex.
    pub(super) fn serial(&self) -> String {
        match self.serial.as_bytes() {
            [0, rest @ ..] if !rest.is_empty() => hex::encode(rest),
            bytes => hex::encode(bytes),
        }
    }
}

fn unlike(reason: impl Into<String>) -> StampError {
    StampError::Malformed { part: PART, reason: reason.into() }
}

/// A time as RFC 3161 writes it: `YYYYMMDDhhmmss[.f…]Z`. Of a fraction nine digits are read.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u32>().ok();
    let nanoseconds: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(4, 6)?, number(6, 8)?)?;
    let time = day.and_hms_nano_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?, nanoseconds)?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_and_without_a_fraction() {
        let read = |text| time(text).map(|at| at.to_rfc3339());
        assert_eq!(read("20250301093000Z").as_deref(), Some("2025-03-01T09:30:00+00:00"));
        assert_eq!(read("20250301093000.25Z").as_deref(), Some("2025-03-01T09:30:00.250+00:00"));
        assert_eq!(
            read("20250301093000.1234567899Z").as_deref(),
            Some("2025-03-01T09:30:00.123456789+00:00")
        );
    }

    #[test]
    fn a_time_that_is_not_exact_is_not_read() {
        for text in [
            "",
            "Z",
            "20250301093000",
            "202503010930Z",
            "20250301093000.Z",
            "20250301093000,5Z",
            "20250301093000+0500",
            "20250230093000Z",
            "20250301246000Z",
            "+0250301093000Z",
            "2025030109300٣Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
