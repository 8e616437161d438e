//! What an answer rests on: what it quotes, and what a search found.

use super::reply::{Candidate, lenient};
use crate::chat::Citation;
use serde::Deserialize;

/// `citationMetadata`; AI Studio has another name for the list than Vertex.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Quotes {
    #[serde(alias = "citationSources", deserialize_with = "lenient")]
    citations: Vec<Quote>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Quote {
    #[serde(flatten)]
    segment: Segment,
    #[serde(flatten)]
    page: Page,
}

/// `groundingMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Grounding {
    #[serde(deserialize_with = "lenient")]
    grounding_chunks: Vec<Chunk>,
    #[serde(deserialize_with = "lenient")]
    grounding_supports: Vec<Support>,
}

/// A page of the web, or one of a store of the operator's.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chunk {
    web: Option<Page>,
    retrieved_context: Option<Page>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    uri: Option<String>,
    title: Option<String>,
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Support {
    #[serde(deserialize_with = "lenient")]
    segment: Segment,
    #[serde(deserialize_with = "lenient")]
    grounding_chunk_indices: Vec<usize>,
}

/// From where to where, in bytes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Segment {
    #[serde(deserialize_with = "lenient")]
    start_index: usize,
    #[serde(deserialize_with = "lenient")]
    end_index: usize,
}

/// The sources of an answer that has `said` this much so far.
pub(super) fn citations(candidate: &Candidate, said: &str) -> Vec<Citation> {
    let quotes = candidate.citation_metadata.iter().flat_map(|quotes| &quotes.citations);
    let mut all: Vec<Citation> = quotes.map(|quote| quote.page.cited(Some(&quote.segment), said)).collect();
    let Some(grounding) = &candidate.grounding_metadata else { return all };
    let mut used = vec![false; grounding.grounding_chunks.len()];
    for support in &grounding.grounding_supports {
        for index in &support.grounding_chunk_indices {
            let chunk = grounding.grounding_chunks.get(*index).and_then(Chunk::page);
            if let (Some(page), Some(used)) = (chunk, used.get_mut(*index)) {
                *used = true;
                all.push(page.cited(Some(&support.segment), said));
            }
        }
    }
    for (chunk, _) in grounding.grounding_chunks.iter().zip(used).filter(|(_, used)| !used) {
        all.extend(chunk.page().map(|page| page.cited(None, said)));
    }
    all
}

impl Chunk {
    fn page(&self) -> Option<&Page> {
        self.web.as_ref().or(self.retrieved_context.as_ref())
    }
}

impl Page {
    fn cited(&self, segment: Option<&Segment>, said: &str) -> Citation {
        Citation {
            url: self.uri.clone(),
            title: self.title.clone(),
            cited: self.text.clone(),
            document: None,
            span: segment.and_then(|segment| segment.characters(said)),
        }
    }
}

impl Segment {
    fn characters(&self, said: &str) -> Option<(u64, u64)> {
        let count = |end: usize| u64::try_from(said.get(..end)?.chars().count()).ok();
        Some((count(self.start_index)?, count(self.end_index)?)).filter(|(start, end)| start < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn cited(candidate: Value, said: &str) -> Vec<Citation> {
        citations(&serde_json::from_value(candidate).unwrap(), said)
    }

    #[test]
    fn bytes_become_characters_and_every_page_is_named() {
        let found = cited(
            json!({"groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}, {"web": null, "retrievedContext": {"uri": "https://b"}}, {"maps": {}}],
                "groundingSupports": [{"segment": {"startIndex": 3, "endIndex": 6, "text": "ber"}, "groundingChunkIndices": [0, 9]}]
            }}),
            "\u{fc} ber",
        );
        let a = Citation {
            url: Some("https://a".into()),
            title: Some("A".into()),
            span: Some((2, 5)),
            ..Citation::default()
        };
        let b = Citation { url: Some("https://b".into()), ..Citation::default() };
        assert_eq!(found, [a, b]);
    }

    #[test]
    fn quotes_are_read_under_both_names_and_a_wrong_place_is_none() {
        for name in ["citations", "citationSources"] {
            let found = cited(
                json!({"citationMetadata": {name: [{"endIndex": 1, "uri": "https://a", "license": ""}]}}),
                "\u{fc}",
            );
            assert_eq!(found, [Citation { url: Some("https://a".into()), ..Citation::default() }]);
        }
    }
}
