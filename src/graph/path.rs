//! A path into the facts, as conditions and keys write it: `metadata.plan`, `body.messages.-1.content`.

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// The merged metadata.
    Metadata,
    /// A request header, its name in lower case in the first segment.
    Headers,
    /// The JSON body (alias `params`).
    Body,
    /// `url.pathname`, `url.query.<k>`.
    Url,
    /// The HTTP method.
    Method,
    /// The model as asked.
    Model,
    /// `chat.completions`, `embeddings`, ...
    Endpoint,
    /// Whether a stream was asked for.
    Stream,
    /// The authenticated client key.
    Key,
    /// What the input is like: `input.tokens`, `input.has_images`, ...
    Input,
    /// UTC: `time.hour`, `time.weekday`, `time.iso`.
    Time,
    /// `session.id`, `session.turn`.
    Session,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The word as written; the key of an object.
    pub key: Box<str>,
    /// The same word as an index of an array; negative counts from the end.
    pub index: Option<i64>,
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The steps below the root.
    pub rest: Box<[Segment]>,
}
