//! Edge. A screen that is drawn over and over, on a terminal of its own size, until it is dropped.

use crate::cli::print;
use crate::system::terminal::KeyByKey;
use std::io::{self, IsTerminal, Write, stdin, stdout};

/// The other screen (xterm's 1049), without a cursor, and long lines cut instead of wrapped (DECTCEM, DECAWM).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/// To the upper left corner; to the end of the line, and of the screen, all is cleared.
const HOME: &str = "\x1b[H";
const TO_END_OF_LINE: &str = "\x1b[K";
const TO_END_OF_SCREEN: &str = "\x1b[J";

/// `true` if somebody sees it, and can end it.
pub(super) fn is_possible() -> bool {
    stdout().is_terminal() && stdin().is_terminal()
}

/// The screen.
pub(super) struct LiveScreen {
    drawn: String,
    _keys: KeyByKey,
}

impl LiveScreen {
    /// Begins with an empty one.
    pub(super) fn open() -> io::Result<Self> {
        let keys = KeyByKey::begin()?;
        write(ENTER)?;
        Ok(Self { drawn: String::new(), _keys: keys })
    }

    /// Shows `lines` and, last, `footer`, as many as there is room for: all in one write, and none if nothing changed.
    pub(super) fn draw(&mut self, lines: &[String], footer: &str) -> io::Result<()> {
        let rows = print::rows_of_terminal().unwrap_or(usize::MAX);
        let room = rows.saturating_sub(2);
        let mut shown: Vec<&str> = lines.iter().map(String::as_str).take(room).collect();
        let more = lines.len() - shown.len();
        let last = if more > 0 { format!("… {more} more lines; {footer}") } else { footer.to_owned() };
        shown.extend(["", &last]);
        let text = shown.join(&format!("{TO_END_OF_LINE}\r\n"));
        if text != self.drawn {
            write(&format!("{HOME}{text}{TO_END_OF_LINE}{TO_END_OF_SCREEN}"))?;
            self.drawn = text;
        }
        Ok(())
    }
}

impl Drop for LiveScreen {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing.
        let _ = write(LEAVE);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
