//! Routes, versions and deployments in Cloudflare's words, with what we know besides.

use crate::{
    admin::{Office, answer::Trouble, documents::Graph},
    snapshot,
    store::{self, Canary},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::SystemTime;
use utoipa::ToSchema;

/// Whose routes: any account and any gateway are the same ones, and are given back as they were asked.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::admin) struct Gateway {
    pub(in crate::admin) account_id: String,
    pub(in crate::admin) gateway_id: String,
}

impl Gateway {
    /// What our own API says where Cloudflare's has an account and a gateway.
    pub(in crate::admin) fn ours() -> Self {
        Self { account_id: "default".into(), gateway_id: "default".into() }
    }
}

/// A route.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct RouteView {
    id: String,
    account_tag: String,
    gateway_id: String,
    name: String,
    created_at: String,
    modified_at: String,
    #[schema(value_type = Vec<Object>)]
    elements: Box<RawValue>,
    /// What is live; before the first deployment all of it is empty.
    deployment: DeploymentView,
    version: VersionView,
    /// Grows with every change; the ETag.
    revision: u64,
    /// Versions that can be called as `dynamic/<name>@v<n>` whatever is live.
    pins: Vec<u32>,
    /// It comes from a file and can be changed only there.
    read_only: bool,
    /// `store`, or the file.
    source: String,
    /// What keeps its graph from being deployed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Trouble>,
}

/// A version.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct VersionView {
    version_id: String,
    /// Whether it is live: `"true"` or `"false"`.
    active: &'static str,
    created_at: String,
    /// The elements, as JSON in a string.
    data: String,
    is_valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    /// The name of the token that made it.
    author: String,
    /// The SHA-256 of `data`.
    hash: String,
}

/// A version with its route.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct WholeVersion {
    id: String,
    gateway_id: String,
    name: String,
    modified_at: String,
    #[schema(value_type = Vec<Object>)]
    elements: Box<RawValue>,
    /// What keeps it from being deployed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<Trouble>,
    #[serde(flatten)]
    version: VersionView,
}

/// A deployment.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(in crate::admin) struct DeploymentView {
    deployment_id: String,
    version_id: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    /// The name of the token that deployed.
    author: String,
    /// A version that takes a share of the traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    canary: Option<CanaryView>,
}

/// A version that takes a share of a route's traffic.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in crate::admin) struct CanaryView {
    version_id: String,
    /// Its share, above 0 and below 100.
    percent: f64,
    /// What keeps a client with one version.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// RFC 3339, in UTC.
pub(in crate::admin) fn time(time: SystemTime) -> String {
    Timestamp::try_from(time)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// JSON that we wrote ourselves.
fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_default()
}

impl VersionView {
    pub(in crate::admin) fn new(version: store::Version, live: Option<u32>) -> Self {
        Self {
            version_id: version.number.to_string(),
            active: if live == Some(version.number) { "true" } else { "false" },
            created_at: time(version.created_at),
            data: version.elements,
            is_valid: version.valid,
            comment: version.comment,
            author: version.author,
            hash: version.hash,
        }
    }
}

impl From<store::Deployment> for DeploymentView {
    fn from(deployment: store::Deployment) -> Self {
        Self {
            deployment_id: deployment.number.to_string(),
            version_id: deployment.version.to_string(),
            created_at: time(deployment.created_at),
            comment: deployment.comment,
            author: deployment.author,
            canary: deployment.canary.map(CanaryView::from),
        }
    }
}

impl From<Canary> for CanaryView {
    fn from(canary: Canary) -> Self {
        Self { version_id: canary.version.to_string(), percent: canary.percent, key: canary.key }
    }
}

impl RouteView {
    pub(in crate::admin) fn new(gateway: &Gateway, route: store::Route, version: store::Version) -> Self {
        let live = route.deployment.as_ref().map(|deployment| deployment.version);
        Self {
            id: route.id,
            account_tag: gateway.account_id.clone(),
            gateway_id: gateway.gateway_id.clone(),
            name: route.name,
            created_at: time(route.created_at),
            modified_at: time(route.modified_at),
            elements: raw(&version.elements),
            deployment: route.deployment.map_or_else(DeploymentView::default, DeploymentView::from),
            version: VersionView::new(version, live),
            revision: route.revision,
            pins: route.pins,
            read_only: false,
            source: "store".into(),
            diagnostics: vec![],
        }
    }

    /// With what keeps its graph from being deployed.
    pub(in crate::admin) fn diagnosed(self, graph: &Graph) -> Self {
        let version = VersionView { is_valid: graph.program.is_ok(), ..self.version };
        Self { diagnostics: graph.troubles(), version, ..self }
    }

    /// A route that comes from a file.
    pub(in crate::admin) fn of_file(gateway: &Gateway, file: FileRoute) -> Self {
        let since = time(file.since);
        let version = VersionView {
            version_id: file.version.clone(),
            active: "true",
            created_at: since.clone(),
            data: file.elements.clone(),
            is_valid: true,
            comment: None,
            author: file.source.clone(),
            hash: file.version.clone(),
        };
        let deployment = DeploymentView {
            deployment_id: file.version.clone(),
            version_id: file.version,
            created_at: since.clone(),
            comment: None,
            author: file.source.clone(),
            canary: None,
        };
        Self {
            id: FileRoute::id(&file.name),
            account_tag: gateway.account_id.clone(),
            gateway_id: gateway.gateway_id.clone(),
            name: file.name,
            created_at: since.clone(),
            modified_at: since,
            elements: raw(&file.elements),
            deployment,
            version,
            revision: 0,
            pins: vec![],
            read_only: true,
            source: file.source,
            diagnostics: vec![],
        }
    }

    /// The ETag.
    pub(in crate::admin) fn tag(&self) -> String {
        format!("\"{}\"", self.revision)
    }

    pub(in crate::admin) fn version(self) -> VersionView {
        self.version
    }

    pub(in crate::admin) fn deployment(self) -> DeploymentView {
        self.deployment
    }
}

impl WholeVersion {
    pub(in crate::admin) fn new(route: RouteView, diagnostics: Vec<Trouble>) -> Self {
        Self {
            id: route.id,
            gateway_id: route.gateway_id,
            name: route.name,
            modified_at: route.modified_at,
            elements: route.elements,
            version: VersionView { is_valid: diagnostics.is_empty(), ..route.version },
            diagnostics,
        }
    }
}

impl WholeVersion {
    pub(super) fn has_id(&self, version_id: &str) -> bool {
        self.version.version_id == version_id
    }
}

/// A route of the folder, with what its file says.
pub(in crate::admin) struct FileRoute {
    pub(in crate::admin) name: String,
    version: String,
    elements: String,
    source: String,
    since: SystemTime,
}

impl FileRoute {
    const PREFIX: &str = "file-";

    fn id(name: &str) -> String {
        format!("{}{name}", Self::PREFIX)
    }

    /// The name of the route that has this id, if it is one of the folder's.
    pub(in crate::admin) fn named(id: &str) -> Option<&str> {
        id.strip_prefix(Self::PREFIX)
    }

    fn of(route: &snapshot::Route, since: SystemTime) -> Option<Self> {
        let elements = route.elements.as_deref()?.to_owned();
        let (name, version, source) = (route.name.clone(), route.live.number.clone(), route.source.clone());
        Some(Self { name, version, elements, source, since })
    }
}

impl Office {
    /// The live routes of the folder whose names `wanted` lets through, by name.
    pub(in crate::admin) fn file_routes(&self, wanted: impl Fn(&str) -> bool) -> Vec<FileRoute> {
        let live = self.world.live();
        let of_folder = live.snapshot.routes.values().filter(|route| wanted(&route.name));
        of_folder.filter_map(|route| FileRoute::of(route, live.snapshot.built_at)).collect()
    }
}
