//! Amazon Bedrock: Converse and ConverseStream for chats, InvokeModel for embeddings.
//!
//! One dialect for models of many makers, but what a model does not know it refuses: what is written depends on the
//! `model`, read off its id. The model itself stands in the path.

mod answer;
mod conversation;
mod embedding;
mod fault;
mod media;
mod model;
mod request;
mod sampling;
mod schema;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;
mod tools;

pub use answer::read_answer;
pub use embedding::{read_embed, write_embed};
pub use fault::read_fault;
pub use request::write_request;
pub use stream::StreamReader;
