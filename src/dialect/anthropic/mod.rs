//! Anthropic's Messages: a client's language and a provider's, at home, on Vertex and on Bedrock.
