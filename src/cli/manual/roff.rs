//! Pure. The little of roff (man(7)) that a manual page needs.

use std::fmt::Write;

/// The day of this version.
const DATE: &str = "2026-11-29";

/// A manual page that is being written.
pub(super) struct Roff {
    text: String,
    /// Nothing stands below the last heading yet: it begins a paragraph itself.
    is_begun: bool,
}

/// Longest input line, which mandoc(1) asks for; where it is broken does not show.
const LINE_LIMIT: usize = 80;

impl Roff {
    /// The head of page `name` in `section`.
    pub(super) fn page(name: &str, section: u8, title: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let upper = escape(&name.to_ascii_uppercase());
        let head = format!(".TH \"{upper}\" \"{section}\" \"{DATE}\" \"hookspool {version}\" \"hookspool\"\n");
        let mut roff = Self { text: head, is_begun: false };
        roff.section("name");
        roff.wrapped(&format!("{} \\- {}", escape(name), escape(title)));
        roff
    }

    /// A section's heading.
    pub(super) fn section(&mut self, title: &str) {
        self.line(&format!(".SH {}", escape(&title.to_ascii_uppercase())));
        self.is_begun = true;
    }

    /// A heading below a section.
    pub(super) fn subsection(&mut self, title: &str) {
        self.line(&format!(".SS \"{}\"", escape(title).replace('"', "\\(dq")));
        self.is_begun = true;
    }

    /// A paragraph. What stands between back-ticks is set in bold.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.new_paragraph();
        self.text(text);
    }

    fn new_paragraph(&mut self) {
        if !std::mem::take(&mut self.is_begun) {
            self.line(".PP");
        }
    }

    /// A term and what it means.
    pub(super) fn item(&mut self, term: &str, meaning: &str) {
        self.is_begun = false;
        self.line(".TP");
        self.whole(term);
        self.text(if meaning.is_empty() { "\u{a0}" } else { meaning });
    }

    /// Lines as they are.
    pub(super) fn example(&mut self, text: &str) {
        self.new_paragraph();
        self.line(".RS 4\n.nf");
        for line in text.lines() {
            self.line(&guarded(&escape(line)));
        }
        self.line(".fi\n.RE");
    }

    /// The page.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn text(&mut self, text: &str) {
        self.wrapped(&formatted(text));
    }

    /// A formatted text in lines of bounded length.
    fn wrapped(&mut self, whole: &str) {
        let mut line = String::new();
        for word in whole.split(' ') {
            if !line.is_empty() && line.len() + 1 + word.len() > LINE_LIMIT {
                self.line(&guarded(&std::mem::take(&mut line)));
            }
            let blank = if line.is_empty() { "" } else { " " };
            let _ = write!(line, "{blank}{word}");
        }
        self.line(&guarded(&line));
    }

    /// A text in one line.
    fn whole(&mut self, text: &str) {
        self.line(&guarded(&formatted(text)));
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// `…` in bold; a line's beginning can be a request, and so it is one line.
fn formatted(text: &str) -> String {
    let mut line = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(&part.replace('\n', " "));
        // Writing to a String cannot fail.
        let _ = if index % 2 == 1 { write!(line, "\\fB{part}\\fR") } else { write!(line, "{part}") };
    }
    line
}

/// A line's text: nothing in it is a request or an escape, and hyphens can be copied as what was typed.
fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\u{a0}', "\\~").replace('…', "\\&...")
}

/// A text whose first character would make it a request.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_request_or_an_escape() {
        let mut roff = Roff::page("x", 1, "a - b");
        roff.paragraph(".so /etc/passwd");
        roff.paragraph("a\\fB `--json` …");
        roff.example(".x\n'y");
        let text = roff.into_text();
        let expected = "\\&.so /etc/passwd\n.PP\na\\efB \\fB\\-\\-json\\fR \\&...\n.PP\n.RS 4\n.nf\n\\&.x\n\\&'y\n";
        assert!(text.contains(expected), "{text}");
    }
}
