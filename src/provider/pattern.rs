//! Patterns by which many names are meant at once.

/// Whether `text` is what `pattern` means: `*` stands for any text.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            rest.is_empty()
                || tail
                    .char_indices()
                    .map(|(i, _)| i)
                    .chain([tail.len()])
                    .any(|i| tail.get(i..).is_some_and(|tail| matches(rest, tail)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_any_text_at_the_star() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("openai/*", "openai/gpt", true),
            ("openai/*", "azure/gpt", false),
            ("*/gpt-*-mini", "openai/gpt-4o-mini", true),
            ("*/gpt-*-mini", "openai/gpt-4o", false),
            ("a", "a", true),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} {text}");
        }
    }
}
