//! Chat completions to and from the hub form, for when the other side speaks something else.

mod answer;
mod message;
mod reader;
mod request;
mod write;
mod writer;

pub use answer::{read as read_answer, write as write_answer};
pub use reader::StreamReader;
pub use request::read as read_request;
pub use write::write as write_request;
pub use writer::StreamWriter;

#[cfg(test)]
mod tests;
