//! Pure. One line of a text as a terminal shows it, and where its carets go.

use std::ops::Range;

/// A line with a place in it, in terminal columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The line; tabs are spaces, control characters and masked parts are replaced.
    pub(super) text: String,
    /// Columns before the first caret.
    pub(super) caret: usize,
    /// Number of carets, at least 1.
    pub(super) caret_width: usize,
}

/// Columns of a tab.
const TAB_WIDTH: usize = 4;

impl Excerpt {
    /// The line of `text` in which `span` begins. What lies in `masked` is shown as `"…"`.
    pub(super) fn cut(text: &str, span: &Range<usize>, masked: &[Range<usize>]) -> Self {
        let line = line_around(text, span.start);
        let (mut shown, mut column, mut caret, mut end) = (String::new(), 0, None, 0);
        let mut mask_end = 0;
        for (index, character) in text[line.clone()].char_indices() {
            let at = line.start + index;
            if at >= span.start {
                caret.get_or_insert(column);
            }
            if at < mask_end {
                continue;
            }
            if let Some(mask) = masked.iter().find(|mask| mask.contains(&at)) {
                mask_end = mask.end;
                shown.push_str("\"…\"");
                column += 3;
            } else {
                column += push_visible(&mut shown, character);
            }
            if at < span.end {
                end = column;
            }
        }
        let caret = caret.unwrap_or(column);
        Self { text: shown, caret, caret_width: end.saturating_sub(caret).max(1) }
    }
}

/// Line and character, both from 1, of byte `at`.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let start = line_around(text, at).start;
    let column = text[start..].char_indices().take_while(|(index, c)| start + index < at && *c != '\n').count();
    (text[..start].matches('\n').count() + 1, column + 1)
}

/// The line that holds byte `at`, without its line end and a byte order mark.
pub(super) fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let start = if text[start..end].starts_with('\u{feff}') { start + '\u{feff}'.len_utf8() } else { start };
    let end = if end > start && text[start..end].ends_with('\r') { end - 1 } else { end };
    start..end
}

/// Adds what a terminal can show, and returns its columns.
fn push_visible(shown: &mut String, character: char) -> usize {
    match character {
        '\t' => shown.push_str(&" ".repeat(TAB_WIDTH)),
        c if c.is_control() => shown.push('\u{fffd}'),
        c => shown.push(c),
    }
    columns(character)
}

/// Terminal columns of a character: the wide blocks of Unicode's East Asian Width, and the commonest combining marks.
fn columns(character: char) -> usize {
    match u32::from(character) {
        0x09 => TAB_WIDTH,
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, what: &str) -> (String, usize, usize) {
        let start = text.find(what).unwrap();
        let Excerpt { text, caret, caret_width } = Excerpt::cut(text, &(start..start + what.len()), &[]);
        (text, caret, caret_width)
    }

    #[test]
    fn the_caret_stands_under_what_follows_tabs_and_wide_characters() {
        assert_eq!(cut("\ta = 1", "a"), ("    a = 1".into(), 4, 1));
        assert_eq!(cut("'文档' = 中", "中"), ("'文档' = 中".into(), 9, 2));
        assert_eq!(cut("e\u{301} = x", "x"), ("e\u{301} = x".into(), 4, 1));
    }

    #[test]
    fn line_ends_control_characters_and_a_byte_order_mark_are_not_shown() {
        assert_eq!(cut("a\r\nbad\r\nc", "bad"), ("bad".into(), 0, 3));
        assert_eq!(cut("\u{feff}bad", "bad"), ("bad".into(), 0, 3));
        assert_eq!(cut("\u{1b}[31m bad", "bad"), ("\u{fffd}[31m bad".into(), 6, 3));
    }

    #[test]
    fn a_span_over_several_lines_is_underlined_to_the_end_of_its_first() {
        assert_eq!(cut("x = [\n1,\n]", "[\n1,\n]"), ("x = [".into(), 4, 1));
    }

    #[test]
    fn a_place_at_the_end_or_in_nothing_has_one_caret() {
        assert_eq!(Excerpt::cut("ab", &(2..2), &[]), Excerpt { text: "ab".into(), caret: 2, caret_width: 1 });
        assert_eq!(Excerpt::cut("", &(0..0), &[]), Excerpt { text: String::new(), caret: 0, caret_width: 1 });
        assert_eq!(Excerpt::cut("é", &(1..9), &[]).text, "é");
    }

    #[test]
    fn masked_text_is_gone_and_the_caret_still_right() {
        let text = "secret = \"hunter2\", nmae = 1";
        let name = text.find("nmae").unwrap();
        let masked = 9..18;
        let excerpt = Excerpt::cut(text, &(name..name + 4), std::slice::from_ref(&masked));
        assert_eq!(excerpt, Excerpt { text: "secret = \"…\", nmae = 1".into(), caret: 14, caret_width: 4 });
    }

    #[test]
    fn positions_count_characters_from_one() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("é = 1\n\tb", 3), (1, 3));
        assert_eq!(position("é = 1\n\tb", 8), (2, 2));
        assert_eq!(position("\u{feff}ab", 4), (1, 2));
        assert_eq!(position("a\n", 2), (2, 1));
    }
}
