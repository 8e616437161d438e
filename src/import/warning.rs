//! What differs between what was written and what it was made into: stable codes, each with its cause and cure.

use std::{cell::RefCell, fmt};

use crate::graph::Item;

/// Writes the enum and its table from one list. A slug that was ever released never changes its meaning.
macro_rules! codes {
    ($($name:ident $slug:literal: $cause:literal => $cure:literal;)*) => {
        /// The kinds of differences.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $cause] $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `no-default`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// What is different, in one line.
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
    // what is left behind
    Credential "credential": "A credential is not carried over." => "give the provider its own in attache.yaml, and take it out of the file";
    ProviderSetting "provider-setting": "Where and how a provider is reached is not carried over." => "set it for the provider in attache.yaml";
    Cache "cache": "Answers are not cached." => "nothing, or keep a cache elsewhere";
    Guardrail "guardrail": "Guardrails and hooks are not carried over." => "check requests and answers elsewhere";
    UnknownField "unknown-field": "A field means nothing here and is not carried over." => "remove it, or see in docs/graph.md how to say it";
    NoEffect "no-effect": "A field has no effect where it comes from, and none here." => "remove it";
    Unreached "unreached": "No request can come to a target or a condition; it is left out." => "remove it, or lead requests to it";
    // providers and models
    UnknownProvider "unknown-provider": "There is no provider of this name in attache.yaml." => "add it to `providers`, or give the name of the one that is meant";
    ModelOfRequest "model-of-request": "A target calls the model that the request names; here it always calls the same." => "name the model in `override_params`";
    // Cloudflare's routes
    SecondRoute "second-route": "The file tells of a route of this name again, with other elements; the first is taken." => "remove one of them, or give it another name";
    LimitKey "limit-key": "The key of a limit is a path, and one that begins with no known word is read as metadata." => "write `metadata.<key>`, or the path that is meant";
    LimitEnds "limit-ends": "A limit has no `fallback`: over it the walk ends, and the client gets a 429." => "lead `fallback` to a model, if that is not meant";
    // Portkey's strategies
    NoDefault "no-default": "No condition may hold and there is no default: that is an error there; here the walk ends without a model." => "add a default";
    StatusCode "status-code": "A status that is no failure here leads on to no other target." => "take it out of the list";
    NestedStatusCodes "nested-status-codes": "Which status leads on depends on two lists, of which only one element can be followed: here both lead to the nearer target." => "give the inner fallback the codes of the outer one as well";
    Sticky "sticky": "A session keeps its target for a time there; here for ever, by a hash of its key." => "nothing, or leave the key out";
    RetryAttempts "retry-attempts": "There are at most 5 retries." => "nothing";
    RetryCodes "retry-codes": "What is tried again is chosen by status there, by default 429, 500, 502, 503 and 504; here by what may help: no connection, timeouts, 408, 429, every 5xx, and answers that break off." => "check that a retry is harmless, or set `retries` to 0";
    RetryAfter "retry-after": "How long to wait before a retry is not the route's choice." => "nothing: what providers ask for is kept";
    ParamNull "param-null": "A parameter that is overridden by `null` is sent as `null` there; here it is taken out of the body." => "nothing, as providers read both alike";
    ParamStream "param-stream": "Whether an answer is streamed is the client's choice alone." => "let the client ask for it";
    // Portkey's conditions
    LongPath "long-path": "Only the first two words of a path count there; here all do." => "check which value is meant";
    UnknownPath "unknown-path": "There is nothing at a path there; here there may be." => "check that the test is meant as it reads";
    IgnoredSibling "ignored-sibling": "What stands after `$and` or `$or` in an object is ignored there; here all of it must hold." => "remove it, or check that it is meant";
    AfterRegex "after-regex": "What stands after `$regex` in an object is ignored there; here all of it must hold." => "remove it, or check that it is meant";
    NotANumber "not-a-number": "What is compared is no number: there only the number that a text begins with counts (`09:30` is 9); here two texts compare by code point." => "compare with a number";
    RegexOfText "regex-of-text": "What is missing or no text is matched by its spelling there (`undefined`, `true`, `5`); here it never matches." => "test for it with `$exists` or `$in`";
    RegexSyntax "regex-syntax": "A regular expression is broken there and never matches; here it can be read." => "check that it is meant";
    UnknownOperator "unknown-operator": "An operator is an error there; here it does what it says." => "check that it is meant";
    ComparedTree "compared-tree": "Arrays and objects never equal anything there; here they are compared as JSON." => "compare with a text, a number, true or false";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// One difference. Secrets are never part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Which kind of difference.
    pub code: Code,
    /// Where it stands in what was imported, as a JSON pointer.
    pub pointer: String,
    /// What is different.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.pointer.is_empty() {
            write!(f, " at {}", self.pointer)?;
        }
        write!(f, ": {} Hint: {}", self.message, self.hint)
    }
}

/// Collects the warnings of one import.
#[derive(Debug, Default)]
pub(super) struct Warnings(RefCell<Vec<Warning>>);

impl Warnings {
    /// Notes a difference in the words of its code.
    pub(super) fn at(&self, code: Code, item: &Item<'_>) {
        self.say(code, &item.place.pointer, code.cause());
    }

    /// Notes a difference in more precise words.
    pub(super) fn say(&self, code: Code, pointer: &str, message: impl Into<String>) {
        let (pointer, message, hint) = (pointer.to_owned(), message.into(), code.cure().to_owned());
        let warning = Warning { code, pointer, message, hint };
        let mut all = self.0.borrow_mut();
        // what several targets inherit is told once
        if !all.contains(&warning) {
            all.push(warning);
        }
    }

    /// All that was noted.
    pub(super) fn all(self) -> Vec<Warning> {
        self.0.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn slugs_are_unique() {
        let slugs: BTreeSet<_> = Code::ALL.iter().map(|code| code.slug()).collect();
        assert_eq!(slugs.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_is_documented() {
        let docs = include_str!("../../docs/import.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} | {} |", code.slug(), code.cause(), code.cure());
            assert!(docs.contains(&row), "docs/import.md lacks this row:\n{row}");
        }
    }
}
