//! Credentials that run out, each kept fresh by one task for as long as a live provider needs it.

use super::now;
use crate::provider::{Provider, Refresher};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::{task::AbortHandle, time::timeout};

/// How long a provider waits for its first credential before it goes live without.
const FIRST: Duration = Duration::from_secs(3);

/// The tasks.
#[derive(Debug, Default)]
pub(super) struct Kept(Vec<(Refresher, AbortHandle)>);

impl Kept {
    /// Gives the providers what is kept already, and begins to keep what is not.
    pub(super) async fn adopt(&mut self, providers: &mut [Provider]) {
        let mut new = Vec::new();
        for credential in providers.iter_mut().map(|provider| &mut provider.credential) {
            self.0.iter().for_each(|(known, _)| credential.share(known));
            let Some(refresher) = credential.refresher() else { continue };
            if self.0.iter().all(|(known, _)| *known != refresher) {
                let task = tokio::spawn(refresher.clone().run(now)).abort_handle();
                self.0.push((refresher.clone(), task));
                new.push(refresher);
            }
        }
        // what has not come by then comes later, and is told as missing until it does
        timeout(FIRST, join_all(new.iter().map(Refresher::settled))).await.map(drop).unwrap_or_default();
    }

    /// Ends what none of the providers needs.
    pub(super) fn only(&mut self, providers: &[Provider]) {
        let needed: Vec<_> =
            providers.iter().filter_map(|provider| provider.credential.refresher()).collect();
        self.0.retain(|(refresher, task)| {
            let kept = needed.contains(refresher);
            if !kept {
                task.abort();
            }
            kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Credential, Dialect, Fetched, GoogleAccount, GoogleKey};

    /// An account that is none: every fetch fails at once.
    fn provider(audience: &str) -> Provider {
        let json = format!(r#"{{"type": "service_account", "audience": "{audience}"}}"#);
        let account = GoogleAccount::Given(GoogleKey::read(&json).unwrap());
        let credential = Credential::Google(Fetched::new(account));
        Provider { credential, ..Provider::new("p", Dialect::Gemini, "https://h".parse().unwrap()) }
    }

    fn problem(provider: &Provider) -> String {
        provider.credential.problem(now()).unwrap()
    }

    #[tokio::test]
    async fn the_same_credential_is_fetched_by_one_task_only() {
        let mut kept = Kept::default();
        let mut providers = [provider("a"), provider("a"), provider("b")];
        assert!(problem(&providers[0]).contains("on their way"));
        kept.adopt(&mut providers).await;
        assert_eq!(kept.0.len(), 2);
        for provider in &providers {
            assert!(problem(provider).contains("missing field"), "{}", problem(provider));
        }
        let mut again = [provider("a")];
        kept.adopt(&mut again).await;
        assert_eq!(kept.0.len(), 2);
        assert!(problem(&again[0]).contains("missing field"), "what is known is there at once");
    }

    #[tokio::test]
    async fn what_nobody_needs_is_not_kept() {
        let mut kept = Kept::default();
        let mut providers = [provider("a"), provider("b")];
        kept.adopt(&mut providers).await;
        kept.only(&providers[1..]);
        assert_eq!(kept.0.len(), 1);
        kept.only(&[]);
        assert!(kept.0.is_empty());
    }
}
