//! A whole answer.

use super::{
    content::{Content, Part},
    delta::Delta,
    usage::Usage,
};
use serde_json::Value;

/// What a model answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The provider's id of it; may be empty.
    pub id: String,
    /// The model that the provider names; may be empty.
    pub model: String,
    /// The answers, usually one.
    pub choices: Vec<Choice>,
    /// What it used, where the provider says so.
    pub usage: Option<Usage>,
}

/// One of the answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Finish,
    /// Likelihoods of its tokens, in OpenAI's form.
    pub logprobs: Option<Value>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    #[default]
    Stop,
    /// One of the request's `stop` texts came; which one, where the provider says so.
    StopSequence(Option<String>),
    /// `max_tokens` was reached, or the context window was full.
    Length,
    /// The model waits for the results of its tool calls.
    ToolCalls,
    /// A safety filter stepped in.
    ContentFilter,
    /// The model refused.
    Refusal,
    /// The provider paused a long turn: send it again to go on.
    Pause,
}

impl Answer {
    /// The same as a stream would have told it, for a client that asked for one.
    #[must_use]
    pub fn into_deltas(self) -> Vec<Delta> {
        let mut deltas = vec![Delta::Start { id: self.id, model: self.model }];
        for (choice, whole) in (0..).zip(self.choices) {
            let mut tools = 0;
            for part in whole.parts {
                part_deltas(choice, part.content, &mut tools, &mut deltas);
            }
            deltas.extend(whole.logprobs.map(|value| Delta::Logprobs { choice, value }));
            deltas.push(Delta::Finish { choice, finish: whole.finish });
        }
        deltas.extend(self.usage.map(Delta::Usage));
        deltas.push(Delta::Done);
        deltas
    }
}

fn part_deltas(choice: u32, content: Content, tools: &mut u32, deltas: &mut Vec<Delta>) {
    match content {
        Content::Text { text, citations } => {
            deltas.push(Delta::Text { choice, text });
            deltas.extend(citations.into_iter().map(|citation| Delta::Citation { choice, citation }));
        }
        Content::Refusal(text) => deltas.push(Delta::Refusal { choice, text }),
        Content::Reasoning(thought) => {
            if !thought.text.is_empty() {
                deltas.push(Delta::Reasoning { choice, text: thought.text });
            }
            deltas.extend(thought.signature.map(|signature| Delta::Signature { choice, signature }));
        }
        Content::ToolCall(call) => {
            let index = *tools;
            *tools += 1;
            deltas.push(Delta::ToolCall {
                choice,
                index,
                id: call.id,
                name: call.name,
                signature: call.signature,
            });
            deltas.push(Delta::ToolArguments { choice, index, text: call.arguments });
        }
        // no model answers with these
        Content::Image(_) | Content::Document(_) | Content::Audio(_) | Content::ToolResult(_) => {}
    }
}
