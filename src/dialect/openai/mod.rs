//! OpenAI's wire format, as many providers speak it: the identity path, on which bytes are kept.

mod answer;
pub mod chat;
mod embed;
mod fault;
mod form;
mod request;
mod stream;

pub use answer::read as read_answer;
pub use embed::{read_embed_request, write_embed_answer};
pub use fault::read as read_fault;
pub use form::Form;
pub use request::{asks_for_usage, rewrite};
pub use stream::Stream;
