//! Edge. Several hosts, each a world with a spool and a runner of its own, and a NATS server between them.

use super::daemon::until;
use super::nats::Nats;
use super::netns::Net;
use super::world::World;
use super::yard::Runner;
use hookspool::model::{EventKind, JobId, JobMeta, RefName};
use hookspool::spool::Inbox;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A step that leaves a mark for each run.
const MARK: &str = "{ shell = \"echo $HOOKSPOOL_DELIVERY >>marks\" }";

/// The library of Debian's package `faketime`.
fn libfaketime() -> PathBuf {
    let places = fs::read_dir("/usr/lib").unwrap().flatten();
    let mut found = places.map(|place| place.path().join("faketime/libfaketime.so.1")).filter(|path| path.exists());
    found.next().expect("faketime is installed; run tests/run once")
}

/// One host.
pub(crate) struct Host {
    world: World,
    pub(crate) name: &'static str,
    runner: Option<Runner>,
    is_traced: bool,
    /// The network namespace in which it is.
    space: Option<String>,
    /// By what its clock is wrong, as `faketime` takes it.
    clock: Option<String>,
}

impl Deref for Host {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6000);
            eprintln!("---- {}\n{}", self.name, log.get(from..).unwrap_or_default());
        }
    }
}

/// A server, an origin `gate` that only passes on, and targets.
pub(crate) struct Fleet {
    pub(crate) nats: Nats,
    /// Further servers of a cluster.
    pub(crate) peers: Vec<Nats>,
    pub(crate) gate: Host,
    pub(crate) targets: Vec<Host>,
    /// The public half of the origin's key.
    pub(crate) key: String,
    /// The machines, where each is alone.
    net: Option<Net>,
    _dir: tempfile::TempDir,
}

impl Host {
    pub(crate) fn new(name: &'static str) -> Self {
        let world = World::in_memory();
        hookspool::spool::create(&world.spool()).unwrap();
        Self { world, name, runner: None, is_traced: false, space: None, clock: None }
    }

    /// Its clock is wrong from the next start on.
    pub(crate) fn set_clock(&mut self, offset: Option<&str>) {
        self.clock = offset.map(str::to_owned);
    }

    /// The executable, where this host is, by its clock.
    fn command(&self, arguments: &[&str]) -> Command {
        let plain = self.hookspool(arguments);
        let mut command = Command::new(if self.space.is_some() { OsStr::new("ip") } else { plain.get_program() });
        if let Some(space) = &self.space {
            command.args(["netns", "exec", space]).arg(plain.get_program());
        }
        command.args(plain.get_args()).env_clear().stdin(Stdio::null());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(clock) = &self.clock {
            command.env("LD_PRELOAD", libfaketime()).env("FAKETIME", clock).env("DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// `relay` are lines of `[relay]` beside name and servers, `hooks` whole tables.
    fn set(&self, servers: &str, relay: &str, hooks: &str) {
        let relay = format!("[relay]\nname = \"{}\"\n{servers}\n{relay}\n", self.name);
        self.configure(&format!("{relay}\n{hooks}"));
    }

    pub(crate) fn start(&mut self) {
        let log = fs::OpenOptions::new().append(true).create(true).open(self.path("runner.log")).unwrap();
        let mut command = self.command(&["spool-runner"]);
        command.stdout(Stdio::null()).stderr(log);
        self.runner = Some(Runner::of(command));
        self.is_traced = false;
    }

    /// Starts it under strace, to be killed at the `nth` of these calls in one of its threads.
    pub(crate) fn start_killed_at(&mut self, call: &str, nth: usize) {
        let command = self.hookspool(&["spool-runner"]);
        let mut command = self.strace().follow().kill_at(call, nth).around(&command);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        self.runner = Some(Runner::of(command));
        self.is_traced = true;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.runner.as_ref().is_none_or(Runner::is_over)
    }

    pub(crate) fn stop(&mut self) {
        let runner = self.runner.take().expect("it runs");
        assert_eq!(runner.stop(), Some(0), "{}", self.log());
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if std::mem::take(&mut self.is_traced) && !self.is_over() {
            // Without its tracer it would go on.
            let pid = fs::read_to_string(self.spool().join("lock")).unwrap();
            kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        }
        self.runner = None;
    }

    pub(crate) fn peak_kib(&self) -> u64 {
        self.runner.as_ref().expect("it runs").peak_kib()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("runner.log")).unwrap_or_default()
    }

    /// The deliveries whose jobs ran, in order.
    pub(crate) fn marks(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("site").join("marks")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The jobs in a state.
    pub(crate) fn jobs(&self, state: &str) -> Vec<String> {
        let names = self.names(state).into_iter();
        names.filter_map(|name| name.strip_suffix(".job").map(str::to_owned)).collect()
    }

    /// The jobs that `host` has not taken, as the spool says.
    pub(crate) fn marked(&self, host: &str) -> Vec<String> {
        let out = self.spool().join("relay/out").join(host);
        if out.exists() { crate::spool::append::names(&out) } else { Vec::new() }
    }

    /// Queues a push to `branch`, as a receiver does.
    pub(crate) fn push(&self, branch: &str, delivery: &str) -> JobId {
        self.push_with(branch, delivery, b"{\"a\": 1}")
    }

    pub(crate) fn push_with(&self, branch: &str, delivery: &str, payload: &[u8]) -> JobId {
        let meta = JobMeta {
            reference: RefName::branch_named(branch),
            delivery: Some(delivery.to_owned()),
            ..JobMeta::new("docs", "github", EventKind::Push, jiff::Timestamp::now())
        };
        self.queue(&meta, payload)
    }

    pub(crate) fn queue(&self, meta: &JobMeta, payload: &[u8]) -> JobId {
        let mut draft = Inbox::open(&self.spool()).unwrap().draft().unwrap();
        draft.write(payload).unwrap();
        draft.commit(meta).unwrap()
    }

    /// A verb, which must succeed; what it prints.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

impl Fleet {
    /// Hosts that are configured, a stream that is made, and nothing that runs.
    pub(crate) fn new(names: &[&'static str]) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let nats = Nats::start(dir.path(), "");
        let fleet = Self::around(nats, Vec::new(), None, names, dir);
        fleet.make_stream();
        fleet
    }

    /// The same with three servers, which are one cluster, and no stream yet.
    pub(crate) fn with_cluster(names: &[&'static str]) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let [nats, second, third] = Nats::start_cluster(dir.path());
        Self::around(nats, vec![second, third], None, names, dir)
    }

    /// The same, each host and the server on a machine of its own, with a router between them.
    pub(crate) fn apart(names: &[&'static str]) -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let net = Net::of(&[&["nats1", "gate"], names].concat());
        let nats = Nats::start_on(&net, dir.path());
        let fleet = Self::around(nats, Vec::new(), Some(net), names, dir);
        fleet.make_stream();
        fleet
    }

    fn around(nats: Nats, peers: Vec<Nats>, net: Option<Net>, names: &[&'static str], dir: tempfile::TempDir) -> Self {
        let gate = Host::new("gate");
        let key_file = gate.path("relay.key");
        let output = gate.run(&["relay", "key", "--out", key_file.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        let key = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let targets = names.iter().map(|name| Host::new(name)).collect();
        let mut fleet = Self { nats, peers, gate, targets, key, net, _dir: dir };
        if let Some(net) = &fleet.net {
            for host in std::iter::once(&mut fleet.gate).chain(&mut fleet.targets) {
                host.space = Some(net.space(host.name));
            }
        }
        fleet.configure_gate("", names);
        for target in &fleet.targets {
            fleet.configure_target(target, "");
        }
        fleet
    }

    /// The network between its machines.
    pub(crate) fn net(&self) -> &Net {
        self.net.as_ref().expect("each is on a machine of its own")
    }

    /// The lines of `[relay]` that name the servers.
    fn servers(&self) -> String {
        let urls: Vec<String> = std::iter::once(&self.nats).chain(&self.peers).map(Nats::url).collect();
        let ca = self.nats.ca().map(|path| format!("\nca = \"{}\"", path.display())).unwrap_or_default();
        format!("servers = {urls:?}{ca}")
    }

    pub(crate) fn configure_gate(&self, relay: &str, hosts: &[&str]) {
        // Without hosts it runs the jobs itself.
        let hosts = if hosts.is_empty() {
            format!("dir = \"ROOT/site\"\nsteps = [{MARK}]")
        } else {
            format!("hosts = {hosts:?}")
        };
        let hook = format!(
            "[[hook]]\nname = \"docs\"\nprovider = \"github\"\nsecret = {{ file = \"ROOT/secret\" }}\n{hosts}\n"
        );
        self.gate.write("secret", "a secret that is long enough");
        self.gate.set(&self.servers(), &format!("sign = {{ file = \"ROOT/relay.key\" }}\n{relay}"), &hook);
    }

    pub(crate) fn configure_target(&self, target: &Host, relay: &str) {
        let hook = format!(
            "[[hook]]\nname = \"docs\"\nfrom = [\"gate\"]\ndir = \"ROOT/site\"\nwhen_newer = \"keep\"\nsteps = [{MARK}]\n"
        );
        target.set(&self.servers(), &format!("trust = {{ gate = \"{}\" }}\n{relay}", self.key), &hook);
    }

    pub(crate) fn make_stream(&self) {
        self.gate.said(&["relay", "setup"]);
    }

    pub(crate) fn start(&mut self) {
        self.gate.start();
        self.start_targets();
    }

    pub(crate) fn start_targets(&mut self) {
        self.targets.iter_mut().for_each(Host::start);
    }

    /// Further hosts, which the origin sends to.
    pub(crate) fn add_targets(&mut self, names: &[&'static str]) {
        self.targets.extend(names.iter().map(|name| Host::new(name)));
        self.targets.iter().for_each(|target| self.configure_target(target, ""));
        let all: Vec<&str> = self.targets.iter().map(|target| target.name).collect();
        self.configure_gate("", &all);
    }

    /// Makes the stream anew, with room for so much.
    pub(crate) fn remake_stream(&self, size: &str) {
        self.nats.client().ask("$JS.API.STREAM.DELETE.hookspool", b"").unwrap();
        self.gate.said(&["relay", "setup", "--max-bytes", size]);
    }

    /// Sets the largest payload of a target.
    pub(crate) fn limit_body(&self, target: usize, size: &str) {
        self.edit(target, |text| format!("body_limit = \"{size}\"\n{text}"));
    }

    /// Lets the hook of a target take no jobs of `gate` any more.
    pub(crate) fn untrust_hook(&self, target: usize) {
        let trust = format!("trust = {{ other = \"{}\", ", self.key);
        self.edit(target, |text| text.replace("trust = { ", &trust).replace("from = [\"gate\"]", "from = [\"other\"]"));
    }

    fn edit(&self, target: usize, edit: impl Fn(&str) -> String) {
        let file = self.targets[target].path("hookspool.toml");
        fs::write(&file, edit(&fs::read_to_string(&file).unwrap())).unwrap();
    }

    /// Waits until `target` has ended so many jobs.
    pub(crate) fn has_done_all(&self, target: usize, count: usize) {
        let target = &self.targets[target];
        until(&format!("{} has ended {count} jobs", target.name), || target.jobs("done").len() >= count);
    }

    /// Waits until each target has run exactly these deliveries, each once.
    pub(crate) fn all_have_run(&self, deliveries: &[String]) {
        let mut wanted = deliveries.to_vec();
        wanted.sort();
        for target in &self.targets {
            until(&format!("{} has run {} jobs", target.name, wanted.len()), || target.marks().len() >= wanted.len());
            let mut marks = target.marks();
            marks.sort();
            assert_eq!(marks, wanted, "{}: {}", target.name, target.log());
            // A step makes its mark before its job is settled.
            until(&format!("{} has settled the last one", target.name), || target.jobs("running").is_empty());
        }
    }

    /// Waits until the origin has heard of all.
    pub(crate) fn all_is_taken(&self) {
        for target in &self.targets {
            until(&format!("{} has said what it took", target.name), || self.gate.marked(target.name).is_empty());
        }
    }
}
