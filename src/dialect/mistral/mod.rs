//! Mistral's chat completions: near to OpenAI's, and different where it matters.
