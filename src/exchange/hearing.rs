//! What an answer said, listened to on its way to the client: its words and its id, by which the next turn is known.

use crate::{
    dialect::Shape,
    json::{element, member, string},
    session::Words,
    sse::events,
};

/// Who listens.
#[derive(Debug)]
pub(super) struct Hearing {
    shape: Shape,
    words: Words,
    spoke: bool,
    id: Option<String>,
}

/// What was heard.
#[derive(Debug)]
pub(super) struct Heard {
    /// The digest of the answer's words; `None` where there were none.
    pub(super) words: Option<[u8; 32]>,
    /// The id of a response of the Responses API.
    pub(super) id: Option<String>,
}

impl Hearing {
    pub(super) fn of(shape: Shape) -> Self {
        Self { shape, words: Words::default(), spoke: false, id: None }
    }

    /// Takes whole events, or a whole answer.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if bytes.trim_ascii_start().starts_with(b"{") {
            if let Ok(answer) = std::str::from_utf8(bytes) {
                self.whole(answer.trim());
            }
            return;
        }
        for event in events(bytes) {
            if let Some(data) = event.data.as_deref().and_then(|data| std::str::from_utf8(data).ok()) {
                self.event(event.name, data);
            }
        }
    }

    pub(super) fn end(self) -> Heard {
        Heard { words: self.spoke.then(|| self.words.digest()), id: self.id }
    }

    fn event(&mut self, name: &[u8], data: &str) {
        let text = match (self.shape, name) {
            (Shape::Choices, _) => {
                let choice = member(data, "choices").and_then(|all| element(all, 0));
                choice.and_then(|choice| member(member(choice, "delta")?, "content"))
            }
            (Shape::Messages, b"content_block_delta") => {
                member(data, "delta").and_then(|delta| member(delta, "text"))
            }
            (Shape::Responses, b"response.created") => {
                let id = member(data, "response").and_then(|response| string(member(response, "id")?));
                self.id = id.map(std::borrow::Cow::into_owned);
                None
            }
            (Shape::Responses, b"response.output_text.delta") => member(data, "delta"),
            _ => None,
        };
        self.say(text);
    }

    fn whole(&mut self, answer: &str) {
        match self.shape {
            Shape::Choices => {
                let choice = member(answer, "choices").and_then(|all| element(all, 0));
                self.say(choice.and_then(|choice| member(member(choice, "message")?, "content")));
            }
            Shape::Messages => self.say_parts(member(answer, "content")),
            Shape::Responses => {
                self.id = member(answer, "id").and_then(string).map(std::borrow::Cow::into_owned);
                let items = member(answer, "output").unwrap_or_default();
                (0..)
                    .map_while(|at| element(items, at))
                    .for_each(|item| self.say_parts(member(item, "content")));
            }
            Shape::Embeddings | Shape::Count | Shape::Plain => {}
        }
    }

    fn say_parts(&mut self, parts: Option<&str>) {
        let parts = parts.unwrap_or_default();
        (0..).map_while(|at| element(parts, at)).for_each(|part| self.say(member(part, "text")));
    }

    fn say(&mut self, text: Option<&str>) {
        if let Some(text) = text.and_then(string) {
            self.words.push(&text);
            self.spoke |= !text.is_empty();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(shape: Shape, pieces: &[&str]) -> Heard {
        let mut hearing = Hearing::of(shape);
        pieces.iter().for_each(|piece| hearing.hear(piece.as_bytes()));
        hearing.end()
    }

    #[test]
    fn an_answer_is_the_same_whole_and_in_pieces() {
        let hello = Some(Words::of("Hello").digest());
        for (shape, pieces) in [
            (Shape::Choices, &[r#"{"choices":[{"message":{"content":"Hello\n"}}]}"#][..]),
            (
                Shape::Choices,
                &[
                    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
                    "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n",
                    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
                ],
            ),
            (
                Shape::Messages,
                &[r#"{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hello"}]}"#],
            ),
            (
                Shape::Messages,
                &[
                    "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n",
                    "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"lo\"}}\n\n",
                ],
            ),
            (
                Shape::Responses,
                &[r#"{"id":"resp_1","output":[{"type":"reasoning"},{"content":[{"text":"Hello"}]}]}"#],
            ),
            (
                Shape::Responses,
                &[
                    "event: response.created\ndata: {\"response\":{\"id\":\"resp_1\"}}\n\n",
                    "event: response.output_text.delta\ndata: {\"delta\":\"Hello\"}\n\n",
                ],
            ),
        ] {
            let heard = heard(shape, pieces);
            assert_eq!(heard.words, hello, "{pieces:?}");
            assert_eq!(heard.id.as_deref(), (shape == Shape::Responses).then_some("resp_1"));
        }
    }

    #[test]
    fn where_nothing_is_said_there_are_no_words() {
        for odd in ["", "{}", "{", "data: x\n\n", r#"{"choices":[{"message":{"content":null}}]}"#] {
            assert_eq!(heard(Shape::Choices, &[odd]).words, None, "{odd}");
        }
    }
}
