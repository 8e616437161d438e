//! How much the model thinks before it answers: every maker's in his own words.

use super::{
    model::{Claude, Family},
    request::Draft,
};
use crate::chat::{Content, Effort, Maker, Message, Role, Thinking, ToolChoice};
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
        match (self.model.family, self.request.thinking) {
            (Family::Claude(claude), asked) => self.claude_thinks(claude, asked),
            (Family::Nova2, Some(asked)) => self.nova_thinks(asked),
            (Family::GptOss | Family::Gpt, Some(asked)) => self.gpt_thinks(asked),
            (_, None | Some(Thinking::Off)) => Thinks::No,
            (Family::Nova | Family::Other, Some(_)) => {
                self.loss.of("reasoning");
                Thinks::No
            }
        }
    }

    fn claude_thinks(&mut self, claude: Claude, asked: Option<Thinking>) -> Thinks {
        let wanted = asked.filter(|asked| *asked != Thinking::Off);
        // it does not think about a tool that it must call
        let forced = !self.request.tools.is_empty()
            && matches!(self.request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
        let config =
            wanted.filter(|_| claude.thinks() && !forced).and_then(|wanted| self.config(claude, wanted));
        let off = asked.is_some() && wanted.is_none();
        if wanted.is_some() && config.is_none() || off && claude.thinks_always() {
            self.loss.of("reasoning");
        }
        let thinks = if config.is_some() { Thinks::Yes } else { Thinks::No };
        let silenced = (off || forced) && claude.thinks_unasked();
        let config = config.or_else(|| silenced.then(|| json!({"type": "disabled"})));
        if let Some(config) = config.filter(|_| !claude.thinks_always()) {
            self.additional.insert("thinking".into(), config);
        }
        thinks
    }

    /// Claude's `thinking`; where it is not counted in tokens, the effort too.
    fn config(&mut self, claude: Claude, wanted: Thinking) -> Option<Value> {
        if claude.has_budget() && (!claude.is_adaptive() || matches!(wanted, Thinking::Budget(_))) {
            return self.budget(wanted).map(|tokens| json!({"type": "enabled", "budget_tokens": tokens}));
        }
        if let Some(effort) = wanted.effort() {
            let word = effort_word(effort, &["low", "medium", "high", "max"]);
            self.output.insert("effort".into(), word.into());
        }
        // the newer ones keep their thoughts to themselves unless asked for a summary
        Some(match claude.has_budget() {
            true => json!({"type": "adaptive"}),
            false => json!({"type": "adaptive", "display": "summarized"}),
        })
    }

    /// The tokens that Claude may think, fewer than the answer's; `None` where it can not think this time.
    fn budget(&mut self, asked: Thinking) -> Option<u64> {
        let most = self.most.saturating_sub(1);
        if most < LEAST || lacks_thought(&self.request.messages) {
            return None;
        }
        // what was not counted out leaves the answer as much
        let most = if matches!(asked, Thinking::Budget(_)) { most } else { (self.most / 2).max(LEAST) };
        self.inference.insert("maxTokens".into(), self.most.into());
        Some(asked.budget().unwrap_or(Effort::Medium.budget()).clamp(LEAST, most))
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
