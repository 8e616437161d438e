//! A provider's section `envoy`.

use super::{
    super::{
        reader::Section,
        values::{count, duration, text},
    },
    LONGEST,
};
use crate::provider::{BaseUrl, EnvoyCluster};
use std::time::Duration;

/// The settings of the provider's cluster.
pub(super) fn read(mut section: Section<'_>) -> EnvoyCluster {
    let mut cluster = EnvoyCluster::default();
    let folder = section.notes.folder;
    let most = 1..=u32::MAX;
    section.set(
        "connect_timeout",
        &mut cluster.connect_timeout,
        duration(Duration::from_millis(1)..=LONGEST),
    );
    section.set("max_connections", &mut cluster.max_connections, count(most.clone()));
    section.set("max_requests", &mut cluster.max_requests, count(most.clone()));
    section.set("max_pending_requests", &mut cluster.max_pending_requests, count(most));
    cluster.ca = section.value("ca", |value| {
        let path = folder.join(text(value)?);
        path.to_str().map(str::to_owned).ok_or_else(|| "the path is not UTF-8".to_owned())
    });
    cluster.proxy = section.value("proxy", |value| proxy(&text(value)?));
    section.end();
    cluster
}

/// Reads `host:port`, perhaps behind `http://`.
fn proxy(written: &str) -> Result<BaseUrl, String> {
    let wanted = || format!("expected `host:port` of an HTTP proxy, found `{written}`");
    let bare = written.strip_prefix("http://").unwrap_or(written);
    let url: BaseUrl = format!("http://{bare}").parse().map_err(|e| format!("{}: {e}", wanted()))?;
    url.path.is_empty().then_some(url).ok_or_else(wanted)
}
