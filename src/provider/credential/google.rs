//! Google's way: an access token that holds for an hour.

use super::{
    fetched::{Granted, Source},
    told,
};
use crate::provider::Secret;
use google_cloud_auth::credentials::{
    AccessTokenCredentials, Builder, external_account, impersonated,
    service_account::{self, AccessSpecifier},
    user_account,
};
use serde::Deserialize;
use serde_json::Value;
use std::{fmt, time::Duration};

/// What a token is for: all of Google Cloud that the account may use.
const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

/// Whose tokens they are.
#[derive(Debug, Clone, PartialEq)]
pub enum GoogleAccount {
    /// What the environment says: `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's file, or the metadata server, which also
    /// gives out the workload identities of GKE.
    Environment,
    /// An account that the configuration gives.
    Given(GoogleKey),
}

/// An account as JSON: a service account's key, or an external account (workload identity federation).
#[derive(Clone, PartialEq)]
pub struct GoogleKey {
    kind: Kind,
    account: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    ServiceAccount,
    ExternalAccount,
    ImpersonatedServiceAccount,
    AuthorizedUser,
}

impl GoogleKey {
    /// Reads JSON as Google's console gives it out.
    ///
    /// # Errors
    /// What is wrong; nothing of the account is told.
    pub fn read(json: &str) -> Result<Self, String> {
        let account: Value = serde_json::from_str(json)
            .map_err(|e| format!("not JSON (line {}, column {})", e.line(), e.column()))?;
        let kind = account.get("type").and_then(|kind| Kind::deserialize(kind).ok());
        let wanted = "its `type` must be service_account, external_account, impersonated_service_account or authorized_user";
        Ok(Self { kind: kind.ok_or(wanted)?, account })
    }
}

impl fmt::Debug for GoogleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(***)", self.kind)
    }
}

impl GoogleAccount {
    fn open(&self) -> Result<AccessTokenCredentials, String> {
        // the library takes what the process has; somebody else may have been faster
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let opened = match self {
            Self::Environment => Builder::default().with_scopes(SCOPES).build_access_token_credentials(),
            Self::Given(GoogleKey { kind, account }) => {
                let account = account.clone();
                match kind {
                    Kind::ServiceAccount => service_account::Builder::new(account)
                        .with_access_specifier(AccessSpecifier::from_scopes(SCOPES))
                        .build_access_token_credentials(),
                    Kind::ExternalAccount => external_account::Builder::new(account)
                        .with_scopes(SCOPES)
                        .build_access_token_credentials(),
                    Kind::ImpersonatedServiceAccount => impersonated::Builder::new(account)
                        .with_scopes(SCOPES)
                        .build_access_token_credentials(),
                    Kind::AuthorizedUser => user_account::Builder::new(account)
                        .with_scopes(SCOPES)
                        .build_access_token_credentials(),
                }
            }
        };
        opened.map_err(|error| told(&error))
    }
}

impl Source for GoogleAccount {
    type Grant = Secret;
    /// The library has a task of its own that renews the token; it is only asked for the one it has.
    type Session = Option<AccessTokenCredentials>;
    const NAME: &'static str = "Google credentials";
    const EVERY: Duration = Duration::from_secs(20);

    async fn fetch(&self, session: &mut Self::Session) -> Result<Granted<Secret>, String> {
        let credentials = match session {
            Some(credentials) => credentials,
            None => session.insert(self.open()?),
        };
        let token = credentials.access_token().await.map_err(|error| told(&error))?;
        Ok(Granted { grant: Secret::new(token.token), until: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Json, Router, routing::post};
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;
    use std::fs;
    use tokio::net::TcpListener;

    /// A key of nobody, made for this test.
    const SERVICE_ACCOUNT: &str = include_str!("samples/service_account.json");

    #[tokio::test]
    async fn a_service_account_signs_its_own_tokens() {
        let account = GoogleAccount::Given(GoogleKey::read(SERVICE_ACCOUNT).unwrap());
        let mut session = None;
        let token = account.fetch(&mut session).await.unwrap().grant;
        let claims = token.reveal().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["iss"], "attache@p.iam.gserviceaccount.com");
        assert_eq!(claims["scope"], SCOPES[0]);
        let again = account.fetch(&mut session).await.unwrap().grant;
        assert_eq!(again, token, "one token serves until it is renewed");
    }

    #[tokio::test]
    async fn a_workload_of_elsewhere_changes_its_token_for_one_of_google() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let given = |form: String| {
            assert!(form.contains("subject_token=from-elsewhere"), "{form}");
            Json(json!({
                "access_token": "from-google", "token_type": "Bearer", "expires_in": 3600,
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            }))
        };
        let service = Router::new().route("/token", post(async move |form| given(form)));
        let serving = tokio::spawn(async move { axum::serve(listener, service).await });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "from-elsewhere").unwrap();
        let account = json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": url,
            "credential_source": {"file": file},
        });
        let account = GoogleAccount::Given(GoogleKey::read(&account.to_string()).unwrap());
        assert_eq!(account.fetch(&mut None).await.unwrap().grant.reveal(), "from-google");
        serving.abort();
    }

    #[tokio::test]
    async fn an_account_without_its_parts_says_what_is_missing() {
        let account = GoogleAccount::Given(GoogleKey::read(r#"{"type": "service_account"}"#).unwrap());
        let why = account.fetch(&mut None).await.unwrap_err();
        assert!(why.contains("missing field"), "{why}");
    }

    #[test]
    fn what_is_no_account_is_told_without_telling_it() {
        let read = |json: &str| GoogleKey::read(json).unwrap_err();
        assert_eq!(read("{\n\"private_key\": s3cret}"), "not JSON (line 2, column 16)");
        let other = json!({"type": "gdch_service_account", "private_key": "s3cret"}).to_string();
        assert!(read(&other).contains("its `type` must be service_account"));
        let key = GoogleKey::read(SERVICE_ACCOUNT).unwrap();
        assert_eq!(format!("{key:?}"), "ServiceAccount(***)");
    }
}
