//! Pure. The little of roff (man(7)) that a manual page needs.

use std::fmt::Write;

/// A manual page that is being written.
pub(super) struct Roff(String);

impl Roff {
    /// The head of page `name` in `section`.
    pub(super) fn page(name: &str, section: u8, title: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let upper = escape(&name.to_ascii_uppercase());
        let mut roff = Self(format!(".TH \"{upper}\" {section} \"\" \"hookspool {version}\" \"hookspool\"\n"));
        roff.section("name");
        roff.line(&format!("{} \\- {}", escape(name), escape(title)));
        roff
    }

    /// A section's heading.
    pub(super) fn section(&mut self, title: &str) {
        self.line(&format!(".SH {}", escape(&title.to_ascii_uppercase())));
    }

    /// A heading below a section.
    pub(super) fn subsection(&mut self, title: &str) {
        self.line(&format!(".SS \"{}\"", escape(title).replace('"', "\\(dq")));
    }

    /// A paragraph. What stands between back-ticks is set in bold.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.line(".PP");
        self.text(text);
    }

    /// A term and what it means.
    pub(super) fn item(&mut self, term: &str, meaning: &str) {
        self.line(".TP");
        self.text(term);
        self.text(if meaning.is_empty() { "\u{a0}" } else { meaning });
    }

    /// Lines as they are.
    pub(super) fn example(&mut self, text: &str) {
        self.line(".PP\n.RS 4\n.nf");
        for line in text.lines() {
            self.line(&guarded(&escape(line)));
        }
        self.line(".fi\n.RE");
    }

    /// The page.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// `…` in bold; one input line, since a line's beginning can be a request.
    fn text(&mut self, text: &str) {
        let mut line = String::new();
        for (index, part) in text.split('`').enumerate() {
            let part = escape(&part.replace('\n', " "));
            // Writing to a String cannot fail.
            let _ = if index % 2 == 1 { write!(line, "\\fB{part}\\fR") } else { write!(line, "{part}") };
        }
        self.line(&guarded(&line));
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }
}

/// A line's text: nothing in it is a request or an escape, and hyphens can be copied as what was typed.
fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('\u{a0}', "\\ ").replace('…', "\\&...")
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
