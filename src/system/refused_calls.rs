//! Edge. System calls that a thread, and all that it starts, gives up where Landlock has no word for them.
//!
//! - Sockets, by their family. Landlock knows ports of TCP, and on few kernels UDP and sockets that are files.
//! - `io_uring`, by which sockets could be opened past this list.
//! - Limits, priorities and keys of other processes: the kernel allows them among processes of one user.
//!
//! A call that is refused answers `EACCES`. A program for another instruction set (32 bits on 64) is killed.

use rustix::net::AddressFamily;
use std::io;

/// A list that is ready to be entered.
#[derive(Debug, Clone)]
pub struct RefusedCalls(list::Program);

impl RefusedCalls {
    /// The list, with sockets of `families` alone. Fails for a processor that it does not know.
    pub fn but_for_sockets_of(families: &[AddressFamily]) -> io::Result<Self> {
        list::program(families).map(Self)
    }

    /// From now on the calling thread is held to it. Sets `no_new_privs`.
    pub fn enter(&self) -> io::Result<()> {
        list::enter(&self.0)
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod list {
    use rustix::net::AddressFamily;
    use std::io;

    pub(super) type Program = ();

    pub(super) fn program(_: &[AddressFamily]) -> io::Result<Program> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "no list of calls for this processor"))
    }

    pub(super) fn enter((): &Program) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod list {
    use rustix::io::Errno;
    use rustix::net::AddressFamily;
    use seccompiler::{
        BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
        SeccompFilter, SeccompRule, TargetArch, apply_filter,
    };
    use std::collections::BTreeMap;
    use std::io;

    pub(super) type Program = BpfProgram;

    /// Calls that are refused whatever their arguments are.
    const ALWAYS: [i64; 9] = [
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_bpf,
        libc::SYS_userfaultfd,
        libc::SYS_perf_event_open,
    ];
    /// Calls whose first argument is a process; refused unless it is 0, which is the caller itself.
    const ON_PROCESSES: [i64; 4] =
        [libc::SYS_prlimit64, libc::SYS_sched_setscheduler, libc::SYS_sched_setparam, libc::SYS_sched_setattr];
    /// Calls whose first argument says a process, a group or a user, and whose second says which.
    const ON_ANY: [(i64, u64); 2] = [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, 1)];
    /// Calls of the third interface of x86-64 have this bit in their number.
    #[cfg(target_arch = "x86_64")]
    const X32: i64 = 0x4000_0000;

    pub(super) fn program(families: &[AddressFamily]) -> io::Result<Program> {
        let machine = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
        let refusal = SeccompAction::Errno(Errno::ACCESS.raw_os_error().unsigned_abs());
        let rules = rules(families).map_err(io::Error::other)?;
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, machine).map_err(io::Error::other)?;
        BpfProgram::try_from(filter).map_err(io::Error::other)
    }

    pub(super) fn enter(program: &Program) -> io::Result<()> {
        apply_filter(program).map_err(|error| match error {
            Error::Prctl(error) | Error::Seccomp(error) => error,
            other => io::Error::other(other),
        })
    }

    type Rules = BTreeMap<i64, Vec<SeccompRule>>;

    fn rules(families: &[AddressFamily]) -> Result<Rules, BackendError> {
        let mut rules = Rules::new();
        let is_not = |argument, value| {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, u64::from(value))
        };
        let others: Result<Vec<_>, _> = families.iter().map(|family| is_not(0, family.as_raw().into())).collect();
        rules.insert(libc::SYS_socket, vec![SeccompRule::new(others?)?]);
        for call in ALWAYS {
            rules.insert(call, Vec::new());
        }
        for call in ON_PROCESSES {
            rules.insert(call, vec![SeccompRule::new(vec![is_not(0, 0u32)?])?]);
        }
        for (call, process) in ON_ANY {
            let process = u32::try_from(process).unwrap_or(u32::MAX);
            let rule = |condition| SeccompRule::new(vec![condition]);
            rules.insert(call, vec![rule(is_not(0, process)?)?, rule(is_not(1, 0u32)?)?]);
        }
        #[cfg(target_arch = "x86_64")]
        rules.extend(rules.clone().into_iter().map(|(call, rule)| (call | X32, rule)));
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use rustix::net::{SocketType, socket, socketpair};
    use rustix::process::{Resource, getpid, getrlimit, prlimit};

    /// The answer of `act` in a thread of its own that is held to the list.
    fn held<T: Send + 'static>(families: &[AddressFamily], act: impl FnOnce() -> T + Send + 'static) -> T {
        let calls = RefusedCalls::but_for_sockets_of(families).unwrap();
        let entered = std::thread::spawn(move || {
            calls.enter().unwrap();
            act()
        });
        entered.join().unwrap()
    }

    fn opens(family: AddressFamily) -> Result<(), Errno> {
        socket(family, SocketType::STREAM, None).map(drop)
    }

    #[test]
    fn sockets_of_other_families_are_refused_and_pairs_are_not() {
        let inet = [AddressFamily::INET, AddressFamily::INET6];
        held(&inet, || {
            assert_eq!(opens(AddressFamily::INET), Ok(()));
            assert_eq!(opens(AddressFamily::UNIX), Err(Errno::ACCESS));
            assert_eq!(opens(AddressFamily::VSOCK), Err(Errno::ACCESS));
            let flags = rustix::net::SocketFlags::CLOEXEC;
            socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
        });
        held(&[AddressFamily::UNIX], || {
            assert_eq!(opens(AddressFamily::INET), Err(Errno::ACCESS));
            assert_eq!(opens(AddressFamily::UNIX), Ok(()));
        });
    }

    #[test]
    fn limits_of_other_processes_are_refused_and_ones_own_are_not() {
        let parent = rustix::process::getppid();
        held(&[AddressFamily::INET], move || {
            let own = getrlimit(Resource::Nofile);
            prlimit(None, Resource::Nofile, own).unwrap();
            assert_eq!(prlimit(parent, Resource::Nofile, own).err(), Some(Errno::ACCESS));
            assert_eq!(prlimit(Some(getpid()), Resource::Nofile, own).err(), Some(Errno::ACCESS));
            assert_eq!(rustix::process::nice(0).err(), None);
            assert_eq!(rustix::process::setpriority_process(parent, 10).err(), Some(Errno::ACCESS));
        });
    }
}
