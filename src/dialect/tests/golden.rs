//! One answer in, one file per client out: `tests/cases/answers/<provider>/<scene>.<client>.json`, and `.sse` of a stream.
//! `UPDATE=1` writes them anew.

use super::{CLIENTS, Recording, Wire, client, joined, recordings};
use crate::{
    chat::{Delta, Fault},
    dialect::{Dialect, Platform, Quirks},
};
use serde_json::json;
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_client_is_told_every_answer_in_its_own_words() {
    let mut wrong = vec![];
    for recording in recordings() {
        for (name, path) in CLIENTS {
            let file = |end: &str| recording.stem.with_extension(format!("{name}.{end}"));
            if let Some(answer) = recording.answer() {
                let told = match answer {
                    Ok(answer) => serde_json::from_slice(&client(path).whole(&answer)).unwrap(),
                    Err(fault) => json!({"fault": fault.kind.name(), "message": fault.message}),
                };
                wrong.extend(compare(&file("json"), &format!("{told:#}\n")));
            }
            wrong.extend(compare(&file("sse"), &streamed(&recording, path)));
        }
    }
    assert!(
        wrong.is_empty(),
        "`UPDATE=1 cargo test` writes them anew; read the difference\n{}",
        wrong.join("\n")
    );
}

/// The client's stream; a fault, which the exchange tells in its place, as a comment.
fn streamed(recording: &Recording, path: &str) -> String {
    let outcome = recording.told(Some(path), [recording.stream.as_slice()]);
    let mut text = String::from_utf8(outcome.bytes).unwrap();
    if let Some(Fault { kind, message, .. }) = outcome.fault {
        writeln!(text, ": {} {message}", kind.name()).unwrap();
    }
    text
}

/// What differs from the file, if anything does.
fn compare(file: &Path, got: &str) -> Option<String> {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(file, got).unwrap();
        return None;
    }
    let want = fs::read_to_string(file).unwrap_or_default();
    (want != got).then(|| format!("{}\n--- is\n{got}--- should be\n{want}", file.display()))
}

#[test]
fn an_answer_says_the_same_whole_and_in_pieces() {
    for recording in recordings() {
        // a whole answer has no room for arguments that are cut
        let cut = recording.scene == "cut-arguments"
            && !["openai", "mistral", "cohere"].contains(&recording.provider);
        let Some(Ok(answer)) = recording.answer().filter(|_| !cut) else { continue };
        let (streamed, fault) = recording.deltas(&recording.stream);
        if fault.is_none() {
            assert_eq!(
                joined(streamed),
                joined(answer.into_deltas()),
                "{} {}",
                recording.provider,
                recording.scene
            );
        }
    }
}

/// What a client of this dialect reads; in chat, thoughts stand apart from all else.
fn read_back(dialect: Dialect, whole: Option<Vec<u8>>, stream: Vec<u8>) -> Vec<Delta> {
    let wire = Wire { dialect, platform: Platform::Direct, quirks: Quirks::default() };
    let (provider, scene, stem) = ("client", String::new(), PathBuf::new());
    let told = Recording { provider, scene, wire, stem, whole, stream };
    let deltas = match told.answer() {
        Some(answer) => answer.unwrap().into_deltas(),
        None => told.deltas(&told.stream).0,
    };
    let thinks = |delta: &Delta| {
        matches!(delta, Delta::Start { .. } | Delta::Reasoning { .. } | Delta::Signature { .. })
    };
    let (thoughts, rest): (Vec<Delta>, Vec<Delta>) = joined(deltas).into_iter().partition(thinks);
    [thoughts, rest].concat()
}

#[test]
fn a_client_reads_the_same_whole_and_in_pieces() {
    let clients = [("/v1/chat/completions", Dialect::Openai), ("/v1/messages", Dialect::Anthropic)];
    for recording in recordings().iter().filter(|one| one.scene != "cut-arguments") {
        let Some(Ok(answer)) = recording.answer() else { continue };
        for (path, dialect) in clients {
            let streamed = recording.told(Some(path), [recording.stream.as_slice()]);
            if streamed.fault.is_none() {
                let whole = read_back(dialect, Some(client(path).whole(&answer)), vec![]);
                let streamed = read_back(dialect, None, streamed.bytes);
                assert_eq!(streamed, whole, "{} {} {path}", recording.provider, recording.scene);
            }
        }
    }
}
