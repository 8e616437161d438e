//! Limits of four pairs on one Redis: exact together, and what each says while Redis is away.

use super::house::{Answer, Behind, Cluster, Gate, House, Pair, Redis, eventually, limited, model};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const PAIRS: usize = 4;
/// Clients at each pair.
const CLIENTS: usize = 100;
/// How often what is exact is shown to be.
const ROUNDS: usize = 5;

/// A ledger there, asked by whoever can wait: 400 clients and all that serve them share this machine.
fn patient(url: &str) -> Value {
    json!({"url": url, "deadline": "10s"})
}

/// A limit for each value of the metadata `user`.
fn limit(properties: Value) -> Value {
    let mut limit = json!({"key": "metadata.user", "limitType": "count", "limit": 100, "window": 3600});
    limit.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    limit
}

/// A pair whose route `r` has this limit, and whose counters are at `ledger`.
async fn pair(ledger: &Value, limit: &Value, models: [&str; 2]) -> Pair {
    let prices = json!({"mock/*": {"input": 0, "output": 1000}});
    House::new()
        .settings(json!({"ledger": ledger, "prices": prices}))
        .route(limited("r", limit.clone(), models.map(model)))
        .start()
        .await
}

async fn four(ledger: Value, limit: Value, models: [&str; 2]) -> Vec<Pair> {
    let pairs = join_all((0..PAIRS).map(|_| pair(&ledger, &limit, models))).await;
    for pair in &pairs {
        ledger_is(pair, "here").await;
    }
    pairs
}

async fn ledger_is(pair: &Pair, state: &str) {
    eventually(async || match pair.status().await["ledger"].clone() {
        ledger if ledger["state"] == state => Ok(()),
        ledger => Err(ledger.to_string()),
    })
    .await;
}

async fn ask(pair: &Pair, user: &str) -> Answer {
    let ask = pair.ask("r").header("x-attache-metadata", &json!({"user": user}).to_string());
    ask.with("max_tokens", 20).send().await
}

/// How many of the clients of all pairs, all asking at once, were within the limit; none fails.
async fn within(pairs: &[Pair], user: &str) -> usize {
    let all = pairs.iter().flat_map(|pair| (0..CLIENTS).map(move |_| ask(pair, user)));
    let answers = join_all(all).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    answers.iter().filter(|answer| answer.header("x-attache-path").contains("within")).count()
}

async fn idle(pairs: &[Pair]) {
    for pair in pairs {
        pair.is_idle().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_pairs_count_as_one() {
    let redis = Redis::start().await;
    let pairs = four(patient(&redis.url()), limit(json!({})), ["in", "out"]).await;
    for round in 0..ROUNDS {
        assert_eq!(within(&pairs, &format!("user {round}")).await, 100, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_pairs_never_overspend_one_budget() {
    let redis = Redis::start().await;
    // each reserves 20 tokens, 2 cents, and uses 10: a dollar is enough for 50 at once, and for 100 in the end
    let budget = limit(json!({"limitType": "cost", "limit": 1.0}));
    let pairs = four(patient(&redis.url()), budget, ["in!tokens=10", "out"]).await;
    let mut paid = within(&pairs, "u").await;
    assert!((50..=99).contains(&paid), "{paid}");
    loop {
        idle(&pairs).await;
        let more = ask(&pairs[paid % PAIRS], "u").await;
        if !more.header("x-attache-path").contains("within") {
            break;
        }
        paid += 1;
    }
    // 99 cents are spent; two more are not left
    assert_eq!(paid, 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_pair_had_reserved_comes_back() {
    let redis = Redis::start().await;
    let ledger = json!({"url": redis.url(), "deadline": "10s", "reservation_ttl": "3s"});
    let pairs = four(ledger, limit(json!({"limit": 10_000})), ["slow", "out"]).await;
    pairs[0].mock().script("slow", "delay=60000").await;
    let lost = tokio::spawn({
        let all: Vec<_> =
            (0..40).map(|_| pairs[0].ask("r").header("x-attache-metadata", r#"{"user":"u"}"#)).collect();
        async move { join_all(all.into_iter().map(|ask| ask.send())).await }
    });
    eventually(async || match pairs[0].mock().in_flight().await {
        40 => Ok(()),
        n => Err(format!("{n} of 40 are at the provider")),
    })
    .await;
    pairs[0].attache.kill();
    lost.abort();
    let left = async || {
        let answer = ask(&pairs[1], "u").await;
        let told = answer.header("ratelimit").split("r=").nth(1).unwrap();
        told.split(';').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(left().await < 9960, "what is in flight at a pair that died still counts");
    let mut asked = 1;
    eventually(async || {
        asked += 1;
        match left().await {
            left if left == 10_000 - asked => Ok(()),
            left => Err(format!("{left} are left after {asked} requests")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_each_limit_decides_and_then_it_is_exact_again() {
    for (on_error, let_through) in [("allow", 4 * CLIENTS), ("deny", 0)] {
        let mut redis = Redis::start().await;
        let pairs = four(patient(&redis.url()), limit(json!({"onError": on_error})), ["in", "out"]).await;
        assert_eq!(within(&pairs, "before").await, 100);
        redis.kill();
        for pair in &pairs {
            ledger_is(pair, "away").await;
        }
        assert_eq!(within(&pairs, "meanwhile").await, let_through);
        assert_eq!(pairs[0].metric("attache_ledger_up", &[]).await, 0.0);
        redis.resume().await;
        for pair in &pairs {
            ledger_is(pair, "here").await;
        }
        assert_eq!(within(&pairs, "after").await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_is_given_up_until_it_answers() {
    let redis = Redis::start().await;
    let pairs = four(json!(redis.url()), limit(json!({"limit": 1_000_000})), ["in", "out"]).await;
    redis.pause(true);
    // the first find out, the rest need not wait
    for pair in &pairs {
        join_all((0..4).map(|_| ask(pair, "u"))).await;
        ledger_is(pair, "away").await;
    }
    for _ in 0..20 {
        let answer = ask(&pairs[0], "u").await;
        assert!(answer.header("x-attache-path").contains("within"));
        assert_eq!(answer.header("ratelimit"), "", "nobody knows what is left");
    }
    redis.pause(false);
    for pair in &pairs {
        ledger_is(pair, "here").await;
    }
    eventually(async || match ask(&pairs[1], "u").await.header("ratelimit") {
        "" => Err("the limit is not asked".into()),
        _ => Ok(()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_lead_to_the_master_that_has_taken_over() {
    let mut master = Redis::start().await;
    let copy = Redis::copy_of(&master).await;
    let sentinel = Redis::sentinel(&master).await;
    eventually(async || match sentinel.ask(&["INFO", "sentinel"]).await? {
        info if info.contains("slaves=1") => Ok(()),
        info => Err(info),
    })
    .await;
    let url = format!("redis-sentinel://127.0.0.1:{}/main", sentinel.port);
    let pairs = four(patient(&url), limit(json!({})), ["in", "out"]).await;
    assert_eq!(within(&pairs, "before").await, 100);
    // the copy has heard of it
    eventually(async || match copy.ask(&["DBSIZE"]).await? {
        size if size == master.ask(&["DBSIZE"]).await? => Ok(()),
        size => Err(size),
    })
    .await;
    master.kill();
    for pair in &pairs {
        ledger_is(pair, "away").await;
    }
    for pair in &pairs {
        ledger_is(pair, "here").await;
    }
    assert_eq!(within(&pairs, "after").await, 100);
    assert_eq!(within(&pairs, "before").await, 0, "what was counted has moved along");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_redis_is_waited_for_until_the_deadline_and_no_longer() {
    let (deadline, late) = (Duration::from_secs(3), Duration::from_secs(4));
    for (on_error, let_through) in [("allow", 4 * CLIENTS), ("deny", 0)] {
        let redis = Redis::start().await;
        let gate = Gate::before(Behind::Port(redis.port)).await;
        let url = format!("redis://127.0.0.1:{}", gate.port);
        let ledger = json!({"url": url, "deadline": format!("{}s", deadline.as_secs())});
        let pairs = four(ledger, limit(json!({"onError": on_error})), ["in", "out"]).await;
        gate.slow(Duration::from_millis(20));
        assert_eq!(within(&pairs, "slow").await, 100);
        gate.slow(late);
        for pair in &pairs {
            ledger_is(pair, "away").await;
        }
        assert_eq!(within(&pairs, "meanwhile").await, let_through);
        gate.open();
        for pair in &pairs {
            ledger_is(pair, "here").await;
        }
        // what is asked of a Redis that is late arrives there all the same: nobody asked
        assert_eq!(within(&pairs, "meanwhile").await, 100, "what was let through is not counted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_counts_as_one_server_and_goes_on_when_a_master_is_lost() {
    let mut cluster = Cluster::start().await;
    let pairs = four(patient(&cluster.url()), limit(json!({})), ["in", "out"]).await;
    assert_eq!(within(&pairs, "before").await, 100);
    idle(&pairs).await;
    let holders = cluster.holders("attache:{r:").await;
    let &[holder] = holders.as_slice() else { panic!("the counters of one route are on {holders:?}") };
    cluster.copy(holder).await;
    cluster.masters[holder].kill();
    // every pair has found the one that took its place
    for pair in &pairs {
        eventually(async || match ask(pair, "found").await.header("ratelimit") {
            "" => Err("the limit is not asked".into()),
            _ => Ok(()),
        })
        .await;
        ledger_is(pair, "here").await;
    }
    assert_eq!(within(&pairs, "after").await, 100);
    assert_eq!(within(&pairs, "before").await, 0, "what was counted is counted still");
}
