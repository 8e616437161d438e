//! A streamed answer on its way from one dialect to another, event by event, the same for any cutting of the bytes.

use super::frames::Frames;
use crate::{
    chat::{Delta, Fault, Kind, Usage},
    sse::{Splitter, events},
};
use std::fmt;

/// One event of a provider's stream, whatever frames it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event` of a server-sent event (`message` where it has none); the `:event-type` or `:exception-type` of an AWS frame.
    pub name: &'a str,
    /// Its data, nearly always JSON.
    pub data: &'a [u8],
}

/// Reads the events of one provider's stream into deltas. It owes a `Start` before anything else, and a `Finish` for every
/// choice that ended; `Done` only where its dialect has a word for it. What it can not understand it skips; what means that
/// the answer is broken it tells as a `Fault`. Never panics.
pub trait Reader: fmt::Debug + Send {
    /// Takes one event.
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>);
}

/// Writes deltas as the bytes of a client's stream. It gets `Start` first and `Done` last, where the stream comes to its end;
/// a `Fault` it never gets: the exchange tells a broken stream's client why.
pub trait Writer: fmt::Debug + Send {
    /// Takes one delta; appends whole events.
    fn write(&mut self, delta: &Delta, out: &mut Vec<u8>);
}

/// Follows one stream from the provider to the client: its bytes, and the facts that the exchange needs.
pub trait Follower: fmt::Debug + Send {
    /// Takes a chunk.
    fn push(&mut self, chunk: Vec<u8>) -> Passed;

    /// Takes the end of the stream: what was still on its way, and the verdict.
    fn end(&mut self) -> Passed;

    /// Why the stream is no good, as soon as that is known.
    fn fault(&self) -> Option<&Fault>;

    /// Whether content was seen.
    fn began(&self) -> bool;

    /// Whether the answer has said that it is complete.
    fn finished(&self) -> bool;

    /// The usage that the stream told.
    fn usage(&self) -> Option<Usage>;

    /// How many pieces of content came, about one a token: for an estimate where no usage came.
    fn events(&self) -> u64;

    /// How many bytes wait for the rest of their event.
    fn held(&self) -> usize;

    /// Whether the bytes that pass are the provider's own, its error events among them.
    fn is_identity(&self) -> bool;
}

/// How a provider frames the events of its streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// `application/vnd.amazon.eventstream`.
    Aws,
}

#[derive(Debug)]
enum Cutter {
    Sse(Splitter),
    Aws(Frames),
}

/// Follows one stream: reads it, writes it for the client, keeps the facts.
#[derive(Debug)]
pub struct Translator {
    cutter: Cutter,
    reader: Box<dyn Reader>,
    /// `None`: client and provider speak the same dialect, and the bytes pass as they are.
    writer: Option<Box<dyn Writer>>,
    /// The id of an answer to which the provider gives none.
    id: String,
    deltas: Vec<Delta>,
    began: bool,
    finished: bool,
    done: bool,
    usage: Option<Usage>,
    fault: Option<Fault>,
    events: u64,
}

/// What a chunk came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The bytes to pass on; whole events only.
    pub bytes: Vec<u8>,
    /// The stream has content by now.
    pub began: bool,
}

impl Translator {
    /// Follows a stream; without a writer its bytes pass as they are, which only server-sent events can.
    #[must_use]
    pub fn new(framing: Framing, reader: Box<dyn Reader>, writer: Option<Box<dyn Writer>>) -> Self {
        let cutter = match framing {
            Framing::Sse => Cutter::Sse(Splitter::default()),
            Framing::Aws => Cutter::Aws(Frames::default()),
        };
        Self {
            cutter,
            reader,
            writer,
            id: String::new(),
            deltas: Vec::new(),
            began: false,
            finished: false,
            done: false,
            usage: None,
            fault: None,
            events: 0,
        }
    }

    /// Names the answer where the provider does not: clients join its pieces by its id.
    #[must_use]
    pub fn named(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    fn sse(&mut self, whole: Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        for event in events(&whole) {
            if let Some(data) = event.data.as_deref() {
                let name = std::str::from_utf8(event.name).unwrap_or_default();
                self.event(Event { name, data }, &mut out);
            }
        }
        if self.writer.is_none() { whole } else { out }
    }

    fn aws(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while let Cutter::Aws(frames) = &mut self.cutter {
            match frames.next() {
                Ok(Some(frame)) => self.event(Event { name: &frame.name, data: &frame.data }, &mut out),
                Ok(None) => break,
                Err(problem) => {
                    let fault = Fault { message: problem, ..Fault::new(Kind::StreamError) };
                    self.take(Delta::Fault(fault), &mut out);
                    break;
                }
            }
        }
        out
    }

    fn event(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        let mut deltas = std::mem::take(&mut self.deltas);
        self.reader.read(event, &mut deltas);
        for delta in deltas.drain(..) {
            self.take(delta, out);
        }
        self.deltas = deltas;
    }

    fn take(&mut self, mut delta: Delta, out: &mut Vec<u8>) {
        if self.fault.is_some() || self.done {
            return;
        }
        if let Delta::Start { id, .. } = &mut delta
            && id.is_empty()
        {
            self.id.clone_into(id);
        }
        self.note(&delta);
        // without any content before it, the end is that of an empty stream; faults are the exchange's to tell
        let silent = matches!(delta, Delta::Fault(_)) || (self.done && !self.began);
        if let Some(writer) = self.writer.as_mut().filter(|_| !silent) {
            writer.write(&delta, out);
        }
        if let Delta::Fault(fault) = delta {
            self.fault = Some(fault);
        }
    }

    fn note(&mut self, delta: &Delta) {
        if delta.is_content() {
            self.began = true;
            self.events += 1;
        }
        match delta {
            Delta::Finish { .. } => self.finished = true,
            Delta::Usage(usage) => self.usage = Some(*usage),
            Delta::Done => self.done = true,
            _ => {}
        }
    }
}

impl Follower for Translator {
    fn push(&mut self, chunk: Vec<u8>) -> Passed {
        let bytes = match &mut self.cutter {
            Cutter::Sse(splitter) => {
                let whole = splitter.push(chunk);
                self.sse(whole)
            }
            Cutter::Aws(frames) => {
                frames.push(&chunk);
                self.aws()
            }
        };
        Passed { bytes, began: self.began }
    }

    fn end(&mut self) -> Passed {
        let mut bytes = match &mut self.cutter {
            Cutter::Sse(splitter) => {
                let rest = splitter.rest();
                self.sse(rest)
            }
            Cutter::Aws(_) => Vec::new(),
        };
        if self.fault.is_none() && !self.finished {
            self.fault = Some(Fault::new(if self.began { Kind::Reset } else { Kind::EmptyAnswer }));
        }
        if self.fault.is_none() && !self.done {
            self.take(Delta::Done, &mut bytes);
        }
        Passed { bytes, began: self.began }
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
        match &self.cutter {
            Cutter::Sse(splitter) => splitter.held(),
            Cutter::Aws(frames) => frames.held(),
        }
    }

    fn is_identity(&self) -> bool {
        self.writer.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Finish;

    /// `text`, `stop` and `[DONE]` as events of one word.
    #[derive(Debug)]
    struct Words;

    impl Reader for Words {
        fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
            out.push(match event.data {
                b"stop" => Delta::Finish { choice: 0, finish: Finish::Stop },
                b"[DONE]" => Delta::Done,
                b"bad" => Delta::Fault(Fault::new(Kind::Overloaded)),
                word => Delta::Text { choice: 0, text: String::from_utf8_lossy(word).into_owned() },
            });
        }
    }

    impl Writer for Words {
        fn write(&mut self, delta: &Delta, out: &mut Vec<u8>) {
            out.extend_from_slice(format!("{delta:?}\n").as_bytes());
        }
    }

    fn run(text: &str) -> (Translator, String) {
        let mut translator = Translator::new(Framing::Sse, Box::new(Words), Some(Box::new(Words)));
        let mut out = translator.push(text.as_bytes().to_vec()).bytes;
        out.extend(translator.end().bytes);
        (translator, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_end_comes_once_whoever_tells_it() {
        let (told, a) = run("data: x\n\ndata: stop\n\ndata: [DONE]\n\n");
        let (untold, b) = run("data: x\n\ndata: stop\n\n");
        assert_eq!(a, b);
        assert_eq!(a.matches("Done").count(), 1);
        assert!(told.fault().is_none() && untold.fault().is_none());
    }

    #[test]
    fn breaks_are_told_apart() {
        let kind = |text: &str| run(text).0.fault().map(|f| f.kind);
        assert_eq!(kind(""), Some(Kind::EmptyAnswer));
        assert_eq!(kind("data: [DONE]\n\n"), Some(Kind::EmptyAnswer));
        assert_eq!(kind("data: x\n\n"), Some(Kind::Reset));
        assert_eq!(kind("data: bad\n\ndata: x\n\n"), Some(Kind::Overloaded));
        assert!(!run("data: x\n\ndata: bad\n\ndata: y\n\n").1.contains('y'));
    }
}
