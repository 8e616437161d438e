//! What pairs read.

use super::place::{Place, ann, draft, route};
use attache::store::{Canary, Published, PublishedRoute, Store};
use std::sync::Arc;

pub(super) async fn what_is_live_is_published(place: &Place) {
    let store = place.store();
    assert_eq!(published(&store).await, Published::default());
    let (b, _) = route(&store, "b").await;
    let (a, _) = route(&store, "a").await;
    let (idle, _) = store.create_route(ann(), "idle", &draft("one"), false).await.unwrap();
    store.pin(ann(), &idle.id, 1, true).await.unwrap();
    for word in ["three", "four", "five"] {
        store.create_version(ann(), &b.id, &draft(word)).await.unwrap();
    }
    let canary = Canary { version: 2, percent: 5.0, key: None };
    store.set_canary(ann(), &b.id, Some(&canary)).await.unwrap();
    store.pin(ann(), &b.id, 5, true).await.unwrap();
    store.pin(ann(), &b.id, 2, true).await.unwrap();
    let all = published(&store).await;
    assert_eq!(all.change, store.change().await.unwrap());
    let told: Vec<_> = all.routes.iter().map(|r| (r.name.as_str(), r.id.as_str(), r.live)).collect();
    assert_eq!(told, [("a", a.id.as_str(), 1), ("b", b.id.as_str(), 1)], "what is not live is not published");
    assert_eq!((&all.routes[0].canary, all.routes[1].canary.as_ref()), (&None, Some(&canary)));
    let versions: Vec<_> = all.routes[1].versions.iter().map(|v| (v.number, v.elements.clone())).collect();
    assert_eq!(
        versions,
        [(1, draft("one").elements), (2, draft("two").elements), (5, draft("five").elements)]
    );
    let (_, five) = store.version(&b.id, 5).await.unwrap();
    assert_eq!(all.routes[1].versions[2].hash, five.hash);
    store.delete_route(ann(), &a.id).await.unwrap();
    assert_eq!(published(&store).await.routes, all.routes[1..]);
}

pub(super) async fn known_documents_are_not_read_again(place: &Place) {
    let store = place.store();
    let (made, _) = route(&store, "r").await;
    let mut known = published(&store).await;
    // what is known can be told by what was never written
    route_of(&mut known).versions[0].elements = "known".into();
    store.deploy(ann(), &made.id, 2, None).await.unwrap();
    store.pin(ann(), &made.id, 1, true).await.unwrap();
    let all = store.published(&known).await.unwrap();
    let documents: Vec<_> = all.routes[0].versions.iter().map(|version| version.elements.as_str()).collect();
    assert_eq!(documents, ["known", draft("two").elements.as_str()]);
}

pub(super) async fn another_document_under_a_known_number_is_read(place: &Place) {
    let store = place.store();
    route(&store, "r").await;
    let now = published(&store).await;
    let mut known = now.clone();
    // as if it were another database, an older one put back in place
    known.mark = Some("other".into());
    let route = route_of(&mut known);
    (route.versions[0].hash, route.versions[0].elements) = ("other".into(), "other".into());
    assert_eq!(store.published(&known).await.unwrap(), now);
}

pub(super) async fn what_has_changed_is_read_and_nothing_else(place: &Place) {
    let store = place.store();
    let (moved, _) = route(&store, "moved").await;
    let (gone, _) = route(&store, "gone").await;
    route(&store, "still").await;
    let mut known = published(&store).await;
    // what was not touched can be told by what was never written
    for route in &mut known.routes {
        Arc::make_mut(route).versions[0].elements = "known".into();
    }
    store.rename_route(ann(), &moved.id, "a new name").await.unwrap();
    store.delete_route(ann(), &gone.id).await.unwrap();
    let (late, _) = route(&store, "late").await;
    store.deploy(ann(), &late.id, 2, None).await.unwrap();
    let now = store.published(&known).await.unwrap();
    let told: Vec<_> = now.routes.iter().map(|r| (r.name.as_str(), r.live)).collect();
    assert_eq!(told, [("a new name", 1), ("late", 2), ("still", 1)]);
    assert_eq!(now.routes[2].versions[0].elements, "known");
    assert_eq!(now.change, store.change().await.unwrap());
    // more than is followed one by one: everything is read
    for n in 0..201 {
        store.deploy(ann(), &late.id, 1 + n % 2, None).await.unwrap();
    }
    let known = Published { routes: Vec::new(), ..now };
    assert_eq!(store.published(&known).await.unwrap().routes, published(&store).await.routes);
}

fn route_of(known: &mut Published) -> &mut PublishedRoute {
    Arc::make_mut(&mut known.routes[0])
}

async fn published(store: &Store) -> Published {
    store.published(&Published::default()).await.unwrap()
}
