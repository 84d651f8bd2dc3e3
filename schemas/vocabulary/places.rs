//! Countries and the time of day: texts of a closed form that are no list.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A country by ISO 3166-1 alpha-2 code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);

/// A text that is no country code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters (ISO 3166-1 alpha-2), such as KZ")]
pub struct CountryError;

impl Country {
    /// The country code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Country {
    type Error = CountryError;
    fn try_from(code: String) -> Result<Self, CountryError> {
        let capital = |b: u8| b.is_ascii_uppercase();
        if code.len() == 2 && code.bytes().all(capital) { Ok(Self(code)) } else { Err(CountryError) }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.0
    }
}

impl JsonSchema for Country {
    fn schema_name() -> Cow<'static, str> {
        "Country".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{2}$", "maxLength": 2 })
    }
}

/// Time of day on the addressee's clock, `HH:MM`: what the night window of advertising is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalTime {
    minute_of_day: u16,
}

/// A text that is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a local time is HH:MM, from 00:00 to 23:59")]
pub struct LocalTimeError;

impl LocalTime {
    /// Minutes since midnight, 0 to 1439.
    #[must_use]
    pub const fn minute_of_day(self) -> u16 {
        self.minute_of_day
    }
}

impl TryFrom<String> for LocalTime {
    type Error = LocalTimeError;
    fn try_from(text: String) -> Result<Self, LocalTimeError> {
        let digit = |b: u8| b.is_ascii_digit().then(|| u16::from(b - b'0')).ok_or(LocalTimeError);
        let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return Err(LocalTimeError) };
        let hour = digit(h1)? * 10 + digit(h2)?;
        let minute = digit(m1)? * 10 + digit(m2)?;
        if hour < 24 && minute < 60 {
            Ok(Self { minute_of_day: hour * 60 + minute })
        } else {
            Err(LocalTimeError)
        }
    }
}

impl From<LocalTime> for String {
    fn from(time: LocalTime) -> Self {
        format!("{:02}:{:02}", time.minute_of_day / 60, time.minute_of_day % 60)
    }
}

impl JsonSchema for LocalTime {
    fn schema_name() -> Cow<'static, str> {
        "LocalTime".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "maxLength": 5 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_counts_minutes_and_reads_back_as_written() {
        for (text, minutes) in [("00:00", 0), ("06:00", 360), ("22:15", 1335), ("23:59", 1439)] {
            let time = LocalTime::try_from(text.to_owned()).unwrap();
            assert_eq!((time.minute_of_day(), String::from(time)), (minutes, text.to_owned()));
        }
        for wrong in ["24:00", "23:60", "9:30", "09-30", "+9:30", "09:300"] {
            assert_eq!(LocalTime::try_from(wrong.to_owned()), Err(LocalTimeError), "{wrong}");
        }
    }

    #[test]
    fn a_country_is_two_capital_letters() {
        assert!(Country::try_from("KZ".to_owned()).is_ok());
        for wrong in ["kz", "KAZ", "К", ""] {
            assert_eq!(Country::try_from(wrong.to_owned()), Err(CountryError), "{wrong}");
        }
    }
}
