//! What pairs read.

use super::place::{Place, ann, draft, route};
use attache::store::{Canary, Published, Store};

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
    known.routes[0].versions[0].elements = "known".into();
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
    known.routes[0].versions[0].hash = "other".into();
    known.routes[0].versions[0].elements = "other".into();
    assert_eq!(store.published(&known).await.unwrap(), now);
}

async fn published(store: &Store) -> Published {
    store.published(&Published::default()).await.unwrap()
}
