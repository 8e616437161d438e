//! Upper bounds of what an exchange will use, before anybody knows.

use super::{ask::Ask, settings::Limits, world::Live};
use crate::{
    chat::Usage,
    dialect::Shape,
    graph::{Amount, LimitAsk},
    provider::Kinds,
};
use memchr::memmem;

/// No tokenizer in use makes more tokens of ordinary text than one for every three bytes.
const BYTES_PER_TOKEN: u64 = 3;

/// What to reserve of a limit, in its unit: with the dearest model that may follow.
pub(super) fn amount(limit: &LimitAsk<'_>, ask: &Ask, live: &Live) -> u64 {
    let usage = || bound(ask, &live.settings.limits);
    match limit.amount {
        Amount::Count(_) | Amount::Concurrency(_) => 1,
        Amount::Tokens(_) => usage().total(),
        Amount::InputTokens(_) => usage().input,
        Amount::OutputTokens(_) => usage().output,
        Amount::Cost(_) => {
            let (usage, kinds, prices) = (usage(), kinds(ask), &live.snapshot.prices);
            let price = limit.targets.iter().filter_map(|t| prices.of(&t.provider, &t.model, ask.head.now));
            price.map(|price| price.dearest(kinds).cost(&usage)).max().unwrap_or(0)
        }
    }
}

/// What the request may come to: whoever wants more than words says so. A word too many only reserves too much.
fn kinds(ask: &Ask) -> Kinds {
    let has =
        |words: &[&str]| words.iter().any(|word| memmem::find(ask.body.bytes(), word.as_bytes()).is_some());
    Kinds {
        cache_write: has(&["cache_control\"", "cachePoint\""]),
        audio: has(&["audio\""]),
        images: has(&["image\"", "image_url\""]),
    }
}

/// The most tokens that the request is likely to use: from its bytes, and from the output limit that it names.
fn bound(ask: &Ask, limits: &Limits) -> Usage {
    let input = (ask.size as u64).div_ceil(BYTES_PER_TOKEN);
    let named = ["max_completion_tokens", "max_tokens", "max_output_tokens"];
    let output = named.iter().find_map(|key| ask.body.number(key)).unwrap_or(limits.output_tokens);
    let answers = ask.body.number("n").unwrap_or(1).max(1);
    let output = match ask.head.endpoint.shape {
        Shape::Choices | Shape::Responses | Shape::Messages => output.saturating_mul(answers),
        Shape::Embeddings | Shape::Count | Shape::Plain => 0,
    };
    Usage { input, output, estimated: true, ..Usage::default() }
}

/// Whether the answer is a model's words.
pub(super) fn talks(ask: &Ask) -> bool {
    matches!(ask.head.endpoint.shape, Shape::Choices | Shape::Responses | Shape::Messages)
}

/// What a whole answer used that told no figures: a token for every four of its bytes.
pub(super) fn whole(ask: &Ask, answer: usize) -> Option<Usage> {
    talks(ask).then(|| seen(ask, (answer as u64).div_ceil(4)))
}

/// What was used when the provider told no figures: the input as bound, the output as seen.
pub(super) fn seen(ask: &Ask, output: u64) -> Usage {
    let input = (ask.size as u64).div_ceil(BYTES_PER_TOKEN);
    Usage { input, output, estimated: true, ..Usage::default() }
}
