//! Pure. Bytes that a step printed become lines.

/// Longest piece of a line in bytes, as printed; a longer line continues in the next piece.
pub(super) const PIECE_LIMIT_BYTES: usize = 8 * 1024;

/// Cuts a stream into lines. LF, CR and CRLF end one, so that a progress bar becomes lines instead of overwriting them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    is_continued: bool,
    after_cr: bool,
}

/// A piece of a line: its bytes, and whether it continues the piece before.
pub(super) type Emit<'a> = &'a mut dyn FnMut(&[u8], bool);

impl Lines {
    /// Takes `bytes` and emits each line, or piece of an overlong one, that is complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], emit: Emit<'_>) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let room = PIECE_LIMIT_BYTES - self.partial.len();
            let end = bytes.iter().take(room).position(|b| matches!(b, b'\n' | b'\r'));
            let taken = end.unwrap_or(room.min(bytes.len()));
            self.add(&bytes[..taken], end.is_some(), emit);
            self.after_cr = end.is_some() && bytes[taken] == b'\r';
            bytes = &bytes[taken + usize::from(end.is_some())..];
        }
    }

    /// Emits what has no line end.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        if !self.partial.is_empty() {
            self.add(b"", true, emit);
        }
        *self = Self::default();
    }

    fn add(&mut self, bytes: &[u8], is_whole: bool, emit: Emit<'_>) {
        if is_whole && self.partial.is_empty() {
            emit(bytes, self.is_continued);
        } else {
            self.partial.extend_from_slice(bytes);
            if !is_whole && self.partial.len() < PIECE_LIMIT_BYTES {
                return;
            }
            emit(&self.partial, self.is_continued);
            self.partial.clear();
        }
        self.is_continued = !is_whole;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(parts: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for part in parts {
            lines.feed(part, &mut |line, continued| found.push((line.to_vec(), continued)));
        }
        lines.finish(&mut |line, continued| found.push((line.to_vec(), continued)));
        found
    }

    fn whole(lines: &[&str]) -> Vec<(Vec<u8>, bool)> {
        lines.iter().map(|line| (line.as_bytes().to_vec(), false)).collect()
    }

    #[test]
    fn a_line_may_end_in_any_of_three_ways_and_come_in_any_parts() {
        assert_eq!(cut(&[b"a\r", b"\nb\rc\n\nd", b"e"]), whole(&["a", "b", "c", "", "de"]));
        assert_eq!(cut(&[b"a\r\r\nb"]), whole(&["a", "", "b"]));
        assert_eq!(cut(&[b""]), whole(&[]));
    }

    #[test]
    fn an_overlong_line_comes_in_pieces() {
        let long = vec![b'x'; 2 * PIECE_LIMIT_BYTES + 1];
        let pieces: Vec<(usize, bool)> = cut(&[&long, b"\nshort\n"]).iter().map(|(l, c)| (l.len(), *c)).collect();
        assert_eq!(pieces, [(PIECE_LIMIT_BYTES, false), (PIECE_LIMIT_BYTES, true), (1, true), (5, false)]);
    }

    proptest! {
        #[test]
        fn the_parts_do_not_matter(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..60),
        at in 0_usize..60,
    ) {
            let at = at.min(bytes.len());
            prop_assert_eq!(cut(&[&bytes[..at], &bytes[at..]]), cut(&[&bytes]));
        }
    }
}
