//! What others call a provider, and what it is called in attache.yaml.

use std::collections::BTreeMap;

use crate::graph::Known;

/// Names of one provider. The first that attache.yaml has is taken.
const SYNONYMS: &[&[&str]] = &[
    &["azure", "azure_openai", "azure-openai"],
    &["bedrock", "aws-bedrock"],
    &["fireworks", "fireworks-ai"],
    &["gemini", "google", "google-ai-studio"],
    &["mistral", "mistral-ai"],
    &["perplexity", "perplexity-ai"],
    &["together", "together-ai"],
    &["vertex", "vertex-ai", "google-vertex-ai"],
    &["workers-ai", "cloudflare"],
    &["xai", "x-ai", "grok"],
];

/// How the names of others are read.
#[derive(Debug, Clone, Copy)]
pub struct Providers<'a> {
    /// The providers of attache.yaml.
    pub known: Known<'a>,
    /// Names that the caller has an answer for: theirs, ours. They go before everything else.
    pub aliases: &'a BTreeMap<String, String>,
}

impl Providers<'_> {
    /// Our name for theirs; as it stands where there is none.
    pub(super) fn ours(&self, theirs: &str) -> String {
        let alias = self.aliases.get(theirs).map(String::as_str);
        let synonyms = || {
            let names = SYNONYMS.iter().find(|names| names.contains(&theirs))?;
            names.iter().copied().find(|name| self.has(name))
        };
        let known = (!self.is_unknown(theirs)).then_some(theirs);
        alias.or(known).or_else(synonyms).unwrap_or(theirs).to_owned()
    }

    /// Whether it is known that there is no such provider.
    pub(super) fn is_unknown(&self, ours: &str) -> bool {
        matches!(self.known, Known::Providers(_)) && !self.has(ours)
    }

    fn has(&self, name: &str) -> bool {
        matches!(self.known, Known::Providers(names) if names.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        let aliases = BTreeMap::from([("openai-prod".to_owned(), "openai".to_owned())]);
        let known = Known::Providers(&["openai", "azure_openai", "google", "mistral", "mistral-ai"]);
        let providers = Providers { known, aliases: &aliases };
        for (theirs, ours, unknown) in [
            ("openai", "openai", false),
            ("openai-prod", "openai", false),
            ("azure-openai", "azure_openai", false),
            ("google-ai-studio", "google", false),
            ("mistral-ai", "mistral-ai", false),
            ("vertex-ai", "vertex-ai", true),
            ("unheard-of", "unheard-of", true),
        ] {
            let found = providers.ours(theirs);
            assert_eq!((found.as_str(), providers.is_unknown(&found)), (ours, unknown), "{theirs}");
        }
        let anything = Providers { known: Known::Anything, aliases: &aliases };
        assert_eq!(anything.ours("azure-openai"), "azure-openai");
        assert!(!anything.is_unknown("azure-openai"));
    }

    #[test]
    fn every_synonym_is_documented() {
        let docs = include_str!("../../docs/import.md");
        for names in SYNONYMS {
            let row = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            assert!(docs.contains(&format!("| {row} |")), "docs/import.md lacks {row}");
        }
    }
}
