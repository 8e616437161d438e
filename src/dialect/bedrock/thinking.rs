//! How much the model thinks before it answers: every maker's in his own words.

use super::{model::Family, request::Draft};
use crate::{
    chat::{Content, Effort, Maker, Message, Origin, Role, Thinking},
    dialect::claude::{self, Claude, Forced, Thinks},
};
use serde_json::{Value, json};

/// What was asked of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing, or not to think.
    No,
    /// To think.
    Yes,
    /// To think as hard as it can.
    Hard,
}

impl Draft<'_> {
    /// Asks for as much thinking as the request does.
    pub(super) fn thinking(&mut self) -> Asked {
        let Some(asked) = self.request.thinking else { return Asked::No };
        match self.model.family {
            Family::Claude(claude) => self.claude_thinks(claude, asked),
            Family::Nova2 => self.nova_thinks(asked),
            Family::GptOss | Family::Gpt => self.gpt_thinks(asked),
            Family::Nova | Family::Other => {
                if asked != Thinking::Off {
                    self.loss.of("reasoning");
                }
                Asked::No
            }
        }
    }

    fn claude_thinks(&mut self, claude: Claude, asked: Thinking) -> Asked {
        // what must be called is part of the request's meaning, thinking is not
        let barred = self.forced().is_some() && claude.forced() == Forced::Unthinking;
        let can = asked != Thinking::Off && claude.thinks() != Thinks::Never && !barred;
        let adapts = matches!(claude.thinks(), Thinks::Either | Thinks::Adaptive);
        if let (true, Origin::Anthropic, Thinking::Effort(effort)) = (adapts, self.request.origin, asked) {
            // there an effort without `thinking` is how hard to work, and not a wish for thoughts
            self.effort(claude, effort);
            return Asked::No;
        }
        if let Some(config) = Some(asked).filter(|_| can).and_then(|asked| self.config(claude, asked)) {
            self.additional.insert("thinking".into(), config);
            return Asked::Yes;
        }
        match claude.rests() {
            _ if claude.thinks() != Thinks::Adaptive => {}
            Some(word) => {
                self.additional.insert("thinking".into(), json!({"type": word}));
            }
            None => {
                self.loss.of("reasoning");
                self.effort(claude, Effort::Low);
            }
        }
        if asked != Thinking::Off {
            self.loss.of("reasoning");
        }
        Asked::No
    }

    fn effort(&mut self, claude: Claude, effort: Effort) {
        self.output.insert("effort".into(), claude.effort(effort).into());
    }

    /// Claude's `thinking`; where it is not counted in tokens, the effort too.
    fn config(&mut self, claude: Claude, asked: Thinking) -> Option<Value> {
        if claude.counts(asked) {
            return self.budget(asked).map(|tokens| json!({"type": "enabled", "budget_tokens": tokens}));
        }
        if let Some(effort) = asked.effort() {
            self.effort(claude, effort);
        }
        Some(claude.adaptive(self.request.origin))
    }

    /// The tokens that Claude may think; `None` where it can not think this time.
    fn budget(&mut self, asked: Thinking) -> Option<u64> {
        let tokens = claude::budget(asked, self.most).filter(|_| !lacks_thought(&self.request.messages))?;
        self.inference.insert("maxTokens".into(), self.most.into());
        Some(tokens)
    }

    fn nova_thinks(&mut self, asked: Thinking) -> Asked {
        if asked == Thinking::Off {
            return Asked::No;
        }
        let mut word = effort_word(asked.effort().unwrap_or(Effort::Medium), &["low", "medium", "high"]);
        if word == "high" && self.request.max_tokens.is_some() {
            // so hard it thinks only without a limit, and the limit is money
            self.loss.of("reasoning");
            word = "medium";
        }
        let config = json!({"type": "enabled", "maxReasoningEffort": word});
        self.additional.insert("reasoningConfig".into(), config);
        if word == "high" { Asked::Hard } else { Asked::Yes }
    }

    fn gpt_thinks(&mut self, asked: Thinking) -> Asked {
        let open = self.model.family == Family::GptOss;
        let words: &[&'static str] =
            if open { &["low", "medium", "high"] } else { &["low", "medium", "high", "xhigh"] };
        let word = match (asked, asked.effort()) {
            (Thinking::Off, _) if open => {
                self.loss.of("reasoning");
                return Asked::No;
            }
            (Thinking::Off, _) => "none",
            (_, Some(effort)) => effort_word(effort, words),
            (_, None) => return Asked::Yes,
        };
        let (field, value): (_, Value) =
            if open { ("reasoning_effort", word.into()) } else { ("reasoning", json!({"effort": word})) };
        self.additional.insert(field.into(), value);
        Asked::Yes
    }
}

/// The word for an effort among those that a model knows, from `low` on.
fn effort_word(effort: Effort, words: &[&'static str]) -> &'static str {
    let at = match effort {
        Effort::Minimal | Effort::Low => 0,
        Effort::Medium => 1,
        Effort::High => 2,
        Effort::Max => 3,
    };
    words.get(at).or(words.last()).copied().unwrap_or("medium")
}

/// Whether the model's last turn called tools without a thought that Claude signed: it would not go on thinking from there.
fn lacks_thought(messages: &[Message]) -> bool {
    let turn = messages.iter().rev().skip_while(|m| m.role != Role::Assistant);
    let parts = || turn.clone().take_while(|m| m.role == Role::Assistant).flat_map(|m| &m.parts);
    let calls = parts().any(|part| matches!(part.content, Content::ToolCall(_)));
    calls
        && !parts().any(|part| match &part.content {
            Content::Reasoning(thought) => {
                thought.signature.as_ref().is_some_and(|s| s.maker == Maker::Anthropic)
            }
            _ => false,
        })
}
