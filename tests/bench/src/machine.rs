//! Edge. What the figures depend on: machine, file system, versions, date.

use crate::procfs;
use crate::room::Room;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A list in Markdown, one line for each fact.
pub fn describe(room: &Room) -> String {
    let facts = [
        ("date", jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()),
        ("machine", format!("{} × {}, {} MiB of memory", processors(), cpu_model(), memory_mib())),
        ("kernel", first_line(Command::new("uname").arg("-sr"))),
        ("disk", file_system(&room.dir)),
        ("load average before", procfs::load_average()),
        ("hookspool", hookspool(room)),
        ("crate `fastcgi`", "1.0.0".to_owned()),
        ("nginx", first_line(Command::new("nginx").arg("-v"))),
        ("adnanh/webhook", first_line(Command::new("webhook").arg("-version"))),
        ("uWSGI", first_line(Command::new("uwsgi").arg("--version"))),
        ("fcgiwrap", first_line(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "fcgiwrap"]))),
        ("Python", first_line(Command::new("/usr/bin/python3").arg("--version"))),
        ("compiler", first_line(Command::new("rustc").arg("--version"))),
    ];
    facts.map(|(name, value)| ["- ", name, ": ", &value, "\n"].concat()).concat()
}

/// First line of what a program prints; nginx prints its version to standard error.
fn first_line(command: &mut Command) -> String {
    let Ok(output) = command.output() else { return "unknown".to_owned() };
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8_lossy(&text).lines().next().unwrap_or("unknown").to_owned()
}

fn hookspool(room: &Room) -> String {
    let version = first_line(Command::new(&room.hookspool).arg("--version"));
    let commit = first_line(Command::new("git").args(["rev-parse", "--short", "HEAD"]));
    format!("{version}, commit {commit}")
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn cpu_model() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned())
}

fn memory_mib() -> u64 {
    let kib: Option<u64> =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) / 1024
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Type and options of the file system of `path`: the longest mount point above it.
fn file_system(path: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let best = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            Some((words.next()?, words.next()?, words.next()?))
        })
        .filter(|(point, ..)| path.starts_with(point))
        .max_by_key(|(point, ..)| point.len());
    best.map_or_else(|| "unknown".to_owned(), |(_, kind, options)| format!("{kind} ({options})"))
}
