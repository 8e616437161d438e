//! What is said in a request: `instructions` and the items of `input`, gathered into messages.

use super::{OF_CALL, content, unsealed};
use crate::chat::{Content, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult, Unfit};
use serde_json::{Map, Value};

/// Tell what OpenAI's own tools did. The answer that came of it stands in a message, so they may be left out.
const RECORDS: [&str; 5] =
    ["web_search_call", "file_search_call", "code_interpreter_call", "mcp_list_tools", "mcp_call"];

/// The messages of a conversation.
pub(super) fn read(
    instructions: Option<&Value>,
    input: &Value,
    unread: &mut Vec<String>,
) -> Result<Vec<Message>, Unfit> {
    let mut told = Told { messages: Vec::new(), proof: None, unread };
    match instructions {
        None => {}
        Some(Value::String(text)) => told.say(Role::System, vec![Part::text(text)]),
        Some(_) => return Err(Unfit::new("instructions", "needs a text here")),
    }
    match input {
        Value::String(text) => told.say(Role::User, vec![Part::text(text)]),
        Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                let at = format!("input[{i}]");
                let fields =
                    value.as_object().ok_or_else(|| Unfit::new(at.as_str(), "needs an object here"))?;
                told.item(&Item { at, fields })?;
            }
        }
        _ => return Err(Unfit::new("input", "needs a text or a list of items here")),
    }
    Ok(told.messages)
}

struct Item<'a> {
    at: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Item<'a> {
    fn word(&self, name: &str) -> Option<&'a str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    fn text(&self, name: &str) -> Result<&'a str, Unfit> {
        self.word(name).ok_or_else(|| self.unfit(name, "needs a text here".into()))
    }

    fn unfit(&self, name: &str, why: String) -> Unfit {
        Unfit::new(format!("{}.{name}", self.at), why)
    }

    /// Its type, which messages and references may leave out.
    fn kind(&self) -> Result<&'a str, Unfit> {
        match (self.word("type"), self.fields.contains_key("role"), self.fields.contains_key("id")) {
            (Some(kind), ..) => Ok(kind),
            (None, true, _) => Ok("message"),
            (None, false, true) => Ok("item_reference"),
            (None, false, false) => self.text("type"),
        }
    }

    fn role(&self) -> Result<Role, Unfit> {
        match self.text("role")? {
            "user" => Ok(Role::User),
            "assistant" => Ok(Role::Assistant),
            "system" => Ok(Role::System),
            "developer" => Ok(Role::Developer),
            other => Err(self.unfit(
                "role",
                format!("knows no role `{other}`: expected user, assistant, system or developer"),
            )),
        }
    }
}

/// What has been told so far.
struct Told<'a> {
    messages: Vec<Message>,
    /// The signature of the call that comes next.
    proof: Option<Signature>,
    unread: &'a mut Vec<String>,
}

impl Told<'_> {
    fn item(&mut self, item: &Item<'_>) -> Result<(), Unfit> {
        let proof = self.proof.take();
        match item.kind()? {
            "message" => {
                let role = item.role()?;
                let at = format!("{}.content", item.at);
                let parts = content::read(&at, item.fields.get("content"), self.unread)?;
                if item.word("phase").is_some() {
                    self.unread.push("input.phase".into());
                }
                self.say(role, parts);
            }
            "reasoning" => self.thought(item),
            "function_call" => {
                let call = ToolCall {
                    id: item.text("call_id")?.into(),
                    name: item.text("name")?.into(),
                    arguments: item.text("arguments")?.into(),
                    signature: proof,
                };
                if item.word("namespace").is_some() {
                    self.unread.push("input.namespace".into());
                }
                self.say(Role::Assistant, vec![Content::ToolCall(call).into()]);
            }
            "function_call_output" => {
                let at = format!("{}.output", item.at);
                let parts = content::read(&at, item.fields.get("output"), self.unread)?;
                let result = ToolResult { id: item.text("call_id")?.into(), parts, is_error: false };
                self.say(Role::User, vec![Content::ToolResult(result).into()]);
            }
            "item_reference" => {
                let why = "keeps no state between requests; send the item itself instead of its id";
                return Err(Unfit::new(item.at.as_str(), why));
            }
            kind if RECORDS.contains(&kind) => self.unread.push(format!("input.{kind}")),
            kind => return Err(item.unfit("type", format!("knows no items of the type `{kind}`"))),
        }
        Ok(())
    }

    /// A thought of which nothing is left but its id says nothing to anyone but OpenAI.
    fn thought(&mut self, item: &Item<'_>) {
        let texts = |name: &str| {
            let list = item.fields.get(name).and_then(Value::as_array).into_iter().flatten();
            let texts = list.filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n\n")
        };
        let text = Some(texts("summary")).filter(|text| !text.is_empty()).unwrap_or_else(|| texts("content"));
        let mut signature = None;
        if let Some(token) = item.word("encrypted_content") {
            match token.strip_prefix(OF_CALL) {
                Some(token) => self.proof = Some(unsealed(token)),
                None => signature = Some(unsealed(token)),
            }
        }
        if !text.is_empty() || signature.is_some() {
            self.say(Role::Assistant, vec![Content::Reasoning(Reasoning { text, signature }).into()]);
        }
    }

    /// The items of one turn of the model are one message, and so are the results of its calls.
    fn say(&mut self, role: Role, parts: Vec<Part>) {
        let results = |parts: &[Part]| parts.iter().all(|p| matches!(p.content, Content::ToolResult(_)));
        match self.messages.last_mut() {
            Some(Message { role: Role::Assistant, parts: turn, .. }) if role == Role::Assistant => {
                turn.extend(parts);
            }
            Some(Message { role: Role::User, parts: turn, .. })
                if role == Role::User && results(turn) && results(&parts) =>
            {
                turn.extend(parts);
            }
            _ if parts.is_empty() => {}
            _ => self.messages.push(Message::new(role, parts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Maker;
    use serde_json::json;

    fn said(input: Value) -> Result<Vec<Message>, Unfit> {
        read(None, &input, &mut Vec::new())
    }

    #[test]
    fn instructions_come_first() {
        let messages = read(Some(&json!("Be kind.")), &json!("Hi"), &mut Vec::new()).unwrap();
        let want = [
            Message::new(Role::System, vec![Part::text("Be kind.")]),
            Message::new(Role::User, vec![Part::text("Hi")]),
        ];
        assert_eq!(messages, want);
    }

    #[test]
    fn the_items_of_a_turn_become_one_message() {
        let messages = said(json!([
            {"role": "user", "content": "Weather in Kiel and Bonn?"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Two."}], "encrypted_content": "gAAA"},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "I ask.", "annotations": []}]},
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "call:google:t"},
            {"type": "function_call", "call_id": "a", "name": "w", "arguments": "{}"},
            {"type": "function_call", "call_id": "b", "name": "w", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "sun"},
            {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "rain"}]},
            {"role": "user", "content": "And now?"},
        ]));
        let signature = |maker, token: &str| Some(Signature { maker, token: token.into() });
        let call = |id: &str, signature| {
            Content::ToolCall(ToolCall { id: id.into(), name: "w".into(), arguments: "{}".into(), signature })
        };
        let result = |id: &str, text: &str| {
            Content::ToolResult(ToolResult { id: id.into(), parts: vec![Part::text(text)], is_error: false })
        };
        let thought = Reasoning { text: "Two.".into(), signature: signature(Maker::Openai, "gAAA") };
        let turn = vec![
            Content::Reasoning(thought).into(),
            Part::text("I ask."),
            call("a", signature(Maker::Google, "t")).into(),
            call("b", None).into(),
        ];
        let want = vec![
            Message::new(Role::User, vec![Part::text("Weather in Kiel and Bonn?")]),
            Message::new(Role::Assistant, turn),
            Message::new(Role::User, vec![result("a", "sun").into(), result("b", "rain").into()]),
            Message::new(Role::User, vec![Part::text("And now?")]),
        ];
        assert_eq!(messages, Ok(want));
    }

    #[test]
    fn a_thought_that_is_only_an_id_says_nothing() {
        assert_eq!(said(json!([{"type": "reasoning", "id": "rs_1", "summary": []}])), Ok(vec![]));
        let open = json!([{"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}]);
        let thought = Reasoning { text: "hm".into(), signature: None };
        let want = Message::new(Role::Assistant, vec![Content::Reasoning(thought).into()]);
        assert_eq!(said(open), Ok(vec![want]));
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_place() {
        let at = |input: Value| said(input).unwrap_err().at;
        assert_eq!(at(Value::Null), "input");
        assert_eq!(at(json!(["Hi"])), "input[0]");
        assert_eq!(at(json!([{"id": "msg_1"}])), "input[0]");
        assert_eq!(at(json!([{"type": "item_reference", "id": "msg_1"}])), "input[0]");
        assert_eq!(at(json!([{"type": "computer_call"}])), "input[0].type");
        assert_eq!(
            at(json!([{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}])),
            "input[1].role"
        );
        assert_eq!(at(json!([{"role": "user"}])), "input[0].content");
        assert_eq!(
            at(json!([{"type": "function_call", "name": "f", "arguments": "{}"}])),
            "input[0].call_id"
        );
        assert_eq!(read(Some(&json!([])), &json!("Hi"), &mut vec![]).unwrap_err().at, "instructions");
    }

    #[test]
    fn the_records_of_openais_own_tools_are_left_out_and_told() {
        let mut unread = Vec::new();
        let items = json!([{"type": "web_search_call", "id": "ws_1", "status": "completed"}]);
        assert_eq!(read(None, &items, &mut unread), Ok(vec![]));
        assert_eq!(unread, ["input.web_search_call"]);
    }
}
