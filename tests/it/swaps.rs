//! What changes while it is in use: routes, credentials, prices, limits. Nobody who is being served notices.

use super::house::{Answer, House, Pair, chain, eventually, model};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};
use tokio::sync::watch;

const SLOW: &str = "slow!tokens=30,gap=100";

/// A stream under way: its head and first piece have come.
struct Begun {
    response: reqwest::Response,
    version: String,
}

impl Begun {
    async fn with(pair: &Pair, route: &str) -> Self {
        let mut response = pair.ask(route).streamed().open().await;
        assert!(response.chunk().await.unwrap().is_some());
        let version = response.headers()["x-attache-route"].to_str().unwrap().to_owned();
        Self { response, version }
    }

    /// The rest of it, to the regular end.
    async fn ends_well(mut self) {
        let mut rest = vec![];
        while let Some(chunk) = self.response.chunk().await.unwrap() {
            rest.extend_from_slice(&chunk);
        }
        let rest = String::from_utf8(rest).unwrap();
        assert!(rest.ends_with("data: [DONE]\n\n") && !rest.contains("error"), "{rest}");
    }
}

/// Waits until the live version of `route` is another than `old`.
async fn another_version(pair: &Pair, route: &str, old: &str) -> String {
    eventually(async || match pair.version(route).await {
        new if new != old && !new.is_empty() => Ok(new),
        same => Err(format!("another version of {route} than {same}")),
    })
    .await
}

#[tokio::test]
async fn old_streams_finish_and_new_requests_take_the_new_route() {
    let pair = House::new().route(chain("r", [SLOW])).start().await;
    let old = pair.version("r").await;
    let begun = Begun::with(&pair, "r").await;
    assert_eq!(begun.version, format!("r@{old}"));
    pair.write_route(&chain("r", ["quick"]));
    let new = another_version(&pair, "r", &old).await;
    let answer = pair.ask("r").send().await;
    assert_eq!(
        (answer.header("x-attache-model"), answer.header("x-attache-route")),
        ("quick", &*format!("r@{new}"))
    );
    assert_eq!(pair.mock().in_flight().await, 1, "the old stream is still under way");
    begun.ends_well().await;
    assert_eq!(pair.ask(&format!("r@{new}")).send().await.status, 200);
    assert_eq!(pair.ask(&format!("r@{old}")).send().await.code(), "version_not_found");
}

#[tokio::test]
async fn a_walk_finishes_on_the_version_that_it_began_with() {
    let slow_failure = model("slow!delay=1500,status=500");
    let pair = House::new().route(chain("r", [slow_failure, model("old")])).start().await;
    let old = pair.version("r").await;
    let asked = tokio::spawn(pair.ask("r").send());
    eventually(async || match pair.mock().in_flight().await {
        0 => Err("the request at the provider".into()),
        _ => Ok(()),
    })
    .await;
    pair.write_route(&chain("r", ["new"]));
    another_version(&pair, "r", &old).await;
    let answer = asked.await.unwrap();
    assert_eq!(
        (answer.header("x-attache-model"), answer.header("x-attache-path")),
        ("old", "start,m1,m2,end")
    );
    assert_eq!(answer.header("x-attache-route"), format!("r@{old}"));
}

#[tokio::test]
async fn a_thousand_swaps_lose_no_request() {
    let route = |n: usize| chain("r", [&*format!("m{n}")]);
    let pair = House::new().route(route(0)).start().await;
    let (answered, mut newest) = watch::channel(String::new());
    let worker = async || {
        let mut versions = BTreeMap::new();
        while answered.receiver_count() > 0 {
            let answer = pair.ask("r").send().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let [model, version] =
                ["x-attache-model", "x-attache-route"].map(|name| answer.header(name).to_owned());
            assert_eq!(answer.content(), format!("Hello from {model}: hi"));
            assert_eq!(versions.entry(model.clone()).or_insert(version.clone()), &version);
            answered.send_replace(model);
        }
        versions
    };
    let swap = async {
        for n in 1..=1000 {
            pair.write_route(&route(n));
            newest.wait_for(|model| *model == format!("m{n}")).await.unwrap();
        }
        drop(newest);
    };
    let (first, second, ()) = tokio::join!(worker(), worker(), swap);
    let models: BTreeSet<_> = first.keys().chain(second.keys()).collect();
    assert_eq!(models.len(), 1001);
    let both = first.keys().filter(|model| second.contains_key(*model));
    both.for_each(|model| assert_eq!(first[model], second[model], "one version for {model}"));
}

#[tokio::test]
async fn a_folder_that_never_rests_is_read_all_the_same() {
    let pair = House::new().route(chain("r", ["old"])).start().await;
    let old = pair.version("r").await;
    let restless = async {
        loop {
            pair.write_route(&chain("r", ["new"]));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        _ = another_version(&pair, "r", &old) => {}
        () = restless => {}
    }
}

#[tokio::test]
async fn a_broken_file_keeps_the_last_good_version() {
    let pair = House::new().route(chain("r", ["first"])).route(chain("gone", ["first"])).start().await;
    let good = pair.version("r").await;
    for broken in ["{".to_owned(), chain("r", [model("m").of("nobody")]).to_string()] {
        fs::write(pair.route_file("r"), broken).unwrap();
        let problem = eventually(async || match &pair.status().await["problems"][0] {
            Value::Null => Err("the problem".to_owned()),
            problem => Ok(problem.clone()),
        })
        .await;
        assert_eq!((&problem["route"], &problem["kept_version"]), (&json!("r"), &json!(good)));
        assert!(!problem["mistakes"].as_array().unwrap().is_empty(), "{problem}");
        let answer = pair.ask("r").send().await;
        assert_eq!(answer.header("x-attache-route"), format!("r@{good}"));
    }
    assert!(pair.attache.log().contains("a route is broken"));
    pair.write_route(&chain("r", ["mended"]));
    another_version(&pair, "r", &good).await;
    assert_eq!(pair.status().await["problems"], json!([]));
    fs::remove_file(pair.route_file("gone")).unwrap();
    eventually(async || match pair.ask("gone").send().await {
        answer if answer.status == 404 => Ok(()),
        answer => Err(format!("the end of the route, not {answer:?}")),
    })
    .await;
}

#[tokio::test]
async fn attache_yaml_is_followed_too() {
    let mut pair = House::new().route(chain("r", ["first"])).route(chain("slow", [SLOW])).start().await;
    let begun = Begun::with(&pair, "slow").await;
    assert_eq!(pair.ask("r").send().await.status, 200);
    pair.configure(json!({
        "providers": {"mock": {"api_key": "sk-new"}},
        "prices": {"mock/first": {"input": 0, "output": 1000}},
        "limits": {"metadata_entries": 1},
        "auth": {"keys": [{"id": "k", "key": "client-key", "routes": ["slow"]}]},
    }));
    let two = r#"{"a":1,"b":2}"#;
    let refused: Answer =
        eventually(async || match pair.ask("r").header("x-attache-metadata", two).send().await {
            answer if answer.status == 400 => Ok(answer),
            answer => Err(format!("the new limit, not {answer:?}")),
        })
        .await;
    assert_eq!(refused.code(), "invalid_metadata");
    assert_eq!(pair.metric("attache_cost_usd_total", &[]).await, 0.0);
    assert_eq!(pair.ask("r").send().await.status, 200);
    pair.metric_is("attache_cost_usd_total", &[("model", "first")], 0.004).await;
    let seen = pair.mock().seen_of("first").await;
    let sent: Vec<_> = [seen.first(), seen.last()].map(|seen| seen.unwrap().header("authorization")).into();
    assert_eq!(sent, [None, Some("Bearer sk-new")]);
    let barred = pair.ask("r").header("authorization", "Bearer client-key").send().await;
    assert_eq!((barred.status, barred.code().as_str()), (403, "route_not_allowed"));
    begun.ends_well().await;
}

#[tokio::test]
async fn a_broken_attache_yaml_changes_nothing() {
    let mut pair = House::new().route(chain("r", ["first"])).start().await;
    pair.write_config("providers: {mock: {dialekt: openai}}");
    eventually(async || match pair.status().await["config_problems"].as_array() {
        Some(told) if told.iter().any(|it| it.as_str().unwrap().contains("dialekt")) => Ok(()),
        told => Err(format!("the mistake to be told: {told:?}")),
    })
    .await;
    assert_eq!(pair.ask("r").send().await.status, 200);
    pair.configure(json!({}));
    eventually(async || match &pair.status().await["config_problems"] {
        told if *told == json!([]) => Ok(()),
        told => Err(format!("no more mistakes: {told}")),
    })
    .await;
}
