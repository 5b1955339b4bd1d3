//! Edge. A worker: takes requests one after the other, runs the handler on each, and sees the answer out.

use super::Log;
use super::exchange::{Buffer, Exchange, Visit};
use super::handler::Handler;
use super::limits::Limits;
use super::notice::{Awaited, Notice};
use super::pool::Pool;
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
        let mut bytes = Vec::with_capacity(4096);
        while let Some(job) = self.pool.pop() {
            if let Some(returned) = self.serve(job, &mut buffer, &mut bytes) {
                self.pool.give_back(returned);
            }
        }
    }

    /// Goes on with a request; `None`: its connection is closed.
    fn serve(&self, job: Job, buffer: &mut Buffer, bytes: &mut Vec<u8>) -> Option<Returned> {
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
        if let Some(fault) = exchange.fault() {
            (self.log)(Notice::Malformed(fault.clone()));
        }
        match visit {
            Visit::Wait(work) => Some(self.wait(exchange, work, buffer.unread())),
            Visit::Answer(answer) => self.answer(exchange, &answer, buffer.unread(), bytes),
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
    fn answer(&self, exchange: Exchange<'_>, answer: &[u8], rest: &[u8], bytes: &mut Vec<u8>) -> Option<Returned> {
        bytes.clear();
        // A peer that gave up expects the end and nothing else.
        if answer.is_empty() && exchange.body() != Body::Broken(ErrorKind::ConnectionAborted) {
            (self.log)(Notice::NoAnswer);
            return None;
        }
        exchange.connection.codec.push_answer(bytes, answer);
        if let Err(cause) = exchange.send(bytes) {
            (self.log)(Notice::NotDelivered(cause));
            return None;
        }
        let body = exchange.body();
        let mut connection = exchange.connection;
        let keeps = connection.codec.keeps_connection();
        connection.codec.end_request();
        match body {
            Body::Complete | Body::Broken(ErrorKind::ConnectionAborted) if keeps => {
                Some(Returned::Keep(connection, rest.to_vec()))
            }
            Body::Complete if connection.codec.is_over() => None,
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
