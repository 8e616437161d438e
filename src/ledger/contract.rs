//! What every ledger must do, as tests against the trait: `contract!(make)` runs all of them against the ledgers that
//! `make(reservation_ttl)` gives, each empty.

use super::{Actual, Ask, Grant, Ledger, Limit, Tab, Unit};
use crate::window::{Calendar, Period, Window};
use futures_util::future::join_all;
use proptest::{prelude::ProptestConfig, prop_assert, test_runner::TestRunner};
use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

/// A `now` that is no multiple of anything.
pub(super) const NOW: Duration = Duration::from_millis(1_700_000_000_123);
/// The life of an unsettled reservation in these tests.
pub(super) const TTL: Duration = Duration::from_secs(900);
/// What every ledger may be late by in giving back expired reservations.
const LATE: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// One `#[test]` for each behaviour.
macro_rules! contract {
    ($make:expr) => {
        contract!(@ $make;
            fifty_of_two_hundred_pass,
            concurrent_costs_are_never_overspent,
            crossing_steps_do_not_block_each_other,
            a_sliding_window_slides,
            a_sliding_window_never_forgets_early,
            a_fixed_window_ends_at_its_multiple,
            a_denial_tells_when_the_same_ask_can_pass,
            a_step_stops_at_the_first_denial,
            a_repeated_reservation_counts_once,
            a_settlement_replaces_the_reservation,
            a_settlement_counts_what_was_not_reserved,
            a_settlement_covers_every_step_in_its_own_unit,
            a_late_settlement_leaves_the_present_alone,
            a_release_gives_back,
            an_unsettled_reservation_expires,
            a_later_step_renews_the_reservation,
            keys_units_windows_and_scopes_count_apart,
            a_changed_limit_keeps_what_was_counted,
            a_peek_reserves_nothing,
            no_window_ever_holds_too_much,
            a_month_is_the_calendars,
            what_is_in_flight_comes_back,
            a_reset_forgets,
        );
    };
    (@ $make:expr; $($name:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            super::super::contract::$name(&$make).await;
        })*
    };
}

type Shared = Arc<dyn Ledger>;

pub(super) async fn fifty_of_two_hundred_pass(make: &impl Fn(Duration) -> Shared) {
    for window in (0..20).flat_map(|_| [Window::Sliding(MINUTE), Window::Fixed(MINUTE)]) {
        let ledger = make(TTL);
        let tries = (0..200).map(|i| {
            let (ledger, limit) = (ledger.clone(), Limit { window: window.clone(), ..limit(50) });
            tokio::spawn(async move { allowed(&ledger, &format!("x{i}"), &[ask(&limit, 1)], NOW).await })
        });
        let passed = join_all(tries).await.into_iter().filter(|passed| *passed.as_ref().unwrap()).count();
        assert_eq!(passed, 50);
        assert_eq!(
            remaining(&ledger, &limit(50), NOW).await,
            if window == Window::Sliding(MINUTE) { 0 } else { 50 }
        );
    }
}

pub(super) async fn concurrent_costs_are_never_overspent(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let budget = Limit { unit: Unit::Cost, ..limit(2_000) };
    let spenders = (0..200_u64).map(|i| {
        let (ledger, budget) = (ledger.clone(), budget.clone());
        tokio::spawn(async move {
            let (exchange, real) = (format!("x{i}"), (i * 37) % 101);
            if !allowed(&ledger, &exchange, &[ask(&budget, 100)], NOW).await {
                return 0;
            }
            tokio::task::yield_now().await;
            ledger.settle(tab(&exchange), cost(real), NOW).await.unwrap();
            real
        })
    });
    let spent: u64 = join_all(spenders).await.into_iter().map(Result::unwrap).sum();
    assert!((1..=2_000).contains(&spent), "{spent}");
    assert_eq!(remaining(&ledger, &budget, NOW).await, 2_000 - spent);
}

pub(super) async fn crossing_steps_do_not_block_each_other(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limits: Vec<Limit> = (0..16).map(|i| Limit { key: format!("k{i}"), ..limit(1_000) }).collect();
    let steps = (0..400_usize).map(|i| {
        let (ledger, mut asks) = (ledger.clone(), limits.iter().map(|l| ask(l, 1)).collect::<Vec<_>>());
        asks.rotate_left(i % 16);
        tokio::spawn(async move { allowed(&ledger, &format!("x{i}"), &asks, NOW).await })
    });
    assert!(join_all(steps).await.into_iter().all(Result::unwrap));
    for limit in &limits {
        assert_eq!(remaining(&ledger, limit, NOW).await, 600);
    }
}

pub(super) async fn a_sliding_window_slides(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = limit(2);
    assert!(allowed(&ledger, "a", &[ask(&limit, 1)], NOW).await);
    assert!(allowed(&ledger, "b", &[ask(&limit, 1)], NOW + MINUTE / 2).await);
    assert!(!allowed(&ledger, "c", &[ask(&limit, 1)], NOW + MINUTE - Duration::from_micros(1)).await);
    let half_gone = NOW + MINUTE + MINUTE / 64;
    assert!(allowed(&ledger, "d", &[ask(&limit, 1)], half_gone).await);
    assert!(!allowed(&ledger, "e", &[ask(&limit, 1)], half_gone).await);
    assert!(allowed(&ledger, "f", &[ask(&limit, 1)], half_gone + MINUTE / 2).await);
}

pub(super) async fn a_sliding_window_never_forgets_early(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    // spread over every phase of a slot
    for step in 0..97_u32 {
        let limit = Limit { key: format!("k{step}"), ..limit(1) };
        let then = NOW + Duration::from_millis(37) * step;
        assert!(allowed(&ledger, &format!("a{step}"), &[ask(&limit, 1)], then).await);
        let end = then + MINUTE;
        assert!(
            !allowed(&ledger, &format!("b{step}"), &[ask(&limit, 1)], end - Duration::from_micros(1)).await
        );
        assert!(allowed(&ledger, &format!("c{step}"), &[ask(&limit, 1)], end + MINUTE / 64).await);
    }
}

pub(super) async fn a_fixed_window_ends_at_its_multiple(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = Limit { window: Window::Fixed(MINUTE), ..limit(1) };
    let start = MINUTE * 1_000_000;
    let last = start + MINUTE - Duration::from_micros(1);
    assert!(allowed(&ledger, "a", &[ask(&limit, 1)], start).await);
    let denied = reserve(&ledger, "b", &[ask(&limit, 1)], last).await;
    assert_eq!(denied, [Grant { allowed: false, remaining: 0, reset: Duration::from_micros(1) }]);
    let granted = reserve(&ledger, "b", &[ask(&limit, 1)], start + MINUTE).await;
    assert_eq!(granted, [Grant { allowed: true, remaining: 0, reset: MINUTE }]);
}

pub(super) async fn a_denial_tells_when_the_same_ask_can_pass(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = limit(10);
    for second in 0..5_u32 {
        let now = NOW + Duration::from_secs(2) * second;
        assert!(allowed(&ledger, &format!("x{second}"), &[ask(&limit, 2)], now).await);
    }
    let now = NOW + Duration::from_secs(20);
    // 5 needs three of the five reservations gone
    let denied = reserve(&ledger, "big", &[ask(&limit, 5)], now).await.remove(0);
    assert_eq!((denied.allowed, denied.remaining), (false, 0));
    let (third_leaves, slot) = (NOW + Duration::from_secs(4) + MINUTE, MINUTE / 64);
    assert!((third_leaves..=third_leaves + slot).contains(&(now + denied.reset)), "{denied:?}");
    let early = now + denied.reset - Duration::from_micros(1);
    assert!(!allowed(&ledger, "big", &[ask(&limit, 5)], early).await);
    assert!(allowed(&ledger, "big", &[ask(&limit, 5)], now + denied.reset).await);
    // more than a whole window can hold
    let never = reserve(&ledger, "huge", &[ask(&limit, 11)], now).await.remove(0);
    assert_eq!((never.allowed, never.reset), (false, MINUTE));
}

pub(super) async fn a_step_stops_at_the_first_denial(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let (wide, narrow) = (limit(10), Limit { key: "narrow".into(), ..limit(1) });
    let behind = Limit { key: "behind".into(), ..limit(1) };
    let asks = [ask(&wide, 1), ask(&narrow, 1), ask(&behind, 1)];
    assert!(allowed(&ledger, "a", &asks[..2], NOW).await);
    let grants = reserve(&ledger, "b", &asks, NOW).await;
    assert_eq!(grants.iter().map(|grant| grant.allowed).collect::<Vec<_>>(), [true, false]);
    assert_eq!(remaining(&ledger, &wide, NOW).await, 8);
    assert_eq!(remaining(&ledger, &behind, NOW).await, 1);
    ledger.settle(tab("b"), Actual { count: 5, ..Actual::default() }, NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &wide, NOW).await, 4);
}

pub(super) async fn a_repeated_reservation_counts_once(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = limit(10);
    let first = reserve(&ledger, "a", &[ask(&limit, 4)], NOW).await;
    assert!(allowed(&ledger, "b", &[ask(&limit, 6)], NOW).await);
    assert_eq!(reserve(&ledger, "a", &[ask(&limit, 4)], NOW + MINUTE / 2).await, first);
    let twice = reserve(&ledger, "c", &[ask(&limit, 0), ask(&limit, 0)], NOW).await;
    assert_eq!(twice[0], twice[1]);
    ledger.release(tab("a"), NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &limit, NOW).await, 4);
    reserve(&ledger, "d", &[ask(&limit, 3), ask(&limit, 3)], NOW).await;
    assert_eq!(remaining(&ledger, &limit, NOW).await, 1);
}

pub(super) async fn a_settlement_replaces_the_reservation(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let budget = Limit { unit: Unit::Cost, ..limit(100) };
    assert!(allowed(&ledger, "a", &[ask(&budget, 80)], NOW).await);
    assert!(!allowed(&ledger, "b", &[ask(&budget, 80)], NOW).await);
    let later = NOW + MINUTE / 2;
    ledger.settle(tab("a"), cost(20), later).await.unwrap();
    ledger.settle(tab("a"), cost(90), later).await.unwrap();
    ledger.release(tab("a"), later).await.unwrap();
    assert_eq!(remaining(&ledger, &budget, later).await, 80);
    // it counts from the time of the reservation
    assert_eq!(remaining(&ledger, &budget, NOW + MINUTE + MINUTE / 64).await, 100);
}

pub(super) async fn a_settlement_counts_what_was_not_reserved(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let budget = Limit { unit: Unit::Cost, ..limit(100) };
    assert!(allowed(&ledger, "none", &[ask(&budget, 0)], NOW).await);
    assert!(allowed(&ledger, "some", &[ask(&budget, 10)], NOW).await);
    ledger.settle(tab("none"), cost(30), NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &budget, NOW).await, 60);
    ledger.settle(tab("some"), cost(200), NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &budget, NOW).await, 0);
    let over = reserve(&ledger, "next", &[ask(&budget, 0)], NOW).await.remove(0);
    assert!(!over.allowed);
}

pub(super) async fn a_settlement_covers_every_step_in_its_own_unit(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limits = [Unit::Count, Unit::Cost, Unit::Tokens, Unit::InputTokens, Unit::OutputTokens]
        .map(|unit| Limit { unit, ..limit(1_000) });
    for limit in &limits {
        assert!(allowed(&ledger, "a", &[ask(limit, 500)], NOW).await);
    }
    ledger.settle(tab("a"), Actual { count: 1, cost: 20, input: 200, output: 100 }, NOW).await.unwrap();
    let left = join_all(limits.iter().map(|limit| remaining(&ledger, limit, NOW))).await;
    assert_eq!(left, [999, 980, 700, 800, 900]);
}

pub(super) async fn a_late_settlement_leaves_the_present_alone(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let budget = Limit { unit: Unit::Cost, ..limit(100) };
    assert!(allowed(&ledger, "long", &[ask(&budget, 50)], NOW).await);
    let later = NOW + MINUTE * 3;
    assert!(allowed(&ledger, "new", &[ask(&budget, 40)], later).await);
    ledger.settle(tab("long"), cost(90), later).await.unwrap();
    assert_eq!(remaining(&ledger, &budget, later).await, 60);
}

pub(super) async fn a_release_gives_back(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = limit(10);
    assert!(allowed(&ledger, "a", &[ask(&limit, 7)], NOW).await);
    assert!(allowed(&ledger, "b", &[ask(&limit, 3)], NOW).await);
    ledger.release(tab("a"), NOW).await.unwrap();
    ledger.release(tab("a"), NOW).await.unwrap();
    ledger.release(tab("nobody"), NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &limit, NOW).await, 7);
}

pub(super) async fn an_unsettled_reservation_expires(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = Limit { window: Window::Sliding(TTL * 4), ..limit(10) };
    assert!(allowed(&ledger, "lost", &[ask(&limit, 7)], NOW).await);
    assert_eq!(remaining(&ledger, &limit, NOW + TTL - Duration::from_micros(1)).await, 3);
    assert_eq!(remaining(&ledger, &limit, NOW + TTL + LATE).await, 10);
    ledger.settle(tab("lost"), Actual { count: 5, ..Actual::default() }, NOW + TTL + LATE).await.unwrap();
    assert_eq!(remaining(&ledger, &limit, NOW + TTL + LATE).await, 10);
}

pub(super) async fn a_later_step_renews_the_reservation(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let first = Limit { window: Window::Sliding(TTL * 4), ..limit(10) };
    let second = Limit { key: "second".into(), ..first.clone() };
    assert!(allowed(&ledger, "a", &[ask(&first, 1)], NOW).await);
    assert!(allowed(&ledger, "a", &[ask(&second, 1)], NOW + TTL / 2).await);
    assert_eq!(remaining(&ledger, &first, NOW + TTL + LATE).await, 9);
    assert_eq!(remaining(&ledger, &first, NOW + TTL / 2 + TTL + LATE).await, 10);
}

pub(super) async fn keys_units_windows_and_scopes_count_apart(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let base = limit(1);
    let others = [
        Limit { key: "other".into(), ..base.clone() },
        Limit { unit: Unit::Tokens, ..base.clone() },
        Limit { window: Window::Sliding(MINUTE * 2), ..base.clone() },
        Limit { window: Window::Fixed(MINUTE), ..base.clone() },
        Limit { window: Window::Open, ..base.clone() },
        Limit { window: month(), ..base.clone() },
    ];
    assert!(allowed(&ledger, "a", &[ask(&base, 1)], NOW).await);
    for (i, other) in others.iter().enumerate() {
        assert!(allowed(&ledger, &format!("x{i}"), &[ask(other, 1)], NOW).await, "{other:?}");
    }
}

pub(super) async fn a_changed_limit_keeps_what_was_counted(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    assert!(allowed(&ledger, "a", &[ask(&limit(10), 8)], NOW).await);
    assert_eq!(remaining(&ledger, &limit(100), NOW).await, 92);
    assert_eq!(remaining(&ledger, &limit(5), NOW).await, 0);
}

pub(super) async fn a_peek_reserves_nothing(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = limit(3);
    let empty = Grant { allowed: true, remaining: 3, reset: Duration::ZERO };
    assert_eq!(ledger.peek(SCOPE, &limit, NOW).await.unwrap(), empty);
    assert_eq!(ledger.peek(SCOPE, &limit, NOW).await.unwrap(), empty);
    let granted = reserve(&ledger, "a", &[ask(&limit, 3)], NOW).await.remove(0);
    assert!(granted.allowed && granted.reset >= MINUTE && granted.reset <= MINUTE + MINUTE / 64);
    assert_eq!(ledger.peek(SCOPE, &limit, NOW).await.unwrap(), granted);
}

pub(super) async fn no_window_ever_holds_too_much(make: &impl Fn(Duration) -> Shared) {
    let step = (0..30_000_u64, 0..8_u64, 0..8_u64);
    let plan = (proptest::collection::vec(step, 1..120), 1..20_u64, 1..40_u64);
    let runtime = tokio::runtime::Handle::current();
    let check = |(steps, most, seconds): (Vec<(u64, u64, u64)>, u64, u64)| {
        let window = Duration::from_secs(seconds);
        let limit = Limit { window: Window::Sliding(window), ..limit(most) };
        let used = tokio::task::block_in_place(|| runtime.block_on(usage(&make(TTL), &limit, &steps)));
        for (end, _) in &used {
            let in_window = used.iter().filter(|(at, _)| at <= end && *at > *end - window);
            prop_assert!(in_window.map(|(_, amount)| amount).sum::<u64>() <= most);
        }
        Ok(())
    };
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() });
    runner.run(&plan, check).unwrap();
}

pub(super) async fn a_month_is_the_calendars(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL * 10_000);
    let budget = Limit { window: month(), ..limit(10) };
    // March 2026 in New York has an hour less than 31 days: 2026-03-01T05:00Z to 2026-04-01T04:00Z
    let (begins, ends) = (Duration::from_secs(1_772_341_200), Duration::from_secs(1_775_016_000));
    assert!(allowed(&ledger, "last month", &[ask(&budget, 9)], begins - Duration::from_micros(1)).await);
    assert!(allowed(&ledger, "first", &[ask(&budget, 6)], begins).await);
    let last = ends - Duration::from_micros(1);
    let denied = reserve(&ledger, "over", &[ask(&budget, 5)], last).await;
    assert_eq!(denied, [Grant { allowed: false, remaining: 4, reset: Duration::from_micros(1) }]);
    assert!(allowed(&ledger, "fits", &[ask(&budget, 4)], last).await);
    assert_eq!(remaining(&ledger, &budget, last).await, 0);
    let granted = reserve(&ledger, "next month", &[ask(&budget, 10)], ends).await;
    // April has thirty days of 24 hours
    assert_eq!(granted, [Grant { allowed: true, remaining: 0, reset: Duration::from_hours(30 * 24) }]);
    // what was reserved in March is settled there
    ledger.settle(tab("fits"), Actual { count: 1, ..Actual::default() }, ends).await.unwrap();
    assert_eq!(remaining(&ledger, &budget, ends).await, 0);
}

pub(super) async fn what_is_in_flight_comes_back(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let flight = Limit { unit: Unit::Concurrency, window: Window::Open, ..limit(2) };
    assert!(allowed(&ledger, "a", &[ask(&flight, 1)], NOW).await);
    assert!(allowed(&ledger, "b", &[ask(&flight, 1)], NOW).await);
    let denied = reserve(&ledger, "c", &[ask(&flight, 1)], NOW + MINUTE).await;
    assert_eq!(denied, [Grant { allowed: false, remaining: 0, reset: Duration::from_secs(1) }]);
    ledger.settle(tab("a"), Actual { count: 1, ..Actual::default() }, NOW + MINUTE).await.unwrap();
    assert!(allowed(&ledger, "c", &[ask(&flight, 1)], NOW + MINUTE).await);
    assert_eq!(remaining(&ledger, &flight, NOW + MINUTE).await, 0);
    // a pair that is gone settles nothing
    assert_eq!(remaining(&ledger, &flight, NOW + MINUTE + TTL + LATE).await, 2);
}

pub(super) async fn a_reset_forgets(make: &impl Fn(Duration) -> Shared) {
    let ledger = make(TTL);
    let limit = limit(10);
    assert!(allowed(&ledger, "a", &[ask(&limit, 10)], NOW).await);
    ledger.reset(SCOPE, &limit).await.unwrap();
    assert_eq!(remaining(&ledger, &limit, NOW).await, 10);
    // what was reserved before still comes to its end, where it was not what was reserved
    ledger.settle(tab("a"), Actual { count: 3, ..Actual::default() }, NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &limit, NOW).await, 7);
    assert!(allowed(&ledger, "b", &[ask(&limit, 1)], NOW).await);
    ledger.reset(SCOPE, &limit).await.unwrap();
    ledger.settle(tab("b"), Actual { count: 1, ..Actual::default() }, NOW).await.unwrap();
    assert_eq!(remaining(&ledger, &limit, NOW).await, 10);
}

fn month() -> Window {
    Window::Calendar(Calendar::new(Period::Month, "America/New_York").unwrap())
}

pub(super) const SCOPE: &str = "scope";

pub(super) fn tab(exchange: &str) -> Tab<'_> {
    Tab { scope: SCOPE, exchange }
}

/// The address of a Redis that lives as long as these tests.
pub(crate) fn redis_server() -> &'static str {
    static SERVER: OnceLock<(String, Child, tempfile::TempDir)> = OnceLock::new();
    let (address, ..) = SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        #[expect(clippy::disallowed_methods, reason = "names the program to test against")]
        let program = std::env::var("REDIS_BIN").unwrap_or_else(|_| "redis-server".into());
        // it ends with us: its standard input is ours to close
        let child = Command::new("sh")
            .args(["-c", r#""$0" "$@" & server=$!; cat > /dev/null; kill $server"#, &program])
            .args(["--port", &port.to_string(), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("`redis-server`, or REDIS_BIN, which `make test` sets");
        (format!("redis://127.0.0.1:{port}"), child, folder)
    });
    address
}

/// What exchanges used, and when: each waits some milliseconds, reserves an amount, and may use less.
async fn usage(ledger: &Shared, limit: &Limit, steps: &[(u64, u64, u64)]) -> Vec<(Duration, u64)> {
    let (mut now, mut used) = (NOW, vec![]);
    for (i, (pause, amount, real)) in steps.iter().enumerate() {
        now += Duration::from_millis(*pause);
        let exchange = i.to_string();
        if allowed(ledger, &exchange, &[ask(limit, *amount)], now).await {
            let count = *real.min(amount);
            ledger.settle(tab(&exchange), Actual { count, ..Actual::default() }, now).await.unwrap();
            used.push((now, count));
        }
    }
    used
}

fn limit(most: u64) -> Limit {
    Limit { key: "key".into(), unit: Unit::Count, most, window: Window::Sliding(MINUTE) }
}

fn ask(limit: &Limit, amount: u64) -> Ask {
    Ask { limit: limit.clone(), amount }
}

fn cost(cost: u64) -> Actual {
    Actual { cost, ..Actual::default() }
}

async fn reserve(ledger: &Shared, exchange: &str, asks: &[Ask], now: Duration) -> Vec<Grant> {
    ledger.reserve(tab(exchange), asks, now).await.unwrap()
}

async fn allowed(ledger: &Shared, exchange: &str, asks: &[Ask], now: Duration) -> bool {
    reserve(ledger, exchange, asks, now).await.iter().all(|grant| grant.allowed)
}

async fn remaining(ledger: &Shared, limit: &Limit, now: Duration) -> u64 {
    ledger.peek(SCOPE, limit, now).await.unwrap().remaining
}
