//! Edge. The process table, as proc(5) shows it.

use std::fs;
use std::io;

/// A process at one moment. `pid` and `started` together are never given to another process of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Parent's process id.
    pub parent: i32,
    /// Session id.
    pub session: i32,
    /// State letter of proc(5).
    pub state: u8,
    /// Threads that are left; a leader may be a zombie while its threads run on.
    pub threads: u32,
    /// Start time in clock ticks since boot.
    pub started: u64,
}

impl Process {
    /// True if any of its threads can still run.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x') || self.threads > 1
    }

    /// True if it can do nothing before it gets a signal.
    pub fn is_frozen(&self) -> bool {
        matches!(self.state, b'T' | b't')
    }

    /// Mark that tells it from a later process with the same id.
    pub fn key(&self) -> (i32, u64) {
        (self.pid, self.started)
    }
}

/// Whose mark a process carries in the environment that it was started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The one asked for.
    Ours,
    /// Another job's.
    Other,
    /// None.
    Absent,
    /// Not to be read: another user's, gone, or a kernel thread's.
    Unknown,
}

/// All processes that can be seen.
pub fn processes() -> io::Result<Vec<Process>> {
    let pids = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(pids.filter_map(process).collect())
}

/// Process `pid`, if there is one.
pub fn process(pid: i32) -> Option<Process> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// `/proc/<pid>/stat`. The second field is the program's name in parentheses, and may hold anything.
fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    let after_name = stat.iter().rposition(|&b| b == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Process {
        pid,
        state: *fields.first()?.as_bytes().first()?,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        threads: fields.get(17)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// True if the environment of `pid` says `name=value`.
pub fn mark(pid: i32, name: &str, value: &str) -> Mark {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return Mark::Unknown };
    let prefix = format!("{name}=");
    let found = environment.split(|&b| b == 0).find_map(|entry| entry.strip_prefix(prefix.as_bytes()));
    match found {
        Some(other) if other == value.as_bytes() => Mark::Ours,
        Some(_) => Mark::Other,
        None => Mark::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let stat = b"12 (a) R 9 (b c) S 7 12 11 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 987654 0 0\n";
        let process = parse(12, stat).unwrap();
        let expected = Process { pid: 12, parent: 7, session: 11, state: b'S', threads: 3, started: 987_654 };
        assert_eq!(process, expected);
    }

    #[test]
    fn this_process_is_in_the_table() {
        let me = i32::try_from(std::process::id()).unwrap();
        let found = processes().unwrap().into_iter().find(|p| p.pid == me).unwrap();
        assert!(found.is_alive() && !found.is_frozen());
        assert_eq!(Some(found.key()), process(me).map(|p| p.key()));
    }
}
