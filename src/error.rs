//! Every error code there is, in one place: stable words for programs, a sentence for people.
//!
//! A code never changes its meaning. HTTP answers it as `code` of a problem document, the command line prints
//! it in front of the message. Internal causes are logged and never sent.

/// A code and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable word.
    pub word: &'static str,
    /// HTTP status it is answered with.
    pub status: u16,
    /// What it means, as a title.
    pub title: &'static str,
    /// What the caller can do.
    pub advice: &'static str,
}

macro_rules! codes {
    ($($name:ident $word:literal $status:literal $title:literal $advice:literal;)+) => {
        $(#[doc = $title] pub const $name: Code = Code { word: $word, status: $status, title: $title, advice: $advice };)+

        /// All codes.
        pub const ALL: &[Code] = &[$($name),+];
    };
}

codes! {
    NOT_JSON "event.not_json" 400 "The body is not JSON" "Send one JSON document in UTF-8.";
    NOT_CLOUDEVENT "event.not_a_cloudevent" 400 "The document is not a CloudEvent 1.0" "Set specversion, id, source, type, time and data.";
    BAD_REQUEST "request.malformed" 400 "The request cannot be read" "See the detail.";
    UNAUTHENTICATED "token.missing_or_unknown" 401 "No valid token came with the request" "Send `Authorization: Bearer sr_…` with a token that is not revoked.";
    FORBIDDEN "role.forbids" 403 "The token's role may not do this" "Use a token of a role that may; see the README, `The doors`.";
    RESERVED_TYPE "event.reserved_type" 403 "Only the service writes events of this type" "Send the fact that happened; the service derives the rest.";
    FOREIGN_SOURCE "event.foreign_source" 403 "The token does not own this source" "Use the token of that source, or give this one the source.";
    NOT_FOUND "not_found" 404 "There is no such thing" "Check the id or position.";
    PURPOSE_MISSING "access.purpose_missing" 400 "No valid purpose of access came with the request" "Send `Access-Purpose: support; case=\"T-1042\"` with one of the listed purposes.";
    METHOD "request.method" 405 "This method is not offered here" "See /openapi.json.";
    ALREADY_REGISTERED "subject.already_registered" 409 "The person is registered already" "Send profile.changed for what is new.";
    OTHER_CONTENT "event.other_content" 409 "An event of this source and id has other content" "Give the new fact an id of its own.";
    TEXT_MISMATCH "text.hash_mismatch" 409 "The text does not have this hash" "Put the exact bytes whose SHA-256 the path names.";
    RULES_TAKEN "rules.version_taken" 409 "Another text bears the name and version of this rule pack" "Give it a new version.";
    REBUILDING "projection.rebuilding" 409 "A rebuild of this projection is under way" "Wait until `rebuilding` is gone from its status, or give it up with DELETE.";
    SECRECY "dossier.secrecy" 409 "The gaps of a dossier would tell what an investigation keeps secret" "Give the person a copy instead, or make the dossier for a court, the regulator or the prosecutor.";
    ERASED "subject.erased" 410 "The person was erased: no personal data can be recorded any more" "Send the event again without data.personal, and it is recorded.";
    WRONG_REVISION "stream.wrong_revision" 412 "The stream does not end at the expected revision" "Read the stream again and decide anew; `actual` says where it ends.";
    TOO_LARGE "event.too_large" 413 "The event or body is too large" "Keep an event under 65,535 stored bytes; keep files outside and send their hash.";
    MEDIA_TYPE "request.media_type" 415 "This media type is not taken here" "Send events as application/cloudevents+json, application/cloudevents-batch+json or application/x-ndjson, other bodies as application/json.";
    UNKNOWN_TYPE "event.unknown_type" 422 "There is no such event type or version" "See /openapi.json for the types.";
    INVALID "event.invalid" 422 "The event does not fit the schema of its type" "See `errors`: one entry a fault, with its JSON pointer.";
    LOOKUP_INVALID "lookup.invalid" 422 "The search does not name exactly one well-formed IIN, BIN, phone number or e-mail address" "See `errors`; send one of iin, bin, phone and email, in any usual spelling.";
    FROM_THE_FUTURE "event.from_the_future" 422 "The event's time lies more than five minutes ahead" "Send when it has happened; check the emitter's clock.";
    RULES_INVALID "rules.invalid" 422 "The text is no rule pack" "The detail says what is wrong and in which line; start from `GET /v1/rules/text`.";
    QUEUE_FULL "store.queue_full" 503 "Too much is waiting to be written" "Wait as Retry-After says, and send the same events again.";
    DRAINING "store.closing" 503 "The service is stopping" "Send the same events again to the next one.";
    CLOCK_LEAPT "store.clock_leapt" 503 "The service's clock leapt by more than a minute" "An operator has to set the clock right or restart the service.";
    STORE_FAULT "store.fault" 503 "The event store failed" "Ask again; the same events may be sent again, what was recorded is answered as seen before.";
    KEY_LOST "vault.key_lost" 503 "The person's key is missing although sealed data exists" "An operator has to restore the keys.";
    VAULT_FAULT "vault.fault" 503 "The keys cannot be read or written" "Try again; an operator has to look if it stays.";
    NOT_SCRUBBED "erasure.not_scrubbed" 503 "The erasure is decided but its bytes are not gone from every file yet" "Ask for the erasure again: it goes on where it stopped.";
    LOOKUP_BEHIND "lookup.behind" 504 "What was recorded before the search is not indexed yet" "Ask again in a moment; the detail says how far the index is.";
    RATE_LIMITED "token.rate" 429 "The token sends too much" "Wait as Retry-After says.";
    BEHIND "rows.behind" 504 "The read models do not know that event yet" "Ask again in a moment; the detail says how far they are.";
    ROWS_FAULT "rows.fault" 503 "The read models cannot be read" "Try again; an operator has to look if it stays.";
    NOTARY_REFUSES "notary.refuses" 503 "The notary signs no checkpoint any more" "An operator has to look: the detail says what is wrong and what the way out is.";
    NOTARY_BEHIND "notary.behind" 504 "No signed checkpoint covers the event yet" "Ask again in a moment: the event is recorded.";
    NOTARY_FAULT "notary.fault" 503 "The notary's file failed" "Try again; an operator has to look if it stays.";
    TIMED_OUT "request.timed_out" 408 "The request took too long" "Send less at once, or try again.";
    INTERNAL "internal" 500 "The service made a mistake" "Report the request id.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_say_what_to_do() {
        let mut words: Vec<_> = ALL.iter().map(|code| code.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ALL.len());
        assert!(ALL.iter().all(|code| !code.advice.is_empty() && (400..600).contains(&code.status)));
    }
}
