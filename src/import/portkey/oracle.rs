//! What Portkey's own gateway did with 500 configs, as recorded by `tests/sdk/test_portkey_gateway.py`, beside what the imported graphs
//! do. They are equal wherever no warning says otherwise, and where one does, they differ only in what it warns of.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::*;
use crate::{
    chat::{Fault, Kind},
    graph::{Program, Step, Walk, sample::Request},
    import::Code,
};

const RECORD: &str = include_str!("../../../tests/cases/portkey/gateway.jsonl");
/// Dice that are thrown to see every arm of a split.
const THROWS: u64 = 1024;

#[derive(Deserialize)]
struct Case {
    config: Value,
    request: Value,
    outcomes: BTreeMap<String, Value>,
    called: Vec<String>,
    status: u16,
}

impl Case {
    fn all() -> Vec<Self> {
        RECORD.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn imported(&self) -> Imported {
        let providers = Providers { known: Known::Anything, aliases: &BTreeMap::new() };
        let options = Options { name: "oracle", model: None, provider: None, providers };
        import(&self.config, &options).unwrap_or_else(|found| panic!("{}: {found:#?}", self.config))
    }

    fn outcome(&self, model: &str) -> Result<(), Fault> {
        match &self.outcomes[model] {
            Value::Number(status) if status.as_u64() == Some(200) => Ok(()),
            Value::Number(status) => Err(Fault::of_status(u16::try_from(status.as_u64().unwrap()).unwrap())),
            Value::String(word) if word == "slow" => Err(Fault::new(Kind::Timeout)),
            _ => Err(Fault::new(Kind::Reset)),
        }
    }

    /// The targets that a walk calls, and whether the last one answered.
    fn walk(&self, program: &Program, dice: u64) -> (Vec<String>, bool) {
        let url = json!({"pathname": "/v1/chat/completions"});
        let roots = json!({"metadata": self.request["metadata"], "body": self.request["body"], "url": url});
        let request = Request::new(roots).rolled(dice);
        let (mut walk, mut called, mut answered) = (Walk::new(program), vec![], false);
        while let Step::Call(call) = walk.step(program, &request) {
            let outcome = self.outcome(&call.target.model);
            called.push(call.target.model.to_string());
            answered = outcome.is_ok();
            walk.answered(program, outcome.as_ref().copied());
        }
        (called, answered)
    }
}

/// What a warning lets differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leeway {
    /// Nothing that is looked at here.
    None,
    /// How often one target is tried.
    Retries,
    /// What follows a target that failed.
    Fallback,
    /// Whether this one condition holds.
    Condition,
    /// The same, and there it may be an error at once.
    Error,
}

fn leeway(code: Code) -> Leeway {
    match code {
        Code::RetryAttempts | Code::RetryCodes => Leeway::Retries,
        Code::NestedStatusCodes => Leeway::Fallback,
        Code::LongPath
        | Code::UnknownPath
        | Code::IgnoredSibling
        | Code::AfterRegex
        | Code::NotANumber
        | Code::RegexOfText
        | Code::RegexSyntax
        | Code::ComparedTree => Leeway::Condition,
        Code::UnknownOperator => Leeway::Error,
        _ => Leeway::None,
    }
}

/// The conditions, as they stand in the document, that warnings are about.
fn doubtful(case: &Case, imported: &Imported) -> Vec<Value> {
    let mut found = vec![];
    for warning in &imported.warnings {
        let Some((before, _)) = warning.pointer.split_once("/query/") else { continue };
        let query = case.config.pointer(&format!("{before}/query")).unwrap();
        let (report, warnings) = (Report::default(), Warnings::default());
        let condition = query::condition(&Item::of(query, &report), &warnings).unwrap();
        if !found.contains(&condition) {
            found.push(condition);
        }
    }
    found
}

/// The document, with each doubtful condition true and false in turn.
fn variants(document: &Value, doubtful: &[Value]) -> Vec<Program> {
    let all = 0..1_u32 << doubtful.len();
    all.map(|bits| {
        let mut document = document.clone();
        for element in document["elements"].as_array_mut().unwrap() {
            let at = doubtful.iter().position(|condition| element["properties"]["conditions"] == *condition);
            if let Some(at) = at {
                // there is no session in these requests
                element["properties"]["conditions"] =
                    json!({"session.id": {"$exists": bits & (1 << at) == 0}});
            }
        }
        Program::read(document.to_string().as_bytes(), Known::Anything).unwrap()
    })
    .collect()
}

/// Whether some walk through one of these programs does what the gateway did, or comes as near to it as the warnings say.
fn near(case: &Case, programs: &[Program], leeways: &[Leeway]) -> bool {
    let once = |called: &[String]| {
        let mut called = called.to_vec();
        if leeways.contains(&Leeway::Retries) {
            called.dedup();
        }
        called
    };
    let theirs = once(&case.called);
    let mut walks = programs.iter().flat_map(|program| (0..THROWS).map(|dice| case.walk(program, dice)));
    walks.any(|(called, answered)| {
        let ours = once(&called);
        let same = ours == theirs && answered == (case.status == 200);
        let broke_off = leeways.contains(&Leeway::Error) && case.status == 400 && ours.starts_with(&theirs);
        let went_on = leeways.contains(&Leeway::Fallback) && ours.first() == theirs.first();
        same || broke_off || went_on
    })
}

#[test]
fn graphs_do_what_the_gateway_did_or_what_was_warned_of() {
    let (mut equal, mut free) = (0, 0);
    for (number, case) in Case::all().iter().enumerate() {
        let imported = case.imported();
        let leeways: Vec<_> = imported.warnings.iter().map(|warning| leeway(warning.code)).collect();
        free += usize::from(leeways.iter().all(|leeway| *leeway == Leeway::None));
        if near(case, &variants(&imported.document, &[]), &[]) {
            equal += 1;
            continue;
        }
        let doubtful = doubtful(case, &imported);
        assert!(
            near(case, &variants(&imported.document, &doubtful), &leeways),
            "case {number}: theirs {:?}\n{}\n{}\n{:?}\n{:?}",
            case.called,
            case.config,
            case.request,
            case.outcomes,
            imported.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        );
    }
    println!("{equal} of 500 are equal, {free} of 500 have no warning that lets anything differ");
    assert!(equal >= 450 && free >= 250 && equal < 500, "{equal} {free}");
}
