//! The closed lists that public fields choose from.
//!
//! A list that the policy or the law closes has one more value, `unlisted`, with a reference beside it
//! (`{"unlisted": "partner-newsletter"}`), so that a fact outside the policy can be recorded and judged.
//! Grounds also have `none`: what was done without any is a fact too.

/// Declares a closed list: a fieldless enumeration with wire names in snake case unless renamed.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[schemars(inline)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|value| value.to_string() == word).ok_or($crate::vocabulary::UnknownWord)
            }
        }
    };
}

/// Declares a list the policy or the law closes: like [`closed_list`], with `unlisted` and a reference.
macro_rules! open_ended_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        #[schemars(inline)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// None of the list: the platform's own reference says which.
            Unlisted(crate::reference::Reference),
        }
    };
}

mod access;
mod common;
mod consent;
mod disclosure;
mod erasure;
mod governance;
mod people;
mod places;
mod processing;
mod rights;
mod system;

/// A word that is not in its closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such word in this list")]
pub struct UnknownWord;

pub use access::*;
pub use common::*;
pub use consent::*;
pub use disclosure::*;
pub use erasure::*;
pub use governance::*;
pub use people::*;
pub use places::*;
pub use processing::*;
pub use rights::*;
pub use system::*;
