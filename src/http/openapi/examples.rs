//! Examples: events as text, bodies, and curl commands that can be pasted.

use serde_json::Value;
use subject_record_schemas::EventType;
use subject_record_schemas::examples::Examples;

use super::operation::{Body, Method, Operation, Payload, Place};

/// Columns up to which a list or object stays on one line.
const COLUMNS_MAX: usize = 92;

/// Members that come first, in this order; `data` and, within it, `personal` come last.
const FIRST: [&str; 6] = ["specversion", "type", "source", "id", "subject", "time"];
const LAST: [&str; 2] = ["data", "personal"];

/// The example event of a type that intake takes.
pub(super) fn event(event_type: EventType) -> Value {
    Examples::of(event_type).map(|examples| examples.valid).unwrap_or_default()
}

/// A document as a person would write it: attributes first, short parts on one line.
pub(super) fn written(document: &Value) -> String {
    let mut text = String::new();
    write(&mut text, document, 0);
    text
}

fn write(text: &mut String, value: &Value, indent: usize) {
    let short = on_one_line(value);
    let is_event = value.get("specversion").is_some();
    if !is_event && short.chars().count() + indent <= COLUMNS_MAX {
        text.push_str(&short);
        return;
    }
    let (open, close, parts): (_, _, Vec<(Option<&String>, &Value)>) = match value {
        Value::Object(members) => {
            ('{', '}', in_order(members).map(|(name, part)| (Some(name), part)).collect())
        }
        Value::Array(items) => ('[', ']', items.iter().map(|part| (None, part)).collect()),
        _ => {
            text.push_str(&short);
            return;
        }
    };
    text.push(open);
    for (at, (name, part)) in parts.into_iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(indent + 2));
        if let Some(name) = name {
            text.push_str(&format!("\"{name}\": "));
        }
        write(text, part, indent + 2);
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// A document as one line.
pub(super) fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let parts = in_order(members).map(|(name, part)| format!("\"{name}\": {}", on_one_line(part)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) if !items.is_empty() => {
            format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

fn in_order(members: &serde_json::Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let rank = |name: &str| {
        let first = FIRST.iter().position(|first| *first == name);
        let last = LAST.iter().position(|last| *last == name).map(|at| FIRST.len() + 1 + at);
        first.or(last).unwrap_or(FIRST.len())
    };
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| rank(name));
    members.into_iter()
}

/// The text of an example body; nothing for a file.
pub(super) fn payload(payload: Payload) -> Option<String> {
    match payload {
        Payload::Event(event_type) => Some(written(&event(event_type))),
        Payload::Batch(types) => Some(written(&types.iter().copied().map(event).collect())),
        Payload::Lines(types) => {
            let lines: Vec<_> = types.iter().map(|event_type| on_one_line(&event(*event_type))).collect();
            Some(lines.join("\n"))
        }
        Payload::Json(text) => Some(text.to_owned()),
        Payload::File(_) => None,
    }
}

/// A command that asks this of the service at `$URL` with the token `$TOKEN`.
pub(super) fn curl(operation: &Operation, body: Option<&Body>) -> String {
    let mut path = operation.path.to_owned();
    if let Some(Payload::File(name)) = body.map(|body| body.example) {
        path = path.replace("{sha256}", &format!("$(sha256sum {name} | cut -c1-64)"));
    }
    let mut lines = Vec::new();
    for parameter in operation.parameters() {
        match parameter.place {
            Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), parameter.example),
            Place::Header if parameter.name == "Access-Purpose" => {
                lines.push(format!("-H '{}: {}'", parameter.name, parameter.example));
            }
            Place::Header | Place::Query => {}
        }
    }
    let method = match operation.method {
        Method::Get | Method::Post => String::new(),
        Method::Put | Method::Delete => format!("-X {} ", operation.method.name()),
    };
    let mut command = vec![format!("curl -sS {method}\"$URL{path}{}\"", operation.example_query)];
    if !operation.roles.is_empty() {
        command.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    }
    command.append(&mut lines);
    let mut heredoc = String::new();
    if let Some(body) = body {
        command.push(format!("-H 'Content-Type: {}'", body.media_type));
        match (body.example, payload(body.example)) {
            (Payload::File(name), _) => command.push(format!("--data-binary @{name}")),
            (_, text) => {
                command.push("--data-binary @- <<'EOF'".to_owned());
                heredoc = format!("\n{}\nEOF", text.unwrap_or_default());
            }
        }
    }
    format!("{}{heredoc}", command.join(" \\\n  "))
}
