//! A job's life beyond its steps: repeats, retries, interruptions, what runs after it, and a new configuration.

use crate::support::steps::until;
use crate::support::yard::{Runner, Yard};
use hookspool::model::{JobId, JobMeta};
use hookspool::spool::{Settlement, SpoolOwner};
use rustix::process::Signal;

/// Leaves its delivery and its outcome.
const TELL: &str = "{ shell = \"echo LIST $HOOKSPOOL_DELIVERY $HOOKSPOOL_OUTCOME $HOOKSPOOL_REASON >>told\" }";

fn tell(list: &str) -> String {
    format!("{list} = [{}]\n", TELL.replace("LIST", list))
}

/// A hook whose step does what the file `do` says.
fn obedient(more: &str) -> String {
    format!("when_newer = \"keep\"\nsteps = [{{ shell = \". ./do\" }}]\n{more}")
}

fn what(yard: &Yard, id: JobId, name: &str) -> usize {
    yard.history(id).iter().filter(|entry| entry["what"] == name).count()
}

fn outcome(yard: &Yard, id: JobId) -> String {
    yard.job(id)[1].clone()
}

fn say(yard: &Yard, script: &str) {
    std::fs::write(yard.path("site/do"), script).unwrap();
}

/// The runner dies while the step runs.
fn kill_while_running(yard: &Yard, mark: &str) {
    let runner: Runner = yard.start();
    until("the step runs", || !yard.site(mark).is_empty());
    runner.signal(Signal::KILL);
    drop(runner);
}

#[test]
fn a_redelivery_is_skipped_while_the_first_runs_and_runs_once_it_has_ended() {
    let yard = Yard::new("", &[("a", &obedient(""))]);
    say(&yard, "echo up >up; read x <gate");
    yard.fifo("gate");
    let first = yard.deliver("a", "main", "1");
    let runner = yard.start();
    until("the first runs", || !yard.site("up").is_empty());
    let second = yard.deliver("a", "main", "1");
    until("the second is skipped", || yard.is_in("done", second));
    say(&yard, "true");
    std::fs::write(yard.path("site/gate"), "x\n").unwrap();
    until("the first is done", || yard.is_in("done", first));
    assert_eq!(
        yard.job(second),
        ["done".into(), "repeat".into(), format!("repeat of {first}; `hookspool retry --again` runs it all the same")]
    );
    let third = yard.deliver("a", "main", "1");
    until("the third is done", || yard.is_in("done", third));
    assert_eq!((runner.stop(), outcome(&yard, third)), (Some(0), "succeeded".into()));
}

#[test]
fn a_redelivery_of_a_success_is_skipped_and_one_of_a_failure_runs() {
    for (provider, after_success) in [("github", "succeeded"), ("bitbucket", "repeat")] {
        let yard = Yard::new("", &[("a", &obedient(""))]);
        let deliver = || {
            let meta = crate::spool::append::meta("a", 1);
            yard.append(&JobMeta { provider: provider.to_owned(), ..meta })
        };
        let mut outcomes = Vec::new();
        for script in ["exit 1", "true", "true"] {
            say(&yard, script);
            let id = deliver();
            yard.drain();
            outcomes.push(outcome(&yard, id));
        }
        assert_eq!(outcomes, ["failed", "succeeded", after_success], "{provider}");
    }
}

#[test]
fn a_person_who_releases_a_failed_job_gives_it_all_its_attempts_again() {
    let retry = "retry = { attempts = 2, backoff = \"1ms\", on = \"failure\" }";
    let yard = Yard::new("", &[("a", &obedient(retry))]);
    say(&yard, "exit 1");
    let id = yard.deliver("a", "main", "1");
    assert_eq!(yard.drain().status.code(), Some(1));
    assert_eq!((yard.is_in("failed", id), what(&yard, id, "started")), (true, 2));
    let owner = SpoolOwner::lock(&yard.path("spool")).unwrap();
    owner.decide(id, Settlement::Released, jiff::Timestamp::now()).unwrap();
    drop(owner);
    yard.drain();
    assert_eq!((yard.is_in("failed", id), what(&yard, id, "started")), (true, 4));
}

#[test]
fn what_follows_a_job_depends_on_how_it_ended_and_changes_nothing_of_it() {
    let lists: String = ["on_failure", "on_success", "on_recovery", "always"].map(tell).concat();
    let lists = lists.replace(">>told", ">>told; exit 3");
    let yard = Yard::new("", &[("a", &obedient(&lists))]);
    for (delivery, script) in [("1", "true"), ("2", "exit 1"), ("3", "exit 2"), ("4", "true"), ("5", "true")] {
        say(&yard, script);
        let id = yard.deliver("a", "main", delivery);
        yard.drain();
        assert_eq!(outcome(&yard, id), if script == "true" { "succeeded" } else { "failed" });
    }
    let expected = [
        "on_success 1 succeeded ",
        "always 1 succeeded ",
        "on_failure 2 failed step 1 (. ./do) exited with 1",
        "always 2 failed step 1 (. ./do) exited with 1",
        "on_failure 3 failed step 1 (. ./do) exited with 2",
        "always 3 failed step 1 (. ./do) exited with 2",
        "on_success 4 succeeded ",
        "on_recovery 4 succeeded ",
        "always 4 succeeded ",
        "on_success 5 succeeded ",
        "always 5 succeeded ",
    ];
    let told = yard.site("told");
    assert_eq!(told.lines().map(str::trim_end).collect::<Vec<_>>(), expected.map(str::trim_end));
}

#[test]
fn a_retry_that_succeeds_is_a_recovery_whichever_runner_has_it() {
    let yard = Yard::new("", &[("a", &obedient(&tell("on_recovery")))]);
    for script in ["true", "exit 1"] {
        say(&yard, script);
        yard.deliver("a", "main", &script.replace(' ', "-"));
        yard.drain();
    }
    say(&yard, "true");
    assert!(yard.hookspool(&["retry", "--failed"]).status().unwrap().success());
    assert!(yard.drain().status.success());
    assert_eq!(yard.site("told").trim_end(), "on_recovery exit-1 succeeded");
}

#[test]
fn a_runner_that_dies_after_the_steps_does_not_run_them_again() {
    let after = "on_success = [{ shell = \"echo x >>after; exec sleep 100000\" }]";
    let yard = Yard::new("", &[("a", &obedient(after))]);
    say(&yard, "echo x >>steps");
    let id = yard.deliver("a", "main", "1");
    kill_while_running(&yard, "after");
    let drained = yard.drain();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(yard.job(id)[..2], ["done", "succeeded"]);
    assert_eq!((yard.site("steps"), yard.site("after")), ("x\n".into(), "x\n".into()));
    hookspool::runner::steps::end_survivors(id, std::time::Duration::ZERO).unwrap();
}

#[test]
fn a_job_that_takes_its_runner_down_each_time_ends_as_failed_and_that_is_told() {
    let more = format!("retry = {{ attempts = 2 }}\n{}{}", tell("on_failure"), tell("always"));
    let yard = Yard::new("", &[("a", &obedient(&more))]);
    say(&yard, "echo $HOOKSPOOL_ATTEMPT >up; kill -KILL $PPID; exec sleep 100000");
    let id = yard.deliver("a", "main", "1");
    for _ in 0..2 {
        assert_eq!(yard.drain().status.code(), None, "it was killed");
    }
    assert_eq!(yard.drain().status.code(), Some(1));
    let reason = "the runner died while the job ran";
    assert_eq!(yard.job(id), ["failed", "interrupted", reason].map(str::to_owned));
    let expected = format!("on_failure 1 interrupted {reason}\nalways 1 interrupted {reason}\n");
    assert_eq!((yard.site("told"), yard.site("up")), (expected, "2\n".into()));
}

#[test]
fn a_step_that_prints_nothing_for_too_long_has_timed_out() {
    let more = format!("silence = \"700ms\"\n{}", tell("on_failure"));
    let yard = Yard::new("", &[("a", &obedient(&more))]);
    say(&yard, "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.15; done; sleep 100000");
    let id = yard.deliver("a", "main", "1");
    yard.drain();
    let log = std::fs::read_to_string(yard.path(&format!("spool/log/{id}.log"))).unwrap();
    assert!(log.contains(" out 8\n"), "{log}");
    let reason = "step 1 (. ./do) timed out: it printed nothing for 700ms (`silence`)";
    assert_eq!(yard.job(id), ["failed", "timed-out", reason].map(str::to_owned));
    assert_eq!(yard.site("told"), format!("on_failure 1 timed-out {reason}\n"));
}

#[test]
fn a_new_configuration_is_taken_on_and_a_broken_one_is_not() {
    let hook = |n: u8| format!("steps = [{{ shell = \"echo {n} >>said; [ {n} != 1 ] || read x <gate\" }}]");
    let yard = Yard::new("", &[("a", &hook(1))]);
    yard.fifo("gate");
    let first = yard.deliver("a", "main", "1");
    let runner = yard.start();
    until("the first runs", || yard.site("said") == "1\n");
    yard.configure("", &[("a", "nonsense = 1")]);
    runner.signal(Signal::HUP);
    until("the broken one is refused", || yard.log().contains("event=reload-refused"));
    assert!(yard.log().contains("unknown key `nonsense`"), "{}", yard.log());
    yard.configure("", &[("b", &hook(2)), ("a", &hook(3))]);
    runner.signal(Signal::HUP);
    until("the new one is taken on", || yard.log().contains("event=reloaded"));
    let waits = yard.deliver("a", "main", "2");
    let other = yard.deliver("b", "main", "3");
    std::fs::write(yard.path("site/gate"), "x\n").unwrap();
    until("all are done", || [first, waits, other].iter().all(|&id| yard.is_in("done", id)));
    assert_eq!((runner.stop(), yard.site("said")), (Some(0), "1\n3\n2\n".into()));
}

#[test]
fn a_job_whose_hook_is_gone_is_held_and_the_others_run() {
    let yard = Yard::new("", &[("a", &obedient(""))]);
    say(&yard, "true");
    let (orphan, other) = (yard.deliver("gone", "main", "1"), yard.deliver("a", "main", "2"));
    assert!(yard.drain().status.success());
    let reason = "hook `gone` is not in the configuration; add it again and release the job, or cancel it";
    assert_eq!(yard.job(orphan), ["held", "", reason].map(str::to_owned));
    assert!(yard.is_in("done", other));
}

/// The step's parent is the runner.
#[test]
fn a_job_that_restarts_its_own_runner_has_succeeded_and_its_last_step_goes_on() {
    for (signal, status) in [("TERM", Some(0)), ("KILL", None)] {
        let restart = format!(
            "kill -{signal} $PPID; while [ -d ../spool/running ] && [ ! -e go ]; do sleep 0.01; done; \
                               echo printed; echo done >>restarted"
        );
        let steps = format!(
            "steps = [{{ shell = \"echo x >>steps\" }}, {{ shell = \"{restart}\", restarts_runner = true }}]\n{}",
            tell("on_success")
        );
        let yard = Yard::new("", &[("a", &steps)]);
        let id = yard.deliver("a", "main", "1");
        assert_eq!(yard.drain().status.code(), status, "{signal}");
        let drained = yard.drain();
        assert!(drained.status.success(), "{signal}: {drained:?}");
        assert_eq!(yard.job(id), ["done", "succeeded", ""].map(str::to_owned), "{signal}");
        assert_eq!((yard.site("steps"), yard.site("restarted")), ("x\n".into(), String::new()), "{signal}");
        std::fs::write(yard.path("site/go"), "").unwrap();
        until("the step has done the rest", || yard.site("restarted") == "done\n");
        let told = if signal == "TERM" { "on_success 1 succeeded\n" } else { "" };
        assert_eq!(yard.site("told"), told, "{signal}");
    }
}

#[test]
fn at_a_stop_the_step_that_restarts_the_runner_is_begun_and_left_alone() {
    let restart = "echo x >>began; while [ -d ../spool ] && [ ! -e go ]; do sleep 0.01; done; echo done >>restarted";
    let steps = format!(
        "steps = [{{ shell = \"kill -TERM $PPID; sleep 0.3\" }}, {{ shell = \"{restart}\", restarts_runner = true }}]"
    );
    let yard = Yard::new("", &[("a", &steps)]);
    let id = yard.deliver("a", "main", "1");
    assert_eq!(yard.drain().status.code(), Some(0));
    assert_eq!(yard.job(id), ["done", "succeeded", ""].map(str::to_owned));
    std::fs::write(yard.path("site/go"), "").unwrap();
    until("the step has done its part", || yard.site("restarted") == "done\n");
    assert_eq!(yard.site("began"), "x\n");
}

#[test]
fn a_step_that_fails_to_restart_the_runner_has_failed_and_is_logged() {
    let steps = "steps = [{ shell = \"echo no such program; exit 2\", restarts_runner = true }]";
    let yard = Yard::new("", &[("a", steps)]);
    let id = yard.deliver("a", "main", "1");
    assert_eq!(yard.drain().status.code(), Some(1));
    assert_eq!(outcome(&yard, id), "failed");
    let log = std::fs::read_to_string(yard.path(&format!("spool/log/{id}.log"))).unwrap();
    assert!(log.contains(" out no such program\n"), "{log}");
}

/// Leaves a process in a session of its own whose id is in `pid`, and which ends when somebody writes to `gate`.
const LEAVE_BEHIND: &str = "setsid sh -c 'echo $$ >pid; read x <gate' >/dev/null & while ! [ -s pid ]; do :; done";

#[test]
fn a_step_that_waits_for_the_end_of_an_older_process_sees_it_gone() {
    let stop = "kill $(cat pid); while kill -0 $(cat pid) 2>/dev/null; do :; done; echo gone >>ended";
    let hooks = [("start", LEAVE_BEHIND), ("stop", stop)];
    let hooks = hooks
        .map(|(name, command)| (name, format!("timeout = \"60s\"\nsteps = [{{ shell = \"\"\"{command}\"\"\" }}]")));
    let yard = Yard::new("", &hooks.each_ref().map(|(name, lines)| (*name, lines.as_str())));
    yard.fifo("gate");
    yard.deliver("start", "main", "1");
    let second = yard.deliver("stop", "main", "2");
    assert!(yard.drain().status.success(), "{:?}", yard.job(second));
    assert_eq!(yard.site("ended"), "gone\n");
}

#[test]
fn a_process_that_ends_while_the_runner_is_idle_is_no_zombie() {
    let yard = Yard::new("", &[("start", &format!("steps = [{{ shell = \"\"\"{LEAVE_BEHIND}\"\"\" }}]"))]);
    yard.fifo("gate");
    let runner = yard.start();
    let job = yard.deliver("start", "main", "1");
    until("it is done", || yard.is_in("done", job));
    let process = std::path::PathBuf::from(format!("/proc/{}", yard.site("pid").trim()));
    assert!(process.exists());
    std::fs::write(yard.path("site/gate"), "x\n").unwrap();
    until("it is reaped", || !process.exists());
    assert_eq!(runner.stop(), Some(0));
}
