//! What intake has to say about identifiers as they come in: facts without the value, for pure code to judge.

use subject_record_schemas::identifiers::{Bin, IdentifierCheck, Iin};
use subject_record_schemas::types::EventKey;
use subject_record_schemas::types::log::IdentifierChecked;
use subject_record_schemas::vocabulary::NationalIdKind;

use super::{Intake, NewEvent, Refusal};

impl Intake {
    /// An `identifier.checked.v1` for every IIN or BIN of the event that fails its check or is odd.
    ///
    /// A number that passes is the ordinary case and needs no event. A failed check digit is recorded and
    /// judged, never refused.
    pub(super) fn identifiers_checked(&self, event: &NewEvent) -> Result<Vec<NewEvent>, Refusal> {
        let today = self.clock.now().date_naive();
        let text = |members: Option<&serde_json::Map<String, serde_json::Value>>, name: &str| {
            members
                .and_then(|members| members.get(name))
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned)
        };
        let iin = text(event.personal.as_ref(), "iin").and_then(|iin| Iin::parse(&iin).ok());
        let bin = text(Some(&event.data), "bin").and_then(|bin| Bin::parse(&bin).ok());
        let checks = [
            iin.map(|iin| (NationalIdKind::Iin, "iin-check", iin.check(today))),
            bin.map(|bin| (NationalIdKind::Bin, "bin-check", bin.check())),
        ];
        let odd = |check: &IdentifierCheck| !check.check_digit.passes() || !check.warnings.is_empty();
        let events =
            checks.into_iter().flatten().filter(|(_, _, check)| odd(check)).map(|(which, what, check)| {
                let data = IdentifierChecked {
                    which,
                    event: EventKey {
                        source: event.attributes.source.clone(),
                        id: event.attributes.id.clone(),
                    },
                    check_digit: check.check_digit,
                    warnings: check.warnings,
                };
                self.own_event(
                    Self::derived_id(what, &event.key())?,
                    event.stream.clone(),
                    event.attributes.time,
                    None,
                    &data,
                )
            });
        // Only a person's stream carries them: a recipient's BIN is judged from its registration.
        if event.stream.subject().is_some() { events.collect() } else { Ok(Vec::new()) }
    }
}
