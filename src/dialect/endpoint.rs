//! The endpoints that clients may call: OpenAI's, and Anthropic's Messages.

/// One endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Behind the API's base: `/chat/completions`.
    pub path: &'static str,
    /// As conditions, logs and metrics call it: `chat.completions`.
    pub name: &'static str,
    /// How its answers are read.
    pub shape: Shape,
}

/// What the answers of an endpoint look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `choices`, and streams of chunks that end with `[DONE]`.
    Choices,
    /// Vectors.
    Embeddings,
    /// The Responses API: typed events.
    Responses,
    /// Anthropic's Messages: typed events of another kind.
    Messages,
    /// How many tokens a Messages request has.
    Count,
    /// One JSON object, or bytes that nobody reads.
    Plain,
}

const fn endpoint(path: &'static str, name: &'static str, shape: Shape) -> Endpoint {
    Endpoint { path, name, shape }
}

impl Endpoint {
    /// Chat completions, the one that conditions on messages are about.
    pub const CHAT: Self = endpoint("/chat/completions", "chat.completions", Shape::Choices);

    /// Every endpoint that names a model in its body.
    pub const ALL: [Self; 14] = [
        Self::CHAT,
        endpoint("/completions", "completions", Shape::Choices),
        endpoint("/embeddings", "embeddings", Shape::Embeddings),
        endpoint("/responses", "responses", Shape::Responses),
        endpoint("/messages", "messages", Shape::Messages),
        endpoint("/messages/count_tokens", "messages.count_tokens", Shape::Count),
        endpoint("/images/generations", "images.generations", Shape::Plain),
        endpoint("/images/edits", "images.edits", Shape::Plain),
        endpoint("/images/variations", "images.variations", Shape::Plain),
        endpoint("/audio/speech", "audio.speech", Shape::Plain),
        endpoint("/audio/transcriptions", "audio.transcriptions", Shape::Plain),
        endpoint("/audio/translations", "audio.translations", Shape::Plain),
        endpoint("/moderations", "moderations", Shape::Plain),
        endpoint("/rerank", "rerank", Shape::Plain),
    ];

    /// The endpoint that a client's path names: `/v1/...`, or `/v1/{account}/{gateway}/compat/...`.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let suffix = suffix(path)?;
        Self::ALL.into_iter().find(|e| e.path == suffix)
    }

    /// Whether requests hold a conversation in `messages`.
    #[must_use]
    pub fn has_messages(&self) -> bool {
        *self == Self::CHAT || matches!(self.shape, Shape::Messages | Shape::Count)
    }

    /// Whether a client's path asks for the list of models.
    #[must_use]
    pub fn lists_models(path: &str) -> bool {
        suffix(path) == Some("/models")
    }
}

/// What follows the API's base in a client's path.
fn suffix(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1")?;
    let compat = || {
        let (_account, rest) = rest.strip_prefix('/')?.split_once('/')?;
        let (_gateway, rest) = rest.split_once('/')?;
        rest.strip_prefix("compat")
    };
    let suffix = compat().unwrap_or(rest);
    suffix.starts_with('/').then_some(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_paths_are_known() {
        let name = |path| Endpoint::of_path(path).map(|e| e.name);
        assert_eq!(name("/v1/chat/completions"), Some("chat.completions"));
        assert_eq!(name("/v1/acc/gw/compat/chat/completions"), Some("chat.completions"));
        assert_eq!(name("/v1/audio/speech"), Some("audio.speech"));
        for unknown in [
            "/",
            "/v1",
            "/v1chat/completions",
            "/v2/chat/completions",
            "/v1/chat/completions/",
            "/v1/a/b/chat/completions",
        ] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
        assert!(Endpoint::lists_models("/v1/models") && Endpoint::lists_models("/v1/a/b/compat/models"));
    }
}
