//! A client's request in the hub form, for targets of another dialect: read once, however many of them are tried.

use super::ask::Ask;
use crate::{
    chat::{EmbedRequest, Request, Unfit},
    dialect::{openai, read_request},
    graph::Params,
};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A request, and the fields that go to the provider as they stand.
pub(super) type Read<'a, T> = Result<(Cow<'a, T>, Map<String, Value>), Unfit>;

impl Ask {
    /// The chat request, with what a model element sets: a field that the hub has a word for is set as if the client had
    /// sent it, any other is the provider's own.
    pub(super) fn chat(&self, params: &Params) -> Read<'_, Request> {
        let shape = self.head.endpoint.shape;
        if params.is_empty() {
            let read = self.hub.get_or_init(|| read_request(shape, self.tree()));
            return read.as_ref().map(|request| (Cow::Borrowed(request), Map::new())).map_err(Clone::clone);
        }
        let mut request = read_request(shape, self.tree_with(params))?;
        let own = own(params, &mut request.extra);
        Ok((Cow::Owned(request), own))
    }

    /// The same of a request for embeddings.
    pub(super) fn embeddings(&self, params: &Params) -> Read<'_, EmbedRequest> {
        let mut request = openai::read_embed_request(self.tree_with(params))?;
        let own = own(params, &mut request.extra);
        Ok((Cow::Owned(request), own))
    }

    fn tree(&self) -> Map<String, Value> {
        serde_json::from_slice(self.body.bytes()).unwrap_or_default()
    }

    fn tree_with(&self, params: &Params) -> Map<String, Value> {
        let mut tree = self.tree();
        for (key, value) in &params.default {
            tree.entry(key.as_str()).or_insert_with(|| value.clone());
        }
        for (key, value) in &params.overriding {
            match value {
                Value::Null => tree.shift_remove(key),
                value => tree.insert(key.clone(), value.clone()),
            };
        }
        tree
    }
}

/// The fields of `params` that the hub had no word for.
fn own(params: &Params, extra: &mut Map<String, Value>) -> Map<String, Value> {
    let keys = params.default.keys().chain(params.overriding.keys());
    keys.filter_map(|key| Some((key.clone(), extra.shift_remove(key)?))).collect()
}
