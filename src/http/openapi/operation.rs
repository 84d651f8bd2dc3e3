//! What an operation is described by.

use subject_record_schemas::EventType;
use subject_record_schemas::vocabulary::Role;

use crate::error::{self, Code};

/// JSON documents, one a line. Its schema is that of a line.
pub(super) const LINES: &str = "application/x-ndjson";

/// A method of HTTP, as far as any route uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// In capitals.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Who an operation is mostly for. Its roles say who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Platform,
    Readers,
    Officer,
    Operator,
    Anybody,
}

impl Group {
    pub(super) const ALL: [Self; 5] =
        [Self::Platform, Self::Readers, Self::Officer, Self::Operator, Self::Anybody];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Platform => "Platform backend",
            Self::Readers => "Support staff and auditors",
            Self::Officer => "Data-protection officer",
            Self::Operator => "Operator",
            Self::Anybody => "Without a token",
        }
    }

    /// What they come for.
    pub(super) const fn purpose(self) -> &'static str {
        match self {
            Self::Platform => "Emit facts, one or many, and learn where they stand in the record.",
            Self::Readers => "Find a person, replay their timeline, see the profile as it was on any day.",
            Self::Officer => {
                "Publish the texts that people see, erase a person for good. Officers also append policy and office events."
            }
            Self::Operator => {
                "Make and revoke tokens, watch over the read models. No personal data comes through here."
            }
            Self::Anybody => "Health, and the description of all this.",
        }
    }

    /// Name in an address within the page.
    pub(super) const fn anchor(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Readers => "readers",
            Self::Officer => "officer",
            Self::Operator => "operator",
            Self::Anybody => "anybody",
        }
    }
}

/// An operation: one method of one path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) group: Group,
    /// Who may; empty for anybody, without a token.
    pub(super) roles: &'static [Role],
    pub(super) summary: &'static str,
    /// Paragraphs.
    pub(super) text: &'static [&'static str],
    pub(super) parameters: &'static [&'static [Parameter]],
    pub(super) bodies: &'static [Body],
    pub(super) answers: &'static [Answer],
    /// Refusals of this operation; those of every route with roles are in [`Operation::codes`] too.
    pub(super) refusals: &'static [&'static [Code]],
    /// Query of the example, with its question mark.
    pub(super) example_query: &'static str,
}

impl Operation {
    /// Every code it may refuse with, by status.
    pub(super) fn codes(&self) -> Vec<Code> {
        const WITH_TOKEN: &[Code] = &[error::UNAUTHENTICATED, error::FORBIDDEN];
        const ANY: &[Code] = &[error::TIMED_OUT, error::INTERNAL];
        let with_token = if self.roles.is_empty() { &[] } else { WITH_TOKEN };
        let lists = self.refusals.iter().copied().chain([with_token, ANY]);
        let mut codes: Vec<_> = lists.flatten().copied().collect();
        codes.sort_by_key(|code| code.status);
        codes
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        self.parameters.iter().copied().flatten()
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Pattern(&'static str),
    Flag,
    /// From one to the limit of the settings.
    Count,
    OneOf(&'static [&'static str]),
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) text: &'static str,
    pub(super) example: &'static str,
}

/// A body that an operation takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body {
    pub(super) media_type: &'static str,
    /// Name of a schema of the document, of the body or, for lines, of one line.
    pub(super) schema: &'static str,
    pub(super) text: &'static str,
    pub(super) example: Payload,
}

/// An example of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// The example event of a type.
    Event(EventType),
    /// Example events as a JSON array.
    Batch(&'static [EventType]),
    /// Example events, one a line.
    Lines(&'static [EventType]),
    /// JSON as written.
    Json(&'static str),
    /// The bytes of a file.
    File(&'static str),
}

/// An answer that is no refusal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: &'static str,
    /// Media types, each with the name of a schema of the document; empty for an empty body.
    pub(super) content: &'static [(&'static str, &'static str)],
    /// Headers beside those of every answer, each with what it says.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// JSON of an example, in the first of the media types; empty for none.
    pub(super) example: &'static str,
}
