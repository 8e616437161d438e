//! Weights to the shares of a `percentage` element, which sum to exactly 100 %.

use std::collections::HashSet;

/// 100 %, in millionths of a percent.
const WHOLE: i64 = 100_000_000;
/// Decimals of a share.
const DECIMALS: usize = 6;

/// The output for each weight: `12.5%`, the last `else`; `None` for those that get nothing. Labels differ, as keys of one
/// object must: of equal shares one is `50%`, the next `50.0%`, and where no spelling is left, it is a millionth of a
/// percent less or more.
pub(super) fn labels(weights: &[f64]) -> Vec<Option<String>> {
    let shares = shares(weights);
    let last = shares.iter().rposition(|share| *share > 0);
    let mut rest = last.and_then(|last| shares.get(last)).copied().unwrap_or_default();
    let mut taken = HashSet::new();
    let label = |(i, share): (usize, &i64)| match *share {
        0 => None,
        WHOLE => Some("100%".to_owned()),
        _ if Some(i) == last => Some("else".to_owned()),
        share => distinct(share, &mut rest, &mut taken),
    };
    shares.iter().enumerate().map(label).collect()
}

/// The share of each weight in millionths of a percent: at least one where there is any weight, `WHOLE` together.
fn shares(weights: &[f64]) -> Vec<i64> {
    // the heaviest is 1, so that no sum is too large
    let heaviest = weights.iter().copied().fold(0.0, f64::max);
    let sum: f64 = weights.iter().map(|weight| weight / heaviest).sum();
    let share = |weight: &f64| {
        if *weight <= 0.0 {
            return 0;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 10^8")]
        #[expect(clippy::cast_precision_loss, reason = "10^8 fits a float")]
        let share = (weight / heaviest / sum * WHOLE as f64).round() as i64;
        share.max(1)
    };
    let mut shares: Vec<_> = weights.iter().map(share).collect();
    let surplus = shares.iter().sum::<i64>() - WHOLE;
    if let Some(largest) = shares.iter_mut().max().filter(|largest| **largest > 0) {
        *largest -= surplus;
    }
    shares
}

/// A spelling of `share`, or of one next to it, that is not taken; what it differs by goes to or comes from the rest.
fn distinct(share: i64, rest: &mut i64, taken: &mut HashSet<String>) -> Option<String> {
    let steps = (1..WHOLE).flat_map(|step| [-step, step]);
    for step in [0].into_iter().chain(steps) {
        let (moved, left) = (share + step, *rest - step);
        let fits = moved > 0 && left > 0;
        if let Some(label) = fits.then(|| spelling(moved, taken)).flatten() {
            *rest = left;
            taken.insert(label.clone());
            return Some(label);
        }
    }
    None
}

/// The shortest spelling that is not taken.
fn spelling(share: i64, taken: &HashSet<String>) -> Option<String> {
    let (whole, fraction) = (share / 1_000_000, format!("{:06}", share % 1_000_000));
    let needed = fraction.trim_end_matches('0').len();
    let mut spellings = (needed..=DECIMALS).map(|decimals| match fraction.get(..decimals) {
        None | Some("") => format!("{whole}%"),
        Some(fraction) => format!("{whole}.{fraction}%"),
    });
    spellings.find(|label| !taken.contains(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(weights: &[f64]) -> String {
        labels(weights).into_iter().map(|l| l.unwrap_or("-".into())).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn weights_become_labels() {
        for (weights, labels) in [
            (&[1.0, 1.0][..], "50% else"),
            (&[95.0, 5.0], "95% else"),
            (&[0.0, 100.0], "- 100%"),
            (&[1.0, 0.0], "100% -"),
            (&[1.0, 0.0, 1.0, 0.0], "50% - else -"),
            (&[0.7, 0.3], "70% else"),
            (&[1.0, 1.0, 1.0, 1.0], "25% 25.0% 25.00% else"),
            (&[1.0, 1.0, 1.0], "33.333333% 33.333332% else"),
            (&[1e300, 1e-300, 1e300], "50% 0.000001% else"),
            (&[0.0, 0.0], "- -"),
            (&[], ""),
        ] {
            assert_eq!(told(weights), labels, "{weights:?}");
        }
    }

    fn millionths(label: &str) -> i64 {
        let number = label.strip_suffix('%').unwrap();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        format!("{whole}{fraction:0<6}").parse().unwrap()
    }

    proptest! {
        #[test]
        fn shares_are_distinct_and_true_to_the_weights(
            weights in proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..100.0], 1..400),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0.0));
            let labels = labels(&weights);
            let sum: f64 = weights.iter().sum();
            let named: Vec<_> = labels.iter().flatten().filter(|label| *label != "else").collect();
            let rest = WHOLE - named.iter().map(|label| millionths(label)).sum::<i64>();
            prop_assert_eq!(named.iter().collect::<HashSet<_>>().len(), named.len());
            prop_assert_eq!(rest > 0, labels.iter().flatten().any(|label| label == "else"));
            for (weight, label) in weights.iter().zip(&labels) {
                let share = match label.as_deref() { None => 0, Some("else") => rest, Some(l) => millionths(l) };
                prop_assert_eq!(share > 0, *weight > 0.0);
                let wanted = weight / sum * 1e8;
                prop_assert!((share as f64 - wanted).abs() < 1000.0, "{} {}", share, wanted);
            }
        }
    }
}
