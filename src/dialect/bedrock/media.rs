//! Pictures, documents and sounds.

use crate::chat::{Media, Source, Unfit};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The media of one request; documents have names of their own.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    names: Vec<String>,
}

impl Shelf {
    pub(super) fn image(&self, media: &Media, at: &str) -> Result<Value, Unfit> {
        let format = match format(media, at)?.as_str() {
            "jpg" | "jpeg" => "jpeg",
            "png" => "png",
            "gif" => "gif",
            "webp" => "webp",
            _ => return Err(Unfit::new(at, "takes pictures as PNG, JPEG, GIF or WebP")),
        };
        Ok(json!({"image": {"format": format, "source": source(&media.source, "pictures", at)?}}))
    }

    pub(super) fn audio(&self, media: &Media, at: &str) -> Result<Value, Unfit> {
        const FORMATS: [&str; 15] = [
            "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga",
            "pcm", "webm",
        ];
        let format = match format(media, at)?.as_str() {
            "x-wav" | "wave" => "wav".to_owned(),
            format if FORMATS.contains(&format) => format.to_owned(),
            _ => return Err(Unfit::new(at, "takes sounds as MP3, WAV, FLAC, Ogg, AAC and the like")),
        };
        Ok(json!({"audio": {"format": format, "source": source(&media.source, "sounds", at)?}}))
    }

    pub(super) fn document(&mut self, media: &Media, at: &str) -> Result<Value, Unfit> {
        let format = match format(media, at)?.as_str() {
            "pdf" => "pdf",
            "csv" => "csv",
            "msword" | "doc" => "doc",
            "vnd.openxmlformats-officedocument.wordprocessingml.document" | "docx" => "docx",
            "vnd.ms-excel" | "xls" => "xls",
            "vnd.openxmlformats-officedocument.spreadsheetml.sheet" | "xlsx" => "xlsx",
            "html" => "html",
            "markdown" | "md" => "md",
            "plain" | "txt" => "txt",
            _ => {
                return Err(Unfit::new(
                    at,
                    "takes documents as PDF, text, Markdown, HTML, CSV, Word or Excel",
                ));
            }
        };
        let source = source(&media.source, "documents", at)?;
        let name = self.name(media.title.as_deref().unwrap_or_default());
        Ok(json!({"document": {"format": format, "name": name, "source": source}}))
    }

    /// A name that Converse takes, and that no other document bears.
    fn name(&mut self, title: &str) -> String {
        const LONGEST: usize = 180;
        let plain: String = title
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "()[]-".contains(c) { c } else { ' ' })
            .take(LONGEST)
            .collect();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let name = if words.is_empty() { "document".to_owned() } else { words.join(" ") };
        let names = &self.names;
        let free = (2..).map(|count| format!("{name} {count}")).find(|other| !names.contains(other));
        let name = if names.contains(&name) { free.unwrap_or_default() } else { name };
        self.names.push(name.clone());
        name
    }
}

/// The subtype of a medium's type; of one in S3, the ending of its name.
fn format(media: &Media, at: &str) -> Result<String, Unfit> {
    let format = match &media.source {
        Source::Base64 { media_type, .. } => {
            let essence = media_type.split(';').next().unwrap_or_default().trim();
            essence.rsplit('/').next().unwrap_or_default()
        }
        Source::Url(url) => url.rsplit('.').next().unwrap_or_default(),
        Source::Text(_) => "txt",
        Source::File(_) => {
            return Err(Unfit::new(at, "knows no files of other providers; send it as a data: URL"));
        }
    };
    Ok(format.to_ascii_lowercase())
}

fn source(source: &Source, what: &str, at: &str) -> Result<Value, Unfit> {
    match source {
        Source::Base64 { data, .. } => Ok(json!({"bytes": data})),
        Source::Text(text) => Ok(json!({"bytes": STANDARD.encode(text)})),
        Source::Url(uri) if uri.starts_with("s3://") => Ok(json!({"s3Location": {"uri": uri}})),
        Source::Url(_) | Source::File(_) => {
            Err(Unfit::new(at, format!("takes no {what} by URL, but from S3; send it as a data: URL")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(media_type: &str, title: &str) -> Media {
        let source = Source::Base64 { media_type: media_type.into(), data: "YQ==".into() };
        Media { title: Some(title.into()), ..Media::new(source) }
    }

    #[test]
    fn documents_get_names_that_are_taken_and_differ() {
        let mut shelf = Shelf::default();
        let mut name = |title: &str| {
            let block = shelf.document(&document("application/pdf", title), "x").unwrap();
            block.pointer("/document/name").unwrap().as_str().unwrap().to_owned()
        };
        assert_eq!(name("Q3_report  (final).pdf"), "Q3 report (final) pdf");
        assert_eq!(name("Q3 report (final) pdf"), "Q3 report (final) pdf 2");
        assert_eq!((name("日本"), name("")), ("document".to_owned(), "document 2".to_owned()));
        assert!(name(&"a".repeat(500)).len() <= 200);
    }

    #[test]
    fn types_are_named_as_converse_does() {
        let format = |media_type: &str| {
            let block = Shelf::default().document(&document(media_type, ""), "x").ok()?;
            block.pointer("/document/format")?.as_str().map(str::to_owned)
        };
        assert_eq!(format("text/plain; charset=utf-8").unwrap(), "txt");
        assert_eq!(format("application/vnd.ms-excel").unwrap(), "xls");
        assert_eq!(format("image/png"), None);
    }

    #[test]
    fn urls_are_refused_but_for_s3() {
        let image =
            |url: &str| Shelf::default().image(&Media::new(Source::of_url(url)), "messages[0].content[0]");
        let s3 = json!({"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://bucket/a.jpg"}}}});
        assert_eq!(image("s3://bucket/a.jpg"), Ok(s3));
        assert_eq!(image("https://a.test/a.png").unwrap_err().at, "messages[0].content[0]");
        assert_eq!(image("data:image/png;base64,YQ==").unwrap()["image"]["source"]["bytes"], "YQ==");
    }
}
