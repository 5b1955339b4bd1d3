//! Edge. A terminal of a test's own: a program on its far side, keys and screen on the near one. `script` would lose
//! what a program writes just before it ends.

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};

/// A program on a terminal of 24 lines.
pub(crate) struct Terminal {
    child: Child,
    near: File,
    shown: Vec<u8>,
}

impl Terminal {
    /// Starts `program`, whose environment says nothing of the terminal, on one of so many columns.
    pub(crate) fn start(program: &Command, columns: u16) -> Self {
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&near).unwrap();
        unlockpt(&near).unwrap();
        tcsetwinsize(&near, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&near, Vec::new()).unwrap();
        let far = open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program.get_program()).args(program.get_args()).env_clear();
        command.env("TERM", "xterm").envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let [input, output] = [(); 2].map(|()| far.try_clone().unwrap());
        let child = command.stdin(input).stdout(output).stderr(far).spawn().unwrap();
        Self { child, near: near.into(), shown: Vec::new() }
    }

    /// Reads until `part` has come, since the last time; all that came.
    pub(crate) fn until(&mut self, part: &str) -> String {
        while !String::from_utf8_lossy(&self.shown).contains(part) {
            assert!(self.read(), "the end, and no {part:?}: {:?}", String::from_utf8_lossy(&self.shown));
        }
        self.take()
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.near.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads to the end; whether the program ended well, and what came since the last time.
    pub(crate) fn ends(mut self) -> (bool, String) {
        while self.read() {}
        (self.child.wait().unwrap().success(), self.take())
    }

    fn take(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.shown)).unwrap()
    }

    /// Reads what is there, or comes next; `false` at the end, which is when nobody is left on the far side.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = match self.near.read(&mut buffer) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::IO) => 0,
            read => read.unwrap(),
        };
        self.shown.extend(&buffer[..count]);
        count > 0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = (self.child.kill(), self.child.wait());
    }
}
