//! Pure. Texts of strangers, as far as a message repeats them.

/// Longest text of a stranger in a message, in characters.
const LIMIT: usize = 200;

/// The beginning of `text`, and a sign where that is not all.
pub fn echo(text: &str) -> String {
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_after_two_hundred_characters_whatever_their_length() {
        assert_eq!(echo(&"é".repeat(200)), "é".repeat(200));
        assert_eq!(echo(&"é".repeat(60_000)), "é".repeat(200) + "…");
    }
}
