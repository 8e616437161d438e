//! The paths of single things.

use serde::Deserialize;
use utoipa::IntoParams;

/// One route, key or token.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Id {
    /// Its id.
    pub(super) id: String,
}

/// One version of a route.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct OfVersion {
    /// The route's id.
    pub(super) id: String,
    /// The version's number.
    pub(super) version: String,
}
