//! What can be wrong with a document: stable codes, each with its cause and cure, and the diagnostics that bear them.

use std::{cell::RefCell, fmt};

/// Writes the enum and its table from one list. A number that was ever released is never used again.
macro_rules! codes {
    ($($name:ident $number:literal $slug:literal: $cause:literal => $cure:literal;)*) => {
        /// The kinds of mistakes. Numbers and slugs are public and never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $cause] $name,)* }

        impl Code {
            /// Every code, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `G001`.
            #[must_use]
            pub fn number(self) -> &'static str {
                match self { $(Self::$name => $number,)* }
            }

            /// `not-json`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// What went wrong, in one line.
            #[must_use]
            pub fn cause(self) -> &'static str {
                match self { $(Self::$name => $cause,)* }
            }

            /// What to do, in one line.
            #[must_use]
            pub fn cure(self) -> &'static str {
                match self { $(Self::$name => $cure,)* }
            }
        }
    };
}

codes! {
    // the text
    NotJson "G001" "not-json": "The document is not JSON." => "correct it at the line and column named";
    DuplicateKey "G002" "duplicate-key": "An object has the same key twice." => "keep one of them";
    // fields
    WrongType "G003" "wrong-type": "A value has the wrong JSON type." => "write a value of the type named";
    MissingField "G004" "missing-field": "A required field or output is missing." => "add it";
    UnknownField "G005" "unknown-field": "There is no such field or output." => "correct its spelling or remove it";
    OutOfRange "G006" "out-of-range": "A value is outside of its range." => "choose a value in the range named";
    InvalidName "G007" "invalid-name": "The name can not be a route's name." => "use 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or digit";
    BothSpellings "G008" "both-spellings": "A property is given in both of its spellings." => "keep one of them";
    // elements
    InvalidId "G009" "invalid-id": "An element id can not be shown in a header." => "use 1 to 128 printable ASCII characters, but no comma";
    DuplicateId "G010" "duplicate-id": "Two elements have the same id." => "give each element an id of its own";
    UnknownType "G011" "unknown-type": "There is no such element type." => "use start, conditional, percentage, rate, model or end";
    MissingStart "G012" "missing-start": "The graph has no start." => "add an element of type `start`";
    SeveralStarts "G013" "several-starts": "The graph has more than one start." => "keep one `start`";
    // links
    DanglingLink "G014" "dangling-link": "An output leads to an element that is not there." => "name the id of an element of this route";
    Cycle "G015" "cycle": "The graph goes in a circle." => "lead one of its outputs elsewhere; to try a model again, use `retries`";
    Unreachable "G016" "unreachable": "No path from the start leads to an element." => "lead an output to it or remove it";
    NoEnd "G017" "no-end": "From an element no path leads to an end." => "lead an output to an element of type `end`";
    SuccessNotEnd "G018" "success-not-end": "The success of a model leads to something else than an end." => "lead `success` to an element of type `end`";
    // percentages
    BadShare "G019" "bad-share": "An output of a percentage element is not a share." => "write `10%`, `12.5%` or `else`";
    SharesNotWhole "G020" "shares-not-100": "The shares do not sum to 100 percent." => "correct a share, or name one output `else` to take the rest";
    // models
    UnknownProvider "G021" "unknown-provider": "There is no such provider in attache.yaml." => "add it to `providers` or correct its spelling";
    BadTrigger "G022" "bad-trigger": "An entry of `fallbackOn` names no failure." => "use a status (503), a class (`5xx`), a fault's name (`timeout`) or `any`";
    ReservedParam "G023" "reserved-param": "`params` touches a body field that is not its own." => "name the model in `properties.model`; whether to stream is the client's choice";
    // conditions
    EmptyCondition "G024" "empty-condition": "A condition tests nothing." => "add a test, or lead the previous output past this element";
    UnknownOperator "G025" "unknown-operator": "There is no such operator." => "use one of the operators listed in docs/graph.md";
    BadOperand "G026" "bad-operand": "An operator has an operand that it can not use." => "write an operand of the type named";
    BadRegex "G027" "bad-regex": "A regular expression can not be read." => "correct it; the syntax is RE2's, without look-around and back-references";
    BadPath "G028" "bad-path": "A path reads nothing that there is." => "use one of the paths listed in docs/graph.md";
    BadCel "G029" "bad-cel": "A CEL expression can not be read." => "correct it at the place named";
    UnknownCelName "G030" "unknown-cel-name": "A CEL expression uses a name that there is not." => "use the paths of conditions and CEL's own functions";
    CelTooComplex "G031" "cel-too-complex": "A CEL expression is too long or nests too deep." => "split it with `$and` and `$or`";
    Contradiction "G032" "contradiction": "Two properties do not go together." => "remove one of them";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.slug())
    }
}

/// One mistake in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of mistake.
    pub code: Code,
    /// The element that it is in, where there is one with an id.
    pub element: Option<String>,
    /// The place, as a JSON pointer (RFC 6901) into the document as it was written.
    pub pointer: String,
    /// What is wrong here.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(id) = &self.element {
            write!(f, " in `{id}`")?;
        }
        if !self.pointer.is_empty() {
            write!(f, " at {}", self.pointer)?;
        }
        write!(f, ": {}. Hint: {}", self.message, self.hint)
    }
}

/// Where in the document something stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) element: Option<String>,
    pub(crate) pointer: String,
}

impl Place {
    /// The place one step below.
    pub(crate) fn at(&self, step: impl fmt::Display) -> Self {
        let step = step.to_string().replace('~', "~0").replace('/', "~1");
        Self { element: self.element.clone(), pointer: format!("{}/{step}", self.pointer) }
    }
}

/// Collects every mistake of one document, so that all are told at once.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: RefCell<Vec<Diagnostic>>,
}

impl Report {
    /// Notes a mistake, with the code's own cure as the hint.
    pub(crate) fn add(&self, code: Code, place: &Place, message: impl Into<String>) {
        self.hint(code, place, message, code.cure());
    }

    /// Notes a mistake whose cure is known more precisely.
    pub(crate) fn hint(
        &self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let Place { element, pointer } = place.clone();
        let (message, hint) = (message.into(), hint.into());
        self.found.borrow_mut().push(Diagnostic { code, element, pointer, message, hint });
    }

    /// Notes an unknown word, and the known one that was probably meant.
    pub(crate) fn unknown<'w>(
        &self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
        (word, known): (&str, impl IntoIterator<Item = &'w str>),
    ) {
        match meant(word, known) {
            Some(near) => self.hint(code, place, message, format!("did you mean `{near}`?")),
            None => self.add(code, place, message),
        }
    }

    /// Notes what was found elsewhere.
    pub(crate) fn pass_on(&self, mistake: Diagnostic) {
        self.found.borrow_mut().push(mistake);
    }

    /// `value` if nothing was found, else all that was found.
    pub(crate) fn settle<T>(self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        let found = self.found.into_inner();
        match value {
            Some(value) if found.is_empty() => Ok(value),
            _ => Err(found),
        }
    }
}

/// The known word nearest to `word`, if it is near enough to be a slip of the pen.
fn meant<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    let allowed = ((word.len() + 1) / 3).max(1);
    known
        .into_iter()
        .map(|k| (distance(&word, &k.to_lowercase()), k))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// How many letters must be changed, added or removed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.chars().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_slugs_are_unique_and_in_order() {
        let numbers: Vec<_> = Code::ALL.iter().map(|c| c.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        let slugs: BTreeSet<_> = Code::ALL.iter().map(|c| c.slug()).collect();
        assert_eq!(slugs.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_is_documented() {
        let docs = include_str!("../../docs/graph.md");
        for code in Code::ALL {
            let row =
                format!("| {} | `{}` | {} | {} |", code.number(), code.slug(), code.cause(), code.cure());
            assert!(docs.contains(&row), "docs/graph.md lacks this row:\n{row}");
        }
    }

    #[test]
    fn distances() {
        for (a, b, d) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("timeot", "timeout", 1)] {
            assert_eq!(distance(a, b), d, "{a} {b}");
            assert_eq!(distance(b, a), d, "{b} {a}");
        }
    }

    #[test]
    fn only_a_near_word_was_meant() {
        let known = ["timeout", "retries", "provider"];
        assert_eq!(meant("TimeOut", known), Some("timeout"));
        assert_eq!(meant("retry", known), None);
        assert_eq!(meant("retrys", known), Some("retries"));
    }

    #[test]
    fn a_diagnostic_is_one_line() {
        let place = Place { element: Some("a".into()), pointer: "/elements/0".into() }.at("10%").at("x/y~z");
        let report = Report::default();
        report.unknown(Code::UnknownField, &place, "no `retrys`", ("retrys", ["retries"]));
        let found = report.settle(Some(())).unwrap_err();
        assert_eq!(
            found[0].to_string(),
            "G005 unknown-field in `a` at /elements/0/10%/x~1y~0z: no `retrys`. Hint: did you mean `retries`?"
        );
    }
}
