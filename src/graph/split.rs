//! Shares: which of several arms a request takes, by chance, or by a key that keeps its arm (weighted rendezvous hashing).

use super::{
    Facts,
    hash::{Fnv, mix},
    key::Key,
};

/// Several arms, each with its share.
#[derive(Debug)]
pub struct Split {
    key: Option<Key>,
    /// Makes the dice of an exchange fall differently in each split.
    salt: u64,
    arms: Box<[Arm]>,
}

#[derive(Debug)]
struct Arm {
    share: f64,
    /// Its identity: a key moves only between an arm and another one.
    seed: u64,
}

impl Split {
    /// Arms by their names and shares, in any unit. Where `key` is a key (`metadata.user_id`), each of its values keeps its
    /// arm; otherwise chance decides, apart from all splits of other names.
    ///
    /// # Errors
    /// What is wrong with the key, or a share that is not above 0.
    pub fn new(name: &str, key: Option<&str>, arms: &[(&str, f64)]) -> Result<Self, String> {
        let key = key.map(|text| Key::parse(text).map_err(|mistakes| told(text, &mistakes))).transpose()?;
        if let Some((arm, share)) = arms.iter().find(|(_, share)| !(share.is_finite() && *share > 0.0)) {
            return Err(format!("the share of {arm} is {share}, which is not above 0"));
        }
        let arms = arms.iter().map(|(arm, share)| (*arm, 0, *share));
        Ok(Self::of(name, key, arms))
    }

    /// Arms by where they lead, the how-manieth that leads there they are, and their shares.
    pub(super) fn of<'a>(
        name: &str,
        key: Option<Key>,
        arms: impl Iterator<Item = (&'a str, usize, f64)>,
    ) -> Self {
        let arm = |(to, ordinal, share): (&str, usize, f64)| {
            let seed = Fnv::new().with(to.as_bytes()).with(&ordinal.to_le_bytes()).spread();
            Arm { share, seed }
        };
        Self { key, salt: Fnv::new().with(name.as_bytes()).spread(), arms: arms.map(arm).collect() }
    }

    /// The arm of these facts, counted from 0. Between two draws that differ in the last bit of a logarithm a machine
    /// may choose differently than another: one key in 10^15.
    pub fn choose(&self, facts: &dyn Facts) -> usize {
        self.choose_among(facts, &|_| false)
    }

    /// The same without some arms: the shares of the others keep their proportion, and a key whose arm is not among the missing
    /// ones keeps it.
    pub(super) fn choose_among(&self, facts: &dyn Facts, skips: &dyn Fn(usize) -> bool) -> usize {
        let point = self.point(facts);
        let mut best = (f64::INFINITY, 0);
        let arms = self.arms.iter().enumerate();
        for (i, arm) in arms.filter(|(i, arm)| arm.share > 0.0 && !skips(*i)) {
            let wait = -unit(mix(point ^ arm.seed)).ln() / arm.share;
            if wait < best.0 {
                best = (wait, i);
            }
        }
        best.1
    }

    /// Whether an arm has a share at all.
    pub(super) fn weighs(&self, arm: usize) -> bool {
        self.arms.get(arm).is_some_and(|arm| arm.share > 0.0)
    }

    /// Whether a key chooses, and not chance.
    pub(super) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    fn point(&self, facts: &dyn Facts) -> u64 {
        let Some(key) = &self.key else { return mix(facts.dice() ^ self.salt) };
        let mut hash = Fnv::new();
        key.tell(facts, &mut |piece| hash = hash.with(piece.as_bytes()));
        hash.spread()
    }
}

/// A number in (0, 1) from the upper bits of a hash.
fn unit(hash: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float")]
    let float = (hash >> 11) as f64;
    (float + 0.5) / 9_007_199_254_740_992.0
}

fn told(text: &str, mistakes: &[super::PathError]) -> String {
    let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    format!("`{text}` is no key: {}", mistakes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::Request;
    use serde_json::json;

    fn of_key(split: &Split, key: u64) -> usize {
        split.choose(&Request::new(json!({"metadata": {"user": key}})))
    }

    #[test]
    fn a_growing_share_only_takes_keys_in() {
        let split = |share: f64| {
            Split::new("r", Some("metadata.user"), &[("r@1", 100.0 - share), ("r@2", share)]).unwrap()
        };
        let shares = [1.0, 5.0, 12.5, 50.0, 99.0].map(split);
        for key in 0..2000 {
            let arms: Vec<_> = shares.iter().map(|split| of_key(split, key)).collect();
            assert!(arms.is_sorted(), "{key}: {arms:?}");
        }
        let taken = (0..10_000).filter(|key| of_key(&shares[1], *key) == 1).count();
        assert!((400..600).contains(&taken), "{taken} of 10,000 are in the 5 percent");
    }

    #[test]
    fn two_splits_throw_their_dice_apart() {
        let [one, two] = ["a", "b"].map(|name| Split::new(name, None, &[("x", 1.0), ("y", 1.0)]).unwrap());
        let rolled = |dice| Request::new(json!({})).rolled(dice);
        let both = (0..10_000).filter(|d| one.choose(&rolled(*d)) == 0 && two.choose(&rolled(*d)) == 0);
        assert!((2300..2700).contains(&both.count()));
    }

    #[test]
    fn what_can_not_be_split_is_told() {
        let said = |key, share| Split::new("r", key, &[("v", share)]).unwrap_err();
        assert!(said(Some("time.minute,,"), 1.0).contains("`time` has only"));
        for share in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(said(None, share).contains("not above 0"), "{share}");
        }
    }
}
