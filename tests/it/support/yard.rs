//! Edge. A spool, hooks of a test's own, jobs put into it without a web server, and the real runner.

use crate::support::daemon::freeze;
use crate::support::world::World;
use hookspool::model::{JobId, JobMeta, RefName};
use hookspool::spool::{Inbox, create};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Output, Stdio};

/// The secret of its hooks.
pub(crate) const YARD_SECRET: &str = "a secret that is long enough";

/// A spool and hooks of a test's own.
pub(crate) struct Yard(World);

impl Deref for Yard {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl Yard {
    /// `runner` are lines of `[runner]`; `hooks` are names and lines of `[[hook]]`, in which `ROOT` is the directory.
    pub(crate) fn new(runner: &str, hooks: &[(&str, &str)]) -> Self {
        Self::of(World::on_disk(), runner, hooks)
    }

    /// The same in memory.
    pub(crate) fn in_memory(runner: &str, hooks: &[(&str, &str)]) -> Self {
        Self::of(World::in_memory(), runner, hooks)
    }

    fn of(world: World, runner: &str, hooks: &[(&str, &str)]) -> Self {
        let yard = Self(world);
        // As an administrator makes it, who has receivers of another user.
        fs::create_dir(yard.spool()).unwrap();
        fs::set_permissions(yard.spool(), fs::Permissions::from_mode(0o2751)).unwrap();
        create(&yard.spool()).unwrap();
        yard.write("secret", YARD_SECRET);
        yard.configure(runner, hooks);
        yard
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, runner: &str, hooks: &[(&str, &str)]) {
        // Hooks whose jobs run side by side have a directory each: by its name, since the steps of a test meet in one.
        let is_apart = runner.contains("workers");
        let hook = |(name, lines): &(&str, &str)| {
            let dir = if is_apart { format!("site.{name}") } else { "site".to_owned() };
            let _is_there = symlink(self.path("site"), self.path(&dir));
            format!(
                "[[hook]]\nname = \"{name}\"\nprovider = \"github\"\nsecret = {{ file = \"ROOT/secret\" }}\n\
                 {dir}{lines}\n",
                dir = if lines.contains("dir = ") { String::new() } else { format!("dir = \"ROOT/{dir}\"\n") }
            )
        };
        let hooks: String = hooks.iter().map(hook).collect();
        self.0.configure(&format!("[runner]\n{runner}\n{hooks}"));
    }

    /// Lets other users pass its directory.
    pub(crate) fn open_to_all(&self) {
        fs::set_permissions(self.root(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn fifo(&self, name: &str) {
        assert!(Command::new("mkfifo").arg(self.path("site").join(name)).status().unwrap().success());
    }

    /// What a step wrote to a file of the site.
    pub(crate) fn site(&self, name: &str) -> String {
        fs::read_to_string(self.path("site").join(name)).unwrap_or_default()
    }

    /// Queues a push to `branch`.
    pub(crate) fn deliver(&self, hook: &str, branch: &str, delivery: &str) -> JobId {
        let reference = RefName::branch_named(branch);
        let delivery = Some(delivery.to_owned());
        let arrived_at = jiff::Timestamp::now();
        self.append(&JobMeta { reference, delivery, arrived_at, ..crate::spool::append::meta(hook, 0) })
    }

    /// Queues a job.
    pub(crate) fn append(&self, meta: &JobMeta) -> JobId {
        let mut draft = Inbox::open(&self.path("spool")).unwrap().draft().unwrap();
        draft.write(b"{}").unwrap();
        draft.commit(meta).unwrap()
    }

    /// The runner, until the spool is empty.
    pub(crate) fn drain(&self) -> Output {
        self.hookspool(&["spool-runner", "--once"]).stdin(Stdio::null()).output().unwrap()
    }

    /// The runner in the background.
    pub(crate) fn start(&self) -> Runner {
        self.start_as(self.hookspool(&["spool-runner"]))
    }

    /// A command as the runner in the background.
    pub(crate) fn start_as(&self, mut command: Command) -> Runner {
        let log = fs::File::create(self.path("runner.log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Runner(command.spawn().unwrap())
    }

    /// What the runner in the background has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("runner.log")).unwrap_or_default()
    }

    /// State, outcome and reason of a job, as `list --json` shows it.
    pub(crate) fn job(&self, id: JobId) -> [String; 3] {
        let listed = self.listed();
        let found = listed.iter().find(|job| job["id"] == id.to_string()).unwrap_or_else(|| panic!("{listed:?}"));
        ["state", "outcome", "reason"].map(|key| found[key].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a job is in a directory of the spool.
    pub(crate) fn is_in(&self, state: &str, id: JobId) -> bool {
        self.path("spool").join(state).join(format!("{id}.job")).exists()
    }
}

/// A runner in the background, gone with its test.
pub(crate) struct Runner(Child);

impl Runner {
    pub(crate) fn of(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub(crate) fn id(&self) -> i32 {
        Pid::from_child(&self.0).as_raw_nonzero().get()
    }

    /// Stops it, until it gets SIGCONT.
    pub(crate) fn freeze(&self) {
        freeze(Pid::from_child(&self.0));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Most memory that it has had at a time, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// `true` if it has ended.
    pub(crate) fn is_over(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
    }

    /// Waits until it ends by itself; its exit status.
    pub(crate) fn ends(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }

    /// Asks it to stop; its exit status.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.0.wait().unwrap().code()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _gone = (self.0.kill(), self.0.wait());
    }
}
