//! Answers that must not be accepted, each for its own reason.

use proptest::prelude::*;
use subject_record::stamps::{ANSWER_BYTES_MAX, Nonce, Request, Stamp, StampError, TrustedRoots, check};

use super::authority::{Authority, BODY, NONCE, P_256, RSA, granted, imprint, request};

fn judged(authority: &Authority, answer: &[u8]) -> Result<Stamp, StampError> {
    request().check(answer, &authority.roots())
}

/// Time-stamp information that tells another time.
fn dated(info: &[u8], time: &str) -> Vec<u8> {
    let at = info.windows(2).position(|window| window == [0x18, 15]).unwrap() + 2;
    let mut info = info.to_vec();
    info[at..at + 15].copy_from_slice(time.as_bytes());
    info
}

#[test]
fn stamp_over_another_digest() {
    let authority = Authority::new(P_256);
    let other = check(&authority.good(), &imprint(b"other"), Some(NONCE), &authority.roots());
    assert_eq!(other, Err(StampError::OtherImprint));
}

#[test]
fn stamp_for_another_request() {
    let authority = Authority::new(P_256);
    let other = check(&authority.good(), &imprint(BODY), Some(Nonce::new([9; 8])), &authority.roots());
    assert_eq!(other, Err(StampError::OtherNonce));
}

#[test]
fn stamp_for_a_request_without_a_nonce() {
    let authority = Authority::new(P_256);
    authority.write("body", BODY);
    authority
        .run(&["ts", "-query", "-data", "body", "-sha256", "-no_nonce", "-cert", "-out", "bare.tsq"])
        .unwrap();
    let answer = authority.reply(&authority.read("bare.tsq"), "");
    assert_eq!(judged(&authority, &answer), Err(StampError::OtherNonce));
    assert!(check(&answer, &imprint(BODY), None, &authority.roots()).is_ok());
}

#[test]
fn stamp_over_a_digest_of_another_algorithm() {
    let authority = Authority::new(P_256);
    authority.write("body", BODY);
    authority.run(&["ts", "-query", "-data", "body", "-sha512", "-cert", "-out", "long.tsq"]).unwrap();
    let answer = authority.reply(&authority.read("long.tsq"), "");
    let found = "2.16.840.1.101.3.4.2.3".to_owned();
    assert_eq!(judged(&authority, &answer), Err(StampError::OtherHash { found }));
}

#[test]
fn stamp_without_its_certificate() {
    let authority = Authority::new(P_256);
    authority.write("body", BODY);
    authority.run(&["ts", "-query", "-data", "body", "-sha256", "-no_nonce", "-out", "bare.tsq"]).unwrap();
    let answer = authority.reply(&authority.read("bare.tsq"), "");
    assert_eq!(check(&answer, &imprint(BODY), None, &authority.roots()), Err(StampError::NoCertificate));
}

#[test]
fn signer_that_is_no_authority() {
    let authority = Authority::new(P_256);
    let info = authority.info(&authority.good());
    // What is forged here is accepted when the certificate is right, so that what follows is about certificates.
    assert!(judged(&authority, &authority.forged(&info, "tsa", &[])).is_ok());
    for (extensions, error) in [
        ("without-purpose", StampError::NoPurpose),
        ("purpose-not-critical", StampError::PurposeNotCritical),
        ("two-purposes", StampError::OtherPurpose),
        ("other-purpose", StampError::OtherPurpose),
        ("may-not-sign", StampError::KeyUsage),
    ] {
        authority.certificate("odd", "root", extensions);
        assert_eq!(judged(&authority, &authority.forged(&info, "odd", &[])), Err(error), "{extensions}");
    }
}

#[test]
fn root_that_nobody_trusts() {
    let authority = Authority::new(P_256);
    let answer = authority.good();
    authority.root("stranger", "Another root");
    authority.root("namesake", "Invented root");
    for other in ["stranger.pem", "namesake.pem"] {
        let roots = TrustedRoots::from_pem(&authority.text(other)).unwrap();
        assert_eq!(request().check(&answer, &roots), Err(StampError::Untrusted), "{other}");
    }
    let all = ["stranger.pem", "namesake.pem", "root.pem"].map(|file| authority.text(file)).concat();
    assert!(request().check(&answer, &TrustedRoots::from_pem(&all).unwrap()).is_ok());
}

#[test]
fn self_signed_authority() {
    let authority = Authority::new(P_256);
    authority
        .run(&[
            "x509",
            "-req",
            "-in",
            "tsa.csr",
            "-signkey",
            "tsa.key",
            "-out",
            "alone.pem",
            "-extfile",
            "extensions.cnf",
            "-extensions",
            "stamps",
        ])
        .unwrap();
    authority.write("alone.key", authority.read("tsa.key"));
    let info = authority.info(&authority.good());
    let answer = authority.forged(&info, "alone", &[]);
    assert_eq!(judged(&authority, &answer), Err(StampError::Untrusted));
}

/// Seconds that a stamp lies ahead in time.
const IN_SIXTY_YEARS: u32 = 60 * 365 * 24 * 60 * 60;

#[test]
fn certificate_not_valid_at_the_time_of_the_stamp() {
    let authority = Authority::new(P_256);
    let answer = authority.good();
    let info = authority.info(&answer);
    let at = judged(&authority, &answer).unwrap().at;
    let told = |years: i64| {
        let time = at + chrono::TimeDelta::days(365 * years);
        judged(
            &authority,
            &authority.forged(&dated(&info, &time.format("%Y%m%d%H%M%SZ").to_string()), "tsa", &[]),
        )
    };
    assert!(told(0).is_ok());
    assert!(told(9).is_ok());
    for years in [-1, 11] {
        assert!(matches!(told(years), Err(StampError::NotValidThen { .. })), "{years}");
    }
}

#[test]
fn certificate_that_ran_out_before_its_root() {
    let authority = Authority::new(P_256);
    authority.sign("tsa", "tsa.csr", "root", "stamps", &["-CAcreateserial"], "1");
    let answer = authority.good();
    let at = judged(&authority, &answer).unwrap().at + chrono::TimeDelta::days(2);
    let info = dated(&authority.info(&answer), &at.format("%Y%m%d%H%M%SZ").to_string());
    assert_eq!(
        judged(&authority, &authority.forged(&info, "tsa", &[])),
        Err(StampError::NotValidThen { at })
    );
}

#[test]
fn root_that_ran_out_before_its_certificate() {
    let authority = Authority::new(P_256);
    authority.sign("tsa", "tsa.csr", "root", "stamps", &["-CAcreateserial"], "36500");
    let lasts = |file| {
        authority.run(&["x509", "-noout", "-checkend", &IN_SIXTY_YEARS.to_string(), "-in", file]).is_ok()
    };
    assert!(lasts("tsa.pem") && !lasts("root.pem"));
    let answer = authority.good();
    let at = judged(&authority, &answer).unwrap().at + chrono::TimeDelta::seconds(IN_SIXTY_YEARS.into());
    let info = dated(&authority.info(&answer), &at.format("%Y%m%d%H%M%SZ").to_string());
    assert_eq!(
        judged(&authority, &authority.forged(&info, "tsa", &[])),
        Err(StampError::NotValidThen { at })
    );
}

#[test]
fn issuer_that_may_not_issue() {
    for (extensions, untrusted) in [("not-an-issuer", false), ("may-not-issue", true)] {
        let authority = Authority::new(P_256);
        authority.certificate("issuer", "root", extensions);
        authority.certificate("odd", "issuer", "stamps");
        let info = authority.info(&authority.good());
        let found =
            judged(&authority, &authority.forged(&info, "odd", &["-certfile", "issuer.pem"])).unwrap_err();
        let expected = if untrusted {
            found == StampError::Untrusted
        } else {
            matches!(found, StampError::Chain { .. })
        };
        assert!(expected, "{extensions}: {found:?}");
    }
}

#[test]
fn chain_longer_than_a_certificate_allows() {
    let authority = Authority::new(P_256);
    authority.certificate("first", "root", "issues-nobody");
    authority.certificate("second", "first", "between");
    authority.certificate("odd", "second", "stamps");
    let info = authority.info(&authority.good());
    authority.write("chain.pem", authority.text("first.pem") + &authority.text("second.pem"));
    let found = judged(&authority, &authority.forged(&info, "odd", &["-certfile", "chain.pem"]));
    assert!(matches!(found, Err(StampError::Chain { .. })), "{found:?}");
}

#[test]
fn certificate_swapped_for_one_of_the_same_key_and_number() {
    let authority = Authority::new(P_256);
    authority.sign("tsa", "tsa.csr", "root", "stamps", &["-set_serial", "77"], "3650");
    authority.sign("twin", "tsa.csr", "root", "stamps", &["-set_serial", "77"], "9");
    let info = authority.info(&authority.good());
    assert!(judged(&authority, &authority.forged(&info, "tsa", &[])).is_ok());
    let answer = authority.forged(&info, "tsa", &["-nocerts", "-certfile", "twin.pem"]);
    let certificates =
        authority.run(&["cms", "-cmsout", "-print", "-inform", "DER", "-in", "forged.der"]).unwrap();
    assert!(certificates.contains("serialNumber: 77"), "the twin is there");
    assert_eq!(judged(&authority, &answer), Err(StampError::OtherCertificate));
}

#[test]
fn signature_not_bound_to_a_certificate() {
    let authority = Authority::new(P_256);
    let info = authority.info(&authority.good());
    let kind = "1.2.840.113549.1.9.16.1.4";
    let bare = authority.forged_as(kind, &info, "tsa", &["-md", "sha256"]);
    assert_eq!(judged(&authority, &bare), Err(StampError::Attribute("signing-certificate")));
    let none = authority.forged_as(kind, &info, "tsa", &["-noattr", "-md", "sha256"]);
    assert_eq!(judged(&authority, &none), Err(StampError::Attribute("content-type")));
}

#[test]
fn signed_message_that_is_no_stamp() {
    let authority = Authority::new(P_256);
    let plain = "1.2.840.113549.1.7.1";
    let answer = authority.forged_as(plain, &authority.info(&authority.good()), "tsa", &["-cades"]);
    assert_eq!(judged(&authority, &answer), Err(StampError::OtherContent { found: plain.into() }));
    let answer = authority.forged(b"not time-stamp information", "tsa", &[]);
    assert!(matches!(judged(&authority, &answer), Err(StampError::Malformed { .. })));
}

#[test]
fn stamp_signed_twice() {
    let authority = Authority::new(P_256);
    let info = authority.info(&authority.good());
    authority.certificate("second", "root", "stamps");
    let answer = authority.forged(&info, "tsa", &["-signer", "second.pem", "-inkey", "second.key"]);
    assert_eq!(judged(&authority, &answer), Err(StampError::Signatures { found: 2 }));
}

#[test]
fn signature_by_an_algorithm_that_is_not_checked() {
    let authority = Authority::new(RSA);
    let info = authority.info(&authority.good());
    let answer = authority.forged(&info, "tsa", &["-keyopt", "rsa_padding_mode:pss"]);
    let found = "1.2.840.113549.1.1.10".to_owned();
    assert_eq!(judged(&authority, &answer), Err(StampError::Algorithm { found }));
}

#[test]
fn authority_that_refuses() {
    let authority = Authority::new(P_256);
    let policy = Some("1.3.6.1.4.1.99999.3".parse().unwrap());
    let asked = Request::new(imprint(BODY), NONCE, policy);
    let answer = authority.reply(&asked.to_der().unwrap(), "");
    let Err(StampError::Refused { reason }) = judged(&authority, &answer) else { unreachable!("refused") };
    assert!(reason.starts_with("rejection: unacceptedPolicy: "), "{reason}");
}

#[test]
fn granted_without_a_stamp() {
    assert_eq!(judged(&Authority::new(P_256), &granted(&[])), Err(StampError::NoToken));
}

#[test]
fn oversized_answer() {
    let answer = vec![0x30; ANSWER_BYTES_MAX + 1];
    let error = StampError::TooLarge { bytes: answer.len() };
    assert_eq!(judged(&Authority::new(P_256), &answer), Err(error));
}

#[test]
fn answer_with_bytes_after_its_end() {
    let authority = Authority::new(P_256);
    let mut answer = authority.good();
    answer.push(0);
    assert!(matches!(judged(&authority, &answer), Err(StampError::Malformed { .. })));
}

/// Where a good answer may change without a word of the stamp changing: its status may also say "granted with changes"
/// (RFC 3161 section 2.4.2), which is outside of what the authority signs. So are certificates beyond its own.
const STATUS: std::ops::Range<usize> = 4..9;

/// The bit that makes "granted with changes" of "granted".
const STATUS_BIT: usize = (STATUS.end - 1) * 8;

/// Alters one bit of each so many, every byte among them when that is less than eight.
fn no_altered_bit_is_accepted(authority: &Authority, of: usize) {
    let roots = authority.roots();
    let answer = authority.good();
    assert_eq!(answer[STATUS.start..STATUS.end], [0x30, 3, 2, 1, 0]);
    let accepted: Vec<_> = (STATUS_BIT % of..answer.len() * 8)
        .step_by(of)
        .map(|bit| (bit / 8, bit % 8))
        .filter(|(at, bit)| {
            let mut altered = answer.clone();
            altered[*at] ^= 1 << bit;
            request().check(&altered, &roots).is_ok()
        })
        .collect();
    assert_eq!(accepted, [(STATUS_BIT / 8, 0)]);
}

#[test]
fn altered_bit_anywhere_in_the_answer_of_an_rsa_authority() {
    no_altered_bit_is_accepted(&Authority::new(RSA), 7);
}

#[test]
fn altered_bit_anywhere_in_the_answer_of_an_ec_authority() {
    no_altered_bit_is_accepted(&Authority::new(P_256), 1);
}

#[test]
fn altered_bit_in_a_certificate_that_nobody_needs_changes_no_word_of_the_stamp() {
    let authority = Authority::new(P_256);
    let answer = authority.reply(&request().to_der().unwrap(), "certs = root.pem");
    let stamp = judged(&authority, &answer).unwrap();
    let mut accepted = 0;
    for at in 0..answer.len() {
        let mut altered = answer.clone();
        altered[at] ^= 1 << (at % 8);
        if let Ok(other) = judged(&authority, &altered) {
            assert_eq!(other, stamp, "{at}");
            accepted += 1;
        }
    }
    let unneeded = authority.run(&["x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der"]);
    assert!(unneeded.is_ok() && (1..=authority.read("root.der").len()).contains(&accepted), "{accepted}");
}

#[test]
fn answer_cut_anywhere() {
    let authority = Authority::new(P_256);
    let answer = authority.good();
    for length in 0..answer.len() {
        assert!(judged(&authority, &answer[..length]).is_err(), "{length}");
    }
}

#[test]
fn garbage_is_refused_without_a_panic() {
    let authority = Authority::new(P_256);
    let (answer, roots) = (authority.good(), authority.roots());
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let garbage = proptest::collection::vec(any::<u8>(), 0..600);
    runner
        .run(&garbage, |bytes| {
            prop_assert!(request().check(&bytes, &roots).is_err());
            prop_assert!(request().check(&granted(&bytes), &roots).is_err());
            Ok(())
        })
        .unwrap();
    let spoilt = proptest::collection::vec((0..answer.len(), any::<u8>()), 1..6);
    runner
        .run(&spoilt, |places| {
            let mut bytes = answer.clone();
            for (at, byte) in places {
                bytes[at] = byte;
            }
            let unchanged = bytes[..STATUS.start] == answer[..STATUS.start]
                && bytes[STATUS.end..] == answer[STATUS.end..];
            prop_assert!(unchanged || request().check(&bytes, &roots).is_err());
            Ok(())
        })
        .unwrap();
}
