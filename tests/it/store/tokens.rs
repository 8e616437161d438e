//! Admin tokens and sessions.

use super::place::{ALL, Place, ann, bob, later, now};
use attache::store::{Role, Session, StoreError, TokenDraft};
use std::time::Duration;

pub(super) async fn a_token_opens_until_it_is_revoked_or_ends(place: &Place) {
    let store = place.store();
    let first = store.create_token(ann(), &token("first", None)).await.unwrap();
    assert_eq!((first.name.as_str(), first.role, first.created_at), ("first", Role::Editor, now()));
    let short = place.store_at(later).create_token(ann(), &token("short", Some(later()))).await.unwrap();
    let taken = store.create_token(ann(), &TokenDraft { hash: "other".into(), ..token("first", None) }).await;
    assert_eq!(taken.unwrap_err(), StoreError::Taken { kind: "token", name: "first".into() });
    assert_eq!(store.tokens(ALL).await.unwrap().items, [short.clone(), first.clone()]);
    assert_eq!(store.token(&first.id).await.unwrap(), first);

    assert_eq!(store.token_by_hash(&first.hash).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.token_by_hash(&short.hash).await.unwrap().as_ref(), Some(&short));
    assert_eq!(place.store_at(later).token_by_hash(&short.hash).await.unwrap(), None, "it has expired");
    assert_eq!(store.token_by_hash("nobody's").await.unwrap(), None);

    let revoked = store.revoke_token(bob(), &first.id).await.unwrap();
    assert_eq!(revoked.revoked_at, Some(now()));
    assert_eq!(store.token_by_hash(&first.hash).await.unwrap(), None);
    let again = store.revoke_token(bob(), &first.id).await.unwrap_err();
    assert_eq!(again, StoreError::Refused("the token `first` is revoked".into()));
    let unknown = store.revoke_token(bob(), "nobody").await.unwrap_err();
    assert_eq!(unknown, StoreError::Unknown { kind: "token", id: "nobody".into() });
    // the name is free again
    store.create_token(ann(), &TokenDraft { hash: "new".into(), ..token("first", None) }).await.unwrap();
}

pub(super) async fn the_first_token_is_made_once(place: &Place) {
    let store = place.store();
    let made = store.first_token(ann(), &token("first", None)).await.unwrap().unwrap();
    assert_eq!(store.first_token(ann(), &token("second", None)).await.unwrap(), None);
    store.revoke_token(ann(), &made.id).await.unwrap();
    assert_eq!(store.first_token(ann(), &token("third", None)).await.unwrap(), None);
    assert_eq!(store.tokens(ALL).await.unwrap().total, 1);
}

pub(super) async fn a_session_ends_by_itself_and_with_its_token(place: &Place) {
    let store = place.store();
    let token = store.create_token(ann(), &token("first", None)).await.unwrap();
    let session = |word: &str, seconds| Session {
        hash: word.repeat(64),
        token: token.id.clone(),
        csrf: format!("csrf {word}"),
        expires_at: now() + Duration::from_secs(seconds),
    };
    let (short, long, other) = (session("s", 60), session("l", 7200), session("o", 7200));
    let before = store.change().await.unwrap();
    for begun in [&short, &long, &other] {
        store.begin_session(begun).await.unwrap();
    }
    assert_eq!(store.session(&short.hash).await.unwrap(), Some(short.clone()));
    assert_eq!(place.store_at(later).session(&short.hash).await.unwrap(), None, "it has expired");
    store.end_session(&other.hash).await.unwrap();
    store.end_session(&other.hash).await.unwrap();
    assert_eq!(store.session(&other.hash).await.unwrap(), None);
    assert_eq!(store.change().await.unwrap(), before, "pairs have nothing to read again");
    store.revoke_token(ann(), &token.id).await.unwrap();
    assert_eq!(store.session(&long.hash).await.unwrap(), None);
}

fn token(name: &str, expires_at: Option<std::time::SystemTime>) -> TokenDraft {
    TokenDraft {
        name: name.into(),
        role: Role::Editor,
        hash: format!("hash of {name}"),
        prefix: "at_".into(),
        expires_at,
    }
}
