//! Reading JSON in which no object bears a member name twice.
//!
//! RFC 8259, section 4 leaves it open which of two equal names counts, and readers differ; I-JSON (RFC 7493,
//! section 2.3) forbids them. What is evidence later may not read differently to two readers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads one JSON document. Nesting is limited as by `serde_json`: 128 levels.
///
/// # Errors
/// When it is no JSON, or, of the category `Data`, when an object bears a member name twice.
pub(super) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes).map(|Strict(value)| value)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated member names")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member name stands twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::error::Category;

    use super::*;

    #[test]
    fn a_repeated_name_is_refused_at_any_depth_however_it_is_escaped() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert_eq!(read(text.as_bytes()).unwrap_err().classify(), Category::Data, "{text}");
        }
        assert!(read(br#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn nesting_ends_where_serde_json_ends_it() {
        for levels in [127, 128] {
            let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            let usual = serde_json::from_str::<Value>(&text).is_ok();
            assert_eq!(read(text.as_bytes()).is_ok(), usual, "{levels}");
        }
    }

    proptest! {
        #[test]
        fn text_without_repeated_names_reads_as_ever(
            text in r#"(\[|\]|\{|\}|,|:|"[a-f]"|-?[0-9]{1,22}(\.[0-9]e-3)?|1e999|true|null| ){1,9}"#,
        ) {
            let strict = read(text.as_bytes());
            if strict.as_ref().is_err_and(|error| error.classify() == Category::Data) {
                return Ok(());
            }
            prop_assert_eq!(strict.ok(), serde_json::from_str::<Value>(&text).ok());
        }
    }
}
