//! Pure. The bound of a text that is kept.

/// Longest text that is kept; of a longer one its beginning.
pub(crate) const TEXT_LIMIT_BYTES: usize = 4096;

/// The longest beginning of `text` that has at most `limit_bytes` and ends between characters.
pub(crate) fn start(text: &str, limit_bytes: usize) -> &str {
    let end = (0..=limit_bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}
