//! Counters in memory, as they outlive their process.

use super::{Memory, Unit, counter::Counter, memory::CounterId};
use crate::window::Window;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A counter, as it can be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which it is: scope, unit, window and key, JSON.
    pub id: String,
    /// Its amounts by their slots, JSON; none where nothing is left to count.
    pub slots: Option<String>,
    /// When the last of them leaves, since the Unix epoch.
    pub until: Duration,
}

impl Memory {
    /// What has changed since this was asked last.
    pub fn changed(&self, now: Duration) -> Vec<Kept> {
        let mut changed = Vec::new();
        self.each_counter(|id, counter| {
            if std::mem::take(&mut counter.touched)
                && id.window != Window::Open
                && let Ok(slots) = serde_json::to_string(counter.slots())
            {
                let slots = (!counter.is_empty(super::counter::micros(now))).then_some(slots);
                changed.push(Kept { id: spell(id), slots, until: counter.until() });
            }
        });
        changed
    }

    /// Takes what could not be written down for changed again.
    pub fn unkept(&self, kept: &[Kept]) {
        for id in kept.iter().filter_map(|kept| read(&kept.id)) {
            self.with_counter(&Arc::new(id), |counter| counter.touched = true);
        }
    }

    /// Adds what was counted before; what can not be read is left out, and told.
    pub fn restore<'a>(&self, kept: impl IntoIterator<Item = (&'a str, &'a str)>) -> usize {
        let mut unread = 0;
        for (id, slots) in kept {
            match (read(id), serde_json::from_str::<BTreeMap<u64, u64>>(slots)) {
                (Some(id), Ok(slots)) => self.with_counter(&Arc::new(id), |counter| counter.restore(&slots)),
                _ => unread += 1,
            }
        }
        unread
    }
}

fn spell(id: &CounterId) -> String {
    serde_json::json!([id.scope, id.unit.name(), id.window.spell(), id.key]).to_string()
}

fn read(text: &str) -> Option<CounterId> {
    let (scope, unit, window, key): (String, String, String, String) = serde_json::from_str(text).ok()?;
    let unit = Unit::ALL.into_iter().find(|known| known.name() == unit)?;
    Some(CounterId { scope: scope.into(), unit, window: Window::read(&window)?, key })
}

impl Counter {
    /// Adds amounts that were counted before.
    fn restore(&mut self, slots: &BTreeMap<u64, u64>) {
        for (slot, amount) in slots {
            self.put(*slot, *amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{
            Actual, Ask, Ledger, Limit, Settings,
            contract::{NOW, SCOPE, tab},
        },
        window::{Calendar, Period},
    };

    #[tokio::test]
    async fn what_was_counted_is_counted_after_a_restart() {
        let windows = [
            Window::Sliding(Duration::from_secs(60)),
            Window::Fixed(Duration::from_secs(3600)),
            Window::Calendar(Calendar::new(Period::Month, "America/New_York").unwrap()),
        ];
        let limit = |window: &Window| Limit {
            key: "a\0b".into(),
            unit: Unit::Cost,
            most: 100,
            window: window.clone(),
        };
        let before = Memory::new(Settings::default()).kept();
        for (exchange, window) in ["a", "b", "c"].iter().zip(&windows) {
            before.reserve(tab(exchange), &[Ask { limit: limit(window), amount: 30 }], NOW).await.unwrap();
        }
        let mut written: BTreeMap<String, String> = BTreeMap::new();
        let mut write = |changed: Vec<Kept>| {
            for kept in changed {
                assert!(kept.slots.is_none() || kept.until > NOW);
                match kept.slots {
                    Some(slots) => drop(written.insert(kept.id, slots)),
                    None => drop(written.remove(&kept.id)),
                }
            }
            written.clone()
        };
        assert_eq!(write(before.changed(NOW)).len(), 3);
        assert_eq!(before.changed(NOW), [], "nothing has changed since");
        before.settle(tab("a"), Actual { cost: 20, ..Actual::default() }, NOW).await.unwrap();
        before.release(tab("b"), NOW).await.unwrap();
        let lost = before.changed(NOW);
        before.unkept(&lost);
        let kept = write(before.changed(NOW));
        assert_eq!(kept.len(), 2, "what was given back is forgotten");

        let after = Memory::new(Settings::default());
        assert_eq!(after.restore(kept.iter().map(|(id, slots)| (&**id, &**slots))), 0);
        let mut left = Vec::new();
        for window in &windows {
            left.push(after.peek(SCOPE, &limit(window), NOW).await.unwrap().remaining);
        }
        assert_eq!(left, [80, 100, 70]);
        assert_eq!(after.restore([("nonsense", "{}"), (r#"["s","cost","x","k"]"#, "{}")]), 2);
    }
}
