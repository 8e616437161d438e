//! References in texts: `${VAR}`, `${file:PATH}`, both with `:-default`, and `$${` for a plain `${`.

use crate::provider::Lack;

/// Where variables come from. A variable that is set to nothing counts as not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where references lead.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) lookup: Lookup<'a>,
    /// What a file holds, without the line break at its end; or why it can not be read.
    pub(super) file: &'a dyn Fn(&str) -> Result<String, String>,
}

/// Why a text could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing to take, and no default.
    Lacking(Lack),
    /// Not a reference at all: what is wrong with it.
    Malformed(String),
}

/// `text` with every reference replaced.
pub(super) fn expand(text: &str, sources: Sources<'_>) -> Result<String, Gap> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            out.push_str(escaped);
            out.push_str("${");
            rest = after;
            continue;
        }
        let (reference, tail) = after.split_once('}').ok_or_else(unclosed)?;
        out.push_str(before);
        out.push_str(&resolve(reference, sources)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn unclosed() -> Gap {
    Gap::Malformed("`${` without its `}`; write `$${` for a plain `${`".into())
}

fn resolve(reference: &str, sources: Sources<'_>) -> Result<String, Gap> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let found = match name.strip_prefix("file:") {
        Some(path) => held(path, sources),
        None if is_name(name) => {
            let value = (sources.lookup)(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| Lack::Variable(name.into()))
        }
        None => {
            let problem = "names neither a variable (letters, digits and `_`) nor a file (`file:PATH`)";
            return Err(Gap::Malformed(format!("`${{{name}}}` {problem}")));
        }
    };
    found.or_else(|lack| default.map(str::to_owned).ok_or(Gap::Lacking(lack)))
}

fn held(path: &str, sources: Sources<'_>) -> Result<String, Lack> {
    let lack = |why| Lack::File { path: path.into(), why };
    let text = (sources.file)(path).map_err(lack)?;
    if text.is_empty() { Err(lack("it is empty".into())) } else { Ok(text) }
}

fn is_name(name: &str) -> bool {
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    word && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "A" => Some("1".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    const SOURCES: Sources<'_> = Sources {
        lookup: &lookup,
        file: &|path| match path {
            "/run/a" => Ok("in a".into()),
            "/run/empty" => Ok(String::new()),
            _ => Err("no such file".into()),
        },
    };

    #[test]
    fn references_are_replaced() {
        for (text, expected) in [
            ("", ""),
            ("plain $ and $A and {A}", "plain $ and $A and {A}"),
            ("${A}", "1"),
            ("<${A}${A}>", "<11>"),
            ("${B:-two}", "two"),
            ("${EMPTY:-two}", "two"),
            ("${A:-two}", "1"),
            ("${B:-}", ""),
            ("$${A} ${A}", "${A} 1"),
            ("é${A}é", "é1é"),
            ("<${file:/run/a}>", "<in a>"),
            ("${file:/run/b:-b}${file:/run/empty:-}", "b"),
        ] {
            assert_eq!(expand(text, SOURCES).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(expand("${A}${B}", SOURCES), Err(Gap::Lacking(Lack::Variable("B".into()))));
        assert_eq!(expand("${EMPTY}", SOURCES), Err(Gap::Lacking(Lack::Variable("EMPTY".into()))));
        let lack =
            |path: &str, why: &str| Err(Gap::Lacking(Lack::File { path: path.into(), why: why.into() }));
        assert_eq!(expand("${file:/run/b}", SOURCES), lack("/run/b", "no such file"));
        assert_eq!(expand("${file:/run/empty}", SOURCES), lack("/run/empty", "it is empty"));
        for malformed in ["${A", "${}", "${1A}", "${A-B}", "${ A }"] {
            assert!(matches!(expand(malformed, SOURCES), Err(Gap::Malformed(_))), "{malformed}");
        }
    }
}
