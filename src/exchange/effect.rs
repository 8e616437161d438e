//! What an exchange can want of Envoy.

/// A header to set.
pub type Header = (&'static str, String);

/// What an exchange can want.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send the request on.
    Forward(Forward),
    /// Send the request's trailers on.
    RequestTrailers,
    /// Answer the client instead of any provider; the exchange is over.
    Reply(Reply),
    /// Drop this attempt and come again for the next. What was decided so far is for Envoy's access log alone.
    Next(Vec<Header>),
    /// Let the answer's headers pass.
    AnswerHead(AnswerHead),
    /// Let these bytes pass as (a piece of) the answer's body.
    AnswerBody {
        /// The bytes.
        bytes: Vec<u8>,
        /// The last piece.
        end: bool,
    },
    /// Let the answer's trailers pass.
    AnswerTrailers,
}

/// A request, made ready for its provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// Envoy's cluster.
    pub cluster: String,
    /// Headers to set.
    pub set: Vec<(String, String)>,
    /// Headers to take away.
    pub remove: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
    /// The body is the last of it; otherwise trailers follow.
    pub end: bool,
}

/// An answer of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<Header>,
    /// JSON.
    pub body: Vec<u8>,
}

/// Changes to the headers of a provider's answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnswerHead {
    /// Headers to set.
    pub set: Vec<Header>,
    /// Headers to take away.
    pub remove: Vec<String>,
}
