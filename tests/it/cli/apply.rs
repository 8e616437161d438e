//! A folder of documents says what is live.

use super::{alone, route};
use serde_json::json;
use std::fs;

#[tokio::test]
async fn a_folder_says_what_is_live() {
    let (_server, person) = alone().await;
    person.writes("support.json", &route("support", 1000));
    assert_eq!(person.types("routes create -f support.json -m first").done(), "support v1 is live\n");
    let shown = person.types("routes get support").json();
    assert_eq!(shown["elements"][1]["properties"]["timeout"], 1000);

    assert_eq!(person.types("routes export -d live").done(), "support v1 → live/support.json\n");
    assert_eq!(person.types("routes get support").done(), person.reads("live/support.json"));
    let nothing = "0 to create, 0 to update, 0 to delete, 1 unchanged\n";
    assert_eq!(person.types("routes apply -f live --prune --dry-run").done(), nothing);
    assert_eq!(person.types("routes apply -f live --prune").done(), nothing);

    person.writes("live/support.json", &person.reads("live/support.json").replace("1000", "2000"));
    person.writes("live/triage.json", &route("triage", 5));
    let plan = "~ support: deploy a new version; v1 is live\n    ~ m1\n        properties.timeout: 1000 → 2000\n\
                + triage: create, of live/triage.json\n1 to create, 1 to update, 0 to delete, 0 unchanged\n";
    let dry = person.types("routes apply -f live --dry-run");
    assert_eq!((dry.code, dry.out.as_str()), (4, plan), "{dry:?}");
    assert!(person.types("routes get triage").failed(1).contains("there is no route `triage`"));
    let applied = person.types("routes apply -f live -m slower").done();
    assert_eq!(applied, format!("{plan}support v2 is live; v1 was\ntriage v1 is live\n"));
    let again = "0 to create, 0 to update, 0 to delete, 2 unchanged\n";
    assert_eq!(person.types("routes apply -f live --dry-run").done(), again);
    assert_eq!(person.types("routes apply -f live").done(), again);

    assert_eq!(person.types("routes rollback support").done(), "support v1 is live; v2 was\n");
    fs::remove_file(person.path("live/triage.json")).unwrap();
    let pruned = person.types("routes apply -f live --prune").done();
    // what is wanted is the newest version already: no other one is made
    assert!(pruned.contains("~ support: deploy the draft v2; v1 is live\n"), "{pruned}");
    assert!(pruned.ends_with("support v2 is live; v1 was\ntriage is deleted\n"), "{pruned}");
    assert_eq!(person.types("routes versions support").done().lines().count(), 3);
}

#[tokio::test]
async fn nothing_is_done_while_any_document_has_mistakes_and_all_of_them_are_told() {
    let (_server, person) = alone().await;
    person.writes("d/a.json", &route("a", 1000));
    person.writes("d/b.json", &route("b", 1000).replace("\"mock\"", "\"mok\"").replace("1000", "-1"));
    person.writes("d/c.json", "{\"name\":");
    person.writes("d/d.json", "[]");
    person.writes("d/ignored.txt", "{");
    for line in ["routes apply -f d", "routes apply -f d --dry-run"] {
        let told = person.types(line).failed(1);
        for place in [
            "d/b.json: G021 unknown-provider in `m1` at /elements/1/properties/provider: ",
            "did you mean `mock`?",
            "at /elements/1/properties/timeout",
            "d/c.json: ",
            "d/d.json: ",
        ] {
            assert!(told.contains(place), "{place}: {told}");
        }
        assert!(!told.contains("d/a.json"), "{told}");
    }
    assert_eq!(person.types("routes list").done().lines().count(), 1, "nothing was made");
    person.writes("twice/a.json", &route("a", 1));
    person.writes("twice/b.json", &route("a", 2));
    assert!(person.types("routes apply -f twice").failed(1).contains("twice/a.json already"));
    fs::create_dir(person.path("empty")).unwrap();
    assert!(person.types("routes apply -f empty --prune").failed(1).contains("holds no documents"));
}

#[tokio::test]
async fn one_document_is_applied_alone_and_the_servers_own_files_are_left_alone() {
    let house = super::House::new().route(serde_json::from_str(&route("filed", 1)).unwrap());
    let server = house.start_alone().await;
    let person = super::Person::at(&server.admin);
    person.writes("one.json", &route("one", 1));
    person.types("routes apply -f one.json").done();
    assert!(person.types("routes apply -f one.json --prune").failed(2).contains("--prune"));
    person.writes("d/one.json", &route("one", 1));
    let plan = person.types("routes apply -f d --prune --dry-run -o json").json();
    assert_eq!(plan, json!({"changes": [], "unchanged": 1}));
    person.writes("d/filed.json", &route("filed", 2));
    assert!(
        person
            .types("routes apply -f d")
            .failed(1)
            .contains("d/filed.json: the route `filed` comes from a file")
    );
    assert_eq!(person.types("routes export -d all").done(), "one v1 → all/one.json\n");
}

#[tokio::test]
async fn what_can_not_be_done_is_told_and_the_rest_is_done() {
    let (_server, person) = alone().await;
    person.writes("d/a.json", &route("a", 1));
    let editor = person.types("tokens create ed --role editor").done();
    let editor = person.other(editor.trim());
    editor.writes("d/a.json", &route("a", 1));
    assert!(editor.types("routes apply -f d").failed(3).contains("takes the role deployer"));
    person.types("routes apply -f d").done();
    // a draft without a deployment is nobody's but its maker's: --prune leaves it
    person.writes("mine.json", &route("mine", 1));
    person.types("routes create -f mine.json --draft").done();
    let pruned = person.types("routes apply -f d --prune").done();
    assert_eq!(pruned, "0 to create, 0 to update, 0 to delete, 1 unchanged\n");
}
