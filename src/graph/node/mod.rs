//! The kinds of elements: each file is one kind, with its fields, how they are read, and what it does in a walk.

mod conditional;
mod model;
mod outputs;
mod percentage;
mod rate;

pub(super) use self::{
    conditional::Conditional,
    model::Model,
    outputs::{Output, Outputs},
    percentage::Percentage,
    rate::Rate,
};
pub use self::{
    model::{Call, Params, Target},
    rate::{Amount, LimitAsk, OnError, Verdict},
};

use super::{document::Known, reader::Object};

/// The fields that every element may have. Editors keep theirs in the document; walks do not look at them.
pub(super) const FIELDS: [&str; 8] =
    ["id", "type", "name", "label", "description", "position", "properties", "outputs"];

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Start,
    Conditional,
    Percentage,
    Rate,
    Model,
    End,
}

impl Type {
    /// Every type with the word that it is written as. `rate_limit` is `rate`.
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("start", Self::Start),
        ("conditional", Self::Conditional),
        ("percentage", Self::Percentage),
        ("rate", Self::Rate),
        ("rate_limit", Self::Rate),
        ("model", Self::Model),
        ("end", Self::End),
    ];
}

/// A compiled element. Links are indices into the program's elements.
#[derive(Debug)]
pub(super) enum Node {
    /// Leads to the first element.
    Start(usize),
    Conditional(Conditional),
    Percentage(Percentage),
    Rate(Rate),
    Model(Model),
    End,
}

impl Node {
    /// Reads what is particular to an element of this type; `None` after a mistake was noted.
    pub(super) fn read(part: &Part<'_>) -> Option<Self> {
        match part.form {
            Type::Start => {
                part.properties.only(&[]);
                part.outputs.only(&["next"]);
                part.outputs.need("next").map(Self::Start)
            }
            Type::Conditional => Conditional::read(part).map(Self::Conditional),
            Type::Percentage => Percentage::read(part).map(Self::Percentage),
            Type::Rate => Rate::read(part).map(Self::Rate),
            Type::Model => Model::read(part).map(Self::Model),
            Type::End => {
                part.properties.only(&[]);
                part.outputs.only(&[]);
                Some(Self::End)
            }
        }
    }

    /// Where it may lead.
    pub(super) fn links(&self) -> Vec<usize> {
        match self {
            Self::Start(next) => vec![*next],
            Self::Conditional(conditional) => conditional.links(),
            Self::Percentage(percentage) => percentage.links(),
            Self::Rate(rate) => rate.links(),
            Self::Model(model) => model.links(),
            Self::End => vec![],
        }
    }
}

/// What an element is read from.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) form: Type,
    pub(super) id: &'a str,
    pub(super) properties: Object<'a>,
    pub(super) outputs: &'a Outputs<'a>,
    pub(super) known: Known<'a>,
}
