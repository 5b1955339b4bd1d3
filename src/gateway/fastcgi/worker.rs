//! Edge. A worker: takes requests one after the other, runs the handler on each, and sees the answer out.

use super::exchange::{After, Buffer, Exchange};
use super::limits::Limits;
use super::notice::{Awaited, Notice};
use super::pool::{Job, Pool, Returned};
use super::record::{self, CONTENT_LIMIT_BYTES, HEADER_BYTES, kind};
use super::{Handler, Log};
use std::any::Any;
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

const PANICKED: &[u8] = b"Status: 500 Internal Server Error\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\ninternal error\n";

/// What all workers share.
#[derive(Clone, Copy)]
pub(super) struct Worker<'a> {
    pub(super) pool: &'a Pool,
    pub(super) handler: &'a dyn Handler,
    pub(super) limits: &'a Limits,
    pub(super) log: Log<'a>,
}

/// The body, as the handler sees it.
struct BodyReader<'e, 'w>(&'e RefCell<Exchange<'w>>);

/// The answer, as the handler writes it: kept until the handler is done, or until it fills a record.
struct AnswerWriter<'e, 'w> {
    exchange: &'e RefCell<Exchange<'w>>,
    /// Room for a record's header, and its content.
    record: Vec<u8>,
    /// Whether a part has been sent.
    begun: bool,
}

impl Worker<'_> {
    /// Works until the pool is closed.
    pub(super) fn run(self) {
        let mut buffer = Buffer::new();
        let mut record = Vec::with_capacity(4096);
        while let Some(job) = self.pool.pop() {
            match self.serve(job, &mut buffer, &mut record) {
                After::Close => {}
                After::Keep(connection, rest) => self.pool.give_back(Returned::Keep(connection, rest)),
                After::Linger(connection) => self.pool.give_back(Returned::Linger(connection)),
            }
        }
    }

    fn serve(&self, mut job: Job, buffer: &mut Buffer, record: &mut Vec<u8>) -> After {
        if Instant::now() >= job.deadline {
            (self.log)(Notice::TimedOut(Awaited::Worker));
            return After::Close;
        }
        let params = std::mem::take(&mut job.params);
        let Some(exchange) = Exchange::new(job, buffer, self.limits) else { return After::Close };
        let exchange = RefCell::new(exchange);
        let mut answer = AnswerWriter::new(&exchange, std::mem::take(record));
        let mut body = BodyReader(&exchange);
        // A handler that panics leaves nothing behind that is used again: its answer is cleared.
        let ended = catch_unwind(AssertUnwindSafe(|| self.handler.handle(&params, &mut body, &mut answer)));
        let sent = self.answer(ended, &mut answer);
        *record = answer.record;
        let exchange = exchange.into_inner();
        if let Some(violation) = exchange.violation() {
            (self.log)(Notice::Malformed(violation));
        }
        if sent { exchange.finish() } else { After::Close }
    }

    /// Sends what the handler's end asks for, and says whether the request was ended properly.
    fn answer(&self, ended: Result<io::Result<()>, Box<dyn Any + Send>>, answer: &mut AnswerWriter) -> bool {
        let sent = match ended {
            Err(panic) => {
                (self.log)(Notice::Panicked(panic_message(&*panic)));
                if answer.begun {
                    return false;
                }
                answer.replace(PANICKED)
            }
            Ok(Ok(())) if !answer.is_empty() => answer.finish(),
            Ok(_) if answer.aborted() && !answer.begun => answer.exchange.borrow_mut().send_end(),
            Ok(done) => {
                (self.log)(done.err().map_or(Notice::NoAnswer, Notice::Failed));
                return false;
            }
        };
        sent.map_err(|cause| (self.log)(Notice::NotDelivered(cause))).is_ok()
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}

impl Read for BodyReader<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(out)
    }
}

impl<'e, 'w> AnswerWriter<'e, 'w> {
    fn new(exchange: &'e RefCell<Exchange<'w>>, mut record: Vec<u8>) -> Self {
        record.clear();
        record.resize(HEADER_BYTES, 0);
        Self { exchange, record, begun: false }
    }

    fn is_empty(&self) -> bool {
        !self.begun && self.record.len() == HEADER_BYTES
    }

    fn aborted(&self) -> bool {
        self.exchange.borrow().aborted()
    }

    /// Drops what was not sent, for another answer.
    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        self.record.truncate(HEADER_BYTES);
        self.record.extend(content);
        self.finish()
    }

    /// Sends the last record together with the end of the request.
    fn finish(&mut self) -> io::Result<()> {
        let id = self.exchange.borrow().id();
        self.seal(id);
        self.record.extend(record::end_of_answer(id));
        self.send()
    }

    /// Fills in the header; a record without content would end the stream, so there is none then.
    fn seal(&mut self, id: u16) {
        let content_bytes = self.record.len() - HEADER_BYTES;
        if content_bytes == 0 {
            self.record.clear();
        } else {
            self.record[..HEADER_BYTES].copy_from_slice(&record::header(kind::STDOUT, id, content_bytes));
        }
    }

    /// The body is read first: a web server may read nothing before it has written all of it.
    fn send(&mut self) -> io::Result<()> {
        let mut exchange = self.exchange.borrow_mut();
        if !self.begun {
            exchange.drain();
            self.begun = true;
        }
        exchange.send(&self.record)
    }
}

impl Write for AnswerWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CONTENT_LIMIT_BYTES + HEADER_BYTES - self.record.len();
        if room == 0 {
            let id = self.exchange.borrow().id();
            self.seal(id);
            self.send()?;
            self.record.truncate(HEADER_BYTES);
            return self.write(bytes);
        }
        let length = room.min(bytes.len());
        self.record.extend(&bytes[..length]);
        Ok(length)
    }

    /// Does nothing: an answer leaves when it is complete or fills a record.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
