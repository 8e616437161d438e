//! How much the model thinks before it answers: every maker's in his own words.

use super::{
    model::{Claude, Family, Forced},
    request::Draft,
};
use crate::chat::{Content, Effort, Maker, Message, Origin, Role, Thinking};
use serde_json::{Value, json};

/// The least that Claude thinks, in tokens.
const LEAST: u64 = 1024;

/// What was asked of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinks {
    /// Nothing, or not to think.
    No,
    /// To think.
    Yes,
    /// To think as hard as it can.
    Hard,
}

impl Draft<'_> {
    /// Asks for as much thinking as the request does.
    pub(super) fn thinking(&mut self) -> Thinks {
        let Some(asked) = self.request.thinking else { return Thinks::No };
        match self.model.family {
            Family::Claude(claude) => self.claude_thinks(claude, asked),
            Family::Nova2 => self.nova_thinks(asked),
            Family::GptOss | Family::Gpt => self.gpt_thinks(asked),
            Family::Nova | Family::Other => {
                if asked != Thinking::Off {
                    self.loss.of("reasoning");
                }
                Thinks::No
            }
        }
    }

    fn claude_thinks(&mut self, claude: Claude, asked: Thinking) -> Thinks {
        // what must be called is part of the request's meaning, thinking is not
        let barred = self.forced().is_some() && claude.forced() == Forced::Unthinking;
        let can = asked != Thinking::Off && claude.thinks() && !barred;
        if let (true, Origin::Anthropic, Thinking::Effort(effort)) =
            (claude.is_adaptive(), self.request.origin, asked)
        {
            // there an effort without `thinking` is how hard to work, and not a wish for thoughts
            self.effort(claude, effort);
            return Thinks::No;
        }
        if let Some(config) = Some(asked).filter(|_| can).and_then(|asked| self.config(claude, asked)) {
            self.additional.insert("thinking".into(), config);
            return Thinks::Yes;
        }
        match claude.rests().filter(|_| claude.thinks_unasked()) {
            Some(word) => {
                self.additional.insert("thinking".into(), json!({"type": word}));
            }
            None if claude.thinks_unasked() => {
                self.loss.of("reasoning");
                self.effort(claude, Effort::Low);
            }
            None => {}
        }
        if asked != Thinking::Off {
            self.loss.of("reasoning");
        }
        Thinks::No
    }

    fn effort(&mut self, claude: Claude, effort: Effort) {
        let most = if claude.thinks_unasked() { "xhigh" } else { "max" };
        let word = effort_word(effort, &["low", "medium", "high", most]);
        self.output.insert("effort".into(), word.into());
    }

    /// Claude's `thinking`; where it is not counted in tokens, the effort too.
    fn config(&mut self, claude: Claude, asked: Thinking) -> Option<Value> {
        if claude.has_budget() && (!claude.is_adaptive() || matches!(asked, Thinking::Budget(_))) {
            return self.budget(asked).map(|tokens| json!({"type": "enabled", "budget_tokens": tokens}));
        }
        if let Some(effort) = asked.effort() {
            self.effort(claude, effort);
        }
        // the newer ones keep their words to themselves; Anthropic's clients know that
        let shown = claude.thinks_unasked() && self.request.origin != Origin::Anthropic;
        Some(match shown {
            true => json!({"type": "adaptive", "display": "summarized"}),
            false => json!({"type": "adaptive"}),
        })
    }

    /// The tokens that Claude may think, fewer than the answer's; `None` where it can not think this time. What was not
    /// counted out leaves a quarter to the answer.
    fn budget(&mut self, asked: Thinking) -> Option<u64> {
        if self.most <= LEAST || lacks_thought(&self.request.messages) {
            return None;
        }
        let tokens = match asked {
            Thinking::Budget(tokens) if tokens < self.most => tokens,
            _ => asked.budget().unwrap_or(Effort::Medium.budget()).min(self.most - self.most / 4),
        };
        self.inference.insert("maxTokens".into(), self.most.into());
        Some(tokens.max(LEAST))
    }

    fn nova_thinks(&mut self, asked: Thinking) -> Thinks {
        if asked == Thinking::Off {
            return Thinks::No;
        }
        let mut word = effort_word(asked.effort().unwrap_or(Effort::Medium), &["low", "medium", "high"]);
        if word == "high" && self.request.max_tokens.is_some() {
            // so hard it thinks only without a limit, and the limit is money
            self.loss.of("reasoning");
            word = "medium";
        }
        let config = json!({"type": "enabled", "maxReasoningEffort": word});
        self.additional.insert("reasoningConfig".into(), config);
        if word == "high" { Thinks::Hard } else { Thinks::Yes }
    }

    fn gpt_thinks(&mut self, asked: Thinking) -> Thinks {
        let open = self.model.family == Family::GptOss;
        let words: &[&'static str] =
            if open { &["low", "medium", "high"] } else { &["low", "medium", "high", "xhigh"] };
        let word = match (asked, asked.effort()) {
            (Thinking::Off, _) if open => {
                self.loss.of("reasoning");
                return Thinks::No;
            }
            (Thinking::Off, _) => "none",
            (_, Some(effort)) => effort_word(effort, words),
            (_, None) => return Thinks::Yes,
        };
        let (field, value): (_, Value) =
            if open { ("reasoning_effort", word.into()) } else { ("reasoning", json!({"effort": word})) };
        self.additional.insert(field.into(), value);
        Thinks::Yes
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
