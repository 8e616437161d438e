//! A provider's stream of chunks, read.

use super::answer::{Chunk, Piece, Said, citation, fault_in, finish, text_of};
use crate::{
    chat::{Delta, Fault, Kind, Signature, Usage},
    dialect::{Event, Reader},
};
use serde_json::Value;

/// Reads chunks of chat completions.
#[derive(Debug, Default)]
pub struct StreamReader {
    started: bool,
    /// Per choice: the provider's index of each of its tool calls, in the order in which they began.
    calls: Vec<Vec<u32>>,
}

/// More answers at once than any provider gives.
const CHOICES: u32 = 128;

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        if event.data == b"[DONE]" {
            return out.push(Delta::Done);
        }
        if let Some(fault) = fault_in(event.data) {
            return out.push(Delta::Fault(fault));
        }
        let chunk: Chunk = match serde_json::from_slice(event.data) {
            Ok(chunk) => chunk,
            Err(error) => {
                let message = format!("an event is no chunk: {error}");
                return out.push(Delta::Fault(Fault { message, ..Fault::new(Kind::StreamError) }));
            }
        };
        if !self.started {
            self.started = true;
            out.push(Delta::Start {
                id: chunk.id.unwrap_or_default(),
                model: chunk.model.unwrap_or_default(),
            });
        }
        for piece in chunk.choices.into_iter().filter(|piece| piece.index < CHOICES) {
            self.piece(piece, out);
        }
        out.extend(chunk.usage.map(|figures| Delta::Usage(Usage::from(figures))));
    }
}

impl StreamReader {
    fn piece(&mut self, piece: Piece, out: &mut Vec<Delta>) {
        let choice = piece.index;
        let said = piece.delta;
        thoughts(choice, &said, out);
        out.extend(text_of(said.content.as_ref()).map(|text| Delta::Text { choice, text }));
        let cited = said.annotations.iter().flatten().filter_map(citation);
        out.extend(cited.map(|citation| Delta::Citation { choice, citation }));
        out.extend(said.refusal.filter(|text| !text.is_empty()).map(|text| Delta::Refusal { choice, text }));
        for (i, call) in (0..).zip(said.tool_calls.unwrap_or_default()) {
            let at = call.index.unwrap_or(i);
            let index = self.call(choice, at, |index| {
                let id = call
                    .id
                    .clone()
                    .filter(|id| !id.is_empty())
                    .unwrap_or_else(|| format!("call_{choice}_{index}"));
                let name = call.function.name.clone().unwrap_or_default();
                out.push(Delta::ToolCall { choice, index, id, name, signature: call.signature() });
            });
            let text = call.function.text();
            if !text.is_empty() {
                out.push(Delta::ToolArguments { choice, index, text });
            }
        }
        out.extend(piece.logprobs.filter(|l| !l.is_null()).map(|value| Delta::Logprobs { choice, value }));
        out.extend(piece.finish_reason.map(|reason| Delta::Finish { choice, finish: finish(&reason) }));
    }

    /// The number of the call that the provider counts as `at`; `begin` is told where it is new.
    fn call(&mut self, choice: u32, at: u32, begin: impl FnOnce(u32)) -> u32 {
        let slot = usize::try_from(choice).unwrap_or(usize::MAX);
        while self.calls.len() <= slot {
            self.calls.push(Vec::new());
        }
        let Some(known) = self.calls.get_mut(slot) else { return at };
        let place = known.iter().position(|seen| *seen == at);
        let index = u32::try_from(place.unwrap_or(known.len())).unwrap_or(u32::MAX);
        if place.is_none() {
            known.push(at);
            begin(index);
        }
        index
    }
}

/// Thoughts as DeepSeek and its kin stream them, and the proofs that OpenRouter adds.
fn thoughts(choice: u32, said: &Said, out: &mut Vec<Delta>) {
    if let Some(Value::String(text)) = said.reasoning_content.as_ref().filter(|text| **text != "") {
        out.push(Delta::Reasoning { choice, text: text.clone() });
    }
    for detail in said.reasoning_details.iter().flatten() {
        let field = |name: &str| detail.get(name).and_then(Value::as_str);
        let maker = super::message::maker(field("format"));
        let token = field("signature").or_else(|| field("data"));
        out.extend(
            token.map(|token| Delta::Signature {
                choice,
                signature: Signature { maker, token: token.into() },
            }),
        );
    }
}
