//! Edge. `serve`: HTTP, alone or beside a runner.

use super::args::ServeArgs;
use super::exit::Failure;
use super::receive::{Receiver, ReceiverProtocol, listen};
use super::serve_spool::SpoolRunner;
use crate::gateway::Listener;
use crate::gateway::http::Trust;
use crate::system::stop::Stop;
use std::panic::resume_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::thread::Builder;

/// HTTP on a socket of our own.
pub(super) fn run(config: Option<&Path>, args: ServeArgs) -> Result<ExitCode, Failure> {
    on(vec![listen(&args.socket, "127.0.0.1:9000")?], config, args)
}

/// HTTP on sockets that are there.
pub(super) fn on(listeners: Vec<Listener>, config: Option<&Path>, args: ServeArgs) -> Result<ExitCode, Failure> {
    let (workers, protocol) = (usize::from(args.socket.workers), ReceiverProtocol::Http(Trust::new(args.trust)));
    let receiver = Receiver { config, listeners, workers, protocol, is_beside_runner: args.runner };
    let stop = Stop::install().map_err(|error| Failure::cannot_watch(&error))?;
    if args.runner { beside_runner(receiver, &stop) } else { receiver.run(&stop) }
}

/// Receives and drains. When either ends, so does the other: a process that does half of its work would look alive.
fn beside_runner(receiver: Receiver<'_>, stop: &Stop) -> Result<ExitCode, Failure> {
    let runner = SpoolRunner::new(receiver.config)?;
    runner.refuse_sandbox()?;
    std::thread::scope(|scope| {
        let drain = || {
            let ended = runner.drain(stop, false, None);
            stop.trigger().request();
            ended
        };
        let draining = Builder::new().name("runner".into()).spawn_scoped(scope, drain);
        let draining = draining.map_err(|error| Failure::io("cannot start the runner", &error))?;
        let served = receiver.run(stop);
        stop.trigger().request();
        let drained = draining.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        served.map(|_| drained)
    })
}
