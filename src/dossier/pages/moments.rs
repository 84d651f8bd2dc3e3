//! Instants and days as the pages print them: by the clocks of Kazakhstan, with the offset.

use chrono::{DateTime, FixedOffset, NaiveDate, Offset as _, Utc};
use subject_record_projections::subject::KAZAKHSTAN_OFFSET_SECONDS;
use subject_record_schemas::vocabulary::Language;

/// An instant by the clocks of Kazakhstan.
fn local(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    let offset = FixedOffset::east_opt(KAZAKHSTAN_OFFSET_SECONDS).unwrap_or_else(|| Utc.fix());
    at.with_timezone(&offset)
}

/// To the second, with the offset: `12.03.2026 09:30:05 +05:00`.
pub(super) fn instant(language: Language, at: DateTime<Utc>) -> String {
    let local = local(at);
    format!("{} {}", day(language, local.date_naive()), local.format("%H:%M:%S\u{a0}%:z"))
}

/// The day on which an instant fell in Kazakhstan.
pub(super) fn day_of(at: DateTime<Utc>) -> NaiveDate {
    local(at).date_naive()
}

/// `12.03.2026`, and in English, where that could be read two ways, `12 Mar 2026`.
pub(super) fn day(language: Language, date: NaiveDate) -> String {
    match language {
        Language::Ru | Language::Kk => date.format("%d.%m.%Y").to_string(),
        Language::En => date.format("%-d\u{a0}%b\u{a0}%Y").to_string(),
    }
}
