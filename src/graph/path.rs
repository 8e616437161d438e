//! A path into the facts, as conditions and keys write it: `metadata.plan`, `body.messages.-1.content`.

use serde_json::Value;
use std::{fmt, str::FromStr};

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

impl Root {
    /// Every root with the word that it is written as. `params` is `body`.
    pub const ALL: [(&'static str, Self); 13] = [
        ("metadata", Self::Metadata),
        ("headers", Self::Headers),
        ("body", Self::Body),
        ("params", Self::Body),
        ("url", Self::Url),
        ("method", Self::Method),
        ("model", Self::Model),
        ("endpoint", Self::Endpoint),
        ("stream", Self::Stream),
        ("key", Self::Key),
        ("input", Self::Input),
        ("time", Self::Time),
        ("session", Self::Session),
    ];

    /// The root written as `word`.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == word).map(|(_, root)| root)
    }

    /// The word that it is written as.
    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, root)| *root == self).map_or("", |(name, _)| name)
    }

    /// The words that may follow, where they are few.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Url => &["pathname", "query"],
            Self::Key => &["id", "name", "metadata"],
            Self::Input => {
                &["chars", "tokens", "messages", "has_tools", "has_images", "has_audio", "json_mode"]
            }
            Self::Time => &["hour", "weekday", "iso"],
            Self::Session => &["id", "turn"],
            _ => &[],
        }
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The word as written; the key of an object.
    pub key: Box<str>,
    /// The same word as an index of an array; negative counts from the end.
    pub index: Option<i64>,
}

impl Segment {
    fn new(word: &str) -> Self {
        let index = word.parse().ok().filter(|_| !word.starts_with('+'));
        Self { key: word.into(), index }
    }

    /// The value one step below `tree`.
    fn seek<'v>(&self, tree: &'v Value) -> Option<&'v Value> {
        match tree {
            Value::Object(map) => map.get(&*self.key),
            Value::Array(list) => {
                let index = self.index?;
                let back = usize::try_from(index.unsigned_abs()).ok()?;
                list.get(if index < 0 { list.len().checked_sub(back)? } else { back })
            }
            _ => None,
        }
    }
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The steps below the root.
    pub rest: Box<[Segment]>,
}

impl Path {
    /// Reads a path. A first word that is no root means `metadata.<path>`; a header's name is lower-cased.
    ///
    /// The name of a header and of a query parameter is all that follows, dots and all, in one segment.
    ///
    /// # Errors
    /// An empty word, or a word that its root does not have.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (first, rest) = text.split_once('.').map_or((text, None), |(first, rest)| (first, Some(rest)));
        let (root, rest) = Root::named(first).map_or((Root::Metadata, Some(text)), |root| (root, rest));
        if rest.is_some_and(|rest| rest.split('.').any(|word| word.trim().is_empty())) {
            return Err(PathError::EmptyWord);
        }
        let rest = match root {
            Root::Headers => vec![Segment::new(&rest.ok_or(PathError::NoHeader)?.to_lowercase())],
            Root::Url => url(rest)?,
            _ => rest.map_or_else(Vec::new, |rest| rest.split('.').map(Segment::new).collect()),
        };
        let path = Self { root, rest: rest.into() };
        path.proved()
    }

    /// The value that the steps below the root lead to.
    #[must_use]
    pub fn seek<'v>(&self, tree: &'v Value) -> Option<&'v Value> {
        self.rest.iter().try_fold(tree, |at, step| step.seek(at))
    }

    /// Refuses what no facts can ever answer.
    fn proved(self) -> Result<Self, PathError> {
        let known = match self.root {
            Root::Metadata | Root::Headers | Root::Body => return Ok(self),
            root => root.words(),
        };
        let open = matches!(self.rest.first(), Some(s) if matches!(&*s.key, "metadata" | "query"));
        let fits = match &*self.rest {
            [] => known.is_empty(),
            [word, more @ ..] => known.contains(&&*word.key) && (more.is_empty() || open),
        };
        if fits { Ok(self) } else { Err(PathError::NoSuchWord(self.root)) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.name())?;
        self.rest.iter().try_for_each(|segment| write!(f, ".{}", segment.key))
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

fn url(rest: Option<&str>) -> Result<Vec<Segment>, PathError> {
    let rest = rest.ok_or(PathError::NoSuchWord(Root::Url))?;
    Ok(match rest.split_once('.') {
        Some(("query", name)) => vec![Segment::new("query"), Segment::new(name)],
        _ => rest.split('.').map(Segment::new).collect(),
    })
}

/// Why a text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// Nothing before, after or between the dots.
    EmptyWord,
    /// `headers` without a name.
    NoHeader,
    /// The root has no such word.
    NoSuchWord(Root),
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyWord => f.write_str("a word of the path is empty"),
            Self::NoHeader => f.write_str("`headers` needs the name of a header: `headers.x-team`"),
            Self::NoSuchWord(root) => {
                let name = root.name();
                match root.words() {
                    [] => write!(f, "nothing can follow `{name}`"),
                    words => write!(f, "`{name}` has only `{name}.{}`", words.join(&format!("`, `{name}."))),
                }
            }
        }
    }
}

impl std::error::Error for PathError {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> (Root, Vec<String>) {
        let path = Path::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        (path.root, path.rest.iter().map(|s| s.key.to_string()).collect())
    }

    #[test]
    fn every_root_reads() {
        for (text, root, rest) in [
            ("metadata.plan", Root::Metadata, &["plan"][..]),
            ("metadata.a.b", Root::Metadata, &["a", "b"]),
            ("metadata", Root::Metadata, &[]),
            ("plan", Root::Metadata, &["plan"]),
            ("org.team", Root::Metadata, &["org", "team"]),
            ("headers.X-Team", Root::Headers, &["x-team"]),
            ("headers.a.B", Root::Headers, &["a.b"]),
            ("body.messages.-1.content", Root::Body, &["messages", "-1", "content"]),
            ("params.temperature", Root::Body, &["temperature"]),
            ("url.pathname", Root::Url, &["pathname"]),
            ("url.query.a.b", Root::Url, &["query", "a.b"]),
            ("method", Root::Method, &[]),
            ("model", Root::Model, &[]),
            ("endpoint", Root::Endpoint, &[]),
            ("stream", Root::Stream, &[]),
            ("key.id", Root::Key, &["id"]),
            ("key.metadata.tier.x", Root::Key, &["metadata", "tier", "x"]),
            ("input.has_images", Root::Input, &["has_images"]),
            ("time.weekday", Root::Time, &["weekday"]),
            ("session.turn", Root::Session, &["turn"]),
        ] {
            let rest = rest.iter().map(ToString::to_string).collect();
            assert_eq!(read(text), (root, rest), "{text}");
        }
    }

    #[test]
    fn a_path_is_written_as_it_is_read() {
        for (text, written) in [
            ("plan", "metadata.plan"),
            ("params.messages.-1.content", "body.messages.-1.content"),
            ("headers.X-Team", "headers.x-team"),
            ("stream", "stream"),
        ] {
            let path = Path::parse(text).unwrap();
            assert_eq!((path.to_string().as_str(), Path::parse(written).unwrap()), (written, path), "{text}");
        }
    }

    #[test]
    fn what_no_facts_can_answer_is_refused() {
        for text in [
            "",
            ".",
            "metadata.",
            "metadata..a",
            ".a",
            "a.",
            " ",
            "headers",
            "url",
            "url.host",
            "url.pathname.x",
            "model.name",
            "stream.x",
            "key",
            "key.secret",
            "key.id.x",
            "input",
            "input.words",
            "time.minute",
            "session",
            "session.id.x",
        ] {
            assert!(Path::parse(text).is_err(), "{text:?}");
        }
        let told = Path::parse("time.minute").unwrap_err().to_string();
        assert_eq!(told, "`time` has only `time.hour`, `time.weekday`, `time.iso`");
    }

    #[test]
    fn seeks_objects_by_key_and_arrays_by_index() {
        let body = json!({"messages": [{"c": 1}, {"c": 2}], "0": "zero"});
        for (text, found) in [
            ("body.messages.0.c", Some(json!(1))),
            ("body.messages.-1.c", Some(json!(2))),
            ("body.messages.-2.c", Some(json!(1))),
            ("body.messages.-3.c", None),
            ("body.messages.2", None),
            ("body.messages.+1", None),
            ("body.messages.c", None),
            ("body.0", Some(json!("zero"))),
            ("body.messages.0.c.d", None),
            ("body.messages.-9223372036854775808", None),
        ] {
            assert_eq!(Path::parse(text).unwrap().seek(&body).cloned(), found, "{text}");
        }
    }
}
