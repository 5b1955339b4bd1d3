//! Pure. The output of a job, in a page of bounded size.

use super::face::Face;
use super::ink::{Ink, paint};
use jiff::Timestamp;
use maud::{Markup, html};

/// Longest line in characters, with the sequences in it.
const LINE_LIMIT: usize = 2000;

/// The beginning and the end of a log.
#[derive(Debug, Clone, Default)]
pub struct LogExcerpt {
    /// From the beginning on.
    pub head: String,
    /// Bytes between the two.
    pub left_out: u64,
    /// Up to the end; whole lines.
    pub tail: String,
}

impl LogExcerpt {
    /// `true` if there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    /// Its lines.
    pub(super) fn markup(&self, face: &Face) -> Markup {
        html! {
            (lines(&self.head, face))
            @if self.left_out > 0 {
                span.cut { "… " (self.left_out) " bytes are left out here …" } "\n"
            }
            (lines(&self.tail, face))
        }
    }
}

fn lines(text: &str, face: &Face) -> Markup {
    let (mut out, mut err) = (Ink::default(), Ink::default());
    html! {
        @for line in text.lines() {
            @match source(line) {
                Some((at, source, rest)) => {
                    span.at { (face.clock(at)) } " "
                    @match source {
                        "job" => span.job { (cut(rest).0) },
                        "err" | "err+" => span.err { (inked(rest, &mut err)) },
                        _ => (inked(rest, &mut out)),
                    }
                }
                None => (cut(line).0),
            }
            "\n"
        }
    }
}

/// `<time> out <text>`.
fn source(line: &str) -> Option<(Timestamp, &str, &str)> {
    let (at, rest) = line.split_once(' ')?;
    let (source, text) = rest.split_once(' ').unwrap_or((rest, ""));
    // A continued piece has its sign in the place of the blank.
    let (source, text) = match rest.get(..4) {
        Some("out+" | "err+") => rest.split_at(4),
        _ => (source, text),
    };
    Some((at.parse().ok()?, source, text))
}

fn inked(text: &str, ink: &mut Ink) -> Markup {
    let (shown, more) = cut(text);
    let (pieces, last) = paint(shown, *ink);
    *ink = last;
    html! {
        @for (ink, text) in &pieces {
            @match ink.classes().as_str() {
                "" => (text),
                classes => span class=(classes) { (text) },
            }
        }
        @if more > 0 { span.cut { " … and " (more) " characters more" } }
    }
}

/// The beginning of a line, and the number of characters behind it.
fn cut(text: &str) -> (&str, usize) {
    match text.char_indices().nth(LINE_LIMIT) {
        Some((end, _)) => (&text[..end], text[end..].chars().count()),
        None => (text, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn shown(head: &str, left_out: u64, tail: &str) -> String {
        let excerpt = LogExcerpt { head: head.to_owned(), left_out, tail: tail.to_owned() };
        excerpt.markup(&Face { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC }).into_string()
    }

    #[test]
    fn each_line_has_its_time_and_its_source_and_no_markup_of_its_own() {
        let head = "2026-01-31T12:00:00.123Z job step 1 of 1: x\n2026-01-31T12:00:01.000Z out <b>&\\x1b[32mok\n\
                    2026-01-31T12:00:02.000Z err+</pre><script>\nno line of ours\n";
        let expected = "<span class=\"at\">12:00:00</span> <span class=\"job\">step 1 of 1: x</span>\n\
                        <span class=\"at\">12:00:01</span> &lt;b&gt;&amp;<span class=\"c2\">ok</span>\n\
                        <span class=\"at\">12:00:02</span> <span class=\"err\">&lt;/pre&gt;&lt;script&gt;</span>\n\
                        no line of ours\n";
        assert_eq!(shown(head, 0, ""), expected);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let line = format!("2026-01-31T12:00:00Z out {}\n", "x".repeat(LINE_LIMIT + 7));
        let page = shown(&line, 4711, "");
        assert!(page.contains(" … and 7 characters more"), "{page}");
        assert!(page.contains("… 4711 bytes are left out here …"), "{page}");
        assert!(page.len() < LINE_LIMIT + 300);
    }
}
