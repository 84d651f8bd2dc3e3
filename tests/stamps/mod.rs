//! Time stamps, against a real authority: OpenSSL's, which also judges ours.

pub(crate) mod authority;
mod refused;
pub(crate) mod way;

use subject_record::stamps::{Nonce, Policy, Request, StampError, TrustedRoots, check};

use self::authority::{Authority, BODY, Key, NONCE, P_256, P_384, RSA, imprint, request};

/// OpenSSL's words on an answer.
fn words(authority: &Authority, answer: &[u8]) -> String {
    authority.write("read.tsr", answer);
    authority.run(&["ts", "-reply", "-in", "read.tsr", "-text"]).unwrap()
}

fn agrees_with_openssl(key: Key, settings: &str) {
    let authority = Authority::new(key);
    let answer = authority.reply(&request().to_der().unwrap(), settings);
    let stamp = request().check(&answer, &authority.roots()).unwrap();

    authority.openssl_accepts(&answer, BODY).unwrap();
    let words = words(&authority, &answer);
    assert_eq!(stamp.serial, "4b");
    assert!(words.contains("Serial number: 0x4B"), "{words}");
    assert_eq!(stamp.policy, "1.3.6.1.4.1.99999.1");
    assert!(words.contains(&stamp.policy), "{words}");
    assert_eq!(stamp.accuracy, Some(std::time::Duration::from_micros(1_500_100)));
    let shown = stamp.at.format("%b %e %H:%M:%S").to_string();
    assert!(words.contains(&format!("Time stamp: {shown}")), "{words} {shown}");
    assert_eq!(stamp.authority_subject, "CN=Authority tsa,O=Invented");
}

#[test]
fn a_stamp_of_an_rsa_authority_is_accepted_here_and_by_openssl() {
    agrees_with_openssl(RSA, "");
}

#[test]
fn a_stamp_of_a_p_256_authority_is_accepted_here_and_by_openssl() {
    agrees_with_openssl(P_256, "");
}

#[test]
fn a_stamp_of_a_p_384_authority_is_accepted_here_and_by_openssl() {
    agrees_with_openssl(P_384, "signer_digest = sha384");
}

#[test]
fn longer_digests_of_an_authority_are_known() {
    agrees_with_openssl(RSA, "signer_digest = sha384");
    agrees_with_openssl(RSA, "signer_digest = sha512");
    agrees_with_openssl(P_256, "signer_digest = sha384");
    agrees_with_openssl(P_384, "signer_digest = sha256");
}

#[test]
fn a_certificate_may_be_named_by_an_older_digest_or_with_its_chain() {
    agrees_with_openssl(P_256, "ess_cert_id_alg = sha1");
    agrees_with_openssl(P_256, "ess_cert_id_alg = sha512");
    agrees_with_openssl(P_256, "ess_cert_id_alg = sha1\ness_cert_id_chain = yes\ncerts = root.pem");
}

#[test]
fn fractions_of_a_second_are_read() {
    let authority = Authority::new(P_256);
    let answer = authority.reply(&request().to_der().unwrap(), "clock_precision_digits = 6");
    let stamp = request().check(&answer, &authority.roots()).unwrap();
    let shown = stamp.at.format("%H:%M:%S%.6f").to_string();
    let shown = shown.trim_end_matches('0');
    assert!(shown.len() > "00:00:00.".len(), "{shown}");
    let words = words(&authority, &answer);
    assert!(words.contains(&format!("{shown} ")), "{words} {shown}");
}

#[test]
fn openssl_reads_the_request_as_it_is_meant() {
    let authority = Authority::new(P_256);
    let policy: Policy = "1.3.6.1.4.1.99999.2".parse().unwrap();
    let shown = |nonce: [u8; 8], policy| {
        authority
            .write("shown.tsq", Request::new(imprint(BODY), Nonce::new(nonce), policy).to_der().unwrap());
        authority.run(&["ts", "-query", "-in", "shown.tsq", "-text"]).unwrap()
    };
    let words = shown([0xA1, 2, 3, 4, 5, 6, 7, 8], Some(policy));
    for line in [
        "Version: 1",
        "Hash Algorithm: sha256",
        "Policy OID: 1.3.6.1.4.1.99999.2",
        "Nonce: 0xA102030405060708",
        "Certificate required: yes",
    ] {
        assert!(words.contains(line), "{line} in {words}");
    }
    assert!(shown([0, 0, 0x7F, 4, 5, 6, 7, 8], None).contains("Nonce: 0x7F0405060708"));
    assert!(shown([0, 0, 0, 0, 0, 0, 0, 0x80], None).contains("Nonce: 0x80"));
}

#[test]
fn every_nonce_comes_back_as_it_was_sent() {
    let authority = Authority::new(P_256);
    for nonce in [[0; 8], [0, 0, 0, 0, 0, 0, 0, 0x80], [0xFF; 8], [0x7F, 0, 0, 0, 0, 0, 0, 0]] {
        let request = Request::new(imprint(BODY), Nonce::new(nonce), None);
        let answer = authority.reply(&request.to_der().unwrap(), "");
        assert!(request.check(&answer, &authority.roots()).is_ok(), "{nonce:?}");
    }
}

#[test]
fn a_kept_stamp_is_checked_without_its_nonce() {
    let authority = Authority::new(P_256);
    let answer = authority.good();
    let kept = check(&answer, &imprint(BODY), None, &authority.roots()).unwrap();
    assert_eq!(kept, check(&answer, &imprint(BODY), Some(NONCE), &authority.roots()).unwrap());
}

#[test]
fn the_policy_that_was_asked_for_is_the_one_of_the_stamp() {
    let authority = Authority::new(P_256);
    let asked = Request::new(imprint(BODY), NONCE, Some("1.3.6.1.4.1.99999.2".parse().unwrap()));
    let answer = authority.reply(&asked.to_der().unwrap(), "");
    assert_eq!(asked.check(&answer, &authority.roots()).unwrap().policy, "1.3.6.1.4.1.99999.2");
    let other = StampError::OtherPolicy { found: "1.3.6.1.4.1.99999.1".into() };
    assert_eq!(asked.check(&authority.good(), &authority.roots()), Err(other));
}

#[test]
fn a_chain_over_one_more_certificate_is_followed() {
    let authority = Authority::new(P_256);
    authority.certificate("between", "root", "between");
    authority.certificate("tsa", "between", "stamps");
    let answer = authority.reply(&request().to_der().unwrap(), "certs = between.pem");
    assert!(request().check(&answer, &authority.roots()).is_ok());
    authority.openssl_accepts(&answer, BODY).unwrap();

    let short = authority.good();
    assert_eq!(request().check(&short, &authority.roots()), Err(StampError::Untrusted));
    let both = authority.text("root.pem") + &authority.text("between.pem");
    assert!(request().check(&short, &TrustedRoots::from_pem(&both).unwrap()).is_ok());
}

#[test]
fn a_text_without_certificates_holds_no_roots() {
    assert!(TrustedRoots::from_pem("no certificate").is_err());
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let said = TrustedRoots::from_pem(broken).unwrap_err().to_string();
    assert!(said.starts_with("certificate 1 of the trusted roots cannot be read"), "{said}");
}
