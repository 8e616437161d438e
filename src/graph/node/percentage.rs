//! `percentage`: splits requests by shares, at random or by a key that keeps its arm.
//!
//! Weighted rendezvous hashing: every arm draws a number from the request's point and its own identity, and the
//! best draw relative to its share wins. An arm's draw does not depend on the others, so a changed share moves only
//! as many keys as it must: growing one arm takes keys from the others and moves none out of it.

use super::Part;
use crate::graph::{Facts, Split, diagnostic::Code, key::Key};

/// 100 %, in millionths of a percent.
const WHOLE: u64 = 100_000_000;
/// The output that takes what the others leave.
const REST: &str = "else";

#[derive(Debug)]
pub(in crate::graph) struct Percentage {
    split: Split,
    /// The name of each output, and where it leads.
    arms: Box<[(Box<str>, usize)]>,
}

impl Percentage {
    pub(super) fn read(part: &Part<'_>) -> Option<Self> {
        part.properties.only(&["key"]);
        let key = part.properties.maybe("key").map(|item| Key::read(&item));
        let shares = shares(part)?;
        let outputs = part.outputs.all();
        let arms: Option<_> = outputs.iter().map(|output| Some((output.name.into(), output.to?))).collect();
        let split = outputs.iter().zip(shares).enumerate().map(|(i, (output, share))| {
            let ordinal = outputs.iter().take(i).filter(|other| other.target == output.target).count();
            #[expect(clippy::cast_precision_loss, reason = "at most 10^8")]
            (output.target, ordinal, share as f64)
        });
        let key = key.map_or(Some(None), |read| read.map(Some))?;
        Some(Self { split: Split::of(part.id, key, split), arms: arms? })
    }

    pub(super) fn links(&self) -> Vec<usize> {
        self.arms.iter().map(|(_, to)| *to).collect()
    }

    /// The outputs that have a share, by their numbers, and where they lead.
    pub(in crate::graph) fn arms(&self) -> impl Iterator<Item = (usize, (&str, usize))> {
        let arms = self.arms.iter().map(|(name, to)| (&**name, *to));
        arms.enumerate().filter(|(arm, _)| self.split.weighs(*arm))
    }

    /// The output, and the way on; one of those that are not skipped. What a session keeps goes before chance, but not before a key.
    pub(in crate::graph) fn choose(
        &self,
        id: &str,
        facts: &dyn Facts,
        skips: &dyn Fn(usize) -> bool,
    ) -> (&str, usize) {
        let kept = if self.split.has_key() { None } else { facts.pinned(id) };
        let kept = kept.and_then(|output| self.arms.iter().position(|(name, _)| **name == *output));
        let arm = kept.filter(|arm| !skips(*arm)).unwrap_or_else(|| self.split.choose_among(facts, skips));
        self.arms.get(arm).map_or(("", 0), |(name, to)| (name, *to))
    }

    /// What a session keeps that went there: nothing where a key chooses.
    pub(in crate::graph) fn kept(&self, next: usize) -> Option<&str> {
        self.arms
            .iter()
            .filter(|_| !self.split.has_key())
            .find(|(_, to)| *to == next)
            .map(|(name, _)| &**name)
    }
}

/// The share of each output, in millionths of a percent, `else` filled in.
fn shares(part: &Part<'_>) -> Option<Vec<u64>> {
    let outputs = part.outputs.all();
    if outputs.is_empty() {
        part.outputs.report(Code::MissingField, "there are no shares");
        return None;
    }
    let mut read = vec![];
    for output in outputs {
        let share = if output.name == REST { Some(None) } else { share(output.name).map(Some) };
        if share.is_none() {
            let message = format!("`{}` is no share from 0% to 100%", output.name);
            output.item.report(Code::BadShare, message);
        }
        read.push(share);
    }
    let read: Vec<Option<u64>> = read.into_iter().collect::<Option<_>>()?;
    let sum: u64 = read.iter().flatten().sum();
    let rest = WHOLE.checked_sub(sum).filter(|rest| (*rest > 0) == read.contains(&None));
    if rest.is_none() {
        let left = if read.contains(&None) { ", and `else` must be left some" } else { "" };
        part.outputs.report(Code::SharesNotWhole, format!("the shares sum to {}%{left}", percent(sum)));
    }
    rest.map(|rest| read.into_iter().map(|share| share.unwrap_or(rest)).collect())
}

/// Reads `12.5%`, to six decimals, as millionths of a percent.
fn share(label: &str) -> Option<u64> {
    let number = label.strip_suffix('%')?;
    let (whole, fraction) = number.split_once('.').map_or((number, "0"), |parts| parts);
    let digits = |s: &str, most| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 3) || !digits(fraction, 6) {
        return None;
    }
    let millionths = format!("{whole}{fraction:0<6}").parse().ok()?;
    (millionths <= WHOLE).then_some(millionths)
}

fn percent(millionths: u64) -> String {
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Known, Program, Step, Walk, sample::Request};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// A route that splits among models `m0`, `m1`, ... by `labels`.
    fn split(id: &str, labels: &[&str], properties: &Value) -> Program {
        let outputs: serde_json::Map<_, _> = labels
            .iter()
            .enumerate()
            .map(|(i, label)| ((*label).to_owned(), json!({"elementId": format!("m{i}")})))
            .collect();
        let mut elements = vec![
            json!({"id": "s", "type": "start", "outputs": {"next": {"elementId": id}}}),
            json!({"id": id, "type": "percentage", "properties": properties, "outputs": outputs}),
            json!({"id": "e", "type": "end"}),
        ];
        elements.extend((0..labels.len()).map(|i| {
            json!({"id": format!("m{i}"), "type": "model", "properties": {"provider": "p", "model": i.to_string()},
                   "outputs": {"success": {"elementId": "e"}}})
        }));
        let document = json!({"name": "split", "elements": elements}).to_string();
        Program::read(document.as_bytes(), Known::Anything).unwrap()
    }

    fn arm(program: &Program, request: &Request) -> usize {
        match Walk::new(program).step(program, request) {
            Step::Call(call) => call.target.model.parse().unwrap(),
            step => panic!("{step:?}"),
        }
    }

    fn by_key(key: u64) -> Request {
        Request::new(json!({"metadata": {"user": format!("user-{key}")}}))
    }

    #[test]
    fn labels() {
        for (label, expected) in [
            ("10%", Some(10_000_000)),
            ("12.5%", Some(12_500_000)),
            ("0.000001%", Some(1)),
            ("0%", Some(0)),
            ("100%", Some(WHOLE)),
            ("100.1%", None),
            ("101%", None),
            ("0.0000001%", None),
            ("10", None),
            ("10.%", None),
            (".5%", None),
            ("-1%", None),
            ("1e1%", None),
            (" 10%", None),
            ("ten%", None),
            ("%", None),
        ] {
            assert_eq!(share(label), expected, "{label}");
        }
        assert_eq!(percent(12_500_000), "12.5");
        assert_eq!(percent(WHOLE), "100");
    }

    #[test]
    fn shares_are_kept() {
        for (labels, expected) in [
            (&["10%", "90%"][..], &[0.10, 0.90][..]),
            (&["10%", "else"], &[0.10, 0.90]),
            (&["33.3%", "else"], &[0.333, 0.667]),
            (&["5%", "20%", "0%", "else"], &[0.05, 0.20, 0.0, 0.75]),
            (&["100%"], &[1.0]),
        ] {
            for properties in [json!({}), json!({"key": "user"})] {
                let program = split("p", labels, &properties);
                let mut counts = vec![0.0_f64; labels.len()];
                for i in 0..100_000 {
                    counts[arm(&program, &by_key(i).rolled(i))] += 1.0 / 100_000.0;
                }
                for (count, expected) in counts.iter().zip(expected) {
                    assert!((count - expected).abs() < 0.005, "{labels:?} {properties}: {counts:?}");
                }
            }
        }
    }

    #[test]
    fn a_key_keeps_its_arm_whatever_the_dice() {
        let program = split("p", &["30%", "else"], &json!({"key": "user"}));
        for key in 0..1000 {
            let first = arm(&program, &by_key(key).rolled(1));
            assert!((2..5).all(|dice| arm(&program, &by_key(key).rolled(dice)) == first));
        }
    }

    #[test]
    fn the_arm_of_a_key_never_changes_between_versions() {
        let program = split("p", &["50%", "else"], &json!({"key": "user"}));
        let arms: Vec<_> = (0..24).map(|key| arm(&program, &by_key(key))).collect();
        assert_eq!(arms, FIRST_24_ARMS, "keys have moved for everyone");
    }
    /// Made by another implementation of the hash.
    const FIRST_24_ARMS: [usize; 24] =
        [0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1];

    #[test]
    fn two_elements_split_apart() {
        let [one, two] = ["a", "b"].map(|id| split(id, &["50%", "else"], &json!({})));
        let both = (0..10_000).filter(|dice| {
            let request = || Request::new(json!({})).rolled(*dice);
            arm(&one, &request()) == 0 && arm(&two, &request()) == 0
        });
        let both = both.count();
        assert!((2300..2700).contains(&both), "{both} of 10,000 took the first arm twice");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn growing_an_arm_moves_no_key_out_of_it(from in 0_u32..100, grow in 0_u32..50) {
            let to = (from + grow).min(100);
            let [before, after] = [from, to].map(|share| {
                split("p", &[&format!("{share}%"), &format!("{}.0%", 100 - share)], &json!({"key": "user"}))
            });
            for key in 0..500 {
                let (old, new) = (arm(&before, &by_key(key)), arm(&after, &by_key(key)));
                prop_assert!(old == new || new == 0, "key {key} moved from {old} to {new}");
            }
        }
    }
}
