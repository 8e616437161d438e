//! Calls of a server's API: one envelope, and one way to fail.

use super::{
    super::dice,
    trouble::{Trouble, told},
};
use reqwest::{
    Method, Request, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH},
    redirect::Policy,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{error::Error, time::Duration};

/// How long a connection is tried for.
const CONNECT: Duration = Duration::from_secs(5);
/// How often a call is made whose answers are lost; the server does it once.
const TRIES: usize = 3;
/// Things on a page of a list: as many as there may be.
const PAGE: u32 = 1000;
/// Where routes are. Any account and any gateway are the same ones.
const ROUTES: &[&str] =
    &["client", "v4", "accounts", "default", "ai-gateway", "gateways", "default", "routes"];
/// Where everything else is.
const OURS: &[&str] = &["api", "v1"];

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub(in crate::app) enum CallError {
    /// Nobody answered.
    #[error("{server} can not be reached: {why}. `--server` or ATTACHE_SERVER says where the admin door is")]
    Away {
        /// Where.
        server: Url,
        /// The reason.
        why: String,
    },
    /// Somebody answered, but in no words of this API.
    #[error("{server} does not answer as an admin door does: {why}")]
    Strange {
        /// Where.
        server: Url,
        /// What is strange.
        why: String,
    },
    /// The token is not known, or may not do this.
    #[error("{}", told(.0))]
    NotLetIn(Vec<Trouble>),
    /// It was not done, for these reasons.
    #[error("{}", told(.0))]
    Refused(Vec<Trouble>),
}

/// Somebody with a token, at a server.
#[derive(Debug)]
pub(in crate::app) struct Client {
    http: reqwest::Client,
    server: Url,
}

/// A call that is not made yet.
#[derive(Debug)]
pub(in crate::app) struct Call<'a> {
    client: &'a Client,
    request: Request,
    tries: usize,
}

impl Client {
    /// Whoever has this token, at `server`; a call takes `timeout` at most.
    ///
    /// # Errors
    /// No client can be built on this machine.
    pub(super) fn new(server: Url, mut token: HeaderValue, timeout: Duration) -> Result<Self, CallError> {
        // an error means that somebody was first, with the same choice
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        token.set_sensitive(true);
        let builder = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, token)]))
            .user_agent(concat!("attache/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(timeout);
        match builder.build() {
            Ok(http) => Ok(Self { http, server }),
            Err(error) => Err(CallError::Away { server, why: cause(&error) }),
        }
    }

    /// A call of the routes API: `routes(Method::GET, &[id, "versions"])`.
    pub(super) fn routes(&self, method: Method, steps: &[&str]) -> Call<'_> {
        self.call(method, ROUTES, steps)
    }

    /// A call of everything else: `ours(Method::GET, &["keys"])`.
    pub(in crate::app) fn ours(&self, method: Method, steps: &[&str]) -> Call<'_> {
        self.call(method, OURS, steps)
    }

    fn call(&self, method: Method, base: &[&str], steps: &[&str]) -> Call<'_> {
        let mut url = self.server.clone();
        // the server's URL is one that can have a path: the arguments were checked
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(base).extend(steps);
        }
        Call { client: self, request: Request::new(method, url), tries: 1 }
    }

    /// All of a list of routes, versions or deployments, as one page; `field` is what holds the things.
    pub(super) async fn all_of_routes(&self, steps: &[&str], field: &str) -> Result<Value, CallError> {
        all(|page| self.routes(Method::GET, steps).query("page", page), field).await
    }

    /// All of another list, as one page.
    pub(super) async fn all(&self, steps: &[&str]) -> Result<Value, CallError> {
        all(|page| self.ours(Method::GET, steps).query("page", page), "items").await
    }

    /// What a part of an answer says.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &Value) -> Result<T, CallError> {
        T::deserialize(answer).map_err(|error| strange(&self.server, error.to_string()))
    }

    /// What a field of an answer says.
    pub(super) fn read_in<T: DeserializeOwned>(&self, answer: &Value, field: &str) -> Result<T, CallError> {
        self.read(answer.get(field).unwrap_or(&Value::Null))
    }
}

/// The pages of a list, joined.
async fn all<'a>(page: impl Fn(u32) -> Call<'a>, field: &str) -> Result<Value, CallError> {
    let mut all = page(1).query("per_page", PAGE).send().await?;
    for number in 2.. {
        let total = all.get("total_count").and_then(Value::as_u64).unwrap_or_default();
        let Some(items) = all.get_mut(field).and_then(Value::as_array_mut) else { break };
        if items.len() as u64 >= total {
            break;
        }
        let mut more = page(number).query("per_page", PAGE).send().await?;
        match more.get_mut(field).and_then(Value::as_array_mut) {
            Some(more) if !more.is_empty() => items.append(more),
            _ => break,
        }
    }
    Ok(all)
}

impl Call<'_> {
    /// With a parameter.
    pub(super) fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.request.url_mut().query_pairs_mut().append_pair(name, &value.to_string());
        self
    }

    /// With a JSON body.
    pub(in crate::app) fn json(self, body: &Value) -> Self {
        self.body(body.to_string().into_bytes())
    }

    /// With a body that is JSON already.
    pub(super) fn body(mut self, json: Vec<u8>) -> Self {
        *self.request.body_mut() = Some(json.into());
        self.header(CONTENT_TYPE, "application/json")
    }

    /// Only while the thing is as it was at this revision.
    pub(super) fn seen(self, revision: u64) -> Self {
        self.header(IF_MATCH, &format!("\"{revision}\""))
    }

    /// It makes something; where its answer is lost it is said again, and still done once.
    pub(super) fn once(mut self) -> Self {
        self.tries = TRIES;
        let key = format!("{:016x}{:016x}", dice(), dice());
        self.header(HeaderName::from_static("idempotency-key"), &key)
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        // what we write ourselves is always a header's value
        if let Ok(value) = HeaderValue::from_str(value) {
            self.request.headers_mut().insert(name, value);
        }
        self
    }

    /// Makes the call; gives what is in the envelope.
    pub(in crate::app) async fn send(self) -> Result<Value, CallError> {
        let Self { client: Client { http, server }, request, tries } = self;
        let mut left = tries;
        loop {
            left = left.saturating_sub(1);
            // every body is whole in memory, so it can be sent again
            let again = request.try_clone();
            let again = again.ok_or_else(|| strange(server, "the request can not be made".into()))?;
            match exchange(http, again).await {
                Ok((status, bytes)) => return open(server, status, &bytes),
                Err(error) if left == 0 || error.is_connect() => {
                    return Err(CallError::Away { server: server.clone(), why: cause(&error) });
                }
                Err(_) => {}
            }
        }
    }
}

async fn exchange(http: &reqwest::Client, request: Request) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    let response = http.execute(request).await?;
    let status = response.status();
    Ok((status, response.bytes().await?.into()))
}

/// The envelope of every answer. Cloudflare's lists are in `data`, its renamed route is in `route`.
#[derive(Deserialize)]
struct Envelope {
    success: bool,
    result: Option<Value>,
    data: Option<Value>,
    route: Option<Value>,
    #[serde(default)]
    errors: Vec<Trouble>,
}

fn open(server: &Url, status: StatusCode, bytes: &[u8]) -> Result<Value, CallError> {
    let envelope: Envelope = serde_json::from_slice(bytes)
        .map_err(|error| strange(server, format!("its answer ({status}) can not be read: {error}")))?;
    if envelope.success {
        return Ok(envelope.result.or(envelope.data).or(envelope.route).unwrap_or_default());
    }
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            CallError::NotLetIn(envelope.errors)
        }
        _ => CallError::Refused(envelope.errors),
    })
}

fn strange(server: &Url, why: String) -> CallError {
    CallError::Strange { server: server.clone(), why }
}

/// The innermost reason, which says most.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer came in time".into();
    }
    let mut error: &dyn Error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::{super::fake::*, *};
    use serde_json::json;

    fn opened(status: u16, body: &Value) -> Result<Value, CallError> {
        let server = "http://localhost".parse().unwrap();
        open(&server, StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
    }

    #[test]
    fn every_envelope_is_opened() {
        for body in [
            json!({"success": true, "errors": [], "messages": [], "result": 7}),
            json!({"success": true, "data": 7}),
            json!({"success": true, "route": 7}),
        ] {
            assert_eq!(opened(200, &body).unwrap(), 7, "{body}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let body = json!({"success": false, "errors": [{"code": 1, "message": "no"}], "result": null});
        assert!(matches!(opened(400, &body), Err(CallError::Refused(troubles)) if troubles.len() == 1));
        for status in [401, 403, 429] {
            assert!(matches!(opened(status, &body), Err(CallError::NotLetIn(_))), "{status}");
        }
        assert!(matches!(opened(404, &json!("not ours")), Err(CallError::Strange { .. })));
    }

    #[test]
    fn paths_keep_what_the_server_is_under_and_escape_what_is_named() {
        let client = client("https://host/under/");
        let call = client.ours(Method::GET, &["keys", "a/b?c"]).query("page", 1);
        assert_eq!(call.request.url().as_str(), "https://host/under/api/v1/keys/a%2Fb%3Fc?page=1");
    }

    #[tokio::test]
    async fn what_makes_something_is_said_again_under_the_same_key_when_its_answer_is_lost() {
        let (url, asked) = server(vec![None, Some(json!({"success": true, "result": 7}))]).await;
        let client = client(&url);
        let call = client.ours(Method::POST, &["keys"]).json(&json!({"name": "a"})).seen(3).once();
        assert_eq!(call.send().await.unwrap(), 7);
        let asked = asked.await.unwrap();
        assert_eq!(header(&asked[0], "idempotency-key"), header(&asked[1], "idempotency-key"));
        assert_eq!(header(&asked[0], "if-match"), "\"3\"");
        assert_eq!(header(&asked[0], "authorization"), "Bearer t");
        assert!(asked.iter().all(|asked| asked.ends_with(r#"{"name":"a"}"#)), "{asked:?}");
    }

    #[tokio::test]
    async fn what_only_changes_something_is_said_once() {
        let (url, asked) = server(vec![None]).await;
        let changed = client(&url).ours(Method::DELETE, &["keys", "a"]).send().await;
        assert!(matches!(changed, Err(CallError::Away { .. })), "{changed:?}");
        assert_eq!(asked.await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn lists_are_read_to_their_end() {
        let page =
            |items: Value| Some(json!({"success": true, "result": {"items": items, "total_count": 5}}));
        let (url, asked) = server(vec![page(json!([1, 2])), page(json!([3, 4])), page(json!([]))]).await;
        let all = client(&url).all(&["keys"]).await.unwrap();
        assert_eq!(all["items"], json!([1, 2, 3, 4]), "one was deleted meanwhile");
        let asked = asked.await.unwrap();
        let pages: Vec<_> = asked.iter().map(|asked| asked.split(' ').nth(1).unwrap()).collect();
        let page = |number: u32| format!("/api/v1/keys?page={number}&per_page=1000");
        assert_eq!(pages, [page(1), page(2), page(3)]);
    }
}
