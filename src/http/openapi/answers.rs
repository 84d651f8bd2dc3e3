//! Examples of answers, as the service gave them to the examples of requests. A test holds them to their schemas.

pub(super) const RECEIPT: &str = r#"{
  "status": 201, "stream": "subject-p-0192a1b2", "revision": "0", "position": "0000000000000002",
  "leaf_hash": "1f68390e53272a3213d4eacee4e31ad54e04871c75060fb298de33b2c7d60368",
  "recorded_at": "2026-11-22T13:59:35.289771Z", "stream_revision": "0"
}"#;

pub(super) const RESULTS: &str = r#"{ "results": [
  {
    "status": 201, "source": "platform/registration", "id": "01926fd8-1c2b-7a11-8f00-0000000000e8",
    "stream": "subject-p-0192a1b2", "revision": "1", "position": "0000000000000003",
    "leaf_hash": "e5864041bf3c8d9a3beae3624dcf955ca19767427c028f714907edf18d01a100",
    "recorded_at": "2026-11-22T13:59:35.320277Z", "stream_revision": "1"
  },
  {
    "status": 409, "source": "platform/registration", "id": "01926fd8-1c2b-7a11-8f00-0000000000e9",
    "type": "urn:subject-record:problem:subject.already_registered", "code": "subject.already_registered",
    "title": "The person is registered already", "advice": "Send profile.changed for what is new."
  }
] }"#;

pub(super) const FOUND: &str = r#"{
  "simulated": false, "subjects": [{ "subject": "p-0192a1b2", "former": false }], "more": false
}"#;

pub(super) const SUBJECT: &str = r#"{
  "subject": "p-0192a1b2", "simulated": false, "revision": "4",
  "standing": { "state": "registered", "kind": "person", "language": "kk", "at": "2026-02-03T04:15:00Z" },
  "unopened": [],
  "profile": {
    "email": {
      "state": "open", "value": "gulnur@example.kz", "position": "0000000000000003",
      "opening": "WyJSZ3FlQWdBZV9sQlJxXzRaOVU2Vk13IiwiZW1haWwiLCJndWxudXJAZXhhbXBsZS5reiJd"
    },
    "iin": { "state": "masked", "position": "0000000000000003" }
  },
  "consents": { "c-0001": {
    "state": "given", "purposes": ["service", "notify"], "purposes_kept": [],
    "categories": ["full_name", "iin", "email", "phone"], "recipients": [], "third_party": false,
    "cross_border": false, "countries": [], "public": false, "by": "self", "strength": "otp",
    "text": {
      "text_id": "services", "version": "3",
      "text_hash": "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f"
    },
    "given_at": "2026-02-03T04:16:05Z", "until": "2027-02-03T19:00:00Z", "events": ["0000000000000002"]
  } },
  "acceptances": [{
    "policy_version": "2026-01", "answer": "accepted", "language": "kk", "at": "2026-02-03T04:15:40Z",
    "text_hash": "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f", "position": "0000000000000004"
  }]
}"#;

pub(super) const TIMELINE: &str = r#"{
  "subject": "p-0192a1b2", "simulated": false,
  "entries": [{
    "type": "subject.registered.v1", "title": "User registered",
    "sentence": "Registered on the site as a natural person (form reg-4, language: Kazakh).",
    "time": "2026-02-03T04:15:00.000000Z", "recorded_at": "2026-11-22T13:59:35.320277Z",
    "position": "0000000000000003", "revision": "1",
    "leaf_hash": "e5864041bf3c8d9a3beae3624dcf955ca19767427c028f714907edf18d01a100",
    "source": "platform/registration", "id": "01926fd8-1c2b-7a11-8f00-0000000000e8",
    "data": { "kind": "person", "channel": "site", "form_version": "reg-4", "language": "kk" },
    "personal": { "state": "open", "members": [
      {
        "name": "email", "state": "open", "value": "gulnur@example.kz",
        "opening": "WyJSZ3FlQWdBZV9sQlJxXzRaOVU2Vk13IiwiZW1haWwiLCJndWxudXJAZXhhbXBsZS5reiJd"
      },
      { "name": "iin", "state": "masked" }
    ] }
  }],
  "next": "0000000000000003"
}"#;

pub(super) const STORED: &str = r#"{
  "specversion": "1.0", "id": "01926fd8-1c2b-7a11-8f00-000000000117", "source": "platform/consents",
  "type": "consent.given.v1", "subject": "p-0192a1b2", "time": "2026-02-03T04:16:05.000000Z",
  "actor": "p-0192a1b2", "recordedby": "emitter-1", "blinding": "-0I5VvJwxc_dU40gEDJfMg",
  "recordedtime": "2026-11-22T13:59:35.289771Z", "sequence": "000000000000",
  "data": {
    "_sd_alg": "sha-256", "by": "self", "categories": ["full_name", "iin", "email", "phone"],
    "consent_id": "c-0001", "cross_border": false, "form": "nonstate_service",
    "personal": { "_sd": ["gNqqoSZlHF34295NuZdbIQSuLDVRUo43SbmMCCJT0Vs"] }, "public": false,
    "purposes": ["service", "notify"], "strength": "otp", "term": { "until": "2027-02-03" },
    "text_hash": "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f",
    "text_id": "services", "third_party": false, "version": "3"
  }
}"#;

pub(super) const ERASED: &str = r#"{
  "subject": "p-0192a1b2", "decided": "0000000000000010", "destroyed": "0000000000000011",
  "boxes_destroyed": 3, "key_generations": [1], "seen_before": false
}"#;

pub(super) const RULES: &str = r#"{
  "simulated": false, "today": "2026-11-22",
  "pack": {
    "name": "kz-94v@2026-1", "in_force": true, "effective_at": "2024-12-31T19:00:00Z", "origin": "built_in"
  },
  "packs": [{
    "name": "kz-94v@2026-1", "in_force": true, "effective_at": "2024-12-31T19:00:00Z", "origin": "built_in"
  }],
  "unread_packs": [],
  "calendars": [
    {
      "year": 2026, "version": "kz-2026-2", "counts": true, "days_off": 15, "extra_working": 0,
      "origin": "built_in"
    },
    {
      "year": 2027, "version": "kz-2027-1", "counts": true, "days_off": 14, "extra_working": 0,
      "origin": "published", "published_at": "2026-11-21T06:00:00Z", "position": "0000000000000017"
    }
  ],
  "last_covered_day": "2027-12-31", "days_left": 404
}"#;

pub(super) const RULES_PUBLISHED: &str = r#"{
  "pack_id": "kz-94v", "version": "2026-2", "supersedes": "2026-1",
  "text_hash": "1f68390e53272a3213d4eacee4e31ad54e04871c75060fb298de33b2c7d60368",
  "effective_at": "2026-11-30T19:00:00Z", "position": "0000000000000018",
  "recorded_at": "2026-11-22T13:59:35.289771Z", "seen_before": false
}"#;

pub(super) const PROJECTIONS: &str = r#"{ "projections": [
  {
    "projection": "history", "models": ["history", "accesses"], "position": "0000000000000017",
    "head": "0000000000000017", "lag_events": 0, "last_advanced_at": "2026-11-22T13:59:35.401277Z",
    "last_advanced_seconds": 4.2
  },
  {
    "projection": "people",
    "models": ["profile", "consents", "acceptances", "disclosures", "deadlines", "findings"],
    "position": "0000000000000012", "head": "0000000000000017", "lag_events": 5,
    "last_advanced_at": "2026-11-22T13:59:31.899122Z", "last_advanced_seconds": 7.7,
    "stopped": { "position": "0000000000000013", "cause": "unknown event type consent.given.v99" },
    "rebuilding": { "done": 4, "total": 17 }
  }
] }"#;

pub(super) const PROJECTION: &str = r#"{
  "projection": "people",
  "models": ["profile", "consents", "acceptances", "disclosures", "deadlines", "findings"],
  "position": "0000000000000017", "head": "0000000000000017", "lag_events": 0,
  "last_advanced_at": "2026-11-22T13:59:35.401277Z", "last_advanced_seconds": 4.2,
  "rebuilding": { "done": 0, "total": 17 }
}"#;

pub(super) const DIGESTS: &str = r#"{
  "projection": "history", "position": "0000000000000017",
  "digests": [
    { "table": "history", "digest": "1f68390e53272a3213d4eacee4e31ad54e04871c75060fb298de33b2c7d60368" },
    { "table": "accesses", "digest": "e5864041bf3c8d9a3beae3624dcf955ca19767427c028f714907edf18d01a100" }
  ]
}"#;

pub(super) const TOKENS: &str = r#"{ "tokens": [{
  "token": "emitter-1", "role": "emitter", "sources": ["platform/*"],
  "created_at": "2026-11-22T13:59:31.899122Z", "revoked_at": null
}] }"#;

pub(super) const TOKEN_TEXT: &str =
    r#"{ "name": "consents-1", "role": "emitter", "token": "sr_consents-1_…" }"#;

pub(super) const READY: &str = r#"{ "ready": true, "store": true, "draining": false }"#;

pub(super) const NOT_READY: &str = r#"{ "ready": false, "store": true, "draining": true }"#;
