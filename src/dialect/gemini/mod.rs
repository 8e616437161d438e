//! Google's generateContent, of AI Studio and Vertex.

mod answer;
mod config;
mod contents;
mod embed;
mod fault;
mod logprobs;
mod media;
mod model;
mod reply;
mod request;
mod sources;
mod stream;
#[cfg(test)]
mod tests;
mod tools;
mod usage;

pub use answer::read as read_answer;
pub use embed::{read as read_embed, write as write_embed};
pub use fault::read as read_fault;
pub use request::write as write_request;
pub use stream::StreamReader;
