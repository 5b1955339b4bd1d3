//! Edge. The listening socket: one that is handed in, or one of our own on TCP or a Unix path.

use super::unix_socket::{self, BACKLOG, SocketFile};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl, open};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with, sockopt};
use rustix::stdio::{dup2_stdin, stdin};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    /// True if it was bound here, so that nobody else accepts from it.
    own: bool,
    /// Removed at the end.
    file: Option<SocketFile>,
}

/// True if standard input is a listening socket, as process managers hand it over. A connected socket is none: CGI
/// programs get one from some servers.
pub fn stdin_is_listening() -> bool {
    sockopt::socket_acceptconn(stdin()).unwrap_or(false)
}

impl Listener {
    /// The listening socket on standard input, which becomes `/dev/null`.
    pub fn from_stdin() -> io::Result<Self> {
        let listener = Self::from_fd(fcntl_dupfd_cloexec(stdin(), 3)?)?;
        dup2_stdin(open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)?;
        Ok(listener)
    }

    /// A listening socket from outside, blocking or not, maybe shared with other processes.
    pub fn from_fd(socket: OwnedFd) -> io::Result<Self> {
        let listening = sockopt::socket_acceptconn(&socket).unwrap_or(false);
        if !listening || sockopt::socket_type(&socket)? != SocketType::STREAM {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a listening stream socket"));
        }
        fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
        fcntl_setfl(&socket, fcntl_getfl(&socket)? | OFlags::NONBLOCK)?;
        Self::new(socket, false, None)
    }

    /// A socket of our own on `unix:/path`, `127.0.0.1:9000` or `[::1]:9000`. `mode` and `group` are for Unix paths;
    /// without them the umask and the process decide. A socket file that nobody answers on is replaced.
    pub fn bind(address: &str, mode: Option<u32>, group: Option<u32>) -> io::Result<Self> {
        if let Some(path) = address.strip_prefix("unix:") {
            let (socket, file) = unix_socket::bind(Path::new(path), mode, group)?;
            return Self::new(socket, true, Some(file));
        }
        if mode.is_some() || group.is_some() {
            let hint = "mode and group of a socket apply to `unix:PATH` only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, hint));
        }
        Self::new(bind_tcp(address)?, true, None)
    }

    fn new(socket: OwnedFd, own: bool, file: Option<SocketFile>) -> io::Result<Self> {
        if SocketAddr::try_from(getsockname(&socket)?).is_ok() {
            // Accepted sockets inherit it.
            sockopt::set_tcp_nodelay(&socket, true)?;
        }
        Ok(Self { socket, own, file })
    }

    /// The address of a TCP listener, with the port that the system chose if it was bound to port 0.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        getsockname(&self.socket).ok().and_then(|address| SocketAddr::try_from(address).ok())
    }

    /// The socket's file, if it was made here; it is removed at the end.
    pub fn own_file(&self) -> Option<&Path> {
        self.file.as_ref().map(SocketFile::path)
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn is_own(&self) -> bool {
        self.own
    }
}

fn bind_tcp(address: &str) -> io::Result<OwnedFd> {
    let parsed: SocketAddr = address.parse().map_err(|_| {
        let hint =
            format!("`{address}` is no address to listen on; write `unix:/path`, `127.0.0.1:9000` or `[::1]:9000`");
        io::Error::new(io::ErrorKind::InvalidInput, hint)
    })?;
    let family = if parsed.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    let bound = bind(&socket, &parsed).and_then(|()| listen(&socket, BACKLOG));
    bound.map_err(|errno| unix_socket::explain(errno, &format!("cannot listen on {address}")))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn only_a_listening_socket_is_taken() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(Listener::from_fd(one.into()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let dir = tempfile::tempdir().unwrap();
        let listening = UnixListener::bind(dir.path().join("s")).unwrap();
        assert!(Listener::from_fd(listening.into()).is_ok());
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_a_hint() {
        let error = Listener::bind("localhost:9000", None, None).unwrap_err().to_string();
        assert!(error.contains("`127.0.0.1:9000`"), "{error}");
        assert!(Listener::bind("127.0.0.1:0", Some(0o660), None).is_err());
    }
}
