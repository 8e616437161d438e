//! Whoever was told that something is written finds it again: after a SIGKILL of the writer, and of PostgreSQL.

use super::{
    keys::secret,
    place::{Place, ann, draft},
};
use crate::house::{Postgres, eventually};
use attache::store::{KeyDraft, Store, Terms};
use sqlx::{AnyConnection, Connection, Row, any::install_default_drivers};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Names the store of the writer that is killed.
const URL: &str = "ATTACHE_TEST_STORE";
/// How many writers are killed, in two lines beside each other.
const KILLS: usize = 200;
/// After how many a new file is begun, so that looking it over stays quick.
const PER_FILE: usize = 20;

/// What somebody was told to be written.
#[derive(Debug)]
enum Told {
    Route(String),
    Version(String, u32),
    Deployment(String, u32),
    Key(String),
}

#[test]
fn what_sqlite_acknowledged_outlives_200_kills() {
    let lines: Vec<_> =
        (0..2).map(|_| thread::spawn(|| (0..KILLS / 2 / PER_FILE).map(|_| one_file()).sum())).collect();
    let told: Vec<usize> = lines.into_iter().map(|line| line.join().unwrap()).collect();
    assert!(told.iter().all(|told| *told > KILLS), "hardly anything was written: {told:?}");
}

/// Kills writers of one file; tells how much they were told to be written.
fn one_file() -> usize {
    let (place, runtime) = (Place::sqlite(), tokio::runtime::Runtime::new().unwrap());
    let mut all = 0;
    for _ in 0..PER_FILE {
        let told = killed_writer(&place.url);
        all += told.len();
        runtime.block_on(async {
            holds(&place.store(), &told).await;
            nothing_is_missing(&place.url).await;
            assert_eq!(look(&place.url, "PRAGMA integrity_check").await, ["ok"]);
            assert_eq!(look(&place.url, "PRAGMA foreign_key_check").await, Vec::<String>::new());
        });
    }
    all
}

/// Lets this very program write, in another process, and kills that at some moment.
fn killed_writer(url: &str) -> Vec<Told> {
    let mut writer = Command::new(env::current_exe().unwrap());
    writer.args(["--exact", "store::killed::a_writer_tells_what_is_written", "--nocapture"]);
    let mut writer = writer.env(URL, url).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut told = vec![];
    // the first thing written begins the time that is left
    while told.is_empty() {
        told.extend(heard(&lines.next().expect("the writer ended by itself").unwrap()));
    }
    let rest = thread::spawn(move || {
        lines.map_while(Result::ok).filter_map(|line| heard(&line)).collect::<Vec<_>>()
    });
    thread::park_timeout(Duration::from_micros(rand::random_range(0..100_000)));
    writer.kill().unwrap();
    writer.wait().unwrap();
    told.extend(rest.join().unwrap());
    told
}

/// Where another test names a store, it writes there until it is killed; by itself it holds what it was told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_tells_what_is_written() {
    #[expect(clippy::disallowed_methods, reason = "told by the test that runs this one")]
    match env::var(URL) {
        Ok(url) => write_for_ever(&Store::new(&url, super::place::now).unwrap()).await,
        Err(_) => {
            let place = Place::sqlite();
            let (store, end, told) = (place.store(), AtomicBool::new(false), Mutex::new(vec![]));
            let note = |one| {
                let mut told = told.lock().unwrap();
                told.push(one);
                end.store(told.len() >= 50, Ordering::Relaxed);
            };
            tokio::join!(write(&store, &end, &note), write(&store, &end, &note));
            holds(&store, &told.into_inner().unwrap()).await;
            nothing_is_missing(&place.url).await;
        }
    }
}

async fn write_for_ever(store: &Store) {
    let say = |told: Told| {
        let line = match told {
            Told::Route(id) => format!("told route {id} 0.\n"),
            Told::Version(id, number) => format!("told version {id} {number}.\n"),
            Told::Deployment(id, number) => format!("told deployment {id} {number}.\n"),
            Told::Key(id) => format!("told key {id} 0.\n"),
        };
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    };
    let never = AtomicBool::new(false);
    tokio::join!(write(store, &never, &say), write(store, &never, &say), write(store, &never, &say));
}

/// What a whole line of the writer says.
fn heard(line: &str) -> Option<Told> {
    let told = line.split("told ").nth(1)?.strip_suffix('.')?;
    let [kind, id, number] = told.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let (id, number) = (id.to_owned(), number.parse().ok()?);
    Some(match kind {
        "route" => Told::Route(id),
        "version" => Told::Version(id, number),
        "deployment" => Told::Deployment(id, number),
        _ => Told::Key(id),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_postgres_acknowledged_outlives_its_death() {
    let server = Postgres::start("");
    let store = Store::new(&server.url("postgres"), super::place::now).unwrap();
    for kill in [Postgres::kill, |server: &Postgres| server.stop("immediate")].repeat(4) {
        let (told, end) = (Arc::new(Mutex::new(vec![])), Arc::new(AtomicBool::new(false)));
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let (store, told, end) = (store.clone(), told.clone(), end.clone());
                tokio::spawn(async move { write(&store, &end, &|one| told.lock().unwrap().push(one)).await })
            })
            .collect();
        eventually(async || match told.lock().unwrap().len() {
            0..20 => Err("enough to be written".into()),
            _ => Ok(()),
        })
        .await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..50))).await;
        tokio::task::block_in_place(|| kill(&server));
        end.store(true, Ordering::Relaxed);
        tokio::task::block_in_place(|| server.resume()).unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        let told = std::mem::take(&mut *told.lock().unwrap());
        holds(&store, &told).await;
        nothing_is_missing(&server.url("postgres")).await;
    }
}

/// Writes as fast as it can, a bit of everything; says what was acknowledged.
async fn write(store: &Store, end: &AtomicBool, say: &(impl Fn(Told) + Sync)) {
    while !end.load(Ordering::Relaxed) {
        let name = format!("{:032x}", rand::random::<u128>());
        let Ok((route, _)) = store.create_route(ann(), &name, &draft(&name), true).await else { continue };
        say(Told::Route(route.id.clone()));
        for _ in 0..5 {
            let Ok((_, version)) = store.create_version(ann(), &route.id, &draft(&name)).await else {
                continue;
            };
            say(Told::Version(route.id.clone(), version.number));
            let Ok((route, _)) = store.deploy(ann(), &route.id, version.number, None).await else { continue };
            say(Told::Deployment(route.id.clone(), route.deployment.unwrap().number));
        }
        let wanted = KeyDraft { name, terms: Terms::default(), expires_at: None };
        let Ok(key) = store.create_key(ann(), &wanted, &secret("1")).await else { continue };
        say(Told::Key(key.id));
    }
}

/// That everything told is there.
async fn holds(store: &Store, told: &[Told]) {
    for told in told {
        let there = match told {
            Told::Route(id) => store.route(id).await.is_ok(),
            Told::Version(id, number) => store.version(id, *number).await.is_ok(),
            Told::Deployment(id, number) => {
                store.route(id).await.is_ok_and(|(route, _)| route.deployment.unwrap().number >= *number)
            }
            Told::Key(id) => store.key(id).await.is_ok(),
        };
        assert!(there, "lost: {told:?}");
    }
}

/// That no number is missing: of versions, of deployments, of changes in the audit log.
async fn nothing_is_missing(url: &str) {
    for gaps in [
        "SELECT route FROM versions GROUP BY route HAVING COUNT(*) <> MAX(number)",
        "SELECT route FROM deployments GROUP BY route HAVING COUNT(*) <> MAX(number)",
        "SELECT r.id FROM routes r WHERE r.latest <> (SELECT COUNT(*) FROM versions v WHERE v.route = r.id)",
        "SELECT r.id FROM routes r WHERE r.deployment <> (SELECT COUNT(*) FROM deployments d WHERE d.route = r.id)",
        "SELECT r.id FROM routes r WHERE r.revision <> (SELECT COUNT(*) FROM audit a WHERE a.id = r.id)",
        "SELECT 'audit' FROM state WHERE change <> (SELECT COUNT(*) FROM audit)
            OR change <> (SELECT MAX(number) FROM audit)",
    ] {
        assert_eq!(look(url, gaps).await, Vec::<String>::new(), "{gaps}");
    }
}

/// The first column of what a statement gives.
async fn look(url: &str, sql: &'static str) -> Vec<String> {
    install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}
