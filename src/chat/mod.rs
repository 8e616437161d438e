//! What an LLM exchange is about, in no vendor's words: the hub form that every dialect reads and writes.
//!
//! A wheel, not a grid: a dialect knows this form and its own, never another dialect.

mod answer;
mod content;
mod delta;
mod embedding;
mod fault;
mod loss;
mod reasoning;
mod request;
mod usage;

pub use answer::{Answer, Choice, Finish};
pub use content::{Citation, Content, Media, Message, Part, Role, Source, ToolCall, ToolResult};
pub use delta::Delta;
pub use embedding::{EmbedAnswer, EmbedInput, EmbedRequest, Vector};
pub use fault::{Fault, Kind};
pub use loss::{Loss, Unfit};
pub use reasoning::{Effort, Maker, Reasoning, Signature, Thinking};
pub use request::{Format, Origin, Request, Sampling, Tool, ToolChoice};
pub use usage::Usage;
