//! What can be found: codes and severities. What a finding rests on (clauses, articles) is data of the rule pack.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The law or the policy was broken.
    Violation,
    /// A term was missed.
    Deadline,
    /// Somebody should look.
    Warning,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: &'static [Self] = &[Self::Violation, Self::Deadline, Self::Warning];

    /// The severity as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Deadline => "deadline",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no code of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no finding has this code")]
pub struct UnknownFinding;

macro_rules! finding_codes {
    ($($(#[$doc:meta])+ $code:ident),+ $(,)?) => {
        /// Codes of the findings that are judged, in the order of judging: a broken log first, since nothing
        /// else counts on one, then what governance lacks, then what happened to people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FindingCode { $($(#[$doc])+ $code),+ }

        impl FindingCode {
            /// Every code, in the order of judging.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The code as text, such as `F01`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),+ }
            }
        }
    };
}

finding_codes! {
    /// The log itself is broken: a gap, a leaf that is not in the tree, heads that contradict each other.
    F50,
    /// A consent text or the policy is silent about something that Art. 8(4) asks for.
    F02,
    /// Processing with an answer to the policy only: no consent, no case of Art. 9.
    F01,
    /// Technical data of a known person is treated as non-personal (clause 1.5).
    F03,
    /// An answer or a consent names a text that was not published, not in force, or not in that language.
    F04,
    /// Processing before a consent, or between two.
    F05,
    /// Processing after the consent was withdrawn, refused, or had ended.
    F06,
    /// A purpose, category or recipient that the live consent does not name.
    F07,
    /// A consent by somebody who had no authority for it then.
    F08,
    /// A disclosure that rests on the need of the agreement alone (clause 3.5.2).
    F09,
    /// A purpose outside clause 2.2.
    F10,
    /// What a new policy version added is applied to data collected before, without a new consent.
    F11,
    /// Data is public with neither consent nor law.
    F12,
    /// The purpose of a consent without an end was achieved, and processing goes on.
    F13,
    /// A withdrawal was limited without ground, or never carried out once the obligation had ended.
    F14,
    /// A copy or disclosure abroad without a ground of Art. 16.
    F27,
    /// A disclosure that names neither consent, nor request, nor article.
    F28,
    /// A request without reasons or signature, or of no state body, was complied with.
    F29,
    /// More was disclosed than was asked for or allowed.
    F30,
    /// A disclosure before its decision or against it, or of privileged content without a lawyer's check.
    F31,
    /// A recipient that was not registered, or had not taken on the duties, at that time.
    F32,
    /// The person was not told of a disclosure in time, or that was put off without ground.
    F33,
    /// Destruction was due and data or a copy is still there.
    F34,
    /// Data was destroyed although it was blocked or on hold.
    F35,
    /// Blocked data was used, changed or disclosed.
    F36,
    /// Data is used after it was destroyed.
    F37,
    /// An access request was answered late, or refused late or without reasons.
    F39,
    /// A correction, block, unblocking, removal or destruction that was due within a working day came late.
    F40,
    /// A request for deletion was open longer than the Digital Code lets it.
    F41,
    /// A claim or dispute is open and nothing holds the data.
    F42,
    /// A claim was sent after the term of clause 5.2: a fact about the claim, no fault of the operator.
    F43,
    /// An event was recorded long after it happened, or out of causal order.
    F47,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FindingCode {
    type Err = UnknownFinding;
    fn from_str(text: &str) -> Result<Self, UnknownFinding> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownFinding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_text_everywhere() {
        for code in FindingCode::ALL {
            assert_eq!(code.to_string().parse(), Ok(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!("F15".parse::<FindingCode>(), Err(UnknownFinding));
        assert_eq!("f01".parse::<FindingCode>(), Err(UnknownFinding));
    }

    #[test]
    fn a_severity_is_the_same_text_everywhere() {
        for severity in Severity::ALL {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.to_string());
        }
    }

    #[test]
    fn a_broken_log_is_judged_before_everything_else() {
        assert_eq!(FindingCode::ALL.first(), Some(&FindingCode::F50));
        assert!(FindingCode::ALL.is_sorted(), "order of comparison is the order of judging");
        assert_eq!(FindingCode::ALL.len(), 32);
    }
}
