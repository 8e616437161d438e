//! Pictures, documents and sounds as parts.

use super::model::Model;
use crate::chat::{Loss, Media, Source};
use serde_json::{Value, json};

/// AI Studio's own file store, which every model reads.
const FILES: &str = "https://generativelanguage.googleapis.com/";

/// A medium's part, or why there is none. `usual` is the media type of a URL that does not tell its own.
pub(super) fn part(
    media: &Media,
    usual: &str,
    model: Model<'_>,
    loss: &mut Loss,
) -> Result<Value, &'static str> {
    loss.where_some("messages.filename", media.title.as_ref());
    loss.where_some("messages.detail", media.detail.as_ref().filter(|detail| *detail != "auto"));
    Ok(match &media.source {
        Source::Base64 { media_type, data } => json!({"inlineData": {"mimeType": media_type, "data": data}}),
        Source::Text(text) => json!({ "text": text }),
        Source::File(_) => return Err("knows no file ids of other providers; send the bytes themselves"),
        Source::Url(url) => {
            if !url.starts_with(FILES)
                && !model.fetches(url.split_once("://").map_or("", |(scheme, _)| scheme))
            {
                return Err("does not fetch this kind of URL with this model; send a data: URL in base64");
            }
            json!({"fileData": {"mimeType": media_type(url).unwrap_or(usual), "fileUri": url}})
        }
    })
}

/// The media type that the ending of a URL's path tells: Google wants it said.
fn media_type(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "json" => "application/json",
        "txt" | "md" => "text/plain",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "xml" => "text/xml",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "ogg" => "audio/ogg",
        "mp4" => "video/mp4",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Goal, Platform, Quirks};

    fn at(url: &str, platform: Platform, model: &str) -> Result<Value, &'static str> {
        let goal = Goal { model, platform, max_tokens: 0, quirks: Quirks::default() };
        part(&Media::new(Source::of_url(url)), "image/jpeg", Model::of(&goal), &mut Loss::default())
    }

    #[test]
    fn a_url_is_fetched_where_google_does_that() {
        let png = at("https://a.b/c.PNG?x=1.jpg", Platform::Direct, "gemini-2.5-flash").unwrap();
        assert_eq!(
            png,
            json!({"fileData": {"mimeType": "image/png", "fileUri": "https://a.b/c.PNG?x=1.jpg"}})
        );
        assert_eq!(
            at("https://a.b/c", Platform::Direct, "gemini-3-flash").unwrap()["fileData"]["mimeType"],
            "image/jpeg"
        );
        assert!(at("https://a.b/c", Platform::Vertex, "gemini-2.0-flash").is_ok());
        assert!(at("http://a.b/c", Platform::Vertex, "gemini-2.0-flash").is_ok());
        assert!(at("gs://bucket/c.png", Platform::Direct, "gemini-2.0-flash").is_ok());
        assert!(at(&format!("{FILES}v1beta/files/c"), Platform::Direct, "gemini-2.0-flash").is_ok());
        assert!(at("https://a.b/c", Platform::Direct, "gemini-2.0-flash").unwrap_err().contains("data: URL"));
        assert!(at("http://a.b/c", Platform::Direct, "gemini-3-flash").is_err());
        assert!(at("ftp://a.b/c", Platform::Vertex, "gemini-3-flash").is_err());
        assert!(at("data:image/png,raw", Platform::Vertex, "gemini-3-flash").is_err());
    }

    #[test]
    fn bytes_go_inline() {
        let part = at("data:image/webp;base64,AAAA", Platform::Direct, "gemini-2.0-flash");
        assert_eq!(part, Ok(json!({"inlineData": {"mimeType": "image/webp", "data": "AAAA"}})));
    }
}
