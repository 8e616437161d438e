//! What tells one snapshot from the next.

use crate::snapshot::{
    Client, Route, Snapshot,
    route::{hash, short},
};
use std::{
    fmt::{self, Write},
    time::UNIX_EPOCH,
};

/// A hash of all that requests can notice of routes and keys.
pub(super) fn of(snapshot: &Snapshot) -> String {
    let mut all = String::new();
    // a String takes everything
    tell(snapshot, &mut all).unwrap_or_default();
    short(&hash(all.as_bytes())).to_owned()
}

fn tell(snapshot: &Snapshot, all: &mut String) -> fmt::Result {
    snapshot.routes.values().try_for_each(|route| tell_route(route, all))?;
    snapshot.clients.all().try_for_each(|client| tell_client(client, all))?;
    let mut tokens: Vec<_> = snapshot.clients.by_token.iter().collect();
    tokens.sort_by_key(|(hash, _)| **hash);
    tokens.into_iter().try_for_each(|(hash, opens)| {
        let end = opens.expires_at.and_then(|end| end.duration_since(UNIX_EPOCH).ok());
        writeln!(all, "{hash:x?} {} {end:?}", opens.client.id)
    })
}

fn tell_route(route: &Route, all: &mut String) -> fmt::Result {
    write!(all, "{}", route.name)?;
    route.versions().try_for_each(|version| write!(all, " {}:{}", version.number, version.hash))?;
    if let Some(canary) = &route.canary {
        write!(all, " {}% {:?}", canary.percent, canary.key)?;
    }
    writeln!(all)
}

fn tell_client(client: &Client, all: &mut String) -> fmt::Result {
    let Client { id, name, metadata, models, routes, .. } = client;
    writeln!(all, "{id:?} {name:?} {metadata:?} {models:?} {routes:?}")?;
    client.logical.iter().try_for_each(|(name, route)| {
        write!(all, "{name:?} ")?;
        tell_route(route, all)
    })
}
