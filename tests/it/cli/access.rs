//! Keys, tokens, and who is let in.

use super::{House, Person, alone, route};
use crate::house::Pair;
use serde_json::json;

async fn asks(pair: &Pair, token: &str) -> u16 {
    pair.ask("r").header("authorization", &format!("Bearer {token}")).send().await.status
}

#[tokio::test]
async fn a_key_is_made_on_the_command_line_and_opens_until_it_is_revoked() {
    let pair = House::new().settings(json!({"auth": {"clients": "required"}})).start_closed().await;
    let person = Person::at(&pair.admin);
    person.types_with("routes create -f -", &route("r", 1000)).done();
    let made = person.types("keys create app --metadata plan=pro --metadata seats=5 --route r --expires 30d");
    assert!(made.err.contains("the key `app`") && made.err.contains("only this once"), "{made:?}");
    let token = made.done();
    assert!(token.starts_with("sk-att-") && token.lines().count() == 1, "{token}");
    assert_eq!(asks(&pair, token.trim()).await, 200);
    let shown = person.types("keys get app").done();
    for line in ["metadata  plan=\"pro\", seats=5\n", "routes    r\n", "models    *\n", "state     active\n"]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }

    person.types("keys update app --route other --clear metadata").done();
    assert_ne!(asks(&pair, token.trim()).await, 200, "it may call another route only");
    person.types("keys update app --clear routes --name app2").done();
    assert_eq!(asks(&pair, token.trim()).await, 200);
    assert_eq!(person.types("keys get app2 -o json").json()["metadata"], json!({}));

    let new = person.types("keys rotate app2 --overlap 0s").done();
    assert_eq!((asks(&pair, new.trim()).await, asks(&pair, token.trim()).await), (200, 401));
    assert_eq!(person.types("keys revoke app2").done(), "app2 is revoked\n");
    assert_eq!(asks(&pair, new.trim()).await, 401);
    assert!(person.types("keys list").done().contains("revoked"));
}

#[tokio::test]
async fn a_key_is_refused_with_every_mistake_in_its_routing() {
    let (_server, person) = alone().await;
    let routing = json!({"entries": [{"name": "chat", "provider": "mok"}, {"name": "x", "bogus": 1}]});
    let told = person.types_with("keys create app --routing -", &routing.to_string()).failed(1);
    assert!(told.contains("mok") && told.contains("bogus"), "{told}");
    let routing = json!({"entries": [{"name": "chat", "provider": "mock", "modelNameOverride": "a"}]});
    let key = person.types_with("keys create app --routing - -o json", &routing.to_string()).json();
    assert_eq!(key["routing"], routing);
    assert!(key["token"].as_str().unwrap().starts_with("sk-att-"));
    for line in
        ["keys update app", "keys create", "keys create b --expires soon", "keys create b --metadata x"]
    {
        person.types(line).failed(2);
    }
    assert!(person.types("keys revoke nobody").failed(1).contains("there is no key `nobody`"));
}

#[tokio::test]
async fn who_has_no_token_or_no_server_is_told_so() {
    let (_server, person) = alone().await;
    let told = person.other("a-token-that-nobody-made").types("routes list").failed(3);
    assert!(told.contains("known admin token"), "{told}");
    assert!(person.other("").types("routes list").failed(3).contains("ATTACHE_ADMIN_TOKEN"));
    person.writes("token", &format!("{}\n", person.token));
    let file = person.path("token");
    let by_file = person.other("wrong-wrong-wrong-wrong");
    by_file.types(&format!("routes list --token-file {}", file.display())).done();
    by_file.types("routes list --token-file nowhere").failed(3);
    let away = person.types("routes list --server http://127.0.0.1:1").failed(3);
    assert!(away.contains("http://127.0.0.1:1/ can not be reached") && away.contains("--server"), "{away}");
    person.types("routes list --server nonsense").failed(2);
    // a token itself is no argument: it would stand in the list of processes
    person.types("routes list --token secret").failed(2);
}

#[tokio::test]
async fn tokens_are_made_for_others_and_the_log_says_who_did_what() {
    let (_server, person) = alone().await;
    let token = person.types("tokens create ci --role deployer --expires 1d").done();
    let ci = person.other(token.trim());
    ci.types_with("routes create -f -", &route("r", 1)).done();
    assert!(ci.types("tokens list").failed(3).contains("takes the role admin"));
    let log = person.types("audit --kind route").done();
    let rows: Vec<Vec<&str>> = log.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows.len(), &rows[1][2..5]), (2, &["ci", "route.create", "r"][..]), "{log}");
    assert_eq!(person.types("audit --limit 1 -o json").json()["items"].as_array().unwrap().len(), 1);
    assert!(person.types("tokens list").done().contains("ci    deployer"));
    person.types("tokens revoke ci").done();
    ci.types("routes list").failed(3);
    person.types("tokens create x --role emperor").failed(2);
}
