//! Pure. A JSON text on its way to the parser, made small enough to be parsed in little memory.

use std::io::{self, Read};

/// Longest string literal that is passed on, in bytes between its quotes. The parser holds one such literal.
pub(crate) const LITERAL_LIMIT_BYTES: usize = 16 * 1024;
/// Deepest nesting that is passed on; the parser keeps a byte for each open bracket, even of what it skips.
/// Real deliveries reach 10.
const DEPTH_LIMIT: u32 = 64;

/// Passes a JSON text on, with string literals cut at `LITERAL_LIMIT_BYTES` and nesting deeper than `DEPTH_LIMIT`
/// refused (`InvalidData`). A literal is cut between characters: not inside an escape or a surrogate pair. Whether
/// it is JSON at all is for the parser to say.
pub(crate) struct BoundedText<R> {
    text: R,
    scan: TextScan,
}

impl<R: Read> BoundedText<R> {
    pub(crate) fn new(text: R) -> Self {
        Self { text, scan: TextScan::default() }
    }
}

impl<R: Read> Read for BoundedText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.text.read(buffer)?;
            let kept = self.scan.compact(&mut buffer[..count])?;
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}

/// The place in the text where the next byte stands.
#[derive(Debug, Default)]
struct TextScan {
    depth: u32,
    literal: Option<StringLiteral>,
}

/// Inside a string literal.
#[derive(Debug, Default)]
struct StringLiteral {
    passed_bytes: usize,
    cut: bool,
    escape: Escape,
    /// The last character was the first half of a surrogate pair.
    half: bool,
}

/// The part of an escape sequence (RFC 8259 §7) that has passed.
#[derive(Debug, Default, Clone, Copy)]
enum Escape {
    #[default]
    None,
    Backslash,
    /// `\u` and so many digits, of which the first two say `D8` to `DB` as long as `half` holds.
    Digits {
        count: u8,
        half: bool,
    },
}

impl TextScan {
    /// Moves the bytes that pass to the front of `bytes`; returns how many they are.
    fn compact(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut kept = 0;
        for at in 0..bytes.len() {
            if self.passes(bytes[at])? {
                bytes[kept] = bytes[at];
                kept += 1;
            }
        }
        Ok(kept)
    }

    fn passes(&mut self, byte: u8) -> io::Result<bool> {
        if let Some(literal) = &mut self.literal {
            if byte == b'"' && !matches!(literal.escape, Escape::Backslash) {
                self.literal = None;
                return Ok(true);
            }
            return Ok(literal.passes(byte));
        }
        match byte {
            b'"' => self.literal = Some(StringLiteral::default()),
            b'[' | b'{' if self.depth == DEPTH_LIMIT => {
                let text = format!("nested deeper than {DEPTH_LIMIT}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(true)
    }
}

impl StringLiteral {
    fn passes(&mut self, byte: u8) -> bool {
        let starts_character = matches!(self.escape, Escape::None) && byte & 0xc0 != 0x80;
        if starts_character && !self.half && self.passed_bytes >= LITERAL_LIMIT_BYTES {
            self.cut = true;
        }
        if starts_character {
            self.half = false;
        }
        self.escape = self.escape_after(byte);
        self.passed_bytes += usize::from(!self.cut);
        !self.cut
    }

    fn escape_after(&mut self, byte: u8) -> Escape {
        match (self.escape, byte) {
            (Escape::None, b'\\') => Escape::Backslash,
            (Escape::Backslash, b'u') => Escape::Digits { count: 0, half: true },
            (Escape::None | Escape::Backslash, _) => Escape::None,
            (Escape::Digits { count: 3, half }, _) => {
                self.half = half;
                Escape::None
            }
            (Escape::Digits { count, half }, digit) => {
                let fits = match count {
                    0 => matches!(digit, b'd' | b'D'),
                    1 => matches!(digit, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
                    _ => true,
                };
                Escape::Digits { count: count + 1, half: half && fits }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pass(text: &str) -> io::Result<String> {
        let mut out = String::new();
        BoundedText::new(text.as_bytes()).read_to_string(&mut out).map(|_| out)
    }

    /// The string that is left of a literal of `filler` and then `tail`.
    fn left_of(filler: usize, tail: &str) -> String {
        let passed = pass(&format!("[\"{}{tail}\"]", "a".repeat(filler))).unwrap();
        let strings: Vec<String> = serde_json::from_str(&passed).unwrap();
        strings[0][filler.min(LITERAL_LIMIT_BYTES)..].to_owned()
    }

    #[test]
    fn a_long_literal_is_cut_between_characters() {
        assert_eq!(left_of(LITERAL_LIMIT_BYTES + 9, "z"), "");
        assert_eq!(left_of(LITERAL_LIMIT_BYTES - 1, "éz"), "é");
        assert_eq!(left_of(LITERAL_LIMIT_BYTES - 1, "\\nz"), "\n");
        assert_eq!(left_of(LITERAL_LIMIT_BYTES - 1, "\\u00e9z"), "é");
        assert_eq!(left_of(LITERAL_LIMIT_BYTES - 1, "\\ud83d\\ude80z"), "🚀");
        assert_eq!(left_of(LITERAL_LIMIT_BYTES - 1, "\\\"z"), "\"");
        assert_eq!(left_of(LITERAL_LIMIT_BYTES + 1, "\\\"\\\\\\u12"), "");
    }

    #[test]
    fn nesting_has_a_limit_and_brackets_in_strings_do_not_count() {
        assert!(pass(&"[".repeat(64)).is_ok());
        assert!(pass(&"[".repeat(65)).is_err());
        assert!(pass(&"[]".repeat(1000)).is_ok());
        assert!(pass(&format!("\"{}\"", "[".repeat(1000))).is_ok());
    }

    proptest! {
        #[test]
        fn short_texts_pass_unchanged(text in "\\PC{0,80}") {
            prop_assert_eq!(pass(&text).unwrap(), text);
        }

        #[test]
        fn what_was_json_stays_json(text in "(é|a|\\\\n|\\\\u00e9|\\\\ud83d\\\\ude80|🚀){0,40}", filler in 0_usize..40) {
            let whole = format!("{{\"k\":\"{}{text}\"}}", "b".repeat(LITERAL_LIMIT_BYTES - filler));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&pass(&whole).unwrap()).is_ok());
        }
    }
}
