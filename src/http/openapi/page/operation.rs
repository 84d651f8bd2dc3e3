//! One operation on the page.

use maud::{Markup, html};

use super::super::examples;
use super::super::operation::{Answer, Kind, Method, Operation, Parameter};

pub(super) fn section(operation: &Operation) -> Markup {
    let parameters: Vec<_> = operation.parameters().collect();
    html! {
        article id=(operation.id) {
            h3 { a href={ "#" (operation.id) } { (method(operation)) (path(operation)) } }
            p class="summary" { (operation.summary) "." }
            p class="roles" {
                @if operation.roles.is_empty() {
                    span class="role open" { "no token needed" }
                }
                @for role in operation.roles { span class="role" { (role) } }
            }
            @for text in operation.text { p { (super::basics::prose(text)) } }
            @if !parameters.is_empty() {
                h4 { "Parameters" }
                table class="parameters" {
                    @for parameter in parameters { (row(parameter)) }
                }
            }
            @if operation.bodies.is_empty() {
                pre { code { (examples::curl(operation, None)) } }
            }
            @for body in operation.bodies {
                h4 { code { (body.media_type) } }
                p { (super::basics::prose(body.text)) }
                pre { code { (examples::curl(operation, Some(body))) } }
            }
            h4 { "Answers" }
            table class="answers" {
                @for answer in operation.answers { (answered(answer)) }
                @for code in operation.codes() {
                    tr {
                        td { (status(code.status)) }
                        td { a href={ "#" (code.word) } { code { (code.word) } } }
                        td { (code.title) }
                    }
                }
            }
            @for answer in operation.answers.iter().filter(|answer| !answer.example.is_empty()) {
                details class="example" {
                    summary { "Such as " (status(answer.status)) }
                    pre class="answer" { code { (answer.example) } }
                }
            }
        }
    }
}

pub(super) fn method(operation: &Operation) -> Markup {
    let name = operation.method.name();
    let colour = match operation.method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Delete => "delete",
    };
    html! { span class={ "method " (colour) } { (name) } }
}

/// The path, with its parameters set off.
pub(super) fn path(operation: &Operation) -> Markup {
    let parts = operation.path.split_inclusive('}');
    html! {
        span class="path" {
            @for part in parts {
                @if let Some((plain, name)) = part.split_once('{') { (plain) i { "{" (name) } } @else { (part) }
            }
        }
    }
}

pub(super) fn status(status: u16) -> Markup {
    let colour = match status {
        200..=299 => "good",
        500..=599 => "fault",
        _ => "refusal",
    };
    html! { span class={ "status " (colour) } { (status) } }
}

fn row(parameter: &Parameter) -> Markup {
    let kind = match parameter.kind {
        Kind::Text | Kind::Pattern(_) => html! { "text" },
        Kind::Flag => html! { "true or false" },
        Kind::Count => html! { "whole number from 1" },
        Kind::OneOf(words) => super::shape::words(words),
    };
    html! {
        tr {
            td { code class="name" { (parameter.name) } }
            td {
                span class="fine" {
                    (parameter.place.name()) ", "
                    @if parameter.required { b { "required" } ", " }
                    (kind)
                }
            }
            td { (super::basics::prose(parameter.text)) " " span class="fine" { "Such as " code { (parameter.example) } "." } }
        }
    }
}

fn answered(answer: &Answer) -> Markup {
    html! {
        tr {
            td { (status(answer.status)) }
            td {
                @for (media_type, _) in answer.content { code { (media_type) } br; }
                @if answer.content.is_empty() { span class="fine" { "no body" } }
            }
            td {
                (super::basics::prose(answer.text))
                @if !answer.headers.is_empty() {
                    dl class="headers" {
                        @for (name, says) in answer.headers { dt { code { (name) } } dd { (super::basics::prose(says)) } }
                    }
                }
            }
        }
    }
}
