//! The one connection to Redis or Valkey: a call answers within its deadline, or says at once that the engine is away.
//!
//! A connection that breaks, or is late several times in a row, is given up: calls are then refused without waiting, while
//! in the background another one is tried until it answers in time.

mod address;
mod line;

pub use address::{Address, BadAddress};

use arc_swap::ArcSwapOption;
use futures_util::FutureExt;
use line::Line;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, Script, ServerErrorKind};
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::yield_now,
    time::{sleep, timeout},
};

/// So many calls in a row that are late give a connection up.
const LATE: u32 = 3;
/// So often all other tasks have their turn before an answer is given up: one of them is the connection.
const TURNS: u32 = 3;
/// How long after a failure the first new connection is tried; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The settings of an [`Engine`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long one call may take.
    pub deadline: Duration,
    /// How long a new connection may take.
    pub connect_timeout: Duration,
    /// How often a silent connection is asked whether it still stands.
    pub probe: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(50),
            connect_timeout: Duration::from_secs(1),
            probe: Duration::from_secs(1),
        }
    }
}

/// The engine could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Away(pub String);

/// How the engine stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It answers.
    Here,
    /// It does not.
    Away {
        /// What was found out last.
        why: String,
    },
}

/// An engine, connected to in the background.
#[derive(Debug)]
pub struct Engine {
    address: Address,
    settings: Settings,
    line: ArcSwapOption<Line>,
    /// Calls in a row that were late.
    late: AtomicU32,
    lost: Notify,
    standing: watch::Sender<Standing>,
}

impl Engine {
    /// An engine at `address`; the connection is made, and made again, for as long as somebody holds it. To be called within a
    /// runtime.
    #[must_use]
    pub fn start(address: Address, settings: Settings) -> Arc<Self> {
        let why = "not connected yet".to_owned();
        let engine = Arc::new(Self {
            address,
            settings,
            line: ArcSwapOption::empty(),
            late: AtomicU32::new(0),
            lost: Notify::new(),
            standing: watch::channel(Standing::Away { why }).0,
        });
        drop(tokio::spawn(keep(Arc::downgrade(&engine))));
        engine
    }

    /// Where it is, without secrets.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How it stands now, and whenever that changes.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Runs a script; what it is not known by yet, is loaded.
    ///
    /// # Errors
    /// The engine is away, late, or answers with an error.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[impl AsRef<str>],
        arguments: &[impl AsRef<[u8]>],
    ) -> Result<T, Away> {
        let line = self.line()?;
        // one buffer, which a `ScriptInvocation` would copy once more
        let mut call = Cmd::new();
        call.arg("EVALSHA").arg(script.get_hash()).arg(keys.len());
        for key in keys {
            call.arg(key.as_ref());
        }
        for argument in arguments {
            call.arg(argument.as_ref());
        }
        self.judge(&line, within(self.settings.deadline, line.run(script, &call)).await)
    }

    /// Sends a command.
    ///
    /// # Errors
    /// The engine is away, late, or answers with an error.
    pub async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Away> {
        let line = self.line()?;
        self.judge(&line, within(self.settings.deadline, line.command(command)).await)
    }

    fn line(&self) -> Result<Arc<Line>, Away> {
        self.line.load_full().ok_or_else(|| match &*self.standing.borrow() {
            Standing::Away { why } => Away(why.clone()),
            Standing::Here => Away("the connection is being made".into()),
        })
    }

    /// What an answer says of the connection; none is one that did not come in time.
    fn judge<T>(&self, line: &Arc<Line>, answer: Option<Result<T, RedisError>>) -> Result<T, Away> {
        match answer {
            Some(Ok(value)) => {
                self.late.store(0, Ordering::Relaxed);
                Ok(value)
            }
            Some(Err(error)) => {
                let away = Away(error.to_string());
                if breaks(&error) {
                    self.give_up(line, &away);
                }
                Err(away)
            }
            None => {
                let away = Away(format!("no answer within {:?}", self.settings.deadline));
                if self.late.fetch_add(1, Ordering::Relaxed) + 1 >= LATE {
                    self.give_up(line, &away);
                }
                Err(away)
            }
        }
    }

    /// Uses a connection no more, unless another has taken its place.
    fn give_up(&self, line: &Arc<Line>, away: &Away) {
        let last = self.line.compare_and_swap(line, None);
        if last.as_ref().is_some_and(|last| Arc::ptr_eq(last, line)) {
            self.stand(Standing::Away { why: away.0.clone() });
            self.lost.notify_one();
        }
    }

    /// Makes a connection that answers in time.
    async fn connect(&self) -> Result<(), Away> {
        let limit = self.settings.connect_timeout;
        let line = timeout(limit, Line::connect(&self.address, limit)).await;
        let line = line.ok().ok_or_else(|| Away(format!("no connection within {limit:?}")))?;
        let line = Arc::new(line.map_err(|error| Away(error.to_string()))?);
        self.late.store(0, Ordering::Relaxed);
        self.probe(&line).await?;
        self.line.store(Some(line));
        self.stand(Standing::Here);
        Ok(())
    }

    async fn probe(&self, line: &Arc<Line>) -> Result<(), Away> {
        let ping = Cmd::new().arg("PING").clone();
        self.judge(line, within(self.settings.deadline, line.command::<()>(&ping)).await)
    }

    fn stand(&self, standing: Standing) {
        self.standing.send_if_modified(|last| {
            let changed = *last != standing;
            *last = standing;
            changed
        });
    }
}

/// The answer to a call, where it comes in time. It may be this process that is late, and not the engine: what has arrived by
/// then is taken, once the connection has had its turn to read it.
async fn within<T>(deadline: Duration, call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    if let Ok(answer) = timeout(deadline, &mut call).await {
        return Some(answer);
    }
    for _ in 0..TURNS {
        yield_now().await;
        if let Some(answer) = call.as_mut().now_or_never() {
            return Some(answer);
        }
    }
    None
}

/// Keeps an engine connected for as long as somebody holds it.
async fn keep(engine: std::sync::Weak<Engine>) {
    let mut pause = FIRST_PAUSE;
    while let Some(engine) = engine.upgrade() {
        let line = engine.line.load_full();
        match line {
            Some(line) => {
                pause = FIRST_PAUSE;
                // a lost connection needs no probe
                if timeout(engine.settings.probe, engine.lost.notified()).await.is_err() {
                    engine.probe(&line).await.unwrap_or_default();
                }
            }
            None => {
                if let Err(Away(why)) = engine.connect().await {
                    engine.stand(Standing::Away { why });
                    drop(engine);
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

/// Whether an error says that this connection serves nobody any more.
fn breaks(error: &RedisError) -> bool {
    use ServerErrorKind as Server;
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            Server::ReadOnly
                | Server::MasterDown
                | Server::BusyLoading
                | Server::ClusterDown
                | Server::NotBusy
        ),
        kind => !matches!(kind, ErrorKind::UnexpectedReturnType | ErrorKind::Client | ErrorKind::Extension),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_that_is_away_lets_nobody_wait() {
        let address = Address::read("redis://127.0.0.1:1").unwrap();
        let engine = Engine::start(address, Settings::default());
        let mut standing = engine.standing();
        let refused =
            |standing: &Standing| matches!(standing, Standing::Away { why } if why.contains("refused"));
        standing.wait_for(refused).await.unwrap();
        // ready when it is polled for the first time
        let answer = engine.command::<()>(&redis::cmd("PING")).now_or_never();
        assert!(matches!(answer, Some(Err(Away(why))) if why.contains("refused")));
    }
}
