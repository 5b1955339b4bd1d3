//! Edge. A spool of its own with hooks whose step leaves marks, deliveries by CGI, and the real runner.

use crate::crash::strace::{Strace, run};
use crate::support::world::World;
use hookspool::model::JobId;
use hookspool::provider::{Provider, SamplePush, Secret};
use std::fs::{self, File};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) const SECRET: &str = "a secret that only this test knows, and its forge";

/// Leaves `begin` and `end` in `marks`, and `overlap` if another copy runs. While `gate` is a FIFO it waits there for
/// ever. Arguments: the directory, and how to exit.
const STEP: &str = r#"
exec 9>>"$1/alone"
flock -n 9 || echo "overlap $HOOKSPOOL_JOB $HOOKSPOOL_ATTEMPT" >>"$1/marks"
echo "begin $HOOKSPOOL_JOB $HOOKSPOOL_ATTEMPT" >>"$1/marks"
cmp "$HOOKSPOOL_PAYLOAD" "$1/payload" || echo "wrong payload" >>"$1/marks"
if [ -p "$1/begun" ]; then echo begun >"$1/begun"; fi
if [ -p "$1/gate" ]; then exec 8<"$1/gate"; fi
echo printed
echo "end $HOOKSPOOL_JOB $HOOKSPOOL_ATTEMPT" >>"$1/marks"
exit "$2"
"#;

/// A world whose hooks' steps leave marks, in memory: its processes are killed.
pub(crate) struct Home(World);

impl Deref for Home {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

/// A job as `list --json` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) state: String,
    pub(crate) outcome: String,
    pub(crate) attempts: u64,
}

/// A reply of the CGI program.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Reply {
    /// The reply in `stdout`, which is well formed, if there is one.
    pub(crate) fn read(stdout: &[u8]) -> Option<Self> {
        let all = String::from_utf8(stdout.to_vec()).expect("a reply that is no text");
        if all.is_empty() {
            return None;
        }
        let (head, text) = all.split_once("\r\n\r\n").expect("a reply without a blank line");
        let status = head.strip_prefix("Status: ").and_then(|rest| rest.get(..3)?.parse().ok());
        let text = text.strip_suffix('\n').expect("a reply without an end").to_owned();
        Some(Self { status: status.expect("a reply without a status"), head: head.to_owned(), text })
    }

    /// The job that it promises.
    pub(crate) fn queued(&self) -> Option<JobId> {
        let id = self.text.strip_prefix("queued ").filter(|_| self.status == 202)?;
        JobId::from_job_file_name(format!("{id}.job").as_bytes())
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::with_runner_settings("")
    }

    /// `settings` are lines of the table `[runner]`.
    pub(crate) fn with_runner_settings(settings: &str) -> Self {
        let home = Self(World::in_memory());
        home.write("secret", SECRET);
        home.configure(&home.settings(settings));
        home.write("step.sh", STEP);
        home.write("payload", std::str::from_utf8(&body()).unwrap());
        home.write("marks", "");
        hookspool::spool::create(&home.spool()).unwrap();
        home
    }

    fn settings(&self, runner: &str) -> String {
        let root = self.root().display();
        let hook = |name: &str, status: u8, more: &str| {
            format!(
                "[[hook]]\nname = \"{name}\"\nprovider = \"github\"\nsecret = {{ file = \"{root}/secret\" }}\n\
                 dir = \"{root}/site\"\nwhen_newer = \"keep\"\nretry = {{ attempts = 3, backoff = \"1ms\" }}\n\
                 steps = [{{ run = [\"/bin/sh\", \"{root}/step.sh\", \"{root}\", \"{status}\"] }}]\n{more}\n"
            )
        };
        let hooks = [
            hook("succeeds", 0, "timeout = \"60s\""),
            hook("fails", 3, "timeout = \"60s\""),
            hook("times-out", 0, "timeout = \"150ms\""),
            hook("tells", 0, "timeout = \"60s\"\non_success = [{ shell = \"true\" }]\nalways = [{ shell = \"true\" }]"),
            hook("holds", 0, "timeout = \"60s\"\non_interrupt = \"hold\""),
        ];
        format!("[runner]\n{runner}\n{}", hooks.concat())
    }

    /// From now on steps stop at the gate.
    pub(crate) fn close_gate(&self) {
        assert!(Command::new("mkfifo").arg(self.path("gate")).status().unwrap().success());
    }

    /// Starts the runner, and returns once a step has begun that waits at the gate.
    pub(crate) fn runner_at_the_gate(&self, mut runner: Command) -> Child {
        self.close_gate();
        assert!(Command::new("mkfifo").arg(self.path("begun")).status().unwrap().success());
        let runner = runner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let begun = self.path("begun");
        std::thread::spawn(move || sender.send(fs::read_to_string(begun)));
        let said = receiver.recv_timeout(Duration::from_secs(60)).expect("no step began").unwrap();
        assert_eq!(said, "begun\n");
        fs::remove_file(self.path("begun")).unwrap();
        runner
    }

    /// Leaves an interrupted job, and its step alive.
    pub(crate) fn kill_runner_while_the_step_runs(&self) {
        let mut runner = self.runner_at_the_gate(self.runner());
        runner.kill().unwrap();
        runner.wait().unwrap();
        assert!(self.step_is_alive());
        self.remove_gate();
    }

    /// Steps to come pass; one that waits goes on waiting.
    pub(crate) fn remove_gate(&self) {
        let _ = fs::remove_file(self.path("gate"));
    }

    /// A signed delivery, taken in by the CGI program.
    pub(crate) fn deliver(&self, hook: &str, delivery: &str) -> JobId {
        let output = run(&mut self.cgi(hook, delivery, &body()), self.standard_input());
        let reply = Reply::read(&output.stdout);
        reply.as_ref().and_then(Reply::queued).unwrap_or_else(|| panic!("not queued: {reply:?}, {output:?}"))
    }

    /// The same with the payload in a form.
    pub(crate) fn deliver_form(&self, hook: &str, delivery: &str) -> JobId {
        let body = form();
        let mut command = self.cgi(hook, delivery, &body);
        command.env("CONTENT_TYPE", "application/x-www-form-urlencoded");
        let output = run(&mut command, self.standard_input());
        Reply::read(&output.stdout).as_ref().and_then(Reply::queued).expect("the form was not queued")
    }

    /// The CGI program as a web server starts it. `body` is to be its standard input.
    pub(crate) fn cgi(&self, hook: &str, delivery: &str, body: &[u8]) -> Command {
        fs::write(self.path("request"), body).unwrap();
        let secret = Secret::new(SECRET.as_bytes()).unwrap();
        let headers = Provider::Github.sign(&secret, body, "push", delivery, jiff::Timestamp::now()).unwrap();
        self.0.cgi(hook, &headers, body.len())
    }

    /// What `cgi` put aside.
    pub(crate) fn standard_input(&self) -> Stdio {
        File::open(self.path("request")).unwrap().into()
    }

    /// The CGI program under `strace`, with one delivery.
    pub(crate) fn deliver_under(&self, strace: &Strace, hook: &str, body: &[u8]) -> Output {
        run(&mut strace.around(&self.cgi(hook, "traced", body)), self.standard_input())
    }

    pub(crate) fn runner(&self) -> Command {
        self.hookspool(&["spool-runner", "--once"])
    }

    /// The runner, until the spool is empty.
    pub(crate) fn drain(&self) -> Output {
        run(&mut self.runner(), Stdio::null())
    }

    /// The runner that follows one that was killed. A child that the dead one had forked, and that has not come to its
    /// exec yet, holds the lock a moment longer.
    pub(crate) fn drain_after_a_kill(&self) -> Output {
        const TRY_AGAIN: i32 = 75;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let output = self.drain();
            if output.status.code() != Some(TRY_AGAIN) || Instant::now() > deadline {
                return output;
            }
        }
    }

    pub(crate) fn drain_under(&self, strace: &Strace) -> Output {
        run(&mut strace.around(&self.runner()), Stdio::null())
    }

    /// All jobs, by id.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        let mut jobs: Vec<Job> = self.listed().iter().map(job).collect();
        jobs.sort_by_key(|job| job.id);
        jobs
    }

    /// How often `what` is in a job's history.
    pub(crate) fn count(&self, id: JobId, what: &str) -> usize {
        self.history(id).iter().filter(|entry| entry["what"] == what).count()
    }

    /// What the steps left, line by line.
    pub(crate) fn marks(&self) -> Vec<String> {
        fs::read_to_string(self.path("marks")).unwrap().lines().map(str::to_owned).collect()
    }

    /// Whether any copy of a step is alive.
    pub(crate) fn step_is_alive(&self) -> bool {
        use rustix::fs::{FlockOperation, flock};
        let file = File::options().append(true).create(true).open(self.path("alone")).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).is_err()
    }

    /// Everything in the spool that is about job `id`: these names are known before they exist.
    pub(crate) fn paths_of(&self, id: JobId) -> Vec<PathBuf> {
        let spool = self.spool();
        let places = ["queued", "running", "waiting", "held", "done", "failed", "corrupt"];
        let mut paths = vec![spool.clone(), spool.join("tmp"), spool.join("log")];
        paths.extend(["lock", "sequence", "reserve", "journal", "journal.new"].map(|name| spool.join(name)));
        paths.push(spool.join(format!("log/{id}.log")));
        for place in places {
            let dir = spool.join(place);
            paths.extend(["job", "events", "payload"].map(|kind| dir.join(format!("{id}.{kind}"))));
            paths.push(dir);
        }
        paths
    }
}

fn job(listed: &serde_json::Value) -> Job {
    let text = |key: &str| listed[key].as_str().unwrap_or_default().to_owned();
    let id = JobId::from_job_file_name(format!("{}.job", text("id")).as_bytes()).expect("no id");
    let attempts = listed["attempts"].as_u64().expect("no attempts");
    Job { id, state: text("state"), outcome: text("outcome"), attempts }
}

/// A push as GitHub tells of it.
pub(crate) fn body() -> Vec<u8> {
    let (before, after) = ("0".repeat(39) + "1", "0".repeat(39) + "2");
    Provider::Github.sample_push(&SamplePush {
        repository: "me/site",
        branch: "main",
        before: &before,
        after: &after,
        pusher: "me",
        secret: None,
    })
}

/// The same as `application/x-www-form-urlencoded`.
fn form() -> Vec<u8> {
    let encode = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    format!("payload={}", body().into_iter().map(encode).collect::<String>()).into_bytes()
}

/// Whether the whole map is asked for; otherwise a sample that takes seconds.
pub(crate) fn whole_map() -> bool {
    std::env::var_os("HOOKSPOOL_CRASH").is_some_and(|value| value == "full")
}

/// What is on disk below `dir`, for messages.
pub(crate) fn tree(dir: &Path) -> String {
    let output = Command::new("find").arg(dir).args(["-type", "f"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
