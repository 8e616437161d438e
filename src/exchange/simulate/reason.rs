//! Why a walk went on as it did, in words.

use super::trace::{Limited, Looked};
use crate::{
    chat::Fault,
    graph::{Call, End, Moved, Why},
    window::Window,
};
use std::time::Duration;

/// Of an element at which nothing had to be done.
pub(super) fn of_choice(form: &str, output: &str, looked_at: &[Looked]) -> String {
    match (form, output, looked_at) {
        ("conditional", "true", _) => "the condition holds".into(),
        ("conditional", ..) => "the condition does not hold".into(),
        ("percentage", _, []) => "chance".into(),
        ("percentage", _, key) => {
            let paths: Vec<_> = key.iter().map(|looked| looked.path.as_str()).collect();
            format!("the value of {} keeps its arm", paths.join(", "))
        }
        _ => "the walk begins".into(),
    }
}

/// Of a limit.
pub(super) fn of_limit(limit: &Limited, window: &Window, moved: Moved<'_>) -> String {
    let Limited { key, amount, limit: most, unit, allowed, .. } = limit;
    let figures = match *unit {
        "cost" => format!("{} of {} USD", usd(*amount), usd(*most)),
        "tokens" => format!("{amount} of {most} tokens"),
        "input_tokens" => format!("{amount} of {most} input tokens"),
        "output_tokens" => format!("{amount} of {most} output tokens"),
        _ => format!("{amount} of {most} requests"),
    };
    let room = if *allowed { "room" } else { "no room" };
    let then = if moved == Moved::Over { "; there is no `fallback`: the walk ends" } else { "" };
    format!("`{key}` has {room} for {figures} in {window}{then}")
}

fn usd(nano_dollars: u64) -> String {
    let text = format!("{}.{:09}", nano_dollars / 1_000_000_000, nano_dollars % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Of a call.
pub(super) fn of_call(
    call: &Call<'_>,
    timeout: Option<Duration>,
    fault: Option<&Fault>,
    moved: Moved<'_>,
) -> String {
    let target = call.target;
    let tried = if call.retry == 0 { String::new() } else { format!(" (try {})", call.retry + 1) };
    let time = timeout.map(|time| format!(", given {time:?},")).unwrap_or_default();
    let Some(fault) = fault else { return format!("{target}{tried}{time} answers") };
    let status = fault.status.map(|status| format!(" {status}")).unwrap_or_default();
    let then = match moved {
        Moved::Not => "it is tried again",
        Moved::By(_) => "the walk goes on by `fallback`",
        Moved::Over => "no `fallback` is for this: the walk ends",
    };
    format!("{target}{tried}{time} fails: {}{status}; {then}", fault.kind)
}

/// Of a call that is one too many.
pub(super) fn of_too_many(most: u32) -> String {
    format!("not called: limits.max_attempts allows {most} attempts")
}

/// Of an end.
pub(super) fn of_end(end: &End<'_>) -> String {
    let cause = end.cause.unwrap_or_default();
    match end.why {
        Why::Answered => format!("the client gets the answer of `{cause}`"),
        Why::Failed => format!("the client gets the failure of `{cause}`"),
        Why::Limited => format!("the client is told of the limit `{cause}`"),
        Why::NoModel => "no model was called".into(),
    }
}
