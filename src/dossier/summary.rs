//! The report of a dossier: what was gathered and proven, as the pages tell it.

use serde_json::Value;
use subject_record_projections::chronicle::Chronicle;
use subject_record_projections::deadlines::DEADLINES;
use subject_record_projections::findings::FINDINGS;
use subject_record_projections::sentences::Sentences;
use subject_record_projections::table::Row;
use subject_record_schemas::personal::Personal;
use subject_record_schemas::types::log::LogOpened;
use subject_record_schemas::vocabulary::Language;
use subject_record_schemas::{EventType, Fact, Position, Reference, StreamName};

use super::cited::Texts;
use super::gather::{Gathered, Part};
use super::prove::{MADE_BY, Proven};
use super::report::{
    ClaimDue, Cover, Dispute, FileHash, FindingLine, HeadsCommitted, Line, LineValues, Look, Party,
    ProofSummary, Report, ShownValue, Stamp, StreamCovered, StreamKind, Text, TextCited, TextKind, Values,
};
use super::rows::{body, tables, words};
use super::{DossierError, Dossiers, Matter};
use crate::timeline::Entry;

impl Dossiers {
    /// What the pages print.
    pub(super) async fn report(
        &self,
        matter: Matter<'_>,
        texts: &Texts,
        files: Vec<FileHash>,
    ) -> Result<Report, DossierError> {
        let Matter { question, gathered, proven, .. } = matter;
        let at_position = gathered.heads.commitment.at_position;
        let office = self.parts.governed.at(Some(at_position)).await?;
        let events: Vec<_> = gathered.subject.all.iter().map(|entry| entry.event.clone()).collect();
        let rows: Vec<Row> =
            Chronicle::of(events, &office).versions().all_at(gathered.made_at).cloned().collect();
        let rows: Vec<Row> = rows.into_iter().filter(|row| rests_on_shown(row, &gathered.subject)).collect();
        let language = question.language;
        let in_force = |day: chrono::NaiveDate| {
            let at = subject_record_projections::subject::end_of_day(day)?;
            let policy = office.policy_in_force(at).into_iter().next()?;
            let (version, hash) = (policy.fact.version.to_string(), policy.fact.text_hash.to_string());
            Some(TextCited { version, hash })
        };
        Ok(Report {
            locale: language,
            simulated: self.parts.simulated,
            made_by: MADE_BY.into(),
            cover: self.cover(matter),
            disputes: disputes(&gathered.subject, &rows, in_force),
            timeline: timeline(gathered, question.values, language),
            tables: tables(&rows),
            findings: rows.iter().filter_map(|row| finding(row, language)).collect(),
            texts: cited_texts(&gathered.cited, texts),
            custody: gathered.access.shown().filter_map(look).collect(),
            proof: summary(gathered, proven, files),
        })
    }

    fn cover(&self, matter: Matter<'_>) -> Cover {
        let Matter { dossier_id, access, question, gathered, .. } = matter;
        let bin = match &gathered.opened.event.fact {
            Fact::LogOpened(LogOpened { operator_bin, .. }) => operator_bin.as_ref().map(ToString::to_string),
            _ => None,
        };
        let opened = |name: &str| {
            let Some(Personal::Open(members)) = &gathered.opened.personal else { return None };
            let member = members.iter().find(|member| member.name == name)?;
            member.value.as_str().map(str::to_owned)
        };
        Cover {
            dossier_id: dossier_id.to_string(),
            made_at: gathered.made_at,
            asked_by: question.asked_by,
            legal_ref: question.legal_ref.as_ref().map(Reference::to_string),
            purpose: access.purpose,
            case_ref: access.case_ref.as_ref().map(Reference::to_string),
            log_id: self.parts.log_id.clone(),
            origin: self.parts.notary.verifier_key().name().to_owned(),
            operator_name: opened("operator_name"),
            operator_bin: bin,
            operator_address: opened("operator_address"),
            subject: question.subject.to_string(),
            as_of: None,
            known_at: gathered.heads.commitment.at_position,
            period: question.period,
            groups: question.groups.iter().map(ToString::to_string).collect(),
            values: question.values,
        }
    }
}

/// Whether every event that a row names among the person's is shown. A row about what was left out would show it.
fn rests_on_shown(row: &Row, part: &Part) -> bool {
    if part.left_out.is_empty() {
        return true;
    }
    let mut named = Vec::new();
    positions(&body(row), &mut named);
    let hidden = |position: &Position| {
        part.all.iter().any(|entry| entry.recorded.position == *position && !part.is_shown(entry))
    };
    !named.iter().any(hidden)
}

/// Every text of sixteen digits: a row names events by position and holds nothing else of this form.
fn positions(value: &Value, found: &mut Vec<Position>) {
    match value {
        Value::String(text) if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            found.extend(text.parse::<Position>());
        }
        Value::Array(items) => items.iter().for_each(|item| positions(item, found)),
        Value::Object(members) => members.values().for_each(|member| positions(member, found)),
        _ => {}
    }
}

fn timeline(gathered: &Gathered, values: Values, language: Language) -> Vec<Line> {
    let mut shown: Vec<&Entry> = gathered.subject.shown().chain(&gathered.cited).collect();
    shown.sort_by_key(|entry| entry.event.occurred_at);
    shown.into_iter().map(|entry| line(entry, values, language)).collect()
}

fn line(entry: &Entry, values: Values, language: Language) -> Line {
    let sentences = Sentences::of(language);
    let event_type = entry.event.fact.event_type();
    let attributes = &entry.stored.attributes;
    let values = match &entry.personal {
        None => LineValues::None,
        Some(_) if values == Values::None => LineValues::None,
        Some(Personal::Sealed) => LineValues::Withheld,
        Some(Personal::Shredded) => LineValues::Shredded,
        Some(Personal::Lost) => LineValues::Lost,
        Some(Personal::Open(members)) => {
            let shown = |member: &crate::timeline::Member| ShownValue {
                name: sentences.member(&member.name).to_owned(),
                text: member.value.as_str().map_or_else(|| words(&member.value).join(", "), str::to_owned),
            };
            LineValues::Shown(members.iter().map(shown).collect())
        }
    };
    Line {
        position: entry.recorded.position,
        revision: entry.recorded.revision.number(),
        stream_kind: match entry.recorded.stream {
            StreamName::Subject(_) => StreamKind::Subject,
            StreamName::Access(_) => StreamKind::Access,
            StreamName::Policy => StreamKind::Policy,
            StreamName::Office => StreamKind::Office,
        },
        occurred_at: entry.event.occurred_at,
        recorded_at: entry.recorded.recorded_at,
        event_type: event_type.wire_name().to_owned(),
        title: sentences.title(event_type).to_owned(),
        sentence: sentences.sentence(event_type, &entry.stored.data),
        source: attributes.source.to_string(),
        actor: attributes.actor.as_ref().map(ToString::to_string),
        values,
        leaf_hash: entry.recorded.leaf_hash.to_string(),
        withdrawn: false,
    }
}

/// What clause 5.2 asks of each dispute: both parties' days, the last day of the written claim by each table of
/// working days, and the text in force.
fn disputes(
    part: &Part,
    rows: &[Row],
    in_force: impl Fn(chrono::NaiveDate) -> Option<TextCited>,
) -> Vec<Dispute> {
    let mut disputes: Vec<Dispute> = Vec::new();
    for entry in part.shown() {
        let Fact::DisputeChanged(changed) = &entry.event.fact else { continue };
        let name = changed.dispute_id.to_string();
        let place = disputes.iter().position(|dispute| dispute.dispute_ref == name);
        let new = || Dispute {
            dispute_ref: name,
            stage: changed.stage,
            arose_at_subject: None,
            arose_at_operator: None,
            due: Vec::new(),
            received_at: None,
            text_in_force: None,
            positions: Vec::new(),
        };
        let place = place.unwrap_or_else(|| {
            disputes.push(new());
            disputes.len() - 1
        });
        let Some(dispute) = disputes.get_mut(place) else { continue };
        dispute.stage = changed.stage;
        dispute.arose_at_subject = changed.arose_on_per_subject.or(dispute.arose_at_subject);
        dispute.arose_at_operator = changed.arose_on_per_operator.or(dispute.arose_at_operator);
        dispute.received_at = dispute.received_at.or(changed.received_at);
        dispute.positions.push(entry.recorded.position);
    }
    for dispute in &mut disputes {
        dispute.due = claims_due(&dispute.dispute_ref, rows);
        let arose = dispute.arose_at_subject.or(dispute.arose_at_operator);
        dispute.text_in_force = arose.and_then(&in_force);
    }
    disputes
}

fn claims_due(dispute: &str, rows: &[Row]) -> Vec<ClaimDue> {
    let mut claims = Vec::new();
    for row in rows.iter().filter(|row| row.table == &DEADLINES) {
        let body = body(row);
        let member = |name: &str| body.get(name).and_then(Value::as_str);
        let by = match (member("reference") == Some(dispute), member("per")) {
            (true, Some("subject")) => Party::Subject,
            (true, Some("operator")) => Party::Operator,
            _ => continue,
        };
        let otherwise = body.get("due_otherwise").and_then(Value::as_array).into_iter().flatten();
        for due in body.get("due").into_iter().chain(otherwise) {
            let calendars = due.get("calendars").map(words).unwrap_or_default();
            let last_day = due.get("last_day").and_then(Value::as_str).and_then(|day| day.parse().ok());
            if let Some(date) = last_day {
                claims.push(ClaimDue { by, calendar_version: calendars.join(", "), date });
            }
        }
    }
    claims
}

fn finding(row: &Row, language: Language) -> Option<FindingLine> {
    if row.table != &FINDINGS {
        return None;
    }
    let body = body(row);
    let (sentences, member) = (Sentences::of(language), |name: &str| body.get(name).and_then(Value::as_str));
    let code = member("finding")?;
    let listed = |name: &str| body.get(name).map(words).unwrap_or_default();
    let positions = listed("evidence");
    let law: Vec<String> = listed("clauses").into_iter().chain(listed("articles")).collect();
    let about = ["thing", "recipient", "ground", "purpose", "categories"].into_iter().flat_map(listed);
    let about: Vec<String> = about.map(|word| sentences.word(&word).to_owned()).collect();
    let event = member("event").and_then(|name| name.parse::<EventType>().ok());
    let event = event.map(|event_type| sentences.title(event_type).to_owned());
    Some(FindingLine {
        code: code.to_owned(),
        title: sentences.finding(code).to_owned(),
        severity: serde_json::from_value(body.get("severity")?.clone()).ok()?,
        at: member("opened_at")?.parse().ok()?,
        cured_at: member("cured_at").and_then(|at| at.parse().ok()),
        positions: positions.iter().filter_map(|position| position.parse().ok()).collect(),
        text: event.into_iter().chain(about).collect::<Vec<_>>().join("; "),
        legal: Some(law.join(", ")).filter(|law| !law.is_empty()),
        rule_pack: member("rule_pack").unwrap_or_default().to_owned(),
    })
}

fn cited_texts(cited: &[Entry], texts: &Texts) -> Vec<Text> {
    let described = |entry: &Entry| match &entry.event.fact {
        Fact::PolicyVersionPublished(policy) => Some((
            policy.text_hash.to_string(),
            TextKind::Policy,
            policy.version.to_string(),
            Some(policy.language),
            policy.posted_at,
        )),
        Fact::ConsentTextPublished(text) => Some((
            text.text_hash.to_string(),
            TextKind::Consent,
            format!("{} {}", text.text_id, text.version),
            Some(text.language),
            entry.event.occurred_at,
        )),
        Fact::RulePackPublished(pack) => Some((
            pack.text_hash.to_string(),
            TextKind::RulePack,
            format!("{} {}", pack.pack_id, pack.version),
            None,
            pack.effective_at,
        )),
        _ => None,
    };
    let text = |(hash, kind, version, locale, published_at): (String, TextKind, String, _, _)| Text {
        body: texts
            .get(&hash)
            .filter(|_| kind != TextKind::RulePack)
            .map(|body| String::from_utf8_lossy(body).into_owned()),
        hash,
        kind,
        version: Some(version),
        locale,
        published_at: Some(published_at),
    };
    cited.iter().filter_map(described).map(text).collect()
}

fn look(entry: &Entry) -> Option<Look> {
    let Fact::RecordViewed(viewed) = &entry.event.fact else { return None };
    Some(Look {
        at: entry.event.occurred_at,
        viewer: viewed.viewer.to_string(),
        role: viewed.role,
        purpose: viewed.purpose,
        case_ref: viewed.case_ref.as_ref().map(ToString::to_string),
        what: viewed.what,
        categories: viewed.categories.iter().map(|c| words(&serde_json::json!(c)).join(" ")).collect(),
        position: entry.recorded.position,
    })
}

fn summary(gathered: &Gathered, proven: &Proven, files: Vec<FileHash>) -> ProofSummary {
    let checkpoint = &proven.checkpoint.checkpoint;
    let stamp = |stamp: &crate::notary::KeptStamp| Stamp {
        authority: stamp.authority.clone(),
        at: stamp.stamped_at,
        checkpoint_size: stamp.size,
    };
    let covered = |part: &Part| StreamCovered {
        stream: part.stream.to_string(),
        revisions: shown_revisions(part),
        complete: part.left_out.is_empty(),
    };
    ProofSummary {
        checkpoint_size: checkpoint.size,
        checkpoint_root: hex::encode(checkpoint.root),
        verifier_key: proven.evidence.log.verifier_key.clone(),
        signatures: proven.checkpoint.note.signers().map(str::to_owned).collect(),
        heads: Some(HeadsCommitted {
            position: gathered.heads.position,
            at_position: gathered.heads.commitment.at_position,
            root: hex::encode(gathered.heads.commitment.root),
        }),
        streams: vec![covered(&gathered.subject), covered(&gathered.access)],
        stamps: proven.stamps.iter().map(stamp).collect(),
        files,
    }
}

/// Revisions that are shown, such as `0-3, 7`.
fn shown_revisions(part: &Part) -> String {
    let mut revisions: Vec<u64> = part.shown().map(|entry| entry.recorded.revision.number()).collect();
    revisions.sort_unstable();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for revision in revisions {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == revision => *last = revision,
            _ => runs.push((revision, revision)),
        }
    }
    let run = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}
