//! The hash that percentages rest on. It is part of the language: the same key must find the same arm on every
//! machine and after every update, so it is spelt out here: FNV-1a (64 bits) over bytes, and the finaliser of
//! SplitMix64 (Stafford's mix 13) to spread it.

/// FNV-1a, 64 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fnv(u64);

impl Fnv {
    /// The hash of nothing.
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// With more bytes.
    #[must_use]
    pub(super) fn with(self, bytes: &[u8]) -> Self {
        let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(bytes.iter().fold(self.0, fold))
    }

    /// The hash, spread evenly.
    pub(super) fn spread(self) -> u64 {
        mix(self.0)
    }
}

/// Spreads every bit over all 64.
pub(super) fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_changes() {
        assert_eq!(Fnv::new().with(b"").0, 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fnv::new().with(b"foobar").0, 0x8594_4171_f739_67e8); // from the FNV reference vectors
        assert_eq!(Fnv::new().with(b"foo").with(b"bar").0, Fnv::new().with(b"foobar").0);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf); // SplitMix64's first output for seed 0
    }
}
