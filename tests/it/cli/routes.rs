//! Routes and versions, one at a time.

use super::{alone, route};

#[tokio::test]
async fn a_draft_is_kept_with_its_mistakes_and_deployed_without_them() {
    let (_server, person) = alone().await;
    person.writes("r.json", &route("r", 1));
    let broken = route("r", 1).replace("\"mock\"", "\"mok\"");
    let refused = person.types_with("routes create -f -", &broken).failed(1);
    assert!(refused.contains("G021 unknown-provider"), "{refused}");
    let draft = person.types_with("routes create --draft -f -", &broken);
    assert_eq!(draft.out, "r v1 is a draft\n");
    assert!(
        draft
            .failed(1)
            .contains("r v1 has mistakes and can not be deployed:\n         G021 unknown-provider")
    );
    assert!(person.types("routes deploy r 1").failed(1).contains("G021"));
    assert_eq!(person.types("routes draft r -f r.json -m mended").done(), "r v2 is a draft\n");
    assert_eq!(person.types("routes deploy r v2 -m now").done(), "r v2 is live; - was\n");
    assert!(person.types("routes rollback r").failed(1).contains("no other version of `r` was live"));
    person.writes("other.json", &route("other", 1));
    assert!(
        person.types("routes draft r -f other.json").failed(1).contains("a document of `other`, not of `r`")
    );
    assert!(person.types("routes create -f r.json").failed(1).contains("taken"));
}

#[tokio::test]
async fn a_part_of_a_name_is_no_name() {
    let (_server, person) = alone().await;
    for name in ["a-support", "support-z"] {
        person.types_with("routes create -f -", &route(name, 1)).done();
    }
    for line in ["delete support", "deploy support 1", "rename support x", "get support"] {
        assert!(person.types(&format!("routes {line}")).failed(1).contains("no route `support`"), "{line}");
    }
    assert_eq!(person.types("routes list").done().lines().count(), 3);
}

#[tokio::test]
async fn versions_are_listed_compared_pinned_and_given_a_share() {
    let (_server, person) = alone().await;
    person.types_with("routes create -f -", &route("r", 1)).done();
    person.types_with("routes draft r -m slower -f -", &route("r", 2)).done();
    assert_eq!(person.types("routes diff r 1 2").done(), "~ m1\n    properties.timeout: 1 → 2\n");
    assert_eq!(person.types("routes diff r 2 2").done(), "v2 and v2 are the same\n");
    let share = person.types("routes canary r 2 10% --key metadata.user_id").done();
    assert_eq!(share, "r v1 is live; canary: v2 10%\n");
    person.types("routes pin r 2").done();
    let versions = person.types("routes versions r").done();
    let rows: Vec<Vec<&str>> = versions
        .lines()
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
        .collect();
    assert_eq!(rows[0], ["VERSION", "STATE", "VALID", "AUTHOR", "MADE", "COMMENT"]);
    assert_eq!(rows[1][..4], ["v2", "canary 10%, pinned", "yes", "environment"]);
    assert_eq!((rows[1][5], rows[1][4].len()), ("slower", "2026-11-24 08:15".len()));
    assert_eq!(rows[2][..2], ["v1", "live"]);
    let listed = person.types("routes list").done();
    assert!(listed.lines().nth(1).unwrap().starts_with("r     v1    v2 10%  v2      "), "{listed}");
    assert_eq!(person.types("routes canary r --end").done(), "r v1 is live, without a canary\n");
    person.types("routes unpin r 2").done();
    assert_eq!(person.types("routes get r --version 2").json()["elements"][1]["properties"]["timeout"], 2);
    for line in ["routes canary r", "routes canary r 2", "routes canary r 2 100", "routes deploy r two"] {
        person.types(line).failed(2);
    }
}

#[tokio::test]
async fn json_is_the_apis_own_answer() {
    let (_server, person) = alone().await;
    let made = person.types_with("routes create -f - -o json", &route("r", 1)).json();
    assert_eq!((made["name"].as_str(), made["version"]["version_id"].as_str()), (Some("r"), Some("1")));
    let list = person.types("routes list -o json").json();
    assert_eq!(list["routes"][0]["id"], made["id"]);
    assert_eq!(list["total_count"], 1);
    assert_eq!(person.types("-o json routes list").code, 2, "it belongs to the commands over the API");
    assert_eq!(person.types("routes -o json list").json(), list);
    let renamed = person.types("routes rename r s -o json").json();
    assert_eq!(renamed["name"], "s");
    assert_eq!(person.types("routes delete s").done(), "s is deleted; v1 was live\n");
    assert!(person.types("routes delete s").failed(1).contains("there is no route `s`"));
}
