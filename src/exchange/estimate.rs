//! Upper bounds of what an exchange will use, before anybody knows.

use super::{ask::Ask, settings::Limits};
use crate::{chat::Usage, dialect::Shape};

/// No tokenizer in use makes more tokens of ordinary text than one for every three bytes.
const BYTES_PER_TOKEN: u64 = 3;

/// The most tokens that the request is likely to use: from its bytes, and from the output limit that it names.
pub(super) fn bound(ask: &Ask, limits: &Limits) -> Usage {
    let input = (ask.body.bytes().len() as u64).div_ceil(BYTES_PER_TOKEN);
    let named = ["max_completion_tokens", "max_tokens", "max_output_tokens"];
    let output = named.iter().find_map(|key| ask.body.number(key)).unwrap_or(limits.output_tokens);
    let answers = ask.body.number("n").unwrap_or(1).max(1);
    let output = match ask.head.endpoint.shape {
        Shape::Choices | Shape::Responses => output.saturating_mul(answers),
        Shape::Plain => 0,
    };
    Usage { input, output, estimated: true, ..Usage::default() }
}

/// What was used when the provider told no figures: the input as bound, the output as seen.
pub(super) fn seen(ask: &Ask, output: u64) -> Usage {
    let input = (ask.body.bytes().len() as u64).div_ceil(BYTES_PER_TOKEN);
    Usage { input, output, estimated: true, ..Usage::default() }
}
