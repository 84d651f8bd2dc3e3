//! Values of placeholders.

use std::sync::Arc;

/// A value in the place of a placeholder. Every kind has a null of its own, since PostgreSQL's have types.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(Option<i64>),
    /// A text.
    Text(Option<Arc<str>>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
    /// A column of whole numbers, for PostgreSQL to unnest.
    Integers(Vec<Option<i64>>),
    /// A column of texts, for PostgreSQL to unnest.
    Texts(Vec<Option<Arc<str>>>),
}

macro_rules! value_from {
    ($($from:ty => $kind:ident($value:ident, $into:expr);)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self::$kind(Some($into))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map(|$value| $into))
            }
        }
    )*};
}

value_from! {
    i64 => Integer(value, value);
    u32 => Integer(value, i64::from(value));
    u16 => Integer(value, i64::from(value));
    bool => Integer(value, i64::from(value));
    &str => Text(value, value.into());
    String => Text(value, value.into());
    Arc<str> => Text(value, value);
    Vec<u8> => Bytes(value, value);
    &[u8] => Bytes(value, value.to_vec());
}

impl From<Vec<i64>> for Value {
    fn from(numbers: Vec<i64>) -> Self {
        Self::Integers(numbers.into_iter().map(Some).collect())
    }
}

impl From<Vec<Arc<str>>> for Value {
    fn from(texts: Vec<Arc<str>>) -> Self {
        Self::Texts(texts.into_iter().map(Some).collect())
    }
}
