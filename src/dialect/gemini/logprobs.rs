//! Likelihoods of tokens, in OpenAI's form.

use super::reply::lenient;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// `logprobsResult`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Likelihoods {
    #[serde(deserialize_with = "lenient")]
    chosen_candidates: Vec<Token>,
    #[serde(deserialize_with = "lenient")]
    top_candidates: Vec<Others>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Others {
    #[serde(deserialize_with = "lenient")]
    candidates: Vec<Token>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Token {
    #[serde(deserialize_with = "lenient")]
    token: String,
    #[serde(deserialize_with = "lenient")]
    log_probability: f64,
}

impl Likelihoods {
    pub(super) fn to_openai(&self) -> Value {
        let mut others = self.top_candidates.iter();
        let content = self.chosen_candidates.iter().map(|chosen| {
            let top: Value = others
                .next()
                .map(|top| top.candidates.iter().map(Token::entry).collect())
                .unwrap_or_else(|| json!([]));
            let mut entry = chosen.entry();
            entry.insert("top_logprobs".into(), top);
            Value::Object(entry)
        });
        json!({"content": content.collect::<Value>(), "refusal": null})
    }
}

impl Token {
    fn entry(&self) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("token".into(), self.token.as_str().into());
        entry.insert("logprob".into(), self.log_probability.into());
        entry.insert("bytes".into(), self.token.as_bytes().into());
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_those_in_its_place() {
        let told: Likelihoods = serde_json::from_value(json!({
            "chosenCandidates": [{"token": "Hi", "logProbability": -0.5, "tokenId": 7}, {"token": "\u{e9}"}],
            "topCandidates": [{"candidates": [{"token": "Hi", "logProbability": -0.5}, {"token": "Yo", "logProbability": -1}]}]
        }))
        .unwrap();
        let want = json!({"content": [
            {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [
                {"token": "Hi", "logprob": -0.5, "bytes": [72, 105]}, {"token": "Yo", "logprob": -1.0, "bytes": [89, 111]}]},
            {"token": "\u{e9}", "logprob": 0.0, "bytes": [195, 169], "top_logprobs": []}
        ], "refusal": null});
        assert_eq!(told.to_openai(), want);
    }
}
