//! Prices, set while requests go on.

use super::{Person, alone};
use crate::house::{House, chain};
use serde_json::json;

#[tokio::test]
async fn a_price_that_is_set_counts_at_once_until_it_is_deleted() {
    let pair = House::new().route(chain("r", ["first"])).start().await;
    let person = Person::at(&pair.admin);
    let cost = async || pair.ask("r").send().await.header("x-attache-cost").to_owned();
    assert_eq!(cost().await, "unknown");
    // "hi" is one prompt token, "Hello from first: hi" are four
    person.types("prices set mock/* --in 1000 --out 10000 --request 0.5").done();
    assert_eq!(cost().await, "0.541");
    let streamed = pair.ask("r").streamed().send().await;
    assert_eq!(streamed.header("x-attache-cost"), "", "what a stream will cost is not known at its head");
    person.types("prices set mock/* --in 2000 --out 10000 --from 2020-01-01").done();
    person.types("prices set mock/* --in 3000 --out 10000 --from 2999-01-01T00:00:00Z").done();
    assert_eq!(cost().await, "0.042");
    let listed = person.types("prices list --set").done();
    let rows: Vec<Vec<_>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 4, "{listed}");
    assert_eq!(rows[1], ["mock/*", "-", "1000.0", "10000.0", "1000.0", "request=0.5", "api"]);
    assert_eq!(rows[2], ["mock/*", "2020-01-01", "00:00", "2000.0", "10000.0", "2000.0", "-", "api"]);
    assert!(person.types("prices list").done().contains("openai/gpt-4o "));

    person.types("prices set mock/first --in 0 --out 0").done();
    assert_eq!(cost().await, "0", "the name of a model goes before a pattern");
    person.types("prices delete mock/first").done();
    person.types("prices delete mock/*").done();
    assert_eq!(cost().await, "unknown");
    assert_eq!(pair.ask("r").streamed().send().await.header("x-attache-cost"), "unknown");
    let told = person.types("audit -o json").json();
    let actions: Vec<_> =
        told["items"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    let [set, delete] = ["price.set", "price.delete"];
    assert_eq!(json!(actions), json!([delete, delete, set, set, set, set]));
}

#[tokio::test]
async fn what_is_no_price_is_refused_with_its_place() {
    let (_server, person) = alone().await;
    for line in [
        "prices set gpt-4o --in 1 --out 1",
        "prices set p/m --in 1",
        "prices set p/m --in 1 --out 1 --from soon",
    ] {
        person.types(line).failed(2);
    }
    let told = person.types("prices set p/m --in=-1 --out 1").failed(1);
    assert!(told.contains("body.versions.0.input") && told.contains("from 0 to 1000000"), "{told}");
    assert!(person.types("prices delete p/m").failed(1).contains("there is no price `p/m`"));
}
