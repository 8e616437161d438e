//! A digest of what was said, whatever pieces it came in.

use sha2::{Digest, Sha256};

/// Words that are digested as they come. White space around them does not count: not every client keeps it.
#[derive(Debug, Clone, Default)]
pub struct Words {
    hash: Sha256,
    /// White space that counts if anything follows.
    space: String,
    began: bool,
}

impl Words {
    /// All of these.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.push(text);
        words
    }

    /// Adds a piece.
    pub fn push(&mut self, text: &str) {
        let text = if self.began { text } else { text.trim_start() };
        let said = text.trim_end();
        if !said.is_empty() {
            self.hash.update(&self.space);
            self.hash.update(said);
            self.space.clear();
            self.began = true;
        }
        self.space.push_str(text.get(said.len()..).unwrap_or_default());
    }

    /// Ends a part: what follows is something else.
    pub fn part(&mut self) {
        self.hash.update([0]);
        self.space.clear();
        self.began = false;
    }

    /// The digest.
    #[must_use]
    pub fn digest(self) -> [u8; 32] {
        self.hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_cutting_gives_the_same_digest(text in "[ \\na-c]{0,12}", cuts in prop::collection::vec(0_usize..12, 0..4)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= text.len()).collect();
            cuts.sort_unstable();
            let (mut words, mut from) = (Words::default(), 0);
            for to in cuts.into_iter().chain([text.len()]) {
                words.push(&text[from..to]);
                from = to;
            }
            prop_assert_eq!(words.digest(), Words::of(text.trim()).digest());
        }
    }

    #[test]
    fn other_words_and_other_parts_have_another_digest() {
        let parts = |all: &[&str]| {
            let mut words = Words::default();
            for part in all {
                words.push(part);
                words.part();
            }
            words.digest()
        };
        let all = [parts(&["ab"]), parts(&["a", "b"]), parts(&["a", "", "b"]), parts(&["a b"]), parts(&[])];
        assert!(all.iter().enumerate().all(|(i, one)| !all[..i].contains(one)));
    }
}
