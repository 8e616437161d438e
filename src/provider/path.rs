//! The `:path` of a call: where each dialect keeps its endpoints, and the model's name where it stands in the path.

use super::{Dialect, Provider};
use crate::dialect::Platform;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters: what AWS and Google encode in a segment too.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The endpoints that Azure's classic surface keeps below a deployment; the rest name it in the body.
const DEPLOYED: [&str; 8] = [
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/images/edits",
    "/images/generations",
];

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// A conversation, in whatever form the provider's dialect has it.
    Chat,
    /// Embeddings.
    Embeddings,
    /// An endpoint that only providers of the client's own dialect have, behind the API's base: `/responses`.
    Other(&'static str),
}

/// A call, as far as its path depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Where<'a> {
    /// What it is for.
    pub task: Task,
    /// The model, as the provider calls it.
    pub model: &'a str,
    /// Whether the answer shall be a stream.
    pub stream: bool,
    /// The client's query, without its `?`; kept where client and provider speak of the same endpoint.
    pub query: Option<&'a str>,
}

impl Provider {
    /// The `:path` to send.
    #[must_use]
    pub fn call_path(&self, call: Where<'_>) -> String {
        match (self.dialect, self.platform) {
            (Dialect::Openai | Dialect::Mistral, _) => self.path(openai(call.task), call.query),
            (Dialect::AzureOpenai, _) => self.azure(call),
            (Dialect::Anthropic, Platform::Direct) => {
                let endpoint = if call.task == Task::Chat { "/messages" } else { openai(call.task) };
                self.path(&format!("/v1{endpoint}"), call.query)
            }
            (Dialect::Anthropic, Platform::Vertex) => {
                let verb = if call.stream { "streamRawPredict" } else { "rawPredict" };
                self.path(&format!("/publishers/anthropic/models/{}:{verb}", segment(call.model)), None)
            }
            (Dialect::Anthropic, Platform::Bedrock) => {
                let verb = if call.stream { "invoke-with-response-stream" } else { "invoke" };
                self.path(&format!("/model/{}/{verb}", segment(call.model)), None)
            }
            (Dialect::Gemini, _) => self.gemini(call),
            (Dialect::Bedrock, _) => {
                let verb = match call.task {
                    Task::Chat if call.stream => "converse-stream",
                    Task::Chat => "converse",
                    Task::Embeddings | Task::Other(_) => "invoke",
                };
                self.path(&format!("/model/{}/{verb}", segment(call.model)), None)
            }
            (Dialect::Cohere, _) => match call.task {
                Task::Chat => self.path("/v2/chat", None),
                Task::Embeddings => self.path("/v2/embed", None),
                Task::Other(endpoint) => self.path(&format!("/v2{endpoint}"), call.query),
            },
        }
    }

    /// The base path, then `suffix` (which begins with a slash), then the query.
    #[must_use]
    pub fn path(&self, suffix: &str, query: Option<&str>) -> String {
        let mut path = [self.base_path.as_str(), suffix].concat();
        if let Some(query) = query.filter(|q| !q.is_empty()) {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(query);
        }
        path
    }

    fn azure(&self, call: Where<'_>) -> String {
        let endpoint = openai(call.task);
        let Some(classic) = &self.azure else {
            return self.path(&format!("/openai/v1{endpoint}"), call.query);
        };
        let version = format!("?api-version={}", segment(&classic.api_version));
        if !DEPLOYED.contains(&endpoint) {
            return self.path(&format!("/openai{endpoint}{version}"), call.query);
        }
        let deployment = classic.deployments.get(call.model).map_or(call.model, String::as_str);
        self.path(&format!("/openai/deployments/{}{endpoint}{version}", segment(deployment)), call.query)
    }

    fn gemini(&self, call: Where<'_>) -> String {
        let vertex = self.platform == Platform::Vertex;
        let verb = match call.task {
            Task::Chat if call.stream => "streamGenerateContent?alt=sse",
            Task::Chat => "generateContent",
            Task::Embeddings if vertex => "predict",
            Task::Embeddings => "batchEmbedContents",
            Task::Other(endpoint) => return self.path(endpoint, None),
        };
        let publisher = if vertex { "/publishers/google" } else { "" };
        let resource = if names_resource(call.model) {
            format!("/{}", call.model.split('/').map(segment).collect::<Vec<_>>().join("/"))
        } else {
            format!("{publisher}/models/{}", segment(call.model))
        };
        self.path(&format!("{resource}:{verb}"), None)
    }
}

/// Whether a model's name says itself where it is: `tunedModels/...`, `publishers/meta/models/...`, `endpoints/...`; but
/// nothing that leads out of the base path.
fn names_resource(model: &str) -> bool {
    model.contains('/') && model.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

const fn openai(task: Task) -> &'static str {
    match task {
        Task::Chat => "/chat/completions",
        Task::Embeddings => "/embeddings",
        Task::Other(endpoint) => endpoint,
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::AzureClassic;

    const CHAT: Task = Task::Chat;
    const EMBED: Task = Task::Embeddings;

    fn provider(dialect: Dialect, platform: Platform, base_url: &str) -> Provider {
        Provider { platform, ..Provider::new("p", dialect, base_url.parse().unwrap()) }
    }

    fn path(provider: &Provider, task: Task, model: &str, stream: bool) -> String {
        provider.call_path(Where { task, model, stream, query: None })
    }

    /// Task, model and whether it streams, and the path below `root`.
    type Row = (Task, &'static str, bool, &'static str);

    fn check(provider: &Provider, root: &str, rows: &[Row]) {
        for (task, model, stream, expected) in rows {
            assert_eq!(path(provider, *task, model, *stream), format!("{root}{expected}"));
        }
    }

    #[test]
    fn some_name_the_model_in_the_body() {
        let direct = |dialect, base| provider(dialect, Platform::Direct, base);
        let rows = [
            (CHAT, "m", true, "/chat/completions"),
            (EMBED, "m", false, "/embeddings"),
            (Task::Other("/responses"), "m", false, "/responses"),
        ];
        check(&direct(Dialect::Openai, "https://h/v1"), "/v1", &rows);
        check(&direct(Dialect::Mistral, "https://h/v1"), "/v1", &rows);
        let rows = [
            (CHAT, "m", true, "/v1/messages"),
            (Task::Other("/messages/count_tokens"), "m", false, "/v1/messages/count_tokens"),
        ];
        check(&direct(Dialect::Anthropic, "https://h/anthropic"), "/anthropic", &rows);
        let rows = [
            (CHAT, "m", true, "/v2/chat"),
            (EMBED, "m", false, "/v2/embed"),
            (Task::Other("/rerank"), "m", false, "/v2/rerank"),
        ];
        check(&direct(Dialect::Cohere, "https://h"), "", &rows);
    }

    #[test]
    fn google_names_it_in_the_path() {
        let google = provider(Dialect::Gemini, Platform::Direct, "https://h/v1beta");
        let rows = [
            (CHAT, "gemini-2.5-pro", false, "/models/gemini-2.5-pro:generateContent"),
            (CHAT, "g", true, "/models/g:streamGenerateContent?alt=sse"),
            (CHAT, "tunedModels/t-1", false, "/tunedModels/t-1:generateContent"),
            (CHAT, "a/../../v1/x", false, "/models/a%2F..%2F..%2Fv1%2Fx:generateContent"),
            (CHAT, "a//b", false, "/models/a%2F%2Fb:generateContent"),
            (EMBED, "g", false, "/models/g:batchEmbedContents"),
        ];
        check(&google, "/v1beta", &rows);
        let place = "/v1/projects/p/locations/eu";
        let vertex = |dialect| provider(dialect, Platform::Vertex, &format!("https://h{place}"));
        let rows = [
            (CHAT, "g", true, "/publishers/google/models/g:streamGenerateContent?alt=sse"),
            (CHAT, "endpoints/7", false, "/endpoints/7:generateContent"),
            (EMBED, "g", false, "/publishers/google/models/g:predict"),
        ];
        check(&vertex(Dialect::Gemini), place, &rows);
        let rows = [
            (CHAT, "claude@1", false, "/publishers/anthropic/models/claude%401:rawPredict"),
            (CHAT, "claude", true, "/publishers/anthropic/models/claude:streamRawPredict"),
        ];
        check(&vertex(Dialect::Anthropic), place, &rows);
    }

    #[test]
    fn amazon_names_it_in_the_path_too() {
        let arn = "arn:aws:bedrock:eu-west-1:1:inference-profile/x";
        let encoded = "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse-stream";
        let rows = [
            (CHAT, "amazon.nova-pro-v1:0", false, "/model/amazon.nova-pro-v1%3A0/converse"),
            (CHAT, arn, true, encoded),
            (EMBED, "t", false, "/model/t/invoke"),
        ];
        check(&provider(Dialect::Bedrock, Platform::Direct, "https://h"), "", &rows);
        let rows = [
            (CHAT, "eu.anthropic.claude-v1:0", false, "/model/eu.anthropic.claude-v1%3A0/invoke"),
            (CHAT, "c", true, "/model/c/invoke-with-response-stream"),
        ];
        check(&provider(Dialect::Anthropic, Platform::Bedrock, "https://h"), "", &rows);
    }

    #[test]
    fn azure_has_two_surfaces() {
        let mut azure = provider(Dialect::AzureOpenai, Platform::Direct, "https://x.openai.azure.com");
        assert_eq!(path(&azure, CHAT, "gpt-4o", true), "/openai/v1/chat/completions");
        azure.azure = Some(AzureClassic {
            api_version: "2024-10-21".into(),
            deployments: [("gpt-4o".to_owned(), "my gpt".to_owned())].into(),
        });
        let classic = "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21";
        assert_eq!(path(&azure, CHAT, "gpt-4o", false), classic);
        assert_eq!(
            path(&azure, EMBED, "e", false),
            "/openai/deployments/e/embeddings?api-version=2024-10-21"
        );
        assert_eq!(
            path(&azure, Task::Other("/responses"), "gpt-4o", false),
            "/openai/responses?api-version=2024-10-21"
        );
        let query = azure.call_path(Where { task: CHAT, model: "gpt-4o", stream: false, query: Some("a=b") });
        assert_eq!(query, format!("{classic}&a=b"));
    }

    #[test]
    fn a_query_is_kept_where_the_endpoint_is_the_clients_own() {
        let call = Where { task: CHAT, model: "m", stream: false, query: Some("beta=true") };
        let path = |dialect| provider(dialect, Platform::Direct, "https://h").call_path(call);
        assert_eq!(path(Dialect::Anthropic), "/v1/messages?beta=true");
        assert_eq!(path(Dialect::Openai), "/chat/completions?beta=true");
        assert_eq!(path(Dialect::Gemini), "/models/m:generateContent");
        assert_eq!(path(Dialect::Bedrock), "/model/m/converse");
        let empty = Where { query: Some(""), ..call };
        assert_eq!(
            provider(Dialect::Openai, Platform::Direct, "https://h").call_path(empty),
            "/chat/completions"
        );
    }

    #[test]
    fn the_base_path_is_joined_whatever_its_slashes() {
        for (base_url, path) in [
            ("https://api.openai.com/v1", "/v1/chat/completions"),
            ("https://api.openai.com/v1/", "/v1/chat/completions"),
            ("http://127.0.0.1:9100", "/chat/completions"),
            ("http://127.0.0.1:9100/", "/chat/completions"),
            ("https://h/openai/deployments/x//", "/openai/deployments/x/chat/completions"),
        ] {
            let provider = provider(Dialect::Openai, Platform::Direct, base_url);
            assert_eq!(provider.path("/chat/completions", None), path, "{base_url}");
        }
    }
}
