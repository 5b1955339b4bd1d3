//! Edge. Seccomp: the system calls of a process that has opened its sockets, and serves. Files, accepted connections,
//! threads, memory, time; no program, no new socket, no other process, no memory that can be executed.
//!
//! A call that is not on the list is answered `ENOSYS`, as by an older kernel: a C library that tries something newer
//! first falls back to what is here.

use std::io;

/// From now on the calling thread, and all threads that it starts, make the calls of a server and no other. Sets
/// `no_new_privs`. An error for a processor that the list does not know, and for a kernel or a container without
/// seccomp.
pub fn serve_only() -> io::Result<()> {
    list::enter()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod list {
    pub(super) fn enter() -> std::io::Result<()> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "no list of calls for this processor"))
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod list {
    use libc::c_long;
    use seccompiler::{
        BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };
    use std::collections::BTreeMap;
    use std::io;

    /// Calls on whatever is open, and on files by name: those Landlock judges.
    const FILES: [c_long; 33] = [
        libc::SYS_openat,
        libc::SYS_close,
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_pread64,
        libc::SYS_preadv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_pwrite64,
        libc::SYS_pwritev,
        libc::SYS_lseek,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_statfs,
        libc::SYS_fstatfs,
        libc::SYS_readlinkat,
        libc::SYS_faccessat,
        libc::SYS_faccessat2,
        libc::SYS_getdents64,
        libc::SYS_getcwd,
        libc::SYS_linkat,
        libc::SYS_unlinkat,
        libc::SYS_renameat2,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_ftruncate,
        libc::SYS_fchmod,
        libc::SYS_flock,
        libc::SYS_fcntl,
        libc::SYS_dup,
        libc::SYS_dup3,
        libc::SYS_umask,
    ];

    /// Calls on sockets that are open or that come in.
    const CONNECTIONS: [c_long; 16] = [
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_shutdown,
        libc::SYS_getsockname,
        libc::SYS_getpeername,
        libc::SYS_getsockopt,
        libc::SYS_setsockopt,
        libc::SYS_ppoll,
        libc::SYS_epoll_create1,
        libc::SYS_epoll_ctl,
        libc::SYS_epoll_pwait,
        libc::SYS_eventfd2,
    ];

    /// Calls on this process itself.
    const ITSELF: [c_long; 29] = [
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_membarrier,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_getrandom,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_getuid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getegid,
        libc::SYS_getgroups,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];

    /// Calls by older names, which a C library of this processor still makes.
    #[cfg(target_arch = "x86_64")]
    const OLD_NAMES: [c_long; 14] = [
        libc::SYS_open,
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_access,
        libc::SYS_readlink,
        libc::SYS_link,
        libc::SYS_unlink,
        libc::SYS_rename,
        libc::SYS_renameat,
        libc::SYS_poll,
        libc::SYS_select,
        libc::SYS_epoll_wait,
        libc::SYS_dup2,
        libc::SYS_time,
    ];
    #[cfg(target_arch = "aarch64")]
    const OLD_NAMES: [c_long; 1] = [libc::SYS_renameat];
    #[cfg(target_arch = "riscv64")]
    const OLD_NAMES: [c_long; 0] = [];

    pub(super) fn enter() -> io::Result<()> {
        seccompiler::apply_filter(&program().map_err(system_error)?).map_err(system_error)
    }

    fn program() -> Result<BpfProgram, Error> {
        let unknown = u32::try_from(libc::ENOSYS).unwrap_or_default();
        let arch = std::env::consts::ARCH.try_into()?;
        let filter = SeccompFilter::new(rules()?, SeccompAction::Errno(unknown), SeccompAction::Allow, arch)?;
        Ok(filter.try_into()?)
    }

    fn rules() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, Error> {
        let plain = FILES.iter().chain(&CONNECTIONS).chain(&ITSELF).chain(&OLD_NAMES);
        let mut rules: BTreeMap<c_long, Vec<SeccompRule>> = plain.map(|call| (*call, Vec::new())).collect();
        for (call, argument, operator, value) in limited() {
            let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
            rules.entry(call).or_default().push(SeccompRule::new(vec![condition])?);
        }
        Ok(rules)
    }

    /// Calls that are made in one way only: with this value of this argument. Several of one call are alternatives.
    fn limited() -> Vec<(c_long, u8, SeccompCmpOp, u64)> {
        let bits = |flags: libc::c_int| u64::from(flags.cast_unsigned());
        let without = |flags| (SeccompCmpOp::MaskedEq(bits(flags)), 0);
        let (not_executable, none) = without(libc::PROT_EXEC);
        let thread = bits(libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND);
        vec![
            (libc::SYS_mmap, 2, not_executable.clone(), none),
            (libc::SYS_mprotect, 2, not_executable, none),
            // `clone3`, whose flags no filter sees, is left to the C library's way back.
            (libc::SYS_clone, 0, SeccompCmpOp::MaskedEq(thread), thread),
            (libc::SYS_tgkill, 0, SeccompCmpOp::Eq, u64::from(std::process::id())),
            (libc::SYS_prctl, 0, SeccompCmpOp::Eq, bits(libc::PR_SET_NAME)),
            (libc::SYS_prlimit64, 0, SeccompCmpOp::Eq, 0),
            (libc::SYS_ioctl, 1, SeccompCmpOp::Eq, FIONBIO),
        ]
    }

    /// Makes a descriptor blocking or not.
    const FIONBIO: u64 = 0x5421;

    fn system_error(error: Error) -> io::Error {
        match error {
            Error::Prctl(error) | Error::Seccomp(error) => error,
            other => io::Error::other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use std::fs::File;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    /// The answer of `act` in a thread of its own that serves only.
    fn serving<T: Send>(act: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let entered = scope.spawn(|| {
                serve_only().unwrap();
                act()
            });
            entered.join().unwrap()
        })
    }

    fn unknown<T>(result: io::Result<T>) -> bool {
        result.is_err_and(|error| Errno::from_io_error(&error) == Some(Errno::NOSYS))
    }

    #[test]
    fn nothing_is_started_connected_or_signalled() {
        let parent = rustix::process::getppid().unwrap();
        serving(|| {
            assert!(unknown(Command::new("/bin/true").status()), "a program");
            assert!(unknown(TcpStream::connect("127.0.0.1:9")), "TCP");
            assert!(unknown(UnixStream::connect("/run/socket")), "a socket that is a file");
            assert!(unknown(UnixStream::pair()), "a pair of sockets");
            assert!(unknown(TcpListener::bind("127.0.0.1:0")), "a new listener");
            assert_eq!(rustix::process::test_kill_process(parent), Err(Errno::NOSYS));
            assert_eq!(rustix::process::setsid(), Err(Errno::NOSYS));
        });
    }

    #[test]
    fn files_threads_time_and_connections_that_come_in_remain() {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let path = dir.path().join("file");
        serving(|| {
            io::Write::write_all(&mut File::create(&path).unwrap(), b"x").unwrap();
            std::fs::rename(&path, dir.path().join("other")).unwrap();
            let named = std::thread::Builder::new().name("inner".into());
            let inner = named.spawn(|| std::thread::sleep(std::time::Duration::from_millis(1))).unwrap();
            inner.join().unwrap();
            let (mut accepted, _) = listener.accept().unwrap();
            accepted.set_nonblocking(true).unwrap();
            io::Write::write_all(&mut accepted, b"y").unwrap();
            assert!(std::panic::catch_unwind(|| panic!("told, and caught")).is_err());
        });
        let mut answer = [0];
        io::Read::read_exact(&mut sender, &mut answer).unwrap();
        assert_eq!(&answer, b"y");
    }

    #[test]
    fn a_thread_that_is_started_later_has_the_same_list() {
        assert!(serving(|| std::thread::spawn(|| unknown(UnixStream::pair())).join().unwrap()));
    }
}
