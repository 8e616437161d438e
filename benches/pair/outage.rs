//! What a request waits for when Redis is killed, stands still, or is slow: no more than the deadline of a call.
use crate::{
    Plan, Result,
    gate::{Behind, Gate},
    load::{self, Case},
    redis::Server,
    setup::{CHAT, Ground, PATIENCE, Setup, ready},
};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// `ledger.deadline`, where it is not set.
const DEADLINE: Duration = Duration::from_millis(50);
/// What is on the way to a slow Redis, and from it, takes so long each.
const SLOW: Duration = Duration::from_millis(100);
const CASE: Case = Case { size: 1 << 10, stream: false, connections: 16 };
const MODEL: &str = "dynamic/limits-5";

/// What happens to Redis.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Nothing,
    Killed,
    Paused,
    Slowed,
}

/// A Redis, and the way there.
struct Far {
    redis: Server,
    gate: Gate,
}

impl Far {
    fn strike(&mut self, loss: Loss) -> Result<()> {
        match loss {
            Loss::Nothing => {}
            Loss::Killed => self.redis.kill(),
            Loss::Paused => self.redis.pause(true)?,
            Loss::Slowed => self.gate.slow(SLOW),
        }
        Ok(())
    }

    fn mend(&mut self, loss: Loss) -> Result<()> {
        match loss {
            Loss::Nothing => {}
            Loss::Killed => self.redis.resume()?,
            Loss::Paused => self.redis.pause(false)?,
            Loss::Slowed => self.gate.open(),
        }
        Ok(())
    }
}

pub(crate) async fn compare(ground: &Ground, plan: &Plan) -> Result<()> {
    if !plan.has("outage") {
        return Ok(());
    }
    let redis = Server::start()?;
    let gate = Gate::before(Behind::Port(redis.port)).await;
    let url = format!("redis://127.0.0.1:{}", gate.port);
    let Some(pair) = ground.pair("outage", CHAT, &url)? else { return Ok(()) };
    let (pair, mut far) = (pair.asked_for(MODEL), Far { redis, gate });
    ready(&pair, CASE).await?;
    let still = waits(&pair, &mut far, Loss::Nothing, plan).await?;
    println!(
        "\noutage: p99 {:.3} ms, longest {:.3} ms; what they rise by, ÷ the deadline of a call:",
        millis(still.0),
        millis(still.1)
    );
    for loss in [Loss::Killed, Loss::Paused, Loss::Slowed] {
        let (p99, longest) = waits(&pair, &mut far, loss, plan).await?;
        let share = |a: Duration, b: Duration| (a.as_secs_f64() - b.as_secs_f64()) / DEADLINE.as_secs_f64();
        println!("outage: {loss:<8?} p99 {:.2}, longest {:.2}", share(p99, still.0), share(longest, still.1));
    }
    Ok(())
}

/// The p99 and the longest wait, each the median of rounds, in the middle of which it happens.
async fn waits(pair: &Setup, far: &mut Far, loss: Loss, plan: &Plan) -> Result<(Duration, Duration)> {
    let (mut p99, mut longest) = (vec![], vec![]);
    for _ in 0..plan.rounds {
        counted(pair).await?;
        let length = load::probe(pair, CASE).await?;
        let strike = async {
            sleep(plan.time / 4).await;
            far.strike(loss)
        };
        let (latencies, struck) = tokio::join!(load::run(pair, CASE, length, plan.time), strike);
        let (latencies, ()) = (latencies?, struck?);
        far.mend(loss)?;
        p99.push(latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default());
        longest.push(latencies.last().copied().unwrap_or_default());
    }
    Ok((median(p99), median(longest)))
}

/// Waits until limits are counted again.
async fn counted(pair: &Setup) -> Result<()> {
    let since = Instant::now();
    while !load::is_counted(pair, CASE).await? {
        if since.elapsed() > PATIENCE {
            return Err("Redis is back, but limits are not counted".into());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
