//! Edge. A way between git and a server that breaks where a test says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A break that is to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Connections that pass before it.
    pub(super) passed: usize,
    /// Bytes of the server's that pass before it.
    pub(super) bytes: usize,
}

/// Passes connections on to a server; one of them breaks.
pub(super) struct Proxy {
    pub(super) port: u16,
    cut: Arc<Mutex<Option<Cut>>>,
    broken: Arc<AtomicUsize>,
}

impl Proxy {
    /// To the server at `port` of 127.0.0.1.
    pub(super) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), cut: Arc::default(), broken: Arc::default() };
        let (cut, broken) = (Arc::clone(&proxy.cut), Arc::clone(&proxy.broken));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                pass(&client, &server, next_limit(&cut), &broken);
            }
        });
        proxy
    }

    /// Breaks a connection to come, once, or none any more.
    pub(super) fn set_cut(&self, cut: Option<Cut>) {
        *self.cut.lock().unwrap() = cut;
    }

    /// Connections that were broken.
    pub(super) fn broken(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }
}

/// Bytes that the next connection may bring; no limit: `None`.
fn next_limit(cut: &Mutex<Option<Cut>>) -> Option<usize> {
    let mut cut = cut.lock().unwrap();
    match &mut *cut {
        None => None,
        Some(Cut { passed: 0, .. }) => cut.take().map(|cut| cut.bytes),
        Some(cut) => {
            cut.passed -= 1;
            None
        }
    }
}

fn pass(client: &TcpStream, server: &TcpStream, limit: Option<usize>, broken: &Arc<AtomicUsize>) {
    let [from_client, to_client] = [client.try_clone().unwrap(), client.try_clone().unwrap()];
    let [from_server, to_server] = [server.try_clone().unwrap(), server.try_clone().unwrap()];
    std::thread::spawn(move || copy(from_client, to_server, None));
    let broken = Arc::clone(broken);
    std::thread::spawn(move || {
        if copy(from_server, to_client, limit) {
            broken.fetch_add(1, Ordering::SeqCst);
        }
    });
}

/// Copies until the end, or breaks both connections after `limit` bytes; `true` if it did.
fn copy(mut from: TcpStream, mut to: TcpStream, limit: Option<usize>) -> bool {
    let mut left = limit.unwrap_or(usize::MAX);
    let mut buffer = [0; 4096];
    let mut is_broken = left == 0;
    while !is_broken {
        let count = from.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            let _peer_gone = to.shutdown(Shutdown::Write);
            return false;
        }
        if to.write_all(&buffer[..count.min(left)]).is_err() {
            break;
        }
        left -= count.min(left);
        is_broken = left == 0;
    }
    let _peers_gone = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    is_broken
}
