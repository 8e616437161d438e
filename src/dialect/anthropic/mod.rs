//! Anthropic's Messages: a client's language and a provider's, at home, on Vertex and on Bedrock.

mod answer;
mod bedrock;
mod blocks;
mod client;
mod fault;
mod identity;
mod request;
mod schema;
mod stream;
mod thinking;
mod thought;
mod turns;
mod usage;
mod writer;

#[cfg(test)]
mod tests;

pub use answer::{read_answer, write_answer};
pub use bedrock::BedrockReader;
pub use client::read_request;
pub use fault::read as read_fault;
pub use identity::rewrite;
pub use request::write_request;
pub use stream::StreamReader;
pub use writer::StreamWriter;
