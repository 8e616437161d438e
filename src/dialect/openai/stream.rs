//! A streamed answer, passed on event by event: its bytes are kept, its usage is read, its breaks are noticed.

use super::{answer::Figures, fault};
use crate::{
    chat::{Fault, Kind, Usage},
    dialect::{Follower, Passed, Shape},
    sse::{Event, Splitter, events},
};
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::LazyLock;

/// Follows one stream.
#[derive(Debug)]
pub struct Stream {
    shape: Shape,
    hide_usage: bool,
    splitter: Splitter,
    /// Content was seen: from here on nothing can be taken back.
    began: bool,
    finished: bool,
    usage: Option<Usage>,
    fault: Option<Fault>,
    events: u64,
}

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"finish_reason\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error\""));

impl Stream {
    /// Follows a stream of this shape; `hide_usage` keeps the chunk back that the client did not ask for.
    #[must_use]
    pub fn new(shape: Shape, hide_usage: bool) -> Self {
        Self {
            shape,
            hide_usage,
            splitter: Splitter::default(),
            began: false,
            finished: false,
            usage: None,
            fault: None,
            events: 0,
        }
    }

    fn pass(&mut self, whole: Vec<u8>) -> Passed {
        let mut hidden = Vec::new();
        let mut at = 0;
        for event in events(&whole) {
            let end = at + event.raw.len();
            if self.note(&event) == Note::Hide {
                hidden.push(at..end);
            }
            at = end;
        }
        let bytes = if hidden.is_empty() { whole } else { without(&whole, &hidden) };
        Passed { bytes, began: self.began }
    }

    fn note(&mut self, event: &Event<'_>) -> Note {
        let Some(data) = event.data.as_deref() else { return Note::Pass };
        if data == b"[DONE]" {
            // without any content before it, the stream is as empty as one that never came
            self.finished = self.began;
            return Note::Pass;
        }
        match self.shape {
            Shape::Responses => self.note_typed(event.name, data),
            _ => self.note_chunk(data),
        }
    }

    fn note_chunk(&mut self, data: &[u8]) -> Note {
        if is_set(&ERROR, data) && self.fault.is_none() {
            self.fault = fault::error_in(data).map(fault::of_event);
        }
        if self.fault.is_some() {
            return Note::Pass;
        }
        let talks_of_usage = is_set(&USAGE, data);
        if self.began && !talks_of_usage && (self.finished || !is_set(&FINISH, data)) {
            self.events += 1;
            return Note::Pass;
        }
        let chunk: Chunk<'_> = serde_json::from_slice(data).unwrap_or_default();
        self.usage = chunk.usage.map(Usage::from).or(self.usage);
        let choices = chunk.choices.unwrap_or_default();
        self.finished |= choices.iter().any(|c| c.finish_reason.is_some_and(|r| r.get() != "null"));
        if chunk.usage.is_some() && choices.is_empty() {
            return if self.hide_usage { Note::Hide } else { Note::Pass };
        }
        let content = choices.is_empty() && !talks_of_usage || choices.iter().any(Choice::has_content);
        self.began |= content;
        self.events += u64::from(content);
        Note::Pass
    }

    fn note_typed(&mut self, name: &[u8], data: &[u8]) -> Note {
        match name {
            b"response.created" | b"response.in_progress" | b"response.queued" => {}
            b"error" => self.fault = Some(fault::of_event(&String::from_utf8_lossy(data))),
            b"response.failed" | b"response.completed" | b"response.incomplete" => self.note_last(data),
            _ => {
                self.began = true;
                self.events += 1;
            }
        }
        Note::Pass
    }

    fn note_last(&mut self, data: &[u8]) {
        #[derive(Deserialize, Default)]
        struct Last<'a> {
            #[serde(borrow, default)]
            response: Response<'a>,
        }
        #[derive(Deserialize, Default)]
        struct Response<'a> {
            usage: Option<Figures>,
            #[serde(borrow)]
            error: Option<&'a RawValue>,
        }
        let last: Last<'_> = serde_json::from_slice(data).unwrap_or_default();
        self.usage = last.response.usage.map(Usage::from).or(self.usage);
        match last.response.error.map(RawValue::get).filter(|raw| *raw != "null") {
            Some(error) => self.fault = Some(fault::of_event(error)),
            None => {
                self.began = true;
                self.finished = true;
            }
        }
    }
}

impl Follower for Stream {
    fn push(&mut self, chunk: Vec<u8>) -> Passed {
        let whole = self.splitter.push(chunk);
        self.pass(whole)
    }

    fn end(&mut self) -> Passed {
        let rest = self.splitter.rest();
        let passed = self.pass(rest);
        if self.fault.is_none() && !self.finished {
            let kind = if self.began { Kind::Reset } else { Kind::EmptyAnswer };
            self.fault = Some(Fault::new(kind));
        }
        passed
    }

    fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    fn began(&self) -> bool {
        self.began
    }

    fn finished(&self) -> bool {
        self.finished
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn events(&self) -> u64 {
        self.events
    }

    fn held(&self) -> usize {
        self.splitter.held()
    }

    fn is_identity(&self) -> bool {
        true
    }
}

#[derive(PartialEq, Eq)]
enum Note {
    Pass,
    Hide,
}

#[derive(Deserialize, Default)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<Figures>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    delta: Option<serde_json::Map<String, serde_json::Value>>,
    text: Option<&'a RawValue>,
}

impl Choice<'_> {
    /// More than a role and empty strings.
    fn has_content(&self) -> bool {
        let ended = self.finish_reason.is_some_and(|reason| reason.get() != "null");
        let text = self.text.is_some_and(|text| !matches!(text.get(), "\"\"" | "null"));
        let said = self.delta.iter().flatten().any(|(key, value)| {
            key != "role" && !value.is_null() && value != "" && value.as_array().is_none_or(|a| !a.is_empty())
        });
        ended || text || said
    }
}

/// Whether the key that `finder` looks for has a value other than `null`: cheaper than to read every chunk.
fn is_set(finder: &Finder<'_>, data: &[u8]) -> bool {
    finder.find_iter(data).any(|at| {
        let after = data.get(at + finder.needle().len()..).unwrap_or_default().trim_ascii_start();
        after.strip_prefix(b":").is_some_and(|value| !value.trim_ascii_start().starts_with(b"null"))
    })
}

fn without(whole: &[u8], hidden: &[std::ops::Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(whole.len());
    let mut at = 0;
    for span in hidden {
        out.extend_from_slice(whole.get(at..span.start).unwrap_or_default());
        at = span.end;
    }
    out.extend_from_slice(whole.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
    const WORD: &str =
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],\"usage\":null}\n\n";
    const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
    const FIGURES: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1,\"total_tokens\":3}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn run(hide: bool, events: &[&str]) -> (Stream, String, Vec<bool>) {
        let mut stream = Stream::new(Shape::Choices, hide);
        let (mut out, mut began) = (String::new(), vec![]);
        for event in events {
            let passed = stream.push(event.as_bytes().to_vec());
            out += std::str::from_utf8(&passed.bytes).unwrap();
            began.push(passed.began);
        }
        out += std::str::from_utf8(&stream.end().bytes).unwrap();
        (stream, out, began)
    }

    #[test]
    fn a_whole_stream_is_passed_as_it_is_but_for_the_hidden_usage() {
        let (stream, out, began) = run(true, &[": hi\n\n", ROLE, WORD, STOP, FIGURES, DONE]);
        assert_eq!(out, [": hi\n\n", ROLE, WORD, STOP, DONE].concat());
        assert_eq!(began, [false, false, true, true, true, true]);
        assert_eq!((stream.fault(), stream.finished()), (None, true));
        assert_eq!(stream.usage().map(|u| (u.input, u.output)), Some((2, 1)));
        let (stream, out, _) = run(false, &[ROLE, WORD, STOP, FIGURES, DONE]);
        assert!(out.contains(FIGURES) && stream.usage().is_some());
    }

    #[test]
    fn breaks_are_told_apart() {
        let kind = |events: &[&str]| run(true, events).0.fault().map(|f| f.kind);
        assert_eq!(kind(&[]), Some(Kind::EmptyAnswer));
        assert_eq!(kind(&[DONE]), Some(Kind::EmptyAnswer));
        assert_eq!(kind(&[ROLE]), Some(Kind::EmptyAnswer));
        assert_eq!(kind(&[ROLE, WORD]), Some(Kind::Reset));
        assert_eq!(kind(&[ROLE, WORD, STOP]), None);
        assert_eq!(kind(&["data: {\"error\":{\"message\":\"x\",\"code\":500}}\n\n"]), Some(Kind::Server));
        assert_eq!(kind(&["data: {\"error\":{\"message\":\"x\"}}\n\n"]), Some(Kind::StreamError));
        assert_eq!(kind(&[ROLE, WORD, "data: {\"error\":\"x\"}\n\n", DONE]), Some(Kind::StreamError));
    }

    #[test]
    fn the_word_error_in_a_text_is_no_error() {
        let text = WORD.replace("\"a\"", "\"an \\\"error\\\" \"");
        assert!(run(true, &[&text, STOP]).0.fault().is_none());
        let null = WORD.replace("\"usage\":null", "\"error\":null");
        assert!(run(true, &[&null, STOP]).0.fault().is_none());
    }

    #[test]
    fn typed_events_are_followed_too() {
        let mut stream = Stream::new(Shape::Responses, true);
        assert!(!stream.push(b"event: response.created\ndata: {}\n\n".to_vec()).began);
        assert!(
            stream.push(b"event: response.output_text.delta\ndata: {\"delta\":\"a\"}\n\n".to_vec()).began
        );
        let last = b"event: response.completed\ndata: {\"response\":{\"error\":null,\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}}\n\n";
        assert_eq!(stream.push(last.to_vec()).bytes, last);
        stream.end();
        assert_eq!((stream.fault(), stream.usage().map(|u| u.total())), (None, Some(11)));
    }
}
