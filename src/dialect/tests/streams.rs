//! What holds for every stream, however its bytes are cut, cut short or spoilt.

use super::{CLIENTS, Outcome, Recording, Tape, client, joined, recordings};
use crate::{
    chat::Delta,
    dialect::{Follower, Framing},
    sse::events,
};
use proptest::{prelude::*, sample::Index};
use serde_json::Value;
use std::sync::LazyLock;

static ALL: LazyLock<Vec<Recording>> = LazyLock::new(recordings);

/// Every client, and where its stream can be, one that gets the provider's bytes.
fn paths(recording: &Recording) -> impl Iterator<Item = Option<&'static str>> {
    let same = recording.wire.reader().0 == Framing::Sse;
    CLIENTS.into_iter().map(|(_, path)| Some(path)).chain(same.then_some(None))
}

fn at_once(recording: &Recording, path: Option<&str>) -> Outcome {
    recording.told(path, [recording.stream.as_slice()])
}

/// The bytes between the cuts.
fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

#[test]
fn a_stream_in_single_bytes_is_the_same() {
    for recording in ALL.iter() {
        for path in paths(recording) {
            let told = recording.told(path, recording.stream.chunks(1));
            assert_eq!(told, at_once(recording, path), "{} {}", recording.provider, recording.scene);
        }
    }
}

#[test]
fn without_a_writer_the_bytes_pass_unchanged() {
    for recording in ALL.iter().filter(|one| one.wire.reader().0 == Framing::Sse) {
        assert_eq!(
            at_once(recording, None).bytes,
            recording.stream,
            "{} {}",
            recording.provider,
            recording.scene
        );
    }
}

/// All that these events of a client's stream say, in order.
fn said_to_client(bytes: &[u8]) -> String {
    let mut said = String::new();
    for event in events(bytes) {
        let data: Value = serde_json::from_slice(&event.data.unwrap_or_default()).unwrap_or_default();
        let places = [
            "/choices/0/delta/content",
            "/choices/0/delta/refusal",
            "/choices/0/delta/reasoning_content",
            "/choices/0/delta/tool_calls/0/function/arguments",
            "/delta/text",
            "/delta/thinking",
            "/delta/partial_json",
            "/delta",
        ];
        said.extend(places.iter().filter_map(|place| data.pointer(place)?.as_str()));
    }
    said
}

fn said(deltas: &[Delta]) -> String {
    let texts = deltas.iter().filter_map(|delta| match delta {
        Delta::Text { text, .. }
        | Delta::Refusal { text, .. }
        | Delta::Reasoning { text, .. }
        | Delta::ToolArguments { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

/// None of the recorded providers tells two calls in turns, for which a client of Messages would have to wait.
#[test]
fn what_an_event_says_leaves_with_its_last_byte() {
    for recording in ALL.iter() {
        for (_, path) in CLIENTS {
            let tape = Tape::default();
            let mut heard = recording.translator(Some(Box::new(tape.clone())));
            let mut told = recording.translator(Some(client(path).stream()));
            let mut bytes = vec![];
            for event in recording.events() {
                let (most, last) = event.split_at(event.len() - 1);
                assert!(told.push(most.to_vec()).bytes.is_empty());
                bytes.extend(told.push(last.to_vec()).bytes);
                heard.push(event.to_vec());
                assert_eq!(
                    said_to_client(&bytes),
                    said(&tape.deltas()),
                    "{} {}",
                    recording.provider,
                    recording.scene
                );
            }
        }
    }
}

/// What is said, without what it cost: a stream may break off behind its last word.
fn answer(recording: &Recording, bytes: &[u8]) -> Option<Vec<Delta>> {
    let (deltas, fault) = recording.deltas(bytes);
    fault
        .is_none()
        .then(|| joined(deltas.into_iter().filter(|delta| !matches!(delta, Delta::Usage(_))).collect()))
}

fn stays_the_same_or_is_a_fault(recording: &Recording, lengths: impl IntoIterator<Item = usize>) {
    let whole = answer(recording, &recording.stream);
    for length in lengths {
        if let Some(told) = answer(recording, &recording.stream[..length]) {
            assert_eq!(Some(told), whole, "{} {} {length}", recording.provider, recording.scene);
        }
    }
}

#[test]
fn a_stream_cut_short_is_a_fault_or_the_same_answer() {
    for recording in ALL.iter().filter(|one| one.scene == "tool") {
        stays_the_same_or_is_a_fault(recording, 0..recording.stream.len());
    }
}

proptest! {
    #[test]
    fn any_chunking_of_any_stream_is_the_same(
        which in any::<Index>(),
        cuts in proptest::collection::vec(any::<Index>(), 0..12),
    ) {
        let recording = which.get(&ALL);
        for path in paths(recording) {
            prop_assert_eq!(recording.told(path, cut(&recording.stream, &cuts)), at_once(recording, path));
        }
    }

    #[test]
    fn any_stream_cut_short_is_a_fault_or_the_same_answer(which in any::<Index>(), at in any::<Index>()) {
        let recording = which.get(&ALL);
        stays_the_same_or_is_a_fault(recording, [at.index(recording.stream.len() + 1)]);
    }

    #[test]
    fn no_spoilt_byte_panics(
        which in any::<Index>(),
        flips in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cuts in proptest::collection::vec(any::<Index>(), 0..4),
    ) {
        let recording = which.get(&ALL);
        let mut spoilt = recording.stream.clone();
        for (at, byte) in flips.iter().filter(|_| !recording.stream.is_empty()) {
            spoilt[at.index(recording.stream.len())] = *byte;
        }
        for path in paths(recording) {
            let told = recording.told(path, cut(&spoilt, &cuts));
            prop_assert_eq!(&told, &recording.told(path, [spoilt.as_slice()]));
            prop_assert!(told.finished || told.fault.is_some());
        }
    }
}
