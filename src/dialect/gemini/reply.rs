//! A `GenerateContentResponse`, whole or as a chunk of a stream: both have the same shape.

use super::{
    logprobs::Likelihoods,
    sources::{Grounding, Quotes},
    usage::Figures,
};
use crate::chat::{Fault, Finish, Kind, Maker, Signature, Usage};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A response, or an error in its place.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reply {
    #[serde(deserialize_with = "lenient")]
    pub(super) candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Figures>,
    #[serde(deserialize_with = "lenient")]
    pub(super) response_id: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) model_version: String,
    pub(super) error: Option<Value>,
}

/// One of the answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Candidate {
    #[serde(deserialize_with = "lenient")]
    pub(super) index: u32,
    #[serde(deserialize_with = "lenient")]
    pub(super) content: Content,
    finish_reason: Option<String>,
    finish_message: Option<String>,
    pub(super) logprobs_result: Option<Likelihoods>,
    pub(super) citation_metadata: Option<Quotes>,
    pub(super) grounding_metadata: Option<Grounding>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(deserialize_with = "lenient")]
    pub(super) parts: Vec<Part>,
}

/// A piece. Of its kinds of data one is set; code that Google runs is none that anybody asked for here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Part {
    #[serde(deserialize_with = "lenient")]
    pub(super) text: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) thought: bool,
    thought_signature: Option<String>,
    pub(super) function_call: Option<Call>,
    pub(super) inline_data: Option<Blob>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub(super) name: String,
    args: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Blob {
    #[serde(deserialize_with = "lenient")]
    pub(super) mime_type: String,
    #[serde(deserialize_with = "lenient")]
    pub(super) data: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

/// A field that may be `null`.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Reply {
    /// Reads a body or an event; of an array, which holds an error or nothing of use, the first.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        if bytes.trim_ascii_start().starts_with(b"[") {
            let all: Vec<Self> = serde_json::from_slice(bytes)?;
            return Ok(all.into_iter().next().unwrap_or_default());
        }
        serde_json::from_slice(bytes)
    }

    /// The error, where it is one and nothing else.
    pub(super) fn refusal(&self) -> Option<&Value> {
        self.error.as_ref().filter(|_| self.candidates.is_empty())
    }

    /// Whether the prompt was blocked before anything was answered.
    pub(super) fn is_blocked(&self) -> bool {
        self.candidates.is_empty()
            && self.prompt_feedback.as_ref().is_some_and(|told| told.block_reason.is_some())
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage_metadata.as_ref().map(Usage::from)
    }
}

impl Candidate {
    /// Why it ended, where it did; `called` says whether it called a tool.
    ///
    /// # Errors
    /// It is broken: what it was about to say did not come to be.
    pub(super) fn finish(&self, called: bool) -> Result<Option<Finish>, Fault> {
        let Some(reason) = self.finish_reason.as_deref() else { return Ok(None) };
        Ok(Some(match reason {
            "FINISH_REASON_UNSPECIFIED" => return Ok(None),
            "MAX_TOKENS" | "CONTINUATION" => Finish::Length,
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR"
            | "ESCALATION" => Finish::ContentFilter,
            "MISSING_THOUGHT_SIGNATURE" => return Err(self.broken(Kind::BadRequest, reason)),
            "MALFORMED_FUNCTION_CALL"
            | "MALFORMED_RESPONSE"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS" => {
                return Err(self.broken(Kind::StreamError, reason));
            }
            _ if called => Finish::ToolCalls,
            _ => Finish::Stop,
        }))
    }

    fn broken(&self, kind: Kind, reason: &str) -> Fault {
        let told = self.finish_message.as_deref().unwrap_or_default();
        let message = format!("{reason}: {told}").trim_end_matches(": ").chars().take(300).collect();
        Fault { message, ..Fault::new(kind) }
    }
}

impl Part {
    pub(super) fn signature(&self) -> Option<Signature> {
        let token = self.thought_signature.clone().filter(|token| !token.is_empty())?;
        Some(Signature { maker: Maker::Google, token })
    }
}

impl Call {
    /// The arguments, without the blanks that Google puts into whole answers.
    pub(super) fn arguments(&self) -> String {
        self.args.as_ref().map_or_else(|| Value::Object(Map::new()).to_string(), Value::to_string)
    }

    /// Google's id, or one that is made of the answer's id and counts the calls of each choice.
    pub(super) fn id(&self, answer: &str, choice: u32, count: u32) -> String {
        if let Some(id) = self.id.as_ref().filter(|id| !id.is_empty()) {
            return id.clone();
        }
        // providers restrict both the letters and the length
        let stem = answer.chars().filter(|c| c.is_ascii_alphanumeric()).take(24);
        format!("call_{}_{choice}_{count}", stem.collect::<String>())
    }
}
