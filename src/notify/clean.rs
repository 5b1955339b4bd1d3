//! Pure. Texts of strangers in a message: without what acts on a reader's screen, and no longer than it may be.

/// The unit in which a service counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextUnit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode characters.
    Characters,
    /// Units of UTF-16.
    Utf16,
}

impl TextUnit {
    fn of(self, c: char) -> usize {
        match self {
            Self::Bytes => c.len_utf8(),
            Self::Characters => 1,
            Self::Utf16 => c.len_utf16(),
        }
    }

    /// Length of a text.
    pub(super) fn length(self, text: &str) -> usize {
        text.chars().map(|c| self.of(c)).sum()
    }

    /// The beginning of `text`, no longer than `limit`, with a sign where that is not all.
    pub(super) fn cut(self, text: &str, limit: usize) -> String {
        if self.length(text) <= limit {
            return text.to_owned();
        }
        let mut left = limit.saturating_sub(self.of(ELLIPSIS));
        let fits = |c: &char| {
            let fits = self.of(*c) <= left;
            left = left.saturating_sub(self.of(*c));
            fits
        };
        let mut cut: String = text.chars().take_while(fits).collect();
        if limit >= self.of(ELLIPSIS) {
            cut.push(ELLIPSIS);
        }
        cut
    }
}

const ELLIPSIS: char = '…';

/// One line: control characters and line ends are blanks, marks that turn the order of what is read are gone; at most
/// so many characters.
pub(super) fn line(text: &str, limit: usize) -> String {
    let shown = text.chars().filter(|c| !is_invisible(*c)).map(|c| if is_control(c) { ' ' } else { c });
    let mut line = String::new();
    for c in shown.take(4 * limit) {
        if c != ' ' || !line.ends_with(' ') {
            line.push(c);
        }
    }
    TextUnit::Characters.cut(line.trim(), limit)
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || c.is_whitespace()
}

/// Marks of direction, joiners, tags and other characters without a shape (Unicode `Cf`, as far as it can deceive).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` without the markup that a service knows no escape for: a look-alike stands in its place, which no renderer
/// takes for the sign, so that the text still reads the same.
pub(super) fn without_markup(text: &str) -> String {
    let plain = |c: char| match c {
        '[' => '［',
        ']' => '］',
        '(' => '（',
        ')' => '）',
        '<' => '＜',
        '>' => '＞',
        '@' => '＠',
        '*' => '＊',
        '`' => '＇',
        '#' => '＃',
        '\\' => '＼',
        '&' => '＆',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// `text` in which no `@name` is one: a character without width follows each `@` (U+2060, word joiner).
pub(super) fn without_mentions(text: &str) -> String {
    text.replace('@', "@\u{2060}")
}

/// `text` with the signs of HTML escaped: also what Slack asks for.
pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `text` with everything in it blotted out that is a secret, or a part of one: an answer may repeat the request.
pub(super) fn redacted(text: &str, secrets: &[String]) -> String {
    let mut parts: Vec<&str> = secrets.iter().flat_map(|secret| parts(secret)).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.iter().fold(text.to_owned(), |text, part| text.replace(part, BLOT))
}

/// The same of a text of which the rest may not have arrived: a secret at its end may be there in part.
pub(super) fn redacted_beginning(text: &str, secrets: &[String]) -> String {
    let text = redacted(text.trim_end_matches(char::REPLACEMENT_CHARACTER), secrets);
    let parts = secrets.iter().flat_map(|secret| parts(secret));
    match parts.filter_map(|part| torn_at(&text, part)).min() {
        Some(at) => format!("{}{BLOT}", &text[..at]),
        None => text,
    }
}

/// The place from which `text` ends with the beginning of `part`.
fn torn_at(text: &str, part: &str) -> Option<usize> {
    let lengths = (PART_BYTES..part.len()).rev().filter(|length| part.is_char_boundary(*length));
    let torn = lengths.map(|length| &part[..length]).find(|beginning| text.ends_with(beginning))?;
    Some(text.len() - torn.len())
}

/// In the place of a secret.
const BLOT: &str = "[…]";

/// Shortest part of a secret that is blotted out by itself; a host's name is not one.
const PART_BYTES: usize = 8;

/// A secret whole, and where it is a URL what follows the host, piece by piece.
fn parts(secret: &str) -> Vec<&str> {
    let behind = secret.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let pieces = behind.map_or_else(Vec::new, |(_, path)| path.split(['/', '?', '&', '=', ';', '#']).collect());
    let long = |piece: &&str| piece.len() >= PART_BYTES;
    let path = behind.map(|(_, path)| path).into_iter().filter(long);
    [secret].into_iter().filter(|whole| !whole.is_empty()).chain(path).chain(pieces.into_iter().filter(long)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_counts_its_own_way_and_cuts_between_characters() {
        let text = "aé😀".repeat(10);
        let units = [TextUnit::Bytes, TextUnit::Characters, TextUnit::Utf16];
        assert_eq!(units.map(|unit| unit.length(&text)), [70, 30, 40]);
        assert_eq!(units.map(|unit| unit.cut(&text, 9)), ["aé…", "aé😀aé😀aé…", "aé😀aé😀…"]);
        for unit in units {
            for limit in 0..80 {
                let cut = unit.cut(&text, limit);
                assert!(unit.length(&cut) <= limit, "{unit:?} {limit} {cut}");
            }
            assert_eq!(unit.cut(&text, 70), text);
        }
    }

    #[test]
    fn a_line_shows_nothing_that_acts_on_the_screen() {
        let hostile = "ma\u{1b}[31min\r\nBcc: x\u{202e}txt.exe\u{200b}\u{e0041}\u{2028}z\t";
        assert_eq!(line(hostile, 100), "ma [31min Bcc: xtxt.exe z");
        assert_eq!(line(&"x".repeat(1 << 20), 5), "xxxx…");
    }

    #[test]
    fn secrets_and_their_parts_are_blotted_out() {
        let url = "https://hooks.slack.com/services/T000/B00000000/abcdefghijkl?x=tokentoken".to_owned();
        let said = "POST https://hooks.slack.com/services/T000/B00000000/abcdefghijkl?x=tokentoken";
        let secrets = [url, "s3cr3t".to_owned()];
        assert_eq!(redacted(said, &secrets), "POST […]");
        assert_eq!(redacted("no abcdefghijkl, tokentoken or s3cr3t", &secrets), "no […], […] or […]");
        assert_eq!(redacted("hooks.slack.com is down", &secrets), "hooks.slack.com is down");
    }
}
