//! Routes, versions, deployments.

use super::place::{ALL, Place, ann, bob, draft, later, now, route};
use attache::store::{Canary, Draft, Page, Route, Store, StoreError, Version};

pub(super) async fn a_route_is_made_listed_renamed_and_deleted(place: &Place) {
    let store = place.store();
    let (made, version) = store.create_route(ann(), "support", &draft("one"), true).await.unwrap();
    assert_eq!((made.name.as_str(), made.revision, made.latest), ("support", 1, 1));
    assert_eq!((made.created_at, made.modified_at), (now(), now()));
    assert!(made.id.len() == 32 && made.id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{}", made.id);
    assert_eq!((version.number, version.author.as_str(), version.valid), (1, "ann", true));
    assert_eq!(version.hash, "4f845c0fb1d7fccbce79fb4f974d95099c6a8024d97917bb9bb76f26a1848530");
    let live = made.deployment.clone().unwrap();
    assert_eq!((live.number, live.version, live.comment.as_deref()), (1, 1, Some("why one")));
    assert_eq!(store.route(&made.id).await.unwrap(), (made.clone(), version.clone()));

    let taken = store.create_route(ann(), "support", &draft("one"), true).await.unwrap_err();
    assert_eq!(taken, StoreError::Taken { kind: "route", name: "support".into() });
    let (other, _) = store.create_route(ann(), "a", &draft("one"), false).await.unwrap();
    assert_eq!(other.deployment, None);
    assert_eq!(names(&store, ALL, None).await, ["a", "support"]);
    assert_eq!(store.rename_route(bob(), &other.id, "support").await.unwrap_err(), taken);

    let (renamed, _) = place.store_at(later).rename_route(bob(), &made.id, "help").await.unwrap();
    assert_eq!(renamed, Route { name: "help".into(), revision: 2, modified_at: later(), ..made.clone() });
    let again = store.rename_route(bob(), &made.id, "help").await.unwrap();
    assert_eq!(again.0, renamed);
    assert_eq!(store.delete_route(bob(), &made.id).await.unwrap().0, renamed);
    let unknown = StoreError::Unknown { kind: "route", id: made.id.clone() };
    assert_eq!(store.route(&made.id).await.unwrap_err(), unknown);
    assert_eq!(store.delete_route(bob(), &made.id).await.unwrap_err(), unknown);
    assert_eq!(store.versions(&made.id, ALL).await.unwrap_err(), unknown);
    // the name is free again
    let (new, _) = store.create_route(ann(), "help", &draft("one"), true).await.unwrap();
    assert_eq!((new.latest, new.deployment.unwrap().number), (1, 1));
}

pub(super) async fn versions_are_numbered_and_kept(place: &Place) {
    let store = place.store();
    let (made, second) = route(&store, "r").await;
    assert_eq!((made.revision, made.latest, second.number), (2, 2, 2));
    assert_eq!(made.deployment.as_ref().map(|live| live.version), Some(1), "a new version is not live");
    let odd = Draft { elements: "[1]".into(), valid: false, comment: None };
    let (_, third) = store.create_version(bob(), &made.id, &odd).await.unwrap();
    assert_eq!((third.valid, third.comment.as_deref(), third.author.as_str()), (false, None, "bob"));
    let all = store.versions(&made.id, ALL).await.unwrap();
    assert_eq!((numbers(&all.items), all.total), (vec![3, 2, 1], 3));
    assert_eq!(all.items[1], second);
    let (route, version) = store.version(&made.id, 3).await.unwrap();
    assert_eq!((route.latest, version), (3, third));
    let unknown = store.version(&made.id, 4).await.unwrap_err();
    assert_eq!(unknown, StoreError::Unknown { kind: "version", id: "4".into() });
    // what a route shows is what is live
    assert_eq!(store.route(&made.id).await.unwrap().1.number, 1);
}

pub(super) async fn deployments_make_versions_live(place: &Place) {
    let store = place.store();
    let (made, _) = route(&store, "r").await;
    let (deployed, version) = store.deploy(bob(), &made.id, 2, Some("better")).await.unwrap();
    let live = deployed.deployment.unwrap();
    assert_eq!((live.number, live.version, live.author.as_str()), (2, 2, "bob"));
    assert_eq!((live.comment.as_deref(), live.canary, version.number), (Some("better"), None, 2));
    assert_eq!(deployed.revision, 3);
    store.deploy(ann(), &made.id, 1, None).await.unwrap();
    let all = store.deployments(&made.id, ALL).await.unwrap();
    let told: Vec<_> = all.items.iter().map(|one| (one.number, one.version)).collect();
    assert_eq!((told, all.total), (vec![(3, 1), (2, 2), (1, 1)], 3));
    let unknown = store.deploy(ann(), &made.id, 9, None).await.unwrap_err();
    assert_eq!(unknown, StoreError::Unknown { kind: "version", id: "9".into() });
}

pub(super) async fn what_is_not_valid_is_never_live(place: &Place) {
    let store = place.store();
    let broken = Draft { valid: false, ..draft("broken") };
    let refused = StoreError::Refused("version 1 is not valid".into());
    assert_eq!(store.create_route(ann(), "r", &broken, true).await.unwrap_err(), refused);
    assert_eq!(names(&store, ALL, None).await, Vec::<String>::new());
    let (made, _) = store.create_route(ann(), "r", &broken, false).await.unwrap();
    assert_eq!(store.deploy(ann(), &made.id, 1, None).await.unwrap_err(), refused);
    assert_eq!(store.pin(ann(), &made.id, 1, true).await.unwrap_err(), refused);
    store.create_version(ann(), &made.id, &draft("sound")).await.unwrap();
    let canary = Canary { version: 1, percent: 5.0, key: None };
    let nothing = store.set_canary(ann(), &made.id, Some(&canary)).await.unwrap_err();
    assert!(matches!(nothing, StoreError::Refused(_)), "nothing is live: {nothing}");
    store.deploy(ann(), &made.id, 2, None).await.unwrap();
    assert_eq!(store.set_canary(ann(), &made.id, Some(&canary)).await.unwrap_err(), refused);
}

pub(super) async fn a_canary_is_a_deployment_of_its_own(place: &Place) {
    let store = place.store();
    let (made, _) = route(&store, "r").await;
    let canary = Canary { version: 2, percent: 12.5, key: Some("metadata.user_id".into()) };
    let (with, version) = store.set_canary(bob(), &made.id, Some(&canary)).await.unwrap();
    let live = with.deployment.clone().unwrap();
    assert_eq!((live.number, live.version, live.canary.as_ref(), version.number), (2, 1, Some(&canary), 1));
    assert_eq!(
        store.set_canary(bob(), &made.id, Some(&canary)).await.unwrap().0,
        with,
        "the same is no change"
    );
    for percent in [0.0, 100.0, -1.0, f64::NAN] {
        let no_share = Canary { percent, ..canary.clone() };
        let refused = store.set_canary(bob(), &made.id, Some(&no_share)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{percent}");
    }
    let live_anyway = Canary { version: 1, ..canary.clone() };
    assert!(store.set_canary(bob(), &made.id, Some(&live_anyway)).await.is_err());
    let nowhere = Canary { version: 3, ..canary };
    assert!(matches!(
        store.set_canary(bob(), &made.id, Some(&nowhere)).await.unwrap_err(),
        StoreError::Unknown { kind: "version", .. }
    ));
    let (without, _) = store.set_canary(bob(), &made.id, None).await.unwrap();
    assert_eq!(without.deployment.unwrap().canary, None);
    assert_eq!(store.deployments(&made.id, ALL).await.unwrap().total, 3);
    store.set_canary(bob(), &made.id, Some(&Canary { version: 2, percent: 1.0, key: None })).await.unwrap();
    let (deployed, _) = store.deploy(bob(), &made.id, 2, None).await.unwrap();
    assert_eq!(deployed.deployment.unwrap().canary, None, "a deployment ends a canary");
}

pub(super) async fn pins_are_kept_in_order(place: &Place) {
    let store = place.store();
    let (made, _) = route(&store, "r").await;
    let (pinned, _) = store.pin(ann(), &made.id, 2, true).await.unwrap();
    assert_eq!((pinned.pins.as_slice(), pinned.revision), ([2].as_slice(), 3));
    assert_eq!(store.pin(ann(), &made.id, 2, true).await.unwrap().0, pinned, "the same is no change");
    store.pin(ann(), &made.id, 1, true).await.unwrap();
    assert_eq!(store.route(&made.id).await.unwrap().0.pins, [1, 2]);
    assert_eq!(store.routes(ALL, None).await.unwrap().items[0].0.pins, [1, 2]);
    assert!(store.pin(ann(), &made.id, 3, true).await.is_err());
    let (unpinned, _) = store.pin(ann(), &made.id, 1, false).await.unwrap();
    assert_eq!((unpinned.pins.as_slice(), unpinned.revision), ([2].as_slice(), 5));
}

pub(super) async fn a_writer_who_saw_an_older_revision_is_refused(place: &Place) {
    let store = place.store();
    let (made, _) = route(&store, "r").await;
    let (id, moved) = (&made.id, StoreError::Moved { expected: 1, found: 2 });
    let old = || ann().expecting(Some(1));
    let canary = Canary { version: 2, percent: 1.0, key: None };
    assert_eq!(store.rename_route(old(), id, "s").await.unwrap_err(), moved);
    assert_eq!(store.delete_route(old(), id).await.unwrap_err(), moved);
    assert_eq!(store.create_version(old(), id, &draft("three")).await.unwrap_err(), moved);
    assert_eq!(store.deploy(old(), id, 2, None).await.unwrap_err(), moved);
    assert_eq!(store.set_canary(old(), id, Some(&canary)).await.unwrap_err(), moved);
    assert_eq!(store.pin(old(), id, 2, true).await.unwrap_err(), moved);
    assert_eq!(store.route(id).await.unwrap().0, made);
    store.deploy(ann().expecting(Some(2)), id, 2, None).await.unwrap();
}

pub(super) async fn names_are_found_whatever_their_case(place: &Place) {
    let store = place.store();
    for name in ["Support", "sup_port", "100%", "other", r"back\slash"] {
        route(&store, name).await;
    }
    assert_eq!(names(&store, ALL, None).await, ["100%", "Support", r"back\slash", "other", "sup_port"]);
    assert_eq!(names(&store, ALL, Some("PORT")).await, ["Support", "sup_port"]);
    assert_eq!(names(&store, ALL, Some("_")).await, ["sup_port"]);
    assert_eq!(names(&store, ALL, Some("%")).await, ["100%"]);
    assert_eq!(names(&store, ALL, Some(r"\")).await, [r"back\slash"]);
    assert_eq!(names(&store, ALL, Some("nobody")).await, Vec::<String>::new());
}

pub(super) async fn a_route_is_found_by_its_whole_name_only(place: &Place) {
    let store = place.store();
    for name in ["a-support", "support", "support-2"] {
        route(&store, name).await;
    }
    assert_eq!(store.route_named("support").await.unwrap().0.name, "support");
    for name in ["upport", "Support", "", "%", "\0"] {
        let unknown = store.route_named(name).await.unwrap_err();
        assert!(matches!(unknown, StoreError::Unknown { kind: "route", .. }), "{name:?}: {unknown}");
    }
}

pub(super) async fn a_page_is_a_part(place: &Place) {
    let store = place.store();
    for name in ["e", "d", "c", "b", "a"] {
        route(&store, name).await;
    }
    let page = |page| Page { page, per_page: 2 };
    assert_eq!(names(&store, page(1), None).await, ["a", "b"]);
    assert_eq!(names(&store, page(3), None).await, ["e"]);
    assert_eq!(names(&store, page(4), None).await, Vec::<String>::new());
    let second = store.routes(page(2), None).await.unwrap();
    assert_eq!(second.total, 5);
    let (route, version) = &second.items[0];
    assert_eq!((route.name.as_str(), version.number), ("c", 1));
    assert_eq!(numbers(&store.versions(&route.id, page(2)).await.unwrap().items), Vec::<u32>::new());
    assert_eq!(numbers(&store.versions(&route.id, Page { page: 2, per_page: 1 }).await.unwrap().items), [1]);
}

pub(super) async fn no_text_breaks_a_store(place: &Place) {
    let store = place.store();
    for name in ["'; DROP TABLE routes; --", "$1", "é \u{1F600} \u{202E}", "\n\t\"", "?"] {
        let odd = Draft { elements: format!("[{name:?}]"), comment: Some(name.into()), valid: true };
        let (made, version) = store.create_route(ann(), name, &odd, true).await.unwrap();
        assert_eq!((made.name.as_str(), version.comment.as_deref()), (name, Some(name)));
        assert_eq!(store.route(&made.id).await.unwrap(), (made, version));
    }
    let (made, _) = route(&store, "r").await;
    // the one character that PostgreSQL does not take
    let nul = Draft { comment: Some("\0".into()), ..draft("nul") };
    for refused in [
        store.create_route(ann(), "\0", &draft("one"), true).await,
        store.create_route(ann(), "nul", &nul, true).await,
        store.rename_route(ann(), &made.id, "\0").await,
        store.create_version(ann(), &made.id, &nul).await,
        store.deploy(ann(), &made.id, 1, Some("\0")).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    assert!(matches!(store.route("\0").await, Err(StoreError::Unknown { .. })));
    assert_eq!(names(&store, ALL, Some("\0")).await, Vec::<String>::new());
}

async fn names(store: &Store, page: Page, name: Option<&str>) -> Vec<String> {
    let listed = store.routes(page, name).await.unwrap();
    listed.items.into_iter().map(|(route, _)| route.name).collect()
}

fn numbers(versions: &[Version]) -> Vec<u32> {
    versions.iter().map(|version| version.number).collect()
}
