//! What a step of limits costs: in memory and on Redis, one limit and five; and what a key weighs.
#![expect(clippy::print_stdout, reason = "a bench is there to print its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that fails says so by ending")]

#[path = "house/redis.rs"]
#[expect(dead_code, reason = "other benches strike it")]
mod redis;

use attache::{
    engine::{Address, Engine, Settings, Standing},
    ledger::{Actual, Ask, Ledger, Limit, Memory, Redis, Settings as Counters, Tab, Unit},
    window::Window,
};
use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

/// Steps of which the median is taken.
const STEPS: usize = 5_000;
/// Keys, each used once.
const KEYS: usize = 1_000_000;
const NOW: Duration = Duration::from_secs(1_700_000_000);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let memory: Arc<dyn Ledger> = Arc::new(Memory::new(Counters::default()));
        let in_memory = measure("memory", &*memory).await;
        let server = redis::Server::start().unwrap();
        let engine = Engine::start(Address::read(&server.url()).unwrap(), patient());
        engine.standing().wait_for(|standing| *standing == Standing::Here).await.unwrap();
        let redis: Arc<dyn Ledger> = Redis::new(engine, Counters::default(), "bench");
        let on_redis = measure("redis", &*redis).await;
        println!("one limit, redis ÷ memory: {:.1}", ratio(on_redis, in_memory));
        weigh().await;
    });
}

/// What is measured is not the deadline.
fn patient() -> Settings {
    Settings { deadline: Duration::from_secs(5), ..Settings::default() }
}

/// The median of a step with one limit; tells that with five as its multiple.
async fn measure(name: &str, ledger: &dyn Ledger) -> Duration {
    let (mut one, mut five) = (Vec::new(), Vec::new());
    // side by side: whatever happens on the machine happens to both
    for step in 0..STEPS {
        one.push(time(ledger, 1, step).await);
        five.push(time(ledger, 5, step).await);
    }
    let (one, five) = (median(one), median(five));
    println!("{name:<7} one limit {one:>9.1?}, five {five:>9.1?}: {:.2} of one", ratio(five, one));
    one
}

/// How long it takes to reserve so many limits in one step.
async fn time(ledger: &dyn Ledger, count: usize, step: usize) -> Duration {
    let asks: Vec<Ask> =
        (0..count).map(|n| Ask { limit: limit(format!("{count} {n} {}", step % 100)), amount: 1 }).collect();
    let exchange = format!("{count} {step}");
    let tab = Tab { scope: "route", exchange: &exchange };
    let began = Instant::now();
    let grants = ledger.reserve(tab, &asks, NOW).await.unwrap();
    let took = began.elapsed();
    assert_eq!(grants.len(), count);
    ledger.settle(tab, Actual { count: 1, ..Actual::default() }, NOW).await.unwrap();
    took
}

/// Bytes that a key takes in memory, used once and settled.
async fn weigh() {
    let (memory, before) = (Memory::new(Counters::default()), resident());
    for key in 0..KEYS {
        let (exchange, asks) = (key.to_string(), [Ask { limit: limit(format!("user {key}")), amount: 1 }]);
        let tab = Tab { scope: "route", exchange: &exchange };
        memory.reserve(tab, &asks, NOW).await.unwrap();
        memory.settle(tab, Actual { count: 1, ..Actual::default() }, NOW).await.unwrap();
    }
    println!("{KEYS} keys in memory: {} bytes each", resident().saturating_sub(before) / KEYS);
}

fn limit(key: String) -> Limit {
    Limit { key, unit: Unit::Count, most: 1 << 40, window: Window::Sliding(Duration::from_secs(3600)) }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// The memory of this process, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
