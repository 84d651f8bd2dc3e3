//! What a JSON Schema asks for, in a few words.

use maud::{Markup, html};
use serde_json::{Map, Value};

/// A member of an object, ready to be shown.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) required: bool,
    pub(super) schema: &'a Value,
}

impl Field<'_> {
    /// What it means, if the schema says.
    pub(super) fn description(&self) -> &str {
        self.schema.get("description").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Members of an object's schema: required ones first, `personal` left out.
pub(super) fn fields(schema: &Value) -> Vec<Field<'_>> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &String| required.is_some_and(|names| names.iter().any(|required| required == name));
    let shown = properties.iter().filter(|(name, _)| *name != "personal");
    let mut fields: Vec<_> =
        shown.map(|(name, schema)| Field { name, required: is_required(name), schema }).collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

/// Words of a closed list.
pub(super) fn words(words: &[&str]) -> Markup {
    html! { @for (at, word) in words.iter().enumerate() { @if at > 0 { " · " } code { (word) } } }
}

/// What a value looks like.
pub(super) fn shape(schema: &Value) -> Markup {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    if text("$ref").is_some_and(|target| target.ends_with("/Reference")) {
        return html! { "reference" };
    }
    if let Some(constant) = schema.get("const") {
        return html! { code { (plain(constant)) } };
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return choices(values.iter().map(|value| html! { code { (plain(value)) } }));
    }
    if let Some(branches) = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array)
        && text("type").is_none()
    {
        return choices(branches.iter().map(branch));
    }
    match text("type") {
        Some("string") => string(text("format"), text("pattern")),
        Some("boolean") => html! { "true or false" },
        Some("integer") => html! { "whole number" },
        Some("array") => html! { "list: " (schema.get("items").map(shape).unwrap_or_default()) },
        Some("object") => match schema.get("properties").and_then(Value::as_object) {
            Some(members) => object(schema, members),
            None => html! { "object" },
        },
        _ => html! { "any value" },
    }
}

/// One branch of a choice; a word says what it means where a pointer rests on it.
fn branch(schema: &Value) -> Markup {
    let meaning = schema.get("description").and_then(Value::as_str);
    html! { span title=[meaning] { (shape(schema)) } }
}

fn choices(branches: impl Iterator<Item = Markup>) -> Markup {
    html! { @for (at, branch) in branches.enumerate() { @if at > 0 { " · " } (branch) } }
}

fn object(schema: &Value, members: &Map<String, Value>) -> Markup {
    let members: Vec<_> = if members.is_empty() { Vec::new() } else { fields(schema) };
    html! {
        "{ "
        @for (at, field) in members.iter().enumerate() {
            @if at > 0 { ", " }
            code { (field.name) @if !field.required { "?" } } ": " (shape(field.schema))
        }
        " }"
    }
}

fn string(format: Option<&str>, pattern: Option<&str>) -> Markup {
    let words = match (format, pattern) {
        (Some("date-time"), _) => "instant",
        (Some("date"), _) => "day",
        (_, Some("^[0-9a-f]{64}$")) => "SHA-256, 64 hexadecimal digits",
        (_, Some("^[A-Z]{2}$")) => "two capital letters",
        (_, Some("^[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*$")) => "subject id",
        _ => "text",
    };
    html! { (words) }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
