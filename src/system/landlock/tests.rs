//! Edge. Threads of the tests inside fences.

use super::*;
use std::fs::{self, File, OpenOptions};
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

/// The answer of `act` in a thread of its own that is inside `fence`.
fn inside<T: Send>(fence: &Fence, act: impl FnOnce() -> T + Send) -> T {
    let ready = fence.prepare().unwrap();
    std::thread::scope(|scope| {
        let entered = scope.spawn(|| {
            ready.enter().unwrap();
            act()
        });
        entered.join().unwrap()
    })
}

fn denied<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// A directory with `a/`, `b/` and `a/file`.
fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    fs::create_dir(dir.path().join("b")).unwrap();
    fs::write(dir.path().join("a/file"), "x").unwrap();
    dir
}

#[test]
fn what_is_not_allowed_is_out_of_reach() {
    let dir = tree();
    let (file, sub) = (dir.path().join("a/file"), dir.path().join("a"));
    inside(&Fence::new(), || {
        assert!(denied(File::open(&file)), "to read");
        assert!(denied(OpenOptions::new().write(true).open(&file)), "to write");
        assert!(denied(File::create(sub.join("new"))), "to make");
        assert!(denied(fs::read_dir(&sub)), "to list");
        assert!(denied(fs::remove_file(&file)), "to remove");
        assert!(denied(fs::create_dir(sub.join("dir"))), "to make a directory");
        assert!(denied(std::os::unix::fs::symlink("x", sub.join("link"))), "to make a link");
        assert!(denied(Command::new("/bin/true").status()), "to start");
    });
    assert_eq!(fs::read_to_string(&file).unwrap(), "x", "other threads are not inside");
}

#[test]
fn a_right_opens_its_action_alone() {
    let dir = tree();
    let file = dir.path().join("a/file");
    inside(&Fence::new().allow(dir.path().join("a"), Permit::READ), || {
        assert_eq!(fs::read_to_string(&file).unwrap(), "x");
        assert!(denied(OpenOptions::new().write(true).open(&file)) && denied(fs::remove_file(&file)));
    });
    inside(&Fence::new().allow(&file, Permit::WRITE), || {
        fs::write(&file, "y").unwrap();
        assert!(denied(File::open(&file)) && denied(fs::remove_file(&file)));
    });
    assert_eq!(fs::read_to_string(&file).unwrap(), "y");
}

#[test]
fn a_file_moves_between_directories_that_both_allow_it() {
    let dir = tree();
    let (from, to) = (dir.path().join("a"), dir.path().join("b"));
    let whole = Fence::new().allow(&from, Permit::MANAGE);
    let renamed = || fs::rename(from.join("file"), to.join("file"));
    assert!(inside(&whole, renamed).is_err(), "nothing is allowed there");
    let taker = Permit::MAKE | Permit::MOVE;
    inside(&whole.allow(&to, taker), renamed).unwrap();
    assert!(to.join("file").exists());
}

#[test]
fn a_tree_of_ones_own_is_managed_in_full_but_starts_nothing() {
    let dir = tree();
    let fence = Fence::new().allow(dir.path(), Permit::MANAGE).allow("/dev/null", Permit::DEVICE);
    let root = dir.path();
    inside(&fence, || {
        fs::create_dir_all(root.join("c/d")).unwrap();
        fs::rename(root.join("a/file"), root.join("c/d/file")).unwrap();
        fs::hard_link(root.join("c/d/file"), root.join("b/file")).unwrap();
        std::os::unix::fs::symlink("d", root.join("c/link")).unwrap();
        let _socket = UnixListener::bind(root.join("socket")).unwrap();
        fs::remove_dir_all(root.join("c")).unwrap();
        fs::write("/dev/null", "x").unwrap();
        fs::copy(root.join("b/file"), root.join("program")).unwrap();
        assert!(denied(Command::new(root.join("program")).status()));
    });
}

#[test]
fn a_path_that_is_not_there_gives_nothing_and_hinders_nothing() {
    let dir = tree();
    let fence = Fence::new().allow("/nonexistent/path", Permit::READ).allow(dir.path(), Permit::READ);
    inside(&fence, || assert!(fs::read(dir.path().join("a/file")).is_ok() && File::open("/etc/passwd").is_err()));
}

#[test]
fn ports_are_closed_on_demand_and_open_sockets_remain() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    inside(&Fence::new(), || TcpStream::connect(address).unwrap());
    inside(&Fence::new().without_network(), || {
        assert!(denied(TcpStream::connect(address)) && denied(TcpListener::bind("127.0.0.1:0")));
        listener.accept().unwrap();
    });
}

#[test]
fn processes_outside_are_out_of_reach_on_demand() {
    let mut outsider = Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let name = format!("hookspool-fence-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let pid = rustix::process::Pid::from_child(&outsider);
    let probe = || rustix::process::test_kill_process(pid);
    assert_eq!(inside(&Fence::new(), probe), Ok(()));
    assert_eq!(inside(&Fence::new().without_signals(), probe), Err(rustix::io::Errno::PERM));
    assert!(inside(&Fence::new().without_signals(), || UnixStream::connect_addr(&address)).is_ok());
    assert!(denied(inside(&Fence::new().without_unix_sockets(), || UnixStream::connect_addr(&address))));
    drop(outsider.stdin.take());
    assert!(outsider.wait().unwrap().success());
}

#[test]
fn what_is_started_inside_is_inside() {
    let dir = tree();
    let programs = ["/usr", "/bin", "/lib", "/lib64"];
    let fence = Fence::new().allow("/dev/null", Permit::DEVICE);
    let fence = programs.iter().fold(fence, |fence, path| fence.allow(path, Permit::READ | Permit::EXECUTE));
    let read = |path: &Path| Command::new("/bin/cat").arg(path).output().unwrap().status.success();
    let file = dir.path().join("a/file");
    assert!(!inside(&fence, || read(&file)));
    assert!(inside(&fence.allow(dir.path(), Permit::READ), || read(&file)));
}

#[test]
fn the_version_says_which_barriers_there_are() {
    let old = Enforced { version: 4 };
    assert_eq!(old.gaps().collect::<Vec<_>>(), Barrier::ALL[2..]);
    assert!(old.covers(Barrier::Tcp) && !old.covers(Barrier::Outsiders));
    assert_eq!(inside(&Fence::new(), offered).unwrap(), offered().unwrap());
}
