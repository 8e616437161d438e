//! Prices.

use super::place::{Place, ann, bob, now};
use attache::store::{Published, StoreError};
use serde_json::json;

pub(super) async fn a_price_is_set_published_and_deleted(place: &Place) {
    let store = place.store();
    let (one, two) = (json!([{"input": 1}]), json!([{"input": 2}, {"input": 3}]));
    assert!(matches!(store.price("p/m").await, Err(StoreError::Unknown { kind: "price", .. })));
    let first = store.set_price(ann(), "p/m", &one).await.unwrap();
    assert_eq!((first.name.as_str(), &first.versions, first.revision), ("p/m", &one, 1));
    assert_eq!(first.modified_at, now());
    store.set_price(ann(), "a/*", &one).await.unwrap();
    let second = store.set_price(bob(), "p/m", &two).await.unwrap();
    assert_eq!((&second.versions, second.revision), (&two, 2));
    assert_eq!(store.price("p/m").await.unwrap(), second);
    let names = async || {
        let published = store.published(&Published::default()).await.unwrap();
        assert_eq!(published.change, store.change().await.unwrap());
        published.prices.into_iter().map(|price| (price.name, price.revision)).collect::<Vec<_>>()
    };
    assert_eq!(names().await, [("a/*".into(), 1), ("p/m".into(), 2)]);
    // who knows what was there before reads what has changed
    let known = store.published(&Published::default()).await.unwrap();
    assert_eq!(store.delete_price(ann(), "p/m").await.unwrap(), second);
    let left = store.published(&known).await.unwrap().prices;
    assert_eq!(left.iter().map(|price| price.name.as_str()).collect::<Vec<_>>(), ["a/*"]);
    assert_eq!(names().await, [("a/*".into(), 1)]);
    assert!(matches!(store.delete_price(ann(), "p/m").await, Err(StoreError::Unknown { kind: "price", .. })));
}

pub(super) async fn a_price_is_not_set_over_one_that_was_not_seen(place: &Place) {
    let store = place.store();
    let price = json!([]);
    let moved = |expected, found| Err(StoreError::Moved { expected, found });
    let set = async |expected| {
        store.set_price(ann().expecting(Some(expected)), "p/m", &price).await.map(|p| p.revision)
    };
    assert_eq!(set(1).await, moved(1, 0));
    assert_eq!(set(0).await, Ok(1));
    assert_eq!(set(0).await, moved(0, 1));
    let delete =
        async |expected| store.delete_price(ann().expecting(Some(expected)), "p/m").await.map(|p| p.revision);
    assert_eq!(delete(2).await, moved(2, 1));
    assert_eq!(delete(1).await, Ok(1));
    assert!(matches!(store.set_price(ann(), "p/\0", &price).await, Err(StoreError::Refused(_))));
}
