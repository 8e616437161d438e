//! Dumps: from one store into another, whichever engines they have.

use super::{
    entries::{events, everything},
    keys::secret,
    place::{ALL, Place, ann, draft, later, route},
};
use attache::store::{Canary, DumpError, KeyDraft, Published, Store, StoreError, Terms};

pub(super) async fn a_dump_moves_everything_that_lasts(place: &Place) {
    let store = place.store();
    everything(&store).await;
    let (made, _) = route(&store, "é\n\"").await;
    store.pin(ann(), &made.id, 2, true).await.unwrap();
    let canary = Canary { version: 2, percent: 0.1, key: Some("k".into()) };
    store.set_canary(ann(), &made.id, Some(&canary)).await.unwrap();
    for i in 0..150 {
        store.create_version(ann(), &made.id, &draft(&i.to_string())).await.unwrap();
    }
    let wanted = KeyDraft { name: "live".into(), terms: Terms::default(), expires_at: Some(later()) };
    store.create_key(ann(), &wanted, &secret("9")).await.unwrap();
    let dump = dump(&store).await;
    for other in [Place::sqlite(), place.another().await] {
        let there = other.store();
        let rows = there.load(dump.as_slice()).await.unwrap();
        assert_eq!(
            rows,
            dump.split(|byte| *byte == b'\n').count() as u64 - 3,
            "all but head, end and the rest"
        );
        assert_eq!(world(&there).await, world(&store).await);
        assert_eq!(events(&there).await, events(&store).await);
        assert_eq!(
            there.versions(&made.id, ALL).await.unwrap(),
            store.versions(&made.id, ALL).await.unwrap()
        );
        assert_eq!(
            there.deployments(&made.id, ALL).await.unwrap(),
            store.deployments(&made.id, ALL).await.unwrap()
        );
        assert_eq!(there.keys(ALL).await.unwrap(), store.keys(ALL).await.unwrap());
        assert_eq!(there.tokens(ALL).await.unwrap(), store.tokens(ALL).await.unwrap());
        assert_eq!(there.change().await.unwrap(), store.change().await.unwrap() + 1);
        // and it goes on from there
        let (route, version) = there.create_version(ann(), &made.id, &draft("next")).await.unwrap();
        assert_eq!((route.latest, version.number), (153, 153));
    }
}

pub(super) async fn a_dump_is_loaded_whole_or_not_at_all(place: &Place) {
    let from = Place::sqlite();
    route(&from.store(), "r").await;
    let good = String::from_utf8(dump(&from.store()).await).unwrap();
    let store = place.store();
    let lines: Vec<&str> = good.lines().collect();
    let without_end = lines[..lines.len() - 1].join("\n");
    let without_a_row = [&lines[..2], &lines[3..]].concat().join("\n");
    for (broken, why) in [
        ("", "line 1: the end is missing"),
        ("no JSON", "line 1: this is no line of a dump"),
        (&without_end, "the end is missing"),
        (&without_a_row, "5 rows were read, but there were 6"),
        (&good.replace("\"pins\"", "\"pips\"").replace("\"audit\"", "\"odd\""), "there is no table `odd`"),
        (&good.replace("\"revision\":2", "\"revision\":\"2\""), "`revision` is a number, not \"2\""),
        (&good.replace("\"latest\":2", "\"latest\":2,\"odd\":1"), "`routes` has no `odd`"),
        (&good.replace("\"attache_store\":1", "\"attache_store\":99"), "its tables are at step 99"),
        (&good.replace(",\"modified_at\":1700000000123", ""), "up to here"),
    ] {
        let error = store.load(broken.as_bytes()).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}, not {why}");
        assert_eq!(store.routes(ALL, None).await.unwrap().total, 0);
    }
    store.load(good.as_bytes()).await.unwrap();
    let twice = store.load(good.as_bytes()).await.unwrap_err();
    assert!(matches!(twice, DumpError::Store(StoreError::Refused(_))), "{twice}");
}

async fn dump(store: &Store) -> Vec<u8> {
    let mut dump = vec![];
    store.dump(&mut dump).await.unwrap();
    dump
}

async fn world(store: &Store) -> Published {
    Published { change: 0, mark: None, ..store.published(&Published::default()).await.unwrap() }
}
