//! Standard error, written to once for many lines where many come at once.

use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

/// The lines that wait while [`together`] runs.
static WAITING: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Writes all lines of `work` at once. Lines that others write meanwhile go with them, in their order.
pub(super) fn together(work: impl FnOnce()) {
    *waiting() = Some(Vec::new());
    work();
    if let Some(lines) = waiting().take() {
        // where standard error is closed, nobody can be told
        io::stderr().write_all(&lines).unwrap_or_default();
    }
}

/// Where the log writes its lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match waiting().as_mut() {
            Some(lines) => lines.write(line),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn waiting() -> std::sync::MutexGuard<'static, Option<Vec<u8>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_only_while_there_is_more_to_come() {
        together(|| {
            Lines.write_all(b"one\n").unwrap();
            Lines.write_all(b"two\n").unwrap();
            let held = waiting().clone().unwrap();
            let text = String::from_utf8_lossy(&held);
            assert!(text.contains("one\n") && text.contains("two\n"), "{text}");
        });
        assert_eq!(*waiting(), None);
    }
}
