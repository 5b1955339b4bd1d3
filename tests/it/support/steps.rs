//! Edge. A job without a spool: plan, facts, log, and what became of them.

use hookspool::config::{
    Backoff, ClosedPaths, Confining, OnInterrupt, Plan, Retry, RetryOn, Step, StepAction, WhenNewer,
};
use hookspool::model::{EventKind, JobId, JobMeta, RefName};
use hookspool::runner::log::JobLog;
use hookspool::runner::steps::{
    Control, JobFacts, JobResult, List, StepNews, StepRecord, StepResult, run_after, run_job,
};
use hookspool::system::stop::{Stop, StopTrigger};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than anything here takes; a test that reaches it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Bench {
    pub(crate) root: TempDir,
    pub(crate) plan: Plan,
    pub(crate) facts: JobFacts,
    pub(crate) grace: Duration,
    pub(crate) kill_delay: Duration,
    pub(crate) drain: Duration,
    pub(crate) lock_wait: Duration,
    pub(crate) stall: Duration,
    pub(crate) alone: bool,
    pub(crate) stop: (Stop, StopTrigger),
    pub(crate) cancel: (Stop, StopTrigger),
}

/// What became of a job.
pub(crate) struct Done {
    pub(crate) result: JobResult,
    pub(crate) records: Vec<StepRecord>,
    pub(crate) log: String,
}

impl Done {
    pub(crate) fn results(&self) -> Vec<StepResult> {
        self.records.iter().map(|record| record.result.clone()).collect()
    }
}

pub(crate) fn step(action: StepAction) -> Step {
    Step {
        action,
        timeout: None,
        silence: None,
        env: Vec::new(),
        confining: Confining::AsHook,
        always: false,
        restarts_runner: false,
    }
}

pub(crate) fn shell(script: &str) -> Step {
    step(StepAction::Shell(script.to_owned()))
}

pub(crate) fn run(argv: &[&str]) -> Step {
    step(StepAction::Run(argv.iter().map(|&word| word.to_owned()).collect()))
}

pub(crate) fn always(step: Step) -> Step {
    Step { always: true, ..step }
}

impl Bench {
    pub(crate) fn new(steps: impl Into<Vec<Step>>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("work");
        fs::create_dir(&dir).unwrap();
        let facts = facts(root.path());
        Self {
            plan: plan(dir, steps.into()),
            facts,
            grace: LONG,
            kill_delay: LONG,
            drain: LONG,
            lock_wait: LONG,
            stall: LONG,
            alone: false,
            stop: Stop::by_hand().unwrap(),
            cancel: Stop::by_hand().unwrap(),
            root,
        }
    }

    pub(crate) fn control(&self) -> Control<'_> {
        Control {
            stop: &self.stop.0,
            cancel: Some(&self.cancel.0),
            grace: self.grace,
            kill_delay: self.kill_delay,
            drain: self.drain,
            lock_wait: self.lock_wait,
            stall: self.stall,
            alone: self.alone,
        }
    }

    pub(crate) fn run(&self) -> Done {
        let mut records = Vec::new();
        let mut log = JobLog::open(&self.facts.log).unwrap();
        let result = run_job(&self.plan, &self.facts, &mut log, &self.control(), &mut |news| note(&mut records, news));
        log.finish().unwrap();
        Done { result, records, log: self.log() }
    }

    pub(crate) fn run_on_failure(&self, result: &JobResult) -> Vec<StepRecord> {
        let mut records = Vec::new();
        let mut log = JobLog::open(&self.facts.log).unwrap();
        run_after(List::OnFailure, &self.plan, &self.facts, result, &mut log, &self.control(), &mut |news| {
            note(&mut records, news)
        });
        records
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.facts.log).unwrap_or_default()
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.plan.dir
    }

    /// What a step wrote to `name` in the work directory.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.dir().join(name)).unwrap_or_default()
    }

    /// A FIFO in the work directory, and what is written to it.
    pub(crate) fn fifo(&self, name: &str) -> Fifo {
        let path = self.dir().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Fifo::read(path)
    }
}

/// The lines written to a FIFO, as they come, and its end: the moment when nobody has it open any more.
pub(crate) struct Fifo(Receiver<Option<String>>);

impl Fifo {
    fn read(path: PathBuf) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(File::open(path).unwrap()).lines() {
                let _nobody_listens = sender.send(line.ok());
            }
            let _nobody_listens = sender.send(None);
        });
        Self(receiver)
    }

    pub(crate) fn line(&self) -> String {
        self.0.recv_timeout(LONG).expect("a line in time").expect("a line before the end")
    }

    /// Waits for the end, passing over lines.
    pub(crate) fn end(&self) {
        while self.0.recv_timeout(LONG).expect("the end in time").is_some() {}
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.0.try_iter().any(|line| line.is_none())
    }
}

/// Waits for a fact of which nobody tells.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs the test `name` in a process of its own, with something on its standard input, and returns true; false in
/// that process.
pub(crate) fn in_own_process(name: &str) -> bool {
    const HERE: &str = "HOOKSPOOL_TEST_IN_OWN_PROCESS";
    if std::env::var_os(HERE).is_some() {
        return false;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let input = File::open("/proc/self/status").unwrap();
    let output = command.args(["--exact", name]).env(HERE, "1").stdin(input).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    true
}

#[expect(clippy::unnecessary_wraps, reason = "what a recorder returns")]
fn note(records: &mut Vec<StepRecord>, news: StepNews<'_>) -> std::io::Result<()> {
    if let StepNews::Ended(record) = news {
        records.push(record.clone());
    }
    Ok(())
}

fn plan(dir: PathBuf, steps: Vec<Step>) -> Plan {
    Plan {
        dir,
        releases: None,
        rolls_back: false,
        umask: None,
        ssh_key: None,
        queue: "q".to_owned(),
        when_newer: WhenNewer::Supersede,
        retry: Retry {
            attempts: 1,
            backoff: Backoff { base: Duration::ZERO, cap: Duration::ZERO },
            on: RetryOn::Transient,
        },
        on_interrupt: OnInterrupt::Retry,
        timeout: LONG,
        silence: None,
        reconcile: None,
        env: Vec::new(),
        confine: None,
        steps,
        on_failure: Vec::new(),
        on_success: Vec::new(),
        on_recovery: Vec::new(),
        always: Vec::new(),
        notify: Vec::new(),
        status: None,
    }
}

fn facts(root: &Path) -> JobFacts {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let sequence = u64::from(std::process::id()) * 1_000_000 + u64::from(NEXT.fetch_add(1, Ordering::Relaxed));
    let now = u32::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() % u128::from(u32::MAX)).unwrap();
    JobFacts {
        job: JobId::new(sequence, now).unwrap(),
        meta: JobMeta {
            reference: RefName::parse("refs/heads/main"),
            before: Some("b".repeat(40)),
            after: Some("a".repeat(40)),
            repository: Some("me/docs".to_owned()),
            pusher: Some("me".to_owned()),
            delivery: Some("d-1".to_owned()),
            ..JobMeta::new("docs", "gitea", EventKind::Push, jiff::Timestamp::UNIX_EPOCH)
        },
        deployed: None,
        attempt: 1,
        payload: root.join("x.job"),
        log: root.join("x.log"),
        spool: root.join("spool"),
        closed: ClosedPaths { trees: vec![root.join("spool")], ..ClosedPaths::default() },
    }
}
