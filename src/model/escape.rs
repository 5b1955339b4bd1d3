//! Pure. Text from outside as people may be shown it: nothing in it acts on a terminal, or reorders what stands beside
//! it.

/// Appends `line` to `text` so that it cannot act on a terminal: control characters (a tab aside), bytes that are not
/// UTF-8 and marks that reorder text are written as `\x1b` or `\u{202e}`.
pub fn escape(line: &[u8], text: &mut Vec<u8>) {
    if line.iter().all(|&b| matches!(b, b' '..=b'~' | b'\t')) {
        text.extend_from_slice(line);
        return;
    }
    for chunk in line.utf8_chunks() {
        chunk.valid().chars().for_each(|c| escape_char(c, text));
        chunk.invalid().iter().for_each(|&b| escape_byte(b, text));
    }
}

fn escape_byte(b: u8, text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.extend_from_slice(&[b'\\', b'x', DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]);
}

fn escape_char(c: char, text: &mut Vec<u8>) {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if let (true, Ok(b)) = (c.is_ascii_control() && c != '\t', u8::try_from(c)) {
        escape_byte(b, text);
    } else if reorders || (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}') {
        text.extend_from_slice(format!("\\u{{{:x}}}", u32::from(c)).as_bytes());
    } else {
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_left() {
        let escaped = |line: &[u8]| {
            let mut text = Vec::new();
            escape(line, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(escaped(b"\x1b[31mred\x07"), "\\x1b[31mred\\x07");
        assert_eq!(escaped("é\u{9b}\u{202e}\t ok".as_bytes()), "é\\u{9b}\\u{202e}\t ok");
        assert_eq!(escaped(b"caf\xe9"), "caf\\xe9");
    }
}
