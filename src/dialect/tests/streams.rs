//! What holds for every stream, however its bytes are cut.

use super::recordings;
#[test]
fn x() { recordings(); }
