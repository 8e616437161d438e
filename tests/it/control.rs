//! Routes that people change over the API, served by real pairs; and a store that goes away under them.

use super::house::{House, Pair, Postgres, chain, eventually};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// How long a deployment may take to be live everywhere.
const EVERYWHERE: Duration = Duration::from_secs(2);

async fn pair_on(store: &str) -> Pair {
    House::new().settings(json!({"store": store})).start().await
}

/// Makes a route of one model, and gives its id.
async fn create(pair: &Pair, name: &str, model: &str) -> String {
    let answer = pair.routes("POST", "", chain(name, [model])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"]["id"].as_str().unwrap().to_owned()
}

/// Makes a version of one model, and gives its id.
async fn draft(pair: &Pair, id: &str, model: &str) -> String {
    let answer = pair.routes("POST", &format!("/{id}/versions"), elements(model)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["result"]["version"]["version_id"].as_str().unwrap().to_owned()
}

async fn deploy(pair: &Pair, id: &str, version: &str) {
    let answer = pair.routes("POST", &format!("/{id}/deployments"), json!({"version_id": version})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn elements(model: &str) -> Value {
    json!({"elements": chain("r", [model])["elements"]})
}

/// Waits until `pair` serves this version, and tells how long that took.
async fn serves(pair: &Pair, version: &str) -> Duration {
    let began = Instant::now();
    eventually(async || match pair.ask("r").send().await {
        answer if answer.header("x-attache-route") == version => Ok(()),
        answer => Err(format!("{version}, not {answer:?}")),
    })
    .await;
    began.elapsed()
}

#[tokio::test]
async fn a_deployment_is_live_at_once_here_and_soon_everywhere() {
    let server = Postgres::start("fsync = off");
    let (one, other) = (pair_on(&server.url("postgres")).await, pair_on(&server.url("postgres")).await);
    let id = create(&one, "r", "first").await;
    assert_eq!(one.ask("r").send().await.header("x-attache-route"), "r@1");
    assert!(serves(&other, "r@1").await < EVERYWHERE);
    let second = draft(&one, &id, "second").await;
    assert_eq!(one.ask("r").send().await.header("x-attache-route"), "r@1", "a draft is not live");
    for (version, model) in [(second.as_str(), "second"), ("1", "first")] {
        deploy(&one, &id, version).await;
        let answer = one.ask("r").send().await;
        assert_eq!(
            (answer.header("x-attache-route"), answer.header("x-attache-model")),
            (&*format!("r@{version}"), model)
        );
        assert!(serves(&other, &format!("r@{version}")).await < EVERYWHERE);
    }
    let pairs = one.manage("GET", "/api/v1/pairs", Value::Null).await.json();
    assert_eq!(pairs["result"].as_array().unwrap().len(), 2, "{pairs}");
}

#[tokio::test]
async fn a_version_with_mistakes_is_kept_and_told_but_not_deployed() {
    let pair = House::new().start().await;
    let id = create(&pair, "r", "first").await;
    let broken = json!({"elements": [{"id": "start", "type": "start", "outputs": {"next": {"elementId": "nobody"}}}, {"id": "m", "type": "modl"}]});
    let made = pair.routes("POST", &format!("/{id}/versions"), broken).await.json();
    assert_eq!(made["result"]["version"]["is_valid"], json!(false), "{made}");
    let told = pair.routes("GET", &format!("/{id}/versions/2"), Value::Null).await.json();
    let rules: Vec<_> = told["result"]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["rule"].as_str().unwrap())
        .collect();
    assert!(rules.contains(&"G014 dangling-link") && rules.contains(&"G011 unknown-type"), "{told}");
    let refused = pair.routes("POST", &format!("/{id}/deployments"), json!({"version_id": "2"})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["errors"].as_array().unwrap().len(), rules.len());
    assert_eq!(pair.ask("r").send().await.header("x-attache-route"), "r@1");
}

#[tokio::test]
async fn a_draft_whose_provider_comes_later_can_be_deployed_then() {
    let mut pair = House::new().start().await;
    let id = create(&pair, "r", "first").await;
    let mut later = elements("second");
    later["elements"][1]["properties"]["provider"] = json!("later");
    let made = pair.routes("POST", &format!("/{id}/versions"), later).await.json();
    assert_eq!(made["result"]["version"]["is_valid"], json!(false), "{made}");
    let place = format!("/{id}/deployments");
    assert_eq!(pair.routes("POST", &place, json!({"version_id": "2"})).await.status, 400);
    pair.configure(
        json!({"providers": {"later": {"dialect": "openai", "base_url": "http://127.0.0.1:1/v1"}}}),
    );
    eventually(async || match pair.routes("POST", &place, json!({"version_id": "2"})).await {
        answer if answer.status == 200 => Ok(()),
        answer => Err(format!("the deployment, not {answer:?}")),
    })
    .await;
    let versions = pair.routes("GET", &format!("/{id}/versions"), Value::Null).await.json();
    assert_eq!(versions["data"]["versions"][0]["is_valid"], json!(true), "{versions}");
}

#[tokio::test]
async fn a_name_finds_the_one_route_that_has_it() {
    let pair = House::new().route(chain("support-file", ["x"])).start().await;
    for name in ["a-support", "support", "support-z"] {
        create(&pair, name, name).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let listed = pair.routes("GET", query, Value::Null).await.json();
        let routes = listed["data"]["routes"].as_array().unwrap().clone();
        assert_eq!(listed["data"]["total_count"], json!(routes.len()), "{query}");
        routes.iter().map(|route| route["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("?name=support").await, ["support"]);
    assert_eq!(names("?name=support-file").await, ["support-file"]);
    assert_eq!(names("?name=upport").await, Vec::<String>::new());
    assert_eq!(names("?search=UPPORT").await, ["a-support", "support", "support-z", "support-file"]);
    let asked = json!({"route": "support", "version_id": "1", "request": {"body": {}}});
    let walked = pair.manage("POST", "/api/v1/simulate", asked).await.json();
    assert_eq!(walked["result"]["attempts"][0]["model"], json!("support"), "{walked}");
}

#[tokio::test]
async fn a_route_of_a_file_is_shown_and_not_changed() {
    let pair = House::new().route(chain("r", ["first"])).start().await;
    let shown = pair.routes("GET", "/file-r", Value::Null).await.json();
    assert_eq!(
        (&shown["result"]["read_only"], &shown["result"]["name"]),
        (&json!(true), &json!("r")),
        "{shown}"
    );
    assert_eq!(shown["result"]["elements"], chain("r", ["first"])["elements"]);
    for (method, path, body) in [
        ("PATCH", "/file-r", json!({"name": "x"})),
        ("DELETE", "/file-r", Value::Null),
        ("POST", "/file-r/versions", elements("x")),
        ("POST", "", chain("r", ["second"])),
    ] {
        let refused = pair.routes(method, path, body).await;
        assert_eq!(refused.status, 409, "{method} {path}: {refused:?}");
    }
}

/// Requests without a pause, until they shall stop.
struct Traffic {
    stop: AtomicBool,
    served: AtomicUsize,
}

impl Traffic {
    /// Goes on beside `meanwhile`; every answer must be good.
    async fn beside<T>(pair: &Pair, meanwhile: impl AsyncFnOnce(&Self) -> T) -> T {
        let traffic = Self { stop: AtomicBool::new(false), served: AtomicUsize::new(0) };
        let ask = async {
            while !traffic.stop.load(Ordering::Relaxed) {
                let answer = pair.ask("r").send().await;
                assert_eq!(answer.status, 200, "{answer:?}");
                traffic.served.fetch_add(1, Ordering::Relaxed);
            }
        };
        let meanwhile = async {
            let done = meanwhile(&traffic).await;
            traffic.stop.store(true, Ordering::Relaxed);
            done
        };
        tokio::join!(ask, meanwhile).1
    }

    /// Waits for so many more answers.
    async fn goes_on(&self) {
        let enough = self.served.load(Ordering::Relaxed) + 20;
        eventually(async || match self.served.load(Ordering::Relaxed) {
            served if served >= enough => Ok(()),
            served => Err(format!("{enough} answers, not {served}")),
        })
        .await;
    }
}

async fn stands(pair: &Pair, state: &str) -> Value {
    eventually(async || match pair.status().await["store"].clone() {
        store if store["state"] == state => Ok(store),
        store => Err(format!("the store to be {state}, not {store}")),
    })
    .await
}

#[tokio::test]
async fn a_store_that_goes_away_is_noticed_by_people_and_by_no_client() {
    let server = Postgres::start("");
    let mut pair = pair_on(&server.url("postgres")).await;
    let id = create(&pair, "r", "first").await;
    Traffic::beside(&pair, async |traffic| {
        traffic.goes_on().await;
        server.kill();
        let away = stands(&pair, "away").await;
        assert_eq!(away["serving"], json!("what was read last"), "{away}");
        for (method, path, body) in [
            ("GET", format!("/{id}"), Value::Null),
            ("POST", String::new(), chain("another", ["x"])),
            ("POST", format!("/{id}/versions"), elements("lost")),
            ("DELETE", format!("/{id}"), Value::Null),
        ] {
            let refused = pair.routes(method, &path, body).await;
            assert_eq!(
                (refused.status, &refused.json()["errors"][0]["code"]),
                (503, &json!(7301)),
                "{method} {path}"
            );
        }
        pair.metric_is("attache_store_up", &[], 0.0).await;
        traffic.goes_on().await;
    })
    .await;
    pair.attache.terminate();
    pair.restart().await;
    let away = stands(&pair, "away").await;
    assert_eq!(away["serving"], json!("the last good snapshot, found on disk"), "{away}");
    Traffic::beside(&pair, async |traffic| {
        traffic.goes_on().await;
        server.resume().unwrap();
        stands(&pair, "here").await;
        pair.metric_is("attache_store_up", &[], 1.0).await;
        let versions = pair.routes("GET", &format!("/{id}/versions"), Value::Null).await.json();
        assert_eq!(versions["data"]["total_count"], json!(1), "nothing is half done: {versions}");
        let second = draft(&pair, &id, "second").await;
        deploy(&pair, &id, &second).await;
        traffic.goes_on().await;
    })
    .await;
    assert_eq!(pair.ask("r").send().await.header("x-attache-route"), "r@2");
}

#[tokio::test]
async fn a_pair_that_knows_nothing_of_its_store_is_not_ready() {
    let server = Postgres::start("");
    let mut pair = pair_on(&server.url("postgres")).await;
    create(&pair, "r", "first").await;
    server.kill();
    stands(&pair, "away").await;
    assert_eq!(pair.people("/readyz").await.status, 200, "it serves on by what it read");
    pair.attache.terminate();
    pair.remove("attache.last-good.json");
    pair.restart().await;
    let ready = pair.people("/readyz").await;
    assert_eq!(
        (ready.status, ready.text()),
        (503, "the store is away, and nothing of it is known here yet\n")
    );
    server.resume().unwrap();
    stands(&pair, "here").await;
    assert_eq!(pair.people("/readyz").await.status, 200);
    assert_eq!(pair.ask("r").send().await.status, 200);
}
