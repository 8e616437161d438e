//! Accounts at Amazon and Google, where a provider is let in by more than a key.

use super::{
    super::{reader::Section, values::text},
    place::House,
    secrets::{names_header, present, unusable},
};
use crate::provider::{
    Aws, AwsChain, AwsKeys, Credential, Dialect, Fetched, GoogleAccount, GoogleKey, KeyPair,
};

/// The credential that the section names, or the one that goes without saying.
pub(super) fn read(
    section: &mut Section<'_>,
    dialect: Dialect,
    key: Option<Credential>,
    (house, region): (House, Option<String>),
) -> Credential {
    let aws = section.has("aws").then(|| aws(section.section("aws"), region.as_deref()));
    let google = section.has("google").then(|| google(section.section("google")));
    // both platforms speak OpenAI's dialect too, at base URLs of their own
    let elsewhere = |there| dialect != Dialect::Openai && house != there;
    for (name, given, elsewhere) in [
        ("aws", aws.is_some(), elsewhere(House::Amazon)),
        ("google", google.is_some(), elsewhere(House::Google)),
    ] {
        if given && elsewhere {
            section.notes.mistake(section.at(name), "the provider does not live there; leave it out");
        }
    }
    let last = if google.is_some() { "google" } else { "aws" };
    let mut named = [key, aws, google].into_iter().flatten();
    let first = named.next();
    if named.next().is_some() {
        section.notes.mistake(section.at(last), "of `api_key`, `aws` and `google` only one can be used");
    }
    first.unwrap_or_else(|| usual(section, house, region))
}

/// The credential that goes without saying: on a platform, whatever it gives to programs.
fn usual(section: &mut Section<'_>, house: House, region: Option<String>) -> Credential {
    match (house, region) {
        _ if names_header(section, "authorization") => Credential::None,
        (House::Google, _) => Credential::Google(Fetched::new(GoogleAccount::Environment)),
        (House::Amazon, Some(region)) => {
            let chain = AwsChain { region: region.clone(), profile: None };
            Credential::Aws(Aws { region, keys: AwsKeys::Fetched(Fetched::new(chain)) })
        }
        _ => Credential::None,
    }
}

/// The section `aws`: a pair of keys, or where AWS keeps them.
fn aws(mut section: Section<'_>, region: Option<&str>) -> Credential {
    let region = region.unwrap_or_default().to_owned();
    let mut secret = |key| {
        let filled = section.secret(key)?;
        let filled = present(section.notes, &section.at(key), filled)?;
        let empty = filled.as_ref().is_ok_and(|secret| secret.reveal().is_empty());
        if empty && key != "session_token" {
            section.notes.mistake(section.at(key), "must not be empty");
        }
        (!empty).then_some(filled)
    };
    let (id, key, session) = (secret("access_key_id"), secret("secret_access_key"), secret("session_token"));
    let profile = section.value("profile", text);
    let keys = ["access_key_id", "secret_access_key", "session_token"].map(|key| section.has(key));
    match keys {
        [true, true, _] | [false, false, false] => {}
        [false, ..] => section.notes.mistake(section.at("access_key_id"), "missing; it must be set"),
        [_, false, _] => section.notes.mistake(section.at("secret_access_key"), "missing; it must be set"),
    }
    if keys.contains(&true) && profile.is_some() {
        section.notes.mistake(section.at("profile"), "the keys are given already; leave one of them out");
    }
    section.end();
    let pair = id
        .zip(key)
        .map(|(id, secret)| Ok(KeyPair { id: id?, secret: secret?, session: session.transpose()? }));
    let keys = match pair {
        Some(Ok(keys)) => AwsKeys::Given(keys),
        Some(Err(lack)) => return Credential::Missing(lack),
        None => AwsKeys::Fetched(Fetched::new(AwsChain { region: region.clone(), profile })),
    };
    Credential::Aws(Aws { region, keys })
}

/// The section `google`: an account as JSON, or what the environment says.
fn google(mut section: Section<'_>) -> Credential {
    let account = section.secret("credentials");
    let path = section.at("credentials");
    let notes = section.notes;
    section.end();
    match account {
        None => Credential::Google(Fetched::new(GoogleAccount::Environment)),
        Some(Ok(json)) => match GoogleKey::read(json.reveal()) {
            Ok(key) => Credential::Google(Fetched::new(GoogleAccount::Given(key))),
            Err(problem) => {
                notes.mistake(path, problem);
                Credential::None
            }
        },
        Some(Err(lack)) => {
            notes.warn(path, unusable(&lack));
            Credential::Missing(lack)
        }
    }
}
