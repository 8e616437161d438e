//! A client's request to a provider of the same dialect: only what must change does.

use crate::{
    chat::Loss,
    dialect::{Quirks, Rewrite, left::asks_nothing},
    json::{Edits, Object, member, quoted},
};
use serde_json::{Map, Value};

/// The body for the provider.
#[must_use]
pub fn rewrite(body: &Object, change: Rewrite<'_>, loss: &mut Loss) -> Vec<u8> {
    let mut edits = Edits::of(body);
    quirks(body, &change.quirks, &mut edits, loss);
    change.set_params(body, &mut edits);
    if change.usage && !asks_for_usage(body) {
        edits.set("stream_options", with_usage(body.raw("stream_options")));
    }
    edits.set("model", quoted(change.model));
    edits.apply()
}

/// Takes away what the provider refuses, and gives what it calls otherwise its own name.
fn quirks(body: &Object, quirks: &Quirks, edits: &mut Edits<'_>, loss: &mut Loss) {
    for field in quirks.refuses {
        if body.raw(field).is_some_and(|raw| !asks_nothing(field, raw)) {
            loss.of(field);
        }
        edits.remove(field);
    }
    for (openai, own) in quirks.renames {
        if let Some(raw) = body.raw(openai) {
            edits.set(own, raw.to_owned());
            edits.remove(openai);
        }
    }
}

/// Whether the client itself wants to see the usage of its stream.
#[must_use]
pub fn asks_for_usage(body: &Object) -> bool {
    body.raw("stream_options").and_then(|options| member(options, "include_usage")) == Some("true")
}

fn with_usage(options: Option<&str>) -> String {
    let mut options: Map<String, Value> =
        options.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    options.insert("include_usage".into(), Value::Bool(true));
    Value::Object(options).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use serde_json::json;

    fn rewritten(body: &'static str, defaults: &Value, overrides: &Value, usage: bool) -> String {
        let body = Object::read(Bytes::from_static(body.as_bytes())).unwrap();
        let (defaults, overrides) = (defaults.as_object().unwrap(), overrides.as_object().unwrap());
        String::from_utf8(rewrite(
            &body,
            Rewrite { model: "m", defaults, overrides, usage, quirks: Quirks::default() },
            &mut Loss::default(),
        ))
        .unwrap()
    }

    #[test]
    fn only_the_model_changes() {
        let got = rewritten(
            "{\"zz\":1e2, \"model\" : \"dynamic/a\",\"x\":100.0,\"t\":\"é\\u00e9\"}\n",
            &json!({}),
            &json!({}),
            false,
        );
        assert_eq!(got, "{\"zz\":1e2, \"model\" : \"m\",\"x\":100.0,\"t\":\"é\\u00e9\"}\n");
    }

    #[test]
    fn defaults_yield_and_overrides_win() {
        let got = rewritten(
            r#"{"model":"a","temperature":1,"seed":2,"user":"u"}"#,
            &json!({"temperature": 0.5, "top_p": 0.9}),
            &json!({"seed": 7, "user": null}),
            false,
        );
        assert_eq!(got, r#"{"model":"m","temperature":1,"seed":7,"top_p":0.9}"#);
    }

    #[test]
    fn usage_is_asked_for_whatever_stands_there() {
        let usage = |body| rewritten(body, &json!({}), &json!({}), true);
        assert_eq!(usage(r#"{"model":"a"}"#), r#"{"model":"m","stream_options":{"include_usage":true}}"#);
        assert_eq!(
            usage(r#"{"stream_options":{"x":1,"include_usage":false},"model":"a"}"#),
            r#"{"stream_options":{"x":1,"include_usage":true},"model":"m"}"#
        );
        assert_eq!(
            usage(r#"{"stream_options":null,"model":"a"}"#),
            r#"{"stream_options":{"include_usage":true},"model":"m"}"#
        );
        let kept = r#"{"stream_options": {"include_usage": true},"model":"m"}"#;
        assert_eq!(usage(kept), kept);
    }

    #[test]
    fn quirks_take_fields_away_or_rename_them() {
        let body =
            br#"{"model":"a","n":1,"seed":1,"logit_bias":null,"max_completion_tokens":5,"top_p":0.10}"#;
        let body = Object::read(Bytes::from_static(body)).unwrap();
        let quirks = Quirks {
            refuses: &["n", "seed", "logit_bias"],
            renames: &[("max_completion_tokens", "max_tokens")],
            ..Quirks::default()
        };
        let none = Map::new();
        let (change, mut loss) = (
            Rewrite { model: "m", defaults: &none, overrides: &none, usage: false, quirks },
            Loss::default(),
        );
        let got = String::from_utf8(rewrite(&body, change, &mut loss)).unwrap();
        assert_eq!(got, r#"{"model":"m","top_p":0.10,"max_tokens":5}"#);
        assert_eq!(loss.join(), "seed", "neither null nor one answer asks for anything");
    }
}
