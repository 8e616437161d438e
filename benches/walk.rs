//! How long a walk takes: a graph of 20 elements, from the start to the answer, all of its kinds on the way.

use attache::graph::{Fact, Facts, Known, Path, Program, Root, Step, Verdict, Walk};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::hint::black_box;

/// The facts of one request, as its JSON.
struct Request {
    metadata: Value,
    body: Value,
}

impl Facts for Request {
    fn look(&self, path: &Path) -> Option<Fact<'_>> {
        let root = if path.root == Root::Body { &self.body } else { &self.metadata };
        path.seek(root).map(Fact::of)
    }

    fn dice(&self) -> u64 {
        0x9e37_79b9_7f4a_7c15
    }
}

/// `start`, 14 conditionals, a split by key, a limit, two models, `end`; the first model fails.
fn document() -> Vec<u8> {
    let to = |id: &str| json!({"elementId": id});
    let conditions = [
        json!({"plan": "free"}),
        json!({"tier": {"$gt": 3}}),
        json!({"region": {"$in": ["us", "ap"]}}),
        json!({"user": {"$regex": "^admin-"}}),
        json!({"body.model": {"$startsWith": "gpt-3"}}),
        json!({"$or": [{"body.stream": true}, {"body.n": {"$gte": 2}}]}),
        json!({"body.messages.-1.role": "tool"}),
    ];
    let mut elements = vec![json!({"id": "start", "type": "start", "outputs": {"next": to("c0")}})];
    elements.extend(conditions.iter().cycle().take(14).enumerate().map(|(i, conditions)| {
        let next = if i == 13 { "split".to_owned() } else { format!("c{}", i + 1) };
        json!({"id": format!("c{i}"), "type": "conditional", "properties": {"conditions": conditions},
               "outputs": {"true": to("end"), "false": to(&next)}})
    }));
    elements.extend([
        json!({"id": "split", "type": "percentage", "properties": {"key": "user"},
               "outputs": {"50%": to("limit"), "else": to("limit")}}),
        json!({"id": "limit", "type": "rate",
               "properties": {"key": "user", "limit": 10, "limitType": "count", "window": 60},
               "outputs": {"success": to("first"), "fallback": to("end")}}),
        json!({"id": "first", "type": "model", "properties": {"provider": "a", "model": "m"},
               "outputs": {"success": to("end"), "fallback": to("second")}}),
        json!({"id": "second", "type": "model", "properties": {"provider": "b", "model": "m"},
               "outputs": {"success": to("end")}}),
        json!({"id": "end", "type": "end"}),
    ]);
    assert_eq!(elements.len(), 20);
    json!({"name": "bench", "elements": elements}).to_string().into_bytes()
}

fn walk(program: &Program, request: &Request) -> usize {
    let fault = attache::chat::Fault::of_status(503);
    let mut walk = Walk::new(program);
    loop {
        let _moved = match walk.step(program, request) {
            Step::Limit(_) => walk.limited(program, Verdict::Within(1)),
            Step::Call(call) if call.fallbacks == 0 => walk.answered(program, Err(&fault)),
            Step::Call(_) => walk.answered(program, Ok(())),
            Step::End(_) => return walk.path(program).count(),
        };
    }
}

fn walks(c: &mut Criterion) {
    let Ok(program) = Program::read(&document(), Known::Anything) else { return };
    let request = Request {
        metadata: json!({"plan": "paid", "tier": 2, "region": "eu", "user": "user-4711"}),
        body: json!({"model": "gpt-4o", "stream": false, "messages": [{"role": "user", "content": "hi"}]}),
    };
    assert_eq!(walk(&program, &request), 20, "the walk visits every element");
    c.bench_function("a walk of 20 elements", |b| b.iter(|| walk(black_box(&program), black_box(&request))));
    c.bench_function("compiling it", |b| b.iter(|| Program::read(black_box(&document()), Known::Anything)));
}

criterion_group!(benches, walks);
criterion_main!(benches);
