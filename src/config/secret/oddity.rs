//! Pure. Secrets that are hardly what somebody meant: with blanks, quotes or a byte order mark, all of which count.

use crate::provider::Secret;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// An oddity in the text of `secret`, and the sed(1) script that mends its file.
pub fn oddity(secret: &Secret) -> Option<(String, &'static str)> {
    let text = secret.bytes();
    let trimmed = text.trim_ascii();
    let leading = text.len() - text.trim_ascii_start().len();
    let trailing = text.len() - text.trim_ascii_end().len();
    let is_quoted = |quote: u8| trimmed.len() > 1 && trimmed.starts_with(&[quote]) && trimmed.ends_with(&[quote]);
    if text.starts_with(MARK) {
        Some(("begins with a byte order mark".to_owned(), r"1s/^\xEF\xBB\xBF//"))
    } else if text.contains(&b'\n') {
        Some(("has more than one line".to_owned(), "/^[[:space:]]*$/d"))
    } else if trailing > 0 {
        Some((format!("ends in {}", blanks(trailing)), "s/[[:space:]]*$//"))
    } else if leading > 0 {
        Some((format!("begins with {}", blanks(leading)), "s/^[[:space:]]*//"))
    } else if is_quoted(b'"') || is_quoted(b'\'') {
        Some(("stands in quotes".to_owned(), r#"s/^["'\'']\(.*\)["'\'']$/\1/"#))
    } else {
        None
    }
}

fn blanks(count: usize) -> String {
    format!("{count} blank{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        oddity(&Secret::new(text).unwrap()).map(|(what, _)| what)
    }

    #[test]
    fn what_nobody_means_is_told_and_anything_else_is_a_secret() {
        for (text, what) in [
            ("\u{feff}s3cr3t", "begins with a byte order mark"),
            ("s3cr3t  ", "ends in 2 blanks"),
            (" s3cr3t", "begins with 1 blank"),
            ("s3cr3t\n", "has more than one line"),
            ("\"s3cr3t\"", "stands in quotes"),
            ("'s3cr3t'", "stands in quotes"),
        ] {
            assert_eq!(said(text).as_deref(), Some(what), "{text:?}");
        }
        for text in ["s3cr3t", "a b", "user:p@ss w0rd", "\"", "é"] {
            assert_eq!(said(text), None, "{text:?}");
        }
    }
}
