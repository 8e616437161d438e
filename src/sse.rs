//! Server-sent events: bytes to events, incremental, for any chunking.
