//! What runs out: fetched from elsewhere, and again ahead of its end, by one task. Requests only look at what is there.

use super::{aws::AwsChain, google::GoogleAccount};
use arc_swap::ArcSwap;
use std::{
    fmt::{self, Debug},
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// How long one fetch may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause after a fetch that failed, and the shortest after one that did not.
const AGAIN: Duration = Duration::from_secs(10);
/// How long before its end a grant is fetched anew; of short ones the last quarter.
const AHEAD: Duration = Duration::from_mins(5);

/// How much of a failure's words is kept: clients see them too. The log has them all.
const LONGEST: usize = 300;

/// Where something is fetched.
pub trait Source: Clone + PartialEq + Debug + Send + Sync {
    /// What comes from there.
    type Grant: Send + Sync;
    /// What is kept between fetches; begun anew after a failure.
    type Session: Default + Send;
    /// What it is called.
    const NAME: &'static str;
    /// How long a grant is taken as it is that does not say when it ends.
    const EVERY: Duration;

    /// Fetches.
    fn fetch(
        &self,
        session: &mut Self::Session,
    ) -> impl Future<Output = Result<Granted<Self::Grant>, String>> + Send;
}

/// What was fetched.
#[derive(Debug)]
pub struct Granted<G> {
    /// The thing itself.
    pub grant: G,
    /// When it ends, where it says so.
    pub until: Option<SystemTime>,
}

/// A source with what was last fetched from it. Clones share that; two are the same if their sources are.
pub struct Fetched<S: Source> {
    source: S,
    cell: Arc<Cell<S::Grant>>,
}

struct Cell<G> {
    state: ArcSwap<State<G>>,
    changed: Notify,
}

struct State<G> {
    granted: Option<Arc<Granted<G>>>,
    failure: Option<String>,
}

impl<S: Source> Fetched<S> {
    /// Nothing is fetched yet.
    #[must_use]
    pub fn new(source: S) -> Self {
        let state = ArcSwap::from_pointee(State { granted: None, failure: None });
        Self { source, cell: Arc::new(Cell { state, changed: Notify::new() }) }
    }

    /// What is there and has not ended.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn current(&self, now: SystemTime) -> Result<Arc<Granted<S::Grant>>, String> {
        let state = self.cell.state.load();
        match (&state.granted, &state.failure) {
            (Some(granted), _) if granted.until.is_none_or(|until| now < until) => Ok(Arc::clone(granted)),
            (Some(_), Some(why)) => {
                Err(format!("the {} have ended and there are no new ones: {why}", S::NAME))
            }
            (Some(_), None) => Err(format!("the {} have ended; new ones are on their way", S::NAME)),
            (None, Some(why)) => Err(format!("there are no {}: {why}", S::NAME)),
            (None, None) => Err(format!("there are no {} yet; they are on their way", S::NAME)),
        }
    }

    async fn keep(self, clock: fn() -> SystemTime) {
        let mut session = S::Session::default();
        loop {
            let fetched = timeout(PATIENCE, self.source.fetch(&mut session)).await;
            let fetched = fetched.unwrap_or_else(|_| Err(format!("no answer in {} s", PATIENCE.as_secs())));
            let pause = match fetched {
                Ok(granted) => {
                    let pause = granted.until.map_or(S::EVERY, |until| pause(until, clock()));
                    if self.cell.state.load().failure.is_some() {
                        tracing::info!(source = ?self.source, "{} are here again", S::NAME);
                    }
                    self.put(State { granted: Some(Arc::new(granted)), failure: None });
                    pause
                }
                Err(why) => {
                    session = S::Session::default();
                    self.fail(why);
                    AGAIN
                }
            };
            sleep(pause).await;
        }
    }

    fn fail(&self, why: String) {
        let old = self.cell.state.load_full();
        if old.failure.is_none() {
            tracing::warn!(source = ?self.source, why, "{} could not be fetched", S::NAME);
        }
        // what does not say when it ends has ended when no more of it comes
        let granted = old.granted.clone().filter(|granted| granted.until.is_some());
        self.put(State { granted, failure: Some(why.chars().take(LONGEST).collect()) });
    }

    fn put(&self, state: State<S::Grant>) {
        self.cell.state.store(Arc::new(state));
        self.cell.changed.notify_waiters();
    }

    async fn settled(&self) {
        loop {
            let changed = self.cell.changed.notified();
            let state = self.cell.state.load_full();
            if state.granted.is_some() || state.failure.is_some() {
                return;
            }
            changed.await;
        }
    }
}

fn pause(until: SystemTime, now: SystemTime) -> Duration {
    let left = until.duration_since(now).unwrap_or_default();
    (left - AHEAD.min(left / 4)).max(AGAIN)
}

impl<S: Source> Clone for Fetched<S> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), cell: Arc::clone(&self.cell) }
    }
}

impl<S: Source> PartialEq for Fetched<S> {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl<S: Source> Debug for Fetched<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetched").field(&self.source).finish()
    }
}

/// A fetched credential, for the one task that keeps it fresh.
#[derive(Debug, Clone, PartialEq)]
pub enum Refresher {
    /// Of AWS.
    Aws(Fetched<AwsChain>),
    /// Of Google.
    Google(Fetched<GoogleAccount>),
}

impl Refresher {
    /// Fetches ahead of every end, for ever; `clock` tells the time.
    pub async fn run(self, clock: fn() -> SystemTime) {
        match self {
            Self::Aws(fetched) => fetched.keep(clock).await,
            Self::Google(fetched) => fetched.keep(clock).await,
        }
    }

    /// Waits until the first fetch has succeeded or failed; `run` must be under way.
    pub async fn settled(&self) {
        match self {
            Self::Aws(fetched) => fetched.settled().await,
            Self::Google(fetched) => fetched.settled().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::VecDeque, sync::Mutex};

    type Script = Arc<Mutex<VecDeque<Result<(&'static str, Option<u64>), String>>>>;

    /// Says what the script says; then never anything more.
    #[derive(Debug, Clone)]
    struct Scripted(Script);

    impl PartialEq for Scripted {
        fn eq(&self, other: &Self) -> bool {
            Arc::ptr_eq(&self.0, &other.0)
        }
    }

    impl Source for Scripted {
        type Grant = &'static str;
        type Session = ();
        const NAME: &'static str = "tickets";
        const EVERY: Duration = Duration::from_secs(20);

        async fn fetch(&self, (): &mut ()) -> Result<Granted<&'static str>, String> {
            let next = self.0.lock().unwrap().pop_front();
            let Some(next) = next else { return std::future::pending().await };
            next.map(|(grant, until)| Granted { grant, until: until.map(at) })
        }
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    fn fetched<const N: usize>(
        script: [Result<(&'static str, Option<u64>), String>; N],
    ) -> Fetched<Scripted> {
        Fetched::new(Scripted(Arc::new(Mutex::new(script.into()))))
    }

    fn shown(fetched: &Fetched<Scripted>, second: u64) -> Result<&'static str, String> {
        fetched.current(at(second)).map(|granted| granted.grant)
    }

    #[tokio::test(start_paused = true)]
    async fn a_grant_is_renewed_before_it_ends() {
        let fetched = fetched([Ok(("first", Some(3600))), Ok(("second", Some(7200)))]);
        assert_eq!(shown(&fetched, 0), Err("there are no tickets yet; they are on their way".into()));
        let task = tokio::spawn(fetched.clone().keep(|| at(0)));
        fetched.settled().await;
        assert_eq!(shown(&fetched, 3599), Ok("first"));
        sleep(Duration::from_secs(3299)).await;
        assert_eq!(shown(&fetched, 0), Ok("first"));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(shown(&fetched, 3600), Ok("second"), "five minutes ahead");
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_holds_to_its_end_whatever_fails_meanwhile() {
        let fetched = fetched([Ok(("first", Some(100))), Err("it rains".into()), Ok(("second", Some(1000)))]);
        let task = tokio::spawn(fetched.clone().keep(|| at(0)));
        sleep(Duration::from_secs(76)).await;
        assert_eq!(shown(&fetched, 99), Ok("first"));
        let ended = "the tickets have ended and there are no new ones: it rains";
        assert_eq!(shown(&fetched, 100), Err(ended.into()));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(shown(&fetched, 100), Ok("second"));
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_known_end_a_grant_ends_when_no_more_come() {
        let fetched = fetched([Ok(("first", None))]);
        let task = tokio::spawn(fetched.clone().keep(|| at(0)));
        fetched.settled().await;
        assert_eq!(shown(&fetched, 0), Ok("first"));
        sleep(Duration::from_secs(51)).await;
        assert_eq!(shown(&fetched, 0), Err("there are no tickets: no answer in 30 s".into()));
        task.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_an_answer_too() {
        let fetched = fetched([Err("it rains".into())]);
        let task = tokio::spawn(fetched.clone().keep(|| at(0)));
        fetched.settled().await;
        assert_eq!(shown(&fetched, 0), Err("there are no tickets: it rains".into()));
        task.abort();
    }

    #[test]
    fn short_grants_are_renewed_in_time_and_ended_ones_not_all_the_time() {
        for (left, expected) in [(3600, 3300), (400, 300), (40, 30), (4, 10), (0, 10)] {
            assert_eq!(pause(at(left), at(0)), Duration::from_secs(expected), "{left}");
        }
    }

    #[test]
    fn the_same_source_is_the_same_credential() {
        let (one, other) = (fetched([]), fetched([]));
        assert_eq!(one, one.clone());
        assert_ne!(one, other);
    }
}
