//! Published facts that a person's events cite: policies and consent texts by hash or version, recipients by name,
//! and by which rules and working days they are judged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use subject_record_schemas::{Fact, Position, StreamName};

use super::gather::Part;
use super::{DossierError, Dossiers};
use crate::timeline::{Entry, Question};

/// A text that the events cite, under its hash.
pub(super) type Texts = BTreeMap<String, Vec<u8>>;

impl Dossiers {
    /// Events of the stream `policy` that the shown ones cite, and those that judge them.
    pub(super) async fn cited(&self, part: &Part, until: Position) -> Result<Vec<Entry>, DossierError> {
        let mut names = BTreeSet::new();
        for entry in part.shown() {
            gather_names(&entry.stored.data, &mut names);
        }
        let published = self.parts.timelines.entries(&StreamName::Policy, &Question::default()).await?;
        let policies_at: Vec<_> = part.shown().map(|entry| entry.event.occurred_at).collect();
        let (first, last) = (policies_at.iter().min().copied(), policies_at.iter().max().copied());
        let in_force = self.parts.governed.at(Some(until)).await?;
        let versions: BTreeSet<String> = [first, last]
            .into_iter()
            .flatten()
            .flat_map(|at| in_force.policy_in_force(at))
            .map(|policy| policy.fact.version.to_string())
            .collect();
        let is_cited = |entry: &Entry| match &entry.event.fact {
            Fact::PolicyVersionPublished(policy) => {
                names.contains(policy.version.as_str())
                    || names.contains(policy.text_hash.as_str())
                    || versions.contains(policy.version.as_str())
            }
            Fact::ConsentTextPublished(text) => names.contains(text.text_hash.as_str()),
            Fact::RecipientRegistered(recipient) => names.contains(recipient.recipient_id.as_str()),
            Fact::StoragePlaceRegistered(place) => names.contains(place.place_id.as_str()),
            Fact::WorkCalendarPublished(_) | Fact::RulePackPublished(_) => true,
            _ => false,
        };
        Ok(published
            .into_iter()
            .filter(|entry| entry.recorded.position <= until && is_cited(entry))
            .collect())
    }

    /// Texts that the cited facts and the shown events name, those that are kept here.
    pub(super) async fn texts(&self, part: &Part, cited: &[Entry]) -> Result<Texts, DossierError> {
        let mut names = BTreeSet::new();
        for entry in part.shown().chain(cited) {
            gather_names(&entry.stored.data, &mut names);
        }
        let mut texts = Texts::new();
        for name in names.into_iter().filter(|name| is_hash(name)) {
            if let Some(body) = self.parts.texts.text(&name).await? {
                texts.insert(name, body);
            }
        }
        Ok(texts)
    }
}

/// Every text among public data: references, words, hashes.
fn gather_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            names.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| gather_names(item, names)),
        Value::Object(members) => {
            let public = members.iter().filter(|(name, _)| *name != "personal" && *name != "_sd_alg");
            public.for_each(|(_, value)| gather_names(value, names));
        }
        _ => {}
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
