//! Edge. Attacks on memory, descriptors, threads and time: a responder bounds what they take, and goes on serving.

use crate::support::fastcgi_peer::{
    ChildResponder, Peer, Record, Responder, begin, echoed, head, is_child, pair, record, request, serve_as_child,
};
use hookspool::gateway::{Limits, Params};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

fn assert_serves(peer: &mut Peer) {
    assert_eq!(echoed(&peer.send(&request(1, 0, "count", b"12345")).answer(1)), b"5");
}

/// Waits for a fact that no event tells.
fn wait_until(what: &str, fact: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !fact() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn ten_thousand_parameters_are_refused_with_431() {
    let responder = Responder::start(Limits::default());
    let pairs: Vec<u8> = (0..10_000).flat_map(|_| pair(b"A", b"b")).collect();
    let mut peer = responder.connect();
    peer.send(&begin(1, 1, 1)).send(&record(4, 1, &pairs[..40_000])).send(&record(4, 1, b""));
    assert!(peer.answer(1).starts_with(b"Status: 431 "));
    peer.end();
    assert_eq!(peer.rest(), [], "closed, in spite of keep_conn");
    assert_eq!(responder.finish(), ["request refused: parameters exceed the limit"]);
}

#[test]
fn as_many_parameters_as_allowed_are_served() {
    let responder = Responder::start(Limits::default());
    let pairs: Vec<u8> = (0..1024).flat_map(|n: u16| pair(&n.to_be_bytes(), &[b'v'; 59])).collect();
    let mut peer = responder.connect();
    peer.send(&begin(1, 1, 0)).send(&record(4, 1, &pairs[..40_000])).send(&record(4, 1, &pairs[40_000..]));
    peer.send(&record(4, 1, b"")).send(&record(5, 1, b""));
    assert!(peer.answer(1).starts_with(b"Status: 200 "));
}

#[test]
fn endless_parameters_are_cut_off_with_flat_memory() {
    if is_child() {
        return serve_as_child(&Limits { linger_timeout: Duration::from_millis(100), ..Limits::default() });
    }
    let child = ChildResponder::start("fastcgi::resources::endless_parameters_are_cut_off_with_flat_memory", ":");
    assert_serves(&mut child.connect());
    let before = child.status("VmHWM");
    let mut peer = child.connect();
    peer.send(&begin(1, 1, 0));
    let part = record(4, 1, &vec![b'x'; 65_535]);
    let refused = (0..6400).find_map(|_| peer.offer(&part).err());
    assert!(refused.is_some(), "400 MB of parameters were taken");
    assert!(child.status("VmHWM") < before + 4 * 1024);
    assert_serves(&mut child.connect());
    child.finish();
}

#[test]
fn five_uploads_of_400_megabytes_are_refused_early_with_flat_memory() {
    if is_child() {
        let linger_timeout = Duration::from_millis(100);
        return serve_as_child(&Limits { drain_bytes: 1024 * 1024, linger_timeout, ..Limits::default() });
    }
    let test = "fastcgi::resources::five_uploads_of_400_megabytes_are_refused_early_with_flat_memory";
    let child = ChildResponder::start(test, ":");
    assert_serves(&mut child.connect());
    let before = child.status("VmHWM");
    scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| refused_upload(child.connect()));
        }
    });
    let grown = child.status("VmHWM") - before;
    assert!(grown < 8 * 1024, "{grown} KiB more");
    assert_serves(&mut child.connect());
    child.finish();
}

/// The answer is there before the connection is closed on the rest of the body.
fn refused_upload(mut peer: Peer) {
    let mut reader = Peer(peer.0.try_clone().unwrap());
    let answer = std::thread::spawn(move || reader.answer(1));
    peer.send(&head(1, 0, "refuse"));
    let part = record(5, 1, &vec![b'x'; 65_535]);
    assert!((0..6400).any(|_| peer.offer(&part).is_err()), "400 MB were taken");
    assert!(answer.join().unwrap().starts_with(b"Status: 403 "));
}

#[test]
fn four_hundred_idle_and_half_said_connections_cost_no_worker() {
    let responder = Responder::start(Limits { workers: 2, ..Limits::default() });
    let whole = [head(1, 0, "count"), record(5, 1, &vec![0; 20_000])].concat();
    let held: Vec<Peer> = (0..400)
        .map(|n| {
            let mut peer = responder.connect();
            peer.send(&whole[..(n * 7) % whole.len()]);
            peer
        })
        .collect();
    for _ in 0..50 {
        assert_serves(&mut responder.connect());
    }
    drop(held);
    assert_eq!(responder.finish(), [""; 0]);
}

/// An upload of which 40 kB have come, and been read.
fn slow_upload(responder: &Responder, mode: &str) -> Peer {
    let mut peer = responder.connect();
    peer.send(&head(1, 0, mode)).send(&record(5, 1, &vec![0; 40_000])).send(&record(77, 0, b""));
    assert_eq!(peer.record().map(|record| record.kind), Some(11), "what came before was read");
    peer
}

#[test]
fn two_workers_serve_others_while_a_hundred_uploads_are_open() {
    let responder = Responder::start(Limits { workers: 2, ..Limits::default() });
    let mut slow: Vec<Peer> = (0..100).map(|_| slow_upload(&responder, "count")).collect();
    for _ in 0..50 {
        assert_serves(&mut responder.connect());
    }
    for peer in &mut slow {
        assert_eq!(echoed(&peer.send(&record(5, 1, b"")).answer(1)), b"40000");
    }
    assert_eq!(responder.finish(), [""; 0]);
}

#[test]
fn what_is_left_of_a_refused_upload_costs_no_worker_either() {
    let responder = Responder::start(Limits { workers: 2, ..Limits::default() });
    let mut slow: Vec<Peer> = (0..100).map(|_| slow_upload(&responder, "refuse")).collect();
    assert_serves(&mut responder.connect());
    for peer in &mut slow {
        assert!(peer.send(&record(5, 1, b"")).answer(1).starts_with(b"Status: 403 "));
    }
}

#[test]
fn of_too_many_uploads_the_one_that_has_taken_longest_is_given_up() {
    let by_count = Limits { uploads: 2, ..Limits::default() };
    let by_bytes = Limits { upload_bytes: 100_000, ..Limits::default() };
    for limits in [by_count, by_bytes] {
        let responder = Responder::start(limits);
        let mut slow: Vec<Peer> = (0..3).map(|_| slow_upload(&responder, "tell")).collect();
        assert_eq!(echoed(&slow[0].answer(1)), b"Err(ResourceBusy) Err(ResourceBusy)");
        for peer in &mut slow[1..] {
            assert_eq!(echoed(&peer.send(&record(5, 1, b"")).answer(1)), b"Ok(40000) Ok(0)");
        }
        assert_eq!(responder.finish(), ["request given up: it took longest, and others need its place"]);
    }
}

#[test]
fn where_all_connections_are_slow_the_one_that_has_taken_longest_gives_way() {
    for mode in ["tell", "refuse"] {
        let responder = Responder::start(Limits { connections: 2, ..Limits::default() });
        let mut slow = [slow_upload(&responder, mode), slow_upload(&responder, mode)];
        assert_serves(&mut responder.connect());
        let told = slow[0].answer(1);
        assert!(told.starts_with(b"Status: 403 ") || echoed(&told).starts_with(b"Err(ResourceBusy)"), "{told:?}");
    }
    let responder = Responder::start(Limits { connections: 2, ..Limits::default() });
    let half: Vec<Peer> = (0..2)
        .map(|_| {
            let mut peer = responder.connect();
            peer.send(&begin(1, 1, 0)).send(&record(77, 0, b""));
            assert_eq!(peer.record().map(|record| record.kind), Some(11));
            peer
        })
        .collect();
    assert_serves(&mut responder.connect());
    drop(half);
}

#[test]
fn one_idle_kept_alive_connection_gives_way_where_there_is_no_room_for_another() {
    let responder = Responder::start(Limits { connections: 4, ..Limits::default() });
    let mut idle: Vec<Peer> = (0..4).map(|_| responder.connect()).collect();
    for peer in &mut idle {
        assert_eq!(echoed(&peer.send(&request(1, 1, "count", b"1")).answer(1)), b"1");
    }
    let mut another = responder.connect();
    // What the responder does with a new connection is done when it reads a second request from it.
    for _ in 0..2 {
        assert_eq!(echoed(&another.send(&request(1, 1, "count", b"22")).answer(1)), b"2");
    }
    // Which of them goes is not told: the answers went out before the connections were idle.
    let mut ended: Vec<PollFd> = idle.iter().map(|peer| PollFd::new(&peer.0, PollFlags::IN)).collect();
    poll(&mut ended, Some(&Timespec { tv_sec: 30, tv_nsec: 0 })).unwrap();
    let closed: Vec<usize> = (0..4).filter(|&at| !ended[at].revents().is_empty()).collect();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert_eq!(idle[closed[0]].record(), None);
}

#[test]
fn a_full_responder_waits_without_spinning() {
    if is_child() {
        return serve_as_child(&Limits { connections: 2, ..Limits::default() });
    }
    let child = ChildResponder::start("fastcgi::resources::a_full_responder_waits_without_spinning", ":");
    let half: Vec<Peer> = (0..2)
        .map(|_| {
            let mut peer = child.connect();
            peer.send(&begin(1, 1, 0)).send(&record(77, 0, b""));
            assert_eq!(peer.record().map(|record| record.kind), Some(11), "it has begun");
            peer
        })
        .collect();
    let mut waiting = child.connect();
    waiting.send(&request(1, 0, "count", b"12345"));
    let (began, used) = (Instant::now(), child.cpu_ticks());
    wait_until("a second has passed", || began.elapsed() > Duration::from_secs(1));
    // On a busy machine, too, a thread that spins gets more than this.
    assert!(child.cpu_ticks() - used < 4, "more than 30 ms of processor time");
    drop(half);
    assert_eq!(echoed(&waiting.answer(1)), b"5");
    child.finish();
}

#[test]
fn sixty_four_descriptors_are_enough_for_a_hundred_connections() {
    if is_child() {
        return serve_as_child(&Limits::default());
    }
    let test = "fastcgi::resources::sixty_four_descriptors_are_enough_for_a_hundred_connections";
    let child = ChildResponder::start(test, "ulimit -n 64");
    let mut curious = child.connect();
    curious.send(&record(9, 0, &pair(b"FCGI_MAX_CONNS", b"")));
    assert_eq!(curious.record().map(|record| record.content), Some(pair(b"FCGI_MAX_CONNS", b"16")));
    let connected = Barrier::new(100);
    scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let mut peer = child.connect();
                connected.wait();
                assert_serves(&mut peer);
            });
        }
    });
    child.finish();
}

#[test]
fn exhausted_descriptors_pause_accepting_and_nothing_else() {
    if is_child() {
        let mut hog: Vec<_> = (0..).map_while(|_| std::fs::File::open("/dev/null").ok()).collect();
        // The stop pipe, the listener's copy, /dev/null for standard input, epoll, the bell, and two connections.
        hog.truncate(hog.len() - 8);
        return serve_as_child(&Limits::default());
    }
    let test = "fastcgi::resources::exhausted_descriptors_pause_accepting_and_nothing_else";
    let child = ChildResponder::start(test, "ulimit -n 40");
    let mut peers: Vec<Peer> = (0..20).map(|_| child.connect()).collect();
    for peer in &mut peers {
        assert_serves(peer);
    }
    let told = child.finish();
    assert!(told.contains("accepting pauses: too many open files"), "{told}");
}

#[test]
fn what_is_not_said_in_time_is_cut_off() {
    let soon = Duration::from_millis(60);
    let limits = Limits { head_timeout: soon, read_timeout: soon, idle_timeout: soon, ..Limits::default() };
    let responder = Responder::start(limits);
    let whole = [head(1, 0, "count"), record(5, 1, b"abc")].concat();
    for length in [0, 3, 8, 20, whole.len() - 2, whole.len()] {
        let mut peer = responder.connect();
        peer.send(&whole[..length]);
        assert_eq!(peer.rest(), [], "{length}");
    }
    let mut kept = responder.connect();
    kept.send(&request(1, 1, "count", b"")).answer(1);
    assert_eq!(kept.rest(), [], "idle");
    let told = responder.finish();
    assert_eq!(
        told.iter().filter(|told| told.contains("the request's parameters took too long")).count(),
        4,
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|told| told.contains("the request's body took too long")).count(), 2, "{told:?}");
}

#[test]
fn a_request_that_came_to_nothing_takes_no_time_from_the_next_one() {
    let responder = Responder::start(Limits { head_timeout: Duration::from_millis(200), ..Limits::default() });
    let aborted = [begin(1, 1, 1), record(4, 1, b"\x05"), record(2, 1, b"")].concat();
    let no_role_of_ours = begin(1, 9, 1);
    let question = record(9, 0, &pair(b"FCGI_MAX_CONNS", b""));
    let mut peers = [aborted, no_role_of_ours, question].map(|stream| {
        let mut peer = responder.connect();
        peer.send(&stream).record().expect("an answer");
        peer
    });
    let answered = Instant::now();
    wait_until("that time has passed", || answered.elapsed() > Duration::from_millis(300));
    peers.iter_mut().for_each(assert_serves);
    assert_eq!(responder.finish(), [""; 0]);
}

#[test]
fn a_head_that_trickles_is_cut_off_as_a_whole() {
    let responder = Responder::start(Limits { head_timeout: Duration::from_millis(200), ..Limits::default() });
    let mut peer = responder.connect();
    let began = Instant::now();
    peer.send(&begin(1, 1, 0));
    while peer.offer(&record(4, 1, b"\0\0")).is_ok() {
        sleep(Duration::from_millis(10));
        assert!(began.elapsed() < Duration::from_secs(10), "bytes prolong the time");
    }
}

#[test]
fn a_body_that_trickles_is_cut_off_as_a_whole() {
    let responder = Responder::start(Limits { request_timeout: Duration::from_millis(200), ..Limits::default() });
    let mut peer = responder.connect();
    peer.send(&head(1, 0, "tell")).send(&record(5, 1, &vec![0; 40_000]));
    let began = Instant::now();
    while peer.offer(&record(5, 1, b"x")).is_ok() {
        sleep(Duration::from_millis(10));
        assert!(began.elapsed() < Duration::from_secs(10), "bytes prolong the time");
    }
    let records = peer.rest();
    assert_eq!(echoed(&records[0].content), b"Err(TimedOut) Err(TimedOut)");
}

#[test]
fn a_peer_that_does_not_read_its_answer_loses_it() {
    let limits = Limits { write_timeout: Duration::from_millis(50), workers: 1, ..Limits::default() };
    let responder = Responder::answering(limits, |_: &Params, _: &mut dyn Read, out: &mut dyn Write| {
        (0..64).try_for_each(|_| out.write_all(&vec![b'x'; 1024 * 1024]))
    });
    let mut peer = responder.connect();
    peer.send(&request(1, 0, "", b""));
    wait_until("the worker gives up", || !responder.notices().is_empty());
    assert!(responder.notices()[0].contains("timed out"), "{:?}", responder.notices());
    let mut got = Vec::new();
    peer.0.read_to_end(&mut got).unwrap();
    assert!(got.ends_with(b"xxx"), "cut off without an end");
}

#[test]
fn waiting_for_a_busy_worker_ends_with_the_request_time() {
    let barrier = Arc::new(Barrier::new(2));
    let held = Arc::clone(&barrier);
    let limits = Limits { workers: 1, request_timeout: Duration::from_millis(50), ..Limits::default() };
    let responder = Responder::answering(limits, move |_: &Params, _: &mut dyn Read, out: &mut dyn Write| {
        held.wait();
        held.wait();
        out.write_all(b"Status: 200 OK\r\n\r\nlate but whole")
    });
    let mut first = responder.connect();
    first.send(&request(1, 0, "", b""));
    barrier.wait();
    let mut second = responder.connect();
    second.send(&[record(77, 0, b""), request(1, 0, "", b"")].concat());
    assert_eq!(second.record().map(|record| record.kind), Some(11), "its time is running");
    let sent = Instant::now();
    wait_until("its time has passed", || sent.elapsed() > Duration::from_millis(60));
    barrier.wait();
    assert_eq!(echoed(&first.answer(1)), b"late but whole");
    assert_eq!(second.rest(), []);
    assert_eq!(responder.finish(), ["connection closed: waiting for a worker took too long"]);
}

#[test]
fn fifty_clients_that_leave_in_the_middle_leave_nothing_behind() {
    if is_child() {
        return serve_as_child(&Limits::default());
    }
    let test = "fastcgi::resources::fifty_clients_that_leave_in_the_middle_leave_nothing_behind";
    let child = ChildResponder::start(test, ":");
    assert_serves(&mut child.connect());
    // The responder's own thread, the test's and one for each worker.
    let all = Limits::default().workers as u64 + 1;
    wait_until("all workers are there", || child.status("Threads") >= all);
    let (files, threads) = (child.open_files(), child.status("Threads"));
    for n in 0..50 {
        let body = if n % 2 == 0 { 100 } else { 50_000 };
        child.connect().send(&head(1, 0, "count")).send(&record(5, 1, &vec![0; body]));
    }
    wait_until("descriptors are as before", || child.open_files() <= files);
    assert_eq!(child.status("Threads"), threads);
    assert_serves(&mut child.connect());
    child.finish();
}

#[test]
fn no_more_handlers_run_at_once_than_there_are_workers() {
    let most = Arc::new(AtomicUsize::new(0));
    let (inside, seen) = (AtomicUsize::new(0), Arc::clone(&most));
    let limits = Limits { workers: 3, connections: 20, ..Limits::default() };
    let responder = Responder::answering(limits, move |_: &Params, _: &mut dyn Read, out: &mut dyn Write| {
        seen.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
        std::thread::yield_now();
        inside.fetch_sub(1, SeqCst);
        out.write_all(b"Status: 200 OK\r\n\r\n")
    });
    scope(|scope| {
        for _ in 0..60 {
            scope.spawn(|| responder.connect().send(&request(1, 0, "", &[0; 8192])).answer(1));
        }
    });
    assert!((1..=3).contains(&most.load(SeqCst)), "{most:?}");
}

#[test]
fn sixteen_connections_post_eight_kilobytes_as_fast_as_they_can() {
    const EACH: u32 = 500;
    let responder = Responder::start(Limits::default());
    let post = request(1, 0, "count", &[b'x'; 8192]);
    let began = Instant::now();
    scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..EACH {
                    assert_eq!(echoed(&responder.connect().send(&post).answer(1)), b"8192");
                }
            });
        }
    });
    println!("{:.0} requests/s", f64::from(16 * EACH) / began.elapsed().as_secs_f64());
    assert_eq!(responder.finish(), [""; 0]);
}

#[test]
fn a_peer_may_go_on_writing_for_a_while_after_an_early_answer() {
    let responder = Responder::start(Limits { drain_bytes: 0, ..Limits::default() });
    let mut peer = responder.connect();
    peer.send(&head(1, 1, "refuse")).send(&record(5, 1, &vec![0; 40_000]));
    assert!(peer.answer(1).starts_with(b"Status: 403 "));
    assert_eq!(peer.record(), None);
    (0..50).for_each(|_| peer.offer(&record(5, 1, &vec![0; 40_000])).expect("it is read and dropped"));
}

#[test]
fn a_lingering_connection_is_closed_after_its_time() {
    let limits = Limits { drain_bytes: 0, linger_timeout: Duration::from_millis(50), ..Limits::default() };
    let responder = Responder::start(limits);
    let mut peer = responder.connect();
    peer.send(&head(1, 1, "refuse")).send(&record(5, 1, &vec![0; 40_000]));
    assert!(peer.answer(1).starts_with(b"Status: 403 "));
    assert_eq!(peer.record(), None::<Record>);
    let part = record(5, 1, &[0; 1000]);
    wait_until("it is closed on both sides", || (&peer.0).write_all(&part).is_err());
}
