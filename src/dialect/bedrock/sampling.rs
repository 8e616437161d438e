//! How the answer's words are chosen.

use super::{model::Family, request::Draft, thinking::Asked};
use crate::dialect::claude::{Claude, Samples};
use serde_json::{Number, Value, json};

/// What a model takes of it.
#[derive(Debug, Clone, Copy)]
struct Takes {
    temperature: bool,
    top_p: bool,
    top_k: bool,
}

impl Draft<'_> {
    pub(super) fn sampling(&mut self, thinks: Asked) {
        let sampling = &self.request.sampling;
        let takes = self.takes(thinks);
        if let Some(temperature) = &sampling.temperature {
            self.temperature(temperature, takes.temperature);
        }
        match &sampling.top_p {
            Some(top_p) if takes.top_p => {
                self.inference.insert("topP".into(), top_p.clone().into());
            }
            top_p => self.loss.where_some("top_p", top_p.as_ref()),
        }
        match (sampling.top_k, self.model.family) {
            (Some(top_k), Family::Claude(_)) if takes.top_k => {
                self.additional.insert("top_k".into(), top_k.into());
            }
            (Some(top_k), Family::Nova | Family::Nova2) if takes.top_k => {
                self.additional.insert("inferenceConfig".into(), json!({"topK": top_k}));
            }
            (top_k, _) => self.loss.where_some("top_k", top_k.as_ref()),
        }
        self.loss.where_some("frequency_penalty", sampling.frequency_penalty.as_ref());
        self.loss.where_some("presence_penalty", sampling.presence_penalty.as_ref());
        self.loss.where_some("seed", sampling.seed.as_ref());
        self.loss.where_some("n", sampling.n.filter(|n| *n != 1).as_ref());
        self.loss.where_some("logprobs", sampling.logprobs.filter(|asked| *asked).as_ref());
        self.loss.where_some("top_logprobs", sampling.top_logprobs.filter(|n| *n > 0).as_ref());
        self.loss.where_some("logit_bias", sampling.logit_bias.as_ref().filter(|bias| !bias.is_empty()));
    }

    fn takes(&self, thinks: Asked) -> Takes {
        let sampling = &self.request.sampling;
        let number = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
        let mut takes = Takes { temperature: true, top_p: true, top_k: true };
        match self.model.family {
            Family::Claude(claude) if claude.samples() == Samples::None => {
                takes = Takes { temperature: false, top_p: false, top_k: false };
            }
            // whoever thinks must not be narrowed
            Family::Claude(_) if thinks != Asked::No => {
                takes.temperature = number(&sampling.temperature).is_some_and(|t| t >= 1.0);
                takes.top_p = number(&sampling.top_p).is_some_and(|p| p >= 0.95);
                takes.top_k = false;
            }
            Family::Nova2 if thinks == Asked::Hard => {
                takes = Takes { temperature: false, top_p: false, top_k: true };
            }
            _ => {}
        }
        if self.model.claude().map(Claude::samples) == Some(Samples::One) {
            takes.top_p &= !takes.temperature || sampling.temperature.is_none();
        }
        takes
    }

    /// Converse ends at 1 where OpenAI ends at 2; what it takes no other than 1, it takes unsaid.
    fn temperature(&mut self, temperature: &Number, taken: bool) {
        let value = temperature.as_f64().unwrap_or(1.0);
        if value > 1.0 || value < 1.0 && !taken {
            self.loss.of("temperature");
        }
        if taken {
            let value = if value > 1.0 { 1.into() } else { Value::Number(temperature.clone()) };
            self.inference.insert("temperature".into(), value);
        }
    }
}
