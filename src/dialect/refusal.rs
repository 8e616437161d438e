//! Our errors, in the shape of the client's own dialect.

use super::Shape;
use serde_json::{Value, json};

/// An error for the client.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The stable public code.
    pub code: &'static str,
    /// What, where, and how to mend it.
    pub message: String,
    /// The field at fault.
    pub param: Option<&'static str>,
    /// OpenAI's class of the error.
    pub class: &'static str,
    /// What each attempt did.
    pub attempts: Vec<Value>,
}

impl Refusal {
    /// The error as a body, in the shape of the client's dialect.
    #[must_use]
    pub fn body(&self, shape: Shape, status: u16) -> Vec<u8> {
        match shape {
            Shape::Messages | Shape::Count => self.anthropic(status),
            _ => self.openai(),
        }
        .to_string()
        .into_bytes()
    }

    /// The error as the last event of a stream.
    #[must_use]
    pub fn event(&self, shape: Shape, status: u16) -> Vec<u8> {
        match shape {
            Shape::Messages | Shape::Count => format!("event: error\ndata: {}\n\n", self.anthropic(status)),
            Shape::Responses => format!("event: error\ndata: {}\n\n", self.typed()),
            _ => format!("data: {}\n\n", self.openai()),
        }
        .into_bytes()
    }

    /// Anthropic's classes follow the status; what it has no field for is left out.
    fn anthropic(&self, status: u16) -> Value {
        let class = match status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..500 => "invalid_request_error",
            503 | 529 => "overloaded_error",
            504 => "timeout_error",
            _ => "api_error",
        };
        json!({"type": "error", "error": {"type": class, "message": self.message, "code": self.code}})
    }

    /// As the Responses API tells an error in a stream.
    fn typed(&self) -> Value {
        json!({"type": "error", "code": self.code, "message": self.message, "param": self.param, "sequence_number": 0})
    }

    fn openai(&self) -> Value {
        let mut error =
            json!({"message": self.message, "type": self.class, "param": self.param, "code": self.code});
        if let (Some(error), false) = (error.as_object_mut(), self.attempts.is_empty()) {
            error.insert("attempts".into(), Value::Array(self.attempts.clone()));
        }
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_openais_shape() {
        let refusal = Refusal {
            code: "missing_model",
            message: "m".into(),
            param: Some("model"),
            class: "invalid_request_error",
            attempts: vec![],
        };
        let want = r#"{"error":{"message":"m","type":"invalid_request_error","param":"model","code":"missing_model"}}"#;
        assert_eq!(String::from_utf8(refusal.body(Shape::Choices, 400)).unwrap(), want);
    }

    #[test]
    fn anthropics_classes_follow_the_status() {
        let refusal = Refusal {
            code: "limit_exceeded",
            message: "m".into(),
            param: None,
            class: "rate_limit_error",
            attempts: vec![],
        };
        let class = |status| {
            let body: Value = serde_json::from_slice(&refusal.body(Shape::Messages, status)).unwrap();
            assert_eq!((&body["type"], &body["error"]["message"]), (&json!("error"), &json!("m")));
            body["error"]["type"].as_str().unwrap().to_owned()
        };
        assert_eq!(class(429), "rate_limit_error");
        assert_eq!(class(422), "invalid_request_error");
        assert_eq!(class(502), "api_error");
        assert!(refusal.event(Shape::Messages, 502).starts_with(b"event: error\ndata: {"));
    }
}
