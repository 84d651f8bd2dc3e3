//! Rows as they are answered: a page of JSON, or NDJSON or CSV by `Accept`, which without a limit go on to the end.
//!
//! A stream that cannot go on (the store fails, its time is up) breaks off without the end of its body, so that
//! nobody takes a part for the whole.

use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use tokio::time::Sleep;

use super::json_response;
use super::problem::Problem;
use crate::error;

/// Header with the cursor of the next page, where a body of rows has no place for it.
const NEXT: &str = "record-next";

/// How rows are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Ndjson,
    Csv,
}

impl Form {
    /// The form that a request wants: JSON unless it names another.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut ranges = accept.split(',').filter_map(|range| range.split(';').next());
        ranges
            .find_map(|range| match range.trim() {
                "application/json" => Some(Self::Json),
                "application/x-ndjson" => Some(Self::Ndjson),
                "text/csv" => Some(Self::Csv),
                _ => None,
            })
            .unwrap_or(Self::Json)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// A page of rows.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its rows, as objects.
    pub(super) rows: Vec<Value>,
    /// Where the next one begins.
    pub(super) next: Option<String>,
}

/// What is said of rows beside themselves.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    /// Form of the answer.
    pub(super) form: Form,
    /// Members of a JSON answer beside `rows` and `next`.
    pub(super) head: Map<String, Value>,
    /// Columns of CSV: members of a row.
    pub(super) fields: Vec<&'static str>,
    /// Rows of the answer. `None` is a page of JSON, and every row in the other forms; JSON never has more than a page.
    pub(super) limit: Option<u32>,
    /// Rows of a page at most.
    pub(super) page_rows_max: u32,
    /// How long a stream of rows may take.
    pub(super) patience: Duration,
}

/// Answers with rows that come page by page.
///
/// # Errors
/// When the first page fails; later ones break the stream off.
pub(super) async fn answer<F, P>(
    telling: Telling,
    cursor: Option<String>,
    mut page: F,
) -> Result<Response, Problem>
where
    F: FnMut(Option<String>, u32) -> P + Send + 'static,
    P: Future<Output = Result<Page, Problem>> + Send + 'static,
{
    let rows_max = telling.limit.unwrap_or(telling.page_rows_max).clamp(1, telling.page_rows_max);
    let first = page(cursor, rows_max).await?;
    let is_a_page = telling.limit.is_some_and(|limit| limit <= telling.page_rows_max);
    if telling.form == Form::Json {
        let mut body = telling.head;
        body.insert("rows".into(), first.rows.into());
        body.insert("next".into(), first.next.into());
        return Ok(json_response(&body));
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(telling.form.media_type()));
    let mut text = if telling.form == Form::Csv { heading(&telling.fields) } else { String::new() };
    text.push_str(&written(&telling, &first.rows));
    if is_a_page {
        if let Some(next) = first.next.as_deref().and_then(|next| HeaderValue::from_str(next).ok()) {
            headers.insert(NEXT, next);
        }
        return Ok((headers, text).into_response());
    }
    let left = telling.limit.map(|limit| limit - rows_max);
    let sleep = Box::pin(tokio::time::sleep(telling.patience));
    let going = Going { telling, page, left, sleep, text: Some(text), next: first.next };
    let stream = futures::stream::unfold(Some(going), |going| async move {
        let mut going = going?;
        match going.step().await {
            Some(Ok(bytes)) => Some((Ok(bytes), Some(going))),
            Some(Err(broken)) => Some((Err(broken), None)),
            None => None,
        }
    });
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// Why a stream of rows broke off.
#[derive(Debug, thiserror::Error)]
#[error("the rows break off: {0}")]
struct BrokenOff(&'static str);

/// A stream of rows on its way.
struct Going<F> {
    telling: Telling,
    page: F,
    /// Rows still wanted; `None` for all.
    left: Option<u32>,
    sleep: Pin<Box<Sleep>>,
    /// What was read and not sent yet.
    text: Option<String>,
    next: Option<String>,
}

impl<F, P> Going<F>
where
    F: FnMut(Option<String>, u32) -> P,
    P: Future<Output = Result<Page, Problem>>,
{
    /// The next piece of the body.
    async fn step(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        if let Some(text) = self.text.take().filter(|text| !text.is_empty()) {
            return Some(Ok(text.into()));
        }
        let cursor = self.next.take().filter(|_| self.left != Some(0))?;
        let rows_max =
            self.left.map_or(self.telling.page_rows_max, |left| left.min(self.telling.page_rows_max));
        self.left = self.left.map(|left| left - rows_max);
        let read = tokio::select! {
            read = (self.page)(Some(cursor), rows_max) => read,
            () = &mut self.sleep => Err(Problem::new(error::TIMED_OUT)),
        };
        match read {
            Ok(page) => {
                self.next = page.next;
                // A page may hold nothing and lead on; an empty piece would end nothing and say nothing.
                let text = written(&self.telling, &page.rows);
                Some(Ok(text.into()))
            }
            Err(problem) => {
                tracing::warn!(status = problem.status().as_u16(), "a stream of rows breaks off");
                Some(Err(BrokenOff("a later page could not be read")))
            }
        }
    }
}

/// Rows as text of their form.
fn written(telling: &Telling, rows: &[Value]) -> String {
    match telling.form {
        Form::Csv => {
            rows.iter().map(|row| line(telling.fields.iter().map(|field| cell(row, field)))).collect()
        }
        Form::Json | Form::Ndjson => rows.iter().map(|row| format!("{row}\n")).collect(),
    }
}

/// The header row of CSV.
fn heading(fields: &[&str]) -> String {
    line(fields.iter().map(|field| quoted(field)))
}

/// A record of CSV (RFC 4180): cells that commas part, and CRLF at the end.
fn line(cells: impl Iterator<Item = String>) -> String {
    let mut line = cells.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A member of a row as a cell. Lists of words are joined by semicolons, what is deeper stays JSON. Nothing is empty.
fn cell(row: &Value, field: &str) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match row.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(number @ (Value::Number(_) | Value::Bool(_))) => number.to_string(),
        Some(Value::Array(items)) => match items.iter().map(plain).collect::<Option<Vec<_>>>() {
            Some(words) => quoted(&words.join(";")),
            None => quoted(&Value::from(items.clone()).to_string()),
        },
        Some(Value::String(text)) => quoted(text),
        Some(deeper) => quoted(&deeper.to_string()),
    }
}

/// A text that is a cell. One that a spreadsheet would take for a formula, since it begins with `=`, `+`, `-`, `@`, a
/// tab or a line's end, gets an apostrophe in front, which spreadsheets do not show.
fn quoted(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    fn telling(form: Form, limit: Option<u32>) -> Telling {
        Telling {
            form,
            head: Map::from_iter([("as_of".to_owned(), json!("now"))]),
            fields: vec!["n", "text"],
            limit,
            page_rows_max: 3,
            patience: Duration::from_secs(5),
        }
    }

    /// Rows 0 to 7 behind numbered cursors; the page that begins at `broken` cannot be read.
    fn rows(broken: u32) -> impl FnMut(Option<String>, u32) -> futures::future::Ready<Result<Page, Problem>> {
        move |cursor, limit| {
            let from: u32 = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let to = (from + limit).min(8);
            let rows = (from..to).map(|n| json!({ "n": n, "text": format!("row {n}") })).collect();
            let page = Page { rows, next: (to < 8).then(|| to.to_string()) };
            let page = if from == broken { Err(Problem::new(error::STORE_FAULT)) } else { Ok(page) };
            futures::future::ready(page)
        }
    }

    async fn text(response: Response) -> Result<String, axum::Error> {
        to_bytes(response.into_body(), 1 << 20).await.map(|bytes| String::from_utf8(bytes.into()).unwrap())
    }

    #[tokio::test]
    async fn without_a_limit_csv_and_ndjson_go_on_to_the_last_row_and_json_is_a_page() {
        let csv = answer(telling(Form::Csv, None), None, rows(99)).await.unwrap();
        let csv = text(csv).await.unwrap();
        assert_eq!(csv.lines().count(), 9, "{csv}");
        assert!(csv.starts_with("n,text\r\n0,row 0\r\n") && csv.ends_with("7,row 7\r\n"), "{csv}");
        let lines = text(answer(telling(Form::Ndjson, None), None, rows(99)).await.unwrap()).await.unwrap();
        assert_eq!(lines.lines().count(), 8);
        let page = text(answer(telling(Form::Json, None), None, rows(99)).await.unwrap()).await.unwrap();
        let page: Value = serde_json::from_str(&page).unwrap();
        assert_eq!(
            (page["rows"].as_array().unwrap().len(), &page["next"], &page["as_of"]),
            (3, &json!("3"), &json!("now"))
        );
    }

    #[tokio::test]
    async fn with_a_limit_the_header_says_where_the_next_page_begins() {
        let csv = answer(telling(Form::Csv, Some(2)), Some("1".into()), rows(99)).await.unwrap();
        assert_eq!(csv.headers()[NEXT], "3");
        assert_eq!(text(csv).await.unwrap(), "n,text\r\n1,row 1\r\n2,row 2\r\n");
        let last = answer(telling(Form::Ndjson, Some(3)), Some("6".into()), rows(99)).await.unwrap();
        assert_eq!(last.headers().get(NEXT), None);
        let longer = answer(telling(Form::Ndjson, Some(5)), None, rows(99)).await.unwrap();
        assert_eq!(text(longer).await.unwrap().lines().count(), 5, "more than a page");
    }

    #[tokio::test]
    async fn a_stream_that_cannot_go_on_breaks_off_and_does_not_end() {
        let broken = answer(telling(Form::Csv, None), None, rows(3)).await.unwrap();
        assert!(text(broken).await.is_err());
        let refused = answer(telling(Form::Csv, None), None, rows(0)).await.unwrap_err();
        assert_eq!(refused.status(), 503, "the first page still has a status");
    }

    #[test]
    fn cells_are_quoted_and_formulas_are_made_harmless() {
        let row = json!({
            "formula": "=1+1", "at": "@cmd", "minus": "-2", "number": -2, "comma": "a,b", "quote": "a\"b",
            "words": ["service", "notify"], "deep": [{ "a": 1 }], "null": null, "flag": true, "two": "=a,b",
        });
        for (field, expected) in [
            ("formula", "'=1+1"),
            ("at", "'@cmd"),
            ("minus", "'-2"),
            ("number", "-2"),
            ("comma", "\"a,b\""),
            ("quote", "\"a\"\"b\""),
            ("words", "service;notify"),
            ("deep", "\"[{\"\"a\"\":1}]\""),
            ("null", ""),
            ("absent", ""),
            ("flag", "true"),
            ("two", "\"'=a,b\""),
        ] {
            assert_eq!(cell(&row, field), expected, "{field}");
        }
    }

    #[test]
    fn accept_names_the_form_and_json_is_the_rest() {
        let wanted = |accept: &'static str| {
            Form::wanted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert_eq!(wanted("text/csv;q=0.9, application/json"), Form::Csv);
        assert_eq!(wanted("application/x-ndjson"), Form::Ndjson);
        assert_eq!((wanted("*/*"), wanted("")), (Form::Json, Form::Json));
    }
}
