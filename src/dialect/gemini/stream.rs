//! A streamed answer: every event is a response of its own, with what came since the one before.

use super::{
    fault,
    logprobs::Likelihoods,
    reply::{Candidate, Part, Reply},
    sources::citations,
};
use crate::{
    chat::{Citation, Delta, Fault, Finish, Kind},
    dialect::{Event, Reader},
};
use std::collections::BTreeMap;

/// Reads the events of `streamGenerateContent?alt=sse`.
#[derive(Debug, Default)]
pub struct StreamReader {
    began: bool,
    answer: String,
    choices: BTreeMap<u32, Progress>,
}

/// How far a choice has come.
#[derive(Debug, Default)]
struct Progress {
    /// Its text, in which sources are placed by bytes.
    said: String,
    cited: Vec<Citation>,
    calls: u32,
    finished: bool,
}

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        if event.data.trim_ascii().is_empty() {
            return;
        }
        let mut reply = match Reply::read(event.data) {
            Ok(reply) => reply,
            // to go on would be to leave a hole in the answer
            Err(error) => {
                let message = format!("an event is not whole JSON: {error}");
                return out.push(Delta::Fault(Fault { message, ..Fault::new(Kind::StreamError) }));
            }
        };
        if let Some(error) = reply.refusal() {
            return out.push(Delta::Fault(fault::of_error(error)));
        }
        if !self.began {
            self.began = true;
            self.answer.clone_from(&reply.response_id);
            let (id, model) = (reply.response_id.clone(), reply.model_version.clone());
            out.push(Delta::Start { id, model });
        }
        if reply.is_blocked() && self.choices.is_empty() {
            self.choices.entry(0).or_default().finished = true;
            out.push(Delta::Finish { choice: 0, finish: Finish::ContentFilter });
        }
        for candidate in std::mem::take(&mut reply.candidates) {
            self.candidate(candidate, out);
        }
        out.extend(reply.usage().map(Delta::Usage));
    }
}

impl StreamReader {
    fn candidate(&mut self, mut candidate: Candidate, out: &mut Vec<Delta>) {
        let choice = candidate.index;
        let progress = self.choices.entry(choice).or_default();
        for part in std::mem::take(&mut candidate.content.parts) {
            progress.take(choice, part, &self.answer, out);
        }
        for citation in citations(&candidate, &progress.said) {
            // later events tell all sources once more
            if !progress.cited.contains(&citation) {
                progress.cited.push(citation.clone());
                out.push(Delta::Citation { choice, citation });
            }
        }
        let likelihoods = candidate.logprobs_result.as_ref().map(Likelihoods::to_openai);
        out.extend(likelihoods.map(|value| Delta::Logprobs { choice, value }));
        match candidate.finish(progress.calls > 0) {
            Ok(Some(finish)) if !progress.finished => {
                progress.finished = true;
                out.push(Delta::Finish { choice, finish });
            }
            Ok(_) => {}
            Err(fault) => out.push(Delta::Fault(fault)),
        }
    }
}

impl Progress {
    fn take(&mut self, choice: u32, part: Part, answer: &str, out: &mut Vec<Delta>) {
        let signature = part.signature();
        if let Some(call) = part.function_call {
            let index = self.calls;
            let (id, text) = (call.id(answer, choice, index), call.arguments());
            self.calls += 1;
            out.push(Delta::ToolCall { choice, index, id, name: call.name, signature });
            return out.push(Delta::ToolArguments { choice, index, text });
        }
        match part.text {
            text if text.is_empty() => {}
            text if part.thought => out.push(Delta::Reasoning { choice, text }),
            text => {
                self.said.push_str(&text);
                out.push(Delta::Text { choice, text });
            }
        }
        out.extend(signature.map(|signature| Delta::Signature { choice, signature }));
    }
}
