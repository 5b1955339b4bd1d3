//! Edge. Where a contender's time goes: samples of its CPU time, and each system call with its count and wall time.

use crate::contender::Contender;
use crate::delivery::Request;
use crate::load::{self, Load};
use crate::process::Group;
use crate::room::Room;
use crate::round::probe;
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write;
use std::io;
use std::process::{Command, Stdio};

/// Samples with `perf`, then counts with `strace`, each under a load of its own. The text of both reports.
pub fn run(contender: Contender, room: &Room, load: Load, size: usize) -> io::Result<String> {
    let data = room.dir.join("perf.data");
    let mut perf = Command::new("perf");
    perf.args(["record", "-q", "-e", "cpu-clock", "-F", "997", "-g", "-o"]).arg(&data);
    let (requests, _) = observed(contender, room, load, size, perf)?;
    let mut text = format!("### `perf`, {requests} requests\n\n");
    for sort in ["dso", "symbol"] {
        let mut report = Command::new("perf");
        report
            .args("report --stdio -q --no-children -g none --percent-limit 0.7".split(' '))
            .args(["--sort", sort, "-i"]);
        text.push_str(&String::from_utf8_lossy(&report.arg(&data).output()?.stdout));
    }
    for (title, options) in [("wall time", &["-c", "-w"][..]), ("CPU time", &["-c"])] {
        let counts = room.dir.join("strace.txt");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-q", "-o"]).arg(&counts);
        strace.args(options);
        let (requests, _) = observed(contender, room, load, size, strace)?;
        let _ = writeln!(text, "\n### `strace`, {title}, {requests} requests\n");
        text.push_str(&std::fs::read_to_string(&counts)?);
    }
    Ok(text)
}

/// Runs a load while `observer -p <pid>` watches; the number of accepted requests.
fn observed(
    contender: Contender,
    room: &Room,
    load: Load,
    size: usize,
    mut observer: Command,
) -> io::Result<(u64, Group)> {
    room.fresh_spool()?;
    let Some(group) = contender.start(room)? else { return Err(io::Error::other("nothing to profile")) };
    probe(contender, room, size)?;
    let pid = group.pid().as_raw_nonzero().to_string();
    let mut observer = observer.args(["-p", &pid]).stdout(Stdio::null()).spawn()?;
    let uri = contender.uri().unwrap_or_default();
    let requests: Vec<Request> = (1..=load.connections as u64).map(|n| Request::signed(uri, size, n)).collect();
    let answers = load::send(load, room.buffered, &requests, 1000)?;
    kill_process(Pid::from_child(&observer), Signal::INT)?;
    observer.wait()?;
    Ok((answers.accepted, group))
}
