//! The fixed words of the pages, in three languages. A language that lacks one does not compile.
//!
//! `{name}` in a text stands for what [`filled`] puts there.

mod en;
mod kk;
mod ru;
#[cfg(test)]
mod tests;

use subject_record_schemas::vocabulary::Language;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Words of one language.
        pub(super) struct Words {
            $($(#[$doc])* pub(super) $name: &'static str),+
        }

        #[cfg(test)]
        impl Words {
            /// All of them, with their names.
            pub(super) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

words! {
    // Every page
    tag, title, subtitle, simulated, page, contents, checkpoint, yes, no, nothing, unknown,
    // Cover
    dossier, operator, bin, address, subject, asked_by, legal_ref, purpose, case_ref, period, period_all, as_of,
    as_of_all, known_at, groups, groups_all, values, values_shown, values_withheld, values_none, log, made_at,
    made_by, checkpoint_label, checkpoint_value, operator_unknown, about,
    // How to read
    reading, reading_time, reading_zone, reading_position, reading_person, reading_values, reading_counts,
    // Disputes
    disputes, disputes_clause, disputes_none, dispute, stage, venue, venue_unknown, arose_subject,
    arose_operator, claim_received, claim_missing, text_in_force, text_missing, rests_on, due, due_by, due_calendar,
    due_date, due_claim, in_time, late, party_subject, party_operator, disputes_caution, due_missing,
    // Timeline
    timeline, timeline_intro, timeline_none, when, what, proof, happened, recorded, source, actor, position,
    revision, line_withheld, line_shredded, line_lost, line_withdrawn, of_subject, of_access, of_policy,
    of_office,
    // Tables
    tables, tables_intro, tables_none, table_empty,
    // Findings
    findings, findings_intro, findings_caution, findings_none, violation, deadline, warning, since, until,
    still_open, rules,
    // Texts
    texts, texts_intro, texts_none, policy_text, consent_text, rule_pack_text, other_text, language,
    published, hash, body_missing, body_attached,
    // Custody
    custody, custody_intro, custody_none, viewer, opened, none_opened,
    // Purposes of access
    for_support, for_subject_request, for_claim, for_audit, for_regulator, for_court, for_incident,
    for_verification,
    // Verification
    verification, verification_intro, step_verify, step_key, step_extract, step_hash, step_stamp, axes, axis,
    axis_asks, axis_rises, bytes, bytes_asks, bytes_rises, history, history_asks, history_rises, completeness,
    completeness_asks, completeness_rises, witness, witness_asks, witness_rises, time, time_asks, time_rises,
    limits, limit_reported, limit_time, limit_truth, limit_outside, limit_pages, facts, size, root, key, signers,
    heads, heads_value, heads_missing, stream, revisions, complete, complete_claimed, complete_cited, authority,
    stamps_none,
    // Files
    files, files_intro, file,
}

impl Words {
    /// The words of a language.
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::Ru => &ru::WORDS,
            Language::Kk => &kk::WORDS,
            Language::En => &en::WORDS,
        }
    }
}

/// Heads of columns and names of tables that the pages know; keys of read models.
pub(super) fn of_key(language: Language, key: &str) -> Option<&'static str> {
    let table = match language {
        Language::Ru => ru::KEYS,
        Language::Kk => kk::KEYS,
        Language::En => en::KEYS,
    };
    table.iter().find(|(known, _)| *known == key).map(|(_, text)| *text)
}

/// A state of a row that the sentences have no word for.
pub(super) fn of_state(language: Language, state: &str) -> Option<&'static str> {
    let table = match language {
        Language::Ru => ru::STATES,
        Language::Kk => kk::STATES,
        Language::En => en::STATES,
    };
    table.iter().find(|(known, _)| *known == state).map(|(_, text)| *text)
}

/// A text with its places filled.
pub(super) fn filled(text: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}
