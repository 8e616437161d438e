//! How much each maker's models think, and whose thoughts come back.

use super::*;

#[test]
fn every_maker_is_asked_to_think_in_his_own_words() {
    let asked = |model: &str, thinking: Thinking| {
        let (body, loss) = written(model, &Request { thinking: Some(thinking), ..hello() });
        (body["additionalModelRequestFields"].clone(), body["outputConfig"]["effort"].clone(), loss)
    };
    let lost = || (Value::Null, Value::Null, "reasoning".to_owned());
    let plain = |fields: Value| (fields, Value::Null, String::new());
    let budget = |tokens: u64| plain(json!({"thinking": {"type": "enabled", "budget_tokens": tokens}}));
    assert_eq!(asked(SONNET, Thinking::Budget(5000)), budget(5000));
    assert_eq!(asked(SONNET, Thinking::Effort(Effort::Low)), budget(1024));
    assert_eq!(asked(SONNET, Thinking::Adaptive(None)), budget(8192));
    assert_eq!(asked(SONNET, Thinking::Off), plain(Value::Null));
    let adaptive = json!({"thinking": {"type": "adaptive", "display": "summarized"}});
    assert_eq!(asked(OPUS5, Thinking::Budget(5000)), (adaptive.clone(), "medium".into(), String::new()));
    assert_eq!(asked(OPUS5, Thinking::Off), plain(json!({"thinking": {"type": "disabled"}})));
    let opus46 = "us.anthropic.claude-opus-4-6-v1";
    let both = json!({"thinking": {"type": "adaptive"}});
    assert_eq!(asked(opus46, Thinking::Effort(Effort::Max)), (both, "max".into(), String::new()));
    assert_eq!(asked(opus46, Thinking::Budget(2000)), budget(2000));
    let fable = "anthropic.claude-fable-5";
    assert_eq!(asked(fable, Thinking::Effort(Effort::High)), (adaptive, "high".into(), String::new()));
    assert_eq!(asked(fable, Thinking::Off), (Value::Null, "low".into(), "reasoning".into()));
    assert_eq!(asked("anthropic.claude-3-haiku-20240307-v1:0", Thinking::Budget(2000)), lost());
    let nova =
        |effort: &str| plain(json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}));
    assert_eq!(asked(NOVA, Thinking::Effort(Effort::Max)), nova("high"));
    assert_eq!(asked(GPT, Thinking::Effort(Effort::Minimal)), plain(json!({"reasoning_effort": "low"})));
    assert_eq!(asked(GPT, Thinking::Off), lost());
    assert_eq!(asked("openai.gpt-5.6-sol", Thinking::Off), plain(json!({"reasoning": {"effort": "none"}})));
    assert_eq!(asked(LLAMA, Thinking::Budget(2000)), lost());
    assert_eq!(asked(LLAMA, Thinking::Off), plain(Value::Null));
}

#[test]
fn a_budget_leaves_room_for_the_answer() {
    let asked = |thinking: Thinking, max_tokens: Option<u64>| {
        let (body, loss) = written(SONNET, &Request { thinking: Some(thinking), max_tokens, ..hello() });
        let budget = body.pointer("/additionalModelRequestFields/thinking/budget_tokens").cloned();
        (budget.unwrap_or_default(), body["inferenceConfig"]["maxTokens"].clone(), loss)
    };
    let got = |budget: u64, most: u64| (budget.into(), most.into(), String::new());
    assert_eq!(asked(Thinking::Budget(9000), Some(4096)), got(3072, 4096));
    assert_eq!(asked(Thinking::Effort(Effort::High), Some(4096)), got(3072, 4096));
    assert_eq!(asked(Thinking::Effort(Effort::High), Some(1500)), got(1125, 1500));
    assert_eq!(asked(Thinking::Budget(10), None), got(1024, 64_000));
    let none = (Value::Null, 1024.into(), "reasoning".to_owned());
    assert_eq!(asked(Thinking::Budget(9000), Some(1024)), none);
}

#[test]
fn who_thinks_is_not_narrowed() {
    let sampling = crate::chat::Sampling {
        temperature: serde_json::from_str("0.2").ok(),
        top_p: serde_json::from_str("0.99").ok(),
        top_k: Some(5),
        ..Default::default()
    };
    let asked = |model: &str, thinking: Option<Thinking>| {
        let (body, loss) = written(model, &Request { thinking, sampling: sampling.clone(), ..hello() });
        (body["inferenceConfig"].clone(), body["additionalModelRequestFields"].clone(), loss)
    };
    let (inference, _, loss) = asked(SONNET, Some(Thinking::Budget(2000)));
    assert_eq!(inference, json!({"maxTokens": 64_000, "topP": 0.99}));
    assert_eq!(loss, "temperature,top_k");
    let (inference, additional, loss) = asked(SONNET, None);
    assert_eq!((inference, loss.as_str()), (json!({"temperature": 0.2}), "top_p"));
    assert_eq!(additional, json!({"top_k": 5}));
    assert_eq!(asked(OPUS5, None), (Value::Null, Value::Null, "temperature,top_p,top_k".into()));
    let default =
        crate::chat::Sampling { temperature: serde_json::from_str("1.0").ok(), ..Default::default() };
    assert_eq!(written(OPUS5, &Request { sampling: default, ..hello() }).1, "");
    let (_, additional, loss) = asked(NOVA, None);
    assert_eq!((additional, loss.as_str()), (json!({"inferenceConfig": {"topK": 5}}), ""));
    assert_eq!(asked(NOVA, Some(Thinking::Effort(Effort::High))).2, "temperature,top_p");
    assert_eq!(asked(LLAMA, None).2, "top_k");
}

#[test]
fn thoughts_go_back_to_their_maker_only() {
    let signed = json!({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}});
    let first =
        |model: &str, part: Part| body(model, &called(vec![part]))["messages"][1]["content"][0].clone();
    assert_eq!(first(SONNET, thought("hm", Maker::Anthropic)), signed);
    let wordless = json!({"reasoningContent": {"reasoningText": {"text": "", "signature": "c2ln"}}});
    assert_eq!(first(SONNET, thought("", Maker::Anthropic)), wordless);
    let token = "redacted:c2ln".into();
    let sealed =
        Reasoning { text: String::new(), signature: Some(Signature { maker: Maker::Anthropic, token }) };
    let redacted = json!({"reasoningContent": {"redactedContent": "c2ln"}});
    assert_eq!(first(SONNET, Content::Reasoning(sealed).into()), redacted);
    assert!(first(SONNET, thought("hm", Maker::Google)).get("toolUse").is_some());
    assert!(first(NOVA, thought("hm", Maker::Anthropic)).get("toolUse").is_some());
}

#[test]
fn without_its_own_thought_a_turn_is_ended_without_thinking() {
    let asked = |model: &str, before: Vec<Part>| {
        let (body, loss) =
            written(model, &Request { thinking: Some(Thinking::Budget(2000)), ..called(before) });
        (body.pointer("/additionalModelRequestFields/thinking").is_some(), loss)
    };
    assert_eq!(asked(SONNET, vec![thought("hm", Maker::Anthropic)]), (true, String::new()));
    assert_eq!(asked(SONNET, vec![]), (false, "reasoning".into()));
    assert_eq!(asked(SONNET, vec![thought("hm", Maker::Google)]), (false, "reasoning".into()));
    assert_eq!(asked(OPUS5, vec![]), (true, String::new()));
    let forced = Request {
        thinking: Some(Thinking::Budget(2000)),
        tool_choice: Some(ToolChoice::Required),
        ..with_tools()
    };
    assert_eq!(written(SONNET, &forced).1, "reasoning");
    assert_eq!(written(OPUS5, &forced).1, "");
    let (opus48, loss) = written("anthropic.claude-opus-4-8", &forced);
    let disabled = json!({"thinking": {"type": "disabled"}});
    assert_eq!((&opus48["additionalModelRequestFields"], loss.as_str()), (&disabled, "reasoning"));
    let (fable, loss) = written("anthropic.claude-fable-5", &forced);
    assert_eq!((fable["toolConfig"].get("toolChoice"), loss.as_str()), (None, "tool_choice"));
}
