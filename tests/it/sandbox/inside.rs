//! Edge. What a receiver that was taken over can do: a thread enters the sandbox as a receiver does, and tries.

use super::Host;
use crate::spool::append::meta;
use crate::support::yard::YARD_SECRET;
use hookspool::config::load;
use hookspool::intake::{Confinement, Stay};
use hookspool::spool::{DeliveryResult, Inbox, SeenDelivery, SeenRings, seen};
use hookspool::system::landlock::{Barrier, Fence, Permit, offered};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

/// The answer of `act` in a thread that is in the sandbox of this host.
fn inside<T: Send>(host: &Host, stay: Stay<'_>, act: impl FnOnce() -> T + Send) -> T {
    let config = load(&host.config()).unwrap();
    std::thread::scope(|scope| {
        let entered = scope.spawn(|| {
            let confinement = Confinement::enter(&config, stay).unwrap();
            assert!(confinement.gaps().is_empty(), "{:?}", confinement.gaps());
            act()
        });
        entered.join().unwrap()
    })
}

const BOTH: [Stay<'static>; 2] = [Stay::OneRequest, Stay::Long(&[])];

fn refused<T>(result: io::Result<T>) -> bool {
    let refusals = [io::ErrorKind::PermissionDenied, io::ErrorKind::Unsupported];
    result.is_err_and(|error| refusals.contains(&error.kind()))
}

/// A host whose runner is at work: a job in each place, with what it printed.
fn at_work() -> Host {
    let host = Host::new("require");
    for file in ["running/1.job", "done/2.job", "log/2.log", "control/order", "outbox/2.ops.json", "lock"] {
        fs::write(host.spool().join(file), "the runner's").unwrap();
    }
    host.write("home", "somebody's");
    host
}

#[test]
fn no_file_but_its_own_is_read_written_made_or_removed() {
    for stay in BOTH {
        let host = at_work();
        let spool = host.spool();
        inside(&host, stay, || {
            let elsewhere = ["/etc/passwd", "/etc/hostname", "/proc/self/environ", "/proc/self/maps", "/dev/null"];
            assert!(elsewhere.iter().all(|path| refused(File::open(path))), "{stay:?}");
            assert!(refused(File::open(host.path("home"))) && refused(File::create(host.path("new"))));
            for file in ["running/1.job", "done/2.job", "log/2.log", "control/order", "outbox/2.ops.json", "lock"] {
                let path = spool.join(file);
                assert!(refused(File::open(&path)), "{file} is read");
                assert!(refused(OpenOptions::new().write(true).open(&path)), "{file} is written");
                assert!(refused(fs::remove_file(&path)), "{file} is removed");
                assert!(refused(fs::rename(&path, spool.join("tmp/x"))), "{file} is moved");
                assert!(refused(File::create(path.with_extension("new"))), "beside {file}");
            }
            for dir in ["", "running", "done", "log", "control", "outbox"] {
                assert!(refused(fs::read_dir(spool.join(dir))), "{dir} is listed");
            }
            assert!(refused(OpenOptions::new().write(true).open(host.config())), "the configuration is written");
            assert!(refused(File::create(host.path("conf/secrets/new"))), "a secret is made");
            assert!(refused(fs::remove_file(host.path("conf/secrets/docs"))), "a secret is removed");
        });
    }
}

#[test]
fn a_job_that_was_queued_is_not_read_again() {
    for stay in BOTH {
        let host = at_work();
        let job = host.spool().join("queued").join(format!("{}.job", host.deliver("docs", "main", "0")));
        assert!(inside(&host, stay, || refused(File::open(&job)) && refused(OpenOptions::new().write(true).open(&job))));
    }
}

#[test]
fn no_program_is_started() {
    let host = at_work();
    for stay in BOTH {
        assert!(inside(&host, stay, || refused(Command::new("/bin/true").status())), "{stay:?}");
        let made = host.spool().join("tmp/program");
        inside(&host, stay, || {
            OpenOptions::new().write(true).create(true).truncate(true).open(&made).unwrap().write_all(b"#!/bin/sh\n")
        })
        .unwrap();
        fs::set_permissions(&made, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        assert!(inside(&host, stay, || refused(Command::new(&made).status())), "{stay:?}: one of its own making");
    }
}

#[test]
fn nothing_is_connected_or_listened_on() {
    let host = at_work();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for stay in BOTH {
        assert!(inside(&host, stay, || refused(TcpStream::connect(address))), "{stay:?}");
        assert!(inside(&host, stay, || refused(TcpListener::bind("127.0.0.1:0"))), "{stay:?}");
    }
    let socket = host.path("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    assert!(inside(&host, Stay::Long(&[]), || refused(UnixStream::connect(&socket))));
    assert!(inside(&host, Stay::Long(&[]), || refused(std::net::UdpSocket::bind("127.0.0.1:0"))));
    let is_refused = inside(&host, Stay::OneRequest, || refused(UnixStream::connect(&socket)));
    let by_landlock = offered().unwrap().covers(Barrier::Sockets);
    assert_eq!(is_refused, by_landlock, "one request has no list of calls, only what the kernel's Landlock refuses");
}

#[test]
fn no_other_process_is_signalled_or_looked_into() {
    let host = at_work();
    let parent = rustix::process::getppid().unwrap();
    let memory = format!("/proc/{parent}/mem");
    for stay in BOTH {
        let signalled = inside(&host, stay, || rustix::process::test_kill_process(parent));
        let expected = [rustix::io::Errno::PERM, rustix::io::Errno::NOSYS];
        assert!(signalled.is_err_and(|errno| expected.contains(&errno)), "{stay:?}: {signalled:?}");
        assert!(inside(&host, stay, || refused(File::open(&memory))), "{stay:?}");
    }
}

#[test]
fn nothing_can_be_gained_by_a_setuid_program_or_a_wider_sandbox() {
    let host = at_work();
    for stay in BOTH {
        inside(&host, stay, || {
            // A process that makes few calls may not even ask.
            let is_set = rustix::thread::no_new_privs();
            assert!(is_set == Ok(true) || (is_set.is_err() && matches!(stay, Stay::Long(_))), "{stay:?}: {is_set:?}");
            let wider = Fence::new().allow("/", Permit::READ).prepare();
            let _entered = wider.map(|ready| ready.enter());
            assert!(refused(File::open("/etc/passwd")), "{stay:?}");
        });
    }
}

#[test]
fn a_job_is_queued_its_trace_is_left_and_the_secret_is_read_anew() {
    for stay in BOTH {
        let host = at_work();
        let config = load(&host.config()).unwrap();
        let id = inside(&host, stay, || {
            let inbox = Inbox::open(&host.spool()).unwrap();
            let mut draft = inbox.draft().unwrap();
            // Longer than what is kept in memory.
            draft.write(&vec![b'x'; 200_000]).unwrap();
            let id = draft.commit(&meta("docs", 0)).unwrap();
            let (_, secret) = config.hooks[0].secrets_at(jiff::Timestamp::now()).unwrap().remove(0);
            assert_eq!(secret.bytes(), YARD_SECRET.as_bytes());
            let pong = SeenDelivery::new(jiff::Timestamp::now(), DeliveryResult::Pong, Some(200));
            SeenRings::of(host.spool()).note(Some("docs"), pong);
            drop(inbox.draft().unwrap());
            id
        });
        assert_eq!(host.names("queued"), [format!("{id}.job")], "{stay:?}");
        assert_eq!(host.names("tmp"), [""; 0], "{stay:?}");
        assert_eq!(seen(&host.spool(), Some("docs")).unwrap().counts.total(), 1, "{stay:?}");
    }
}

#[test]
fn a_full_disk_gets_its_reserve_back_from_inside() {
    let host = at_work();
    let reserve = host.spool().join("reserve");
    assert!(fs::metadata(&reserve).unwrap().len() > 0);
    for stay in BOTH {
        inside(&host, stay, || OpenOptions::new().write(true).open(&reserve).unwrap().set_len(0)).unwrap();
    }
    assert_eq!(fs::metadata(&reserve).unwrap().len(), 0);
}

#[test]
fn a_sandbox_that_is_off_takes_nothing_away() {
    let host = Host::new("off");
    for stay in BOTH {
        assert!(inside(&host, stay, || File::open("/etc/passwd").is_ok() && Path::new("/proc/self").exists()));
    }
}
