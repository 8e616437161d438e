//! Wire formats: what they call things, how they are read and written. Pure: bytes in, bytes and facts out.

mod endpoint;
pub mod openai;

pub use endpoint::{Endpoint, Shape};
