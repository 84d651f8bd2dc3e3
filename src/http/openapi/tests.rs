//! The table is held to the routes, and the document to what OpenAPI asks for.
#![expect(clippy::panic, reason = "a test says what it met")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::examples::Examples;
use subject_record_schemas::publish::sent_schema;
use subject_record_schemas::vocabulary::Role;

use super::operation::{Payload, Place};
use super::{document, examples, operations};
use crate::erasure::Erased;
use crate::error;
use crate::http::problem::Problem;

/// Method, path and roles of a line such as `.route("/v1/events", route(post(emitters::append), &[Emitter]))`.
fn route_of(line: &str) -> Option<(String, String, Vec<Role>)> {
    let (path, rest) = line.trim().strip_prefix(".route(\"")?.split_once("\", ")?;
    let (method, roles) = match rest.strip_prefix("route(") {
        Some(guarded) => {
            let (handler, roles) = guarded.rsplit_once("), ")?;
            (handler, roles.trim_end_matches([')', ']', ';']).trim_start_matches("&["))
        }
        None => (rest, ""),
    };
    let method = method.trim_start_matches("axum::routing::").split('(').next()?;
    let named = |role: &&Role| roles.split(", ").any(|word| word == format!("{role:?}"));
    let roles = match roles {
        "READERS" => super::super::READERS.to_vec(),
        "AUDITORS" => super::super::AUDITORS.to_vec(),
        "WATCHERS" => super::super::WATCHERS.to_vec(),
        "EVERYONE" => super::super::EVERYONE.to_vec(),
        _ => Role::ALL.iter().filter(named).copied().collect(),
    };
    Some((method.to_uppercase(), path.to_owned(), roles))
}

#[test]
fn the_table_has_exactly_the_routes_of_the_door_with_their_roles() {
    let source = include_str!("../mod.rs").replace("\n            ", " ").replace("{*", "{");
    let lines = source.lines().filter(|line| line.trim().starts_with(".route("));
    let mut routes: Vec<_> = lines.map(|line| route_of(line).unwrap_or_else(|| panic!("{line}"))).collect();
    routes.retain(|(_, path, _)| !path.starts_with("/assets/"));
    let mut told: Vec<_> = operations::all()
        .map(|operation| {
            let mut roles = operation.roles.to_vec();
            roles.sort_by_key(|role| Role::ALL.iter().position(|r| r == role));
            (operation.method.name().to_owned(), operation.path.to_owned(), roles)
        })
        .collect();
    for list in [&mut routes, &mut told] {
        list.sort_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
    }
    assert!(routes.len() > 10);
    assert_eq!(routes, told);
}

#[test]
fn parameters_in_braces_are_declared_and_no_others_stand_in_the_path() {
    for operation in operations::all() {
        let in_path: BTreeSet<_> =
            operation.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        let declared = operation.parameters().filter(|parameter| parameter.place == Place::Path);
        assert_eq!(in_path, declared.map(|parameter| parameter.name).collect(), "{}", operation.path);
        assert!(operation.parameters().all(|parameter| parameter.place != Place::Path || parameter.required));
    }
}

/// Every `$ref` below a value.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            found.extend(
                members
                    .get("mapping")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, v)| v.as_str()),
            );
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere_within_it() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    for target in found {
        let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} leaves the document"));
        assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
    }
}

#[test]
fn operations_have_names_of_their_own_and_answers_with_descriptions() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with('/'));
        for operation in item.as_object().unwrap().values() {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{path}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{path}");
            for (status, answer) in answers {
                assert_eq!(status.len(), 3);
                assert!(
                    answer["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{path} {status}"
                );
            }
            let security = operation["security"].as_array().unwrap();
            assert_eq!(security.is_empty(), operation["x-roles"].as_array().unwrap().is_empty(), "{path}");
        }
    }
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    for kind in document["components"].as_object().unwrap().values() {
        assert!(kind.as_object().unwrap().keys().all(|name| plain(name)));
    }
}

/// Validates against a schema of the document by its name.
fn faults(document: &Value, name: &str, instance: &Value) -> Vec<String> {
    let schema =
        json!({ "$ref": format!("#/components/schemas/{name}"), "components": document["components"] });
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    validator.iter_errors(instance).map(|error| format!("{name}{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schema_of_an_event_is_the_published_one_and_judges_its_examples_alike() {
    let document = document();
    for event_type in EventType::ALL {
        let told = document["components"]["schemas"].get(event_type.wire_name());
        if event_type.writer() == Writer::Service {
            assert_eq!(told, None, "{event_type} cannot be sent");
            continue;
        }
        let mut published = sent_schema(*event_type);
        let published = published.as_object_mut().unwrap();
        let told = told.unwrap().as_object().unwrap();
        for (name, value) in published.iter().filter(|(name, _)| !name.starts_with('$')) {
            let text = value.to_string().replace("#/$defs/", "#/components/schemas/");
            assert_eq!(told[name].to_string(), text, "{event_type} {name}");
        }
        let given = Examples::of(*event_type).unwrap();
        assert_eq!(faults(&document, event_type.wire_name(), &given.valid), Vec::<String>::new());
        assert_eq!(document["components"]["examples"][event_type.wire_name()]["value"], given.valid);
        for (example, refused) in given.invalid_documents() {
            assert_ne!(
                faults(&document, event_type.wire_name(), &refused),
                Vec::<String>::new(),
                "{}",
                example.why
            );
        }
        assert_eq!(told["x-refused-examples"].as_array().unwrap().len(), given.invalid.len());
    }
}

#[test]
fn what_the_door_answers_fits_the_schemas_that_the_document_gives() {
    let document = document();
    for code in error::ALL {
        assert_eq!(faults(&document, "Problem", &Problem::new(*code).document()), Vec::<String>::new());
    }
    let subject = "p-0192a1b2".parse().unwrap();
    let [decided, destroyed] = ["7", "8"].map(|position| position.parse().unwrap());
    let erased = Erased {
        subject,
        decided,
        destroyed,
        boxes_destroyed: 4,
        key_generations: vec![1],
        seen_before: false,
    };
    assert_eq!(faults(&document, "Erased", &json!(erased)), Vec::<String>::new());
    assert_ne!(faults(&document, "Erased", &json!({ "subject": "p-0192a1b2" })), Vec::<String>::new());
}

#[test]
fn a_status_lists_its_codes_and_every_code_is_told_of_some_operation() {
    let document = document();
    let mut told = BTreeMap::new();
    for operation in operations::all() {
        for code in operation.codes() {
            let answer = format!(
                "/paths/{}/{}/responses/{}/content/application~1problem+json",
                operation.path.replace('/', "~1"),
                operation.method.name().to_lowercase(),
                code.status
            );
            let answer = document.pointer(&answer).unwrap_or_else(|| panic!("{answer}"));
            assert!(answer["schema"].to_string().contains(code.word));
            assert_eq!(answer["examples"][code.word]["value"]["code"], code.word);
            told.insert(code.word, operation.path);
        }
    }
    // These two are answered where no operation is.
    let nowhere: Vec<_> =
        error::ALL.iter().filter(|code| !told.contains_key(code.word)).map(|code| code.word).collect();
    assert_eq!(nowhere, [error::METHOD.word]);
}

#[test]
fn example_bodies_fit_their_schemas() {
    let document = document();
    for body in operations::all().flat_map(|operation| operation.bodies) {
        let text = examples::payload(body.example);
        let documents: Vec<Value> = match body.example {
            Payload::Lines(_) => {
                text.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            }
            Payload::File(_) => continue,
            Payload::Event(_) | Payload::Batch(_) | Payload::Json(_) => {
                vec![serde_json::from_str(&text.unwrap()).unwrap()]
            }
        };
        for instance in documents {
            assert_eq!(faults(&document, body.schema, &instance), Vec::<String>::new());
        }
    }
}

#[test]
fn examples_of_answers_fit_their_schemas() {
    let document = document();
    let answers = operations::all().flat_map(|operation| operation.answers);
    let mut fitted = 0;
    for answer in answers.filter(|answer| !answer.example.is_empty()) {
        let example: Value = serde_json::from_str(answer.example).unwrap();
        assert_eq!(faults(&document, answer.content[0].1, &example), Vec::<String>::new());
        fitted += 1;
    }
    assert!(fitted > 5);
}

#[test]
fn an_example_is_written_with_its_attributes_first_and_reads_as_the_same() {
    for event_type in EventType::ALL {
        let event = examples::event(*event_type);
        let text = examples::written(&event);
        assert!(text.starts_with("{\n  \"specversion\": \"1.0\",\n  \"type\": "), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), event);
        assert_eq!(serde_json::from_str::<Value>(&examples::on_one_line(&event)).unwrap(), event);
    }
}

#[test]
fn a_command_quotes_its_body_and_names_no_token() {
    let append = operations::all().next().unwrap();
    let command = examples::curl(append, append.bodies.first());
    assert!(
        command.starts_with("curl -sS \"$URL/v1/events\" \\\n  -H \"Authorization: Bearer $TOKEN\""),
        "{command}"
    );
    assert!(command.contains("<<'EOF'\n{") && command.ends_with("\n}\nEOF"), "{command}");
}

#[tokio::test]
async fn the_page_comes_with_a_policy_that_forbids_scripts() {
    let response = super::page().await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"));
    assert_eq!(super::style().await.headers()["content-type"], "text/css; charset=utf-8");
    assert_eq!(super::json().await.headers()["content-type"], "application/json");
}
