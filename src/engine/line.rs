//! A connection, to whatever kind of engine.

use super::{Address, address::Kind};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind,
    TlsMode,
    aio::MultiplexedConnection,
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    sentinel::{Sentinel, SentinelNodeConnectionInfo},
};
use std::time::Duration;

/// A connection that many calls use at once.
#[derive(Clone)]
pub(super) enum Line {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Line {
    /// Connects; each step of it may take `limit`.
    pub(super) async fn connect(address: &Address, limit: Duration) -> Result<Self, RedisError> {
        // the deadline of a call is its caller's
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(None);
        match address.kind() {
            Kind::One => one(&Client::open(address.node()?)?, &config).await,
            Kind::Cluster => {
                let builder = ClusterClientBuilder::new(address.nodes()?).connection_timeout(limit);
                Ok(Self::Cluster(builder.build()?.get_async_connection().await?))
            }
            Kind::Sentinel { master } => {
                let node =
                    SentinelNodeConnectionInfo::default().set_redis_connection_info(address.credentials());
                let node = match address.tls() {
                    true => node.set_tls_mode(TlsMode::Secure),
                    false => node,
                };
                let mut sentinel = Sentinel::build(address.sentinels()?)?;
                one(&sentinel.async_master_for(master, Some(&node)).await?, &config).await
            }
        }
    }

    /// Runs a script by `call`, which names it by its hash; where that is not known, it is loaded.
    pub(super) async fn run<T: FromRedisValue>(&self, script: &Script, call: &Cmd) -> Result<T, RedisError> {
        match self.command(call).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.load(script).await?;
                self.command(call).await
            }
            answer => answer,
        }
    }

    async fn load(&self, script: &Script) -> Result<(), RedisError> {
        let script = script.prepare_invoke();
        match self.clone() {
            Self::One(mut line) => script.load_async(&mut line).await.map(drop),
            Self::Cluster(mut line) => script.load_async(&mut line).await.map(drop),
        }
    }

    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        match self.clone() {
            Self::One(mut line) => command.query_async(&mut line).await,
            Self::Cluster(mut line) => command.query_async(&mut line).await,
        }
    }
}

async fn one(client: &Client, config: &AsyncConnectionConfig) -> Result<Line, RedisError> {
    Ok(Line::One(client.get_multiplexed_async_connection_with_config(config).await?))
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One",
            Self::Cluster(_) => "Cluster",
        })
    }
}
