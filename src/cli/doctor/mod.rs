//! `doctor`: whether all is well with a running service, one line a check.

mod checks;

use chrono::{DateTime, Utc};
use clap::Args;
use reqwest::{Method, Response, header};
use serde_json::json;

use self::checks::{Check, Level};
use super::client::Client;
use super::output;
use super::{CommandError, Common, Format, with_causes};
use crate::app::NewLog;
use crate::clock::{Clock, SystemClock};

/// Check a running service, or a folder that no process owns, with an operator's or an auditor's token.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Warn when working days are known for fewer days than this.
    #[arg(long, default_value_t = 60, value_name = "DAYS")]
    calendar_warning_days: u16,
}

impl Doctor {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let checks = self.examine(&client).await;
        client.close().await;
        if common.format == Format::Table {
            let row = |check: &Check| {
                vec![check.level.word().to_owned(), check.name.to_owned(), check.says.clone()]
            };
            output::table(&["", "CHECK", "RESULT"], &checks.iter().map(row).collect::<Vec<_>>())?;
        } else {
            let healthy = checks.iter().all(|check| check.level != Level::Fail);
            output::json(common.format, &json!({ "healthy": healthy, "checks": checks }), "checks")?;
        }
        match checks.iter().filter(|check| check.level == Level::Fail).count() {
            0 => Ok(()),
            failed => Err(CommandError::Said(format!("{failed} of {} checks failed", checks.len()))),
        }
    }

    async fn examine(&self, client: &Client) -> Vec<Check> {
        // Asked without `send`: a service that is not ready answers 503 and still says why.
        let ready = client.request(Method::GET, "/health/ready").send().await;
        let response = match ready {
            Ok(response) => response,
            Err(error) => return vec![Check::fail("server", with_causes(&client.unreachable(error)))],
        };
        let told = date_of(&response);
        let mut checks = vec![
            checks::server(&response.json().await.unwrap_or_default()),
            checks::clock(told, SystemClock::default().now()),
        ];
        checks.extend(match client.json(client.request(Method::GET, "/v1/projections")).await {
            Ok(answer) => checks::projections(&answer),
            Err(error) => vec![checks::not_asked("projections", &error)],
        });
        match client.json(client.request(Method::GET, "/v1/rules")).await {
            Ok(rules) => checks.extend([
                checks::rules(&rules),
                checks::calendar(&rules, self.calendar_warning_days),
                checks::log(&rules),
            ]),
            Err(error) => checks.push(Check::fail("rules", with_causes(&error))),
        }
        checks
    }
}

/// The server's time, by the header that every answer of it bears (RFC 9110, 6.6.1).
fn date_of(response: &Response) -> Option<DateTime<Utc>> {
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}
