//! Edge. The responder as one call: starts the workers, runs the reactor, and ends when both have.

use super::Log;
use super::connections::Connections;
use super::handler::Handler;
use super::limits::Limits;
use super::listener::Listener;
use super::notice::Notice;
use super::pool::Pool;
use super::reactor::Reactor;
use super::worker::Worker;
use std::io;
use std::os::fd::BorrowedFd;
use std::thread::{Builder, Scope, scope};

/// Answers requests on all `listeners` until `stop` becomes readable, then finishes those that have begun and returns.
///
/// Kept-alive connections between two requests are closed at once then, connections that have not yet sent their
/// parameters after two seconds, all others after the request that they are in, which is bound by
/// `Limits::request_timeout` and by the handler's own end.
///
/// # Errors
/// Not one worker could be started, or epoll refuses a descriptor. What happens to a single connection is a `Notice`.
pub fn serve(
    listeners: Vec<Listener>,
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
        Reactor::new(listeners, &limits, &pool, stop, log)?.run()
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
        match Builder::new().name(format!("fastcgi-{started}")).spawn_scoped(scope, move || worker.run()) {
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
