//! Pure. Text from outside: of bounded length, with nothing that reorders what stands beside it.

use crate::model::escape;
use maud::{Markup, Render, html};

/// A text that a delivery, a file or a program said. The type of the template escapes its markup.
pub(super) struct Foreign<'a> {
    text: &'a str,
    limit: usize,
}

impl<'a> Foreign<'a> {
    /// A name, for a row among many.
    pub(super) fn name(text: &'a str) -> Self {
        Self { text, limit: 80 }
    }

    /// A sentence, for a row among many.
    pub(super) fn sentence(text: &'a str) -> Self {
        Self { text, limit: 240 }
    }

    /// As long as it needs to be, for the page of one thing.
    pub(super) fn whole(text: &'a str) -> Self {
        Self { text, limit: 4000 }
    }
}

impl Render for Foreign<'_> {
    fn render(&self) -> Markup {
        html! { bdi { (visible(self.text, self.limit)) } }
    }
}

/// `text` with control characters and marks of direction to be seen, in at most `limit` characters.
pub(super) fn visible(text: &str, limit: usize) -> String {
    let end = text.char_indices().nth(limit).map_or(text.len(), |(end, _)| end);
    let mut escaped = Vec::with_capacity(end);
    escape(&text.as_bytes()[..end], &mut escaped);
    let mut shown = String::from_utf8_lossy(&escaped).into_owned();
    // What is written as an escape takes several characters.
    let cut = shown.char_indices().nth(limit).map(|(cut, _)| cut);
    shown.truncate(cut.unwrap_or(shown.len()));
    if cut.is_some() || end < text.len() { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text_and_in_its_order() {
        let told = |text: &str| Foreign { text, limit: 20 }.render().into_string();
        assert_eq!(told("<script>"), "<bdi>&lt;script&gt;</bdi>");
        assert_eq!(told("a\u{202e}b\u{1b}[31m"), "<bdi>a\\u{202e}b\\x1b[31m</bdi>");
        assert_eq!(told("\"onload='x'&"), "<bdi>&quot;onload='x'&amp;</bdi>");
        assert_eq!(told(&"文".repeat(21)), format!("<bdi>{}…</bdi>", "文".repeat(20)));
    }
}
