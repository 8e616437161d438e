//! Where a provider lives: its base URL, written or made of a platform's project, location or region.

use super::{
    super::{
        reader::Section,
        values::{text, word},
    },
    is_name,
};
use crate::{
    dialect::Platform,
    provider::{AzureClassic, BaseUrl, Dialect, Preset},
};
use serde_json::Value;

/// Where a provider lives.
pub(super) struct Place {
    pub(super) platform: Platform,
    pub(super) base: BaseUrl,
    pub(super) azure: Option<AzureClassic>,
    pub(super) house: House,
    /// The AWS region.
    pub(super) region: Option<String>,
}

/// Whose house the models are in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum House {
    Own,
    Google,
    Amazon,
}

/// What the section says about the place. Where something is wrong a default stands in, and it is noted.
pub(super) fn read(section: &mut Section<'_>, preset: Option<Preset>) -> Place {
    let dialect = preset.map(|preset| preset.dialect);
    let platform = section.value("platform", |value| platform(value, dialect)).unwrap_or_default();
    let house = match (dialect, platform) {
        (Some(Dialect::Bedrock), _) | (_, Platform::Bedrock) => House::Amazon,
        (_, Platform::Vertex) => House::Google,
        _ => House::Own,
    };
    let written = section.value("base_url", |value| base_url(value, dialect.filter(|_| house == House::Own)));
    let made = !section.has("base_url");
    let signed = house == House::Amazon || section.has("aws");
    let mut part = |key, wanted: bool, elsewhere: &str| {
        let value = section.value(key, |value| segment(&text(value)?));
        match section.has(key) {
            true if !wanted => section.notes.mistake(section.at(key), format!("{elsewhere}; leave it out")),
            false if wanted => section.notes.mistake(section.at(key), "missing; it must be set"),
            _ => {}
        }
        value
    };
    let (google, only) = (house == House::Google, "only `platform: vertex` without `base_url` has one");
    let project = part("project", google && made, only);
    let location = part("location", google && made, only);
    let region = part("region", signed, "only models on Amazon Bedrock have one");
    let usual = match house {
        House::Own => preset.and_then(|preset| preset.base_url).map(str::to_owned),
        House::Google => project.zip(location).map(|(project, location)| vertex(&project, &location)),
        House::Amazon => region.as_deref().map(bedrock),
    };
    let usual = usual.and_then(|url| url.parse::<BaseUrl>().ok());
    if made && house == House::Own && preset.is_some() && usual.is_none() {
        section.notes.mistake(section.at("base_url"), "missing; it must be set");
    }
    Place {
        platform,
        base: written.or(usual).unwrap_or_default(),
        azure: azure(section, dialect),
        house,
        region,
    }
}

fn platform(value: &Value, dialect: Option<Dialect>) -> Result<Platform, String> {
    let (direct, vertex, bedrock) =
        (("direct", Platform::Direct), ("vertex", Platform::Vertex), ("bedrock", Platform::Bedrock));
    match dialect {
        Some(Dialect::Anthropic) | None => word(&[direct, vertex, bedrock])(value),
        Some(Dialect::Gemini) => word(&[direct, vertex])(value),
        Some(other) => {
            word(&[direct])(value).map_err(|e| format!("{e}; `{}` lives in one place only", other.name()))
        }
    }
}

/// The URL, without what the dialect's own paths begin with.
fn base_url(value: &Value, dialect: Option<Dialect>) -> Result<BaseUrl, String> {
    let url: BaseUrl = text(value)?.parse()?;
    let added = match dialect {
        Some(Dialect::Anthropic) => &["/v1", "/messages"][..],
        Some(Dialect::AzureOpenai) => &["/openai", "/openai/v1"],
        Some(Dialect::Cohere) => &["/v1", "/v2"],
        _ => &[],
    };
    match added.iter().find(|end| url.path.ends_with(*end)) {
        Some(end) => Err(format!("end it before `{end}`: that is added")),
        None => Ok(url),
    }
}

/// A part of a URL.
fn segment(written: &str) -> Result<String, String> {
    is_name(written)
        .then(|| written.to_owned())
        .ok_or_else(|| "expected letters, digits, `-`, `_` and `.`".into())
}

fn vertex(project: &str, location: &str) -> String {
    let host = match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        // several regions of one continent
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region => format!("{region}-aiplatform.googleapis.com"),
    };
    format!("https://{host}/v1/projects/{project}/locations/{location}")
}

fn bedrock(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://bedrock-runtime.{region}.{domain}")
}

/// Azure's classic surface, where a version is named.
fn azure(section: &mut Section<'_>, dialect: Option<Dialect>) -> Option<AzureClassic> {
    let api_version = section.value("api_version", text);
    let notes = section.notes;
    let entries = section.entries("deployments").into_iter();
    let deployments =
        entries.filter_map(|(path, model, value)| Some((model.to_owned(), notes.text(path, value)?)));
    let deployments = deployments.collect();
    for key in ["api_version", "deployments"] {
        let problem = match dialect {
            Some(Dialect::AzureOpenai) if key == "deployments" && !section.has("api_version") => {
                "without `api_version` a model's name is that of its deployment; leave it out"
            }
            Some(Dialect::AzureOpenai) | None => continue,
            Some(_) => "only `dialect: azure_openai` has it; leave it out",
        };
        if section.has(key) {
            notes.mistake(section.at(key), problem);
        }
    }
    Some(AzureClassic { api_version: api_version?, deployments })
}
