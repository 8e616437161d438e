//! The board on which pairs tell each other of cool-downs: one hash in the engine. Whoever has news writes it there, and all
//! read it a few times a second; no request waits for it.

use super::{Cause, Health, Told};
use crate::{
    engine::{Away, Engine},
    graph::Target,
};
use redis::Script;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How often it is read.
const EVERY: Duration = Duration::from_millis(500);
/// Writes (target, cause, milliseconds, where 0 is the end), takes down what is over, and reads the rest in the same way. The
/// time is the engine's, so that the clocks of pairs do not matter.
const WRITE_AND_READ: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, #ARGV, 3 do
  if ARGV[i + 2] == '0' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], string.format('%.0f %s', now + ARGV[i + 2], ARGV[i + 1]))
  end
end
local all, told, last = redis.call('HGETALL', KEYS[1]), {}, 0
for i = 1, #all, 2 do
  local ends, cause = string.match(all[i + 1], '^(%d+) (.*)$')
  local left = ends and ends - now or 0
  if left > 0 then
    told[#told + 1], told[#told + 2], told[#told + 3] = all[i], cause, string.format('%.0f', left)
    last = math.max(last, left)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
if last > 0 then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last))
end
return told
";

/// Shares the cool-downs of this pair with the others whose keys begin with `prefix`, for as long as it is not dropped.
pub async fn share(health: Arc<Health>, engine: Arc<Engine>, prefix: String) {
    health.share();
    let key = format!("{prefix}:{{health}}");
    let script = Script::new(WRITE_AND_READ);
    loop {
        let news = health.take_news();
        match written(&engine, &script, &key, &news).await {
            Ok(told) => health.hear(&told),
            // what begins and ends here holds here all the same
            Err(Away(why)) => {
                tracing::debug!(why, "cool-downs can not be shared for now");
                health.return_news(news);
            }
        }
        timeout(EVERY, health.has_news()).await.unwrap_or_default();
    }
}

/// What hangs there once this is written.
async fn written(
    engine: &Engine,
    script: &Script,
    key: &str,
    news: &[(Target, Option<(Cause, Duration)>)],
) -> Result<Vec<Told>, Away> {
    let lines = news.iter().flat_map(|(target, told)| {
        let (cause, left) = told.map_or(("", 0), |(cause, left)| (cause.name(), left.as_millis().max(1)));
        [target.to_string(), cause.to_owned(), left.to_string()]
    });
    let told: Vec<String> = engine.run(script, &[key], &lines.collect::<Vec<_>>()).await?;
    Ok(told.chunks_exact(3).filter_map(read).collect())
}

/// What another pair has written; a newer Attaché may know causes that this one does not.
fn read(line: &[String]) -> Option<Told> {
    let [target, cause, left] = line else { return None };
    let cause = Cause::ALL.into_iter().find(|known| known.name() == *cause).unwrap_or(Cause::ErrorRate);
    Some(Told { target: target.parse().ok()?, cause, left: Duration::from_millis(left.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::Fault,
        engine::{self, Address},
        ledger::redis_server,
        provider::health::{Phase, Settings},
    };
    use tokio::time::{Instant, sleep};

    /// A pair that shares what it knows.
    fn pair() -> Arc<Health> {
        let health = Arc::<Health>::default();
        let settings = engine::Settings { deadline: Duration::from_secs(5), ..engine::Settings::default() };
        let engine = Engine::start(Address::read(redis_server()).unwrap(), settings);
        drop(tokio::spawn(share(Arc::clone(&health), engine, "test".into())));
        health
    }

    async fn comes_to(health: &Health, cooling: &[Target]) {
        let come = async {
            while health.cooling(Instant::now()) != cooling {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), come).await.unwrap_or_else(|_| panic!("never {cooling:?}"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_one_pair_finds_out_the_others_know() {
        let target: Target = "mock/a b \"c\"".parse().unwrap();
        let [one, two] = [pair(), pair()];
        let fault = Fault { retry_after: Some(Duration::from_secs(120)), ..Fault::of_status(429) };
        one.bad(&target, &fault, (Instant::now(), false), &Settings::default());
        comes_to(&two, std::slice::from_ref(&target)).await;
        let conditions = two.conditions(&Settings::default());
        let Phase::Cooling { cause, left, told } = conditions[0].phase else { panic!("{conditions:?}") };
        assert_eq!((cause, told), (Cause::RateLimited, true));
        assert!(left > Duration::from_secs(90) && left <= Duration::from_secs(120), "{left:?}");
        let late = pair();
        comes_to(&late, std::slice::from_ref(&target)).await;
        two.heal(&target);
        for other in [&one, &late] {
            comes_to(other, &[]).await;
        }
        late.cool(&target, Duration::from_secs(60), &Settings::default());
        for other in [&one, &two] {
            comes_to(other, std::slice::from_ref(&target)).await;
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let line = |words: [&str; 3]| words.map(str::to_owned);
        let told = read(&line(["p/m", "timeouts", "1500"])).unwrap();
        assert_eq!((told.cause, told.left), (Cause::Timeouts, Duration::from_millis(1500)));
        assert_eq!(read(&line(["p/m", "new-cause", "1"])).unwrap().cause, Cause::ErrorRate);
        assert_eq!(
            (read(&line(["pm", "timeouts", "1"])), read(&line(["p/m", "timeouts", "x"]))),
            (None, None)
        );
    }
}
