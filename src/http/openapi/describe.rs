//! The OpenAPI 3.1 document, built from the table of operations.
//!
//! Paths, parameters and answers are written with utoipa's types, which keep their shape right. Schemas are put
//! in as JSON: those of events are the published ones, and utoipa's schema types would lose half their keywords.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use subject_record_schemas::EventType;
use subject_record_schemas::catalogue::Writer;
use subject_record_schemas::examples::Examples;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AllOfBuilder, ComponentsBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContentBuilder, HttpMethod, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApiBuilder, Ref, RefOr,
    Required, Response, ResponseBuilder,
};

use super::operation::{Answer, Body, Group, Kind, LINES, Method, Operation, Parameter, Payload, Place};
use super::{examples, operations, schemas};
use crate::error::Code;
use crate::http::problem::{Problem, RETRY_AFTER_SECONDS};

const DESCRIPTION: &str = "The record of what an operator did with people's personal data. Facts are appended as \
    CloudEvents and never changed; a person's timeline and profile are replayed from them. Personal values stand \
    under `data.personal` only, are sealed apart from the log, and can be erased for good. The same for people: /docs.";

/// The document.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn document() -> Result<Value, serde_json::Error> {
    let mut items: BTreeMap<&str, PathItem> = BTreeMap::new();
    for operation in operations::all() {
        let item = PathItem::new(method_of(operation.method), operation_of(operation));
        match items.get_mut(operation.path) {
            Some(there) => there.merge_operations(item),
            None => drop(items.insert(operation.path, item)),
        }
    }
    let paths = items.into_iter().fold(PathsBuilder::new(), |paths, (path, item)| paths.path(path, item));
    let info = InfoBuilder::new()
        .title("subject-record")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()));
    let tag = |group: Group| TagBuilder::new().name(group.title()).description(Some(group.purpose())).build();
    let document = OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components().build()))
        .tags(Some(Group::ALL.map(tag)))
        .build();
    let mut document = serde_json::to_value(document)?;
    if let Some(Value::Object(components)) = document.get_mut("components") {
        components.insert("schemas".into(), Value::Object(schemas::all()));
    }
    Ok(document)
}

fn method_of(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Delete => HttpMethod::Delete,
    }
}

fn components() -> ComponentsBuilder {
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sr_<name>_<secret>").description(
            Some("A token of this service. Its role decides what it may do: see x-roles of each operation."),
        );
    let request_id = "Id of the request in the service's own log: the caller's own, if it sent one.";
    let header =
        |name: &str, text: &str| text_parameter(name, text).parameter_in(ParameterIn::Header).build();
    let mut components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer.build()))
        .parameter(
            "X-Request-Id",
            header("X-Request-Id", "An id of your own for the request: up to 64 of A-Z a-z 0-9 . _ - and no personal identifier; else the service makes one."),
        )
        .parameter(
            "traceparent",
            header("traceparent", "W3C trace context, version 00; written to the service's own log."),
        )
        .header(
            "X-Request-Id",
            HeaderBuilder::new().schema(Some(text())).description(Some(request_id)).build(),
        );
    for event_type in EventType::ALL.iter().filter(|event_type| event_type.writer() == Writer::Platform) {
        let Ok(examples) = Examples::of(*event_type) else { continue };
        let valid = ExampleBuilder::new().summary(event_type.wire_name()).value(Some(examples.valid.clone()));
        components = components.example(event_type.wire_name(), valid.build());
        for (at, (example, document)) in examples.invalid_documents().into_iter().enumerate() {
            let refused = ExampleBuilder::new()
                .summary(format!("Refused: {}", example.why))
                .description(format!("422 event.invalid at `{}`", example.pointer))
                .value(Some(document));
            components = components.example(schemas::refused_name(*event_type, at), refused.build());
        }
    }
    components
}

fn operation_of(operation: &Operation) -> OperationBuilder {
    let roles = operation.roles.iter().map(ToString::to_string).collect::<Vec<_>>();
    let security =
        if operation.roles.is_empty() { vec![] } else { vec![SecurityRequirement::new("bearer", [""; 0])] };
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .tag(operation.group.title())
        .summary(Some(operation.summary))
        .securities(Some(security))
        .extensions(Some(ExtensionsBuilder::new().add("x-roles", roles).build()))
        .request_body(body_of(operation.bodies));
    if !operation.text.is_empty() {
        builder = builder.description(Some(operation.text.join("\n\n")));
    }
    for parameter in operation.parameters() {
        builder = builder.parameter(parameter_of(parameter));
    }
    for shared in ["X-Request-Id", "traceparent"] {
        builder = builder.parameter_ref(Ref::new(format!("#/components/parameters/{shared}")));
    }
    for answer in operation.answers {
        builder = builder.response(answer.status.to_string(), answer_of(answer));
    }
    for refused in operation.codes().chunk_by(|one, next| one.status == next.status) {
        if let Some(first) = refused.first() {
            builder = builder.response(first.status.to_string(), refusal_of(first.status, refused));
        }
    }
    builder
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn text_parameter(name: &str, description: &str) -> ParameterBuilder {
    ParameterBuilder::new().name(name).description(Some(description)).schema(Some(text()))
}

fn parameter_of(parameter: &Parameter) -> ParameterBuilder {
    let schema = match parameter.kind {
        Kind::Text => text(),
        Kind::Pattern(pattern) => text().pattern(Some(pattern)),
        Kind::Flag => ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false))),
        Kind::Count => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::Custom("uint32".into())))
            .minimum(Some(1)),
        Kind::OneOf(words) => text().enum_values(Some(words.iter().copied())),
    };
    let place = match parameter.place {
        Place::Path => ParameterIn::Path,
        Place::Query => ParameterIn::Query,
        Place::Header => ParameterIn::Header,
    };
    let example = match parameter.kind {
        Kind::Flag | Kind::Count => parameter.example.parse().unwrap_or_default(),
        Kind::Text | Kind::Pattern(_) | Kind::OneOf(_) => json!(parameter.example),
    };
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(place)
        .required(if parameter.required { Required::True } else { Required::False })
        .description(Some(parameter.text))
        .schema(Some(schema))
        .example(Some(example))
}

fn schema_ref(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// Content of a media type. OpenAPI 3.1 has no word for the schema of a line, so that stands in an extension.
fn content_of(media_type: &str, schema: &str) -> ContentBuilder {
    if media_type == LINES {
        let line = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let extension = ExtensionsBuilder::new().add("x-line-schema", line).build();
        return ContentBuilder::new().schema(Some(text())).extensions(Some(extension));
    }
    ContentBuilder::new().schema(Some(schema_ref(schema)))
}

fn body_of(bodies: &[Body]) -> Option<RequestBody> {
    if bodies.is_empty() {
        return None;
    }
    let texts: Vec<_> = bodies.iter().map(|body| format!("`{}`: {}", body.media_type, body.text)).collect();
    let mut builder =
        RequestBodyBuilder::new().required(Some(Required::True)).description(Some(texts.join("\n\n")));
    for body in bodies {
        let mut content = content_of(body.media_type, body.schema);
        content = match body.example {
            // Every type's, so that a reader can pick the one to send.
            Payload::Event(_) => {
                let sent = EventType::ALL.iter().filter(|event_type| event_type.writer() == Writer::Platform);
                let example = |name| Ref::new(format!("#/components/examples/{name}"));
                content.examples_from_iter(sent.map(|t| (t.wire_name(), RefOr::Ref(example(t.wire_name())))))
            }
            Payload::Batch(types) => {
                content.example(Some(types.iter().copied().map(examples::event).collect()))
            }
            Payload::Lines(_) => content.example(examples::payload(body.example).map(Value::from)),
            Payload::Json(text) => content.example(serde_json::from_str(text).ok()),
            Payload::File(_) => content,
        };
        builder = builder.content(body.media_type, content.build());
    }
    Some(builder.build())
}

fn with_request_id(builder: ResponseBuilder) -> ResponseBuilder {
    builder.header_ref("X-Request-Id", Ref::new("#/components/headers/X-Request-Id"))
}

fn answer_of(answer: &Answer) -> Response {
    let mut builder = with_request_id(ResponseBuilder::new().description(answer.text));
    for (name, says) in answer.headers {
        builder =
            builder.header(*name, HeaderBuilder::new().schema(Some(text())).description(Some(*says)).build());
    }
    for (at, (media_type, schema)) in answer.content.iter().enumerate() {
        let example = if at == 0 { serde_json::from_str(answer.example).ok() } else { None };
        builder = builder.content(*media_type, content_of(media_type, schema).example(example).build());
    }
    builder.build()
}

fn refusal_of(status: u16, codes: &[Code]) -> Response {
    let lines: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}. {}", code.word, code.title, code.advice)).collect();
    let schema = AllOfBuilder::new().item(schema_ref("Problem")).item(
        ObjectBuilder::new()
            .property("status", ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([status])))
            .property("code", text().enum_values(Some(codes.iter().map(|code| code.word)))),
    );
    let example =
        |code: &Code| ExampleBuilder::new().summary(code.title).value(Some(Problem::new(*code).document()));
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .examples_from_iter(codes.iter().map(|code| (code.word, RefOr::T(example(code).build()))));
    let mut builder = with_request_id(ResponseBuilder::new().description(lines.join("\n\n")))
        .content("application/problem+json", content.build());
    let mut header = |name: &str, says: String| {
        let header = HeaderBuilder::new().schema(Some(text())).description(Some(says)).build();
        builder = std::mem::take(&mut builder).header(name, header);
    };
    match status {
        401 => header("WWW-Authenticate", "Always `Bearer`.".into()),
        429 | 503 => header("Retry-After", format!("Seconds to wait: {RETRY_AFTER_SECONDS}.")),
        _ => {}
    }
    builder.build()
}
