//! Many at once.

use super::place::{ALL, Place, ann, draft, route};
use attache::store::{Once, Store, StoreError};
use futures_util::future::join_all;
use std::collections::HashSet;

/// What `count` tasks get that do the same at once, half of them through a store of its own, as another process would.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    place: &Place,
    count: usize,
    task: impl Fn(Store, usize) -> F,
) -> Vec<T> {
    let stores = [place.store(), place.store()];
    let tasks = (0..count).map(|i| tokio::spawn(task(stores[i % 2].clone(), i)));
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

pub(super) async fn fifty_writers_number_their_versions_without_a_gap(place: &Place) {
    let (made, _) = route(&place.store(), "r").await;
    let id = made.id.clone();
    let got = at_once(place, 50, move |store, i| {
        let id = id.clone();
        async move { store.create_version(ann(), &id, &draft(&i.to_string())).await.unwrap().1 }
    })
    .await;
    let numbers: HashSet<_> = got.iter().map(|version| version.number).collect();
    assert_eq!(numbers, (3..=52).collect());
    let store = place.store();
    let kept = store.versions(&made.id, ALL).await.unwrap();
    assert_eq!(kept.items.iter().map(|v| v.number).collect::<Vec<_>>(), (1..=52).rev().collect::<Vec<_>>());
    for version in got {
        assert!(kept.items.contains(&version), "every writer was told its own version");
    }
    let (route, _) = store.route(&made.id).await.unwrap();
    assert_eq!((route.latest, route.revision, store.change().await.unwrap()), (52, 52, 52));
}

pub(super) async fn one_of_fifty_deployments_that_expect_the_same_wins(place: &Place) {
    let (made, _) = route(&place.store(), "r").await;
    let got =
        at_once(place, 50, move |store, _| {
            let id = made.id.clone();
            async move {
                store.deploy(ann().expecting(Some(2)), &id, 2, None).await.map(|(route, _)| route.revision)
            }
        })
        .await;
    assert_eq!(got.iter().filter(|got| **got == Ok(3)).count(), 1, "{got:?}");
    let moved = Err(StoreError::Moved { expected: 2, found: 3 });
    assert_eq!(got.iter().filter(|got| **got == moved).count(), 49, "{got:?}");
}

pub(super) async fn fifty_deployments_that_expect_nothing_all_happen(place: &Place) {
    let (made, _) = route(&place.store(), "r").await;
    let id = made.id.clone();
    let got = at_once(place, 50, move |store, i| {
        let (id, version) = (id.clone(), if i % 3 == 0 { 1 } else { 2 });
        async move { store.deploy(ann(), &id, version, None).await.unwrap().0.deployment.unwrap() }
    })
    .await;
    let numbers: HashSet<_> = got.iter().map(|deployment| deployment.number).collect();
    assert_eq!(numbers, (2..=51).collect());
    let store = place.store();
    let newest = store.deployments(&made.id, ALL).await.unwrap().items[0].clone();
    assert_eq!(store.route(&made.id).await.unwrap().0.deployment, Some(newest));
}

pub(super) async fn one_of_twenty_creations_of_a_name_wins(place: &Place) {
    let got = at_once(place, 20, |store, _| async move {
        store.create_route(ann(), "r", &draft("one"), true).await.map(|(route, _)| route.name)
    })
    .await;
    assert_eq!(got.iter().filter(|got| got.is_ok()).count(), 1, "{got:?}");
    let taken = Err(StoreError::Taken { kind: "route", name: "r".into() });
    assert_eq!(got.iter().filter(|got| **got == taken).count(), 19, "{got:?}");
}

pub(super) async fn one_idempotency_key_at_once_makes_one_thing(place: &Place) {
    let got = at_once(place, 20, |store, _| async move {
        let once = Once { key: "k".into(), request_hash: "h".into() };
        store.create_route(ann().once(Some(&once)), "r", &draft("one"), true).await.unwrap().0.id
    })
    .await;
    assert_eq!(got.iter().collect::<HashSet<_>>().len(), 1);
    assert_eq!(place.store().change().await.unwrap(), 1);
}

pub(super) async fn first_uses_at_once_make_the_tables_once(place: &Place) {
    let tasks = (0..20).map(|_| {
        tokio::spawn({
            let store = place.store();
            async move { store.change().await }
        })
    });
    for got in join_all(tasks).await {
        assert_eq!(got.unwrap(), Ok(0));
    }
}
