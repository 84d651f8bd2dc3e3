//! Words of what the operator publishes, approves and registers (E01 to E07).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

closed_list! {
    /// How far a purpose needs a category of data (Art. 12(1)).
    Necessity {
        /// The purpose cannot be reached without it.
        Required,
        /// Given only if the person wishes.
        Voluntary,
    }
}

/// How long data is kept once its end trigger has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(inline)]
pub enum Retention {
    /// Not at all: destruction is due at once.
    None,
    /// So many days.
    Days(u16),
    /// So many months.
    Months(u16),
}

open_ended_list! {
    /// A part that someone plays in protecting the data (clause 4.1; Art. 25(3)).
    ResponsibilityRole {
        /// Responsible for organising the processing.
        ResponsiblePerson,
        /// On the list of those with access.
        AccessListMember,
        /// Lawyer who checks for privileged content.
        Lawyer,
    }
}

open_ended_list! {
    /// Kind of recipient. Not everyone who writes a formal request is a state body.
    RecipientKind {
        /// State body, inquiry, investigation or local self-government (3.4.1).
        StateBody,
        /// Court.
        Court,
        /// Advocate or legal consultant.
        Lawyer,
        /// Notary.
        Notary,
        /// Bailiff.
        Bailiff,
        /// Bank.
        Bank,
        /// Provider of a service to the operator.
        Provider,
        /// Partner.
        Partner,
    }
}

closed_list! {
    /// The operator's assessment of a country (Art. 16). There is no official list.
    CountryAssessment {
        /// It protects personal data.
        Assured,
        /// It does not, or not surely.
        NotAssured,
        /// Nobody has looked yet.
        NotAssessed,
    }
}

closed_list! {
    /// What a storage place is for (clause 3.3; Art. 12(2)).
    StorageRole {
        /// The base itself.
        Primary,
        /// A copy kept in step.
        Replica,
        /// A copy kept for long.
        Archive,
        /// A copy kept against loss.
        Backup,
    }
}
