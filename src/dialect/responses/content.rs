//! What a message or a tool's result is made of.

use crate::chat::{Citation, Content, Media, Part, Source, Unfit};
use serde_json::{Map, Value, json};

/// Reads a text or a list of parts.
pub(super) fn read(at: &str, content: Option<&Value>, unread: &mut Vec<String>) -> Result<Vec<Part>, Unfit> {
    match content {
        Some(Value::String(text)) => Ok(vec![Part::text(text)]),
        Some(Value::Array(parts)) => {
            parts.iter().enumerate().map(|(i, value)| part(&format!("{at}[{i}]"), value, unread)).collect()
        }
        _ => Err(Unfit::new(at, "needs a text or a list of parts here")),
    }
}

fn part(at: &str, value: &Value, unread: &mut Vec<String>) -> Result<Part, Unfit> {
    let reader =
        Reader { at, fields: value.as_object().ok_or_else(|| Unfit::new(at, "needs an object here"))? };
    let content = match reader.text("type")? {
        "input_text" | "output_text" | "text" => {
            Content::Text { text: reader.text("text")?.into(), citations: citations(value, unread) }
        }
        "refusal" => Content::Refusal(reader.text("refusal")?.into()),
        "input_image" => Content::Image(reader.image()?),
        "input_file" => {
            if reader.word("detail").is_some_and(|detail| detail != "auto") {
                unread.push("input_file.detail".into());
            }
            Content::Document(reader.file()?)
        }
        "input_audio" => Content::Audio(reader.audio()?),
        kind => return Err(Unfit::new(at, format!("knows no parts of the type `{kind}`"))),
    };
    Ok(Part { content, cache: reader.cache(unread) })
}

struct Reader<'a> {
    at: &'a str,
    fields: &'a Map<String, Value>,
}

impl<'a> Reader<'a> {
    fn word(&self, name: &str) -> Option<&'a str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    fn text(&self, name: &str) -> Result<&'a str, Unfit> {
        self.word(name).ok_or_else(|| Unfit::new(format!("{}.{name}", self.at), "needs a text here"))
    }

    fn image(&self) -> Result<Media, Unfit> {
        let source = match (self.word("image_url"), self.word("file_id")) {
            (Some(url), _) => Source::of_url(url),
            (None, Some(id)) => Source::File(id.into()),
            (None, None) => return Err(Unfit::new(self.at, "needs an `image_url` or a `file_id`")),
        };
        Ok(Media { detail: self.word("detail").map(str::to_owned), ..Media::new(source) })
    }

    fn file(&self) -> Result<Media, Unfit> {
        let source = match (self.word("file_data"), self.word("file_url"), self.word("file_id")) {
            (Some(data), ..) if data.starts_with("data:") => Source::of_url(data),
            // without its type: the only one that OpenAI took when it was sent so
            (Some(data), ..) => {
                Source::Base64 { media_type: "application/pdf".into(), data: data.to_owned() }
            }
            (None, Some(url), _) => Source::of_url(url),
            (None, None, Some(id)) => Source::File(id.into()),
            (None, None, None) => {
                return Err(Unfit::new(self.at, "needs a `file_data`, `file_url` or `file_id`"));
            }
        };
        Ok(Media { title: self.word("filename").map(str::to_owned), ..Media::new(source) })
    }

    fn audio(&self) -> Result<Media, Unfit> {
        let field = |name: &str| self.fields.get("input_audio")?.get(name)?.as_str();
        let (Some(data), Some(format)) = (field("data"), field("format")) else {
            return Err(Unfit::new(format!("{}.input_audio", self.at), "needs `data` and `format` here"));
        };
        Ok(Media::new(Source::Base64 { media_type: format!("audio/{format}"), data: data.into() }))
    }

    fn cache(&self, unread: &mut Vec<String>) -> Option<Value> {
        let mark = self.fields.get("prompt_cache_breakpoint").filter(|mark| mark.is_object())?;
        // 30 minutes and 12 hours are OpenAI's alone
        if mark.get("ttl").is_some_and(|ttl| !ttl.is_null()) {
            unread.push("prompt_cache_breakpoint.ttl".into());
        }
        Some(json!({"type": "ephemeral"}))
    }
}

fn citations(part: &Value, unread: &mut Vec<String>) -> Vec<Citation> {
    let annotations = part.get("annotations").and_then(Value::as_array).into_iter().flatten();
    let mut citations = Vec::new();
    for annotation in annotations {
        let word =
            |name: &str| annotation.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let figure = |name: &str| annotation.get(name).and_then(Value::as_u64);
        match annotation.get("type").and_then(Value::as_str) {
            Some("url_citation") => citations.push(Citation {
                url: word("url"),
                title: word("title"),
                span: figure("start_index").zip(figure("end_index")),
                ..Citation::default()
            }),
            Some("file_citation") => citations.push(Citation {
                title: word("filename"),
                document: figure("index"),
                ..Citation::default()
            }),
            _ => unread.push("annotations".into()),
        }
    }
    citations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: Value) -> Result<Part, Unfit> {
        read("content", Some(&json!([value])), &mut Vec::new()).map(|mut parts| parts.remove(0))
    }

    fn inline(media_type: &str, data: &str) -> Source {
        Source::Base64 { media_type: media_type.into(), data: data.into() }
    }

    #[test]
    fn media_are_read_wherever_their_bytes_are() {
        let image = |value| match one(value).unwrap().content {
            Content::Image(media) => media,
            other => panic!("{other:?}"),
        };
        let sent = json!({"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"});
        let want = Media { detail: Some("low".into()), ..Media::new(inline("image/png", "AA==")) };
        assert_eq!(image(sent), want);
        let stored = image(json!({"type": "input_image", "image_url": null, "file_id": "file-1"}));
        assert_eq!(stored.source, Source::File("file-1".into()));
        let file = |fields: Value| {
            let mut value = json!({"type": "input_file", "filename": "a.pdf"});
            value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            match one(value).unwrap().content {
                Content::Document(Media { title, source, .. }) if title.as_deref() == Some("a.pdf") => source,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(file(json!({"file_data": "data:text/plain;base64,AA=="})), inline("text/plain", "AA=="));
        assert_eq!(file(json!({"file_data": "AA=="})), inline("application/pdf", "AA=="));
        assert_eq!(file(json!({"file_url": "https://x/a.pdf"})), Source::Url("https://x/a.pdf".into()));
        let sound = one(json!({"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}));
        assert_eq!(sound.unwrap().content, Content::Audio(Media::new(inline("audio/wav", "AA=="))));
    }

    #[test]
    fn marks_for_the_cache_are_kept_without_openais_lifetimes() {
        let mut unread = Vec::new();
        let mark = json!({"mode": "explicit", "ttl": "12h"});
        let parts = json!([{"type": "input_text", "text": "a", "prompt_cache_breakpoint": mark}]);
        let parts = read("content", Some(&parts), &mut unread).unwrap();
        assert_eq!(parts[0].cache, Some(json!({"type": "ephemeral"})));
        assert_eq!(unread, ["prompt_cache_breakpoint.ttl"]);
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_place() {
        let at = |value| one(value).unwrap_err().at;
        assert_eq!(at(json!("a")), "content[0]");
        assert_eq!(at(json!({"type": "input_text"})), "content[0].text");
        assert_eq!(at(json!({"type": "input_image"})), "content[0]");
        assert_eq!(at(json!({"type": "input_audio", "input_audio": "x"})), "content[0].input_audio");
        assert_eq!(at(json!({"type": "computer_screenshot"})), "content[0]");
    }
}
