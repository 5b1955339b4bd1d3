//! One file that cannot be read: a row that says so, and a job that waits for a person. Never the end of the whole.

use crate::spool::append::names;
use crate::spool::owner::{append, at, claim};
use crate::support::Account;
use crate::support::site::chown_to;
use crate::support::world::PROGRAM;
use crate::support::yard::Yard;
use hookspool::model::{JobId, Outcome, State};
use hookspool::spool::{Claimed, Filter, Settlement, SpoolOwner, history_path, job_path, list, show};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

const WHY: &str = "its history cannot be read: file too large";

fn settle(root: &Path, settlement: Settlement) -> (SpoolOwner, JobId) {
    let owner = SpoolOwner::lock(root).unwrap();
    let id = append(root, 1);
    claim(&owner, id).settle(settlement, at(2)).unwrap();
    (owner, id)
}

fn will_retry() -> Settlement {
    Settlement::Waiting { not_before: at(3), reason: "exit 75".to_owned() }
}

/// Longer than any that a runner writes.
fn make_endless(history: &Path) {
    fs::OpenOptions::new().write(true).open(history).unwrap().set_len(1 << 40).unwrap();
}

fn state_and_reason(root: &Path, id: JobId) -> (State, String) {
    let view = show(root, id).unwrap().unwrap().view;
    (view.state, view.reason.unwrap_or_default())
}

#[test]
fn a_job_whose_history_cannot_be_read_is_held_when_it_is_claimed() {
    let home = tempfile::tempdir().unwrap();
    let (owner, id) = settle(home.path(), will_retry());
    let history = history_path(home.path(), State::Waiting, id);
    make_endless(&history);
    let owner_anew = |owner| {
        drop(owner);
        SpoolOwner::lock(home.path()).unwrap()
    };
    let owner = owner_anew(owner);
    assert_eq!(owner.waiting().unwrap().len(), 1, "it is due, so that a claim finds out");
    assert_eq!(state_and_reason(home.path(), id), (State::Waiting, WHY.to_owned()));
    let other = append(home.path(), 3);
    assert_eq!(list(home.path(), Filter::default()).unwrap().flatten().count(), 2);

    let Claimed::Held { reason } = owner.claim(id, at(4)).unwrap() else { panic!("not held") };
    assert!(reason.starts_with(WHY) && reason.ends_with("; release the job to run it"), "{reason}");
    assert_eq!(state_and_reason(home.path(), id), (State::Held, reason));
    let kept = names(&home.path().join("corrupt"));
    assert_eq!(kept.iter().filter(|name| name.ends_with(&format!(".{id}.events"))).count(), 1, "{kept:?}");
    assert_eq!(owner.decide(id, Settlement::Released, at(5)).unwrap(), State::Queued);
    assert_eq!((claim(&owner, id).id(), claim(&owner, other).id()), (id, other));
}

#[test]
fn a_recovery_runs_nothing_of_which_the_history_is_lost() {
    let ended = |outcome| Settlement::Ended { outcome, reason: None };
    let cases = [
        (will_retry(), State::Waiting, State::Held),
        (Settlement::Held { reason: "x".to_owned() }, State::Held, State::Held),
        (ended(Outcome::Failed), State::Failed, State::Failed),
        (ended(Outcome::Succeeded), State::Done, State::Done),
    ];
    for (settlement, before, after) in cases {
        let home = tempfile::tempdir().unwrap();
        let (owner, id) = settle(home.path(), settlement);
        make_endless(&history_path(home.path(), before, id));
        let recovered = owner.recover(at(9)).unwrap();
        assert!(recovered.interrupted.is_empty() && recovered.queued.jobs.is_empty(), "{before:?}");
        assert!(job_path(home.path(), after, id).exists(), "{before:?}");
        let problems = usize::from(before != State::Done);
        assert_eq!(recovered.problems.len(), problems, "{before:?}: {:?}", recovered.problems);
        assert_eq!(owner.recover(at(10)).unwrap().problems, [], "{before:?}, once more");
    }
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let id = append(home.path(), 1);
    drop(claim(&owner, id));
    make_endless(&history_path(home.path(), State::Running, id));
    assert!(owner.recover(at(9)).unwrap().interrupted.is_empty());
    let (state, reason) = state_and_reason(home.path(), id);
    assert!(state == State::Held && reason.starts_with(WHY), "{state:?}: {reason}");
}

/// A spool of the web server's user, who is kept out by modes, and its verbs.
struct Kept {
    yard: Yard,
    user: &'static Account,
}

impl Kept {
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.user.command(PROGRAM, &[]);
        command.arg("--config").arg(self.yard.path("hookspool.toml")).args(arguments).output().unwrap()
    }

    fn shut(&self, name: &str) {
        fs::set_permissions(self.yard.path("spool").join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
}

#[test]
fn a_file_without_any_mode_is_a_row_and_not_the_end() {
    let yard = Yard::new("", &[("docs", "branches = ['*']\nsteps = [{ shell = 'exit 1' }]")]);
    let kept = Kept { yard, user: Account::web() };
    let [no_job, no_history] = ["one", "two"].map(|branch| kept.yard.deliver("docs", branch, branch));
    kept.yard.open_to_all();
    for place in ["spool", "site"] {
        chown_to(&kept.yard.path(place), kept.user);
    }
    assert_eq!(kept.run(&["spool-runner", "--once"]).status.code(), Some(1));
    let after = kept.yard.deliver("docs", "three", "3");
    chown_to(&kept.yard.path("spool"), kept.user);
    kept.shut(&format!("failed/{no_job}.job"));
    kept.shut(&format!("failed/{no_history}.events"));
    kept.shut(&format!("queued/{after}.job"));

    let listed = kept.run(&["list"]);
    let table = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    assert_eq!(table.matches("its file cannot be read: permission denied").count(), 2, "{table}");
    assert_eq!(table.matches("its history cannot be read: permission denied").count(), 1, "{table}");
    assert!(kept.run(&["status"]).status.success());
    for id in [no_job, no_history, after] {
        assert!(kept.run(&["show", &id.to_string()]).status.success(), "{id}");
    }
    assert_eq!(kept.run(&["spool-runner", "--once"]).status.code(), Some(0), "the runner goes on");
    assert!(kept.yard.is_in("corrupt", after), "what cannot be read is put away");
}
