//! Providers of every kind, and the mistakes that can be made with them.

use crate::{
    config::{Config, Mistake, Warning},
    dialect::Platform,
    provider::{
        Aws, AwsChain, AwsKeys, Credential, Dialect, Fetched, GoogleAccount, KeyPair, Lack, Provider, Secret,
    },
};
use std::{fs, path::Path, time::SystemTime};

fn variables(name: &str) -> Option<String> {
    (name == "KEY").then(|| "k-1".into())
}

fn parse(folder: &Path, settings: &str) -> Result<(Config, Vec<Warning>), Vec<Mistake>> {
    Config::parse(&format!("providers: {{p: {{{settings}}}}}"), folder, &variables)
}

fn good(settings: &str) -> Provider {
    let (mut config, warnings) = parse(Path::new("/"), settings).unwrap();
    assert_eq!(warnings, [], "{settings}");
    config.providers.remove(0)
}

fn mistakes(settings: &str) -> Vec<String> {
    parse(Path::new("/"), settings).unwrap_err().iter().map(ToString::to_string).collect()
}

fn place(settings: &str) -> String {
    let p = good(settings);
    format!("{}://{}{}", if p.tls { "https" } else { "http" }, p.authority, p.base_path)
}

#[test]
fn whoever_lives_in_one_place_needs_no_base_url() {
    for (settings, expected) in [
        ("dialect: openai", "https://api.openai.com/v1"),
        ("dialect: anthropic", "https://api.anthropic.com"),
        ("dialect: gemini", "https://generativelanguage.googleapis.com/v1beta"),
        ("dialect: mistral", "https://api.mistral.ai/v1"),
        ("dialect: cohere", "https://api.cohere.com"),
        ("dialect: groq", "https://api.groq.com/openai/v1"),
        ("dialect: groq, base_url: \"http://h:1/v1\"", "http://h:1/v1"),
        ("dialect: azure, base_url: \"https://x.openai.azure.com\"", "https://x.openai.azure.com"),
        ("dialect: bedrock, region: eu-west-1", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("dialect: bedrock, region: cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        (
            "dialect: anthropic, platform: bedrock, region: us-east-1",
            "https://bedrock-runtime.us-east-1.amazonaws.com",
        ),
        (
            "dialect: gemini, platform: vertex, project: p-1, location: europe-west4",
            "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4",
        ),
        (
            "dialect: anthropic, platform: vertex, project: p, location: global",
            "https://aiplatform.googleapis.com/v1/projects/p/locations/global",
        ),
        (
            "dialect: anthropic, platform: vertex, project: p, location: eu",
            "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu",
        ),
        (
            "dialect: gemini, platform: vertex, base_url: \"https://h/v1/projects/p/locations/l\"",
            "https://h/v1/projects/p/locations/l",
        ),
    ] {
        assert_eq!(place(settings), expected, "{settings}");
    }
}

#[test]
fn every_setting_of_a_kind_arrives() {
    let groq = good("dialect: groq, strict: true, max_tokens: 7");
    assert_eq!((groq.dialect, groq.strict, groq.max_tokens), (Dialect::Openai, true, Some(7)));
    assert!(groq.quirks.refuses.contains(&"logit_bias"));
    let vertex = good("dialect: anthropic, platform: vertex, project: p, location: global, api_key: k");
    assert_eq!((vertex.dialect, vertex.platform), (Dialect::Anthropic, Platform::Vertex));
    let azure = "dialect: azure_openai, base_url: \"https://h\"";
    assert_eq!(good(azure).azure, None);
    let classic = good(&format!("{azure}, api_version: \"2024-10-21\", deployments: {{gpt-4o: d}}"));
    let classic = classic.azure.unwrap();
    assert_eq!((classic.api_version.as_str(), classic.deployments["gpt-4o"].as_str()), ("2024-10-21", "d"));
}

/// For each of the settings, the one mistake that is told.
fn told(rows: &[(&str, &str)]) {
    for (settings, expected) in rows {
        let told = mistakes(settings);
        assert_eq!(told.len(), 1, "{settings}: {told:#?}");
        assert!(told[0].starts_with(&format!("providers.p.{expected}")), "{settings}: {told:#?}");
    }
}

#[test]
fn a_place_that_makes_no_sense_says_why() {
    told(&[
        ("dialect: vllm", "base_url: missing"),
        ("dialect: azure", "base_url: missing"),
        ("dialect: bedrock", "region: missing"),
        ("dialect: bedrock, region: a/b", "region: expected letters"),
        ("dialect: anthropic, platform: bedrock", "region: missing"),
        ("dialect: gemini, platform: vertex, project: p", "location: missing"),
        ("dialect: gemini, platform: bedrock", "platform: expected one of direct, vertex"),
        (
            "dialect: mistral, platform: vertex",
            "platform: expected one of direct, found \"vertex\"; `mistral`",
        ),
        ("dialect: gemini, project: p", "project: only `platform: vertex`"),
        ("dialect: openai, region: r", "region: only models on Amazon Bedrock"),
        (
            "dialect: gemini, platform: vertex, base_url: \"https://h\", location: l",
            "location: only `platform: vertex` without `base_url`",
        ),
    ]);
}

#[test]
fn a_setting_that_fits_nothing_else_says_why() {
    told(&[
        ("dialect: anthropic, base_url: \"https://h/v1\"", "base_url: end it before `/v1`"),
        ("dialect: cohere, base_url: \"https://h/v2\"", "base_url: end it before `/v2`"),
        ("dialect: azure, base_url: \"https://h/openai/v1/\"", "base_url: end it before `/openai/v1`"),
        ("dialect: openai, api_version: \"1\"", "api_version: only `dialect: azure_openai`"),
        ("dialect: openai, deployments: {a: b}", "deployments: only `dialect: azure_openai`"),
        ("dialect: azure, base_url: \"http://h\", deployments: {a: b}", "deployments: without `api_version`"),
        ("dialect: openai, max_tokens: 0", "max_tokens: expected a whole number"),
        ("dialect: openai, credentials: {\"a b\": k}", "credentials.\"a b\": a credential's name has"),
        ("dialect: openai, credentials: {a: \"\"}", "credentials.a: must not be empty"),
    ]);
}

#[test]
fn credentials_that_do_not_fit_say_why() {
    told(&[
        ("dialect: mistral, google: {}", "google: the provider does not live there"),
        (
            "dialect: bedrock, region: r, api_key: k, aws: {}",
            "aws: of `api_key`, `aws` and `google` only one",
        ),
        ("dialect: bedrock, region: r, aws: {access_key_id: a}", "aws.secret_access_key: missing"),
        ("dialect: bedrock, region: r, aws: {session_token: a}", "aws.access_key_id: missing"),
        (
            "dialect: bedrock, region: r, aws: {access_key_id: \"\", secret_access_key: b}",
            "aws.access_key_id: must not be empty",
        ),
        (
            "dialect: bedrock, region: r, aws: {access_key_id: a, secret_access_key: b, profile: c}",
            "aws.profile: the keys are given already",
        ),
        ("dialect: openai, base_url: \"http://h\", aws: {}", "region: missing"),
        (
            "dialect: gemini, platform: vertex, project: p, location: l, google: {credentials: \"{}\"}",
            "google.credentials: its `type` must be",
        ),
        (
            "dialect: anthropic, api_key: k, headers: {X-API-Key: k}",
            "headers.x-api-key: the provider's credential is sent",
        ),
    ]);
}

#[test]
fn a_client_may_name_the_keys_that_are_stored_for_it() {
    let p = good("dialect: anthropic, credentials: {a: \"${KEY}\", b: other}, own_key: true");
    assert_eq!(p.credential, Credential::None);
    assert!(p.own_key);
    assert_eq!(p.credentials.keys().collect::<Vec<_>>(), ["a", "b"]);
    let a = p.credential_for(Some("a"), None).unwrap();
    assert!(matches!(&*a, Credential::Header { name: "x-api-key", secret } if secret.reveal() == "k-1"));
    assert!(!format!("{p:?}").contains("k-1"));
}

#[test]
fn a_stored_key_that_is_not_there_harms_nobody_else() {
    let (config, warnings) =
        parse(Path::new("/"), "dialect: openai, api_key: k, credentials: {a: \"${NOT_SET}\"}").unwrap();
    let p = &config.providers[0];
    assert_eq!(p.credential.problem(SystemTime::UNIX_EPOCH), None);
    assert_eq!(p.credentials["a"], Credential::Missing(Lack::Variable("NOT_SET".into())));
    assert!(
        warnings[0].to_string().starts_with("providers.p.credentials.a: the variable NOT_SET is not set")
    );
}

#[test]
fn a_header_that_is_not_there_shuts_every_key_out() {
    let settings =
        "dialect: openai, api_key: k, credentials: {a: k}, own_key: true, headers: {x: \"${NOT_SET}\"}";
    let (config, _) = parse(Path::new("/"), settings).unwrap();
    let p = &config.providers[0];
    let missing = Credential::Missing(Lack::Variable("NOT_SET".into()));
    assert_eq!((&p.credential, &p.credentials["a"], p.own_key), (&missing, &missing, false));
}

#[test]
fn a_secret_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "dialect: openai, api_key: \"${file:key}\"";
    let (config, warnings) = parse(folder.path(), settings).unwrap();
    let why = config.providers[0].credential.problem(SystemTime::UNIX_EPOCH).unwrap();
    assert!(why.starts_with("the file key can not be used: No such file"), "{why}");
    assert_eq!(warnings.len(), 1);
    // it is looked at again all the same
    assert_eq!(config.files, [folder.path().join("key")]);
    for held in ["sk-2", "sk-2\n", "sk-2\r\n"] {
        fs::write(folder.path().join("key"), held).unwrap();
        let (config, _) = parse(folder.path(), settings).unwrap();
        assert!(matches!(&config.providers[0].credential, Credential::Bearer(key) if key.reveal() == "sk-2"));
    }
    fs::write(folder.path().join("key"), "sk-2\n\n").unwrap();
    assert!(parse(folder.path(), settings).unwrap_err()[0].problem.contains("can not carry"));
}

#[test]
fn on_a_platform_a_provider_is_let_in_as_programs_are_there() {
    let chain = |profile: Option<&str>| {
        let chain = AwsChain { region: "r".into(), profile: profile.map(str::to_owned) };
        Credential::Aws(Aws { region: "r".into(), keys: AwsKeys::Fetched(Fetched::new(chain)) })
    };
    let environment = Credential::Google(Fetched::new(GoogleAccount::Environment));
    let bedrock = "dialect: bedrock, region: r";
    let vertex = "dialect: gemini, platform: vertex, project: p, location: l";
    for (settings, expected) in [
        (bedrock.to_owned(), chain(None)),
        (format!("{bedrock}, aws: {{}}"), chain(None)),
        (format!("{bedrock}, aws: {{profile: x}}"), chain(Some("x"))),
        ("dialect: anthropic, platform: bedrock, region: r".into(), chain(None)),
        ("dialect: openai, base_url: \"http://h\", region: r, aws: {}".into(), chain(None)),
        (format!("{bedrock}, api_key: k"), Credential::Bearer(Secret::new("k"))),
        (format!("{bedrock}, headers: {{Authorization: k}}"), Credential::None),
        (vertex.into(), environment.clone()),
        (format!("{vertex}, google: {{}}"), environment.clone()),
        ("dialect: openai, base_url: \"http://h\", google: {}".into(), environment),
        (
            format!("{vertex}, api_key: k"),
            Credential::Header { name: "x-goog-api-key", secret: Secret::new("k") },
        ),
    ] {
        assert_eq!(good(&settings).credential, expected, "{settings}");
    }
}

#[test]
fn accounts_are_taken_from_variables_and_files() {
    let aws = "aws: {access_key_id: \"${KEY}\", secret_access_key: b, session_token: \"${NONE:-}\"}";
    let Credential::Aws(aws) = good(&format!("dialect: bedrock, region: r, {aws}")).credential else {
        panic!()
    };
    let pair = KeyPair { id: Secret::new("k-1"), secret: Secret::new("b"), session: None };
    assert_eq!(aws, Aws { region: "r".into(), keys: AwsKeys::Given(pair) });

    let folder = tempfile::tempdir().unwrap();
    let google =
        "dialect: gemini, platform: vertex, project: p, location: l, google: {credentials: \"${file:sa}\"}";
    let (config, _) = parse(folder.path(), google).unwrap();
    assert!(
        matches!(&config.providers[0].credential, Credential::Missing(Lack::File { path, .. }) if path == "sa")
    );
    fs::write(folder.path().join("sa"), "{\n\"type\": \"external_account\"\n}\n").unwrap();
    let (one, _) = parse(folder.path(), google).unwrap();
    fs::write(folder.path().join("sa"), "{\"type\": \"external_account\", \"audience\": \"a\"}").unwrap();
    let (other, _) = parse(folder.path(), google).unwrap();
    assert_ne!(one.providers, other.providers, "another account is another provider");
}

#[test]
fn an_account_that_lacks_a_part_is_unusable() {
    let aws = "dialect: bedrock, region: r, aws: {access_key_id: \"${NOT_SET}\", secret_access_key: b}";
    let (config, warnings) = parse(Path::new("/"), aws).unwrap();
    assert_eq!(config.providers[0].credential, Credential::Missing(Lack::Variable("NOT_SET".into())));
    assert_eq!(warnings.len(), 1);
}
