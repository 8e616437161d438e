//! Mistral's stream of chunks, read.

use super::{
    answer::{Called, Piece, Whole, WireChoice, finish, logprobs, made_up, pieces, usage},
    fault,
};
use crate::{
    chat::{Delta, Fault, Kind},
    dialect::{Event, Reader},
};
use serde::Deserialize;
use serde_json::Value;

/// Reads the chunks of one answer.
#[derive(Debug, Default)]
pub struct StreamReader {
    started: bool,
    /// The answer's id.
    id: String,
    calls: Vec<Call>,
}

/// A tool call that has begun.
#[derive(Debug)]
struct Call {
    choice: u32,
    id: String,
    /// As Mistral counts it; 0 where it does not count.
    at: u32,
    /// As we count it within its choice.
    index: u32,
}

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        if event.data == b"[DONE]" {
            return out.push(Delta::Done);
        }
        match chunk(event.data) {
            Ok(chunk) => self.chunk(chunk, out),
            Err(fault) => out.push(Delta::Fault(fault)),
        }
    }
}

fn chunk(data: &[u8]) -> Result<Whole, Fault> {
    let broken = |error: serde_json::Error| Fault {
        message: format!("an event is no chunk: {error}"),
        ..Fault::new(Kind::StreamError)
    };
    let value: Value = serde_json::from_slice(data).map_err(broken)?;
    match value.get("choices") {
        Some(_) => Whole::deserialize(value).map_err(broken),
        None => match fault::told(&value) {
            Some(fault) => Err(fault),
            None => Whole::deserialize(value).map_err(broken),
        },
    }
}

impl StreamReader {
    fn chunk(&mut self, chunk: Whole, out: &mut Vec<Delta>) {
        if !self.started {
            self.started = true;
            self.id = chunk.id.unwrap_or_default();
            out.push(Delta::Start { id: self.id.clone(), model: chunk.model.unwrap_or_default() });
        }
        for choice in chunk.choices.unwrap_or_default() {
            self.choice(choice, out);
        }
        out.extend(chunk.usage.as_ref().and_then(usage).map(Delta::Usage));
    }

    fn choice(&mut self, wire: WireChoice, out: &mut Vec<Delta>) {
        let choice = wire.index.unwrap_or(0);
        let said = wire.message.unwrap_or_default();
        out.extend(pieces(said.content).into_iter().map(|piece| match piece {
            Piece::Text(text) => Delta::Text { choice, text },
            Piece::Thought(text) => Delta::Reasoning { choice, text },
        }));
        for called in said.tool_calls.unwrap_or_default() {
            let index = self.call(choice, &called, out);
            let text = called.function.text();
            if !text.is_empty() {
                out.push(Delta::ToolArguments { choice, index, text });
            }
        }
        out.extend(wire.logprobs.and_then(logprobs).map(|value| Delta::Logprobs { choice, value }));
        out.extend(wire.finish_reason.map(|reason| match finish(&reason) {
            Ok(finish) => Delta::Finish { choice, finish },
            Err(fault) => Delta::Fault(fault),
        }));
    }

    /// The number of a call; tells `out` where it is a new one. Mistral sends calls whole, and may count none of them: an id
    /// tells best which is which, and without one a name begins a call.
    fn call(&mut self, choice: u32, called: &Called, out: &mut Vec<Delta>) -> u32 {
        let at = called.index.unwrap_or(0);
        let name = called.function.name.clone().unwrap_or_default();
        let mine = || self.calls.iter().filter(|call| call.choice == choice);
        let known = match called.id() {
            Some(id) => mine().rfind(|call| call.id == id),
            None if name.is_empty() => mine().rfind(|call| call.at == at),
            None => None,
        };
        if let Some(known) = known {
            return known.index;
        }
        let index = mine().next_back().map_or(0, |last| last.index.saturating_add(1));
        let id = called.id().map_or_else(|| made_up(&self.id, choice, index), str::to_owned);
        self.calls.push(Call { choice, id: id.clone(), at, index });
        out.push(Delta::ToolCall { choice, index, id, name, signature: None });
        index
    }
}
