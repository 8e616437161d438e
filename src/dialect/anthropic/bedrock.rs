//! Claude's stream inside of Bedrock's: `InvokeModelWithResponseStream` wraps each event in base64.

use super::{fault, stream::StreamReader};
use crate::{
    chat::Delta,
    dialect::{Event, Reader},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// Unwraps the frames and reads what is inside.
#[derive(Debug, Default)]
pub struct BedrockReader(StreamReader);

#[derive(Deserialize)]
struct Chunk<'a> {
    bytes: &'a str,
}

impl Reader for BedrockReader {
    fn read(&mut self, event: Event<'_>, out: &mut Vec<Delta>) {
        if event.name != "chunk" {
            if event.name.ends_with("Exception") {
                out.push(Delta::Fault(fault::of_exception(event.name, event.data)));
            }
            return;
        }
        let chunk = serde_json::from_slice::<Chunk<'_>>(event.data).ok();
        // what can not be unwrapped is no event either
        let data = chunk.and_then(|chunk| STANDARD.decode(chunk.bytes).ok()).unwrap_or_default();
        self.0.read(Event { name: "", data: &data }, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Finish, Kind};

    fn chunk(event: &str) -> Vec<u8> {
        format!(r#"{{"bytes":"{}","p":"abcd"}}"#, STANDARD.encode(event)).into_bytes()
    }

    #[test]
    fn chunks_are_unwrapped_and_exceptions_are_faults() {
        let (mut reader, mut out) = (BedrockReader::default(), vec![]);
        for event in [
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#,
            r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":9}}"#,
        ] {
            reader.read(Event { name: "chunk", data: &chunk(event) }, &mut out);
        }
        assert!(out.contains(&Delta::Text { choice: 0, text: "hi".into() }));
        assert!(out.contains(&Delta::Finish { choice: 0, finish: Finish::Stop }));
        assert_eq!(out.last(), Some(&Delta::Done));
        reader.read(Event { name: "throttlingException", data: b"{}" }, &mut out);
        assert!(matches!(out.last(), Some(Delta::Fault(fault)) if fault.kind == Kind::RateLimited));
    }
}
