//! What limits cost a request: none, one and five, counted in memory and on Redis.
use crate::{
    MEMORY, Plan, Result,
    load::Case,
    redis::Server,
    setup::{CHAT, Ground, ready},
    table::Medians,
};
use serde_json::{Value, json};

/// How many limits a route has, and what it is asked by.
const COUNTS: [(usize, &str); 3] =
    [(0, "dynamic/limits-0"), (1, "dynamic/limits-1"), (5, "dynamic/limits-5")];
/// How many ask at once: one, who waits for nothing but the pair, and many, who wait for each other too.
const CONNECTIONS: [usize; 2] = [1, 16];

/// The routes, by their names.
pub(crate) fn routes() -> impl Iterator<Item = (String, Value)> {
    COUNTS.iter().map(|&(count, _)| (format!("limits-{count}"), route(count)))
}

/// So many limits, one after the other, then a model.
fn route(count: usize) -> Value {
    let (id, next) = (
        |n: usize| format!("limit{n}"),
        |n: usize| if n < count { format!("limit{n}") } else { "model".into() },
    );
    let limits = (0..count).map(|n| {
        json!({"id": id(n), "type": "rate",
            "properties": {"key": "metadata.user", "limit": 1_000_000_000 + n, "limitType": "count", "window": 60 + n},
            "outputs": {"success": {"elementId": next(n + 1)}, "fallback": {"elementId": "end"}}})
    });
    let start = json!({"id": "start", "type": "start", "outputs": {"next": {"elementId": next(0)}}});
    let model = json!({"id": "model", "type": "model",
        "properties": {"provider": "mock", "model": "bench", "timeout": 30_000, "retries": 0},
        "outputs": {"success": {"elementId": "end"}, "fallback": {"elementId": "end"}}});
    let end = json!({"id": "end", "type": "end", "outputs": {}});
    let elements: Vec<Value> = [start].into_iter().chain(limits).chain([model, end]).collect();
    json!({"name": format!("limits-{count}"), "elements": elements})
}

pub(crate) async fn compare(ground: &Ground, plan: &Plan) -> Result<()> {
    if !plan.has("limits") {
        return Ok(());
    }
    let redis = Server::start()?;
    println!();
    for (name, ledger) in [("limits-memory", MEMORY), ("limits-redis", &redis.url())] {
        let Some(pair) = ground.pair(name, CHAT, ledger)? else { continue };
        let setups = COUNTS.map(|(_, model)| pair.asked_for(model));
        for connections in CONNECTIONS {
            let case = Case { size: 1 << 10, stream: false, connections };
            for setup in &setups {
                ready(setup, case).await?;
            }
            let measured = plan.rounds(&setups, case).await?;
            let medians: Vec<_> = measured.iter().map(|rounds| Medians::of(rounds)).collect();
            if let [none, one, five] = medians.as_slice() {
                println!("{}", line(name, case, [none, one, five]));
            }
        }
    }
    Ok(())
}

fn line(name: &str, case: Case, [none, one, five]: [&Medians; 3]) -> String {
    let added = |of: &Medians| of.p50 - none.p50;
    format!(
        "{name:<13} {:<6} CPU of 1 limit ÷ of none {:.2}, of 5 {:.2}; p50 {:.3} ms, with 1 +{:.3}, with 5 +{:.3}: {:.2} (of the whole: {:.2})",
        case.name(),
        one.cpu() / none.cpu(),
        five.cpu() / none.cpu(),
        none.p50,
        added(one),
        added(five),
        added(five) / added(one),
        five.p50 / one.p50,
    )
}
