//! `decision ask`: may this be done with these people's data?

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};
use subject_record_schemas::{Reference, SubjectId};

use super::client::Client;
use super::output::{self, text};
use super::{CommandError, Common, Format};
use crate::app::NewLog;

/// Decisions.
#[derive(Debug, Subcommand)]
pub(super) enum Decision {
    /// Ask before acting: to process data (--purpose, --category), to send a message (--message, --channel), or to
    /// pass data on (--recipient, --country, --purpose, --category).
    Ask {
        /// The platform's ids of the people; up to 1,000.
        #[arg(required = true, num_args = 1..=1000)]
        subjects: Vec<SubjectId>,
        /// What for: service, identify, notify, advertising or research.
        #[arg(long, required_unless_present = "message", conflicts_with = "message")]
        purpose: Option<String>,
        /// Category of data, such as email; may be given more than once.
        #[arg(long = "category", required_unless_present = "message", conflicts_with = "message")]
        categories: Vec<String>,
        /// Recipient that data is passed to.
        #[arg(long, requires = "country", conflicts_with = "message")]
        recipient: Option<Reference>,
        /// Country of the recipient, two letters.
        #[arg(long, requires = "recipient")]
        country: Option<String>,
        /// Clause it is to rest on, such as 3.5.1; without it a consent is looked for.
        #[arg(long, requires = "recipient")]
        ground: Option<String>,
        /// The consent, agreement or request it is to rest on.
        #[arg(long, requires = "recipient")]
        ground_ref: Option<Reference>,
        /// Class of a message: service or advertising.
        #[arg(long, requires = "channel")]
        message: Option<String>,
        /// Way of the message: sms, email, push, phone, in_app or post.
        #[arg(long, requires = "message")]
        channel: Option<String>,
        /// What had happened by then: an instant, or a day in Kazakhstan.
        #[arg(long)]
        as_of: Option<String>,
        /// What was recorded by then: an instant, a day in Kazakhstan, or a position.
        #[arg(long)]
        known_at: Option<String>,
    },
}

impl Decision {
    pub(super) async fn run(self, common: &Common) -> Result<(), CommandError> {
        let client = Client::open(common, NewLog::Refuse).await?;
        let body = self.body();
        let answer = client.json(client.request(Method::POST, "/v1/decisions").json(&body)).await;
        client.close().await;
        let answer = answer?;
        match common.format {
            Format::Table => print(&answer),
            format => output::json(format, &answer, "decisions"),
        }
    }

    /// The question as it is sent.
    fn body(&self) -> Value {
        let Self::Ask {
            subjects,
            purpose,
            categories,
            recipient,
            country,
            ground,
            ground_ref,
            message,
            channel,
            as_of,
            known_at,
        } = self;
        let question = match (message, recipient) {
            (Some(class), _) => json!({ "message": { "class": class, "channel": channel } }),
            (None, Some(recipient)) => json!({ "disclosure": said(json!({
                "recipient_id": recipient, "country": country, "purpose": purpose, "categories": categories,
                "ground": ground, "ground_ref": ground_ref,
            })) }),
            (None, None) => {
                json!({ "processing": { "purpose": purpose, "categories": categories } })
            }
        };
        said(json!({ "question": question, "subjects": subjects, "as_of": as_of, "known_at": known_at }))
    }
}

/// An object without the members that were not said.
fn said(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}

fn print(answer: &Value) -> Result<(), CommandError> {
    let list = |value: &Value, member: &str| {
        value.get(member).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let row = |decision: &Value| {
        let known = decision.get("known") == Some(&Value::Bool(true));
        let grounds = list(decision, "grounds")
            .into_iter()
            .map(|ground| [text(&ground, "clause"), text(&ground, "reference")].join(" ").trim().to_owned());
        let objections = list(decision, "objections").into_iter().map(|objection| {
            let articles = list(&objection, "articles");
            let articles: Vec<_> = articles.iter().filter_map(Value::as_str).collect();
            format!("{} {} {}", text(&objection, "finding"), text(&objection, "severity"), articles.join(","))
        });
        vec![
            text(decision, "subject"),
            if known {
                text(decision, "allowed")
            } else {
                format!("{} (unknown person)", text(decision, "allowed"))
            },
            grounds.collect::<Vec<_>>().join("; "),
            objections.collect::<Vec<_>>().join("; "),
        ]
    };
    let decisions = list(answer, "decisions");
    let rows: Vec<_> = decisions.iter().map(row).collect();
    output::table(&["PERSON", "ALLOWED", "GROUNDS", "AGAINST IT"], &rows)
}
