//! Keys of `rate` and `percentage`: one path or several joined by `,`, and the bucket that a request falls into.

use super::{Fact, Facts, Path, PathError, diagnostic::Code, reader::Item};

/// The bucket part of a value that is not there.
const MISSING: &str = "-";

/// A compiled key.
#[derive(Debug)]
pub(super) struct Key(Box<[Path]>);

impl Key {
    /// Reads `metadata.team,metadata.user`, or tells what is wrong with each part.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<PathError>> {
        let (mut paths, mut mistakes) = (vec![], vec![]);
        for part in text.split(',') {
            match Path::parse(part.trim()) {
                Ok(path) => paths.push(path),
                Err(why) => mistakes.push(why),
            }
        }
        if mistakes.is_empty() { Ok(Self(paths.into())) } else { Err(mistakes) }
    }

    /// The same of a document's value.
    pub(super) fn read(item: &Item<'_>) -> Option<Self> {
        let text = item.text()?;
        let mistakes = match Self::parse(text) {
            Ok(key) => return Some(key),
            Err(mistakes) => mistakes,
        };
        for why in mistakes {
            item.report(Code::BadPath, format!("`{text}` is no key: {why}"));
        }
        None
    }

    /// Tells the bucket of these facts, piece by piece: values joined by `,`, a missing one as `-`. `,` and `\`
    /// inside a value, and a value that is itself `-`, are escaped by `\`: no two lists of values share a bucket.
    pub(super) fn tell(&self, facts: &dyn Facts, to: &mut impl FnMut(&str)) {
        for (i, path) in self.0.iter().enumerate() {
            if i > 0 {
                to(",");
            }
            match facts.look(path) {
                None | Some(Fact::Null) => to(MISSING),
                Some(Fact::Bool(b)) => to(if b { "true" } else { "false" }),
                Some(Fact::Number(n)) => to(&n.to_string()),
                Some(Fact::Text(text)) if text == MISSING => to("\\-"),
                Some(Fact::Text(text)) => escaped(&text, to),
                Some(Fact::Tree(tree)) => escaped(&tree.to_string(), to),
            }
        }
    }

    /// The bucket of these facts.
    pub(super) fn text(&self, facts: &dyn Facts) -> String {
        let mut text = String::new();
        self.tell(facts, &mut |piece| text.push_str(piece));
        text
    }
}

fn escaped(text: &str, to: &mut impl FnMut(&str)) {
    let mut rest = text;
    while let Some((plain, marked)) = rest.find([',', '\\']).and_then(|at| rest.split_at_checked(at)) {
        let (mark, after) = marked.split_at_checked(1).unwrap_or((marked, ""));
        to(plain);
        to("\\");
        to(mark);
        rest = after;
    }
    to(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{diagnostic::Report, sample::Request};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn key(text: &str) -> Key {
        let (value, report) = (json!(text), Report::default());
        let key = Key::read(&Item::of(&value, &report)).unwrap();
        report.settle(Some(key)).unwrap()
    }

    fn bucket(key_text: &str, metadata: Value) -> String {
        key(key_text).text(&Request::new(json!({"metadata": metadata})))
    }

    #[test]
    fn a_bucket_is_the_values_joined() {
        assert_eq!(bucket("user", json!({"user": "ann"})), "ann");
        assert_eq!(bucket("user, metadata.n,b", json!({"user": "ann", "n": 1.5, "b": true})), "ann,1.5,true");
        assert_eq!(bucket("user,org", json!({"org": "x"})), "-,x");
        assert_eq!(bucket("tree", json!({"tree": ["a", 1]})), r#"["a"\,1]"#);
    }

    #[test]
    fn a_value_can_not_pass_for_others() {
        assert_eq!(bucket("a,b", json!({"a": "x,y"})), r"x\,y,-");
        assert_eq!(bucket("a", json!({"a": "-"})), r"\-");
        assert_eq!(bucket("a", json!({})), "-");
    }

    #[test]
    fn a_bad_part_is_told() {
        let (value, report) = (json!("a,,time.x"), Report::default());
        assert!(Key::read(&Item::of(&value, &report)).is_none());
        assert_eq!(report.settle(Some(())).unwrap_err().len(), 2);
    }

    proptest! {
        #[test]
        fn different_values_never_share_a_bucket(
            a in proptest::option::of(r"[a,\\-]{0,3}"), b in proptest::option::of(r"[a,\\-]{0,3}"),
            c in proptest::option::of(r"[a,\\-]{0,3}"), d in proptest::option::of(r"[a,\\-]{0,3}"),
        ) {
            let [one, two] = [(&a, &b), (&c, &d)].map(|(x, y)| bucket("x,y", json!({"x": x, "y": y})));
            prop_assert_eq!(one == two, (a, b) == (c, d));
        }
    }
}
