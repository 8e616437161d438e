//! `${VAR}` references: `${VAR}`, `${VAR:-default}`, and `$${` for a plain `${`.

/// Where variables come from. A variable that is set to nothing counts as not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a text could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gap {
    /// A variable without a value and without a default.
    Unset(String),
    /// Not a reference at all: what is wrong with it.
    Malformed(String),
}

/// `text` with every reference replaced.
pub(super) fn expand(text: &str, lookup: Lookup<'_>) -> Result<String, Gap> {
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
        out.push_str(&resolve(reference, lookup)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn unclosed() -> Gap {
    Gap::Malformed("`${` without its `}`; write `$${` for a plain `${`".into())
}

fn resolve(reference: &str, lookup: Lookup<'_>) -> Result<String, Gap> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    if !is_name(name) {
        return Err(Gap::Malformed(format!("`${{{name}}}` names no variable: letters, digits and `_`")));
    }
    let value = lookup(name).filter(|value| !value.is_empty());
    value.or_else(|| default.map(str::to_owned)).ok_or_else(|| Gap::Unset(name.into()))
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
        ] {
            assert_eq!(expand(text, &lookup).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(expand("${A}${B}", &lookup), Err(Gap::Unset("B".into())));
        assert_eq!(expand("${EMPTY}", &lookup), Err(Gap::Unset("EMPTY".into())));
        for malformed in ["${A", "${}", "${1A}", "${A-B}", "${ A }"] {
            assert!(matches!(expand(malformed, &lookup), Err(Gap::Malformed(_))), "{malformed}");
        }
    }
}
