//! The client, against witnesses that answer what they should not.

use std::time::Duration;

use subject_record::notary::note::CosigningKey;
use subject_record::witness::client::{WitnessClient, WitnessError};
use zeroize::Zeroizing;

use super::{NAME, Scene, cosigning_key, fake, honest};

#[tokio::test]
async fn the_client_believes_only_the_key_it_was_told_of() {
    let scene = Scene::new(honest()).await;
    let served = scene.mirror().await;
    let other = CosigningKey::from_seed(NAME, Zeroizing::new([8; 32])).unwrap();
    let client =
        WitnessClient::new(&served.url, other.verifier_key().clone(), Duration::from_secs(60)).unwrap();
    let answer = client.add_checkpoint(0, &[], &scene.log.checkpoint(3)).await;
    assert!(matches!(answer, Err(WitnessError::OtherKey)), "{answer:?}");

    let checkpoint = scene.log.checkpoint(3);
    let key = cosigning_key();
    let right = key.cosign(checkpoint.note.text(), 1_800_000_000).unwrap();
    let of_another = key.cosign(scene.log.checkpoint(4).note.text(), 1_800_000_000).unwrap();
    let timeless = key.cosign(checkpoint.note.text(), 0).unwrap();
    let foreign = other.cosign(checkpoint.note.text(), 1_800_000_000).unwrap();
    type Fits = fn(&Result<Vec<String>, WitnessError>) -> bool;
    let answers: [(String, Fits); 8] = [
        (format!("{right}\n"), |answer| answer.as_ref().is_ok_and(|lines| lines.len() == 1)),
        (format!("{foreign}\n{right}\n"), |answer| answer.as_ref().is_ok_and(|lines| lines.len() == 1)),
        (format!("{foreign}\n"), |answer| matches!(answer, Err(WitnessError::OtherKey))),
        (format!("{of_another}\n"), |answer| matches!(answer, Err(WitnessError::BadSignature))),
        (format!("{timeless}\n"), |answer| matches!(answer, Err(WitnessError::Answer(_)))),
        (right.clone(), |answer| matches!(answer, Err(WitnessError::Answer(_)))),
        (String::new(), |answer| matches!(answer, Err(WitnessError::Answer(_)))),
        ("—".repeat(20_000), |answer| matches!(answer, Err(WitnessError::Answer(_)))),
    ];
    for (text, fits) in answers {
        let url = fake::answering(200, text.clone()).await;
        let client = WitnessClient::new(&url, key.verifier_key().clone(), Duration::from_secs(60)).unwrap();
        let answer = client.add_checkpoint(0, &[], &checkpoint).await;
        assert!(fits(&answer), "{text:.200}: {answer:?}");
    }
    let client = |url: &str, seconds| {
        WitnessClient::new(url, key.verifier_key().clone(), Duration::from_secs(seconds)).unwrap()
    };
    let conflict =
        client(&fake::answering(409, "7\n".into()).await, 20).add_checkpoint(0, &[], &checkpoint).await;
    assert!(
        matches!(conflict, Err(WitnessError::Refused { status: 409, .. })),
        "a size without its media type"
    );
    let nobody = client("http://127.0.0.1:9", 20).add_checkpoint(0, &[], &checkpoint).await;
    assert!(matches!(nobody, Err(WitnessError::Unreachable(_))), "{nobody:?}");
    let silent = client(&fake::silent().await, 1).add_checkpoint(0, &[], &checkpoint).await;
    assert!(matches!(silent, Err(WitnessError::Unreachable(_))), "{silent:?}");
}
