//! Edge. How a responder begins and ends: the sockets that it takes or makes, and what becomes of requests when it
//! is asked to stop.

use crate::support::fastcgi_peer::{
    ChildResponder, Collect, Responder, TestHandler, begin, connect, echoed, head, is_child, record, request,
    serve_as_child,
};
use hookspool::gateway::{Limits, Listener, Params, fastcgi::serve};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

fn bind(path: &Path) -> io::Result<Listener> {
    Listener::bind(&format!("unix:{}", path.display()), Some(0o660), None)
}

#[test]
fn a_stop_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let barrier = Arc::new(Barrier::new(2));
    let held = Arc::clone(&barrier);
    let responder =
        Responder::answering(Limits::default(), move |params: &Params, body: &mut dyn Read, out: &mut dyn Write| {
            if params.get(b"MODE") == Some(b"hold") {
                held.wait();
                held.wait();
            }
            let length = io::copy(body, &mut io::sink())?;
            write!(out, "Status: 200 OK\r\n\r\n{length}")
        });
    let mut idle = responder.connect();
    idle.send(&request(1, 1, "", b"")).answer(1);
    let mut held = responder.connect();
    held.send(&request(1, 1, "hold", b"12345"));
    barrier.wait();
    let mut half = responder.connect();
    half.send(&head(1, 0, "")).send(&record(5, 1, b"abc"));
    let mut said = responder.connect();
    said.send(&head(1, 0, "")[..20]);
    let path = responder.path();
    let stopping = responder.stop();
    assert_eq!(idle.rest(), []);
    half.send(&record(5, 1, b""));
    assert_eq!(echoed(&half.answer(1)), b"3");
    said.send(&head(1, 0, "")[20..]).send(&record(5, 1, b""));
    assert_eq!(echoed(&said.answer(1)), b"0");
    assert!(!path.exists(), "nobody new can come");
    barrier.wait();
    assert_eq!(echoed(&held.answer(1)), b"5");
    assert_eq!(held.rest(), [], "closed in spite of keep_conn");
    assert_eq!(stopping.finish(), [""; 0]);
}

#[test]
fn a_stop_waits_for_half_a_head_only_briefly() {
    let responder = Responder::start(Limits::default());
    let mut silent = responder.connect();
    let mut late = responder.connect();
    let mut half = responder.connect();
    half.send(&head(1, 0, "")[..20]);
    let mut idle = responder.connect();
    idle.send(&request(1, 1, "", b"")).answer(1);
    let began = Instant::now();
    let stopping = responder.stop();
    assert_eq!(idle.rest(), [], "the stop is seen");
    late.send(&head(1, 0, "")[..20]);
    assert_eq!(stopping.finish().len(), 3, "all are told");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!((silent.rest(), half.rest(), late.rest()), (vec![], vec![], vec![]));
}

#[test]
fn after_a_stop_a_kept_connection_gets_no_further_request() {
    let (answered, barrier) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
    let (count, held) = (Arc::clone(&answered), Arc::clone(&barrier));
    let responder =
        Responder::answering(Limits::default(), move |params: &Params, _: &mut dyn Read, out: &mut dyn Write| {
            if params.get(b"MODE") == Some(b"hold") {
                held.wait();
                held.wait();
            }
            count.fetch_add(1, SeqCst);
            out.write_all(b"Status: 200 OK\r\n\r\n")
        });
    let mut idle = responder.connect();
    idle.send(&request(1, 1, "", b"")).answer(1);
    let mut greedy = responder.connect();
    greedy.send(&request(1, 1, "hold", b"")).send(&request(2, 1, "", b"").repeat(1000));
    let mut refused = responder.connect();
    let foreign = [begin(1, 3, 1), record(4, 1, b"")].concat();
    refused.send(&foreign[..4]);
    barrier.wait();
    let stopping = responder.stop();
    assert_eq!(idle.rest(), [], "the stop is seen");
    barrier.wait();
    greedy.answer(1);
    assert_eq!(greedy.rest(), []);
    refused.send(&foreign[4..]);
    let told: Vec<_> = refused.rest().into_iter().map(|record| (record.kind, record.content[4])).collect();
    assert_eq!(told, [(3, 3)], "an unknown role, and the end");
    drop((greedy, refused));
    assert_eq!(stopping.finish(), [""; 0]);
    assert_eq!(answered.load(SeqCst), 2);
}

#[test]
fn what_waits_in_the_backlog_of_its_own_socket_is_served_at_a_stop() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = bind(&path).unwrap();
    let mut waiting: Vec<_> = (0..20).map(|_| connect(&path)).collect();
    for peer in &mut waiting {
        peer.send(&request(1, 0, "count", b"1"));
    }
    let (stopped, stop) = io::pipe().unwrap();
    drop(stop);
    let handler = TestHandler;
    serve(vec![listener], &handler, &Limits::default(), stopped.as_fd(), &|notice| panic!("{notice}")).unwrap();
    for peer in &mut waiting {
        assert_eq!(echoed(&peer.answer(1)), b"1");
    }
}

#[test]
fn sigterm_ends_a_process_on_standard_input_with_its_request_answered() {
    if is_child() {
        return serve_as_child(&Limits::default());
    }
    let test = "fastcgi::lifetime::sigterm_ends_a_process_on_standard_input_with_its_request_answered";
    let child = ChildResponder::start(test, ":");
    let mut peer = child.connect();
    peer.send(&head(1, 0, "count")).send(&record(5, 1, &vec![0; 40_000])).send(&record(77, 0, b""));
    assert_eq!(peer.record().unwrap().kind, 11, "the handler reads");
    child.terminate();
    peer.send(&record(5, 1, b""));
    assert_eq!(echoed(&peer.answer(1)), b"40000");
    child.finish();
}

#[test]
fn two_responders_share_a_socket_and_one_can_leave() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let shared = UnixListener::bind(&path).unwrap();
    std::thread::scope(|scope| {
        let start = || {
            let listener = Listener::from_fd(OwnedFd::from(shared.try_clone().unwrap())).unwrap();
            let (stopped, stop) = io::pipe().unwrap();
            let serving = move || serve(vec![listener], &TestHandler, &Limits::default(), stopped.as_fd(), &|_| {});
            (scope.spawn(serving), stop)
        };
        let ((one, stop_one), (two, stop_two)) = (start(), start());
        let served = || assert_eq!(echoed(&connect(&path).send(&request(1, 0, "count", b"1")).answer(1)), b"1");
        (0..20).for_each(|_| served());
        drop(stop_one);
        one.join().unwrap().unwrap();
        (0..20).for_each(|_| served());
        drop(stop_two);
        two.join().unwrap().unwrap();
    });
    assert!(path.exists(), "the path of a socket from outside is not ours to remove");
}

#[test]
fn a_unix_socket_appears_with_its_mode_and_group_and_goes_with_its_listener() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let group = rustix::process::getegid().as_raw();
    let listener = Listener::bind(&format!("unix:{}", path.display()), Some(0o600), Some(group)).unwrap();
    let found = path.metadata().unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!((found.permissions().mode() & 0o7777, found.gid()), (0o600, group));
    drop(listener);
    assert_eq!(dir.path().read_dir().unwrap().count(), 0, "nothing is left");
}

#[test]
fn a_dead_socket_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let listener = bind(&path).unwrap();
    UnixStream::connect(&path).unwrap();
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "the dead one is gone");
    drop(listener);
}

#[test]
fn a_socket_that_answers_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let first = UnixListener::bind(&path).unwrap();
    let error = bind(&path).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().ends_with("a server answers there; stop it first"), "{error}");
    first.set_nonblocking(true).unwrap();
    first.accept().expect("the question that was asked");
    UnixStream::connect(&path).unwrap();
    assert_eq!(dir.path().read_dir().unwrap().count(), 1);
}

#[test]
fn what_is_no_socket_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    std::fs::write(&path, "mine").unwrap();
    let dangling = dir.path().join("link");
    std::os::unix::fs::symlink(dir.path().join("nowhere"), &dangling).unwrap();
    for path in [&path, &dangling] {
        let error = bind(path).unwrap_err();
        assert!(error.to_string().ends_with("there is something that is no socket; remove it"), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    assert_eq!(dir.path().read_dir().unwrap().count(), 2);
}

#[test]
fn a_socket_that_somebody_else_put_in_its_place_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = bind(&path).unwrap();
    std::fs::rename(&path, dir.path().join("moved")).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    drop(listener);
    assert!(path.exists());
    drop(other);
}

#[test]
fn of_many_that_start_at_once_on_a_dead_socket_one_gets_it() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        let start = Barrier::new(4);
        let bound: Vec<Listener> = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        bind(&path).ok()
                    })
                })
                .collect();
            racers.into_iter().filter_map(|racer| racer.join().unwrap()).collect()
        });
        assert_eq!(bound.len(), 1);
        UnixStream::connect(&path).expect("the one who got it answers");
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }
}

#[test]
fn tcp_is_served_on_both_families() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = Listener::bind(address, None, None) else {
            assert_eq!(address, "[::1]:0", "a machine may lack IPv6 only");
            continue;
        };
        let bound = listener.tcp_address().unwrap();
        let (stopped, stop) = io::pipe().unwrap();
        let serving = std::thread::spawn(move || {
            let handler = Collect::then(|_: &Params, body: &mut dyn Read, out: &mut dyn Write| {
                let length = io::copy(body, &mut io::sink())?;
                write!(out, "Status: 200 OK\r\n\r\n{length}")
            });
            serve(vec![listener], &handler, &Limits::default(), stopped.as_fd(), &|_| {})
        });
        let mut peer = TcpStream::connect(bound).unwrap();
        peer.write_all(&request(1, 0, "", &vec![0; 100_000])).unwrap();
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).unwrap();
        assert_eq!(
            answer,
            [record(6, 1, b"Status: 200 OK\r\n\r\n100000"), record(6, 1, b""), record(3, 1, &[0; 8])].concat()
        );
        drop(stop);
        serving.join().unwrap().unwrap();
    }
}

#[test]
fn peers_that_the_environment_does_not_name_are_turned_away() {
    if is_child() {
        return serve_as_child(&Limits::default());
    }
    let test = "fastcgi::lifetime::peers_that_the_environment_does_not_name_are_turned_away";
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let child = ChildResponder::start_on(listener.into(), test, "export FCGI_WEB_SERVER_ADDRS=10.0.0.1,127.0.0.2");
    let exchange = |from: &str| {
        let mut peer = tcp_from(from, address);
        let mut answer = Vec::new();
        // A refused peer may be told by a reset.
        let _ = peer.write_all(&request(1, 0, "count", b"1")).and_then(|()| peer.read_to_end(&mut answer));
        (peer, answer)
    };
    let (_still_open, refused) = exchange("127.0.0.1");
    assert_eq!(refused, b"");
    let (_, served) = exchange("127.0.0.2");
    assert!(served.ends_with(&record(3, 1, &[0; 8])), "{served:?}");
    let told = child.finish();
    assert!(told.contains("127.0.0.1 is not in `FCGI_WEB_SERVER_ADDRS`"), "{told}");
}

/// A connection from one of the addresses of this machine.
fn tcp_from(source: &str, target: SocketAddr) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
    connect(&socket, &target).unwrap();
    TcpStream::from(socket)
}
