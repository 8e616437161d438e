//! Conditions in the Common Expression Language: `{"cel": "metadata.plan == 'paid' && input.tokens > 1000"}`.

use cel::{
    Context, Env, IdedExpr, Program,
    common::{
        ast::{EntryExpr, Expr},
        types::CelString,
        value::{CowVal, Val},
    },
    context::VariableResolver,
};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    thread,
};

use super::Item;
use crate::graph::{Fact, Facts, Path, Root, diagnostic::Code};

/// Bytes of source. The reader's stack grows with the source.
const MAX_SOURCE: usize = 4096;
/// Brackets in brackets. Each takes the reader over 100 KiB of stack in a debug build.
const MAX_BRACKETS: usize = 32;
/// The reader's stack: enough for the longest source at the deepest nesting, with room to spare.
const STACK: usize = 64 << 20;
/// Levels of an expression, so that evaluating one fits any worker's stack.
const MAX_LEVELS: usize = 24;
/// The functions and methods of CEL's standard library, apart from its operators and macros.
const FUNCTIONS: [&str; 13] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];
/// The names that stand for types.
const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression.
#[derive(Debug)]
pub(in crate::graph) struct Cel {
    program: Program,
    /// What it reads, by the name that it is written as.
    names: Box<[(String, Path)]>,
}

impl Cel {
    /// Reads an expression whose every name is known.
    pub(super) fn read(item: &Item<'_>) -> Option<Self> {
        let source = item.text()?;
        if source.len() > MAX_SOURCE || brackets(source) > MAX_BRACKETS {
            let limits = format!("at most {MAX_SOURCE} bytes and {MAX_BRACKETS} brackets in each other");
            item.report(Code::CelTooComplex, format!("{limits} are read"));
            return None;
        }
        match compile(source) {
            Err(why) => item.report(Code::BadCel, format!("the expression can not be read: {why}")),
            Ok((_, survey)) if survey.deepest > MAX_LEVELS => {
                item.report(Code::CelTooComplex, format!("the expression has more than {MAX_LEVELS} levels"));
            }
            Ok((_, survey)) if !survey.unknown.is_empty() => {
                for message in survey.unknown {
                    item.report(Code::UnknownCelName, message);
                }
            }
            Ok((program, survey)) => return Some(Self { program, names: survey.names.into() }),
        }
        None
    }

    /// Whether it is true. What fails, such as a missing key, is false.
    pub(super) fn holds(&self, facts: &dyn Facts) -> bool {
        let names = Names { known: &self.names, facts };
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(&names);
        matches!(self.program.execute(&context), Ok(cel::Value::Bool(true)))
    }
}

/// Compiles on a stack of its own: the reader recurses, and must neither exhaust the caller's nor panic in it.
fn compile(source: &str) -> Result<(Program, Survey), String> {
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
            let program = Program::compile(source).map_err(|errors| first_line(&errors.to_string()))?;
            let mut survey = Survey::default();
            survey.visit(program.expression(), &mut vec![], 1);
            if survey.deepest > MAX_LEVELS {
                // it may be too deep to be dropped on the caller's stack
                let nothing = Program::compile("true").map_err(|errors| errors.to_string())?;
                return Ok((nothing, survey));
            }
            Ok((program, survey))
        });
        let reader = reader.map_err(|why| why.to_string())?;
        reader.join().unwrap_or_else(|_| Err("it confuses the reader".into()))
    })
}

fn first_line(errors: &str) -> String {
    let line = errors.lines().next().unwrap_or_default();
    line.replacen("ERROR: <input>:", "", 1)
}

/// How deep brackets nest, those in strings counted too: more than there are does no harm.
fn brackets(source: &str) -> usize {
    let mut depth = 0_usize;
    let depths = source.bytes().map(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth
    });
    depths.max().unwrap_or_default()
}

/// What an expression reads, what it reads that there is not, and how deep it is.
#[derive(Debug, Default)]
struct Survey {
    names: Vec<(String, Path)>,
    unknown: Vec<String>,
    deepest: usize,
}

impl Survey {
    /// `scope` holds the variables of the macros around this expression.
    fn visit<'e>(&mut self, expr: &'e IdedExpr, scope: &mut Vec<&'e str>, level: usize) {
        self.deepest = self.deepest.max(level);
        if let Some(name) = qualified(&expr.expr) {
            self.deepest = self.deepest.max(level + name.len());
            return self.name(&name, scope);
        }
        match &expr.expr {
            Expr::Call(call) => {
                self.function(&call.func_name);
                let parts = call.target.as_deref().into_iter().chain(&call.args);
                parts.for_each(|part| self.visit(part, scope, level + 1));
            }
            Expr::Comprehension(each) => {
                self.visit(&each.iter_range, scope, level + 1);
                self.visit(&each.accu_init, scope, level + 1);
                let outside = scope.len();
                scope.extend([each.iter_var.as_str(), each.accu_var.as_str()]);
                scope.extend(each.iter_var2.as_deref());
                for part in [&each.loop_cond, &each.loop_step, &each.result] {
                    self.visit(part, scope, level + 1);
                }
                scope.truncate(outside);
            }
            Expr::List(list) => list.elements.iter().for_each(|part| self.visit(part, scope, level + 1)),
            Expr::Map(map) => {
                for entry in map.entries.iter().flat_map(|entry| parts(&entry.expr)) {
                    self.visit(entry, scope, level + 1);
                }
            }
            Expr::Select(select) => self.visit(&select.operand, scope, level + 1),
            Expr::Struct(made) => self.unknown.push(format!("there is no type `{}`", made.type_name)),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn name(&mut self, words: &[&str], scope: &[&str]) {
        let Some(first) = words.first() else { return };
        if scope.contains(first) || (words.len() == 1 && TYPES.contains(first)) {
            return;
        }
        let written = words.join(".");
        let read = match Root::named(first.trim_start_matches('.')) {
            None => Err(format!("there is no `{first}`; metadata is read as `metadata.{first}`")),
            Some(root) if words.len() == 1 => Ok(Path { root, rest: [].into() }),
            Some(_) => Path::parse(written.trim_start_matches('.'))
                .map_err(|why| format!("`{written}` reads nothing: {why}")),
        };
        match read {
            Ok(path) => self.names.push((written, path)),
            Err(why) => self.unknown.push(why),
        }
    }

    fn function(&mut self, name: &str) {
        // operators are functions with names that no identifier can have
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && !FUNCTIONS.contains(&name) {
            self.unknown.push(format!("there is no function `{name}`"));
        }
    }
}

/// The words of `a.b.c`.
fn qualified(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Ident(name) => Some(vec![name]),
        Expr::Select(select) if !select.test => {
            let mut words = qualified(&select.operand.expr)?;
            words.push(&select.field);
            Some(words)
        }
        _ => None,
    }
}

fn parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// Gives an expression the facts that it names, when it comes to them.
struct Names<'f> {
    known: &'f [(String, Path)],
    facts: &'f dyn Facts,
}

impl VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let (_, path) = self.known.iter().find(|(known, _)| known == name)?;
        match self.facts.look(path)? {
            Fact::Text(text) => Some(CowVal::owned(CelString::from(text))),
            Fact::Null => boxed(cel::Value::Null),
            Fact::Bool(b) => boxed(cel::Value::Bool(b)),
            Fact::Number(n) => boxed(number(&n)),
            Fact::Tree(tree) => boxed(value(&tree)),
        }
    }
}

fn boxed<'b>(value: cel::Value) -> Option<CowVal<'b, 'b>> {
    Box::<dyn Val>::try_from(value).ok().map(CowVal::Owned)
}

fn value(json: &Value) -> cel::Value {
    match json {
        Value::Null => cel::Value::Null,
        Value::Bool(b) => cel::Value::Bool(*b),
        Value::Number(n) => number(n),
        Value::String(s) => s.as_str().into(),
        Value::Array(list) => list.iter().map(value).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            map.iter().map(|(key, json)| (key.as_str(), value(json))).collect::<HashMap<_, _>>().into()
        }
    }
}

/// Whole numbers are `int`s where they fit, so that `metadata.n + 1` means something.
fn number(n: &serde_json::Number) -> cel::Value {
    let int = n.as_i64().map(cel::Value::Int);
    let uint = || n.as_u64().map(cel::Value::UInt);
    int.or_else(uint).unwrap_or_else(|| cel::Value::Float(n.as_f64().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{condition::read_alone, sample::Request};
    use serde_json::json;
    use std::sync::Mutex;

    fn holds(source: &str) -> bool {
        let facts = Request::new(json!({
            "metadata": {"plan": "paid", "n": 3, "f": 1.5, "x": null, "org": {"id": "o"}},
            "headers": {"x-team": "red"},
            "body": {"messages": [{"role": "user", "content": "hi"}], "tools": []},
            "input": {"tokens": 2000},
            "model": "gpt-4o",
            "stream": true,
        }));
        let condition = read_alone(&json!({"cel": source})).unwrap_or_else(|e| panic!("{source}: {e:?}"));
        condition.holds(&facts)
    }

    #[test]
    fn expressions_read_the_facts() {
        for (source, expected) in [
            ("metadata.plan == 'paid' && input.tokens > 1000", true),
            ("metadata.plan == 'free'", false),
            ("metadata.n + 1 == 4", true),
            ("metadata.f < 2.0", true),
            ("metadata.x == null", true),
            ("metadata.org.id == 'o'", true),
            ("has(metadata.plan)", true),
            ("has(metadata.none)", false),
            ("!has(metadata.none)", true),
            ("metadata['plan'] == 'paid'", true),
            ("'plan' in metadata", true),
            ("headers['x-team'] == 'red'", true),
            ("body.messages[0].role == 'user'", true),
            ("body.messages.exists(m, m.content.contains('h'))", true),
            ("body.messages.all(m, m.role == 'tool')", false),
            ("size(body.messages) == 1 && body.tools.size() == 0", true),
            ("params.messages.map(m, m.role) == ['user']", true),
            ("model.startsWith('gpt') && model.endsWith('4o') && model.matches('^gpt-[0-9]')", true),
            ("stream", true),
            ("type(metadata.n) == int && string(metadata.n) == '3' && int('3') == metadata.n", true),
            ("metadata.n in [1, 2, 3] ? stream : false", true),
        ] {
            assert_eq!(holds(source), expected, "{source}");
        }
    }

    #[test]
    fn what_fails_is_false() {
        for source in [
            "metadata.none == 'x'",
            "metadata.none != 'x'",
            "!metadata.none",
            "metadata.n / 0 == 1",
            "metadata.plan + 1 == 2",
            "body.messages[5].role == 'user'",
            "metadata.n",
            "model.matches('(')",
            "session.turn > 1",
        ] {
            assert!(!holds(source), "{source}");
        }
        assert!(holds("metadata.none == 'x' || metadata.plan == 'paid'"), "the other side decides");
    }

    #[test]
    fn unknown_names_are_refused() {
        for (source, code) in [
            ("plan == 'paid'", Code::UnknownCelName),
            ("time.minute == 3", Code::UnknownCelName),
            ("body.messages.exists(m, n.role == 'x')", Code::UnknownCelName),
            ("m.role == 'x' || body.messages.exists(m, m.role == 'x')", Code::UnknownCelName),
            ("lower(model) == 'x'", Code::UnknownCelName),
            ("model.lower() == 'x'", Code::UnknownCelName),
            ("Thing{a: 1} == 1", Code::UnknownCelName),
            ("{'a': nothing}.a", Code::UnknownCelName),
            ("model ==", Code::BadCel),
            ("", Code::BadCel),
            ("model === 'x'", Code::BadCel),
        ] {
            let found = read_alone(&json!({"cel": source})).expect_err(source);
            assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{source}");
            assert!(!found[0].message.contains('\n'), "{}", found[0].message);
        }
    }

    #[test]
    fn what_would_exhaust_a_stack_is_refused() {
        for source in [
            format!("{}true{}", "(".repeat(1000), ")".repeat(1000)),
            vec!["1"; 2000].join("+"),
            format!("{}[0]", "metadata".to_owned() + &".b[0]".repeat(700)),
            format!("metadata{}", "[0]".repeat(1300)),
            format!("{}true", "[1].all(x,".repeat(40)),
            " ".repeat(MAX_SOURCE + 1),
        ] {
            let found = read_alone(&json!({"cel": source})).expect_err(&source);
            assert_eq!(found[0].code, Code::CelTooComplex, "{source}");
        }
        let many = vec!["model == 'a'"; 200].join(" || ");
        assert!(read_alone(&json!({"cel": many})).is_ok(), "alternatives do not nest");
    }

    #[test]
    fn only_what_is_needed_is_looked_at() {
        #[derive(Debug, Default)]
        struct Watched(Mutex<Vec<Path>>);
        impl Facts for Watched {
            fn look(&self, path: &Path) -> Option<Fact<'_>> {
                self.0.lock().unwrap().push(path.clone());
                Some("free".into())
            }
            fn dice(&self) -> u64 {
                0
            }
        }
        let facts = Watched::default();
        let condition = read_alone(&json!({"cel": "metadata.plan == 'paid' && input.tokens > 9"})).unwrap();
        assert!(!condition.holds(&facts));
        assert_eq!(*facts.0.lock().unwrap(), [Path::parse("metadata.plan").unwrap()]);
    }
}
