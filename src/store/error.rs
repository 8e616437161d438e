//! Why a store did not do what it was asked.

/// Why a store did not do what it was asked. In every case nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It can not be reached, or does not answer in time; whether a write that was under way took place is then told by
    /// reading again.
    #[error("the store can not be reached: {0}")]
    Away(String),
    /// There is no such thing.
    #[error("there is no {kind} `{id}`")]
    Unknown {
        /// `route`, `version`, `key`, `token`, `price`.
        kind: &'static str,
        /// What it was asked by.
        id: String,
    },
    /// The name is another's.
    #[error("the name `{name}` is taken by another {kind}")]
    Taken {
        /// `route`, `key`, `token`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// Somebody else has changed it in the meantime.
    #[error("it was changed in the meantime: revision {expected} was expected, now it is {found}")]
    Moved {
        /// The revision that the writer had seen.
        expected: u64,
        /// The revision that it has.
        found: u64,
    },
    /// The idempotency key was used for something else before.
    #[error("the idempotency key `{0}` was used for another request before; use a new one")]
    Reused(String),
    /// The version is not valid, or the thing is revoked.
    #[error("{0}")]
    Refused(String),
}

impl From<tokio::time::error::Elapsed> for StoreError {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Away("it did not answer in time".into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Away(match error {
            sqlx::Error::PoolTimedOut => "no connection within the time for it".into(),
            error => error.to_string(),
        })
    }
}
