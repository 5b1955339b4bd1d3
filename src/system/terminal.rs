//! Edge. The terminal on standard input, while keys are read one by one.

use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io;

/// Keys are read as they are typed, unseen, until this is dropped. Control-C interrupts as ever; nothing suspends.
#[derive(Debug)]
pub struct KeyByKey(Termios);

impl KeyByKey {
    /// From now on.
    pub fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        modes.special_codes[SpecialCodeIndex::VSUSP] = 0;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &modes)?;
        Ok(Self(before))
    }
}

impl Drop for KeyByKey {
    fn drop(&mut self) {
        // A terminal that is gone has no modes.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.0);
    }
}
