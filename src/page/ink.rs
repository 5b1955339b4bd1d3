//! Pure. Colours in what a program printed: SGR (ECMA-48 §8.3.117) becomes classes of the style sheet. Everything else
//! that would act on a terminal is dropped.

use anstyle_parse::{DefaultCharAccumulator, Params, Parser, Perform};
use std::fmt::Write;

/// Most changes of colour in a line; what follows has the last one.
const CHANGES: usize = 200;

/// Colour and weight of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ink {
    /// One of sixteen, or none.
    colour: Option<u8>,
    /// In the order of `CLASSES`.
    marks: [bool; 5],
}

/// Bold, dim, italic, underlined, struck out.
const CLASSES: [&str; 5] = ["b", "d", "i", "u", "s"];

impl Ink {
    /// The classes, or nothing for plain text.
    pub(super) fn classes(self) -> String {
        let mut classes = String::new();
        if let Some(colour) = self.colour {
            let _never_fails = write!(classes, "c{colour} ");
        }
        for (class, _) in CLASSES.iter().zip(self.marks).filter(|(_, is_set)| *is_set) {
            classes.push_str(class);
            classes.push(' ');
        }
        classes.truncate(classes.trim_end().len());
        classes
    }

    /// Takes in the parameters of one sequence. Colours of the background, which could hide text, count for nothing.
    fn apply(&mut self, params: &[u16]) {
        let mut params = params.iter().copied();
        while let Some(param) = params.next() {
            match param {
                0 => *self = Self::default(),
                1..=4 => self.marks[usize::from(param) - 1] = true,
                9 => self.marks[4] = true,
                22 => (self.marks[0], self.marks[1]) = (false, false),
                23 | 24 => self.marks[usize::from(param) - 21] = false,
                29 => self.marks[4] = false,
                30..=37 => self.colour = u8::try_from(param - 30).ok(),
                90..=97 => self.colour = u8::try_from(param - 82).ok(),
                38 => self.colour = extended(&mut params),
                48 => drop(extended(&mut params)),
                39 => self.colour = None,
                _ => {}
            }
        }
    }
}

/// A colour of 256: the first sixteen have classes, the others are left out, as are those of 24 bits.
fn extended(params: &mut impl Iterator<Item = u16>) -> Option<u8> {
    match params.next() {
        Some(5) => params.next().and_then(|colour| u8::try_from(colour).ok()).filter(|colour| *colour < 16),
        Some(2) => {
            params.by_ref().take(3).for_each(drop);
            None
        }
        _ => None,
    }
}

/// A line in pieces of one ink each.
pub(super) type Pieces = Vec<(Ink, String)>;

struct Painter {
    ink: Ink,
    pieces: Pieces,
}

impl Perform for Painter {
    fn print(&mut self, c: char) {
        let is_full = self.pieces.len() >= CHANGES;
        match self.pieces.last_mut() {
            Some((ink, text)) if *ink == self.ink || is_full => text.push(c),
            _ => self.pieces.push((self.ink, c.to_string())),
        }
    }

    fn execute(&mut self, byte: u8) {
        if byte == b'\t' {
            self.print('\t');
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], is_cut: bool, action: u8) {
        if action == b'm' && intermediates.is_empty() && !is_cut {
            let flat: Vec<u16> = params.iter().flatten().copied().collect();
            self.ink.apply(&flat);
        }
    }
}

/// The pieces of a line of a log, in which control characters stand as `\x1b`, and the ink in which it ends.
pub(super) fn paint(line: &str, ink: Ink) -> (Pieces, Ink) {
    if !line.contains("\\x1b") {
        return (vec![(ink, line.to_owned())], ink);
    }
    let mut painter = Painter { ink, pieces: Vec::new() };
    let mut parser = Parser::<DefaultCharAccumulator>::new();
    for byte in unescaped(line) {
        parser.advance(&mut painter, byte);
    }
    (painter.pieces, painter.ink)
}

/// `line` with the control characters that were written as `\x1b`, and nothing else, as they were.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let digits = rest.get(at + 2..at + 4).unwrap_or_default();
        let control = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii_control);
        if let Some(byte) = control {
            bytes.push(byte);
        } else {
            bytes.extend_from_slice(b"\\x");
        }
        rest = &rest[at + if control.is_some() { 4 } else { 2 }..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(line: &str) -> Vec<(String, String)> {
        let (pieces, _) = paint(line, Ink::default());
        pieces.into_iter().map(|(ink, text)| (ink.classes(), text)).collect()
    }

    fn piece(classes: &str, text: &str) -> (String, String) {
        (classes.to_owned(), text.to_owned())
    }

    #[test]
    fn colours_become_classes_and_end_where_they_end() {
        let line = r"a \x1b[1;31merror\x1b[0m: é \x1b[38;5;12mblue\x1b[39m \x1b[48;2;1;2;3mx";
        let expected =
            [piece("", "a "), piece("c1 b", "error"), piece("", ": é "), piece("c12", "blue"), piece("", " x")];
        assert_eq!(painted(line), expected);
    }

    #[test]
    fn what_acts_on_a_terminal_is_dropped_and_text_that_looks_like_it_stays() {
        assert_eq!(painted(r"\x1b[2J\x1b[Hgone?\x1b]0;title\x07!"), [piece("", "gone?!")]);
        assert_eq!(painted(r"\xe9 \x41 \x \x1"), [piece("", r"\xe9 \x41 \x \x1")]);
        assert_eq!(painted(r"\x1b[31"), []);
        assert_eq!(painted(r"\u{202e}\x1b[0mx"), [piece("", r"\u{202e}x")]);
    }

    #[test]
    fn a_bomb_of_colours_makes_a_bounded_number_of_pieces() {
        let bomb = (0..5000).fold(String::new(), |bomb, i| bomb + "\\x1b[3" + &(i % 8).to_string() + "mx");
        let pieces = painted(&bomb);
        assert_eq!(pieces.len(), CHANGES);
        assert_eq!(pieces.iter().map(|(_, text)| text.len()).sum::<usize>(), 5000);
        let many = format!("\\x1b[{}mx", "1;".repeat(3000));
        assert_eq!(painted(&many), [piece("", "x")]);
    }

    #[test]
    fn an_ink_goes_on_in_the_next_line() {
        let (_, ink) = paint(r"\x1b[33mfirst", Ink::default());
        assert_eq!(paint("second", ink).0[0].0.classes(), "c3");
    }
}
