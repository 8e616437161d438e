//! The list prices that are built in: standard tier, the smallest context bracket. They change without
//! notice; `prices` in `attache.yaml` has the last word.

use super::Price;

/// Every row: provider, model, price.
pub(super) fn prices() -> impl Iterator<Item = (&'static str, &'static str, Price)> {
    let text = TABLE.iter().flat_map(|(provider, rows)| {
        rows.iter().map(|&(model, input, cached, output)| {
            (*provider, model, written(provider, Price::new(input, cached, output)))
        })
    });
    text.chain(OTHERS.iter().copied())
}

/// Anthropic takes a quarter more for what is written to its cache, to be kept for five minutes, and twice as much for an hour.
fn written(provider: &str, price: Price) -> Price {
    match provider {
        "anthropic" => Price { cache_write: price.input / 4 * 5, cache_write_1h: price.input * 2, ..price },
        _ => price,
    }
}

/// Model, then input, cached input and output in micro-dollars per million tokens: `2_500_000` is $2.50.
type Row = (&'static str, u64, u64, u64);

const TABLE: &[(&str, &[Row])] = &[
    ("openai", OPENAI),
    ("anthropic", ANTHROPIC),
    ("gemini", GEMINI),
    ("mistral", MISTRAL),
    ("groq", GROQ),
    ("deepseek", DEEPSEEK),
    ("xai", XAI),
    ("cohere", COHERE),
];

/// Models whose sound or pictures have prices of their own.
const OTHERS: &[(&str, &str, Price)] = &[
    (
        "openai",
        "gpt-4o-audio-preview",
        heard(Price::new(2_500_000, 2_500_000, 10_000_000), 40_000_000, 80_000_000),
    ),
    (
        "openai",
        "gpt-4o-mini-audio-preview",
        heard(Price::new(150_000, 150_000, 600_000), 10_000_000, 20_000_000),
    ),
    ("openai", "gpt-audio", heard(Price::new(2_500_000, 2_500_000, 10_000_000), 32_000_000, 64_000_000)),
    ("openai", "gpt-audio-mini", heard(Price::new(600_000, 600_000, 2_400_000), 10_000_000, 20_000_000)),
    (
        "openai",
        "gpt-4o-transcribe",
        heard(Price::new(2_500_000, 2_500_000, 10_000_000), 6_000_000, 10_000_000),
    ),
    (
        "openai",
        "gpt-4o-mini-transcribe",
        heard(Price::new(1_250_000, 1_250_000, 5_000_000), 3_000_000, 5_000_000),
    ),
    ("openai", "gpt-image-1", seen(Price::new(5_000_000, 1_250_000, 40_000_000), 10_000_000, 40_000_000)),
    ("gemini", "gemini-2.5-flash", heard(Price::new(300_000, 30_000, 2_500_000), 1_000_000, 2_500_000)),
    ("gemini", "gemini-2.5-flash-lite", heard(Price::new(100_000, 10_000, 400_000), 300_000, 400_000)),
    ("gemini", "gemini-2.0-flash", heard(Price::new(100_000, 25_000, 400_000), 700_000, 400_000)),
    ("gemini", "gemini-2.5-flash-image", seen(Price::new(300_000, 30_000, 2_500_000), 300_000, 30_000_000)),
];

const fn heard(text: Price, audio_input: u64, audio_output: u64) -> Price {
    Price { audio_input, audio_output, ..text }
}

const fn seen(text: Price, image_input: u64, image_output: u64) -> Price {
    Price { image_input, image_output, ..text }
}

const OPENAI: &[Row] = &[
    ("gpt-5.1", 1_250_000, 125_000, 10_000_000),
    ("gpt-5", 1_250_000, 125_000, 10_000_000),
    ("gpt-5-mini", 250_000, 25_000, 2_000_000),
    ("gpt-5-nano", 50_000, 5_000, 400_000),
    ("gpt-5-pro", 15_000_000, 15_000_000, 120_000_000),
    ("gpt-4.1", 2_000_000, 500_000, 8_000_000),
    ("gpt-4.1-mini", 400_000, 100_000, 1_600_000),
    ("gpt-4.1-nano", 100_000, 25_000, 400_000),
    ("gpt-4o", 2_500_000, 1_250_000, 10_000_000),
    ("gpt-4o-2024-05-13", 5_000_000, 5_000_000, 15_000_000),
    ("gpt-4o-mini", 150_000, 75_000, 600_000),
    ("chatgpt-4o", 5_000_000, 5_000_000, 15_000_000),
    ("o1", 15_000_000, 7_500_000, 60_000_000),
    ("o1-mini", 1_100_000, 550_000, 4_400_000),
    ("o1-pro", 150_000_000, 150_000_000, 600_000_000),
    ("o3", 2_000_000, 500_000, 8_000_000),
    ("o3-mini", 1_100_000, 550_000, 4_400_000),
    ("o3-pro", 20_000_000, 20_000_000, 80_000_000),
    ("o4-mini", 1_100_000, 275_000, 4_400_000),
    ("gpt-4-turbo", 10_000_000, 10_000_000, 30_000_000),
    ("gpt-4", 30_000_000, 30_000_000, 60_000_000),
    ("gpt-3.5-turbo", 500_000, 500_000, 1_500_000),
    ("gpt-3.5-turbo-instruct", 1_500_000, 1_500_000, 2_000_000),
    ("text-embedding-3-small", 20_000, 20_000, 0),
    ("text-embedding-3-large", 130_000, 130_000, 0),
    ("text-embedding-ada-002", 100_000, 100_000, 0),
];

const ANTHROPIC: &[Row] = &[
    ("claude-opus-4-5", 5_000_000, 500_000, 25_000_000),
    ("claude-opus-4-1", 15_000_000, 1_500_000, 75_000_000),
    ("claude-opus-4", 15_000_000, 1_500_000, 75_000_000),
    ("claude-opus-4-0", 15_000_000, 1_500_000, 75_000_000),
    ("claude-sonnet-4-5", 3_000_000, 300_000, 15_000_000),
    ("claude-sonnet-4", 3_000_000, 300_000, 15_000_000),
    ("claude-sonnet-4-0", 3_000_000, 300_000, 15_000_000),
    ("claude-haiku-4-5", 1_000_000, 100_000, 5_000_000),
    ("claude-3-7-sonnet", 3_000_000, 300_000, 15_000_000),
    ("claude-3-5-sonnet", 3_000_000, 300_000, 15_000_000),
    ("claude-3-5-haiku", 800_000, 80_000, 4_000_000),
    ("claude-3-opus", 15_000_000, 1_500_000, 75_000_000),
    ("claude-3-haiku", 250_000, 30_000, 1_250_000),
];

const GEMINI: &[Row] = &[
    ("gemini-2.5-pro", 1_250_000, 125_000, 10_000_000),
    ("gemini-2.0-flash-lite", 75_000, 75_000, 300_000),
    ("gemini-1.5-pro", 1_250_000, 312_500, 5_000_000),
    ("gemini-1.5-flash", 75_000, 18_750, 300_000),
    ("gemini-1.5-flash-8b", 37_500, 10_000, 150_000),
    ("gemini-embedding-001", 150_000, 150_000, 0),
];

const MISTRAL: &[Row] = &[
    ("mistral-large-2411", 2_000_000, 2_000_000, 6_000_000),
    ("mistral-medium", 400_000, 400_000, 2_000_000),
    ("mistral-small", 100_000, 100_000, 300_000),
    ("ministral-8b", 100_000, 100_000, 100_000),
    ("ministral-3b", 40_000, 40_000, 40_000),
    ("codestral", 300_000, 300_000, 900_000),
    ("open-mistral-nemo", 150_000, 150_000, 150_000),
    ("mistral-embed", 100_000, 100_000, 0),
];

const GROQ: &[Row] = &[
    ("llama-3.3-70b-versatile", 590_000, 590_000, 790_000),
    ("llama-3.1-8b-instant", 50_000, 50_000, 80_000),
    ("meta-llama/llama-4-scout-17b-16e-instruct", 110_000, 110_000, 340_000),
    ("meta-llama/llama-4-maverick-17b-128e-instruct", 200_000, 200_000, 600_000),
    ("qwen/qwen3-32b", 290_000, 290_000, 590_000),
];

const DEEPSEEK: &[Row] =
    &[("deepseek-chat", 280_000, 28_000, 420_000), ("deepseek-reasoner", 280_000, 28_000, 420_000)];

const XAI: &[Row] = &[
    ("grok-4", 3_000_000, 750_000, 15_000_000),
    ("grok-4-fast-reasoning", 200_000, 50_000, 500_000),
    ("grok-4-fast-non-reasoning", 200_000, 50_000, 500_000),
    ("grok-code-fast-1", 200_000, 20_000, 1_500_000),
    ("grok-3", 3_000_000, 750_000, 15_000_000),
    ("grok-3-mini", 300_000, 75_000, 500_000),
];

const COHERE: &[Row] = &[
    ("command-a-03-2025", 2_500_000, 2_500_000, 10_000_000),
    ("command-r-plus-08-2024", 2_500_000, 2_500_000, 10_000_000),
    ("command-r-08-2024", 150_000, 150_000, 600_000),
    ("command-r7b-12-2024", 37_500, 37_500, 150_000),
];
