//! What a model costs: usage to integer nano-dollars, from prices in pico-dollars per token.

mod builtin;
mod rates;
mod table;

pub use rates::Rates;
pub use table::{Name, PriceSource, Priced, Prices};

use crate::chat::Usage;

/// The price of one model, in pico-dollars per token (USD per million tokens × 1,000,000).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Per prompt token that no other price is for.
    pub input: u64,
    /// Per prompt token that came from the provider's cache.
    pub cached: u64,
    /// Per prompt token that was written to the provider's cache.
    pub cache_write: u64,
    /// Per prompt token that was written there to be kept for an hour.
    pub cache_write_1h: u64,
    /// Per prompt token of sound.
    pub audio_input: u64,
    /// Per prompt token of pictures.
    pub image_input: u64,
    /// Per answer token that no other price is for.
    pub output: u64,
    /// Per answer token that was reasoning.
    pub reasoning: u64,
    /// Per answer token of sound.
    pub audio_output: u64,
    /// Per answer token of pictures.
    pub image_output: u64,
    /// Per answer, in nano-dollars.
    pub request: u64,
}

/// What an exchange may come to, besides plain tokens, cached ones and reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Something is written to the provider's cache.
    pub cache_write: bool,
    /// There is sound.
    pub audio: bool,
    /// There are pictures.
    pub images: bool,
}

impl Price {
    /// A price per prompt token, per cached one and per answer token, in pico-dollars; the others follow from these.
    #[must_use]
    pub const fn new(input: u64, cached: u64, output: u64) -> Self {
        Self {
            input,
            cached,
            cache_write: input,
            cache_write_1h: input,
            audio_input: input,
            image_input: input,
            output,
            reasoning: output,
            audio_output: output,
            image_output: output,
            request: 0,
        }
    }

    /// What `usage` costs, in nano-dollars, rounded up. Every token is paid once: of parts that are more than their whole the
    /// first of sound, pictures, cache writes and cached tokens count.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> u64 {
        let input = [
            (usage.audio_input, self.audio_input),
            (usage.image_input, self.image_input),
            (usage.cache_write_1h, self.cache_write_1h),
            (usage.cache_write.saturating_sub(usage.cache_write_1h), self.cache_write),
            (usage.cached, self.cached),
        ];
        let output = [
            (usage.audio_output, self.audio_output),
            (usage.image_output, self.image_output),
            (usage.reasoning, self.reasoning),
        ];
        let pico =
            paid(usage.input, self.input, &input).saturating_add(paid(usage.output, self.output, &output));
        u64::try_from(pico.div_ceil(1000)).unwrap_or(u64::MAX).saturating_add(self.request)
    }

    /// The price by which nothing costs too little that is of these kinds: each token is as dear as any of them.
    #[must_use]
    pub fn dearest(&self, kinds: Kinds) -> Self {
        let Kinds { cache_write, audio, images } = kinds;
        // what can not be, costs nothing
        let maybe = |possible: bool, price: u64| if possible { price } else { 0 };
        let input = self.input.max(self.cached);
        let input = input.max(maybe(cache_write, self.cache_write.max(self.cache_write_1h)));
        let input = input.max(maybe(audio, self.audio_input)).max(maybe(images, self.image_input));
        let output = self.output.max(self.reasoning);
        let output = output.max(maybe(audio, self.audio_output)).max(maybe(images, self.image_output));
        Self { request: self.request, ..Self::new(input, input, output) }
    }
}

/// The pico-dollars for `tokens`, of which some have a price of their own.
fn paid(tokens: u64, price: u64, parts: &[(u64, u64)]) -> u128 {
    let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
    let (mut left, mut sum) = (tokens, 0_u128);
    for (part, price) in parts {
        let part = left.min(*part);
        left -= part;
        sum = sum.saturating_add(of(part, *price));
    }
    sum.saturating_add(of(left, price))
}

/// Nano-dollars as US dollars, with as many digits as it takes.
#[must_use]
pub fn usd(nano_dollars: u64) -> String {
    let text = format!("{}.{:09}", nano_dollars / 1_000_000_000, nano_dollars % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage { input, cached, output, ..Usage::default() }
    }

    #[test]
    fn cost_is_exact_and_rounded_up() {
        let gpt_4o = Price::new(2_500_000, 1_250_000, 10_000_000);
        // 1000 × $2.50 + 1000 × $1.25 + 1000 × $10 per million = $0.01375
        assert_eq!(gpt_4o.cost(&usage(2000, 1000, 1000)), 13_750_000);
        let cheap = Price::new(37_500, 37_500, 0);
        assert_eq!(cheap.cost(&usage(1, 0, 0)), 38);
        assert_eq!(gpt_4o.cost(&Usage::default()), 0);
    }

    #[test]
    fn every_part_has_its_price_and_every_token_is_paid_once() {
        let price = Price {
            input: 1000,
            cached: 2000,
            cache_write: 3000,
            cache_write_1h: 4000,
            audio_input: 5000,
            image_input: 7000,
            output: 11_000,
            reasoning: 13_000,
            audio_output: 17_000,
            image_output: 19_000,
            request: 1_000_000,
        };
        let used = Usage {
            input: 111,
            cached: 10,
            cache_write: 20,
            cache_write_1h: 5,
            audio_input: 30,
            image_input: 40,
            output: 106,
            reasoning: 1,
            audio_output: 2,
            image_output: 3,
            estimated: false,
        };
        let input = 11 + 10 * 2 + 15 * 3 + 5 * 4 + 30 * 5 + 40 * 7;
        let output = 100 * 11 + 13 + 2 * 17 + 3 * 19;
        assert_eq!(price.cost(&used), input + output + 1_000_000);
        // nobody knows yet what it will be
        let (none, plain) = (Kinds::default(), Usage { input: 10, output: 10, ..Usage::default() });
        assert_eq!(price.dearest(none).cost(&plain), 10 * 2 + 10 * 13 + 1_000_000);
        assert_eq!(price.dearest(Kinds { cache_write: true, ..none }).cost(&plain), 10 * 4 + 130 + 1_000_000);
        assert_eq!(price.dearest(Kinds { audio: true, ..none }).cost(&plain), 50 + 170 + 1_000_000);
        assert_eq!(price.dearest(Kinds { images: true, ..none }).cost(&plain), 70 + 190 + 1_000_000);
        // a provider that counts cached sound twice is not paid twice
        let twice = Usage { input: 10, audio_input: 8, cached: 8, ..Usage::default() };
        assert_eq!(price.cost(&twice), 8 * 5 + 2 * 2 + 1_000_000);
    }

    #[test]
    fn more_cached_than_asked_costs_what_was_asked() {
        assert_eq!(Price::new(2000, 1000, 0).cost(&usage(10, 99, 0)), 10);
    }

    #[test]
    fn dollars_have_no_more_digits_than_they_need() {
        for (nano, text) in [(0, "0"), (1, "0.000000001"), (13_750_000, "0.01375"), (20_000_000_000, "20")] {
            assert_eq!(usd(nano), text);
        }
    }

    #[test]
    fn a_cost_beyond_all_money_stays_at_the_top() {
        let dear = Price::new(u64::MAX, 0, u64::MAX);
        assert_eq!(dear.cost(&usage(u64::MAX, 0, u64::MAX)), u64::MAX);
    }
}
