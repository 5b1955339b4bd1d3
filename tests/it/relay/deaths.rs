//! Origin and target killed at system calls of sending and taking. Whatever was cut short, each job is there exactly
//! once in the end. With `HOOKSPOOL_CRASH=full` at each call, otherwise at some.

use crate::support::crash_home::whole_map;
use crate::support::fleet::Fleet;
use crate::support::until;

/// The side that dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Origin,
    Target,
}

/// One push, while the victim is killed at the `nth` of these calls in one of its threads. `false`: it did not come to
/// that call.
fn one_push(fleet: &mut Fleet, victim: Victim, call: &str, nth: usize) -> bool {
    let host = if victim == Victim::Origin { &mut fleet.gate } else { &mut fleet.targets[0] };
    host.start_killed_at(call, nth);
    let other = if victim == Victim::Origin { &mut fleet.targets[0] } else { &mut fleet.gate };
    other.start();
    let id = fleet.gate.push("main", &format!("{call}-{nth}")).to_string();
    let host = |fleet: &Fleet| if victim == Victim::Origin { fleet.gate.is_over() } else { fleet.targets[0].is_over() };
    let is_through =
        |fleet: &Fleet| fleet.gate.marked("web1").is_empty() && fleet.targets[0].jobs("done").contains(&id);
    until("it dies, or the job is through", || host(fleet) || is_through(fleet));
    let has_died = host(fleet);
    if has_died {
        let host = if victim == Victim::Origin { &mut fleet.gate } else { &mut fleet.targets[0] };
        host.start();
        until("the job is through", || is_through(fleet));
    }
    fleet.gate.kill();
    fleet.targets[0].kill();
    has_died
}

fn killed_at(victim: Victim, calls: &[&str]) {
    let mut fleet = Fleet::new(&["web1"]);
    let stride = if whole_map() { 1 } else { 5 };
    let mut deaths = 0;
    for call in calls {
        for nth in (1..200).step_by(stride) {
            if !one_push(&mut fleet, victim, call, nth) {
                break;
            }
            deaths += 1;
        }
    }
    assert!(deaths >= calls.len(), "{victim:?} died {deaths} times only");
    assert_eq!(fleet.targets[0].jobs("done"), fleet.gate.jobs("done"));
    for place in ["queued", "running", "waiting", "held", "failed", "corrupt"] {
        assert_eq!(fleet.targets[0].jobs(place), [""; 0], "{place}");
    }
    let mut marks = fleet.targets[0].marks();
    marks.dedup();
    let jobs = fleet.gate.jobs("done").len();
    assert_eq!(marks.len(), jobs, "{marks:?}");
}

#[test]
fn an_origin_killed_at_any_call_still_sends_each_job_once() {
    killed_at(Victim::Origin, &["fsync", "unlink"]);
}

#[test]
fn a_target_killed_at_any_call_still_takes_each_job_once() {
    killed_at(Victim::Target, &["fsync", "fdatasync", "renameat2"]);
}
