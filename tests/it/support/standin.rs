//! Edge. A service that stands in for a real one: hears requests on this machine, and answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as it was heard.
#[derive(Debug, Clone)]
pub(crate) struct HeardRequest {
    /// Path and query.
    pub(crate) target: String,
    /// Lines of the head.
    pub(crate) head: Vec<String>,
    pub(crate) body: String,
}

impl HeardRequest {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.iter().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }

    /// The value of a parameter of the query, as it was sent.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let query = self.target.split_once('?')?.1;
        query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, more lines of the head, body.
    Whole(u16, &'static str, String),
    /// A body that goes on and on.
    Endless,
}

impl Reply {
    pub(crate) fn of(status: u16, body: &str) -> Self {
        Self::Whole(status, "", body.to_owned())
    }
}

type Answering = dyn FnMut(&HeardRequest) -> Reply + Send;

/// The service, gone with its test.
pub(crate) struct StandIn {
    port: u16,
    heard: Arc<Mutex<Vec<HeardRequest>>>,
    answering: Arc<Mutex<Box<Answering>>>,
    is_over: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl StandIn {
    /// One that answers each request so.
    pub(crate) fn answering(answer: impl FnMut(&HeardRequest) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::<Mutex<Vec<HeardRequest>>>::default();
        let answering: Arc<Mutex<Box<Answering>>> = Arc::new(Mutex::new(Box::new(answer)));
        let is_over = Arc::<AtomicBool>::default();
        let (ears, mouth, over) = (Arc::clone(&heard), Arc::clone(&answering), Arc::clone(&is_over));
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Acquire) {
                    break;
                }
                let (ears, mouth, over) = (Arc::clone(&ears), Arc::clone(&mouth), Arc::clone(&over));
                std::thread::spawn(move || drop(serve(stream, &ears, &mouth, &over)));
            }
        });
        Self { port, heard, answering, is_over, acceptor: Some(acceptor) }
    }

    /// One that says the same to everybody.
    pub(crate) fn saying(status: u16, body: &str) -> Self {
        let reply = Reply::of(status, body);
        Self::answering(move |_| reply.clone())
    }

    /// From now on it answers so.
    pub(crate) fn answer(&self, answer: impl FnMut(&HeardRequest) -> Reply + Send + 'static) {
        *self.answering.lock().unwrap() = Box::new(answer);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn heard(&self) -> MutexGuard<'_, Vec<HeardRequest>> {
        self.heard.lock().unwrap()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        let _wakes_it = TcpStream::connect(("127.0.0.1", self.port));
        self.acceptor.take().map(JoinHandle::join);
    }
}

fn serve(
    mut stream: TcpStream,
    ears: &Mutex<Vec<HeardRequest>>,
    answering: &Mutex<Box<Answering>>,
    is_over: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let Some(first) = head.first().cloned() else { return Ok(()) };
    let length =
        head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let request = HeardRequest { target, head, body: String::from_utf8_lossy(&body).into_owned() };
    // Heard before it is answered: who waits for the answer finds it.
    ears.lock().unwrap().push(request.clone());
    let reply = answering.lock().unwrap()(&request);
    match reply {
        Reply::Whole(status, more, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n{body}"
            )
        }
        Reply::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            while !is_over.load(Ordering::Acquire) {
                stream.write_all(&[b'x'; 4096])?;
            }
            Ok(())
        }
    }
}
