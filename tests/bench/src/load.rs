//! Edge. Sends deliveries over kept-alive connections, one at a time on each, and times the replies.

use crate::delivery::Request;
use crate::http::status_when_complete;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What to send, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Connections at once.
    pub connections: usize,
    /// Time before the measured time.
    pub warm_up: Duration,
    /// Measured time.
    pub measure: Duration,
}

/// What came back.
#[derive(Debug, Default, Clone)]
pub struct Answers {
    /// 2xx within the measured time.
    pub measured: u64,
    /// 2xx in all, with warm-up and tail.
    pub accepted: u64,
    /// Anything else, in all.
    pub failed: u64,
    /// The first of those.
    pub first_failure: Option<String>,
    /// Time from the first byte sent to the last byte received, of the measured ones.
    pub latencies_us: Vec<u32>,
    /// CPU time of the sender over the whole load.
    pub sender_cpu: Duration,
}

struct Connection {
    stream: TcpStream,
    request: Request,
    sent_at: Instant,
    reply: Vec<u8>,
    open: bool,
}

/// Sends `requests` (each connection uses its own, again and again, with a fresh delivery id from `first_id` on).
pub fn send(load: Load, server: SocketAddr, requests: &[Request], first_id: u64) -> io::Result<Answers> {
    let mut answers = Answers::default();
    let mut connections = open(load, server, requests)?;
    let cpu_before = thread_cpu();
    let from = Instant::now() + load.warm_up;
    let until = from + load.measure;
    let mut next_id = first_id;
    for connection in &mut connections {
        connection.send(&mut next_id)?;
    }
    while connections.iter().any(|connection| connection.open) {
        for index in readable(&connections)? {
            let connection = &mut connections[index];
            if connection.receive(&mut answers, from, until) {
                if Instant::now() < until {
                    connection.send(&mut next_id)?;
                } else {
                    connection.open = false;
                }
            }
        }
    }
    answers.sender_cpu = thread_cpu().saturating_sub(cpu_before);
    Ok(answers)
}

fn open(load: Load, server: SocketAddr, requests: &[Request]) -> io::Result<Vec<Connection>> {
    (0..load.connections)
        .map(|index| {
            let stream = TcpStream::connect(server)?;
            stream.set_nodelay(true)?;
            let request = requests[index % requests.len()].clone();
            Ok(Connection { stream, request, sent_at: Instant::now(), reply: Vec::new(), open: true })
        })
        .collect()
}

/// Indices of the open connections with something to read. No reply for a minute is an error.
fn readable(connections: &[Connection]) -> io::Result<Vec<usize>> {
    let open: Vec<usize> = (0..connections.len()).filter(|&index| connections[index].open).collect();
    let mut set: Vec<PollFd> =
        open.iter().map(|&index| PollFd::new(&connections[index].stream, PollFlags::IN)).collect();
    if poll(&mut set, Some(&Timespec { tv_sec: 60, tv_nsec: 0 }))? == 0 {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "no reply for a minute"));
    }
    Ok(open.into_iter().zip(&set).filter(|(_, fd)| !fd.revents().is_empty()).map(|(index, _)| index).collect())
}

impl Connection {
    fn send(&mut self, next_id: &mut u64) -> io::Result<()> {
        self.request.stamp(*next_id);
        *next_id += 1;
        self.reply.clear();
        self.sent_at = Instant::now();
        self.stream.write_all(self.request.bytes())
    }

    /// Reads what is there; whether the reply is complete and the connection can be used again.
    fn receive(&mut self, answers: &mut Answers, from: Instant, until: Instant) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) | Err(_) => {
                self.open = false;
                answers.fail("connection closed without a reply".to_owned());
                return false;
            }
            Ok(length) => self.reply.extend_from_slice(&buffer[..length]),
        }
        let Some(status) = status_when_complete(&self.reply) else { return false };
        let now = Instant::now();
        if (200..300).contains(&status) {
            answers.accepted += 1;
            if now >= from && now < until {
                answers.measured += 1;
                answers.latencies_us.push(u32::try_from((now - self.sent_at).as_micros()).unwrap_or(u32::MAX));
            }
        } else {
            answers.fail(String::from_utf8_lossy(&self.reply).into_owned());
        }
        true
    }
}

impl Answers {
    fn fail(&mut self, what: String) {
        self.failed += 1;
        self.first_failure.get_or_insert(what);
    }
}

/// Sends one request on a connection of its own; the status of the reply.
pub fn send_one(server: SocketAddr, request: &Request) -> io::Result<u16> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    stream.write_all(request.bytes())?;
    let (mut reply, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed without a reply"));
        }
        reply.extend_from_slice(&buffer[..length]);
        if let Some(status) = status_when_complete(&reply) {
            return Ok(status);
        }
    }
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
