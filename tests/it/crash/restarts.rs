//! Receivers and runner stopped, killed and told to load anew, at moments that nobody chose, while deliveries come
//! without a pause: what was answered 202 is done once, and nothing else is there.

use crate::crash::random::next;
use crate::support::campaign::{number, tried};
use crate::support::github::{COMMIT, delivery_signed, push_to};
use crate::support::http::{Request, try_send};
use crate::support::until;
use crate::support::yard::{Runner, YARD_SECRET, Yard};
use hookspool::model::{JobId, State};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Restarts, unless `HOOKSPOOL_RESTARTS` says how many.
const RESTARTS: u64 = 30;
/// Longest time between two of them: a process has come up by then, or not.
const PAUSE_US: u64 = 120_000;
/// So many jobs are open at most, or a little more: a round has an end.
const BACKLOG: usize = 20;
const HOOKS: [&str; 2] = ["docs", "shop"];

const HOOK: &str = r#"timeout = "60s"
when_newer = "keep"
retry = { attempts = 100, backoff = "1ms", cap = "1ms" }
steps = [{ shell = """
exec 9>>alone.$HOOKSPOOL_HOOK; flock -n 9 || echo $HOOKSPOOL_JOB >>overlaps
echo $HOOKSPOOL_JOB >>began; sleep 0.01; echo $HOOKSPOOL_JOB >>ended""" }]"#;

/// A part of the service, and its log.
struct Part<'a> {
    yard: &'a Yard,
    arguments: &'static [&'static str],
    log: String,
    process: Runner,
}

impl<'a> Part<'a> {
    fn start(yard: &'a Yard, arguments: &'static [&'static str], name: &str) -> Self {
        let log = format!("{name}.log");
        let process = Runner::of(Self::command(yard, arguments, &log));
        Self { yard, arguments, log, process }
    }

    fn command(yard: &Yard, arguments: &[&str], log: &str) -> Command {
        let mut command = yard.hookspool(arguments);
        let log = std::fs::File::create(yard.path(log)).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Where it listens, once it does.
    fn address(&self) -> Option<SocketAddr> {
        let log = std::fs::read_to_string(self.yard.path(&self.log)).unwrap_or_default();
        let (said, _) = log.split_once("event=listening")?.1.split_once("address=")?.1.split_once('\n')?;
        said.split_whitespace().next()?.parse().ok()
    }

    /// Ends it as `how` says; or has it load its configuration, which ends one that is not yet ready for that.
    fn strike(&mut self, how: Signal) {
        self.process.signal(how);
        if how != Signal::HUP {
            until("it stops", || self.process.is_over());
        }
        self.tend();
    }

    /// Starts it again where it has ended, as a supervisor does. It ends by a signal, as it was told, or finds that what
    /// is left of a killed one has the spool.
    fn tend(&mut self) {
        if self.process.is_over() {
            let log = std::fs::read_to_string(self.yard.path(&self.log)).unwrap();
            let next = Runner::of(Self::command(self.yard, self.arguments, &self.log));
            let status = std::mem::replace(&mut self.process, next).ends();
            assert!(matches!(status, None | Some(0 | 75)), "{:?} ended with {status:?}: {log}", self.arguments);
        }
    }
}

/// What senders know.
#[derive(Default)]
struct Senders {
    is_over: AtomicBool,
    addresses: [Mutex<Option<SocketAddr>>; 2],
    sent: AtomicUsize,
    /// The jobs that a 202 named.
    promised: Mutex<BTreeSet<JobId>>,
}

impl Senders {
    fn promised(&self) -> std::sync::MutexGuard<'_, BTreeSet<JobId>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_until_over(&self, yard: &Yard, hook: &str, receiver: usize) {
        while !self.is_over.load(Ordering::SeqCst) {
            let address = *self.addresses[receiver].lock().unwrap();
            let push = delivery_signed(YARD_SECRET, &format!("/{hook}"), "push", &push_to("main", COMMIT));
            let is_wanted = self.promised().len() < yard.site("ended").lines().count() + BACKLOG;
            if !(is_wanted && address.is_some_and(|address| self.send(address, &push))) {
                // Nobody there, or enough to do: as a sender waits before the next.
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Sends once. A delivery without an answer is not sent again: it may be a job, or none.
    /// `true` if there was an answer.
    fn send(&self, address: SocketAddr, push: &Request) -> bool {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let Some(reply) = try_send(address, push) else { return false };
        let text = reply.text();
        assert!(matches!(reply.status, 202 | 503), "{reply:?}");
        if reply.status == 202 {
            let id = text.trim().strip_prefix("queued ").and_then(|id| id.parse().ok());
            let is_new = self.promised().insert(id.unwrap_or_else(|| panic!("{reply:?}")));
            assert!(is_new, "one job for two deliveries: {reply:?}");
        }
        true
    }
}

fn how(state: &mut u64) -> Signal {
    match next(state, 5) {
        0 => Signal::HUP,
        1 | 2 => Signal::TERM,
        _ => Signal::KILL,
    }
}

/// Strikes receivers and runner in turns that are left to chance. One strike in four comes when something was promised
/// since the one before, the others at moments that nobody chose.
fn strike_all(yard: &Yard, senders: &Senders) {
    let (restarts, mut state) = (number("RESTARTS", RESTARTS), number("SEED", 1));
    let receiver = &["serve", "--listen", "127.0.0.1:0"];
    let mut receivers = ["first", "second"].map(|name| Part::start(yard, receiver, name));
    let mut runner = Part::start(yard, &["spool-runner"], "runner");
    for _ in 0..restarts {
        match usize::try_from(next(&mut state, 4)).unwrap() {
            hit @ (0 | 1) => receivers[hit].strike(how(&mut state)),
            _ => runner.strike(how(&mut state)),
        }
        tried(1);
        std::thread::sleep(Duration::from_micros(next(&mut state, PAUSE_US)));
        let wanted = senders.promised().len() + usize::from(next(&mut state, 4) == 0);
        until("deliveries are promised", || {
            runner.tend();
            for (part, known) in receivers.iter_mut().zip(&senders.addresses) {
                part.tend();
                *known.lock().unwrap() = part.address();
            }
            senders.promised().len() >= wanted
        });
    }
}

#[test]
fn whatever_is_restarted_under_load_each_promised_job_is_done_once() {
    let yard = Yard::in_memory("workers = 2", &HOOKS.map(|name| (name, HOOK)));
    let senders = Senders::default();
    std::thread::scope(|scope| {
        for (receiver, hook) in HOOKS.iter().enumerate() {
            let (yard, senders) = (&yard, &senders);
            scope.spawn(move || senders.send_until_over(yard, hook, receiver));
        }
        let _over = Over(&senders.is_over);
        strike_all(&yard, &senders);
    });
    let drained = yard.drain();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(yard.site("overlaps"), "");
    let promised = std::mem::take(&mut *senders.promised());
    assert!(!promised.is_empty(), "nothing was promised");
    expect_done_once(&yard, &promised, senders.sent.load(Ordering::SeqCst));
}

/// Senders end with it, also where something fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Each promised job is done, and whatever else is there was sent.
fn expect_done_once(yard: &Yard, promised: &BTreeSet<JobId>, sent: usize) {
    for state in State::ALL.iter().filter(|state| **state != State::Done) {
        assert_eq!(yard.names(state.as_str()), [""; 0], "{}", state.as_str());
    }
    let done = yard.names("done");
    let done: BTreeSet<JobId> = done.iter().filter_map(|name| name.strip_suffix(".job")?.parse().ok()).collect();
    let lost: Vec<&JobId> = promised.difference(&done).collect();
    assert_eq!(lost, Vec::<&JobId>::new(), "promised, and gone");
    assert!(done.len() <= sent, "{} jobs of {sent} deliveries", done.len());
    let ran = yard.site("ended");
    for id in &done {
        let history = yard.history(*id);
        let ended: Vec<_> = history.iter().filter(|line| line["what"] == "ended").collect();
        assert!(ended.len() == 1 && ended[0]["outcome"] == "succeeded", "{id}: {history:?}");
        assert!(ran.contains(&id.to_string()), "{id} is done and its step did not end: {history:?}");
    }
    let listed = yard.listed();
    let deliveries: BTreeSet<&str> = listed.iter().filter_map(|job| job["delivery"].as_str()).collect();
    assert_eq!((listed.len(), deliveries.len()), (done.len(), done.len()), "one delivery is two jobs");
}
