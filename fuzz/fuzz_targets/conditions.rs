//! Whatever a condition says of whatever facts, reading and evaluating it never panics, and `$not` turns it around.
#![no_main]

use attache::{
    exchange::Script,
    graph::Known,
    snapshot::Version,
};
use attache_fuzz::{BARE, simulation};
use libfuzzer_sys::{arbitrary::Arbitrary, fuzz_target};
use serde_json::{Map, Value, json};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    condition: Condition<'a>,
    body: Vec<(Key<'a>, Json<'a>)>,
    headers: Vec<(Key<'a>, &'a str)>,
    metadata: Vec<(Key<'a>, Json<'a>)>,
}

#[derive(Debug, Arbitrary)]
enum Condition<'a> {
    Several(Join, Vec<Condition<'a>>),
    Not(Box<Condition<'a>>),
    Equals(Path<'a>, Json<'a>),
    Tests(Path<'a>, Vec<(Operator, Json<'a>)>),
    Cel(&'a str),
    CelOf(Path<'a>, Comparison, Json<'a>),
    Object(Vec<(&'a str, Json<'a>)>),
}

#[derive(Debug, Arbitrary)]
enum Json<'a> {
    Null,
    Bool(bool),
    Whole(i64),
    Float(f64),
    Text(&'a str),
    Word(Key<'a>),
    Operators(Vec<(Operator, Json<'a>)>),
    List(Vec<Json<'a>>),
    Object(Vec<(Key<'a>, Json<'a>)>),
}

/// Writes an enum whose values are words.
macro_rules! words {
    ($name:ident: $($word:ident $text:literal),*) => {
        #[derive(Debug, Clone, Copy, Arbitrary)]
        enum $name { $($word),* }

        impl $name {
            fn text(self) -> &'static str {
                match self { $(Self::$word => $text),* }
            }
        }
    };
}

words!(Join: And "$and", Or "$or", Nor "$nor");
words!(Operator: Eq "$eq", Ne "$ne", Gt "$gt", Gte "$gte", Lt "$lt", Lte "$lte", In "$in", Nin "$nin",
    Exists "$exists", Regex "$regex", Options "$options", Contains "$contains", StartsWith "$startsWith",
    EndsWith "$endsWith", Size "$size", Not "$not", Wrong "$mod");
words!(Comparison: Eq "==", Less "<", In " in ", Plus " + 1 > ", Or " || ");
words!(Place: Plan "plan", Deep "metadata.a.b", Header "headers.x-a", Body "body", List "body.messages.-1.content",
    First "body.a.0", Query "url.query.a", Url "url", Path "url.pathname", Method "method", Model "model",
    Endpoint "endpoint", Stream "stream", KeyId "key.id", Tokens "input.tokens", Chars "input.chars",
    Tools "input.has_tools", Hour "time.hour", Iso "time.iso", Session "session.id", Turn "session.turn");
words!(Name: A "a", B "b", Plan "plan", HeaderA "x-a", Session "x-session-id", Messages "messages", Role "role", Content "content",
    Tools "tools", Kind "type", Text "text", Input "input", Format "response_format");

#[derive(Debug, Arbitrary)]
enum Path<'a> {
    Known(Place),
    Any(&'a str),
}

#[derive(Debug, Arbitrary)]
enum Key<'a> {
    Known(Name),
    Any(&'a str),
}

fuzz_target!(|input: Input<'_>| {
    let condition = input.condition.json();
    let Ok(version) = Version::of_document(route(&condition).to_string().as_bytes(), Known::Anything) else {
        return;
    };
    let mut body = object(&input.body);
    body.entry("model").or_insert("m".into());
    let mut simulation = simulation(Value::Object(body).to_string().into_bytes());
    let metadata = Value::Object(object(&input.metadata)).to_string();
    simulation.headers = input.headers.iter().map(|(k, v)| (k.text().to_owned(), (*v).to_owned())).collect();
    simulation.headers.push(("x-attache-metadata".to_owned(), metadata));
    let trace = simulation.run_through(&version, &BARE, &mut Script::default());
    let end = trace.verdict.element.as_deref();
    assert_ne!(end, Some("contradiction"), "{condition} and its $not agree");
});

/// Asks a condition, then its negation.
fn route(condition: &Value) -> Value {
    let ask = |id: &str, condition: Value, yes: &str, no: &str| {
        json!({"id": id, "type": "conditional", "properties": {"conditions": condition},
               "outputs": {"true": {"elementId": yes}, "false": {"elementId": no}}})
    };
    let not = json!({"$not": condition});
    json!({"name": "r", "elements": [
        {"id": "start", "type": "start", "outputs": {"next": {"elementId": "ask"}}},
        ask("ask", condition.clone(), "yes", "no"),
        ask("yes", not.clone(), "contradiction", "end"),
        ask("no", not, "end", "contradiction"),
        {"id": "end", "type": "end"},
        {"id": "contradiction", "type": "end"},
    ]})
}

impl Condition<'_> {
    fn json(&self) -> Value {
        let one = |key: &str, value: Value| Value::Object([(key.to_owned(), value)].into_iter().collect());
        match self {
            Self::Several(join, parts) => one(join.text(), parts.iter().map(Self::json).collect()),
            Self::Not(part) => one("$not", part.json()),
            Self::Equals(path, value) => one(path.text(), value.json()),
            Self::Tests(path, tests) => one(path.text(), operators(tests)),
            Self::Cel(source) => one("cel", (*source).into()),
            Self::CelOf(path, comparison, value) => {
                one("cel", format!("{}{}{}", path.text(), comparison.text(), value.json()).into())
            }
            Self::Object(entries) => {
                Value::Object(entries.iter().map(|(k, v)| ((*k).to_owned(), v.json())).collect())
            }
        }
    }
}

impl Json<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::Whole(n) => (*n).into(),
            Self::Float(f) => (*f).into(),
            Self::Text(text) => (*text).into(),
            Self::Word(word) => word.text().into(),
            Self::Operators(tests) => operators(tests),
            Self::List(list) => list.iter().map(Self::json).collect(),
            Self::Object(entries) => Value::Object(object(entries)),
        }
    }
}

fn operators(tests: &[(Operator, Json<'_>)]) -> Value {
    Value::Object(tests.iter().map(|(operator, value)| (operator.text().to_owned(), value.json())).collect())
}

fn object(entries: &[(Key<'_>, Json<'_>)]) -> Map<String, Value> {
    entries.iter().map(|(key, value)| (key.text().to_owned(), value.json())).collect()
}

impl Path<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Known(word) => word.text(),
            Self::Any(text) => text,
        }
    }
}

impl Key<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Known(word) => word.text(),
            Self::Any(text) => text,
        }
    }
}
