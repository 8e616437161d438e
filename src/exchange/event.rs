//! What can happen to an exchange.

/// HTTP headers, names in lower case, pseudo-headers (`:path`) among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// The value of the first header of this name, where it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(n, _)| n == name)?;
        std::str::from_utf8(value).ok()
    }

    /// Takes all headers of these names away.
    pub(super) fn remove(&mut self, names: &[&str]) {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
    }

    /// All names, as they stand.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All headers whose value is text.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value).ok()?)))
    }
}

impl FromIterator<(String, Vec<u8>)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, Vec<u8>)>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

/// What can happen: a head, its body in pieces; then the same of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The request's headers.
    RequestHead {
        /// The headers.
        headers: Headers,
        /// No body follows.
        end: bool,
    },
    /// A piece of the request's body.
    RequestBody {
        /// The bytes; may be none.
        bytes: Vec<u8>,
        /// The last piece.
        end: bool,
    },
    /// The request ended with trailers.
    RequestTrailers,
    /// The headers of the provider's answer, or of Envoy's own in its place.
    AnswerHead {
        /// The headers.
        headers: Headers,
        /// No body follows.
        end: bool,
    },
    /// A piece of the answer.
    AnswerBody {
        /// The bytes; may be none.
        bytes: Vec<u8>,
        /// The last piece.
        end: bool,
    },
    /// The answer ended with trailers.
    AnswerTrailers,
    /// The stage's own deadline passed.
    Deadline,
    /// Envoy closed the stream: the client went away, or the provider's connection broke.
    Gone,
}

impl Event {
    /// Its name, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RequestHead { .. } => "request_headers",
            Self::RequestBody { .. } => "request_body",
            Self::RequestTrailers => "request_trailers",
            Self::AnswerHead { .. } => "response_headers",
            Self::AnswerBody { .. } => "response_body",
            Self::AnswerTrailers => "response_trailers",
            Self::Deadline => "deadline",
            Self::Gone => "gone",
        }
    }
}

/// A message that the stage can make nothing of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("got {got}, this stage expects {expects}")]
pub struct Unexpected {
    /// What came.
    pub got: &'static str,
    /// What should have come.
    pub expects: &'static str,
}
