//! The routing language: documents, their validation, and the walk. Pure: no clock, no dice, no I/O.
//!
//! A document is read ([`Document`]), checked as a whole and compiled ([`Program`]), and walked ([`Walk`]):
//!
//! ```
//! use attache::graph::{Fact, Facts, Path, Program, Step, Walk};
//!
//! struct Nothing;
//! impl Facts for Nothing {
//!     fn look(&self, _: &Path) -> Option<Fact<'_>> {
//!         None
//!     }
//!     fn dice(&self) -> u64 {
//!         4
//!     }
//! }
//!
//! let program = Program::single("openai", "gpt-4o");
//! let mut walk = Walk::new(&program);
//! let Step::Call(call) = walk.step(&program, &Nothing) else { panic!() };
//! assert_eq!(call.target.to_string(), "openai/gpt-4o");
//! walk.answered(&program, Ok(()));
//! assert!(matches!(walk.step(&program, &Nothing), Step::End(_)));
//! assert_eq!(walk.path(&program).collect::<Vec<_>>(), ["start", "model", "end"]);
//! ```
//!
//! `docs/graph.md` is the language's own page.

mod ahead;
mod changes;
mod check;
mod condition;
mod diagnostic;
mod document;
mod facts;
mod hash;
mod json;
mod kept;
mod key;
mod links;
mod node;
mod path;
mod program;
mod reader;
#[cfg(test)]
pub(crate) mod sample;
mod split;
#[cfg(test)]
mod tests;
mod walk;

pub use changes::{Change, changes};
pub(crate) use check::MAX_ELEMENTS;
pub use check::is_name;
pub(crate) use diagnostic::Report;
pub use diagnostic::{Code, Diagnostic};
pub use document::{Document, Known};
pub use facts::{Fact, Facts};
pub use kept::Choice;
pub use node::{Amount, Call, LimitAsk, OnError, Params, Target, Verdict};
pub use path::{Path, PathError, Root, Segment};
pub use program::Program;
pub(crate) use reader::{Item, Object};
pub use split::Split;
pub use walk::{End, Moved, Passed, Step, Walk, Why};
