//! OpenAI's Responses, as a client's language for targets that do not speak it.
