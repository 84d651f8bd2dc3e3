//! Asks everybody outside, each as often as is set.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::Instant;

use super::{Outside, warn};

/// How often it is looked whether anything is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often each is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intervals {
    pub(super) witnesses: Duration,
    pub(super) anchors: Duration,
    pub(super) stamps: Duration,
}

/// Asks everybody as often as is due, for as long as somebody holds `outside`.
pub(super) async fn run(outside: Weak<Outside>, every: Intervals) {
    let (mut cosigned, mut anchored, mut stamped) = (None, None, None);
    let (mut cosigned_size, mut anchored_size, mut anchored_erased) = (0, 0, usize::MAX);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(outside) = outside.upgrade() else { return };
        // What is heard from outside is kept by the instance that signs, so that one asks.
        if !outside.leads() {
            continue;
        }
        let Some(checkpoint) = outside.parts.notary.state().checkpoint else { continue };
        let size = checkpoint.checkpoint.size;
        if !outside.witnesses.is_empty() && size > cosigned_size && is_due(cosigned, every.witnesses) {
            cosigned = Some(Instant::now());
            match outside.cosign(&checkpoint).await {
                Ok(_) => cosigned_size = size,
                Err(error) => warn(&error, "cosignatures are not kept; tried again later"),
            }
        }
        if !outside.anchors.is_empty() {
            let fenced = outside.parts.store.fenced_streams().await;
            let erased = fenced.map_or(anchored_erased, |fenced| fenced.len());
            // An erasure is anchored at once: a backup put back before that would bring the person back.
            let has_erased = erased != anchored_erased;
            if has_erased || size > anchored_size && is_due(anchored, every.anchors) {
                anchored = Some(Instant::now());
                match outside.anchor().await {
                    Ok(()) => (anchored_size, anchored_erased) = (size, erased),
                    Err(error) => warn(&error, "the anchors are not written; tried again later"),
                }
            }
        }
        if let Some(authority) = &outside.authority
            && is_due(stamped, every.stamps)
        {
            stamped = Some(Instant::now());
            if outside.has_news().await.unwrap_or(true)
                && let Err(error) = outside.stamp(authority).await
            {
                warn(&*error, "no checkpoint was stamped; tried again later");
            }
        }
    }
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= every)
}
