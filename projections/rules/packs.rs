//! Which rule pack is in force.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use subject_record_schemas::types::governance::RulePackPublished;

use super::{RulePack, RulePackError};

/// The packs that are known, in the order in which they became known.
#[derive(Clone, Debug, Default)]
pub struct RulePacks {
    published: Vec<(DateTime<Utc>, Arc<RulePack>)>,
}

impl RulePacks {
    /// The built-in pack alone.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// Takes in a published pack, whose text lies among the published texts under `published.text_hash`.
    ///
    /// The caller has checked the text against that hash, decides what is known, and gives the events in the
    /// order in which they were recorded.
    ///
    /// # Errors
    /// [`RulePackError`] when the text is no rule pack, or another one than was published. Nothing is taken in.
    pub fn publish(&mut self, published: &RulePackPublished, text: &str) -> Result<(), RulePackError> {
        let pack = RulePack::parse(text)?;
        if (&pack.pack_id, &pack.version) != (&published.pack_id, &published.version) {
            let expected = format!("{}@{}", published.pack_id, published.version);
            return Err(RulePackError::OtherPack { expected, found: pack.name() });
        }
        self.published.push((published.effective_at, Arc::new(pack)));
        Ok(())
    }

    /// The pack by which a fact of an instant is judged: of those in effect then, the one that became known
    /// last. Before all of them it is the built-in one.
    #[must_use]
    pub fn in_force(&self, at: DateTime<Utc>) -> &RulePack {
        let known = self.published.iter().rfind(|(effective_at, _)| *effective_at <= at);
        match known {
            Some((_, pack)) => pack,
            None => RulePack::built_in(),
        }
    }
}
