//! The store is away, and comes back.

use super::{
    keys::secret,
    place::{ALL, Place, ann, draft, now, route},
};
use crate::house::{Behind, Gate, Postgres, eventually};
use attache::store::{
    DumpError, EventFilter, KeyDraft, Published, Role, Session, Settings, Store, StoreError, Terms,
    TokenDraft,
};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde_json::Value;
use sqlx::{Connection, PgConnection, SqliteConnection, raw_sql};
use std::{
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};
use tokio::task::block_in_place;

/// Shorter than by default, to be sooner done.
fn settings() -> Settings {
    Settings {
        connect_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(1),
        ..Settings::default()
    }
}

/// What a machine with two busy cores may be late.
const LATE: Duration = Duration::from_secs(1);
/// Stands in a URL and must never be said.
const PASSWORD: &str = "unspeakable";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_tells_in_time_that_postgres_is_away_and_works_again_when_it_is_back() {
    let server = Postgres::start("fsync = off");
    let store = Store::with(&server.url("postgres"), now, settings()).unwrap();
    route(&store, "r").await;
    for end in [|server: &Postgres| server.stop("fast"), Postgres::kill] {
        // connections that the pool keeps, which die with the server
        join_all((0..5).map(|_| store.change())).await;
        block_in_place(|| end(&server));
        all_away(&store).await;
        block_in_place(|| server.resume()).unwrap();
        works(&store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_tells_in_time_that_postgres_is_silent_and_works_again_when_it_is_not() {
    let server = Postgres::start("fsync = off");
    let gate = Gate::before(Behind::Socket(server.socket())).await;
    let url = format!("postgres://attache:{PASSWORD}@127.0.0.1:{}/postgres", gate.port);
    let store = Store::with(&url, now, settings()).unwrap();
    route(&store, "r").await;
    join_all((0..5).map(|_| store.change())).await;
    gate.close();
    all_away(&store).await;
    gate.open();
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_can_be_away_when_the_process_starts() {
    let server = Postgres::start("fsync = off");
    block_in_place(|| server.stop("fast"));
    let store = Store::with(&server.url("postgres"), now, settings()).unwrap();
    let mut watch = store.watch();
    all_away(&store).await;
    block_in_place(|| server.resume()).unwrap();
    works(&store).await;
    tokio::time::timeout(crate::house::PATIENCE, watch.changed()).await.expect("it listens by now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_heard_of_also_after_the_connection_was_lost() {
    let server = Postgres::start("fsync = off");
    let stores = [(); 2].map(|()| Store::with(&server.url("postgres"), now, settings()).unwrap());
    let (made, _) = route(&stores[0], "r").await;
    let mut watch = stores[1].watch();
    watch.changed().await;
    for _ in 0..2 {
        for _ in 0..3 {
            stores[0].deploy(ann(), &made.id, 1, None).await.unwrap();
            let heard = tokio::time::timeout(Duration::from_secs(2), watch.changed()).await;
            heard.expect("a change is told within 2 s");
        }
        let quiet = tokio::time::timeout(Duration::from_millis(100), watch.changed()).await;
        assert!(quiet.is_err(), "nothing has changed");
        block_in_place(|| server.stop("immediate"));
        block_in_place(|| server.resume()).unwrap();
        // it may have missed something
        tokio::time::timeout(crate::house::PATIENCE, watch.changed()).await.expect("it listens again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_who_stands_still_keeps_nobody_waiting_for_long() {
    let server = Postgres::start("fsync = off");
    let gate = Gate::before(Behind::Socket(server.socket())).await;
    let url = format!("postgres://attache@127.0.0.1:{}/postgres", gate.port);
    let [frozen, other] =
        [url, server.url("postgres")].map(|url| Store::with(&url, now, settings()).unwrap());
    let (made, _) = route(&frozen, "r").await;
    let writes = tokio::spawn(async move { while frozen.deploy(ann(), &made.id, 1, None).await.is_ok() {} });
    let mut watcher = PgConnection::connect(&server.url("postgres")).await.unwrap();
    eventually(async || {
        gate.close();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let free = raw_sql("SELECT 1 FROM state FOR UPDATE SKIP LOCKED");
        if free.fetch_optional(&mut watcher).await.unwrap().is_none() {
            return Ok(());
        }
        gate.open();
        Err("it stops somewhere within a write".into())
    })
    .await;
    eventually(async || {
        let name = format!("{:032x}", rand::random::<u128>());
        other.create_route(ann(), &name, &draft("one"), true).await.map_err(|error| error.to_string())
    })
    .await;
    writes.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_can_not_be_opened_is_away_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("not yet #1%");
    let store = Store::with(&format!("sqlite:{}/a.db", inner.display()), now, settings()).unwrap();
    all_away(&store).await;
    let away = store.change().await.unwrap_err();
    assert!(away.to_string().contains("a.db: No such file"), "{away}");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(inner.join("a.db"), "this is a text, and of some length too").unwrap();
    let no_database = store.change().await.unwrap_err();
    assert!(no_database.to_string().contains("file is not a database"), "{no_database}");
    std::fs::remove_file(inner.join("a.db")).unwrap();
    works(&store).await;
    for file in ["a.db", "a.db-wal"] {
        let mode = std::fs::metadata(inner.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file} holds hashes of secrets");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_writes_to_for_too_long_is_away_for_writers_only() {
    let place = Place::sqlite();
    let store = Store::with(&place.url, now, settings()).unwrap();
    let (made, _) = route(&store, "r").await;
    let mut other = SqliteConnection::connect(&place.url).await.unwrap();
    raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let began = Instant::now();
    let away = store.deploy(ann(), &made.id, 2, None).await.unwrap_err();
    assert!(matches!(away, StoreError::Away(_)) && began.elapsed() < settings().deadline + LATE, "{away}");
    store.route(&made.id).await.unwrap();
    raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    works(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_a_newer_attache_is_left_alone() {
    let place = Place::sqlite();
    place.store().change().await.unwrap();
    let mut other = SqliteConnection::connect(&place.url).await.unwrap();
    raw_sql("INSERT INTO schema_steps (taken) VALUES (99)").execute(&mut other).await.unwrap();
    let refused = place.store().change().await.unwrap_err();
    assert!(matches!(&refused, StoreError::Refused(why) if why.contains("newer Attaché")), "{refused}");
}

/// That every operation says so within its deadline, and says no password.
async fn all_away(store: &Store) {
    let answers = join_all(every_operation(store).into_iter().map(|(name, operation)| async move {
        let began = Instant::now();
        (name, operation.await, began.elapsed())
    }));
    for (name, answer, took) in answers.await {
        let Err(away @ StoreError::Away(_)) = answer else { panic!("{name}: {answer:?}") };
        assert!(took < settings().deadline + LATE, "{name} took {took:?}");
        assert!(!away.to_string().contains(PASSWORD), "{name}: {away}");
    }
}

/// That the same store reads and writes again.
async fn works(store: &Store) {
    let name = format!("{:032x}", rand::random::<u128>());
    let wanted = draft("one");
    eventually(async || {
        store.create_route(ann(), &name, &wanted, true).await.map_err(|error| error.to_string())
    })
    .await;
    assert!(store.routes(ALL, Some(&name)).await.unwrap().total == 1);
}

type Operation<'a> = BoxFuture<'a, Result<(), StoreError>>;

/// Operations of a store with their names; what they give does not matter.
macro_rules! operations {
    ($store:ident: $($operation:ident($($argument:expr),*),)*) => {
        vec![$((
            stringify!($operation),
            async move { $store.$operation($($argument),*).await.map(drop) }.boxed(),
        )),*]
    };
}

fn every_operation(store: &Store) -> Vec<(&'static str, Operation<'_>)> {
    [of_routes(store), of_people(store), of_everything(store)].into_iter().flatten().collect()
}

fn of_routes(store: &Store) -> Vec<(&'static str, Operation<'_>)> {
    operations![store:
        routes(ALL, None),
        route("id"),
        create_route(ann(), "name", &draft("one"), true),
        rename_route(ann(), "id", "name"),
        delete_route(ann(), "id"),
        versions("id", ALL),
        version("id", 1),
        create_version(ann(), "id", &draft("one")),
        deployments("id", ALL),
        deploy(ann(), "id", 1, None),
        set_canary(ann(), "id", None),
        pin(ann(), "id", 1, true),
    ]
}

fn of_people(store: &Store) -> Vec<(&'static str, Operation<'_>)> {
    let session = || Session { hash: "h".into(), token: "t".into(), csrf: "c".into(), expires_at: now() };
    let key = || KeyDraft { name: "k".into(), terms: Terms::default(), expires_at: None };
    let token = || {
        let [name, hash, prefix] = ["t", "h", "p"].map(str::to_owned);
        TokenDraft { name, hash, prefix, role: Role::Admin, expires_at: None }
    };
    operations![store:
        keys(ALL),
        key("id"),
        create_key(ann(), &key(), &secret("1")),
        update_key(ann(), "id", &key()),
        rotate_key(ann(), "id", &secret("1"), now()),
        revoke_key(ann(), "id"),
        tokens(ALL),
        token("id"),
        token_by_hash("hash"),
        create_token(ann(), &token()),
        first_token(ann(), &token()),
        revoke_token(ann(), "id"),
        begin_session(&session()),
        session("hash"),
        end_session("hash"),
    ]
}

fn of_everything(store: &Store) -> Vec<(&'static str, Operation<'_>)> {
    let away = |error: DumpError| match error {
        DumpError::Store(error) => error,
        other => StoreError::Refused(other.to_string()),
    };
    let mut all: Vec<(&'static str, Operation<'_>)> = operations![store:
        audit(&EventFilter::default(), ALL),
        change(),
        published(&Published::default()),
        beat("id", &Value::Null),
        pairs(),
    ];
    all.push((
        "dump",
        async move { store.dump(&mut tokio::io::sink()).await.map(drop).map_err(away) }.boxed(),
    ));
    all.push(("load", async move { store.load(&b""[..]).await.map(drop).map_err(away) }.boxed()));
    all
}
