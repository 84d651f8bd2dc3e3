//! Words of the policy and of consents (E15 to E21).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::SubjectId;

closed_list! {
    /// What a person answered to a policy version.
    PolicyAnswer {
        /// Accepted it. Acceptance is not consent.
        Accepted,
        /// Declined it.
        Declined,
        /// Stopped using the site, as the preamble asks of whoever disagrees.
        StoppedUsing,
    }
}

closed_list! {
    /// Form of a consent or withdrawal (Art. 8(1)).
    ConsentForm {
        /// On paper.
        Written,
        /// Through the state service.
        StateService,
        /// Through another service.
        NonstateService,
        /// Another way that lets it be confirmed.
        Other,
    }
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
    /// How much of a consent is withdrawn (Art. 8(1), 24).
    WithdrawalScope {
        /// The consent, for the purposes named.
        All,
        /// Passing data to third parties only.
        ThirdParty,
        /// Passing data abroad only.
        CrossBorder,
        /// Publication only.
        Public,
    }
}

open_ended_list! {
    /// Why a withdrawal does not take effect in full (Art. 8(2)).
    LimitationGround {
        /// A law forbids it.
        Law,
        /// An obligation is unfulfilled.
        UnfulfilledObligation,
        /// No ground at all.
        None,
    }
}

open_ended_list! {
    /// Why a consent ended without being withdrawn.
    ConsentEndReason {
        /// Its term ran out.
        Expired,
        /// Its purpose was achieved.
        PurposeAchieved,
        /// A court or body declared it invalid.
        Invalidated,
        /// The operator gave it up.
        RevokedByOperator,
    }
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
