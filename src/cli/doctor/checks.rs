//! What each check makes of what the service answered. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::cli::output::text;
use crate::cli::{CommandError, with_causes};

/// Seconds by which the server's clock may differ from this machine's. Answers tell whole seconds.
const CLOCK_SECONDS_MAX: i64 = 60;

/// Events by which a projection may lag before somebody should look.
const LAG_EVENTS_MAX: u64 = 100_000;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Ok,
    Warn,
    Fail,
    /// It could not be asked, and nothing follows from that.
    Skip,
}

impl Level {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// A check and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) level: Level,
    /// What was found, and what to do.
    pub(super) says: String,
}

impl Check {
    fn new(level: Level, name: &'static str, says: impl Into<String>) -> Self {
        Self { name, level, says: says.into() }
    }

    pub(super) fn fail(name: &'static str, says: impl Into<String>) -> Self {
        Self::new(Level::Fail, name, says)
    }
}

/// Whether the service takes events, by what it says of its readiness.
pub(super) fn server(ready: &Value) -> Check {
    let is = |member: &str| ready.get(member).and_then(Value::as_bool);
    match (is("ready"), is("draining"), is("store")) {
        (Some(true), _, _) => Check::new(Level::Ok, "server", "answers and takes events"),
        (_, Some(true), _) => Check::fail("server", "is stopping"),
        (_, _, Some(false)) => Check::fail(
            "server",
            "takes no events: the store does not write or its clock leapt; its log says which",
        ),
        _ => Check::fail("server", "answers, but not as subject-record does; check the address"),
    }
}

/// Whether the server's clock and this machine's agree.
pub(super) fn clock(told: Option<DateTime<Utc>>, here: DateTime<Utc>) -> Check {
    let Some(told) = told else { return Check::new(Level::Skip, "clock", "the server tells no time") };
    let seconds = (told - here).num_seconds();
    if seconds.abs() <= CLOCK_SECONDS_MAX {
        return Check::new(Level::Ok, "clock", "the server's and this machine's agree");
    }
    let says =
        format!("the server's differs from this machine's by {seconds} seconds; set the wrong one right");
    Check::new(Level::Warn, "clock", says)
}

/// Whether each projection runs, and how far behind it is.
pub(super) fn projections(answer: &Value) -> Vec<Check> {
    let rows = answer.get("projections").and_then(Value::as_array).cloned().unwrap_or_default();
    if rows.is_empty() {
        return vec![Check::new(Level::Skip, "projections", "the server lists none")];
    }
    rows.iter().map(projection).collect()
}

fn projection(row: &Value) -> Check {
    let name = text(row, "projection");
    if let Some(stopped) = row.get("stopped").filter(|stopped| stopped.is_object()) {
        let (at, cause) = (text(stopped, "position"), text(stopped, "cause"));
        let says = format!("{name} stopped at {at}: {cause}; once mended: projection resume {name}");
        return Check::fail("projections", says);
    }
    let trouble = text(row, "trouble");
    if !trouble.is_empty() {
        return Check::new(Level::Warn, "projections", format!("{name} does not get on: {trouble}"));
    }
    match row.get("lag_events").and_then(Value::as_u64) {
        Some(lag) if lag > LAG_EVENTS_MAX => {
            Check::new(Level::Warn, "projections", format!("{name} is {lag} events behind"))
        }
        Some(lag) => Check::new(Level::Ok, "projections", format!("{name} runs, {lag} events behind")),
        None => Check::fail("projections", format!("the server does not say how far {name} is")),
    }
}

/// A check that the server offers to others or not at all.
pub(super) fn not_asked(name: &'static str, error: &CommandError) -> Check {
    match error {
        CommandError::Refused { code, .. } if code == crate::error::NOT_FOUND.word => {
            Check::new(Level::Skip, name, "this server does not tell of them")
        }
        CommandError::Refused { code, .. } if code == crate::error::FORBIDDEN.word => {
            Check::new(Level::Skip, name, "they are not for this token's role; ask with an operator's")
        }
        other => Check::fail(name, with_causes(other)),
    }
}

/// Which pack judges, and whether every published one reads.
pub(super) fn rules(rules: &Value) -> Check {
    let pack = rules.get("pack").cloned().unwrap_or_default();
    let unread = rules.get("unread_packs").and_then(Value::as_array).cloned().unwrap_or_default();
    let name = text(&pack, "name");
    if let Some(pack) = unread.first() {
        let (id, version, why) = (text(pack, "pack_id"), text(pack, "version"), text(pack, "why"));
        let says = format!(
            "{name} judges, since the published {id}@{version} does not read: {why}; put its text again, or publish a new version"
        );
        return Check::fail("rules", says);
    }
    let origin = if text(&pack, "origin") == "built_in" { "that of the program" } else { "published" };
    Check::new(Level::Ok, "rules", format!("{name} is in force, {origin}"))
}

/// Whether working days are known far enough ahead.
pub(super) fn calendar(rules: &Value, warning_days: u16) -> Check {
    let last = text(rules, "last_covered_day");
    let Some(left) = rules.get("days_left").and_then(Value::as_i64) else {
        return Check::fail("calendar", "the server does not say how far working days are known");
    };
    let next = last.get(..4).and_then(|year| year.parse::<i32>().ok());
    let next = next.map_or_else(|| "the next year".into(), |year| (year + 1).to_string());
    let advice = format!("due dates beyond are provisional; publish work_calendar.published.v1 for {next}");
    if left < 0 {
        Check::fail("calendar", format!("working days were known to {last}; {advice}"))
    } else if left < i64::from(warning_days) {
        let says = format!("working days are known to {last}, {left} days from today; {advice}");
        Check::new(Level::Warn, "calendar", says)
    } else {
        Check::new(Level::Ok, "calendar", format!("working days are known to {last}"))
    }
}

/// Whether the log is of real people.
pub(super) fn log(rules: &Value) -> Check {
    let says = match rules.get("simulated").and_then(Value::as_bool) {
        Some(true) => "simulated: its people are invented",
        _ => "not simulated",
    };
    Check::new(Level::Ok, "log", says)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reaching(days_left: i64) -> Value {
        json!({ "last_covered_day": "2026-12-31", "days_left": days_left })
    }

    #[test]
    fn working_days_that_end_soon_are_warned_of_with_the_day_and_what_to_do() {
        let soon = calendar(&reaching(59), 60);
        assert_eq!(soon.level, Level::Warn);
        for said in ["2026-12-31", "59 days", "work_calendar.published.v1", "2027"] {
            assert!(soon.says.contains(said), "{}", soon.says);
        }
        assert_eq!(calendar(&reaching(0), 60).level, Level::Warn, "the last day itself");
        assert_eq!(calendar(&reaching(-1), 60).level, Level::Fail);
        assert_eq!(calendar(&reaching(-1), 0).level, Level::Fail);
    }

    #[test]
    fn working_days_that_reach_far_enough_are_no_cause_for_a_warning() {
        assert_eq!(calendar(&reaching(60), 60).level, Level::Ok);
        assert_eq!(calendar(&reaching(59), 59).level, Level::Ok);
        assert_eq!(calendar(&json!({}), 60).level, Level::Fail, "no answer is no comfort");
    }

    #[test]
    fn a_server_that_takes_no_events_fails() {
        let ready = |ready, store, draining| json!({ "ready": ready, "store": store, "draining": draining });
        assert_eq!(server(&ready(true, true, false)).level, Level::Ok);
        assert!(server(&ready(false, true, true)).says.contains("stopping"));
        assert!(server(&ready(false, false, false)).says.contains("clock"));
        assert_eq!(server(&Value::Null).level, Level::Fail);
    }

    #[test]
    fn clocks_that_differ_by_more_than_a_minute_are_told_apart() {
        let here: DateTime<Utc> = "2026-11-02T06:00:00Z".parse().unwrap();
        let after = |seconds| clock(Some(here + chrono::TimeDelta::seconds(seconds)), here);
        assert_eq!([after(0).level, after(60).level, after(-60).level], [Level::Ok; 3]);
        assert_eq!([after(61).level, after(-61).level], [Level::Warn; 2]);
        assert_eq!(clock(None, here).level, Level::Skip);
    }

    #[test]
    fn a_stopped_projection_fails_with_its_position_and_cause() {
        let answer = json!({ "projections": [
            { "projection": "history", "lag_events": 0 },
            {
                "projection": "people", "lag_events": 3,
                "stopped": { "position": "0000000000000004", "cause": "unknown type" },
            },
            { "projection": "history", "lag_events": 200_000 },
            { "projection": "history", "lag_events": 2, "trouble": "the disk is full" },
            { "projection": "history" },
        ] });
        let checks = projections(&answer);
        let levels: Vec<_> = checks.iter().map(|check| check.level).collect();
        assert_eq!(levels, [Level::Ok, Level::Fail, Level::Warn, Level::Warn, Level::Fail]);
        assert!(checks[1].says.contains("people stopped at 0000000000000004: unknown type"), "{checks:?}");
        assert_eq!(projections(&json!({}))[0].level, Level::Skip);
    }

    #[test]
    fn what_the_server_does_not_offer_is_passed_over_and_a_fault_is_not() {
        let refused = |code: &str| CommandError::Refused { code: code.into(), detail: String::new() };
        assert_eq!(not_asked("projections", &refused("not_found")).level, Level::Skip);
        assert_eq!(not_asked("projections", &refused("role.forbids")).level, Level::Skip);
        assert_eq!(not_asked("projections", &refused("store.fault")).level, Level::Fail);
    }

    #[test]
    fn a_published_pack_that_does_not_read_fails_and_is_named() {
        let pack = json!({ "name": "kz-94v@2026-1", "origin": "built_in" });
        assert_eq!(rules(&json!({ "pack": pack, "unread_packs": [] })).level, Level::Ok);
        let unread =
            json!([{ "pack_id": "kz-94v", "version": "2026-2", "why": "its text is not kept here" }]);
        let check = rules(&json!({ "pack": pack, "unread_packs": unread }));
        assert!(check.level == Level::Fail && check.says.contains("kz-94v@2026-2"), "{}", check.says);
    }

    #[test]
    fn a_simulated_log_is_called_one() {
        assert!(log(&json!({ "simulated": true })).says.starts_with("simulated"));
        assert_eq!(log(&json!({ "simulated": false })).says, "not simulated");
    }
}
