//! Amazon's way: no key is sent, but a signature (version 4) over the request as it leaves.

use super::{
    Unsigned,
    fetched::{Fetched, Granted, Source},
    told,
};
use crate::provider::Secret;
use aws_config::{
    Region, default_provider::credentials::DefaultCredentialsChain, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig,
};
use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider as Tls, rustls_provider::CryptoMode},
};
use std::time::{Duration, SystemTime};

/// What Bedrock is called in signatures.
const SERVICE: &str = "bedrock";

/// Signs for one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Aws {
    /// `eu-west-1`.
    pub region: String,
    /// Whose signature it is.
    pub keys: AwsKeys,
}

/// Where the keys come from.
#[derive(Debug, Clone, PartialEq)]
pub enum AwsKeys {
    /// The configuration.
    Given(KeyPair),
    /// Where AWS keeps them for programs.
    Fetched(Fetched<AwsChain>),
}

/// A pair of keys, perhaps for a session only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// `AKIA...`.
    pub id: Secret,
    /// The one that signs.
    pub secret: Secret,
    /// The token of a session.
    pub session: Option<Secret>,
}

/// Where AWS keeps keys for programs: the environment, profiles, web identities (IRSA), containers, the instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsChain {
    /// The region whose token service is asked.
    pub region: String,
    /// Only this profile.
    pub profile: Option<String>,
}

impl Aws {
    pub(super) fn headers(
        &self,
        request: Unsigned<'_>,
        now: SystemTime,
    ) -> Result<Vec<(String, String)>, String> {
        match &self.keys {
            AwsKeys::Given(keys) => signature(keys, [&self.region, SERVICE], request, now),
            AwsKeys::Fetched(fetched) => {
                signature(&fetched.current(now)?.grant, [&self.region, SERVICE], request, now)
            }
        }
    }

    pub(super) fn problem(&self, now: SystemTime) -> Option<String> {
        match &self.keys {
            AwsKeys::Given(_) => None,
            AwsKeys::Fetched(fetched) => fetched.current(now).err(),
        }
    }
}

/// The headers that sign `request` for a region and a service.
fn signature(
    keys: &KeyPair,
    [region, service]: [&str; 2],
    request: Unsigned<'_>,
    now: SystemTime,
) -> Result<Vec<(String, String)>, String> {
    let session = keys.session.as_ref().map(|token| token.reveal().to_owned());
    let identity = Credentials::new(keys.id.reveal(), keys.secret.reveal(), session, None, "attache").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| told(&error))?
        .into();
    let url = format!("https://{}{}", request.authority, request.path);
    let headers = [("host", Some(request.authority)), ("content-type", request.content_type)];
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let body = SignableBody::Bytes(request.body);
    let signable = SignableRequest::new(request.method, url, headers, body).map_err(|error| told(&error))?;
    let (instructions, _) = sign(signable, &params).map_err(|error| told(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

impl Source for AwsChain {
    type Grant = KeyPair;
    /// Files are read again each time.
    type Session = ();
    const NAME: &'static str = "AWS credentials";
    const EVERY: Duration = Duration::from_mins(5);

    async fn fetch(&self, (): &mut ()) -> Result<Granted<KeyPair>, String> {
        let client = Builder::new().tls_provider(Tls::Rustls(CryptoMode::Ring)).build_https();
        let region = Region::new(self.region.clone());
        let config = ProviderConfig::default().with_region(Some(region.clone())).with_http_client(client);
        let keys = match &self.profile {
            Some(name) => {
                let profile = ProfileFileCredentialsProvider::builder().profile_name(name);
                let keys = profile.configure(&config).build().provide_credentials().await;
                keys.map_err(|error| format!("profile `{name}`: {}", told(&error)))?
            }
            None => {
                let chain = DefaultCredentialsChain::builder().region(region).configure(config);
                chain.build().await.provide_credentials().await.map_err(|error| told(&error))?
            }
        };
        Ok(Granted {
            grant: KeyPair {
                id: Secret::new(keys.access_key_id()),
                secret: Secret::new(keys.secret_access_key()),
                session: keys.session_token().map(Secret::new),
            },
            until: keys.expiry(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2015-08-30T12:36:00Z, the time of the vectors.
    const THEN: Duration = Duration::from_secs(1_440_938_160);

    fn keys(session: Option<&str>) -> KeyPair {
        KeyPair {
            id: Secret::new("AKIDEXAMPLE"),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: session.map(Secret::new),
        }
    }

    fn authorization(keys: &KeyPair, scope: [&str; 2], request: Unsigned<'_>) -> String {
        let headers = signature(keys, scope, request, SystemTime::UNIX_EPOCH + THEN).unwrap();
        let value = |name| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        assert_eq!(value("x-amz-date").as_deref(), Some("20150830T123600Z"));
        assert_eq!(value("x-amz-security-token").as_deref(), keys.session.as_ref().map(Secret::reveal));
        assert_eq!(value("x-amz-content-sha256"), None);
        value("authorization").unwrap()
    }

    /// From AWS's Signature Version 4 test suite, as the crate `aws-sigv4` carries it.
    #[test]
    fn signatures_are_those_of_the_published_suite() {
        let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
        for (method, path, session, signed, expected) in [
            // get-vanilla
            (
                "GET",
                "/",
                None,
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            // post-vanilla
            (
                "POST",
                "/",
                None,
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            // get-vanilla-query-order-key-case
            (
                "GET",
                "/?Param2=value2&Param1=value1",
                None,
                "host;x-amz-date",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            // get-vanilla-with-session-token
            (
                "GET",
                "/",
                Some(token),
                "host;x-amz-date;x-amz-security-token",
                "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
            ),
        ] {
            let authority = "example.amazonaws.com";
            let request = Unsigned { method, authority, path, content_type: None, body: b"" };
            let credential =
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
            assert_eq!(
                authorization(&keys(session), ["us-east-1", "service"], request),
                format!("{credential}, SignedHeaders={signed}, Signature={expected}"),
                "{method} {path}"
            );
        }
    }

    /// From botocore 1.44.5: `SigV4Auth(credentials, "bedrock", "eu-west-1").add_auth(request)` at that time.
    #[test]
    fn a_model_with_a_colon_is_signed_as_botocore_signs_it() {
        let request = Unsigned {
            method: "POST",
            authority: "bedrock-runtime.eu-west-1.amazonaws.com",
            path: "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse",
            content_type: Some("application/json"),
            body: br#"{"messages":[]}"#,
        };
        let scope = ["eu-west-1", SERVICE];
        let credential = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/bedrock/aws4_request";
        assert_eq!(
            authorization(&keys(None), scope, request),
            format!(
                "{credential}, SignedHeaders=content-type;host;x-amz-date, \
                 Signature=6ba5765f5a30fcd59996cd7173bd09ac5e49d5216c3162051f885b11e7fc8e3d"
            )
        );
        let arn = "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse-stream";
        assert_eq!(
            authorization(&keys(Some("TOKEN")), scope, Unsigned { path: arn, ..request }),
            format!(
                "{credential}, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
                 Signature=04cac842c31ec0c91fa126edc3df06d3d3afb203fbbcb035f43ee1cf9aa0909d"
            )
        );
    }

    #[test]
    fn no_key_is_printed() {
        let aws = Aws { region: "r".into(), keys: AwsKeys::Given(keys(Some("TOKEN"))) };
        let printed = format!("{aws:?}");
        assert!(!["AKID", "wJalr", "TOKEN"].iter().any(|secret| printed.contains(secret)), "{printed}");
    }
}
