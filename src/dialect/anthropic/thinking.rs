//! How much Claude shall think, and what that forbids beside it.
//!
//! Words and budgets stand for each other where a model knows only one of them. A budget must leave room for the answer: it
//! takes three quarters of `max_tokens` where the client names no figure below it, for the client's limit is its own and is
//! never raised; where that does not hold the 1024 tokens that Anthropic demands, thinking is off. So it is beside a forced tool call that the model refuses while it thinks (what must be
//! called is part of the request's meaning, thinking is not), and in the middle of a turn that began without a thought of
//! Claude's own. Each time `reasoning` is lost.

use crate::{
    chat::{Effort, Loss, Origin, Request, Sampling, Thinking},
    dialect::claude::{Claude, Forced, Samples, Thinks, budget},
};
use serde_json::{Map, Number, Value, json};

/// What the request's surroundings say about thinking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    /// The limit of the answer.
    pub(super) max_tokens: u64,
    /// A tool must be called.
    pub(super) forced: bool,
    /// The model is in the middle of a turn that began without a thought.
    pub(super) unproven: bool,
}

/// What is written of it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// `thinking`.
    pub(super) thinking: Option<Value>,
    /// `output_config.effort`.
    pub(super) effort: Option<&'static str>,
    /// Whether the model will think.
    pub(super) thinks: bool,
}

/// Plans the thinking of a request.
pub(super) fn plan(request: &Request, model: Claude, scene: Scene, loss: &mut Loss) -> Plan {
    let Some(wish) = request.thinking else { return Plan::default() };
    if wish == Thinking::Off {
        return off(model, loss);
    }
    if let (Origin::Anthropic, Thinking::Effort(effort)) = (request.origin, wish) {
        // an effort without `thinking`: how hard to work, which is not the same there
        return Plan { effort: Some(model.effort(effort)), ..Plan::default() };
    }
    if model.thinks() == Thinks::Never {
        loss.of("reasoning");
        return Plan::default();
    }
    let by_budget = model.counts(wish);
    let barred = scene.forced && model.forced() == Forced::Unthinking || by_budget && scene.unproven;
    let budget = if by_budget { budget(wish, scene.max_tokens) } else { None };
    if barred || by_budget && budget.is_none() {
        loss.of("reasoning");
        return off(model, loss);
    }
    if let Some(tokens) = budget {
        let thinking = json!({"type": "enabled", "budget_tokens": tokens});
        return Plan { thinking: Some(thinking), effort: None, thinks: true };
    }
    let effort = wish.effort().map(|effort| model.effort(effort));
    Plan { thinking: Some(model.adaptive(request.origin)), effort, thinks: true }
}

fn off(model: Claude, loss: &mut Loss) -> Plan {
    if model.thinks() == Thinks::Never {
        return Plan::default();
    }
    let Some(word) = model.rests() else {
        loss.of("reasoning");
        return Plan { effort: Some(model.effort(Effort::Low)), thinks: true, ..Plan::default() };
    };
    Plan { thinking: Some(json!({ "type": word })), ..Plan::default() }
}

/// Writes how the answer's words are chosen.
pub(super) fn sampling(
    sampling: &Sampling,
    model: Claude,
    thinks: bool,
    loss: &mut Loss,
    body: &mut Map<String, Value>,
) {
    let bare = model.samples() == Samples::None;
    if let Some(number) = &sampling.temperature {
        let value = number.as_f64().unwrap_or(1.0);
        if value > 1.0 || (value < 1.0 && (bare || thinks)) {
            loss.of("temperature");
        }
        if !bare && !thinks {
            let number = if value > 1.0 { Number::from(1) } else { number.clone() };
            body.insert("temperature".into(), number.into());
        }
    }
    if let Some(number) = &sampling.top_p {
        let value = number.as_f64().unwrap_or(1.0);
        let crowded = model.samples() == Samples::One && body.contains_key("temperature");
        if bare || crowded || (thinks && value < 0.95) {
            // 1 is what it is anyway
            if value < 1.0 {
                loss.of("top_p");
            }
        } else {
            body.insert("top_p".into(), number.clone().into());
        }
    }
    if let Some(number) = sampling.top_k {
        if bare || thinks {
            loss.of("top_k");
        } else {
            body.insert("top_k".into(), number.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claude(model: &str) -> Claude {
        Claude::of(model).unwrap()
    }

    fn planned(model: &str, wish: Thinking, scene: Scene) -> (Plan, String) {
        let mut loss = Loss::default();
        let request = Request { thinking: Some(wish), ..Request::default() };
        let plan = plan(&request, claude(model), scene, &mut loss);
        (plan, loss.join())
    }

    const SCENE: Scene = Scene { max_tokens: 32_000, forced: false, unproven: false };

    #[test]
    fn each_model_is_told_in_its_own_words() {
        let told = |model, wish| {
            let (plan, loss) = planned(model, wish, SCENE);
            (plan.thinking.unwrap_or_default().to_string(), plan.effort, loss)
        };
        let high = Thinking::Effort(Effort::High);
        let enabled = |tokens: u64| format!(r#"{{"type":"enabled","budget_tokens":{tokens}}}"#);
        let shown = r#"{"type":"adaptive","display":"summarized"}"#.to_owned();
        assert_eq!(told("claude-3-haiku-20240307", high), ("null".into(), None, "reasoning".into()));
        assert_eq!(told("claude-sonnet-4-5", high), (enabled(24_000), None, String::new()));
        assert_eq!(
            told("claude-sonnet-4-6", high),
            (r#"{"type":"adaptive"}"#.into(), Some("high"), String::new())
        );
        assert_eq!(told("claude-sonnet-4-6", Thinking::Budget(5000)), (enabled(5000), None, String::new()));
        assert_eq!(
            told("claude-opus-5", Thinking::Effort(Effort::Max)),
            (shown.clone(), Some("xhigh"), String::new())
        );
        assert_eq!(told("claude-opus-4-7", Thinking::Budget(5000)), (shown, Some("medium"), String::new()));
        assert_eq!(
            told("claude-opus-4-8", Thinking::Off),
            (r#"{"type":"disabled"}"#.into(), None, String::new())
        );
        assert_eq!(told("claude-sonnet-5-5", Thinking::Off).0, r#"{"type":"between_tools"}"#);
        assert_eq!(told("claude-opus-5-5", Thinking::Off), ("null".into(), Some("low"), "reasoning".into()));
    }

    #[test]
    fn thinking_yields_where_anthropic_would_refuse_it() {
        let disabled = Some(json!({"type": "disabled"}));
        let high = Thinking::Effort(Effort::High);
        let unproven = Scene { unproven: true, ..SCENE };
        let (plan, loss) = planned("claude-haiku-4-5", high, unproven);
        assert_eq!((plan.thinking, plan.thinks, loss.as_str()), (disabled.clone(), false, "reasoning"));
        assert!(planned("claude-opus-4-7", high, unproven).0.thinks);
        let forced = Scene { forced: true, ..SCENE };
        assert_eq!(planned("claude-opus-4-7", high, forced).0.thinking, disabled);
        assert!(planned("claude-opus-5", high, forced).0.thinks);
    }

    #[test]
    fn temperatures_above_one_are_clamped_and_thinking_takes_none() {
        let of = |model, thinks, temperature: f64, top_p: f64| {
            let (mut loss, mut body) = (Loss::default(), Map::new());
            let wish = Sampling {
                temperature: Number::from_f64(temperature),
                top_p: Number::from_f64(top_p),
                ..Sampling::default()
            };
            sampling(&wish, claude(model), thinks, &mut loss, &mut body);
            (Value::Object(body).to_string(), loss.join())
        };
        assert_eq!(
            of("claude-sonnet-4-5", false, 1.5, 1.0),
            (r#"{"temperature":1}"#.into(), "temperature".into())
        );
        assert_eq!(
            of("claude-sonnet-4-5", false, 0.5, 0.5),
            (r#"{"temperature":0.5}"#.into(), "top_p".into())
        );
        assert_eq!(
            of("claude-sonnet-4-5", true, 0.5, 0.97),
            (r#"{"top_p":0.97}"#.into(), "temperature".into())
        );
        assert_eq!(of("claude-opus-4-8", false, 1.0, 1.0), ("{}".into(), String::new()));
        assert_eq!(of("claude-3-opus-20240229", false, 0.5, 0.5).1, "");
    }
}
