//! A stream on its way from one dialect to another, cut in any way.

use arbitrary::Arbitrary;
use attache::dialect::{Client, Dialect, Follower, Platform, Quirks, Shape, Translator, Wire};

/// A stream, and the lengths of its chunks; the last chunk is what remains.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    bytes: &'a [u8],
    chunks: Vec<u8>,
}

/// Reads the bytes as a stream and as a whole answer, for every client.
pub fn follow(dialect: Dialect, platform: Platform, input: &Input<'_>) {
    let wire = Wire { dialect, platform, quirks: Quirks::default() };
    for shape in [Shape::Choices, Shape::Messages, Shape::Responses] {
        let client = Client { shape, model: "m", created: 1, shows_usage: true, request: b"{}" };
        let cut = translated(&wire, &client, &input.chunks());
        assert_eq!(cut, translated(&wire, &client, &[input.bytes]), "{shape:?}");
        if let Ok(answer) = wire.read(input.bytes) {
            drop(client.whole(&answer));
        }
    }
    drop(wire.fault(400, None, input.bytes));
}

fn translated(wire: &Wire, client: &Client<'_>, chunks: &[&[u8]]) -> impl PartialEq + std::fmt::Debug + use<> {
    let (framing, reader) = wire.reader();
    let mut stream = Translator::new(framing, reader, Some(client.stream()));
    let mut passed: Vec<u8> = chunks.iter().flat_map(|chunk| stream.push(chunk.to_vec()).bytes).collect();
    passed.extend(stream.end().bytes);
    (passed, stream.usage(), stream.fault().cloned(), stream.began(), stream.finished())
}

impl Input<'_> {
    fn chunks(&self) -> Vec<&[u8]> {
        cut(self.bytes, &self.chunks)
    }
}

/// `bytes` in pieces of these lengths; the last one is what remains.
pub fn cut<'a>(bytes: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    for length in lengths {
        let (chunk, after) = rest.split_at(usize::from(*length).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}
