//! AWS event-stream frames: bytes to events, incremental, checksums checked.
//!
//! ```text
//! total length, headers length, CRC-32 of the two    4 bytes each, big-endian
//! headers                                            name, type, value
//! payload
//! CRC-32 of all before it                            4 bytes
//! ```

use aws_smithy_eventstream::frame::read_message_from;
use bytes::{Bytes, BytesMut};

/// The longest frame that AWS sends.
const LONGEST: usize = 16 << 20;
/// The longest headers of one.
const HEADERS: usize = 128 << 10;
/// A frame without headers and payload.
const SHORTEST: usize = 16;

/// Cuts a stream into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    tail: BytesMut,
    /// Why nothing more can be read: behind a frame that is broken nobody knows where the next one begins.
    broken: Option<String>,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// `:event-type`, or the `:exception-type` or `:error-code` of a fault.
    pub(super) name: String,
    /// The payload.
    pub(super) data: Bytes,
}

impl Frames {
    /// Takes a chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if self.broken.is_none() {
            self.tail.extend_from_slice(chunk);
        }
    }

    /// The next whole frame, where there is one.
    ///
    /// # Errors
    /// A checksum or a length is wrong; from then on always.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, String> {
        if let Some(problem) = &self.broken {
            return Err(problem.clone());
        }
        let frame = self.cut();
        if let Err(problem) = &frame {
            self.broken = Some(problem.clone());
        }
        frame
    }

    /// How many bytes wait for the rest of their frame.
    pub(super) fn held(&self) -> usize {
        self.tail.len()
    }

    fn cut(&mut self) -> Result<Option<Frame>, String> {
        let (Some(total), Some(headers)) = (self.length(0), self.length(4)) else { return Ok(None) };
        if !(SHORTEST..=LONGEST).contains(&total) || headers > HEADERS.min(total - SHORTEST) {
            return Err(format!("an event-stream frame of {total} bytes with {headers} of headers"));
        }
        if self.tail.len() < total {
            return Ok(None);
        }
        read(self.tail.split_to(total).freeze()).map(Some)
    }

    fn length(&self, at: usize) -> Option<usize> {
        let bytes = self.tail.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_be_bytes(*bytes)).ok()
    }
}

fn read(whole: Bytes) -> Result<Frame, String> {
    let message = read_message_from(whole).map_err(|error| format!("an event-stream frame: {error}"))?;
    let header = |name: &str| {
        let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
        header.value().as_string().ok().map(|text| text.as_str().to_owned())
    };
    let name = |of: &str| header(of).unwrap_or_default();
    Ok(match header(":message-type").as_deref() {
        Some("exception") => Frame { name: name(":exception-type"), data: message.payload().clone() },
        // such a frame has no payload: what it says stands in its headers
        Some("error") => {
            let data = serde_json::json!({"message": name(":error-message")}).to_string();
            Frame { name: name(":error-code"), data: data.into() }
        }
        _ => Frame { name: name(":event-type"), data: message.payload().clone() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
    use proptest::prelude::*;

    fn frame(headers: &[(&'static str, &str)], data: &str) -> Vec<u8> {
        let mut message = Message::new(data.as_bytes().to_vec());
        for (name, value) in headers {
            message = message.add_header(Header::new(*name, HeaderValue::String((*value).to_owned().into())));
        }
        let mut out = Vec::new();
        write_message_to(&message, &mut out).unwrap();
        out
    }

    fn event(name: &str, data: &str) -> Vec<u8> {
        frame(
            &[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")],
            data,
        )
    }

    fn read_all(chunks: &[&[u8]]) -> (Vec<(String, String)>, Frames) {
        let (mut frames, mut out) = (Frames::default(), vec![]);
        for chunk in chunks {
            frames.push(chunk);
            while let Ok(Some(frame)) = frames.next() {
                out.push((frame.name, String::from_utf8(frame.data.to_vec()).unwrap()));
            }
        }
        (out, frames)
    }

    /// Made by Python from the format's description; botocore reads it.
    const FOREIGN: &[u8] =
        b"\x00\x00\x00z\x00\x00\x00Q\xca,Fe\r:message-type\x07\x00\x05event\x0b:event-type\x07\x00\
        \x0bmessageStop\r:content-type\x07\x00\x10application/json{\"stopReason\":\"end_turn\"}=\xc3;\xfa";

    #[test]
    fn a_frame_that_others_made_is_read() {
        let want = ("messageStop".to_owned(), r#"{"stopReason":"end_turn"}"#.to_owned());
        assert_eq!(read_all(&[FOREIGN]).0, [want]);
    }

    #[test]
    fn a_frame_is_named_by_what_it_tells() {
        let stream = [
            event("messageStart", "{}"),
            frame(
                &[(":message-type", "exception"), (":exception-type", "throttlingException")],
                r#"{"message":"slow"}"#,
            ),
            frame(
                &[(":message-type", "error"), (":error-code", "Internal"), (":error-message", "a \"b\"")],
                "",
            ),
        ];
        let (frames, rest) = read_all(&[&stream.concat()]);
        let want = [
            ("messageStart", "{}"),
            ("throttlingException", r#"{"message":"slow"}"#),
            ("Internal", r#"{"message":"a \"b\""}"#),
        ];
        assert_eq!(frames, want.map(|(name, data)| (name.to_owned(), data.to_owned())));
        assert_eq!(rest.held(), 0);
    }

    #[test]
    fn a_frame_leaves_as_soon_as_it_is_whole_and_a_part_is_held() {
        let whole = event("x", "{}");
        let (head, last) = whole.split_at(whole.len() - 1);
        let (none, mut frames) = read_all(&[head]);
        assert_eq!((none.len(), frames.held()), (0, head.len()));
        frames.push(last);
        assert!(frames.next().unwrap().is_some());
        assert_eq!((frames.next(), frames.held()), (Ok(None), 0));
    }

    #[test]
    fn what_is_broken_stays_broken() {
        let good = event("x", "{\"a\":1}");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x04;
            let mut frames = Frames::default();
            frames.push(&[bad, good.clone()].concat());
            // a length that grew waits for more; nothing is ever taken for a frame
            let first = frames.next();
            assert!(first == Ok(None) || first.is_err(), "{at}");
            if first.is_err() {
                frames.push(&good);
                assert_eq!(frames.next(), first);
            }
        }
    }

    #[test]
    fn impossible_lengths_are_refused_before_anything_is_kept() {
        for (total, headers) in
            [(0, 0), (15, 0), (16 << 20 | 1, 0), (u32::MAX, 0), (200 << 10, 129 << 10), (20, 5)]
        {
            let mut frames = Frames::default();
            frames.push(&[u32::to_be_bytes(total), u32::to_be_bytes(headers)].concat());
            assert!(frames.next().is_err(), "{total} {headers}");
            frames.push(&[0; 1000]);
            assert!(frames.held() < 1000);
        }
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            texts in proptest::collection::vec("[a-z{}é]{0,40}", 1..6),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        ) {
            let stream: Vec<u8> = texts.iter().flat_map(|text| event("contentBlockDelta", text)).collect();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            at.extend([0, stream.len()]);
            at.sort_unstable();
            let chunks: Vec<&[u8]> = at.windows(2).map(|w| &stream[w[0]..w[1]]).collect();
            let (frames, rest) = read_all(&chunks);
            prop_assert_eq!(frames.into_iter().map(|f| f.1).collect::<Vec<_>>(), texts);
            prop_assert_eq!(rest.held(), 0);
        }

        #[test]
        fn no_bytes_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        ) {
            read_all(&[&bytes]);
            let mut stream = event("contentBlockDelta", "{\"delta\":{\"text\":\"a\"}}");
            for (at, to) in flips {
                let at = at.index(stream.len());
                stream[at] = to;
            }
            read_all(&[&stream]);
        }
    }
}
