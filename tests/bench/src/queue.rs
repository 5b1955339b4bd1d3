//! Edge. Jobs per second: the same number of `true`, one after the other, by hookspool's runner and by what people use.

use crate::delivery::{HOOK, Request};
use crate::load;
use crate::process::{Group, wait_until};
use crate::room::Room;
use crate::unflushed::{append, fill};
use hookspool::spool::Inbox;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One of those compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// hookspool, its jobs appended before the clock starts.
    Waiting,
    /// hookspool, its jobs appended (flushed) while it runs.
    Arriving,
    /// nq, one queue.
    Nq,
    /// task-spooler, one queue.
    TaskSpooler,
    /// adnanh/webhook, answering when its command has ended.
    Webhook,
}

impl Queue {
    /// All, in the order of a round.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Arriving, Self::Nq, Self::TaskSpooler, Self::Webhook];

    /// What the table calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "**hookspool**, jobs waiting",
            Self::Arriving => "**hookspool**, jobs arriving one by one, flushed",
            Self::Nq => "nq",
            Self::TaskSpooler => "task-spooler",
            Self::Webhook => "adnanh/webhook, signed requests one by one",
        }
    }

    /// What is on disk when a job is accepted.
    pub fn keeps(self) -> &'static str {
        match self {
            Self::Waiting | Self::Arriving => "job, history, log; each flushed",
            Self::Nq => "output, not flushed",
            Self::TaskSpooler => "output, not flushed; the queue is in memory",
            Self::Webhook => "nothing",
        }
    }

    /// Seconds from the first job's submission to the last one's end.
    pub fn run(self, room: &Room, jobs: u64) -> io::Result<Duration> {
        room.fresh_spool()?;
        match self {
            Self::Waiting => {
                fill(&room.spool(), HOOK, jobs)?;
                timed(|| succeed(runner(room).arg("--once")))
            }
            Self::Arriving => arriving(room, jobs),
            Self::Nq => nq(room, jobs),
            Self::TaskSpooler => task_spooler(room, jobs),
            Self::Webhook => webhook(room, jobs),
        }
    }
}

/// hookspool's runner on this room's spool.
pub fn runner(room: &Room) -> Command {
    let mut command = Command::new(&room.hookspool);
    command.arg("spool-runner").env("HOOKSPOOL_CONFIG", room.config()).current_dir(&room.dir);
    command
}

/// Jobs that have ended well.
pub fn done(spool: &Path) -> u64 {
    let names = fs::read_dir(spool.join("done")).into_iter().flatten().flatten();
    names.map(|entry| u64::from(entry.file_name().as_encoded_bytes().ends_with(b".job"))).sum()
}

fn timed(work: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {output:?}"))) }
}

fn arriving(room: &Room, jobs: u64) -> io::Result<Duration> {
    let inbox = Inbox::open(&room.spool()).map_err(io::Error::other)?;
    let runner = Group::start(runner(room), &room.log("runner"))?;
    append(&inbox, HOOK, 0)?;
    wait_until("the runner", || done(&room.spool()) == 1)?;
    let time = timed(|| {
        (1..=jobs).try_for_each(|number| append(&inbox, HOOK, number))?;
        while done(&room.spool()) <= jobs {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    drop(runner);
    time
}

fn nq(room: &Room, jobs: u64) -> io::Result<Duration> {
    let queue = room.dir.join("nq");
    fs::create_dir_all(&queue)?;
    let nq = || {
        let mut command = Command::new("nq");
        command.env("NQDIR", &queue);
        command
    };
    let time = timed(|| {
        (0..jobs).try_for_each(|_| succeed(nq().arg("-q").arg("true")))?;
        succeed(nq().arg("-w"))
    })?;
    let used = room.dir.join("used");
    fs::rename(&queue, used.join(format!("nq-{}", fs::read_dir(&used)?.count())))?;
    Ok(time)
}

fn task_spooler(room: &Room, jobs: u64) -> io::Result<Duration> {
    let tsp = || {
        let mut command = Command::new("tsp");
        command.env("TS_SOCKET", room.socket("tsp")).env("TMPDIR", &room.dir).env("TS_MAXFINISHED", "100");
        command
    };
    let time = timed(|| {
        (0..jobs).try_for_each(|_| succeed(tsp().arg("true")))?;
        succeed(tsp().arg("-w"))
    });
    succeed(tsp().arg("-K"))?;
    time
}

fn webhook(room: &Room, jobs: u64) -> io::Result<Duration> {
    let hooks = fs::read_to_string(room.dir.join("hooks.json"))?;
    let waiting =
        hooks.replace("\"execute-command\"", "\"include-command-output-in-response\": true,\n    \"execute-command\"");
    let file = room.dir.join("hooks-waiting.json");
    fs::write(&file, waiting)?;
    let mut command = Command::new("webhook");
    command.arg("-hooks").arg(&file).args(["-ip", &room.webhook.ip().to_string()]);
    command.args(["-port", &room.webhook.port().to_string()]);
    let server = Group::start(command, &room.log("webhook"))?;
    let mut request = Request::signed("/hooks", 8192, 0);
    let accepted = |request: &Request| load::send_one(room.webhook, request).is_ok_and(|status| status == 200);
    wait_until("webhook", || accepted(&request))?;
    let time = timed(|| {
        for number in 1..=jobs {
            request.stamp(number);
            if !accepted(&request) {
                return Err(io::Error::other("adnanh/webhook refused a signed delivery"));
            }
        }
        Ok(())
    });
    drop(server);
    time
}
