//! Events as a platform would send them, all of invented people.

use std::io::Write;

use subject_record::clock::{Clock, Entropy, SeededEntropy, SystemClock};

/// Who events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum People {
    /// The known people one after the other.
    KnownInTurn,
    /// Any of the known people.
    Known,
    /// A new person each time.
    New,
}

/// Makes events, no two with the same id.
#[derive(Debug)]
pub(super) struct Emitter {
    entropy: SeededEntropy,
    clock: SystemClock,
    known: u64,
    made: u64,
}

impl Default for Emitter {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Emitter {
    /// An emitter of events about this many known people.
    pub(super) fn new(known: u64) -> Self {
        Self { entropy: SeededEntropy::new(1), clock: SystemClock::default(), known, made: 0 }
    }

    /// How many people it knows.
    pub(super) fn known(&self) -> u64 {
        self.known
    }

    /// Appends one event, or an array of them.
    pub(super) fn write_body(&mut self, body: &mut Vec<u8>, batch: usize, people: People) {
        if batch == 1 {
            return self.write_event(body, people);
        }
        for n in 0..batch {
            body.push(if n == 0 { b'[' } else { b',' });
            self.write_event(body, people);
        }
        body.push(b']');
    }

    fn write_event(&mut self, body: &mut Vec<u8>, people: People) {
        self.made += 1;
        let made = self.made;
        let entropy: &dyn Entropy = &self.entropy;
        let random = u64::from_le_bytes(entropy.bytes());
        let person = match people {
            People::KnownInTurn => made % self.known,
            People::Known => random % self.known,
            People::New => self.known + made,
        };
        let id = entropy.uuid_v7(self.clock.now());
        let (subject, case) = (letters(person), letters(made));
        // In the order of sending, as a platform tells what happened: facts that come late cost a fold of all before.
        let time = FIRST_TIME_MILLIS + i64::try_from(made * 50).unwrap_or(0);
        let time = chrono::DateTime::from_timestamp_millis(time).unwrap_or_default();
        let time = time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        // Writing to a Vec cannot fail.
        let _ = if made.is_multiple_of(2) {
            write!(
                body,
                r#"{{"specversion":"1.0","id":"{id}","source":"platform/disclosures","type":"disclosure.made.v1","subject":"p-{subject}","time":"{time}","actor":"staff-legal-2","data":{{"disclosure_id":"d-{case}","recipient_id":"lawyer-bureau-7","ground":"3.5.1","categories":["full_name","phone"],"purpose":"service","country":"KZ","channel":"secure_api","subject_notice":"required","personal":{{"package_commitment":"{random:064x}"}}}}}}"#
            )
        } else {
            write!(
                body,
                r#"{{"specversion":"1.0","id":"{id}","source":"platform/consents","type":"consent.given.v1","subject":"p-{subject}","time":"{time}","data":{{"consent_id":"c-{case}","text_id":"services","version":"3","text_hash":"{HASH}","purposes":["service","notify"],"categories":["full_name","email"],"third_party":false,"cross_border":false,"public":false,"term":{{"until":"2027-02-03"}},"form":"nonstate_service","strength":"otp","by":"self","personal":{{"signer":{{"family":"Әлімқұлова","given":"Гүлнұр"}}}}}}}}"#
            )
        };
    }
}

/// When the first event happened: 1 January 2026, in milliseconds since 1970.
const FIRST_TIME_MILLIS: i64 = 1_767_225_600_000;

/// SHA-256 of a consent text.
const HASH: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f";

/// Sixteen letters of a number, scattered, so that neighbours do not lie together in an index. Letters, since
/// digits might look like somebody's phone.
fn letters(number: u64) -> String {
    // The finaliser of SplitMix64: one to one.
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    bits.to_be_bytes()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(b'a' + nibble))
        .collect()
}
