//! The front of a fleet: the Envoy that sends the requests of a session to the same pair.

use super::{
    HEADROOM, PATIENCE, Settings, access_log, error, filled, flow::flow, no_sidecar, probed, seconds, socket,
};
use crate::exchange::Limits;
use http::uri::Authority;
use serde_json::{Value, json};
use std::str::FromStr;

/// The text that every front shares, with its reasons.
const TEMPLATE: &str = include_str!("front.yaml");

/// All that the bootstrap of a front depends on.
#[derive(Debug, Clone, Copy)]
pub struct Front<'a> {
    /// Where it listens, and what it logs: as the pairs do.
    pub settings: &'a Settings,
    /// What must agree with the pairs.
    pub limits: &'a Limits,
    /// Where the pairs are.
    pub pairs: &'a [Door],
}

/// Where pairs listen for clients: `HOST:PORT`. Each address that a host's name has is a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    host: String,
    port: u16,
}

/// What a door looks like.
#[derive(Debug, thiserror::Error)]
#[error("expected HOST:PORT, for example attache-pairs:8080 or [::1]:8080")]
pub struct NoDoor;

impl FromStr for Door {
    type Err = NoDoor;

    fn from_str(text: &str) -> Result<Self, NoDoor> {
        let Ok(authority) = text.parse::<Authority>() else { return Err(NoDoor) };
        let port = authority.port_u16().filter(|port| *port > 0).ok_or(NoDoor)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        match host.is_empty() || text.contains('@') {
            true => Err(NoDoor),
            false => Ok(Self { host: host.into(), port }),
        }
    }
}

impl Front<'_> {
    /// The bootstrap, as YAML.
    #[must_use]
    pub fn yaml(&self) -> String {
        let pairs: Vec<_> = self.pairs.iter().map(endpoint).collect();
        let [leaving, ready] = probed();
        let values = [
            ("admin", flow(&socket(self.settings.admin))),
            ("front", flow(&socket(self.settings.front))),
            ("body_buffer", (self.limits.max_body + HEADROOM).to_string()),
            ("idle", seconds(self.limits.stream_idle.saturating_mul(PATIENCE * PATIENCE))),
            ("access_log", flow(&access_log(self.settings.access_log))),
            ("replies", flow(&json!([leaving, ready, no_sidecar()]))),
            ("error", flow(&error("%LOCAL_REPLY_BODY%", "%RESPONSE_CODE_DETAILS%"))),
            ("pairs", flow(&json!(pairs))),
        ];
        filled(TEMPLATE, &values)
    }
}

fn endpoint(door: &Door) -> Value {
    let address = json!({"address": door.host, "port_value": door.port});
    json!({"endpoint": {"address": {"socket_address": address}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_a_host_with_a_port() {
        for (text, host, port) in [
            ("attache-pairs:8080", "attache-pairs", 8080),
            ("[::1]:1", "::1", 1),
            ("10.0.0.1:80", "10.0.0.1", 80),
        ] {
            assert_eq!(text.parse::<Door>().unwrap(), Door { host: host.into(), port });
        }
        for text in
            ["", "pairs", ":8080", "pairs:0", "pairs:70000", "a@pairs:80", "http://pairs:80", "a b:80"]
        {
            assert!(text.parse::<Door>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_must_agree_with_the_pairs_follows_from_their_settings() {
        let limits = Limits {
            max_body: 1 << 20,
            stream_idle: std::time::Duration::from_secs(10),
            ..Limits::default()
        };
        let pairs = ["one:1".parse().unwrap(), "two:2".parse().unwrap()];
        let text = Front { settings: &Settings::default(), limits: &limits, pairs: &pairs }.yaml();
        assert!(!text.contains("<<"), "a placeholder was left");
        let tree: Value = serde_saphyr::from_str(&text).unwrap();
        let listener = tree.pointer("/static_resources/listeners/0").unwrap();
        assert_eq!(listener["per_connection_buffer_limit_bytes"], (1 << 20) + (64 << 10));
        let manager = listener.pointer("/filter_chains/0/filters/0/typed_config").unwrap();
        assert_eq!(manager["stream_idle_timeout"], "40s", "a pair's is 20s");
        let ends =
            tree.pointer("/static_resources/clusters/0/load_assignment/endpoints/0/lb_endpoints").unwrap();
        assert_eq!(
            ends.as_array().unwrap().iter().map(|end| end["endpoint"]["address"].clone()).collect::<Vec<_>>(),
            [
                json!({"socket_address": {"address": "one", "port_value": 1}}),
                json!({"socket_address": {"address": "two", "port_value": 2}})
            ]
        );
    }
}
