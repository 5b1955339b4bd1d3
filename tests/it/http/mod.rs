//! Edge. The HTTP server: what it takes for a request, what it costs, and `hookspool serve` as a process.

mod clients;
mod container;
mod heads;
mod process;
mod slow;

use crate::support::github::delivery_signed;
use crate::support::http::{Request, Response, send};
use crate::support::until;
use crate::support::yard::{Runner, YARD_SECRET, Yard};
use std::net::SocketAddr;

const STEPS: (&str, &str) = ("docs", "steps = [{ shell = \"echo $HOOKSPOOL_BRANCH >>ran\" }]");

/// `hookspool serve` on a port of the system's choice.
struct Served {
    process: Runner,
    address: SocketAddr,
}

impl Served {
    fn start(yard: &Yard, arguments: &[&str]) -> Self {
        let serve = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        Self::wait(yard, yard.start_as(yard.hookspool(&serve)))
    }

    /// Waits until the process says where it listens.
    fn wait(yard: &Yard, process: Runner) -> Self {
        let said = || Some(yard.log().split_once("event=listening")?.1.split_once("address=")?.1.to_owned());
        until("it listens", || said().is_some_and(|rest| rest.contains('\n')));
        let address = said().unwrap().split_whitespace().next().unwrap().parse().unwrap();
        Self { process, address }
    }

    fn send(&self, request: &Request) -> Response {
        send(self.address, request)
    }
}

fn push(body: &[u8]) -> Request {
    delivery_signed(YARD_SECRET, "/docs", "push", body)
}
