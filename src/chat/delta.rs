//! A piece of a streamed answer.

use super::{answer::Finish, content::Citation, fault::Fault, reasoning::Signature, usage::Usage};
use serde_json::Value;

/// A piece. `choice` counts the answers from 0; nearly always there is one.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// The answer begins; both may be empty. Comes once, first.
    Start {
        /// The provider's id of the answer.
        id: String,
        /// The model that the provider names.
        model: String,
    },
    /// More text.
    Text {
        /// Of which answer.
        choice: u32,
        /// The piece; never empty.
        text: String,
    },
    /// The text so far rests on this.
    Citation {
        /// Of which answer.
        choice: u32,
        /// The source.
        citation: Citation,
    },
    /// More words of a refusal.
    Refusal {
        /// Of which answer.
        choice: u32,
        /// The piece; never empty.
        text: String,
    },
    /// More of a thought.
    Reasoning {
        /// Of which answer.
        choice: u32,
        /// The piece; never empty.
        text: String,
    },
    /// The thought is complete. Without words before it, it is the whole of a thought that its maker keeps to itself.
    Signature {
        /// Of which answer.
        choice: u32,
        /// Its proof.
        signature: Signature,
    },
    /// A tool is called.
    ToolCall {
        /// Of which answer.
        choice: u32,
        /// Counts the calls of this answer from 0, without gaps.
        index: u32,
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
        /// As [`ToolCall::signature`](super::ToolCall::signature).
        signature: Option<Signature>,
    },
    /// More of a call's arguments.
    ToolArguments {
        /// Of which answer.
        choice: u32,
        /// Of which call.
        index: u32,
        /// A piece of JSON text.
        text: String,
    },
    /// Likelihoods of the tokens since the last ones, in OpenAI's form.
    Logprobs {
        /// Of which answer.
        choice: u32,
        /// `{"content": [...], "refusal": ...}`.
        value: Value,
    },
    /// The answer is complete.
    Finish {
        /// Which answer.
        choice: u32,
        /// Why.
        finish: Finish,
    },
    /// What has been used, all in all: the last one counts.
    Usage(Usage),
    /// The provider reports an error in the stream; nothing useful follows.
    Fault(Fault),
    /// Nothing follows. A reader sends it where its dialect has a word for it.
    Done,
}

impl Delta {
    /// Whether a client would notice it: from here on nothing can be taken back.
    #[must_use]
    pub fn is_content(&self) -> bool {
        match self {
            Self::Start { .. } | Self::Usage(_) | Self::Fault(_) | Self::Done | Self::Logprobs { .. } => {
                false
            }
            Self::Text { .. }
            | Self::Citation { .. }
            | Self::Refusal { .. }
            | Self::Reasoning { .. }
            | Self::Signature { .. }
            | Self::ToolCall { .. }
            | Self::ToolArguments { .. }
            | Self::Finish { .. } => true,
        }
    }
}
