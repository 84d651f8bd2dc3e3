//! Tokens: what stands for whom, and until when.

use chrono::TimeDelta;
use subject_record::caller::{Role, SourcePattern, TokenId};
use subject_record::clock::SeededEntropy;
use subject_record::db::sql::Engine;
use subject_record::vault::tokens::{TokenError, Tokens};
use subject_record_schemas::Source;

use super::given::{Given, morning, on_both_engines};
use crate::traces::traces_in;

on_both_engines! {
    a_token_stands_for_its_caller_until_it_is_revoked
    attack_a_token_that_is_not_exactly_right_stands_for_nobody
    a_tokens_name_is_used_once_and_fits_its_role
}

async fn a_token_stands_for_its_caller_until_it_is_revoked(engine: Engine) {
    let it = Given::vault(engine).await;
    let (keys, entropy) = (it.vault.key_file(), SeededEntropy::new(3));
    let tokens = Tokens::load(keys).await.unwrap();
    let sources = || vec![SourcePattern::parse("platform/*").unwrap()];
    let platform =
        tokens.create(keys, "platform-1", Role::Emitter, sources(), morning(), &entropy).await.unwrap();
    let audit = tokens.create(keys, "audit", Role::Auditor, Vec::new(), morning(), &entropy).await.unwrap();
    assert!(platform.starts_with("sr_platform-1_"), "a leaked one is recognised");

    let caller = tokens.authenticate(&platform).await.unwrap().unwrap();
    assert_eq!((caller.token.as_str(), caller.role), ("platform-1", Role::Emitter));
    assert!(caller.owns(&Source::parse("platform/consents").unwrap()));
    assert!(!caller.owns(&Source::parse("audit").unwrap()));

    assert!(tokens.revoke(keys, "platform-1", morning() + TimeDelta::hours(1)).await.unwrap());
    assert!(!tokens.revoke(keys, "platform-1", morning() + TimeDelta::hours(2)).await.unwrap(), "only once");
    assert!(!tokens.revoke(keys, "nobody", morning()).await.unwrap());
    // The same after a restart: what is known by heart is what the file says.
    for tokens in [&tokens, &Tokens::load(keys).await.unwrap()] {
        let mut live = Vec::new();
        for name in ["platform-1", "audit", "nobody"] {
            live.push(tokens.is_live(&TokenId::parse(name).unwrap()).await.unwrap());
        }
        assert_eq!(live, [false, true, false]);
        assert_eq!(tokens.authenticate(&platform).await.unwrap(), None);
        assert_eq!(tokens.authenticate(&audit).await.unwrap().unwrap().role, Role::Auditor);
        let listed = tokens.list();
        let listed: Vec<_> = listed.iter().map(|info| (info.token.as_str(), info.revoked_at)).collect();
        assert_eq!(listed, [("audit", None), ("platform-1", Some(morning() + TimeDelta::hours(1)))]);
    }
}

async fn attack_a_token_that_is_not_exactly_right_stands_for_nobody(engine: Engine) {
    let it = Given::vault(engine).await;
    let (keys, entropy) = (it.vault.key_file(), SeededEntropy::new(3));
    let tokens = Tokens::load(keys).await.unwrap();
    let one = tokens.create(keys, "one", Role::Auditor, Vec::new(), morning(), &entropy).await.unwrap();
    let two = tokens.create(keys, "two", Role::Auditor, Vec::new(), morning(), &entropy).await.unwrap();
    assert!(
        tokens.authenticate(&one).await.unwrap().is_some()
            && tokens.authenticate(&two).await.unwrap().is_some()
    );
    let secret = one.strip_prefix("sr_one_").unwrap();
    let last = if one.ends_with('A') { 'B' } else { 'A' };
    for wrong in [
        String::new(),
        "sr_".into(),
        "sr_one".into(),
        "sr_one_".into(),
        format!("sr_two_{secret}"),
        format!("sr_nobody_{secret}"),
        format!("SR_one_{secret}"),
        format!("sr_ONE_{secret}"),
        format!("one_{secret}"),
        format!(" {}", *one),
        format!("{}=", *one),
        format!("{}{last}", &one[..one.len() - 1]),
        one[..one.len() - 1].to_owned(),
    ] {
        assert_eq!(tokens.authenticate(&wrong).await.unwrap(), None, "{wrong}");
    }
    assert_eq!(
        traces_in(it.place.folder.path(), &[secret.as_bytes().to_vec()]),
        0,
        "the file holds no secret"
    );
}

async fn a_tokens_name_is_used_once_and_fits_its_role(engine: Engine) {
    let it = Given::vault(engine).await;
    let (keys, entropy) = (it.vault.key_file(), SeededEntropy::new(3));
    let tokens = Tokens::load(keys).await.unwrap();
    let sources = |text| vec![SourcePattern::parse(text).unwrap()];
    let create =
        async |name, role, sources| tokens.create(keys, name, role, sources, morning(), &entropy).await;
    let first = create("desk", Role::Support, Vec::new()).await.unwrap();
    assert!(matches!(create("desk", Role::Support, Vec::new()).await, Err(TokenError::Taken)));
    assert!(tokens.authenticate(&first).await.unwrap().is_some(), "the refused one has not taken its place");
    tokens.revoke(keys, "desk", morning()).await.unwrap();
    assert!(
        matches!(create("desk", Role::Support, Vec::new()).await, Err(TokenError::Taken)),
        "events bear it"
    );
    for name in ["service", "", "Desk", "de_sk", "de sk", "стол"] {
        assert!(matches!(create(name, Role::Support, Vec::new()).await, Err(TokenError::Name)), "{name:?}");
    }
    for (role, sources) in [
        (Role::Emitter, Vec::new()),
        (Role::Officer, Vec::new()),
        (Role::Support, sources("platform")),
        (Role::Auditor, sources("platform/*")),
        (Role::Operator, sources("*")),
    ] {
        assert!(matches!(create("other", role, sources).await, Err(TokenError::Sources)), "{role}");
    }
    assert_eq!(tokens.list().len(), 1);
}
