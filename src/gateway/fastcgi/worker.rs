//! Edge. A worker: takes requests one after the other, runs the handler on each, and sees the answer out.

use super::Log;
use super::exchange::{Buffer, Exchange, Visit};
use super::handler::Handler;
use super::limits::Limits;
use super::notice::{Awaited, Notice};
use super::pool::Pool;
use super::record::{self, ProtocolStatus};
use super::work::{Body, Job, Returned, Work};
use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

const PANICKED: &[u8] = b"Status: 500 Internal Server Error\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\ninternal error\n";

/// The parts that all workers share.
#[derive(Clone, Copy)]
pub(super) struct Worker<'a> {
    pub(super) pool: &'a Pool,
    pub(super) handler: &'a dyn Handler,
    pub(super) limits: &'a Limits,
    pub(super) log: Log<'a>,
}

impl Worker<'_> {
    /// Works until the pool is closed.
    pub(super) fn run(self) {
        let mut buffer = Buffer::new();
        let mut records = Vec::with_capacity(4096);
        while let Some(job) = self.pool.pop() {
            if let Some(returned) = self.serve(job, &mut buffer, &mut records) {
                self.pool.give_back(returned);
            }
        }
    }

    /// Goes on with a request; `None`: its connection is closed.
    fn serve(&self, job: Job, buffer: &mut Buffer, records: &mut Vec<u8>) -> Option<Returned> {
        if matches!(job.work, Work::Begin(_)) && Instant::now() >= job.times.deadline {
            (self.log)(Notice::TimedOut(Awaited::Worker));
            return None;
        }
        let (mut exchange, work, piece) = Exchange::new(job, buffer, self.limits);
        // A handler that panics leaves nothing behind that is used again.
        let visit = catch_unwind(AssertUnwindSafe(|| exchange.visit(work, &piece, buffer, self.handler)));
        let visit = visit.unwrap_or_else(|panic| {
            (self.log)(Notice::Panicked(panic_message(&*panic)));
            exchange.visit(exchange.answered(PANICKED.to_vec()), &[], buffer, self.handler)
        });
        if let Some(violation) = exchange.violation() {
            (self.log)(Notice::Malformed(violation));
        }
        match visit {
            Visit::Wait(work) => Some(self.wait(exchange, work, buffer.unread())),
            Visit::Answer(answer) => self.answer(exchange, &answer, buffer.unread(), records),
        }
    }

    fn wait(&self, exchange: Exchange<'_>, mut work: Work, rest: &[u8]) -> Returned {
        if let Work::Take(taking) = &mut work {
            taking.count(self.pool.connections());
        }
        let times = exchange.times();
        Returned::Waiting { connection: exchange.connection, work, rest: rest.to_vec(), times }
    }

    /// Sends the answer; the connection goes on, or ends in a way that lets the peer read it.
    fn answer(&self, exchange: Exchange<'_>, answer: &[u8], rest: &[u8], records: &mut Vec<u8>) -> Option<Returned> {
        let request = exchange.connection.codec.request()?;
        records.clear();
        match exchange.body() {
            // A web server that gave up expects the end and nothing else.
            Body::Broken(ErrorKind::ConnectionAborted) if answer.is_empty() => {
                records.extend(record::end_request(request.id, ProtocolStatus::Complete));
            }
            _ if answer.is_empty() => {
                (self.log)(Notice::NoAnswer);
                return None;
            }
            _ => record::push_answer(records, request.id, answer),
        }
        if let Err(cause) = exchange.send(records) {
            (self.log)(Notice::NotDelivered(cause));
            return None;
        }
        let body = exchange.body();
        let mut connection = exchange.connection;
        connection.codec.end_request();
        match body {
            Body::Complete | Body::Broken(ErrorKind::ConnectionAborted) if request.keep => {
                Some(Returned::Keep(connection, rest.to_vec()))
            }
            Body::Complete if connection.codec.between_records() => None,
            // Others need its place.
            Body::Broken(ErrorKind::ResourceBusy) => None,
            _ => {
                connection.stream.end_output();
                Some(Returned::Linger(connection))
            }
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}
