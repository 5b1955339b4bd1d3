//! A process that appends, claims and settles as its environment says, for tests that watch, starve or trace it. The
//! process is this test binary, started again with the one test below.

use crate::spool::append::meta;
use crate::spool::owner::at;
use hookspool::model::{Outcome, State};
use hookspool::spool::{Claimed, Entry, Filter, HistoryEvent, Inbox, Settlement, SpoolError, SpoolOwner, list};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the driver is to do.
pub(crate) const SCRIPT: &str = "HOOKSPOOL_TEST_SCRIPT";
/// The spool it is to do it to.
pub(crate) const SPOOL: &str = "HOOKSPOOL_TEST_SPOOL";

/// A command line that runs the driver after `before`, such as a tracer.
pub(crate) fn driver(before: &[&str], spool: &Path, script: &str) -> Command {
    let exe = std::env::current_exe().unwrap();
    let name = "spool::driver::a_scripted_process_appends_and_runs_jobs";
    let own = [exe.to_str().unwrap(), "--exact", name, "--nocapture", "--test-threads=1"];
    let mut words = before.iter().chain(own.iter());
    let mut command = Command::new(words.next().unwrap());
    command.args(words).env(SPOOL, spool).env(SCRIPT, script);
    command
}

/// What the driver said: the lines with its mark, without it.
pub(crate) fn said(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = format!("{command:?}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{all}");
    text.lines().filter_map(|line| line.split_once("driver: ")).map(|(_, said)| said.to_owned()).collect()
}

/// A system call that a trace shows and that does nothing.
fn mark(name: &str) {
    let _ = rustix::fs::access(format!("/mark-{name}"), rustix::fs::Access::EXISTS);
}

fn append(inbox: &Inbox, bytes: usize) -> Result<String, SpoolError> {
    let mut draft = inbox.draft()?;
    draft.write(&vec![b'x'; bytes])?;
    draft.commit(&meta("docs", 1)).map(|id| id.to_string())
}

fn tell(result: Result<String, SpoolError>) -> bool {
    let accepted = result.is_ok();
    println!("driver: {}", result.map_or_else(|e| format!("refused {e}"), |id| format!("accepted {id}")));
    accepted
}

fn run_one(spool: &Path, journaled: bool) -> Result<State, SpoolError> {
    let owner = SpoolOwner::lock(spool)?;
    if journaled {
        owner.begin_journal().unwrap();
    }
    let id = owner.scan(at(1))?.jobs[0];
    mark("claim");
    let Claimed::Job(mut claim) = owner.claim(id, at(1))? else { panic!("{id} cannot be claimed") };
    mark("record");
    claim.record(&Entry::new(at(1), HistoryEvent::Started { attempt: 1 }))?;
    mark("settle");
    let state = claim.settle(Settlement::Ended { outcome: Outcome::Succeeded, reason: None }, at(1))?;
    mark("end");
    owner.checkpoint()?;
    mark("checkpoint");
    Ok(state)
}

fn play(spool: &Path, script: &str) {
    match script {
        // The second append: the first one may look around.
        "append" => {
            let inbox = Inbox::open(spool).unwrap();
            tell(append(&inbox, 100));
            mark("append");
            tell(append(&inbox, 100));
            mark("end");
        }
        // Enough appends before the one that counts that no other thread of the process makes a call as often.
        "append after many" => {
            let inbox = Inbox::open(spool).unwrap();
            (0..50).for_each(|_| drop(append(&inbox, 100).unwrap()));
            mark("append");
            tell(append(&inbox, 100));
            mark("end");
        }
        "append until refused" => {
            let inbox = Inbox::open(spool).unwrap();
            while tell(append(&inbox, 1000)) {}
        }
        "create and append" => {
            mark("create");
            let created = hookspool::spool::create(spool);
            mark("end");
            tell(created.and_then(|()| Inbox::open(spool)).and_then(|inbox| append(&inbox, 100)));
        }
        "lock" => {
            println!("driver: {}", SpoolOwner::lock(spool).map_or_else(|e| e.to_string(), |_| "locked".to_owned()));
        }
        "recover" => {
            let owner = SpoolOwner::lock(spool).unwrap();
            mark("recover");
            owner.recover(at(1)).unwrap();
            mark("end");
        }
        "run" | "run with a journal" => {
            let ended = run_one(spool, script != "run");
            println!("driver: {}", ended.map_or_else(|e| e.to_string(), |state| state.as_str().to_owned()));
        }
        other => panic!("what is `{other}`?"),
    }
}

#[test]
fn a_scripted_process_appends_and_runs_jobs() {
    if let (Some(spool), Ok(script)) = (std::env::var_os(SPOOL).map(PathBuf::from), std::env::var(SCRIPT)) {
        return play(&spool, &script);
    }
    let home = tempfile::tempdir().unwrap();
    for script in ["create and append", "append", "run"] {
        play(home.path(), script);
    }
    let states = list(home.path(), Filter::default()).unwrap().map(|view| view.unwrap().state);
    assert_eq!(states.collect::<Vec<_>>(), [State::Done, State::Queued, State::Queued]);
}
