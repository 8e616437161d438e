//! Round trips of any request, messages of any deltas, and bytes that are nobody's.

use super::{
    any, object,
    told::{assembled, told},
    written,
};
use crate::{
    chat::Delta,
    dialect::{
        Event, Reader,
        anthropic::{BedrockReader, StreamReader, read_answer, read_fault, read_request},
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The same with every string of text as a block.
fn spelled_out(mut body: Value) -> Value {
    fn spell(content: &mut Value) {
        if let Value::String(text) = content {
            *content = json!([{"type": "text", "text": text}]);
        }
    }
    if let Some(system) = body.get_mut("system") {
        spell(system);
    }
    for message in body["messages"].as_array_mut().unwrap() {
        spell(&mut message["content"]);
        for block in message["content"].as_array_mut().unwrap() {
            if block["type"] == "tool_result" {
                let content = block.as_object_mut().unwrap().entry("content").or_insert_with(|| json!([]));
                spell(content);
            }
        }
    }
    body
}

proptest! {
    #[test]
    fn a_request_survives_the_way_through_the_hub(
        settings in any::settings(),
        turns in proptest::collection::vec((any::user(), any::assistant()), 0..4),
        last in any::user(),
    ) {
        let mut messages = vec![];
        for (user, assistant) in turns {
            messages.push(json!({"role": "user", "content": user}));
            messages.push(json!({"role": "assistant", "content": assistant}));
        }
        messages.push(json!({"role": "user", "content": last}));
        let mut body = settings;
        body["model"] = "claude-sonnet-4-6".into();
        body["max_tokens"] = 4096.into();
        body["messages"] = messages.into();
        let request = read_request(object(body.clone())).unwrap();
        let (back, loss) = written(&request, "claude-sonnet-4-6");
        prop_assert_eq!(loss, "");
        prop_assert_eq!(spelled_out(back), spelled_out(body));
    }

    #[test]
    fn any_deltas_make_one_message(deltas in proptest::collection::vec(any::delta(), 0..30)) {
        let mut deltas = deltas;
        deltas.push(Delta::Done);
        assembled(&told(&deltas));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            drop(read_answer(bytes));
            prop_assert_eq!(read_fault(400, bytes).status, Some(400));
            let mut out = vec![];
            StreamReader::default().read(Event { name: "error", data: bytes }, &mut out);
            BedrockReader::default().read(Event { name: "chunk", data: bytes }, &mut out);
        }
    }

    #[test]
    fn no_json_makes_a_reader_panic(value in any::json()) {
        let text = value.to_string();
        drop(read_answer(text.as_bytes()));
        prop_assert_eq!(read_fault(400, text.as_bytes()).status, Some(400));
        let mut out = vec![];
        StreamReader::default().read(Event { name: "", data: text.as_bytes() }, &mut out);
        told(&out);
        if let Value::Object(body) = value {
            drop(read_request(body));
        }
    }
}
