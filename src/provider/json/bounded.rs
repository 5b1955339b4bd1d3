//! Pure. A JSON text on its way to the parser, made small enough to be parsed in little memory, and mended where a text
//! in it is broken in a way that does not matter.

use std::io::{self, Read};

/// Longest string literal that is passed on, in bytes between its quotes. The parser holds one such literal.
pub(crate) const LITERAL_LIMIT_BYTES: usize = 16 * 1024;
/// Deepest nesting that is passed on; the parser keeps a byte for each open bracket, even of what it skips.
/// Real deliveries reach 10.
const DEPTH_LIMIT: u32 = 512;
/// Bytes of the text that are looked at in one go.
const PIECE_BYTES: usize = 8 * 1024;
/// The byte order mark that some senders begin with (RFC 8259 §8.1 lets a parser pass over it).
const MARK: &[u8] = "\u{feff}".as_bytes();
/// In place of a character that is none: U+FFFD, plain and as an escape.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
const REPLACEMENT_ESCAPE: &[u8] = b"\\ufffd";

/// Passes a JSON text on: without a byte order mark, with string literals cut at `LITERAL_LIMIT_BYTES` and nesting
/// deeper than `DEPTH_LIMIT` refused (`InvalidData`). A literal is cut between characters. Half a surrogate pair and
/// bytes that are not UTF-8 become U+FFFD: a message that was cut within an emoji must not cost the delivery, and no
/// name that matters holds that character. Whether the text is JSON at all is for the parser to say.
pub(crate) struct BoundedText<R> {
    text: R,
    scan: TextScan,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> BoundedText<R> {
    /// `text` from its beginning.
    pub(crate) fn new(text: R) -> Self {
        Self { text, scan: TextScan::default(), ready: Vec::new(), given: 0 }
    }

    /// Makes the next bytes ready; false at the end of the text.
    fn refill(&mut self) -> io::Result<bool> {
        let mut piece = [0; PIECE_BYTES];
        let count = self.text.read(&mut piece)?;
        self.ready.clear();
        self.given = 0;
        let mut rest = &piece[..count];
        while !rest.is_empty() {
            rest = self.scan.take(rest, &mut self.ready)?;
        }
        if count == 0 {
            self.scan.end(&mut self.ready);
        }
        Ok(count > 0 || !self.ready.is_empty())
    }
}

impl<R: Read> Read for BoundedText<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.refill()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// The place in the text where the next byte stands.
#[derive(Debug, Default)]
struct TextScan {
    depth: u32,
    literal: Option<StringLiteral>,
    /// Bytes of the mark that have been passed over; all of it once anything else has come.
    marked_bytes: usize,
}

impl TextScan {
    /// Takes what comes next, a run that can be passed on as it is or else one byte, and gives the rest.
    fn take<'t>(&mut self, text: &'t [u8], out: &mut Vec<u8>) -> io::Result<&'t [u8]> {
        let run = self.run(text);
        match &mut self.literal {
            _ if run.is_empty() => self.take_byte(text[0], out)?,
            Some(literal) => literal.pass_run(run, out),
            None => out.extend_from_slice(run.as_bytes()),
        }
        Ok(&text[run.len().max(1)..])
    }

    /// The beginning of `text` in which nothing has to be looked at closely.
    fn run<'t>(&self, text: &'t [u8]) -> &'t str {
        let ends_run: fn(u8) -> bool = match &self.literal {
            _ if self.marked_bytes < MARK.len() => return "",
            Some(literal) if literal.is_within_character() => return "",
            Some(_) => |byte| matches!(byte, b'"' | b'\\'),
            None => |byte| matches!(byte, b'"' | b'[' | b']' | b'{' | b'}' | 0x80..),
        };
        let end = text.iter().position(|&byte| ends_run(byte)).unwrap_or(text.len());
        let run = &text[..end];
        std::str::from_utf8(run)
            .unwrap_or_else(|error| std::str::from_utf8(&run[..error.valid_up_to()]).unwrap_or_default())
    }

    /// Takes the next byte, and passes on what is complete.
    fn take_byte(&mut self, byte: u8, out: &mut Vec<u8>) -> io::Result<()> {
        if MARK.get(self.marked_bytes) == Some(&byte) {
            self.marked_bytes += 1;
            return Ok(());
        }
        if self.marked_bytes < MARK.len() {
            out.extend_from_slice(&MARK[..std::mem::replace(&mut self.marked_bytes, MARK.len())]);
        }
        match &mut self.literal {
            Some(literal) if literal.ends_with(byte) => {
                literal.end(out);
                self.literal = None;
            }
            Some(literal) => {
                literal.take(byte, out);
                return Ok(());
            }
            None => self.between(byte)?,
        }
        out.push(byte);
        Ok(())
    }

    /// The text ends, perhaps where no JSON text can.
    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(mut literal) = self.literal.take() {
            literal.end(out);
        }
    }

    /// A byte outside of string literals.
    fn between(&mut self, byte: u8) -> io::Result<()> {
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
        Ok(())
    }
}

/// Inside a string literal.
#[derive(Debug, Default)]
struct StringLiteral {
    passed_bytes: usize,
    is_cut: bool,
    /// The bytes of a character that is not complete.
    character: Vec<u8>,
    /// The escape of the first half of a surrogate pair, which waits for the second.
    half: Vec<u8>,
}

impl StringLiteral {
    /// True if `byte` is the quote at its end.
    fn ends_with(&self, byte: u8) -> bool {
        byte == b'"' && self.character != b"\\"
    }

    /// True if the next byte may belong to what was begun.
    fn is_within_character(&self) -> bool {
        !self.character.is_empty()
    }

    /// Passes on whole characters that stand for themselves.
    fn pass_run(&mut self, run: &str, out: &mut Vec<u8>) {
        self.end_half(out);
        let room = LITERAL_LIMIT_BYTES.saturating_sub(self.passed_bytes);
        let fits = (room..run.len()).find(|&end| run.is_char_boundary(end)).unwrap_or(run.len());
        self.pass_whole(&run.as_bytes()[..fits], out);
        self.is_cut |= fits < run.len();
    }

    /// The literal ends, perhaps within a character.
    fn end(&mut self, out: &mut Vec<u8>) {
        self.give_up(out);
        self.end_half(out);
    }

    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.character.first() {
            Some(b'\\') => self.take_escaped(byte, out),
            Some(_) if byte & 0xc0 == 0x80 => self.take_multibyte(byte, out),
            _ => {
                self.give_up(out);
                match byte {
                    b'\\' => self.character.push(byte),
                    0x80.. => self.take_multibyte(byte, out),
                    _ => self.pass(&[byte], out),
                }
            }
        }
    }

    /// The next byte of an escape (RFC 8259 §7).
    fn take_escaped(&mut self, byte: u8, out: &mut Vec<u8>) {
        let is_unicode = self.character.get(1).map_or(byte == b'u', |_| byte.is_ascii_hexdigit());
        match (self.character.len(), is_unicode) {
            (5, true) => {
                self.character.push(byte);
                self.end_unicode(out);
            }
            (1, false) if byte.is_ascii() => {
                self.character.push(byte);
                self.give_up(out);
            }
            // No escape, and so no JSON: the parser says so.
            (_, false) => {
                self.give_up(out);
                self.take(byte, out);
            }
            _ => self.character.push(byte),
        }
    }

    /// A `\uXXXX` is complete, of which two may be one character.
    fn end_unicode(&mut self, out: &mut Vec<u8>) {
        let escape = std::mem::take(&mut self.character);
        let half = std::mem::take(&mut self.half);
        match (half.is_empty(), surrogate(&escape)) {
            (_, Some(Half::First)) => {
                self.half = half;
                self.end_half(out);
                self.half = escape;
            }
            (false, Some(Half::Second)) => self.pass_whole(&[half, escape].concat(), out),
            (true, Some(Half::Second)) => self.pass_whole(REPLACEMENT_ESCAPE, out),
            (_, None) => {
                self.half = half;
                self.pass(&escape, out);
            }
        }
    }

    /// The next byte of a character that UTF-8 writes in several.
    fn take_multibyte(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.character.push(byte);
        match std::str::from_utf8(&self.character).map_err(|error| error.error_len()) {
            Ok(_) => self.give_up(out),
            Err(None) => {}
            Err(Some(wrong)) => {
                let rest = self.character.split_off(wrong);
                self.character.clear();
                self.pass(REPLACEMENT, out);
                for byte in rest {
                    self.take(byte, out);
                }
            }
        }
    }

    /// Passes on the character that was begun; one of which bytes are missing is none.
    fn give_up(&mut self, out: &mut Vec<u8>) {
        if self.character.is_empty() {
            return;
        }
        let character = std::mem::take(&mut self.character);
        if std::str::from_utf8(&character).is_ok() {
            self.pass(&character, out);
        } else {
            self.pass(REPLACEMENT, out);
        }
    }

    /// A first half that nothing followed is no character.
    fn end_half(&mut self, out: &mut Vec<u8>) {
        if !self.half.is_empty() {
            self.half.clear();
            self.pass_whole(REPLACEMENT_ESCAPE, out);
        }
    }

    /// Passes a whole character on, behind a half that waits in vain.
    fn pass(&mut self, character: &[u8], out: &mut Vec<u8>) {
        if !character.is_empty() {
            self.end_half(out);
            self.pass_whole(character, out);
        }
    }

    fn pass_whole(&mut self, character: &[u8], out: &mut Vec<u8>) {
        self.is_cut |= self.passed_bytes >= LITERAL_LIMIT_BYTES;
        if !self.is_cut {
            self.passed_bytes += character.len();
            out.extend_from_slice(character);
        }
    }
}

/// One of the two escapes that make a character.
enum Half {
    First,
    Second,
}

/// The half that `\uXXXX` is, if it is one.
fn surrogate(escape: &[u8]) -> Option<Half> {
    match (escape.get(2)?.to_ascii_lowercase(), escape.get(3)?.to_ascii_lowercase()) {
        (b'd', b'8' | b'9' | b'a' | b'b') => Some(Half::First),
        (b'd', b'c'..=b'f') => Some(Half::Second),
        _ => None,
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

    /// The string in a literal of `content`.
    fn read(content: &[u8]) -> String {
        let mut passed = Vec::new();
        BoundedText::new([b"[\"", content, b"\"]"].concat().as_slice()).read_to_end(&mut passed).unwrap();
        let strings: Vec<String> = serde_json::from_slice(&passed).unwrap();
        strings[0].clone()
    }

    #[test]
    fn half_a_surrogate_pair_is_a_replacement_character() {
        for (content, expected) in [
            ("a\\ud83d", "a\u{fffd}"),
            ("\\ud83dz", "\u{fffd}z"),
            ("\\uDE80z", "\u{fffd}z"),
            ("\\ud83d\\n", "\u{fffd}\n"),
            ("\\ud83d\\u0061", "\u{fffd}a"),
            ("\\ud83d\\ud83d\\ude80", "\u{fffd}\u{1f680}"),
            ("\\ude80\\ud83d", "\u{fffd}\u{fffd}"),
            ("\\ud83d\u{e9}", "\u{fffd}\u{e9}"),
            ("\\\\ud83d", "\\ud83d"),
            ("\\ud83d\\ude80", "\u{1f680}"),
        ] {
            assert_eq!(read(content.as_bytes()), expected, "{content}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replacement_characters() {
        for (content, expected) in [
            (&b"a\xe9"[..], "a\u{fffd}"),
            (b"\xe9z", "\u{fffd}z"),
            (b"\xf0\x9f\x9a", "\u{fffd}"),
            (b"\xf0\x9f\\n", "\u{fffd}\n"),
            (b"\xc3\xc3\xa9", "\u{fffd}\u{e9}"),
            (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\x80\xff", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(read(content), expected, "{content:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_at_the_beginning_only() {
        assert_eq!(pass("\u{feff}{}").unwrap(), "{}");
        assert_eq!(pass("\u{feff}\u{feff}{}").unwrap(), "\u{feff}{}");
        assert_eq!(pass("{}\u{feff}").unwrap(), "{}\u{feff}");
        assert_eq!(pass("\u{fefe}{}").unwrap(), "\u{fefe}{}");
        assert_eq!(read("\u{feff}a".as_bytes()), "\u{feff}a");
    }

    #[test]
    fn an_escape_that_is_none_stays_for_the_parser_to_refuse() {
        for text in ["[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud8zz\"]", "[\"\\u\"]"] {
            assert_eq!(pass(text).unwrap(), text);
        }
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
        assert!(pass(&"[".repeat(512)).is_ok());
        assert!(pass(&"[".repeat(513)).is_err());
        assert!(pass(&"[]".repeat(1000)).is_ok());
        assert!(pass(&format!("\"{}\"", "[".repeat(1000))).is_ok());
    }

    /// A text that comes in pieces.
    struct Pieces(std::collections::VecDeque<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.pop_front().unwrap_or_default();
            buffer[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    proptest! {
        #[test]
        fn short_texts_pass_unchanged(text in "\\PC{0,80}") {
            prop_assert_eq!(pass(&text).unwrap(), text);
        }

        #[test]
        fn the_pieces_in_which_a_text_comes_make_no_difference(
            text in "(é|a|\"|\\\\|\\[|\\\\n|\\\\ud83d|\\\\ude80|🚀|b{20}){0,40}",
            filler in 0_usize..40,
            lost in prop::option::of(0_usize..100),
            piece in 1_usize..40,
        ) {
            let mut text = format!("[\"{}{text}", "b".repeat(LITERAL_LIMIT_BYTES - filler)).into_bytes();
            // A byte that is gone may leave half a character.
            if let Some(lost) = lost {
                text.remove(text.len() - 1 - lost);
            }
            let mut whole = Vec::new();
            let read = BoundedText::new(text.as_slice()).read_to_end(&mut whole).is_ok();
            let mut pieced = Vec::new();
            let pieces = Pieces(text.chunks(piece).map(<[u8]>::to_vec).collect());
            prop_assert_eq!(BoundedText::new(pieces).read_to_end(&mut pieced).is_ok(), read);
            prop_assert_eq!(pieced, whole);
        }

        #[test]
        fn what_was_json_stays_json(text in "(é|a|\\\\n|\\\\u00e9|\\\\ud83d\\\\ude80|🚀){0,40}", filler in 0_usize..40) {
            let whole = format!("{{\"k\":\"{}{text}\"}}", "b".repeat(LITERAL_LIMIT_BYTES - filler));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&pass(&whole).unwrap()).is_ok());
        }
    }
}
