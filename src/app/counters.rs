//! Counters in memory outlive a restart: what has changed is written to the store every few seconds, and read at the start.

use super::now;
use crate::{
    config::environment,
    extproc::Listen,
    ledger::Memory,
    store::{CounterRow, Store},
};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::time::{interval, timeout};

/// How often what has changed is written.
const EVERY: Duration = Duration::from_secs(5);
/// How long a start waits for what was counted before.
const PATIENCE: Duration = Duration::from_secs(3);

/// The counters of this pair and where they are kept.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    memory: Arc<Memory>,
    store: Store,
    /// Which pair it is, also after a restart.
    pair: String,
}

impl Counters {
    /// Counters that this pair kept before are counted on. A pair is known by its machine's name and the door of its Envoy.
    pub(super) async fn resume(memory: Arc<Memory>, store: Store, listen: &Listen) -> Self {
        let machine = environment("HOSTNAME").unwrap_or_else(|| "pair".into());
        let counters = Self { memory, store, pair: format!("{machine} {listen:?}") };
        match timeout(PATIENCE, counters.store.counters(&counters.pair)).await {
            Ok(Ok(rows)) => {
                let rows = rows.iter().map(|(id, data)| (id.as_str(), data.as_str()));
                let unread = counters.memory.restore(rows);
                if unread > 0 {
                    tracing::warn!(
                        unread,
                        "counters of another version of Attaché are not read; they begin anew"
                    );
                }
            }
            _ => tracing::warn!("the store is away; limits begin anew"),
        }
        counters
    }

    pub(super) async fn keep(self) {
        let mut tick = interval(EVERY);
        loop {
            tick.tick().await;
            self.write().await;
        }
    }

    /// Writes what has changed; what can not be written is tried again.
    pub(super) async fn write(&self) {
        let changed = self.memory.changed(now().duration_since(UNIX_EPOCH).unwrap_or_default());
        let rows: Vec<_> = changed
            .iter()
            .map(|kept| CounterRow { id: &kept.id, data: kept.slots.as_deref(), until: kept.until })
            .collect();
        if let Err(error) = self.store.keep_counters(&self.pair, &rows).await {
            tracing::debug!(%error, "counters could not be written");
            self.memory.unkept(&changed);
        }
    }
}
