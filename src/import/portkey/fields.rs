//! The fields of a config: which there are, and what becomes of those that are not carried over.

use std::borrow::Cow;

use crate::{
    graph::{Item, Object},
    import::{Code, warning::Warnings},
};

/// Fields that the importer reads, or that say nothing about routing.
const READ: &[&str] = &[
    "deployment_id",
    "id",
    "name",
    "override_params",
    "provider",
    "request_timeout",
    "retry",
    "strategy",
    "targets",
    "weight",
];
const CREDENTIALS: &[&str] = &[
    "api_key",
    "aws_access_key_id",
    "aws_external_id",
    "aws_role_arn",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_ad_token",
    "azure_entra_client_id",
    "azure_entra_client_secret",
    "azure_entra_tenant_id",
    "azure_managed_client_id",
    "oracle_fingerprint",
    "oracle_key_passphrase",
    "oracle_private_key",
    "vertex_service_account_json",
    "virtual_key",
];
const SETTINGS: &[&str] = &[
    "anthropic_beta",
    "anthropic_version",
    "api_version",
    "aws_auth_type",
    "aws_bedrock_model",
    "aws_region",
    "azure_api_version",
    "azure_auth_mode",
    "azure_endpoint_name",
    "azure_foundry_url",
    "azure_model_name",
    "custom_host",
    "fireworks_account_id",
    "forward_headers",
    "huggingface_base_url",
    "openai_beta",
    "openai_organization",
    "openai_project",
    "oracle_region",
    "resource_name",
    "snowflake_account",
    "strict_open_ai_compliance",
    "vertex_project_id",
    "vertex_region",
    "workers_ai_account_id",
];
const GUARDRAILS: &[&str] = &[
    "after_request_hooks",
    "before_request_hooks",
    "default_input_guardrails",
    "default_output_guardrails",
    "input_guardrails",
    "input_mutators",
    "output_guardrails",
    "output_mutators",
];
/// Words of fields of which none is known, but that bear secrets all the same.
const SECRET: &[&str] = &["key", "token", "secret", "password", "passphrase", "credential"];

/// The field `name`, which may be spelt in snake or in camel case.
pub(super) fn field<'a>(object: &Object<'a>, name: &str) -> Option<Item<'a>> {
    let found = object.entries().find(|(key, _)| snake(key) == name);
    found.map(|(_, item)| item).filter(|item| !item.value.is_null())
}

/// Notes what becomes of the fields of a target that are not carried over. Values are not looked at.
pub(super) fn leave(object: &Object<'_>, warnings: &Warnings) {
    for (key, item) in object.entries() {
        let name = snake(key);
        let is = |list: &[&str]| list.contains(&&*name);
        let code = match &*name {
            _ if is(READ) || item.value.is_null() => continue,
            "on_status_codes" => Code::NoEffect,
            "cache" => Code::Cache,
            _ if is(GUARDRAILS) => Code::Guardrail,
            _ if is(SETTINGS) => Code::ProviderSetting,
            _ if is(CREDENTIALS) || SECRET.iter().any(|word| name.contains(word)) => Code::Credential,
            _ => Code::UnknownField,
        };
        warnings.at(code, &item);
    }
}

/// `onStatusCodes` as `on_status_codes`.
fn snake(key: &str) -> Cow<'_, str> {
    if !key.contains(|c: char| c.is_ascii_uppercase()) {
        return key.into();
    }
    let mut name = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Report;
    use serde_json::json;

    #[test]
    fn fields_are_found_in_both_spellings() {
        let value = json!({"onStatusCodes": 1, "request_timeout": 2, "retry": null, "aB": 3});
        let report = Report::default();
        let object = Item::of(&value, &report).object().unwrap();
        let found = |name| field(&object, name).map(|item| item.value.clone());
        assert_eq!(found("on_status_codes"), Some(json!(1)));
        assert_eq!(found("request_timeout"), Some(json!(2)));
        assert_eq!((found("retry"), found("aB"), found("a_b")), (None, None, Some(json!(3))));
    }

    #[test]
    fn no_secret_is_told() {
        let value = json!({"api_key": "sk-1", "apiKey": "sk-1", "aws_secret_access_key": {"x": "sk-1"},
            "my_token": "sk-1", "virtualKey": ["sk-1"], "strange": "sk-1", "cache": "sk-1", "custom_host": "sk-1"});
        let (report, warnings) = (Report::default(), Warnings::default());
        leave(&Item::of(&value, &report).object().unwrap(), &warnings);
        let told: Vec<_> = warnings.all().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 8);
        assert!(told.iter().all(|line| !line.contains("sk-1")), "{told:?}");
        assert_eq!(told.iter().filter(|line| line.starts_with("credential at")).count(), 5);
    }
}
