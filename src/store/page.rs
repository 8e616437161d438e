//! Lists, a page at a time.

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The number of the page, from 1.
    pub page: u32,
    /// How many items a page has.
    pub per_page: u32,
}

impl Page {
    /// How many items there are before it.
    pub(super) fn offset(self) -> i64 {
        i64::from(self.page.saturating_sub(1)) * i64::from(self.per_page)
    }

    /// How many items it has.
    pub(super) fn limit(self) -> i64 {
        i64::from(self.per_page)
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
}
