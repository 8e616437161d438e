//! The paths of Cloudflare's API, and the queries and bodies that go with them.

use super::view::Gateway;
use crate::admin::answer::{Code, Failure};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// All routes of a gateway.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfGateway {
    /// Any; it is given back.
    account_id: String,
    /// Any; it is given back.
    gateway_id: String,
}

/// One route.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfRoute {
    /// Any; it is given back.
    account_id: String,
    /// Any; it is given back.
    gateway_id: String,
    /// The route's id.
    pub(super) id: String,
}

/// One version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfVersion {
    /// Any; it is given back.
    account_id: String,
    /// Any; it is given back.
    gateway_id: String,
    /// The route's id.
    pub(super) id: String,
    /// The version's number.
    pub(super) version_id: String,
}

impl OfGateway {
    pub(super) fn gateway(self) -> Gateway {
        Gateway { account_id: self.account_id, gateway_id: self.gateway_id }
    }
}

impl OfRoute {
    pub(super) fn split(self) -> (Gateway, String) {
        (Gateway { account_id: self.account_id, gateway_id: self.gateway_id }, self.id)
    }
}

impl OfVersion {
    pub(super) fn gateway(&self) -> Gateway {
        Gateway { account_id: self.account_id.clone(), gateway_id: self.gateway_id.clone() }
    }
}

/// Which routes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// From 1.
    #[serde(default = "crate::admin::input::first")]
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    pub(super) page: u32,
    /// 1 to 1000.
    #[serde(default = "crate::admin::input::twenty")]
    #[param(minimum = 1, maximum = 1000, default = 20)]
    pub(super) per_page: u32,
    /// Only the route of exactly this name.
    pub(super) name: Option<String>,
    /// Only routes whose name contains this, in whatever case.
    pub(super) search: Option<String>,
}

/// A new route.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoute {
    /// 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit.
    pub(super) name: String,
    #[schema(value_type = Vec<Object>)]
    pub(super) elements: Box<RawValue>,
    /// Why.
    pub(super) comment: Option<String>,
    /// Whether version 1 goes live at once; `false` leaves it a draft.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(super) deploy: bool,
}

fn yes() -> bool {
    true
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    pub(super) name: String,
}

/// A new version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVersion {
    #[schema(value_type = Vec<Object>)]
    pub(super) elements: Box<RawValue>,
    /// Why.
    pub(super) comment: Option<String>,
}

/// What is to be live.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDeployment {
    /// The version's number.
    pub(super) version_id: String,
    /// Why.
    pub(super) comment: Option<String>,
}

/// The number that a `version_id` is.
pub(in crate::admin) fn number(version_id: &str) -> Result<u32, Failure> {
    let wanted = || {
        Failure::new(Code::Unknown, format!("there is no version `{version_id}`; they are numbered from 1"))
    };
    version_id.parse().ok().filter(|number| *number > 0).ok_or_else(wanted)
}
