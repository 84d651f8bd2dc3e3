//! A rule pack as it is written, and what it must be so that it can be judged by.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Deserialize;
use subject_record_schemas::Reference;

use super::{DeadlineRule, DeadlineTerm, FindingRule, Limits, Lists, RulePack, StatedRule};
use crate::finding::FindingCode;

/// Longest term, in days: ten years.
const DAYS_MAX: u16 = 3660;

/// Why a text is no rule pack, or not the one that was published.
#[derive(Debug, thiserror::Error)]
pub enum RulePackError {
    /// No TOML, or not the members of a rule pack.
    #[error("it is no rule pack: {0}")]
    Shape(#[from] toml::de::Error),
    /// Two rules have one name.
    #[error("two rules are named {0}")]
    NamedTwice(Reference),
    /// Two deadlines hold for one matter on one day, or a day is stated beside a term.
    #[error("{0} and {1} hold for one matter at one time")]
    Overlap(Reference, Reference),
    /// An interval ends before it begins.
    #[error("{0} is valid on no day")]
    NeverValid(Reference),
    /// A term of no day, or of more than ten years.
    #[error("the term of {0} is not between 1 and {DAYS_MAX} days")]
    TermLength(Reference),
    /// A finding is listed twice.
    #[error("finding {0} is listed twice")]
    FindingTwice(FindingCode),
    /// A finding is not listed.
    #[error("finding {0} is not listed")]
    FindingMissing(FindingCode),
    /// The text is another pack than the event that published it says.
    #[error("it is {found}, and {expected} was published")]
    OtherPack {
        /// Name and version by the event.
        expected: String,
        /// Name and version by the text.
        found: String,
    },
}

/// The text of a pack, parsed and not yet checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackFile {
    pack_id: Reference,
    version: Reference,
    effective_from: NaiveDate,
    source_note: String,
    #[serde(default)]
    deadline: Vec<DeadlineRule>,
    #[serde(default)]
    stated: Vec<StatedRule>,
    lists: Lists,
    limits: Limits,
    #[serde(default)]
    finding: Vec<FindingRule>,
}

impl PackFile {
    pub(super) fn checked(mut self) -> Result<RulePack, RulePackError> {
        self.check_names()?;
        self.check_deadlines()?;
        self.finding.sort_by_key(|rule| rule.code);
        let twice = self.finding.windows(2).find(|pair| pair[0].code == pair[1].code);
        if let Some(rule) = twice.and_then(<[_]>::first) {
            return Err(RulePackError::FindingTwice(rule.code));
        }
        let listed: BTreeSet<_> = self.finding.iter().map(|rule| rule.code).collect();
        if let Some(code) = FindingCode::ALL.iter().find(|code| !listed.contains(code)) {
            return Err(RulePackError::FindingMissing(*code));
        }
        Ok(RulePack {
            pack_id: self.pack_id,
            version: self.version,
            effective_from: self.effective_from,
            source_note: self.source_note,
            deadlines: self.deadline,
            stated: self.stated,
            lists: self.lists,
            limits: self.limits,
            findings: self.finding,
        })
    }

    fn check_names(&self) -> Result<(), RulePackError> {
        let mut names = BTreeSet::new();
        let mut ids =
            self.deadline.iter().map(|rule| &rule.id).chain(self.stated.iter().map(|rule| &rule.id));
        match ids.find(|id| !names.insert(*id)) {
            Some(twice) => Err(RulePackError::NamedTwice(twice.clone())),
            None => Ok(()),
        }
    }

    fn check_deadlines(&self) -> Result<(), RulePackError> {
        let overlap =
            |one: &Reference, other: &Reference| Err(RulePackError::Overlap(one.clone(), other.clone()));
        for (at, rule) in self.deadline.iter().enumerate() {
            rule.check()?;
            let same = |other: &&DeadlineRule| other.subject == rule.subject && other.overlaps(rule);
            if let Some(other) = self.deadline.iter().take(at).find(same) {
                return overlap(&other.id, &rule.id);
            }
        }
        for (at, rule) in self.stated.iter().enumerate() {
            let terms = self.deadline.iter().map(|other| (other.subject, &other.id));
            let stated = self.stated.iter().take(at).map(|other| (other.subject, &other.id));
            if let Some((_, other)) = terms.chain(stated).find(|(subject, _)| *subject == rule.subject) {
                return overlap(other, &rule.id);
            }
        }
        Ok(())
    }
}

impl DeadlineRule {
    fn check(&self) -> Result<(), RulePackError> {
        let (DeadlineTerm::WorkingDays { amount } | DeadlineTerm::CalendarDays { amount, .. }) = self.term;
        if !(1..=DAYS_MAX).contains(&amount) {
            return Err(RulePackError::TermLength(self.id.clone()));
        }
        let (first, last) = self.interval();
        if first > last { Err(RulePackError::NeverValid(self.id.clone())) } else { Ok(()) }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let ((first, last), (other_first, other_last)) = (self.interval(), other.interval());
        first <= other_last && other_first <= last
    }

    fn interval(&self) -> (NaiveDate, NaiveDate) {
        (self.valid_from.unwrap_or(NaiveDate::MIN), self.valid_until.unwrap_or(NaiveDate::MAX))
    }
}
