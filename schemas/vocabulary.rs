//! The closed lists that public fields choose from.
//!
//! A list that the policy or the law closes has one more value, `unlisted`, with a reference beside it
//! (`{"unlisted": "partner-newsletter"}`), so that a fact outside the policy can be recorded and judged.

use std::borrow::Cow;

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::ids::SubjectId;
use crate::reference::Reference;

/// Declares a closed list: a fieldless enumeration with wire names in snake case unless renamed.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[schemars(inline)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }
    };
}

/// Declares a list the policy closes: like [`closed_list`], with `unlisted` and a reference beside it.
macro_rules! open_ended_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        #[schemars(inline)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// None of the list: the platform's own reference says which.
            Unlisted(Reference),
        }
    };
}

open_ended_list! {
    /// Why data is used: the closed list of clause 2.2.
    Purpose {
        /// Giving services (2.2.1).
        Service,
        /// Identifying the user for the agreement (2.2.2).
        Identify,
        /// Notices and requests (2.2.3).
        Notify,
        /// Advertising, news, promotions (2.2.4).
        Advertising,
        /// Statistics and research (2.2.5).
        Research,
    }
}

open_ended_list! {
    /// What kind of data: the list of clause 2.3, and what clauses 1.5 and 1.6 add to it in fact.
    DataCategory {
        /// Full name (2.3.1).
        FullName,
        /// Individual identification number (2.3.2).
        Iin,
        /// Registered address (2.3.3).
        AddressRegistered,
        /// Delivery address (2.3.3).
        AddressDelivery,
        /// E-mail address (2.3.4).
        Email,
        /// Phone number (2.3.5).
        Phone,
        /// Actions on the site and technical data, which clause 1.5 calls non-personal.
        Technical,
        /// Scanned documents (1.6).
        Document,
    }
}

open_ended_list! {
    /// The clause on which data was passed to a third party.
    DisclosureGround {
        /// Reasoned request of a state body (3.4.1).
        #[serde(rename = "3.4.1")]
        StateBodyRequest,
        /// Another case directly in law (3.4.2).
        #[serde(rename = "3.4.2")]
        Law,
        /// Consent of the person (3.5.1).
        #[serde(rename = "3.5.1")]
        Consent,
        /// Need of the agreement or the services (3.5.2).
        #[serde(rename = "3.5.2")]
        Agreement,
        /// No ground at all.
        None,
    }
}

open_ended_list! {
    /// Ground for processing. Kazakh law has no six bases: consent, or a case of Art. 9.
    BasisKind {
        /// Consent (Art. 7, 8).
        Consent,
        /// A case of Art. 9 or another law.
        Article9,
        /// The operator's own legal duty.
        OperatorDuty,
        /// The agreement (a ground of the policy only).
        Agreement,
        /// No ground at all.
        None,
    }
}

open_ended_list! {
    /// The nine actions that are processing (Art. 1).
    ProcessingAction {
        /// Accumulation.
        Accumulate,
        /// Storage.
        Store,
        /// Change.
        Change,
        /// Supplementing.
        Supplement,
        /// Use.
        Use,
        /// Dissemination.
        Disseminate,
        /// Anonymisation.
        Anonymise,
        /// Blocking.
        Block,
        /// Destruction.
        Destroy,
    }
}

open_ended_list! {
    /// Ground of Art. 16 for data leaving the country.
    CrossBorderGround {
        /// The state protects personal data (16(2)).
        ProtectingState,
        /// Consent to that transfer (16(3)1).
        Consent,
        /// A ratified treaty (16(3)2).
        Treaty,
        /// A law protecting public order, rights, health or morals (16(3)3).
        Law,
        /// Constitutional rights when consent cannot be had (16(3)4).
        ConstitutionalRights,
        /// No ground at all.
        None,
    }
}

closed_list! {
    /// Kind of user (clause 1.2). A sole proprietor is a person with an IIN.
    SubjectKind { Person, Entity, Proprietor }
}

closed_list! {
    /// Through which channel (clause 1.1), or by whom, a thing came.
    Channel { Site, App, Office, Post, Email, Phone, StateService, Api }
}

closed_list! {
    /// Language of a text or of a person.
    Language {
        /// Kazakh.
        Kk,
        /// Russian.
        Ru,
        /// English.
        En,
    }
}

closed_list! {
    /// What a person answered to a policy version.
    PolicyAnswer { Accepted, Declined, StoppedUsing }
}

closed_list! {
    /// Form of a consent or withdrawal (Art. 8(1)).
    ConsentForm { Written, StateService, NonstateService, Other }
}

closed_list! {
    /// How strongly a consent is tied to the person.
    EvidenceStrength {
        /// A tick or a button.
        Click,
        /// A one-time code.
        Otp,
        /// A qualified electronic signature.
        Eds,
    }
}

closed_list! {
    /// Whether the person is told of a disclosure (Art. 19).
    NoticeDuty { Required, Deferred, None }
}

closed_list! {
    /// Way by which data reached its recipient.
    DeliveryChannel { SecureApi, EncryptedEmail, Email, Courier, Post, InPerson, StateExchange }
}

/// Who gave a consent: the person, or a representative by that representative's own subject id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline)]
pub enum GivenBy {
    /// The person.
    #[serde(rename = "self")]
    Subject,
    /// A representative.
    Representative(SubjectId),
}

/// How long a consent runs (Art. 8(4)). Without a stated term it runs until its purpose is achieved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline)]
pub enum Term {
    /// Through this day.
    Until(NaiveDate),
    /// So many months from the day it was given.
    Months(u16),
    /// Until the purpose is achieved.
    PurposeAchieved,
    /// The text states none.
    NotStated,
}

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
