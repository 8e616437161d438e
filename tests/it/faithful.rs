//! What `attache simulate` says is what a pair does: routes, keys and requests drawn at random, walked through a real Envoy.

use super::house::{Answer, House, Pair};
use serde_json::{Map, Value, json};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Routes, and requests for each.
const ROUTES: usize = 20;
const REQUESTS: usize = 5;
/// How many elements stand between the start and the end.
const ELEMENTS: usize = 8;
/// What models do, and how a simulation is told so.
const MODELS: [(&str, Option<&str>); 5] = [
    ("good", None),
    ("busy!status=503", Some("503")),
    ("wrong!status=400", Some("400")),
    ("closed!status=401", Some("401")),
    ("empty!empty", Some("empty_answer")),
];
const SHARES: [&[&str]; 3] = [&["10%", "else"], &["30%", "70%"], &["12.5%", "25%", "else"]];
const CONDITIONS: [&str; 5] = [
    r#"{"plan": "paid"}"#,
    r#"{"metadata.n": {"$gt": 4}}"#,
    r#"{"cel": "metadata.n % 2 == 0"}"#,
    r#"{"headers.x-team": "red", "stream": {"$ne": true}}"#,
    r#"{"input.chars": {"$gt": 5}}"#,
];

/// Numbers that are the same in every run (xorshift).
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, most: usize) -> usize {
        for shift in [13, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A graph whose every percentage has a key.
    fn route(&mut self, name: &str) -> Value {
        let mut elements: Vec<Value> = (0..ELEMENTS).map(|at| self.element(at)).collect();
        let mut reached = vec!["e0".to_owned()];
        elements.retain(|element| {
            let there = reached.iter().any(|id| *id == element["id"]);
            let to = element["outputs"].as_object().unwrap().values().filter(|_| there);
            reached.extend(to.map(|link| link["elementId"].as_str().unwrap().to_owned()));
            there
        });
        elements.insert(0, json!({"id": "start", "type": "start", "outputs": {"next": {"elementId": "e0"}}}));
        elements.push(json!({"id": "end", "type": "end"}));
        json!({"name": name, "elements": elements})
    }

    fn element(&mut self, at: usize) -> Value {
        let mut to = || {
            let to = at + 1 + self.below(3);
            json!({"elementId": if to < ELEMENTS { format!("e{to}") } else { "end".to_owned() }})
        };
        let [one, two, three] = [to(), to(), to()];
        let (form, properties, outputs) = match self.below(5) {
            0 => {
                let conditions: Value = serde_json::from_str(self.of(&CONDITIONS)).unwrap();
                ("conditional", json!({"conditions": conditions}), json!({"true": one, "false": two}))
            }
            1 => {
                let outputs = self.of(&SHARES).iter().zip([one, two, three]);
                let outputs: Map<_, _> = outputs.map(|(share, to)| ((*share).to_owned(), to)).collect();
                ("percentage", json!({"key": self.of(&["user", "plan,n", "key.id"])}), outputs.into())
            }
            2 => {
                let limit = json!({"key": "user", "limit": 1_000_000, "limitType": "count", "window": 60});
                ("rate", limit, json!({"success": one, "fallback": two}))
            }
            _ => {
                let (model, _) = self.of(&MODELS);
                let properties = json!({"provider": "mock", "model": model, "retries": self.below(2)});
                ("model", properties, json!({"success": {"elementId": "end"}, "fallback": one}))
            }
        };
        json!({"id": format!("e{at}"), "type": form, "properties": properties, "outputs": outputs})
    }

    fn request(&mut self, route: &str) -> (Value, Vec<(&'static str, String)>) {
        let body = json!({"model": route, "stream": self.below(2) == 0,
            "messages": [{"role": "user", "content": "hi".repeat(1 + self.below(4))}]});
        let metadata = json!({"user": format!("u{}", self.below(1000)), "plan": self.of(&["paid", "free"]), "n": self.below(9)});
        let mut headers = vec![
            ("x-attache-metadata", metadata.to_string()),
            ("x-team", self.of(&["red", "blue"]).to_owned()),
        ];
        if self.below(2) == 0 {
            headers.push(("authorization", "Bearer client-key".to_owned()));
        }
        (body, headers)
    }
}

/// What `attache simulate` prints for this request.
fn simulated(folder: &Path, route: &Value, body: &Value, headers: &[(&str, String)]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.args(["simulate", "--request", "-", "--config"]).arg(folder.join("attache.yaml"));
    for (name, value) in headers {
        command.args(["--header", &format!("{name}={value}")]);
    }
    for (model, fault) in MODELS {
        if let Some(fault) = fault.filter(|_| route.to_string().contains(model)) {
            command.args(["--fail", &format!("mock/{model}={fault}")]);
        }
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(body.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn served(pair: &Pair, body: &Value, headers: &[(&str, String)]) -> Answer {
    let mut ask = pair.chat(body.clone());
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    ask.send().await
}

#[tokio::test]
async fn a_hundred_simulated_walks_are_the_real_ones() {
    let mut drawn = Drawn(0x9e37_79b9_7f4a_7c15);
    let routes: Vec<_> = (0..ROUTES).map(|n| drawn.route(&format!("r{n}"))).collect();
    let settings = json!({
        "auth": {"keys": [{"id": "k", "key": "client-key", "metadata": {"plan": "paid"}}]},
        "retry": {"base": "1ms"},
        // a simulation knows nothing of the requests before it
        "health": {"enabled": false},
    });
    let house = House::new().settings(settings);
    let pair = routes.iter().fold(house, |house, route| house.route(route.clone())).start().await;
    let folder = pair.route_file("r0").parent().unwrap().parent().unwrap().to_owned();
    let mut elements = 0;
    for (n, route) in routes.iter().enumerate() {
        for _ in 0..REQUESTS {
            let (body, headers) = drawn.request(&format!("dynamic/r{n}"));
            let trace = simulated(&folder, route, &body, &headers);
            let answer = served(&pair, &body, &headers).await;
            let path: Vec<_> =
                trace["path"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
            let said = format!("{trace}\n{answer:?}");
            assert_eq!(answer.header("x-attache-path"), path.join(","), "{said}");
            assert_eq!(
                answer.header("x-attache-route"),
                format!("r{n}@{}", trace["version"].as_str().unwrap())
            );
            let attempts = trace["attempts"].as_array().unwrap().len();
            assert_eq!(answer.header("x-attache-attempts"), attempts.to_string(), "{said}");
            assert_eq!(json!(answer.status), trace["final"]["status"], "{said}");
            elements += path.len();
        }
    }
    assert!(elements > 4 * ROUTES * REQUESTS, "walks of {elements} elements in all are too short to tell");
}
