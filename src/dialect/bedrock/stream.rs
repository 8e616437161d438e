//! A streamed answer of ConverseStream, event by event.

use super::{
    answer::{citation, finish, is_ours, sealed, signed, usage},
    fault,
};
use crate::{
    chat::{Delta, Fault, Kind},
    dialect::{Event, Reader},
};
use serde_json::Value;

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub struct StreamReader {
    began: bool,
    calls: Vec<Call>,
}

/// A call that is being written.
#[derive(Debug)]
struct Call {
    /// The number of its block among all blocks.
    block: u64,
    /// Arguments came.
    filled: bool,
}

impl Reader for StreamReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        let data = match serde_json::from_slice::<Value>(event.data) {
            Ok(data) => data,
            // to go on would be to leave a hole in the answer
            Err(error) if is_known(event.name) => {
                let message = format!("an event is not whole JSON: {error}");
                return out.push(Delta::Fault(Fault { message, ..Fault::new(Kind::StreamError) }));
            }
            Err(_) => Value::Null,
        };
        if is_known(event.name) && !std::mem::replace(&mut self.began, true) {
            out.push(Delta::Start { id: String::new(), model: String::new() });
        }
        match event.name {
            "contentBlockStart" => self.block(&data, out),
            "contentBlockDelta" => self.delta(&data, out),
            "contentBlockStop" => self.stop(&data, out),
            "messageStop" => {
                let reason = data.get("stopReason").and_then(Value::as_str).unwrap_or_default();
                let additional = data.get("additionalModelResponseFields");
                out.push(match finish(reason, additional, !self.calls.is_empty()) {
                    Ok(finish) => Delta::Finish { choice: 0, finish },
                    Err(fault) => Delta::Fault(fault),
                });
            }
            "metadata" => {
                out.extend(data.get("usage").and_then(usage).map(Delta::Usage));
                out.push(Delta::Done);
            }
            name if is_exception(name, &data) => out.push(Delta::Fault(fault::of_exception(name, &data))),
            _ => {}
        }
    }
}

impl StreamReader {
    fn block(&mut self, data: &Value, out: &mut Vec<Delta>) {
        let Some(call) = data.pointer("/start/toolUse").filter(|call| is_ours(call)) else { return };
        let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        self.calls.push(Call { block: number(data), filled: false });
        let text = |field| call.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = Some(text("toolUseId")).filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{index}"));
        out.push(Delta::ToolCall { choice: 0, index, id, name: text("name"), signature: None });
    }

    fn delta(&mut self, data: &Value, out: &mut Vec<Delta>) {
        let Some(delta) = data.get("delta") else { return };
        let text = |path| delta.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(text) = text("/text") {
            out.push(Delta::Text { choice: 0, text: text.into() });
        } else if let Some(piece) = text("/toolUse/input") {
            self.arguments(number(data), piece, out);
        } else if let Some(text) = text("/reasoningContent/text") {
            out.push(Delta::Reasoning { choice: 0, text: text.into() });
        } else if let Some(token) = text("/reasoningContent/signature") {
            out.push(Delta::Signature { choice: 0, signature: signed(token) });
        } else if let Some(thought) = text("/reasoningContent/redactedContent") {
            out.push(Delta::Signature { choice: 0, signature: sealed(thought) });
        } else if let Some(source) = delta.get("citation") {
            out.push(Delta::Citation { choice: 0, citation: citation(source) });
        }
    }

    /// A block ends; whoever reads a call's arguments wants an object, even for none.
    fn stop(&mut self, data: &Value, out: &mut Vec<Delta>) {
        let block = number(data);
        if self.calls.iter().any(|call| call.block == block && !call.filled) {
            self.arguments(block, "{}", out);
        }
    }

    fn arguments(&mut self, block: u64, piece: &str, out: &mut Vec<Delta>) {
        // what belongs to no call is a tool's that the host runs
        let Some((index, call)) = (0..).zip(&mut self.calls).find(|(_, call)| call.block == block) else {
            return;
        };
        call.filled = true;
        out.push(Delta::ToolArguments { choice: 0, index, text: piece.into() });
    }
}

fn number(data: &Value) -> u64 {
    data.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0)
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "messageStart"
            | "contentBlockStart"
            | "contentBlockDelta"
            | "contentBlockStop"
            | "messageStop"
            | "metadata"
    )
}

/// Whether an event that is none of the answer's tells of an error.
fn is_exception(name: &str, data: &Value) -> bool {
    name.ends_with("Exception") || !is_known(name) && data.get("message").is_some_and(Value::is_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Citation, Finish, Usage};
    use proptest::prelude::*;
    use serde_json::json;

    fn read(events: &[(&str, Value)]) -> Vec<Delta> {
        let (mut reader, mut out) = (StreamReader::default(), vec![]);
        for (name, data) in events {
            reader.read(Event { name, data: data.to_string().as_bytes() }, &mut out);
        }
        out
    }

    fn delta(block: u64, delta: Value) -> (&'static str, Value) {
        ("contentBlockDelta", json!({"contentBlockIndex": block, "delta": delta, "p": "abcdefgh"}))
    }

    fn start(block: u64, id: &str) -> (&'static str, Value) {
        let call = json!({"toolUse": {"name": "look", "toolUseId": id}});
        ("contentBlockStart", json!({"contentBlockIndex": block, "start": call, "p": "ab"}))
    }

    fn stop(block: u64) -> (&'static str, Value) {
        ("contentBlockStop", json!({"contentBlockIndex": block, "p": "abcd"}))
    }

    fn begin() -> (&'static str, Value) {
        ("messageStart", json!({"role": "assistant", "p": "abc"}))
    }

    fn end(reason: &str) -> (&'static str, Value) {
        ("messageStop", json!({"stopReason": reason}))
    }

    #[test]
    fn a_stream_with_thoughts_and_calls_is_read_in_order() {
        let usage =
            json!({"inputTokens": 10, "outputTokens": 5, "totalTokens": 95, "cacheReadInputTokens": 80});
        let got = read(&[
            begin(),
            delta(0, json!({"reasoningContent": {"text": "hm"}})),
            delta(0, json!({"reasoningContent": {"signature": "c2ln"}})),
            stop(0),
            delta(1, json!({"text": ""})),
            delta(1, json!({"text": "Let me look."})),
            stop(1),
            start(2, "tooluse_1"),
            delta(2, json!({"toolUse": {"input": ""}})),
            delta(2, json!({"toolUse": {"input": "{\"at\""}})),
            delta(2, json!({"toolUse": {"input": ":1}"}})),
            stop(2),
            start(3, "tooluse_2"),
            stop(3),
            end("tool_use"),
            ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 9}})),
        ]);
        let call = |index, id: &str| Delta::ToolCall {
            choice: 0,
            index,
            id: id.into(),
            name: "look".into(),
            signature: None,
        };
        let arguments = |index, text: &str| Delta::ToolArguments { choice: 0, index, text: text.into() };
        let want = [
            Delta::Start { id: String::new(), model: String::new() },
            Delta::Reasoning { choice: 0, text: "hm".into() },
            Delta::Signature { choice: 0, signature: signed("c2ln") },
            Delta::Text { choice: 0, text: "Let me look.".into() },
            call(0, "tooluse_1"),
            arguments(0, "{\"at\""),
            arguments(0, ":1}"),
            call(1, "tooluse_2"),
            arguments(1, "{}"),
            Delta::Finish { choice: 0, finish: Finish::ToolCalls },
            Delta::Usage(Usage { input: 90, output: 5, cached: 80, ..Usage::default() }),
            Delta::Done,
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn sources_and_hidden_thoughts_are_told_and_the_hosts_own_tools_are_not() {
        let hosted = json!({"toolUse": {"name": "search", "toolUseId": "s", "type": "server_tool_use"}});
        let got = read(&[
            begin(),
            ("contentBlockStart", json!({"contentBlockIndex": 0, "start": hosted})),
            delta(0, json!({"toolUse": {"input": "{}"}})),
            stop(0),
            (
                "contentBlockStart",
                json!({"contentBlockIndex": 1, "start": {"toolResult": {"toolUseId": "s"}}}),
            ),
            delta(1, json!({"toolResult": [{"text": "found"}]})),
            delta(2, json!({"reasoningContent": {"redactedContent": "cmVk"}})),
            delta(3, json!({"citation": {"location": {"web": {"url": "https://a.test"}}}})),
        ]);
        let citation = Citation { url: Some("https://a.test".into()), ..Citation::default() };
        let want = [
            Delta::Signature { choice: 0, signature: sealed("cmVk") },
            Delta::Citation { choice: 0, citation },
        ];
        assert_eq!(got[1..], want);
    }

    #[test]
    fn exceptions_are_faults() {
        let kind = |name: &str, data: Value| match read(&[(name, data)]).pop() {
            Some(Delta::Fault(fault)) => Some((fault.kind, fault.message)),
            _ => None,
        };
        let told = |kind: Kind| Some((kind, "no".to_owned()));
        let no = || json!({"message": "no"});
        assert_eq!(kind("throttlingException", no()), told(Kind::RateLimited));
        assert_eq!(kind("internalServerException", no()), told(Kind::Server));
        assert_eq!(kind("serviceUnavailableException", no()), told(Kind::Overloaded));
        assert_eq!(kind("validationException", no()), told(Kind::BadRequest));
        assert_eq!(kind("modelStreamErrorException", no()), told(Kind::StreamError));
        let busy = json!({"message": "no", "originalStatusCode": 529, "originalMessage": "busy"});
        assert_eq!(kind("modelStreamErrorException", busy), told(Kind::Overloaded));
        assert_eq!(kind("quiteNewException", json!({})), Some((Kind::StreamError, String::new())));
        assert_eq!(kind("InternalFailure", no()), told(Kind::StreamError));
        assert_eq!(kind("initial-response", json!({})), None);
        let malformed = read(&[begin(), end("malformed_model_output")]);
        assert!(matches!(malformed.last(), Some(Delta::Fault(fault)) if fault.kind == Kind::StreamError));
    }

    #[test]
    fn an_event_of_the_answer_that_is_broken_is_a_fault() {
        let (mut reader, mut out) = (StreamReader::default(), vec![]);
        reader.read(Event { name: "news", data: b"{" }, &mut out);
        assert_eq!(out, []);
        reader.read(Event { name: "contentBlockDelta", data: b"{" }, &mut out);
        assert!(matches!(&out[..], [Delta::Fault(fault)] if fault.kind == Kind::StreamError));
    }

    #[test]
    fn a_stream_without_its_beginning_begins_all_the_same() {
        let got = read(&[delta(0, json!({"text": "a"})), begin(), end("end_turn")]);
        assert_eq!(got.iter().filter(|delta| matches!(delta, Delta::Start { .. })).count(), 1);
        assert!(matches!(got[0], Delta::Start { .. }));
    }

    proptest! {
        #[test]
        fn no_event_panics(
            events in proptest::collection::vec((0..8usize, "\\PC{0,40}"), 0..10),
            block in any::<u64>(),
        ) {
            let names = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "xException", "?"];
            let (mut reader, mut out) = (StreamReader::default(), vec![]);
            for (name, text) in events {
                let odd = json!({"contentBlockIndex": block, "delta": {"text": 1, "toolUse": text}, "start": {"toolUse": {"name": 1}}});
                for data in [text.clone(), odd.to_string()] {
                    reader.read(Event { name: names[name], data: data.as_bytes() }, &mut out);
                }
            }
        }
    }
}
