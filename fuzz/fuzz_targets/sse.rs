//! Any chunking of a stream gives the same events and the same bytes.
#![no_main]

use attache::{
    dialect::{Follower, Shape, openai::Stream},
    sse::{Splitter, events},
};
use attache_fuzz::stream::cut;
use libfuzzer_sys::{arbitrary::Arbitrary, fuzz_target};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    text: &'a [u8],
    /// The lengths of the chunks; the last chunk is what remains.
    chunks: Vec<u8>,
    hide_usage: bool,
}

fuzz_target!(|input: Input<'_>| {
    let chunks = cut(input.text, &input.chunks);
    assert_eq!(split(&chunks), split(&[input.text]));
    for shape in [Shape::Choices, Shape::Responses, Shape::Plain] {
        assert_eq!(follow(shape, input.hide_usage, &chunks), follow(shape, input.hide_usage, &[input.text]));
    }
});

/// The name and data of every event.
type Events = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn split(chunks: &[&[u8]]) -> Events {
    let (mut splitter, mut passed, mut found) = (Splitter::default(), Vec::new(), Events::new());
    let mut note = |bytes: &[u8]| {
        found.extend(events(bytes).map(|e| (e.name.to_vec(), e.data.map(|data| data.into_owned()))));
        passed.extend_from_slice(bytes);
    };
    chunks.iter().for_each(|chunk| note(&splitter.push(chunk.to_vec())));
    note(&splitter.rest());
    assert_eq!(passed, chunks.concat(), "bytes were lost");
    found
}

/// What the client sees of a stream, and what was learnt from it.
fn follow(shape: Shape, hide_usage: bool, chunks: &[&[u8]]) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut stream = Stream::new(shape, hide_usage);
    let mut passed: Vec<u8> = chunks.iter().flat_map(|chunk| stream.push(chunk.to_vec()).bytes).collect();
    passed.extend(stream.end().bytes);
    (passed, stream.usage(), stream.fault().cloned(), stream.began(), stream.finished(), stream.events())
}
