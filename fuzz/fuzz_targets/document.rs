//! Reading never panics, whatever it reads; and every walk through what compiles ends.
#![no_main]

use attache::{
    chat::{Fault, Kind},
    exchange::Outcomes,
    graph::{Call, Known, LimitAsk},
    snapshot::Version,
};
use attache_fuzz::{BARE, simulation};
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;

/// Tries of one element: one, and ten more.
const TRIES: usize = 11;

fuzz_target!(|document: &[u8]| {
    let Ok(version) = Version::of_document(document, Known::Anything) else { return };
    let most = version.program.ids().count() * TRIES;
    let mut outcomes = Dealt { from: document.iter().rev().cycle(), steps_left: most };
    let request = simulation(br#"{"model":"m","a":[1,"x"]}"#.to_vec());
    let trace = request.run_through(&version, &BARE, &mut outcomes);
    assert_eq!(trace.path.last(), trace.verdict.element.as_ref());
    let distinct: HashSet<_> = trace.path.iter().collect();
    assert_eq!(distinct.len(), trace.path.len(), "an element was walked twice");
});

/// Outcomes drawn from the document's own bytes.
struct Dealt<I> {
    from: I,
    steps_left: usize,
}

impl<'a, I: Iterator<Item = &'a u8>> Dealt<I> {
    fn draw(&mut self) -> usize {
        self.steps_left = self.steps_left.checked_sub(1).expect("the walk does not end");
        self.from.next().copied().map_or(0, usize::from)
    }
}

impl<'a, I: Iterator<Item = &'a u8>> Outcomes for Dealt<I> {
    fn call(&mut self, _: &Call<'_>) -> Option<Fault> {
        Kind::ALL.get(self.draw() % (Kind::ALL.len() + 1)).copied().map(Fault::new)
    }

    fn within(&mut self, _: &LimitAsk<'_>) -> bool {
        self.draw() % 2 == 0
    }
}
