//! Edge. The service that lives on the disk: its configuration, deliveries as a web server hands them over, the runner, and
//! the receiver of messages. What the world outside learns is noted between the disk's writes.

use crate::chance::Chance;
use crate::device::{Shared, held};
use crate::filesystem::run;
use crate::flushes::Tracer;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

const SECRET: &str = "a secret that is long enough";
/// Hooks, and what each stands for: a job that may run again, one that may not, a tree that is published, releases.
pub const HOOKS: [&str; 4] = ["docs", "once", "site", "app"];

/// Where everything is. Only `mount` is on the disk.
#[derive(Debug, Clone)]
pub struct Places {
    pub dir: PathBuf,
    pub program: PathBuf,
}

impl Places {
    pub fn mount(&self) -> PathBuf {
        self.dir.join("mount")
    }

    pub fn device(&self) -> PathBuf {
        self.dir.join("device")
    }

    pub fn spool(&self) -> PathBuf {
        self.mount().join("spool")
    }
}

/// The service of one device after the other.
pub struct Service {
    pub places: Places,
    /// The disk that facts are noted of.
    disk: Arc<Mutex<Shared>>,
    sent: usize,
}

impl Service {
    pub fn new(places: Places, disk: Shared) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let disk = Arc::new(Mutex::new(disk));
        let told = Arc::clone(&disk);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| hear(&stream, &told)));
        let service = Self { places, disk, sent: 0 };
        service.configure(&address.to_string()).map_err(|error| error.to_string())?;
        service.origin()?;
        Ok(service)
    }

    /// From now on facts are noted of another disk.
    pub fn moves_to(&self, disk: &Shared) {
        *self.disk.lock().expect("nobody panics with it") = Arc::clone(disk);
    }

    fn mark(&self, fact: String) {
        held(&self.disk.lock().expect("nobody panics with it")).mark(fact);
    }

    fn configure(&self, address: &str) -> std::io::Result<()> {
        let dir = &self.places.dir;
        fs::write(dir.join("secret"), SECRET)?;
        run(Command::new("chmod").arg("600").arg(dir.join("secret"))).map_err(std::io::Error::other)?;
        let (mount, marks) = (self.places.mount(), self.places.device().join("marks"));
        let (mount, marks) = (mount.display(), marks.display());
        let tell = |what: &str| format!("{{ shell = \"echo {what} $HOOKSPOOL_HOOK $HOOKSPOOL_JOB >>{marks}\" }}");
        let hook = |name: &str, lines: &str| {
            format!(
                "[[hook]]\nname = \"{name}\"\nprovider = \"generic\"\nauthorization = \"bearer\"\n\
                 secret = {{ file = \"{}/secret\" }}\ndelivery_header = \"X-Delivery\"\nwhen_newer = \"keep\"\n\
                 notify = [\"people\"]\nretry = {{ attempts = 100, backoff = \"1ms\", cap = \"1ms\" }}\n{lines}\n",
                dir.display()
            )
        };
        let (began, ended) = (tell("began"), tell("ended"));
        let pages = "mkdir -p dist && echo $HOOKSPOOL_JOB >dist/index.html && echo $HOOKSPOOL_JOB >dist/app.js";
        let hooks = [
            hook("docs", &format!("dir = \"{mount}/docs\"\nsteps = [{began}, {ended}]")),
            hook("once", &format!("dir = \"{mount}/once\"\non_interrupt = \"hold\"\nsteps = [{began}, {ended}]")),
            hook(
                "site",
                &format!(
                    "dir = \"{mount}/site\"\nsteps = [{began}, {{ shell = \"{pages}\" }}, \
                     {{ publish = \"dist\", to = \"{mount}/www\" }}, {ended}]"
                ),
            ),
            hook(
                "app",
                &format!(
                    "releases = {{ dir = \"{mount}/app\", from = \"{}/origin\", keep = 2 }}\n\
                     steps = [{began}, {{ shell = \"{pages}\" }}, {ended}]",
                    dir.display()
                ),
            ),
        ];
        let text = format!(
            "spool = \"{}\"\n[[notify]]\nname = \"people\"\nkind = \"webhook\"\nurl = \"http://{address}/x\"\n\
             on = \"always\"\n{}",
            self.places.spool().display(),
            hooks.concat()
        );
        fs::write(dir.join("hookspool.toml"), text)
    }

    /// The repository that releases come from.
    fn origin(&self) -> Result<(), String> {
        let dir = self.places.dir.join("origin");
        if dir.exists() {
            return Ok(());
        }
        fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
        fs::write(dir.join("page"), "page\n").map_err(|error| error.to_string())?;
        let git = |args: &[&str]| {
            let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
            run(Command::new("git").args(who).args(args).current_dir(&dir)).map(drop)
        };
        git(&["init", "--quiet"])?;
        git(&["add", "page"])?;
        git(&["commit", "--quiet", "--message", "a page"])
    }

    /// The executable on the configuration, and nothing of our own environment.
    fn program(&self) -> Command {
        let mut command = Command::new(&self.places.program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
        command.env("HOOKSPOOL_CONFIG", self.places.dir.join("hookspool.toml"));
        command
    }

    /// The first start: spool and directories, and all of it on the medium.
    pub fn set_up(&self) -> Result<(), String> {
        for name in HOOKS {
            fs::create_dir(self.places.mount().join(name)).map_err(|error| error.to_string())?;
        }
        succeeds(&self.runner().output().map_err(|error| error.to_string())?)?;
        run(&mut Command::new("sync")).map(drop)
    }

    /// The runner, until nothing is left to do.
    pub fn runner(&self) -> Command {
        let mut command = self.program();
        command.args(["spool-runner", "--once"]).stdin(Stdio::null());
        command
    }

    /// Delivers once to `hook`; what the sender is told is noted.
    fn deliver(&mut self, hook: &str, length: usize, tracer: &mut Tracer) -> Result<(), String> {
        self.sent += 1;
        let delivery = format!("delivery-{}", self.sent);
        self.mark(format!("sent {delivery}"));
        let body = "x".repeat(length);
        let mut command = self.program();
        command.env("GATEWAY_INTERFACE", "CGI/1.1").env("SERVER_PROTOCOL", "HTTP/1.1").env("REQUEST_METHOD", "POST");
        command.env("SCRIPT_NAME", format!("/hooks/{hook}")).env("QUERY_STRING", "").env("REMOTE_ADDR", "192.0.2.1");
        command.env("CONTENT_LENGTH", body.len().to_string()).env("CONTENT_TYPE", "text/plain");
        command.env("HTTP_AUTHORIZATION", format!("Bearer {SECRET}")).env("HTTP_X_DELIVERY", &delivery);
        let output = tracer.output("receiver", &mut command, body.as_bytes())?;
        let reply = String::from_utf8_lossy(&output.stdout).into_owned();
        let id = reply.split_once("queued ").and_then(|(_, rest)| rest.split_whitespace().next());
        match id {
            Some(id) if reply.contains("202") => self.mark(format!("promised {delivery} {hook} {id}")),
            _ => return Err(format!("not accepted: {reply}{}", String::from_utf8_lossy(&output.stderr))),
        }
        Ok(())
    }

    fn drain(&self, tracer: &mut Tracer) -> Result<(), String> {
        succeeds(&tracer.output("runner", &mut self.runner(), b"")?)?;
        self.mark("drained".to_owned());
        Ok(())
    }

    fn order(&self, verb: &str, tracer: &mut Tracer) -> Result<(), String> {
        self.mark(format!("{verb} begins"));
        let mut command = self.program();
        command.args([verb, "docs"]).stdin(Stdio::null());
        if verb == "hold" {
            command.args(["--message", "a test"]);
        }
        succeeds(&tracer.output(verb, &mut command, b"")?)?;
        self.mark(format!("{verb} done"));
        Ok(())
    }

    /// A short life: deliveries, runs, and a person's hold and release. Runner and deliveries are side by side unless
    /// their flushes are looked at.
    pub fn live(&mut self, rounds: usize, chance: &mut Chance, tracer: &mut Tracer) -> Result<(), String> {
        for round in 0..rounds {
            // One job a run, where flushes are told apart by their number.
            for _ in 0..if tracer.looks() { 1 } else { 1 + chance.below(3) } {
                let hook = HOOKS[if tracer.looks() { round % 4 } else { chance.below(4) }];
                self.deliver(hook, chance.below(12_000), tracer)?;
            }
            if round % 3 == 1 {
                self.order("hold", tracer)?;
            }
            if chance.half() && !tracer.looks() {
                let runner = self.runner().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
                let runner = runner.map_err(|error| error.to_string())?;
                for _ in 0..2 {
                    self.deliver(HOOKS[chance.below(4)], chance.below(3000), tracer)?;
                }
                succeeds(&runner.wait_with_output().map_err(|error| error.to_string())?)?;
                self.mark("runner ended".to_owned());
            } else {
                self.drain(tracer)?;
            }
            if round % 3 == 1 {
                self.order("release", tracer)?;
            }
        }
        Ok(())
    }
}

pub fn succeeds(output: &Output) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    let said = [&output.stdout[..], &output.stderr].concat();
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&said)))
}

/// A message has come: `told <job>` for each job that it names, `told-more <count>` for those that it only counts.
fn hear(stream: &TcpStream, disk: &Mutex<Shared>) {
    let Some(message) = body(stream).and_then(|body| serde_json::from_slice::<Value>(&body).ok()) else { return };
    let data = &message["data"];
    let jobs: Vec<&Value> = data["jobs"].as_array().into_iter().flatten().collect();
    let more = data["count"].as_u64().unwrap_or(0).saturating_sub(jobs.len() as u64);
    let disk = Arc::clone(&disk.lock().expect("nobody panics with it"));
    for id in jobs.iter().filter_map(|job| job["id"].as_str().or(job["job"].as_str())) {
        held(&disk).mark(format!("told {id}"));
    }
    held(&disk).mark(format!("told-more {more}"));
    let _may_be_gone = (&*stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

fn body(stream: &TcpStream) -> Option<Vec<u8>> {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&read| read > 0)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// Names in a directory, sorted; none where it is not.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
