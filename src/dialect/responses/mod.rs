//! OpenAI's Responses, as a client's language for targets that do not speak it.
//!
//! Stateless: nothing is stored, so a request that builds on what OpenAI keeps (an earlier response, a conversation, an item's
//! id) does not fit. Foreign signatures travel as `encrypted_content`, and come back with the client's next request.

mod answer;
mod content;
mod input;
mod output;
mod request;
mod stream;
#[cfg(test)]
mod tests;

pub use answer::{Echo, write_answer};
pub use request::read_request;
pub use stream::StreamWriter;

use crate::chat::{Maker, Signature};

/// Stands before the signature of the call that follows, where it travels as a thought of its own: calls have no place for it.
const OF_CALL: &str = "call:";

/// A signature as `encrypted_content`.
fn sealed(signature: &Signature) -> String {
    signature.to_text(Maker::Openai)
}

/// Reads what [`sealed`] wrote.
fn unsealed(text: &str) -> Signature {
    Signature::of_text(text, Maker::Openai)
}
