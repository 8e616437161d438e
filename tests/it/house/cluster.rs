//! A real Redis cluster.

use super::{Redis, eventually};

/// After so many milliseconds without an answer a node is taken for lost.
const LOST: &str = "1000";
const SLOTS: usize = 16_384;
const MASTERS: usize = 3;

/// Masters that share the slots.
pub(crate) struct Cluster {
    pub(crate) masters: Vec<Redis>,
    copies: Vec<Redis>,
}

impl Cluster {
    /// Three masters, empty.
    pub(crate) async fn start() -> Self {
        let mut masters = Vec::new();
        for n in 0..MASTERS {
            let node = node().await;
            let slots = n * SLOTS / MASTERS..(n + 1) * SLOTS / MASTERS;
            let words: Vec<_> = ["CLUSTER".into(), "ADDSLOTS".into()]
                .into_iter()
                .chain(slots.map(|slot| slot.to_string()))
                .collect();
            node.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
            masters.push(node);
        }
        for node in &masters[1..] {
            meet(node, &masters[0]).await;
        }
        for node in &masters {
            knows(node, MASTERS).await;
        }
        Self { masters, copies: vec![] }
    }

    /// Where some of its nodes are.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> = self.masters.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// The masters that hold keys that begin like this.
    pub(crate) async fn holders(&self, prefix: &str) -> Vec<usize> {
        let mut holders = Vec::new();
        for (n, node) in self.masters.iter().enumerate() {
            if node.ask(&["KEYS", &format!("{prefix}*")]).await.unwrap().contains(prefix) {
                holders.push(n);
            }
        }
        holders
    }

    /// Adds a copy of a master, which knows what that knows and takes its place when it is lost.
    pub(crate) async fn copy(&mut self, of: usize) {
        let (master, copy) = (&self.masters[of], node().await);
        meet(&copy, master).await;
        knows(&copy, MASTERS + 1).await;
        let id = master.ask(&["CLUSTER", "MYID"]).await.unwrap();
        eventually(async || copy.ask(&["CLUSTER", "REPLICATE", &id]).await).await;
        eventually(async || {
            let (held, info) = (master.ask(&["DBSIZE"]).await?, copy.ask(&["INFO", "replication"]).await?);
            match copy.ask(&["DBSIZE"]).await? {
                copied if copied == held && info.contains("master_link_status:up") => Ok(()),
                copied => Err(format!("{copied} of {held}; {info}")),
            }
        })
        .await;
        // all must know whom they may elect
        for node in &self.masters {
            knows(node, MASTERS + 1).await;
        }
        self.copies.push(copy);
    }
}

async fn node() -> Redis {
    Redis::with(&["--cluster-enabled", "yes", "--cluster-node-timeout", LOST]).await
}

async fn meet(node: &Redis, other: &Redis) {
    node.ask(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string()]).await.unwrap();
}

/// Waits until `node` finds the cluster whole, of so many nodes.
async fn knows(node: &Redis, nodes: usize) {
    eventually(async || match node.ask(&["CLUSTER", "INFO"]).await? {
        info if info.contains("cluster_state:ok")
            && info.contains(&format!("cluster_known_nodes:{nodes}\r")) =>
        {
            Ok(())
        }
        info => Err(info),
    })
    .await;
}
