//! What `dynamic/<name>` may reach: the version that is live, one that takes part of the traffic, and the pinned ones.

use crate::{
    graph::{Diagnostic, Facts, Known, Program, Split},
    store::PublishedRoute,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, iter, sync::Arc};

/// Hexadecimal digits by which a document without a number is told from others.
const DIGITS: usize = 8;
/// Versions that are remembered for their sessions.
const FORMER: usize = 8;

/// A named route, or a logical name of a client key.
#[derive(Debug)]
pub struct Route {
    /// Its name, as in `dynamic/<name>`.
    pub name: String,
    /// Where its graphs come from: `store`, the path of a document, or the client key whose logical name it is.
    pub source: String,
    /// What it was built of, where that is the store's.
    pub(super) stored: Option<Arc<PublishedRoute>>,
    /// The elements of a document of the folder, in the spelling of the REST dialect; the store keeps those of its own.
    pub elements: Option<Box<str>>,
    /// What is called unless something else is asked for.
    pub live: Arc<Version>,
    /// What takes part of the traffic beside it.
    pub canary: Option<Canary>,
    /// What else can be called by its number, in order.
    pub pinned: Vec<Arc<Version>>,
    /// What was live or a canary until a while ago, the latest first: for the sessions that began with it alone.
    pub former: Vec<Arc<Version>>,
}

/// A version that takes a share of a route's traffic.
#[derive(Debug)]
pub struct Canary {
    /// The version.
    pub version: Arc<Version>,
    /// Its share, above 0 and below 100 percent.
    pub percent: f64,
    /// What keeps a client with one version; by chance for each request where there is none.
    pub key: Option<String>,
    /// Chooses between the live version (0) and this one (1).
    pub(super) split: Split,
}

/// One version of a route, compiled.
#[derive(Debug)]
pub struct Version {
    /// The route's name, or the logical name.
    pub name: String,
    /// `7`; of documents that have no number, the beginning of their hash.
    pub number: String,
    /// The SHA-256 of its document, in 64 hexadecimal digits.
    pub hash: String,
    /// Its graph.
    pub program: Program,
    /// Whether the name is a client key's own, and no route's.
    pub logical: bool,
    /// Where its model elements stand in the config that it was made of, by their ids (`config.targets[0]`); empty where it
    /// was made of none.
    pub options: BTreeMap<String, String>,
}

impl Route {
    /// A route of one version.
    #[must_use]
    pub fn of(version: Arc<Version>, source: String) -> Self {
        let (name, pinned, former) = (version.name.clone(), Vec::new(), Vec::new());
        Self { name, source, stored: None, elements: None, live: version, canary: None, pinned, former }
    }

    /// The version for this request: the live one, or the canary.
    pub fn choose(&self, facts: &dyn Facts) -> &Arc<Version> {
        let canary = self.canary.as_ref().filter(|canary| canary.split.choose(facts) == 1);
        canary.map_or(&self.live, |canary| &canary.version)
    }

    /// Every version that can be called, the live one first.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<Version>> {
        let canary = self.canary.iter().map(|canary| &canary.version);
        iter::once(&self.live).chain(canary).chain(&self.pinned)
    }

    /// The version of this number, where it can be called.
    #[must_use]
    pub fn version(&self, number: &str) -> Option<&Arc<Version>> {
        self.versions().find(|version| version.number == number)
    }

    /// The version that a session began with, while it is remembered.
    #[must_use]
    pub fn remembered(&self, number: &str, hash: &str) -> Option<&Arc<Version>> {
        let mut all = self.versions().chain(&self.former);
        all.find(|version| version.number == number && version.hash == hash)
    }

    /// Whether two requests may be answered by two models, or by two versions: only then a session has something to keep.
    #[must_use]
    pub fn has_choice(&self) -> bool {
        self.canary.is_some()
            || self.versions().chain(&self.former).any(|version| version.program.has_choice())
    }

    /// Remembers what `last` had and this one has no more.
    pub(super) fn remember(&mut self, last: &Self) {
        let canary = last.canary.iter().map(|canary| &canary.version);
        let all = iter::once(&last.live).chain(canary).chain(&last.former);
        let gone = all.filter(|old| self.remembered(&old.number, &old.hash).is_none());
        let mut former: Vec<_> = gone.map(Arc::clone).collect();
        former.truncate(FORMER);
        self.former = former;
    }
}

impl Version {
    /// A document that stands alone: its number is the beginning of its hash.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn of_document(bytes: &[u8], known: Known<'_>) -> Result<Self, Vec<Diagnostic>> {
        Program::read(bytes, known).map(|program| Self::of_program(program, bytes))
    }

    /// What a document was compiled to.
    pub(super) fn of_program(program: Program, document: &[u8]) -> Self {
        let hash = hash(document);
        let number = short(&hash).to_owned();
        Self {
            name: program.name().to_owned(),
            number,
            hash,
            program,
            logical: false,
            options: BTreeMap::new(),
        }
    }

    /// The `elements` of a route's version, as a store keeps them.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn of_elements(
        name: &str,
        number: &str,
        elements: &str,
        known: Known<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let program = Program::read(document(name, elements).as_bytes(), known)?;
        let (name, number, hash) = (name.to_owned(), number.to_owned(), hash(elements.as_bytes()));
        Ok(Self { name, number, hash, program, logical: false, options: BTreeMap::new() })
    }

    /// Whether it is a version of a route, rather than what a key or a client means by a name.
    #[must_use]
    pub fn is_of_route(&self) -> bool {
        !self.logical && !self.name.is_empty()
    }

    /// A model that is named directly, as `provider/model`: without a name and a number.
    #[must_use]
    pub fn direct(provider: &str, model: &str) -> Self {
        let program = Program::single(provider, model);
        Self {
            name: String::new(),
            number: String::new(),
            hash: String::new(),
            program,
            logical: false,
            options: BTreeMap::new(),
        }
    }
}

/// The whole document of a name and its elements.
fn document(name: &str, elements: &str) -> String {
    format!(r#"{{"name":{},"elements":{elements}}}"#, serde_json::Value::from(name))
}

/// SHA-256, in 64 hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
        text
    })
}

/// The beginning of a hash.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}
