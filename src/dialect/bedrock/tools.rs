//! Tools, and which of them must be called.

use super::{conversation::cache_point, request::Draft, schema::closed};
use crate::{
    chat::{Content, Tool, ToolChoice, Unfit},
    dialect::{claude::Forced, left},
};
use serde_json::{Map, Value, json};

impl Draft<'_> {
    pub(super) fn tools(&mut self) -> Result<(), Unfit> {
        let mut tools = self.specs()?;
        let choice = self.choice();
        let called = self.called();
        let forbidden = self.request.tool_choice == Some(ToolChoice::None);
        if (tools.is_empty() || forbidden) && called.is_empty() {
            return Ok(());
        }
        if tools.is_empty() {
            // whoever shows calls must show tools; what they took is not known any more
            let bare = |name: &&str| json!({"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}});
            tools = called.iter().map(bare).collect();
            self.loss.of("tool_choice");
        } else if forbidden {
            // `none` has no word, and without tools Converse refuses a history that calls them
            self.loss.of("tool_choice");
        }
        let mut config = Map::from_iter([("tools".to_owned(), tools.into())]);
        config.extend(choice.clone().map(|choice| ("toolChoice".to_owned(), choice)));
        self.body.insert("toolConfig".into(), config.into());
        if self.request.parallel_tool_calls == Some(false) && !forbidden {
            self.serial(choice.is_some());
        }
        Ok(())
    }

    fn specs(&mut self) -> Result<Vec<Value>, Unfit> {
        let mut tools = Vec::with_capacity(self.request.tools.len());
        for (at, tool) in self.request.tools.iter().enumerate() {
            match tool {
                Tool::Function { name, cache, .. } => {
                    check_name(name, &format!("tools[{at}].name"))?;
                    tools.push(self.spec(tool));
                    match cache {
                        // Nova caches instructions and messages only
                        Some(mark) if self.model.claude().is_some() => tools.push(cache_point(mark)),
                        mark => self.loss.where_some("cache_control", mark.as_ref()),
                    }
                }
                Tool::Foreign(tool) => {
                    left::tool(tool, self.loss);
                }
            }
        }
        Ok(tools)
    }

    fn spec(&mut self, tool: &Tool) -> Value {
        let Tool::Function { name, description, parameters, strict, .. } = tool else { return Value::Null };
        let mut spec = Map::from_iter([("name".to_owned(), name.as_str().into())]);
        let description = description.as_deref().filter(|text| !text.is_empty());
        spec.extend(description.map(|text| ("description".to_owned(), text.into())));
        let mut schema = parameters.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        schema.entry("type").or_insert_with(|| "object".into());
        let mut schema = Value::Object(schema);
        match strict {
            Some(true) if self.model.exact => {
                schema = closed(schema);
                spec.insert("strict".into(), true.into());
            }
            Some(true) => self.loss.of("tools.strict"),
            _ => {}
        }
        spec.insert("inputSchema".into(), json!({"json": schema}));
        json!({"toolSpec": spec})
    }

    /// The tools that the conversation has called, each once.
    fn called(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in self.request.messages.iter().flat_map(|message| &message.parts) {
            if let Content::ToolCall(call) = &part.content
                && !names.contains(&call.name.as_str())
            {
                names.push(call.name.as_str());
            }
        }
        names
    }

    /// The tool that must be called, as Converse says it; `None` where none must, or none of those that it knows.
    pub(super) fn forced(&self) -> Option<Value> {
        let mut names = self.request.tools.iter().filter_map(|tool| match tool {
            Tool::Function { name, .. } => Some(name),
            Tool::Foreign(_) => None,
        });
        match self.request.tool_choice.as_ref()? {
            ToolChoice::Required => names.next().map(|_| json!({"any": {}})),
            ToolChoice::Named(name) => {
                names.any(|known| known == name).then(|| json!({"tool": {"name": name}}))
            }
            ToolChoice::Auto | ToolChoice::None => None,
        }
    }

    fn choice(&mut self) -> Option<Value> {
        let can = self.model.claude().is_none_or(|claude| claude.forced() != Forced::Never);
        let choice = self.forced().filter(|_| can);
        let asked = matches!(self.request.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
        if asked && choice.is_none() {
            self.loss.of("tool_choice");
        }
        choice
    }

    /// One call at a time: a word of Claude's, merged with Converse's own choice where that is made.
    fn serial(&mut self, chosen: bool) {
        if !self.model.can_be_serial() {
            self.loss.of("parallel_tool_calls");
            return;
        }
        let choice = match chosen {
            true => json!({"disable_parallel_tool_use": true}),
            false => json!({"type": "auto", "disable_parallel_tool_use": true}),
        };
        self.additional.insert("tool_choice".into(), choice);
    }
}

/// Names can not be changed on the way: the answer's would have to be changed back.
pub(super) fn check_name(name: &str, at: &str) -> Result<(), Unfit> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(Unfit::new(at, "takes tool names of 1 to 64 letters, digits, `_` and `-`; call it so"))
}
