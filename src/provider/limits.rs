//! How much models can write at most, for dialects in which a request must say how much it may be.

/// What is asked for where a model's own limit is not known.
const UNKNOWN: u64 = 4096;

/// Beginnings of Claude's names and their output limits, in tokens; the longest that fits counts. Where platforms differ,
/// it is the lower one; a name that nobody knew yet is taken for one of today's.
const CLAUDE: &[(&str, u64)] = &[
    ("claude-", 32_000),
    ("claude-fable-5", 128_000),
    ("claude-haiku-4", 64_000),
    ("claude-haiku-5", 128_000),
    ("claude-mythos", 128_000),
    ("claude-opus-4", 32_000),
    ("claude-opus-4-5", 64_000),
    ("claude-opus-4-6", 128_000),
    ("claude-opus-4-7", 128_000),
    ("claude-opus-4-8", 128_000),
    ("claude-opus-5", 128_000),
    ("claude-sonnet-4", 64_000),
    ("claude-sonnet-5", 128_000),
    ("claude-3-7-sonnet", 64_000),
    ("claude-3-5", 8_192),
    ("claude-3-5-sonnet-20240620", 4_096),
    ("claude-3", 4_096),
    ("claude-2", 4_096),
    ("claude-v2", 4_096),
    ("claude-instant", 4_096),
];

/// The most output tokens of `model`, by whatever name a platform calls it.
pub(super) fn output_tokens(model: &str) -> u64 {
    let name = model.find("claude-").and_then(|at| model.get(at..)).unwrap_or(model);
    let fits = CLAUDE.iter().filter(|(beginning, _)| name.starts_with(beginning));
    fits.max_by_key(|(beginning, _)| beginning.len()).map_or(UNKNOWN, |(_, most)| *most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_the_name_that_each_platform_gives_it() {
        for (model, most) in [
            ("claude-sonnet-4-5-20250929", 64_000),
            ("claude-opus-4-1@20250805", 32_000),
            ("anthropic.claude-3-5-haiku-20241022-v1:0", 8_192),
            (
                "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0",
                64_000,
            ),
            ("claude-3-opus-20240229", 4_096),
            ("claude-opus-4-20250514", 32_000),
            ("claude-9", 32_000),
            ("anthropic.claude-v2:1", 4_096),
            ("amazon.nova-pro-v1:0", 4_096),
        ] {
            assert_eq!(output_tokens(model), most, "{model}");
        }
    }
}
