//! What is known of a model by its name: Google's models differ in what they take, and the API does not tell.

use crate::{
    chat::{Effort, Loss, Thinking},
    dialect::{Goal, Platform},
};
use serde_json::{Value, json};

/// A model of a generation; `(0, 0)` is one whose name tells nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    name: &'a str,
    generation: (u32, u32),
    host: Platform,
}

/// What `gemini-flash-latest` stands for.
const NEWEST: (u32, u32) = (u32::MAX, 0);

impl<'a> Model<'a> {
    pub(super) fn of(goal: &Goal<'a>) -> Self {
        let name = goal.model.rsplit('/').next().unwrap_or(goal.model);
        let generation = match name.strip_prefix("gemini-") {
            Some(rest) if rest.ends_with("-latest") && !rest.starts_with(|c: char| c.is_ascii_digit()) => {
                NEWEST
            }
            Some(rest) => generation(rest.split('-').next().unwrap_or_default()).unwrap_or_default(),
            None => (0, 0),
        };
        Self { name, generation, host: goal.platform }
    }

    /// Gemini 3 and later: signatures are checked, tool results may hold pictures, JSON goes together with tools.
    pub(super) fn is_third(self) -> bool {
        self.generation >= (3, 0)
    }

    /// Whether calls and their results have ids. Vertex refuses what a model does not know.
    pub(super) fn knows_ids(self) -> bool {
        self.is_third() || self.host != Platform::Vertex
    }

    /// Whether Google fetches what a URL of this scheme names.
    pub(super) fn fetches(self, scheme: &str) -> bool {
        match scheme {
            "gs" => true,
            "https" => self.host == Platform::Vertex || self.generation >= (2, 5),
            "http" => self.host == Platform::Vertex,
            _ => false,
        }
    }

    /// The `thinkingConfig` for what is asked.
    pub(super) fn thinking(self, asked: Thinking, loss: &mut Loss) -> Option<Value> {
        if self.generation < (2, 5) || self.name.contains("-image") {
            if asked != Thinking::Off {
                loss.of("reasoning");
            }
            return None;
        }
        let off = asked == Thinking::Off;
        if off && (self.is_third() || self.is_pro()) {
            // these can not but think; the least of it is what comes next
            loss.of("reasoning");
        }
        let mut config = if self.is_third() { self.level(asked) } else { self.budget(asked) };
        if let (Some(config), false) = (config.as_object_mut(), off) {
            config.insert("includeThoughts".into(), true.into());
        }
        Some(config)
    }

    fn level(self, asked: Thinking) -> Value {
        let least = if self.is_pro() { "LOW" } else { "MINIMAL" };
        let level = match asked.effort() {
            None if asked == Thinking::Off => least,
            None => return json!({}),
            Some(Effort::Minimal) => least,
            Some(Effort::Low) => "LOW",
            // the first of the third generation knows two levels
            Some(Effort::Medium) if !self.name.starts_with("gemini-3-pro") => "MEDIUM",
            Some(Effort::Medium | Effort::High | Effort::Max) => "HIGH",
        };
        json!({ "thinkingLevel": level })
    }

    fn budget(self, asked: Thinking) -> Value {
        let (least, most) = match self.name {
            _ if self.is_pro() => (128, 32_768),
            name if name.contains("flash-lite") => (512, 24_576),
            _ => (1, 24_576),
        };
        match asked {
            Thinking::Off if !self.is_pro() => json!({ "thinkingBudget": 0 }),
            Thinking::Adaptive(None) => json!({ "thinkingBudget": -1 }),
            _ => json!({ "thinkingBudget": asked.budget().unwrap_or(least).clamp(least, most) }),
        }
    }

    fn is_pro(self) -> bool {
        self.name.contains("-pro")
    }
}

fn generation(word: &str) -> Option<(u32, u32)> {
    let (major, minor) = word.split_once('.').unwrap_or((word, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Quirks;

    fn named(model: &str) -> Model<'_> {
        Model::of(&Goal { model, platform: Platform::Direct, max_tokens: 0, quirks: Quirks::default() })
    }

    fn thinking(model: &str, asked: Thinking) -> (Value, String) {
        let mut loss = Loss::default();
        (named(model).thinking(asked, &mut loss).unwrap_or_default(), loss.join())
    }

    #[test]
    fn the_generation_is_read_from_the_name_wherever_it_stands() {
        let generation = |name| named(name).generation;
        assert_eq!(generation("gemini-2.5-flash"), (2, 5));
        assert_eq!(generation("models/gemini-3-pro-preview"), (3, 0));
        assert_eq!(generation("publishers/google/models/gemini-3.1-flash-lite"), (3, 1));
        assert_eq!(generation("gemini-2.5-flash-latest"), (2, 5));
        assert_eq!(generation("gemini-pro-latest"), NEWEST);
        assert_eq!(generation("gemma-3-27b-it"), (0, 0));
        assert_eq!(generation("projects/p/locations/l/endpoints/123"), (0, 0));
        assert_eq!(generation("gemini-"), (0, 0));
    }

    #[test]
    fn the_second_generation_thinks_in_tokens_within_its_limits() {
        let budget = |model, asked| thinking(model, asked).0["thinkingBudget"].as_i64().unwrap();
        assert_eq!(budget("gemini-2.5-flash", Thinking::Effort(Effort::Medium)), 8192);
        assert_eq!(budget("gemini-2.5-flash", Thinking::Effort(Effort::Max)), 24_576);
        assert_eq!(budget("gemini-2.5-pro", Thinking::Effort(Effort::Max)), 32_768);
        assert_eq!(budget("gemini-2.5-flash-lite", Thinking::Budget(100)), 512);
        assert_eq!(budget("gemini-2.5-flash", Thinking::Adaptive(None)), -1);
        assert_eq!(thinking("gemini-2.5-flash", Thinking::Off), (json!({"thinkingBudget": 0}), "".into()));
        assert_eq!(
            thinking("gemini-2.5-pro", Thinking::Off),
            (json!({"thinkingBudget": 128}), "reasoning".into())
        );
    }

    #[test]
    fn the_third_generation_thinks_in_levels() {
        let level = |model, effort| thinking(model, Thinking::Effort(effort)).0["thinkingLevel"].clone();
        assert_eq!(level("gemini-3-flash-preview", Effort::Minimal), "MINIMAL");
        assert_eq!(level("gemini-3.1-pro-preview", Effort::Minimal), "LOW");
        assert_eq!(level("gemini-3.1-pro-preview", Effort::Medium), "MEDIUM");
        assert_eq!(level("gemini-3-pro-preview", Effort::Medium), "HIGH");
        assert_eq!(level("gemini-flash-latest", Effort::Max), "HIGH");
        let adaptive = thinking("gemini-3-flash-preview", Thinking::Adaptive(None));
        assert_eq!(adaptive, (json!({"includeThoughts": true}), "".into()));
        let off = thinking("gemini-3-flash-preview", Thinking::Off);
        assert_eq!(off, (json!({"thinkingLevel": "MINIMAL"}), "reasoning".into()));
    }

    #[test]
    fn a_model_that_does_not_think_is_not_told_how_to() {
        assert_eq!(thinking("gemini-2.0-flash", Thinking::Budget(9)), (Value::Null, "reasoning".into()));
        assert_eq!(thinking("gemini-2.0-flash", Thinking::Off), (Value::Null, "".into()));
    }
}
