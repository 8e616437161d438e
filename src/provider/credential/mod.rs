//! How to be let in at a provider: the provider's own credential, those that clients may name, and a client's own.

mod aws;
mod fetched;
mod google;

pub use aws::{Aws, AwsChain, AwsKeys, KeyPair};
pub use fetched::{Fetched, Granted, Refresher, Source};
pub use google::{GoogleAccount, GoogleKey};

use super::{Dialect, Provider, Secret};
use crate::dialect::Platform;
use std::{borrow::Cow, error::Error, fmt, iter, time::SystemTime};

/// How to be let in at a provider.
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// The provider asks for none.
    None,
    /// `authorization: Bearer <secret>`.
    Bearer(Secret),
    /// The secret in a header of the provider's own.
    Header {
        /// The header's name, in lower case.
        name: &'static str,
        /// Its value.
        secret: Secret,
    },
    /// Signatures.
    Aws(Aws),
    /// `authorization: Bearer <token>`, the token of an account at Google.
    Google(Fetched<GoogleAccount>),
    /// The configuration names something that is not there: the provider is unusable, not the program.
    Missing(Lack),
}

/// What is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// An environment variable, by name: not set, or set to nothing.
    Variable(String),
    /// A file.
    File {
        /// Its path.
        path: String,
        /// Why it can not be read, or that it is empty.
        why: String,
    },
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable {name} is not set"),
            Self::File { path, why } => write!(f, "the file {path} can not be used: {why}"),
        }
    }
}

/// A request before its credential: what a signature is made of.
#[derive(Debug, Clone, Copy)]
pub struct Unsigned<'a> {
    /// The method.
    pub method: &'a str,
    /// The `:authority`, as it will be sent.
    pub authority: &'a str,
    /// The `:path`, as it will be sent, query included.
    pub path: &'a str,
    /// The content type.
    pub content_type: Option<&'a str>,
    /// The body, as it will be sent.
    pub body: &'a [u8],
}

/// Why a client may not use the credential that it asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialProblem {
    /// There is none of this name.
    #[error("the provider `{provider}` has no credential `{alias}`")]
    Unknown {
        /// The provider's name.
        provider: String,
        /// What the client called it.
        alias: String,
    },
    /// The provider takes no keys of clients.
    #[error("the provider `{provider}` takes no keys of its clients")]
    NotAllowed {
        /// The provider's name.
        provider: String,
    },
    /// Both a name and a key: nobody could tell which is meant.
    #[error("a stored credential and a key of the client's own: leave one of them out")]
    Both,
}

impl Credential {
    /// The headers that let `request` in. Nothing is fetched here: it only takes what is at hand.
    ///
    /// # Errors
    /// Why it can not be used at this moment.
    pub fn headers(&self, request: Unsigned<'_>, now: SystemTime) -> Result<Vec<(String, String)>, String> {
        match self {
            Self::None => Ok(vec![]),
            Self::Bearer(secret) => Ok(vec![bearer(secret)]),
            Self::Header { name, secret } => Ok(vec![((*name).into(), secret.reveal().into())]),
            Self::Aws(aws) => aws.headers(request, now),
            Self::Google(fetched) => Ok(vec![bearer(&fetched.current(now)?.grant)]),
            Self::Missing(lack) => Err(lack.to_string()),
        }
    }

    /// The names of the headers that it sends.
    #[must_use]
    pub const fn header_names(&self) -> &[&'static str] {
        match self {
            Self::None | Self::Missing(_) => &[],
            Self::Bearer(_) | Self::Google(_) => &["authorization"],
            Self::Aws(_) => &["authorization", "x-amz-date", "x-amz-security-token"],
            Self::Header { name, .. } => std::slice::from_ref(name),
        }
    }

    /// Why it can not be used at this moment, where it can not.
    #[must_use]
    pub fn problem(&self, now: SystemTime) -> Option<String> {
        match self {
            Self::None | Self::Bearer(_) | Self::Header { .. } => None,
            Self::Aws(aws) => aws.problem(now),
            Self::Google(fetched) => fetched.current(now).err(),
            Self::Missing(lack) => Some(lack.to_string()),
        }
    }

    /// What keeps it fresh, where it is fetched.
    #[must_use]
    pub fn refresher(&self) -> Option<Refresher> {
        match self {
            Self::Aws(Aws { keys: AwsKeys::Fetched(fetched), .. }) => Some(Refresher::Aws(fetched.clone())),
            Self::Google(fetched) => Some(Refresher::Google(fetched.clone())),
            _ => None,
        }
    }

    /// Takes over what `known` has fetched, where it comes from the same source.
    pub fn share(&mut self, known: &Refresher) {
        match (self, known) {
            (Self::Aws(Aws { keys: AwsKeys::Fetched(own), .. }), Refresher::Aws(known)) if own == known => {
                *own = known.clone();
            }
            (Self::Google(own), Refresher::Google(known)) if own == known => *own = known.clone(),
            _ => {}
        }
    }
}

/// An error with everything that it was caused by.
fn told(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn bearer(secret: &Secret) -> (String, String) {
    ("authorization".into(), format!("Bearer {}", secret.reveal()))
}

impl Provider {
    /// `secret`, in the header in which this provider wants its keys.
    #[must_use]
    pub fn keyed(&self, secret: Secret) -> Credential {
        let name = match (self.dialect, self.platform) {
            (Dialect::Anthropic, Platform::Direct) => "x-api-key",
            (Dialect::Gemini, _) | (_, Platform::Vertex) => "x-goog-api-key",
            (Dialect::AzureOpenai, _) => "api-key",
            _ => return Credential::Bearer(secret),
        };
        Credential::Header { name, secret }
    }

    /// The credential for a client that names a stored one (`alias`), brings its own key, or does neither.
    ///
    /// # Errors
    /// Why it may not.
    pub fn credential_for(
        &self,
        alias: Option<&str>,
        own: Option<&str>,
    ) -> Result<Cow<'_, Credential>, CredentialProblem> {
        let provider = || self.name.clone();
        match (alias, own) {
            (None, None) => Ok(Cow::Borrowed(&self.credential)),
            (Some(alias), None) => {
                let unknown = || CredentialProblem::Unknown { provider: provider(), alias: alias.into() };
                self.credentials.get(alias).map(Cow::Borrowed).ok_or_else(unknown)
            }
            (None, Some(key)) if self.own_key => Ok(Cow::Owned(self.keyed(Secret::new(key)))),
            (None, Some(_)) => Err(CredentialProblem::NotAllowed { provider: provider() }),
            (Some(_), Some(_)) => Err(CredentialProblem::Both),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Unsigned<'_> = Unsigned {
        method: "POST",
        authority: "h",
        path: "/",
        content_type: Some("application/json"),
        body: b"{}",
    };

    fn provider(dialect: Dialect, platform: Platform) -> Provider {
        Provider { platform, ..Provider::new("p", dialect, "https://h".parse().unwrap()) }
    }

    fn header(credential: &Credential) -> (String, String) {
        credential.headers(REQUEST, SystemTime::UNIX_EPOCH).unwrap().remove(0)
    }

    #[test]
    fn every_provider_gets_its_key_in_its_own_header() {
        for (dialect, platform, name, value) in [
            (Dialect::Openai, Platform::Direct, "authorization", "Bearer k"),
            (Dialect::Mistral, Platform::Direct, "authorization", "Bearer k"),
            (Dialect::Cohere, Platform::Direct, "authorization", "Bearer k"),
            (Dialect::Bedrock, Platform::Direct, "authorization", "Bearer k"),
            (Dialect::AzureOpenai, Platform::Direct, "api-key", "k"),
            (Dialect::Anthropic, Platform::Direct, "x-api-key", "k"),
            (Dialect::Anthropic, Platform::Bedrock, "authorization", "Bearer k"),
            (Dialect::Anthropic, Platform::Vertex, "x-goog-api-key", "k"),
            (Dialect::Gemini, Platform::Direct, "x-goog-api-key", "k"),
            (Dialect::Gemini, Platform::Vertex, "x-goog-api-key", "k"),
        ] {
            let credential = provider(dialect, platform).keyed(Secret::new("k"));
            assert_eq!(header(&credential), (name.to_owned(), value.to_owned()), "{dialect:?} {platform:?}");
        }
    }

    #[test]
    fn a_client_is_let_in_by_the_providers_key_by_one_that_it_names_or_by_its_own() {
        let mut p = provider(Dialect::Openai, Platform::Direct);
        p.credential = p.keyed(Secret::new("ours"));
        p.credentials.insert("a".into(), p.keyed(Secret::new("stored")));
        let value = |p: &Provider, alias, own| p.credential_for(alias, own).map(|c| header(&c).1);
        assert_eq!(value(&p, None, None), Ok("Bearer ours".into()));
        assert_eq!(value(&p, Some("a"), None), Ok("Bearer stored".into()));
        let unknown = CredentialProblem::Unknown { provider: "p".into(), alias: "b".into() };
        assert_eq!(value(&p, Some("b"), None), Err(unknown));
        let refused = CredentialProblem::NotAllowed { provider: "p".into() };
        assert_eq!(value(&p, None, Some("own")), Err(refused));
        p.own_key = true;
        assert_eq!(value(&p, None, Some("own")), Ok("Bearer own".into()));
        assert_eq!(value(&p, Some("a"), Some("own")), Err(CredentialProblem::Both));
    }

    #[test]
    fn what_is_missing_is_said() {
        let file = Lack::File { path: "/k".into(), why: "it is empty".into() };
        let missing = Credential::Missing(file);
        assert_eq!(
            missing.problem(SystemTime::UNIX_EPOCH).as_deref(),
            Some("the file /k can not be used: it is empty")
        );
        assert_eq!(
            missing.headers(REQUEST, SystemTime::UNIX_EPOCH).err(),
            missing.problem(SystemTime::UNIX_EPOCH)
        );
    }
}
