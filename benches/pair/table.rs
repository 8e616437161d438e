//! Medians of rounds, side by side.
use crate::setup::Setup;
use std::time::Duration;

/// One setup under load, once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) requests: usize,
    pub(crate) time: Duration,
    pub(crate) envoy: Duration,
    pub(crate) sidecar: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// The medians of a setup's rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Medians {
    rate: f64,
    /// CPU microseconds per request.
    envoy: f64,
    sidecar: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// The column heads.
pub(crate) fn head() -> String {
    format!(
        "{:<10} {:<8} {:>8} {:>9} {:>11} {:>9} {:>7} {:>8} {:>8} {:>10} {:>7}",
        "case",
        "setup",
        "req/s",
        "envoy µs",
        "sidecar µs",
        "total µs",
        "×noop",
        "p50 ms",
        "p99 ms",
        "+p50 ms",
        "×noop"
    )
}

/// The lines of one case: for each setup its rounds. The first is Envoy alone, the second the no-op pair.
pub(crate) fn lines(case: &str, setups: &[Setup], rounds: &[Vec<Round>]) -> Vec<String> {
    let medians: Vec<_> = rounds.iter().map(|rounds| Medians::of(rounds)).collect();
    let [alone, noop, ..] = medians.as_slice() else { return vec![] };
    let line = |(setup, of): (&Setup, &Medians)| {
        let (added, floor) = (of.p50 - alone.p50, noop.p50 - alone.p50);
        let (cpu, least) = (of.cpu(), noop.cpu());
        format!(
            "{case:<10} {:<8} {:>8.0} {:>9.1} {:>11.1} {cpu:>9.1} {:>7.2} {:>8.3} {:>8.3} {added:>10.3} {:>7.2}",
            setup.name,
            of.rate,
            of.envoy,
            of.sidecar,
            cpu / least,
            of.p50,
            of.p99,
            added / floor
        )
    };
    let mut lines: Vec<String> = setups.iter().zip(&medians).map(line).collect();
    lines.extend(translated(case, &medians));
    lines.extend(swapped(case, &medians));
    lines
}

/// What translating costs beside passing the bytes.
fn translated(case: &str, medians: &[Medians]) -> Option<String> {
    let [_, _, identity, messages, ..] = medians else { return None };
    let cpu = messages.cpu() / identity.cpu();
    Some(format!("{case:<10} messages ÷ attache: CPU {cpu:.2}, p50 {:.2}", messages.p50 / identity.p50))
}

/// What swapping the world under traffic costs beside leaving it alone.
fn swapped(case: &str, medians: &[Medians]) -> Option<String> {
    let [_, _, still, _, swaps] = medians else { return None };
    let cpu = swaps.cpu() / still.cpu();
    let (p50, p99) = (swaps.p50 / still.p50, swaps.p99 / still.p99);
    Some(format!("{case:<10} swaps ÷ attache: CPU {cpu:.2}, p50 {p50:.2}, p99 {p99:.2}"))
}

impl Medians {
    /// CPU microseconds per request, of both.
    pub(crate) fn cpu(&self) -> f64 {
        self.envoy + self.sidecar
    }

    pub(crate) fn of(rounds: &[Round]) -> Self {
        let per_request = |round: &Round, time: Duration| time.as_secs_f64() * 1e6 / count(round);
        Self {
            rate: median(rounds, |round| count(round) / round.time.as_secs_f64()),
            envoy: median(rounds, |round| per_request(round, round.envoy)),
            sidecar: median(rounds, |round| per_request(round, round.sidecar)),
            p50: median(rounds, |round| round.p50.as_secs_f64() * 1e3),
            p99: median(rounds, |round| round.p99.as_secs_f64() * 1e3),
        }
    }
}

fn count(round: &Round) -> f64 {
    f64::from(u32::try_from(round.requests).unwrap_or(u32::MAX))
}

/// The middle figure, or the mean of the two in the middle.
fn median(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    let mut figures: Vec<_> = rounds.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    let middle = |at: usize| figures.get(at).copied().unwrap_or(f64::NAN);
    f64::midpoint(middle(figures.len().saturating_sub(1) / 2), middle(figures.len() / 2))
}
