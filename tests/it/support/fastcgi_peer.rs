//! Edge. The other side of `FastCGI`, for the tests: records by hand over a raw socket, and a responder to talk to, in
//! a thread or in a process of its own.

use hookspool::gateway::fastcgi::serve;
use hookspool::gateway::http::{self, Trust};
use hookspool::gateway::{Begun, Handler, Limits, Listener, Notice, Params, Response, Upload};
use std::io::{self, PipeWriter, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// A record as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: u8,
    pub(crate) id: u16,
    pub(crate) content: Vec<u8>,
}

/// A record as it is sent.
pub(crate) fn record(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
    padded(kind, id, content, 0)
}

pub(crate) fn padded(kind: u8, id: u16, content: &[u8], padding: u8) -> Vec<u8> {
    let [id1, id0] = id.to_be_bytes();
    let [length1, length0] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[1, kind, id1, id0, length1, length0, padding, 0], content, &vec![0x55; padding.into()]].concat()
}

pub(crate) fn begin(id: u16, role: u8, flags: u8) -> Vec<u8> {
    record(1, id, &[0, role, flags, 0, 0, 0, 0, 0])
}

/// A name-value pair with lengths of one byte where they fit.
pub(crate) fn pair(name: &[u8], value: &[u8]) -> Vec<u8> {
    let length = |part: &[u8]| match u8::try_from(part.len()) {
        Ok(short @ 0..0x80) => vec![short],
        _ => (u32::try_from(part.len()).unwrap() | 0x8000_0000).to_be_bytes().to_vec(),
    };
    [&length(name)[..], &length(value), name, value].concat()
}

/// BEGIN, and all of PARAMS in one record.
pub(crate) fn head(id: u16, flags: u8, mode: &str) -> Vec<u8> {
    [begin(id, 1, flags), record(4, id, &pair(b"MODE", mode.as_bytes())), record(4, id, b"")].concat()
}

/// A whole request.
pub(crate) fn request(id: u16, flags: u8, mode: &str, body: &[u8]) -> Vec<u8> {
    let parts = body.chunks(65_535).flat_map(|part| record(5, id, part));
    head(id, flags, mode).into_iter().chain(parts).chain(record(5, id, b"")).collect()
}

/// A client's connection.
pub(crate) struct Peer(pub(crate) UnixStream);

impl Peer {
    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.write_all(bytes).unwrap();
        self
    }

    /// Sends as much as the other side takes: it may have refused already.
    pub(crate) fn offer(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    pub(crate) fn end(&mut self) -> &mut Self {
        self.0.shutdown(Shutdown::Write).unwrap();
        self
    }

    /// The next record; `None` at the end of the connection.
    pub(crate) fn record(&mut self) -> Option<Record> {
        let mut header = [0; 8];
        match self.0.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("neither a record nor the end has come"),
            read => read.ok()?,
        }
        let [_, kind, id1, id0, length1, length0, padding, _] = header;
        let length = usize::from(u16::from_be_bytes([length1, length0]));
        let mut content = vec![0; length + usize::from(padding)];
        self.0.read_exact(&mut content).unwrap();
        content.truncate(length);
        Some(Record { kind, id: u16::from_be_bytes([id1, id0]), content })
    }

    /// The answer to request `id`: all of `STDOUT`, its end, and a plain `END_REQUEST`.
    pub(crate) fn answer(&mut self, id: u16) -> Vec<u8> {
        let mut stdout = Vec::new();
        loop {
            let record = self.record().expect("the answer ends with END_REQUEST");
            assert_eq!((record.kind, record.id), (6, id), "{record:?}");
            if record.content.is_empty() {
                break;
            }
            stdout.extend(record.content);
        }
        assert_eq!(self.record(), Some(Record { kind: 3, id, content: vec![0; 8] }));
        stdout
    }

    /// The records that come before the other side closes.
    pub(crate) fn rest(&mut self) -> Vec<Record> {
        std::iter::from_fn(|| self.record()).collect()
    }
}

/// What a handler of the tests does with a request whose body is there, or why no more of it comes.
type Answering = dyn Fn(&Params, &mut dyn Read, &mut dyn Write) -> io::Result<()> + Send + Sync;

/// A handler that keeps the body, and then answers as a function says.
#[derive(Clone)]
pub(crate) struct Collect(Arc<Answering>);

impl Collect {
    pub(crate) fn then(
        answering: impl Fn(&Params, &mut dyn Read, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answering))
    }
}

impl Handler for Collect {
    fn begin(&self, params: &Params) -> Begun {
        Begun::Upload(Box::new(Collected { params: params.clone(), body: Vec::new(), answering: Arc::clone(&self.0) }))
    }
}

struct Collected {
    params: Params,
    body: Vec<u8>,
    answering: Arc<Answering>,
}

impl Upload for Collected {
    fn wanted_bytes(&self) -> u64 {
        u64::MAX
    }

    fn take(&mut self, piece: &[u8]) -> Option<Response> {
        self.body.extend(piece);
        None
    }

    fn end(self: Box<Self>, body: io::Result<()>) -> Response {
        let mut answer = Vec::new();
        let mut reader = Broken(&self.body, body.err().map(|error| error.kind()));
        // Without an answer the connection is closed.
        (self.answering)(&self.params, &mut reader, &mut answer).map_or(Vec::new(), |()| answer)
    }
}

/// A body, and the error that it ends with.
struct Broken<'a>(&'a [u8], Option<io::ErrorKind>);

impl Read for Broken<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match (self.0.read(into)?, self.1) {
            (0, Some(kind)) => Err(kind.into()),
            (length, _) => Ok(length),
        }
    }
}

/// The handler of these tests: what it does is in the parameter `MODE`.
#[derive(Clone)]
pub(crate) struct TestHandler;

impl Handler for TestHandler {
    fn begin(&self, params: &Params) -> Begun {
        match params.get(b"MODE") {
            Some(b"refuse") => {
                Begun::Answered(b"Status: 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nno\n".to_vec())
            }
            Some(b"panic") => panic!("a bug\nof two lines"),
            Some(b"panic late") => Begun::Upload(Box::new(PanicsLate(0))),
            Some(b"count") => Begun::Upload(Box::new(Count(0))),
            Some(b"silent") => Begun::Answered(Vec::new()),
            _ => Collect::then(answer).begin(params),
        }
    }
}

/// Counts a body that it does not keep.
struct Count(usize);

impl Upload for Count {
    fn wanted_bytes(&self) -> u64 {
        u64::MAX
    }

    fn take(&mut self, piece: &[u8]) -> Option<Response> {
        self.0 += piece.len();
        None
    }

    fn end(self: Box<Self>, body: io::Result<()>) -> Response {
        body.map_or(Vec::new(), |()| [OK, self.0.to_string().as_bytes()].concat())
    }
}

struct PanicsLate(usize);

impl Upload for PanicsLate {
    fn wanted_bytes(&self) -> u64 {
        u64::MAX
    }

    fn take(&mut self, piece: &[u8]) -> Option<Response> {
        self.0 += piece.len();
        assert!(self.0 < 100_000, "a late bug");
        None
    }

    fn end(self: Box<Self>, _: io::Result<()>) -> Response {
        OK.to_vec()
    }
}

const OK: &[u8] = b"Status: 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";

fn answer(params: &Params, body: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    match params.get(b"MODE").unwrap_or(b"echo") {
        b"big" => {
            out.write_all(OK)?;
            (0..300).try_for_each(|_| out.write_all(&[b'x'; 1000]))
        }
        b"tell" => {
            let told = body.read_to_end(&mut Vec::new());
            let again = body.read(&mut [0]);
            write!(out, "Status: 200 OK\r\n\r\n{:?} {:?}", told.map_err(|e| e.kind()), again.map_err(|e| e.kind()))
        }
        _ => {
            let mut copy = Vec::new();
            body.read_to_end(&mut copy)?;
            out.write_all(OK)?;
            for (name, value) in params.iter() {
                out.write_all(&[name, b"=", value, b"\n"].concat())?;
            }
            out.write_all(&[b"\n", &copy[..]].concat())
        }
    }
}

/// What the test handler echoes.
pub(crate) fn echoed(answer: &[u8]) -> &[u8] {
    let start = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a header block") + 4;
    &answer[start..]
}

/// A responder in a thread of this process.
pub(crate) struct Responder {
    dir: TempDir,
    stop: PipeWriter,
    thread: JoinHandle<io::Result<()>>,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Responder {
    pub(crate) fn start(limits: Limits) -> Self {
        Self::with(limits, TestHandler)
    }

    /// A responder whose handler answers when the body is there.
    pub(crate) fn answering(
        limits: Limits,
        answering: impl Fn(&Params, &mut dyn Read, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self::with(limits, Collect::then(answering))
    }

    pub(crate) fn with(limits: Limits, handler: impl Handler + Send + 'static) -> Self {
        Self::speaking(move |listener, stop, log| serve(vec![listener], &handler, &limits, stop, log))
    }

    /// The same by HTTP.
    pub(crate) fn http(limits: Limits, handler: impl Handler + Send + 'static) -> Self {
        Self::speaking(move |listener, stop, log| {
            http::serve(vec![listener], Trust::default(), &handler, &limits, stop, log)
        })
    }

    fn speaking(
        serve: impl FnOnce(Listener, BorrowedFd<'_>, &(dyn Fn(Notice) + Sync)) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = Listener::bind(&format!("unix:{}/s", dir.path().display()), None, None).unwrap();
        let (stopped, stop) = io::pipe().unwrap();
        let notices = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&notices);
        let thread = std::thread::spawn(move || {
            let log = |notice: Notice| log.lock().unwrap().push(notice.to_string());
            serve(listener, stopped.as_fd(), &log)
        });
        Self { dir, stop, thread, notices }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    pub(crate) fn connect(&self) -> Peer {
        connect(&self.path())
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap().clone()
    }

    /// Asks it to end, without waiting.
    pub(crate) fn stop(self) -> Stopping {
        drop(self.stop);
        Stopping { thread: self.thread, notices: self.notices, _dir: self.dir }
    }

    /// Ends it, and returns all that it told.
    pub(crate) fn finish(self) -> Vec<String> {
        self.stop().finish()
    }
}

/// A responder that was asked to end.
pub(crate) struct Stopping {
    thread: JoinHandle<io::Result<()>>,
    notices: Arc<Mutex<Vec<String>>>,
    _dir: TempDir,
}

impl Stopping {
    pub(crate) fn finish(self) -> Vec<String> {
        self.thread.join().expect("no panic").expect("no error");
        self.notices.lock().unwrap().clone()
    }
}

pub(crate) fn connect(path: &std::path::Path) -> Peer {
    let stream = UnixStream::connect(path).unwrap();
    // Far beyond anything that is waited for: a test that hangs fails.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    Peer(stream)
}

const CHILD: &str = "FASTCGI_TEST_CHILD";

/// Whether this process is a responder that a test started.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Serves on standard input until SIGTERM.
pub(crate) fn serve_as_child(limits: &Limits) {
    let (stopped, stop) = io::pipe().unwrap();
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGTERM, stop).unwrap();
    assert!(hookspool::gateway::stdin_is_listening());
    let listener = Listener::from_stdin().unwrap();
    let log = |notice: Notice| eprintln!("{notice}");
    serve(vec![listener], &TestHandler, limits, stopped.as_fd(), &log).unwrap();
}

/// A responder in a process of its own: this test binary again, running `test` with the listener as standard input.
pub(crate) struct ChildResponder {
    dir: Option<TempDir>,
    child: Child,
}

impl ChildResponder {
    /// `setup` is a shell command that comes before, such as a `ulimit`.
    pub(crate) fn start(test: &str, setup: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("s")).unwrap();
        let mut responder = Self::start_on(listener.into(), test, setup);
        responder.dir = Some(dir);
        responder
    }

    /// The same on a listener of any kind.
    pub(crate) fn start_on(listener: OwnedFd, test: &str, setup: &str) -> Self {
        let child = Command::new("/bin/sh")
            .args(["-c", &format!("{setup}; exec \"$@\""), "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test, "--test-threads=1", "--nocapture"])
            .env(CHILD, "1")
            .stdin(Stdio::from(listener))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { dir: None, child }
    }

    pub(crate) fn connect(&self) -> Peer {
        connect(&self.dir.as_ref().expect("a Unix listener").path().join("s"))
    }

    /// A number from `/proc/PID/status`, such as `VmHWM` in KiB.
    pub(crate) fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Processor time used so far, in hundredths of a second.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Ends it, asserts that it ended well, and returns what it told.
    pub(crate) fn finish(mut self) -> String {
        self.terminate();
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(self.child.wait().unwrap().success(), "{told}");
        told
    }
}

impl Drop for ChildResponder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
