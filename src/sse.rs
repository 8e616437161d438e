//! Server-sent events: bytes to events, incremental, the same for any chunking.
//!
//! ```abnf
//! stream  = *( *line blank )            ; an event is the lines before a blank one
//! line    = field [ ":" [ SP ] value ] eol
//! eol     = CRLF / LF / CR
//! ```

use std::borrow::Cow;

/// Cuts a stream behind its last whole event, and keeps the rest for the next chunk.
#[derive(Debug, Default)]
pub struct Splitter {
    tail: Vec<u8>,
}

impl Splitter {
    /// Takes a chunk; gives all events that are whole now, as their bytes. No copy where the chunk ends with an event.
    pub fn push(&mut self, chunk: Vec<u8>) -> Vec<u8> {
        let mut all = if self.tail.is_empty() {
            chunk
        } else {
            let mut all = std::mem::take(&mut self.tail);
            all.extend_from_slice(&chunk);
            all
        };
        let end = last_end(&all);
        if end < all.len() {
            self.tail = all.split_off(end);
        }
        all
    }

    /// How many bytes wait for the rest of their event.
    #[must_use]
    pub fn held(&self) -> usize {
        self.tail.len()
    }

    /// What is left at the end of the stream: an event that never got its blank line.
    #[must_use]
    pub fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.tail)
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// All of its bytes, the blank line too.
    pub raw: &'a [u8],
    /// Its `event` field; `message` where there is none.
    pub name: &'a [u8],
    /// Its `data` fields, joined by line feeds; `None` for a comment or an empty event.
    pub data: Option<Cow<'a, [u8]>>,
}

/// The events in `bytes`, as `Splitter` gives them.
pub fn events(bytes: &[u8]) -> impl Iterator<Item = Event<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (raw, after) = rest.split_at(first_end(rest).unwrap_or(rest.len()));
        rest = after;
        Some(read(raw))
    })
}

fn read(raw: &[u8]) -> Event<'_> {
    let mut event = Event { raw, name: b"message", data: None };
    let mut at = 0;
    while let Some((line, next)) = line(raw, at) {
        at = next;
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => line.split_at(colon),
            None => (line, &b":"[..]),
        };
        let value = value.get(1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => event.name = value,
            b"data" => event.data = Some(joined(event.data.take(), value)),
            _ => {}
        }
    }
    event
}

fn joined<'a>(before: Option<Cow<'a, [u8]>>, line: &'a [u8]) -> Cow<'a, [u8]> {
    match before {
        None => Cow::Borrowed(line),
        Some(before) => {
            let mut all = before.into_owned();
            all.push(b'\n');
            all.extend_from_slice(line);
            Cow::Owned(all)
        }
    }
}

/// The line that starts at `at`, without its end, and where the next one starts.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
    let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let eol = match rest.get(end..end + 2) {
        Some(b"\r\n") => 2,
        _ => usize::from(end < rest.len()),
    };
    Some((rest.get(..end).unwrap_or_default(), at + end + eol))
}

/// Just behind the first event, where its end is certain.
fn first_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some((line, next)) = line(bytes, at) {
        let ended = bytes.get(next - 1).is_some_and(|b| matches!(b, b'\n' | b'\r'));
        // a CR at the very end may be half of a CRLF
        let certain = ended && !(next == bytes.len() && bytes.last() == Some(&b'\r'));
        if line.is_empty() && certain {
            return Some(next);
        }
        at = next;
    }
    None
}

/// Just behind the last whole event; 0 where there is none.
fn last_end(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\n\n") {
        return bytes.len();
    }
    let mut end = 0;
    while let Some(more) = bytes.get(end..).and_then(first_end) {
        end += more;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(chunks: &[&[u8]]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let (mut splitter, mut out) = (Splitter::default(), vec![]);
        for chunk in chunks {
            let whole = splitter.push(chunk.to_vec());
            out.extend(events(&whole).map(|e| (e.name.to_vec(), e.data.map(Cow::into_owned))));
        }
        let rest = splitter.rest();
        out.extend(events(&rest).map(|e| (e.name.to_vec(), e.data.map(Cow::into_owned))));
        out
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let got = read_all(&[b": hi\n\nevent: e\ndata:a\ndata: b\nid: 1\n\ndata\n\ndata: [DONE]\r\n\r\n"]);
        let want: Vec<(Vec<u8>, Option<Vec<u8>>)> = vec![
            (b"message".to_vec(), None),
            (b"e".to_vec(), Some(b"a\nb".to_vec())),
            (b"message".to_vec(), Some(b"".to_vec())),
            (b"message".to_vec(), Some(b"[DONE]".to_vec())),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn a_chunk_of_whole_events_is_passed_without_a_copy() {
        let chunk = b"data: a\n\n".to_vec();
        let at = chunk.as_ptr();
        let whole = Splitter::default().push(chunk);
        assert_eq!(whole.as_ptr(), at);
    }

    #[test]
    fn a_half_event_waits() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push(b"data: a\n\ndata: b".to_vec()), b"data: a\n\n");
        assert_eq!(splitter.held(), 7);
        assert_eq!(splitter.push(b"\n\n".to_vec()), b"data: b\n\n");
        assert_eq!(splitter.rest(), b"");
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events_and_the_same_bytes(
            parts in proptest::collection::vec(prop_oneof![
                Just("data: x"), Just("event: e"), Just("\n"), Just("\n\n"), Just("\r\n"), Just("\r"), Just(": c"), Just("data:"), Just("é")
            ], 0..40),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..10),
        ) {
            let text = parts.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|c| c.index(text.len() + 1)).collect();
            at.extend([0, text.len()]);
            at.sort_unstable();
            let chunks: Vec<&[u8]> = at.windows(2).map(|w| &text[w[0]..w[1]]).collect();
            prop_assert_eq!(read_all(&chunks), read_all(&[&text]));
            let mut splitter = Splitter::default();
            let mut passed: Vec<u8> = chunks.iter().flat_map(|c| splitter.push(c.to_vec())).collect();
            passed.extend(splitter.rest());
            prop_assert_eq!(passed, text);
        }
    }
}
