//! Kernels that lack a system call: strace answers `ENOSYS` in their place. Receivers run on Linux 3.10 (RHEL 7), the
//! runner on 4.18 (RHEL 8), and each on any kernel between that and today's.

use crate::crash::strace::{Strace, run};
use crate::support::crash_home::{Home, Reply, body};
use std::process::{Command, Stdio};

/// Calls that Linux got after 3.10, by syscalls(2). strace passes over those that it does not know (`?`).
const SINCE_3_10: &str = "?sched_setattr,?sched_getattr,renameat2,getrandom,memfd_create,seccomp,?bpf,?execveat,\
     ?membarrier,?userfaultfd,?mlock2,copy_file_range,?preadv2,?pwritev2,?pkey_mprotect,?pkey_alloc,?pkey_free,\
     statx,?rseq,?io_pgetevents";
/// Those that it got after 4.18.
const SINCE_4_18: &str = "pidfd_send_signal,?io_uring_setup,?io_uring_enter,?io_uring_register,?open_tree,?move_mount,\
     ?fsopen,?fsconfig,?fsmount,?fspick,pidfd_open,?clone3,?close_range,openat2,?pidfd_getfd,faccessat2,\
     ?process_madvise,?epoll_pwait2,?mount_setattr,?landlock_create_ruleset,?landlock_add_rule,\
     ?landlock_restrict_self,?memfd_secret,?process_mrelease,?futex_waitv,?set_mempolicy_home_node,?cachestat,\
     ?fchmodat2,?map_shadow_stack,?futex_wake,?futex_wait,?futex_requeue,?statmount,?listmount";

fn since_3_10() -> String {
    [SINCE_3_10, SINCE_4_18].join(",")
}

/// Those of `calls` that `strace` saw.
fn seen(strace: &Strace, calls: &str) -> Vec<String> {
    let mut names: Vec<String> = strace.calls_apart().concat().into_iter().map(|call| call.name).collect();
    names.sort();
    names.dedup();
    names.retain(|name| calls.split(',').any(|call| call.trim_start_matches('?') == name));
    names
}

fn expect_that_it_is_queued(missing: &str) {
    let home = Home::new();
    let output = home.deliver_under(&home.strace().without(missing), "succeeds", &body());
    let id = Reply::read(&output.stdout).as_ref().and_then(Reply::queued);
    let id = id.unwrap_or_else(|| panic!("without {missing}: {output:?}"));
    assert_eq!(home.names("queued"), [format!("{id}.job")], "without {missing}");
    assert_eq!(home.names("tmp"), [""; 0], "without {missing}");
}

#[test]
fn a_delivery_is_queued_without_the_calls_that_came_after_linux_3_10() {
    let home = Home::new();
    let strace = home.strace().follow_apart();
    home.deliver_under(&strace, "succeeds", &body());
    let made = seen(&strace, &since_3_10());
    assert!(made.contains(&"renameat2".to_owned()), "the trace shows how a job is queued: {made:?}");
    for call in &made {
        expect_that_it_is_queued(call);
    }
    expect_that_it_is_queued(&since_3_10());
}

/// A job that ends by itself, and one of which the whole tree is ended after a time-out.
fn expect_that_jobs_end(missing: &str) {
    let home = Home::new();
    let well = home.deliver("succeeds", "one");
    let drained = home.drain_under(&home.strace().without(missing));
    assert!(drained.status.success(), "without {missing}: {drained:?}");
    home.close_gate();
    let late = home.deliver("times-out", "two");
    home.drain_under(&home.strace().without(missing));
    let ends: Vec<_> = home.jobs().into_iter().map(|job| (job.id, job.state, job.outcome)).collect();
    let ended = |id, state: &str, outcome: &str| (id, state.to_owned(), outcome.to_owned());
    assert_eq!(ends, [ended(well, "done", "succeeded"), ended(late, "failed", "timed-out")], "without {missing}");
    assert!(!home.step_is_alive(), "without {missing}");
}

#[test]
fn jobs_run_and_end_without_the_calls_that_came_after_linux_4_18() {
    let home = Home::new();
    home.deliver("succeeds", "one");
    let strace = home.strace().follow_apart();
    home.drain_under(&strace);
    let made = seen(&strace, SINCE_4_18);
    assert!(made.contains(&"pidfd_open".to_owned()), "the trace shows how an exit is waited for: {made:?}");
    for call in &made {
        expect_that_jobs_end(call);
    }
    expect_that_jobs_end(SINCE_4_18);
    expect_that_jobs_end(&since_3_10());
}

/// Runs the tests whose names begin with one of `areas` again, in a process that lacks the calls `missing`.
fn again(areas: &[&str], missing: &str) {
    let dir = tempfile::tempdir().unwrap();
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(areas).envs(std::env::vars_os());
    let output = run(&mut Strace::into(dir.path()).without(missing).around(&tests), Stdio::null());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !text.contains(" 0 passed"), "without {missing}: {text}");
}

#[test]
fn every_process_of_a_job_ends_where_there_are_no_pidfds() {
    again(&["steps::tree::", "steps::child::"], SINCE_4_18);
}

#[test]
fn a_container_that_forbids_and_an_emulator_that_lacks_calls_are_no_hindrance() {
    for (call, errno) in [("pidfd_open", "EPERM"), ("prctl", "EINVAL")] {
        let home = Home::new();
        let well = home.deliver("succeeds", "one");
        let drained = home.drain_under(&home.strace().answering(call, errno));
        assert!(drained.status.success(), "{drained:?}");
        assert_eq!(home.jobs().iter().map(|job| (job.id, job.state.as_str())).collect::<Vec<_>>(), [(well, "done")]);
    }
}

#[test]
fn connections_and_sockets_of_fastcgi_are_the_same_on_linux_3_10() {
    again(&["fastcgi::lifetime::", "fastcgi::protocol::"], &since_3_10());
}

#[test]
fn what_lies_in_the_spool_is_the_same_on_linux_3_10() {
    again(&["spool::owner::", "spool::hostile::"], &since_3_10());
}
