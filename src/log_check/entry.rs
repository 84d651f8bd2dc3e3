//! Stored bytes, read for what `log check` compares. Strictly: a member that no stored event has is a fault.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;
use subject_record_schemas::{EventType, LeafHash};

/// Types by name: every event asks.
static TYPES: LazyLock<HashMap<&'static str, EventType>> =
    LazyLock::new(|| EventType::ALL.iter().map(|known| (known.wire_name(), *known)).collect());

/// Stored bytes as they should be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry<'b> {
    specversion: &'b str,
    #[serde(borrow)]
    pub(super) id: Cow<'b, str>,
    #[serde(borrow)]
    pub(super) source: Cow<'b, str>,
    #[serde(rename = "type")]
    wire_name: &'b str,
    #[serde(default)]
    pub(super) subject: Option<&'b str>,
    #[serde(rename = "time")]
    _time: &'b RawValue,
    #[serde(rename = "actor", default)]
    _actor: Option<&'b RawValue>,
    #[serde(rename = "correlationid", default)]
    _correlation: Option<&'b RawValue>,
    #[serde(rename = "causationid", default)]
    _causation: Option<&'b RawValue>,
    #[serde(rename = "datacontenttype", default)]
    _content_type: Option<&'b RawValue>,
    #[serde(rename = "dataschema", default)]
    _schema: Option<&'b RawValue>,
    #[serde(rename = "recordedby")]
    _recorded_by: &'b RawValue,
    #[serde(rename = "blinding")]
    _blinding: &'b RawValue,
    recordedtime: &'b str,
    sequence: &'b str,
    #[serde(default)]
    previous: Option<&'b str>,
    #[serde(borrow)]
    data: &'b RawValue,
}

/// The personal part of `data`.
#[derive(Deserialize)]
struct Digests<'b> {
    #[serde(borrow)]
    personal: Sorted<'b>,
}

#[derive(Deserialize)]
struct Sorted<'b> {
    #[serde(borrow, rename = "_sd")]
    digests: Vec<&'b str>,
}

impl<'b> Entry<'b> {
    /// Reads stored bytes; the error says what is wrong with them and nothing of what they say.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, String> {
        let text = str::from_utf8(bytes).map_err(|_| "its bytes are no UTF-8".to_owned())?;
        let entry: Self = serde_json::from_str(text).map_err(|error| {
            format!("its bytes are no stored event (byte {} of {})", error.column(), bytes.len())
        })?;
        if entry.specversion != "1.0" {
            return Err("its specversion is not 1.0".to_owned());
        }
        Ok(entry)
    }

    /// Its type, if this build knows it.
    pub(super) fn event_type(&self) -> Result<EventType, String> {
        let known = TYPES.get(self.wire_name).copied();
        known.ok_or_else(|| "its type is none that this version knows".to_owned())
    }

    /// Its revision: twelve digits or more.
    pub(super) fn revision(&self) -> Result<u64, String> {
        let digits = self.sequence.as_bytes();
        let well_formed = digits.len() >= 12 && digits.iter().all(u8::is_ascii_digit);
        let number = self.sequence.parse().ok().filter(|_| well_formed);
        number.ok_or_else(|| "its sequence is no revision".to_owned())
    }

    /// Its recorded time in microseconds.
    pub(super) fn recorded_us(&self) -> Result<i64, String> {
        instant_us(self.recordedtime).ok_or_else(|| "its recordedtime is no instant".to_owned())
    }

    /// Leaf hash of the event before it in its stream, by its own word.
    pub(super) fn previous(&self) -> Result<Option<LeafHash>, String> {
        let previous = self.previous.map(str::parse).transpose();
        previous.map_err(|_| "its previous is no leaf hash".to_owned())
    }

    /// The text of its data.
    pub(super) fn data(&self) -> &'b str {
        self.data.get()
    }

    /// Digests of its personal members.
    pub(super) fn digests(&self) -> Result<Vec<&'b str>, String> {
        // No public text holds a quotation mark, so this stands nowhere else.
        if !self.data.get().contains("\"_sd\":[") {
            return Ok(Vec::new());
        }
        let read: Result<Digests<'b>, _> = serde_json::from_str(self.data.get());
        let digests = read.map_err(|_| "its personal part is no list of digests".to_owned())?;
        Ok(digests.personal.digests)
    }
}

/// Microseconds of an instant in the one spelling that stored bytes have: `2026-02-25T06:00:00.000001Z`.
///
/// Reading it digit by digit takes a tenth of what a reader of every spelling takes.
fn instant_us(text: &str) -> Option<i64> {
    let bytes: &[u8; 27] = text.as_bytes().try_into().ok()?;
    let punctuated = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
    if punctuated.iter().any(|(at, sign)| bytes.get(*at) != Some(sign)) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(5, 7)?, number(8, 10)?)?;
    let time = date.and_hms_micro_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 26)?)?;
    Some(time.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::store::append::instant_text;

    #[test]
    fn instants_read_as_they_are_written() {
        for micros in [0, 1, 1_770_000_000_123_456, 1_772_323_199_999_999, 4_102_444_799_000_001] {
            let text = instant_text(DateTime::from_timestamp_micros(micros).unwrap());
            assert_eq!(instant_us(&text), Some(micros), "{text}");
        }
        for wrong in ["2026-02-25T06:00:00Z", "2026-02-25T06:00:00.000001+", "2026-02-30T06:00:00.000001Z"] {
            assert_eq!(instant_us(wrong), None, "{wrong}");
        }
    }
}
