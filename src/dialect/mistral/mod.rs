//! Mistral's chat completions: near to OpenAI's, and different where it matters.

mod answer;
mod embed;
mod fault;
mod message;
mod request;
mod stream;

pub use answer::read as read_answer;
pub use embed::{read as read_embed, write as write_embed};
pub use fault::read as read_fault;
pub use request::write as write_request;
pub use stream::StreamReader;

#[cfg(test)]
mod tests;
