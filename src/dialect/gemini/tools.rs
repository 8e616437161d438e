//! Tools as function declarations.

use crate::{
    chat::{Loss, Request, Tool, ToolChoice},
    dialect::left,
};
use serde_json::{Map, Value, json};

/// Writes `tools` and `toolConfig`; says whether the model may call something.
pub(super) fn write(request: &Request, body: &mut Map<String, Value>, loss: &mut Loss) -> bool {
    let declarations: Vec<Value> = request.tools.iter().filter_map(|tool| declaration(tool, loss)).collect();
    if request.parallel_tool_calls == Some(false) {
        loss.of("parallel_tool_calls");
    }
    if declarations.is_empty() {
        return false;
    }
    body.insert("tools".into(), json!([{ "functionDeclarations": declarations }]));
    if let Some(config) = config(request) {
        body.insert("toolConfig".into(), json!({ "functionCallingConfig": config }));
    }
    request.tool_choice != Some(ToolChoice::None)
}

fn declaration(tool: &Tool, loss: &mut Loss) -> Option<Value> {
    match tool {
        Tool::Function { name, description, parameters, strict: _, cache } => {
            loss.where_some("cache_control", cache.as_ref());
            let mut function = Map::new();
            function.insert("name".into(), name.as_str().into());
            if let Some(description) = description {
                function.insert("description".into(), description.as_str().into());
            }
            if let Some(parameters) = parameters {
                // unlike `parameters`, it takes all of JSON Schema
                function.insert("parametersJsonSchema".into(), parameters.clone());
            }
            Some(function.into())
        }
        Tool::Foreign(tool) => {
            left::tool(tool, loss);
            None
        }
    }
}

/// What must be called. Only `AUTO` leaves the arguments free, so that tools that are strict want its stricter kin.
fn config(request: &Request) -> Option<Value> {
    let strict = request.tools.iter().any(|tool| matches!(tool, Tool::Function { strict: Some(true), .. }));
    Some(match &request.tool_choice {
        None | Some(ToolChoice::Auto) if strict => json!({"mode": "VALIDATED"}),
        None => return None,
        Some(ToolChoice::Auto) => json!({"mode": "AUTO"}),
        Some(ToolChoice::None) => json!({"mode": "NONE"}),
        Some(ToolChoice::Required) => json!({"mode": "ANY"}),
        Some(ToolChoice::Named(name)) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(strict: Option<bool>) -> Tool {
        let parameters = Some(json!({"type": "object", "properties": {"city": {"const": "x"}}, "$defs": {}}));
        Tool::Function {
            name: "weather".into(),
            description: Some("d".into()),
            parameters,
            strict,
            cache: None,
        }
    }

    fn written(tools: Vec<Tool>, tool_choice: Option<ToolChoice>) -> (Value, String) {
        let (mut body, mut loss) = (Map::new(), Loss::default());
        write(&Request { tools, tool_choice, ..Request::default() }, &mut body, &mut loss);
        (body.into(), loss.join())
    }

    #[test]
    fn a_schema_goes_as_it_is() {
        let (body, loss) = written(vec![tool(None)], None);
        let want = json!({"tools": [{"functionDeclarations": [{"name": "weather", "description": "d",
            "parametersJsonSchema": {"type": "object", "properties": {"city": {"const": "x"}}, "$defs": {}}}]}]});
        assert_eq!((body, loss.as_str()), (want, ""));
    }

    #[test]
    fn every_choice_has_its_mode() {
        let config = |choice, strict| {
            written(vec![tool(strict)], choice).0["toolConfig"]["functionCallingConfig"].clone()
        };
        assert_eq!(config(Some(ToolChoice::Auto), None), json!({"mode": "AUTO"}));
        assert_eq!(config(Some(ToolChoice::None), None), json!({"mode": "NONE"}));
        assert_eq!(config(Some(ToolChoice::Required), None), json!({"mode": "ANY"}));
        let named = config(Some(ToolChoice::Named("weather".into())), None);
        assert_eq!(named, json!({"mode": "ANY", "allowedFunctionNames": ["weather"]}));
        assert_eq!(config(None, Some(true)), json!({"mode": "VALIDATED"}));
    }

    #[test]
    fn a_foreign_tool_is_lost_and_a_choice_with_it() {
        let foreign = Tool::Foreign(json!({"type": "web_search_20250305"}));
        let want = (json!({}), "tools.web_search_20250305".to_owned());
        assert_eq!(written(vec![foreign], Some(ToolChoice::Required)), want);
    }
}
