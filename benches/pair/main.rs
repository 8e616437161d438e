//! What the pair costs, end to end: Envoy alone, with a no-op sidecar, and with Attaché, side by side in one run; and with
//! Attaché between a client of Anthropic's dialect and a provider of OpenAI's, where all is translated (`messages`); and with 2,000
//! routes in its store, of which one is deployed four times a second (`swaps`). Then what limits cost, and what a Redis that
//! is lost does to those who wait.
//!
//! The load and the mock provider share one core, Envoy and its sidecar the other. Rounds are interleaved, figures
//! are medians. CPU is per request, of each process apart. Latency is to the last byte, of streams to the first.
//!
//! `BENCH_SECONDS` (per round), `BENCH_ROUNDS` and `BENCH_CASES` (e.g. `1k-16,stream-64,limits,outage`) shorten it; `ENVOY_BIN`
//! and `REDIS_BIN` name other programs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench is there to print its figures")]
#[path = "../../tests/it/house/gate.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::indexing_slicing, reason = "it is the tests' own")]
mod gate;
mod limits;
mod load;
mod meter;
mod noop;
mod outage;
#[path = "../house/redis.rs"]
mod redis;
mod setup;
mod swaps;
mod table;

use attache::mock;
use load::Case;
use setup::{Ground, Setup};
use std::{
    env,
    path::{Path, PathBuf},
    rc::Rc,
    str::FromStr,
    time::{Duration, Instant},
};
use table::Round;
use tokio::{net::TcpListener, runtime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How the mock answers: a hundred words, and when streamed, each by itself, a millisecond apart.
const SCRIPT: &str = "bench=tokens=100,gap=1";
/// Where the counters of a pair are that has no Redis.
const MEMORY: &str = "memory:";
/// The pair whose routes are deployed while it is measured.
const SWAPPED: &str = "swaps";
/// How long each setup is warmed before a case.
const WARM_UP: Duration = Duration::from_millis(300);

fn main() -> Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match *args.as_slice() {
        ["mock", port] => on_one_thread()?.block_on(provide(port)),
        // as many workers as it has cores, like the sidecar that it stands in for
        ["noop", socket] => runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(noop::serve(Path::new(socket))),
        _ => {
            let ground = Ground::prepare(told::<PathBuf>("ENVOY_BIN")?)?;
            let plan = Plan::read()?;
            let outcome = on_one_thread()?.block_on(async {
                compare(&ground, &plan).await?;
                limits::compare(&ground, &plan).await?;
                outage::compare(&ground, &plan).await
            });
            outcome.inspect_err(|_| eprintln!("{}", ground.logs()))
        }
    }
}

fn on_one_thread() -> Result<runtime::Runtime> {
    Ok(runtime::Builder::new_current_thread().enable_all().build()?)
}

async fn provide(port: &str) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?;
    let settings = mock::Settings { record: 0, scripts: vec![SCRIPT.parse()?] };
    mock::serve(listener, settings, std::future::pending()).await;
    Ok(())
}

/// How much is measured.
struct Plan {
    rounds: usize,
    /// Of one round.
    time: Duration,
    /// The cases that are named; none where all are meant.
    named: Option<String>,
}

impl Plan {
    fn read() -> Result<Self> {
        let time = Duration::from_secs_f64(told("BENCH_SECONDS")?.unwrap_or(2.0));
        Ok(Self { rounds: told("BENCH_ROUNDS")?.unwrap_or(5), time, named: told("BENCH_CASES")? })
    }

    fn has(&self, case: &str) -> bool {
        self.named.as_deref().is_none_or(|named| named.split(',').any(|name| name == case))
    }

    /// Measures `setups` in turn, again and again: for each its rounds.
    async fn rounds(&self, setups: &[Setup], case: Case) -> Result<Vec<Vec<Round>>> {
        let mut measured = vec![vec![]; setups.len()];
        for setup in setups {
            measure(setup, case, WARM_UP).await?;
        }
        for _ in 0..self.rounds {
            for (setup, measured) in setups.iter().zip(&mut measured) {
                measured.push(measure(setup, case, self.time).await?);
            }
        }
        Ok(measured)
    }
}

async fn compare(ground: &Ground, plan: &Plan) -> Result<()> {
    let cases: Vec<_> = cases().filter(|case| plan.has(&case.name())).collect();
    if cases.is_empty() {
        return Ok(());
    }
    let setups = start(ground).await?;
    println!("\n{}", table::head());
    for case in cases {
        let measured = plan.rounds(&setups, case).await?;
        for line in table::lines(&case.name(), &setups, &measured) {
            println!("{line}");
        }
    }
    Ok(())
}

/// Starts every setup that there is, and tells how much memory an idle sidecar takes.
async fn start(ground: &Ground) -> Result<Vec<Setup>> {
    let mut setups = vec![ground.alone()?, ground.noop()?];
    for (name, path) in [("attache", setup::CHAT), ("messages", setup::MESSAGES)] {
        match ground.pair(name, path, MEMORY)? {
            Some(pair) => setups.push(pair),
            None => println!("{name}: left out, because `attache serve --help` fails"),
        }
    }
    let swaps = swaps::Swaps::prepare(&ground.store(SWAPPED)).await?;
    if let Some(pair) = ground.pair(SWAPPED, setup::CHAT, MEMORY)? {
        setups.push(Setup { swaps: Some(Rc::new(swaps)), ..pair });
    }
    for setup in &setups {
        setup::ready(setup, Case { size: 1 << 10, stream: false, connections: 1 }).await?;
        if let Some(sidecar) = &setup.sidecar {
            println!("{}: the idle sidecar takes {} KiB", setup.name, meter::resident(sidecar.pid())?);
        }
    }
    Ok(setups)
}

async fn measure(setup: &Setup, case: Case, time: Duration) -> Result<Round> {
    let sidecar_cpu =
        || setup.sidecar.as_ref().map_or(Ok(Duration::ZERO), |sidecar| meter::cpu(sidecar.pid()));
    let length = load::probe(setup, case).await?;
    let (since, envoy, sidecar) = (Instant::now(), meter::cpu(setup.envoy.pid())?, sidecar_cpu()?);
    let latencies = match &setup.swaps {
        None => load::run(setup, case, length, time).await?,
        Some(swaps) => tokio::select! {
            latencies = load::run(setup, case, length, time) => latencies?,
            Err(error) = swaps.go_on() => return Err(error),
        },
    };
    let percentile = |of: usize| latencies.get(latencies.len() * of / 100).copied().unwrap_or_default();
    Ok(Round {
        requests: latencies.len(),
        time: since.elapsed(),
        envoy: meter::cpu(setup.envoy.pid())?.saturating_sub(envoy),
        sidecar: sidecar_cpu()?.saturating_sub(sidecar),
        p50: percentile(50),
        p99: percentile(99),
    })
}

/// What the setups are compared by.
fn cases() -> impl Iterator<Item = Case> {
    let kinds = [(1 << 10, false), (32 << 10, false), (1 << 10, true)];
    kinds
        .into_iter()
        .flat_map(|(size, stream)| [16, 64].map(|connections| Case { size, stream, connections }))
}

/// What the environment says, if it says anything.
#[expect(clippy::disallowed_methods, reason = "a bench has no other configuration than its environment")]
fn told<T: FromStr<Err: std::fmt::Display>>(name: &str) -> Result<Option<T>> {
    let parse = |text: String| text.parse().map_err(|error| format!("{name}: {error}").into());
    env::var(name).ok().map(parse).transpose()
}
