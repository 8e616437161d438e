//! Usage to cost: integer nano-dollars, from prices in pico-dollars per token.

use crate::chat::Usage;
use std::collections::HashMap;

/// The price of one model, in pico-dollars per token (USD per million tokens × 1,000,000).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Per prompt token.
    pub input: u64,
    /// Per prompt token that came from the provider's cache.
    pub cached: u64,
    /// Per answer token.
    pub output: u64,
}

impl Price {
    /// What `usage` costs, in nano-dollars, rounded up.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> u64 {
        let cached = usage.cached.min(usage.input);
        let pico = u128::from(usage.input - cached) * u128::from(self.input)
            + u128::from(cached) * u128::from(self.cached)
            + u128::from(usage.output) * u128::from(self.output);
        u64::try_from(pico.div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

/// The price table: built in, with overrides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prices {
    table: HashMap<String, Price>,
}

impl Prices {
    /// The price of `provider/model`, where it is known.
    #[must_use]
    pub fn of(&self, provider: &str, model: &str) -> Option<Price> {
        self.table.get(&format!("{provider}/{model}")).copied()
    }
}
