//! Pure. A JSON document as other programs would have written it: the same values in the same order, with other blanks
//! and other escapes. A proxy that parses and writes anew, and a web page that indents, change every signature.

use serde::de::IgnoredAny;

/// The blanks between the tokens of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// None.
    Compact,
    /// One after each comma and colon, as Python writes.
    Spaced,
    /// A line for each value, two blanks deep, as Gitea and Gogs send.
    Indented,
}

/// The writing of what a text may hold either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// As it is.
    Kept,
    /// None but the necessary ones (JavaScript).
    Fewest,
    /// All beyond ASCII (Python).
    Ascii,
    /// `<`, `>` and `&` (Go).
    Html,
    /// All beyond ASCII, and the slash (PHP).
    Slashes,
}

const LAYOUTS: [Layout; 3] = [Layout::Compact, Layout::Spaced, Layout::Indented];
const ESCAPES: [Escapes; 5] = [Escapes::Kept, Escapes::Fewest, Escapes::Html, Escapes::Ascii, Escapes::Slashes];

/// The document in `body` in each writing, one at a time; nothing if it is no JSON.
pub(super) fn rewritten(body: &[u8]) -> impl Iterator<Item = (Layout, Vec<u8>)> {
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let text = std::str::from_utf8(body).ok().filter(|_| is_json);
    text.into_iter().flat_map(|text| {
        let writings = LAYOUTS.into_iter().flat_map(|layout| ESCAPES.map(|escapes| (layout, escapes)));
        writings.map(|(layout, escapes)| (layout, write(text, layout, escapes).into_bytes()))
    })
}

fn write(text: &str, layout: Layout, escapes: Escapes) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut tokens = Tokens(text).peekable();
    while let Some(token) = tokens.next() {
        let is_empty = tokens.peek().is_some_and(|next| matches!(*next, "}" | "]"));
        match token {
            "{" | "[" if is_empty => out.extend([token, tokens.next().unwrap_or_default()]),
            "{" | "[" => {
                depth += 1;
                out.push_str(token);
                new_line(&mut out, layout, depth);
            }
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, layout, depth);
                out.push_str(token);
            }
            "," if layout == Layout::Indented => {
                out.push(',');
                new_line(&mut out, layout, depth);
            }
            "," | ":" if layout != Layout::Compact => out.extend([token, " "]),
            _ if token.starts_with('"') => out.push_str(&escaped(token, escapes)),
            _ => out.push_str(token),
        }
    }
    out
}

fn new_line(out: &mut String, layout: Layout, depth: usize) {
    if layout == Layout::Indented {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// A text's token in another writing; one with half a surrogate pair as it is.
fn escaped(token: &str, escapes: Escapes) -> String {
    let decoded = serde_json::from_str::<String>(token).ok().filter(|_| escapes != Escapes::Kept);
    let Some(fewest) = decoded.and_then(|text| serde_json::to_string(&text).ok()) else { return token.to_owned() };
    let is_escaped = |c: char| match escapes {
        Escapes::Kept | Escapes::Fewest => false,
        Escapes::Ascii | Escapes::Slashes => !c.is_ascii(),
        Escapes::Html => "<>&\u{2028}\u{2029}".contains(c),
    };
    let mut out = String::with_capacity(fewest.len());
    for c in fewest.chars() {
        match c {
            '/' if escapes == Escapes::Slashes => out.push_str("\\/"),
            c if is_escaped(c) => out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
            c => out.push(c),
        }
    }
    out
}

/// The tokens of a well-formed document.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0 = self.0.trim_ascii_start();
        let length = match *self.0.as_bytes().first()? {
            b'"' => text_length(self.0.as_bytes()),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => self.0.bytes().position(|byte| b"{}[],: \t\r\n\"".contains(&byte)).unwrap_or(self.0.len()),
        };
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// The length of the text that `bytes` begin with, with its quotes.
fn text_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_as_others_write_it() {
        let given = r#"{ "a/é<" : [ 1.0, {}, [ ], "\"\\u003c\ud83d\ude80" ], "b":null}"#;
        let of = |layout, escapes| write(given, layout, escapes);
        assert_eq!(of(Layout::Compact, Escapes::Kept), r#"{"a/é<":[1.0,{},[],"\"\\u003c\ud83d\ude80"],"b":null}"#);
        assert_eq!(of(Layout::Spaced, Escapes::Fewest), r#"{"a/é<": [1.0, {}, [], "\"\\u003c🚀"], "b": null}"#);
        assert_eq!(
            of(Layout::Indented, Escapes::Html),
            "{\n  \"a/é\\u003c\": [\n    1.0,\n    {},\n    [],\n    \"\\\"\\\\u003c🚀\"\n  ],\n  \"b\": null\n}"
        );
        assert_eq!(
            of(Layout::Compact, Escapes::Slashes),
            r#"{"a\/\u00e9<":[1.0,{},[],"\"\\u003c\ud83d\ude80"],"b":null}"#
        );
    }

    #[test]
    fn what_is_no_document_is_not_rewritten() {
        for body in [&b"payload=%7B%7D"[..], b"{\"a\":", b"{\"a\": \"", b"\xff"] {
            assert_eq!(rewritten(body).count(), 0, "{body:?}");
        }
        assert_eq!(rewritten(b"[]").count(), 15);
    }
}
