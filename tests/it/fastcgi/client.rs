//! Edge. The responder against a client that others wrote, the crate `fastcgi-client`, over a blocking socket.

use crate::support::fastcgi_peer::{Responder, echoed};
use fastcgi_client::io::{AsyncRead, AsyncWrite, Cursor};
use fastcgi_client::{Client, Params, Request};
use hookspool::gateway::Limits;
use std::io::{Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// A blocking socket as the client wants it: always ready.
struct Blocking(UnixStream);

impl AsyncRead for Blocking {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize>> {
        Poll::Ready(self.0.read(buffer))
    }
}

impl AsyncWrite for Blocking {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A future that never waits is ready at once.
fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a blocking socket was not ready"),
    }
}

fn request(mode: &str, body: Vec<u8>) -> Request<'_, Cursor<Vec<u8>>> {
    let params = Params::default().request_method("POST").content_length(body.len()).custom("MODE", mode);
    Request::new(params, Cursor::new(body))
}

#[test]
fn an_independent_client_gets_its_answer() {
    let responder = Responder::start(Limits::default());
    let client = Client::new(Blocking(responder.connect().0));
    let response = finish(client.execute_once(request("echo", b"payload".to_vec()))).unwrap();
    let stdout = response.stdout.unwrap();
    assert!(stdout.starts_with(b"Status: 200 OK\r\n"));
    assert!(echoed(&stdout).ends_with(b"\n\npayload"), "{stdout:?}");
    assert_eq!(response.stderr, None);
}

#[test]
fn an_independent_client_keeps_its_connection() {
    let responder = Responder::start(Limits::default());
    let mut client = Client::new_keep_alive(Blocking(responder.connect().0));
    for size in [0, 1, 65_535, 65_536, 1_000_000] {
        let response = finish(client.execute(request("count", vec![b'x'; size]))).unwrap();
        assert_eq!(echoed(&response.stdout.unwrap()), size.to_string().as_bytes());
    }
    assert_eq!(responder.finish(), [""; 0]);
}
