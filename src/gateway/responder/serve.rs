//! Edge. The responder as one call: starts the workers, runs the reactor, and ends when both have.

use super::Log;
use super::connections::Connections;
use super::handler::Handler;
use super::limits::Limits;
use super::listener::Listener;
use super::notice::Notice;
use super::pool::Pool;
use super::protocol::Protocol;
use super::reactor::Reactor;
use super::worker::Worker;
use std::io;
use std::os::fd::BorrowedFd;
use std::thread::{Builder, Scope, scope};

/// Answers requests on all `listeners` until `stop` becomes readable, then finishes those that have begun and returns.
pub(in crate::gateway) fn serve(
    listeners: Vec<Listener>,
    protocol: &dyn Protocol,
    handler: &dyn Handler,
    limits: &Limits,
    stop: BorrowedFd<'_>,
    log: &(dyn Fn(Notice) + Sync),
) -> io::Result<()> {
    let limits = limits.fitted();
    let pool = Pool::new(Connections::new()?);
    let worker = Worker { pool: &pool, handler, limits: &limits, log };
    scope(|scope| {
        let _closes = Closes(&pool);
        start_workers(scope, worker)?;
        Reactor::new(listeners, protocol, &limits, &pool, stop, log)?.run()
    })
}

/// Lets the workers go however the reactor ends, or the scope would wait for them for ever.
struct Closes<'a>(&'a Pool);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn start_workers<'scope>(scope: &'scope Scope<'scope, '_>, worker: Worker<'scope>) -> io::Result<()> {
    for started in 0..worker.limits.workers.max(1) {
        match Builder::new().name(format!("receiver-{started}")).spawn_scoped(scope, move || worker.run()) {
            Ok(_) => {}
            Err(cause) if started == 0 => return Err(cause),
            Err(cause) => {
                let log: Log = worker.log;
                log(Notice::FewerWorkers { started, cause });
                break;
            }
        }
    }
    Ok(())
}
