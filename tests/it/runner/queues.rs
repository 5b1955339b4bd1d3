//! Queues side by side, with real processes.

use crate::support::steps::until;
use crate::support::yard::Yard;
use hookspool::model::{EventKind, JobId, JobMeta, RefName};
use jiff::Timestamp;

/// Two steps that each wait for the other.
const MEETING: [(&str, &str); 2] = [
    ("a", "timeout = \"20s\"\nsteps = [{ shell = \"echo a >there; read x <back; echo $x >met\" }]"),
    ("b", "timeout = \"20s\"\nsteps = [{ shell = \"read x <there; echo b$x >back\" }]"),
];

#[test]
fn with_two_workers_two_queues_run_side_by_side() {
    let yard = Yard::new("workers = 2", &MEETING);
    yard.fifo("there");
    yard.fifo("back");
    let jobs = [yard.deliver("a", "main", "1"), yard.deliver("b", "main", "2")];
    let drained = yard.drain();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(yard.site("met"), "ba\n");
    assert!(jobs.iter().all(|&id| yard.is_in("done", id)));
}

#[test]
fn the_jobs_of_one_queue_run_in_order_whatever_hook_they_are_of() {
    let step = "steps = [{ shell = \"exec 9>>alone; flock -n 9 || echo overlap >>marks; \
                echo $HOOKSPOOL_DELIVERY >>marks; sleep 0.02\" }]\nqueue = \"one\"\nwhen_newer = \"keep\"";
    let other = "steps = [{ shell = \"echo x >>others\" }]\nwhen_newer = \"keep\"";
    let yard = Yard::new("workers = 4", &[("a", step), ("b", step), ("c", other), ("d", other)]);
    for n in 0..6 {
        yard.deliver("a", "main", &format!("{n}a"));
        yard.deliver("b", "main", &format!("{n}b"));
        yard.deliver("c", "main", &format!("{n}c"));
        yard.deliver("d", "main", &format!("{n}d"));
    }
    let drained = yard.drain();
    assert!(drained.status.success(), "{drained:?}");
    let expected: Vec<String> = (0..6).flat_map(|n| [format!("{n}a"), format!("{n}b")]).collect();
    assert_eq!(yard.site("marks").lines().collect::<Vec<_>>(), expected);
    assert_eq!(yard.site("others").lines().count(), 12);
}

/// Of each kind of process that a job may leave somewhere, one.
const ZOO: &str = r#"
up='echo $$ >>pids; exec sleep 100000'
setsid sh -c "$up" >/dev/null 2>&1 &
env -i PATH="$PATH" sh -c "$up" >/dev/null 2>&1 &
(env -i PATH="$PATH" sh -c "$up" >/dev/null 2>&1 &)
(setsid sh -c "sh -c '$up' &" >/dev/null 2>&1 &)
(env -i PATH="$PATH" setsid sh -c "sh -c '$up' &" >/dev/null 2>&1 &)
until [ "$(wc -l 2>/dev/null <pids)" = 5 ]; do sleep 0.01; done
echo up >up
read go <go
for pid in $(cat pids); do
    kill -0 "$pid" || echo "lost $pid" >>lost
    kill -KILL "$pid"
done
"#;

/// The one whose time runs out ends its own escapee, and none of the processes of the job beside it.
#[test]
fn a_job_that_is_ended_takes_its_own_processes_with_it_and_none_of_another_job() {
    let ended = r#"steps = [
        { shell = "exec 9>mine; setsid sh -c 'echo $$ >escapee; exec sleep 100000' & read x <up" },
        { shell = "sleep 100000", timeout = "200ms" }
    ]
    on_failure = [{ shell = "echo go >go" }]"#;
    let yard = Yard::new("workers = 2", &[("zoo", "steps = [{ run = [\"sh\", \"zoo.sh\"] }]"), ("ended", ended)]);
    std::fs::write(yard.path("site/zoo.sh"), ZOO).unwrap();
    yard.fifo("up");
    yard.fifo("go");
    let (zoo, ended) = (yard.deliver("zoo", "main", "1"), yard.deliver("ended", "main", "2"));
    let drained = yard.drain();
    assert_eq!(drained.status.code(), Some(1), "{drained:?}");
    assert_eq!((yard.job(zoo), yard.site("lost")), (["done", "succeeded", ""].map(str::to_owned), String::new()));
    assert_eq!(yard.job(ended)[1], "timed-out");
    let escapee = yard.site("escapee").trim().parse().unwrap();
    assert!(hookspool::system::table::process(escapee).is_none_or(|p| !p.is_alive()), "the escapee lives");
}

#[test]
fn a_stop_interrupts_all_that_run_and_nothing_is_lost() {
    let step = |name: &str| format!("steps = [{{ shell = \"echo up >up-{name}; sleep 100000\" }}]");
    let yard = Yard::new("workers = 2\ngrace = \"100ms\"", &[("a", &step("a")), ("b", &step("b"))]);
    let jobs = [yard.deliver("a", "main", "1"), yard.deliver("b", "main", "2")];
    let runner = yard.start();
    until("both run", || !yard.site("up-a").is_empty() && !yard.site("up-b").is_empty());
    assert_eq!(runner.stop(), Some(0));
    for id in jobs {
        assert!(yard.is_in("waiting", id), "{:?} {}", yard.job(id), yard.log());
    }
}

#[test]
fn a_running_job_is_stopped_for_a_newer_one_where_the_hook_says_replace() {
    let step = "when_newer = \"replace\"\nsteps = [{ shell = \"echo $HOOKSPOOL_DELIVERY >>begun; \
                [ $HOOKSPOOL_DELIVERY = 3 ] || sleep 100000\" }, { shell = \"echo always >>begun\", always = true }]";
    let yard = Yard::new("", &[("a", step)]);
    let first = yard.deliver("a", "main", "1");
    let runner = yard.start();
    until("the first runs", || yard.site("begun") == "1\n");
    let third = yard.deliver("a", "main", "3");
    until("the newer one is done", || yard.is_in("done", third));
    assert_eq!(runner.stop(), Some(0));
    assert_eq!(yard.job(first), ["done".into(), "superseded".into(), format!("superseded by {third}")]);
    assert_eq!(yard.site("begun"), "1\nalways\n3\nalways\n");
    assert_eq!(yard.history(first).last().unwrap()["what"], "superseded-by");
}

#[test]
fn after_max_runtime_nothing_is_begun_and_what_runs_ends_in_its_own_time() {
    let yard = Yard::new("", &[("a", "when_newer = \"keep\"\nsteps = [{ shell = \"sleep 0.4\" }]")]);
    let jobs = [yard.deliver("a", "main", "1"), yard.deliver("a", "main", "2")];
    let drained = yard.hookspool(&["spool-runner", "--once", "--max-runtime", "300ms"]).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
    assert!(yard.is_in("done", jobs[0]) && yard.is_in("queued", jobs[1]));
    assert!(yard.drain().status.success() && yard.is_in("done", jobs[1]));
}

#[test]
fn a_failed_job_makes_the_exit_status_also_when_the_time_is_up() {
    let yard = Yard::new("", &[("a", "when_newer = \"keep\"\nsteps = [{ shell = \"sleep 0.4; exit 7\" }]")]);
    let jobs = [yard.deliver("a", "main", "1"), yard.deliver("a", "main", "2")];
    let drained = yard.hookspool(&["spool-runner", "--once", "--max-runtime", "300ms"]).output().unwrap();
    let log = String::from_utf8_lossy(&drained.stderr);
    assert_eq!(drained.status.code(), Some(1), "{log}");
    assert!(log.contains("its time is up"), "{log}");
    assert!(yard.is_in("failed", jobs[0]) && yard.is_in("queued", jobs[1]));
}

/// Damages the file of a job that waits.
fn damage(yard: &Yard, id: JobId) {
    use std::os::unix::fs::FileExt;
    let file = yard.path(&format!("spool/queued/{id}.job"));
    std::fs::File::options().write(true).open(file).unwrap().write_at(b"[", 0).unwrap();
}

#[test]
fn a_repeat_runs_where_the_first_of_the_same_delivery_is_damaged() {
    let yard = Yard::new("", &[("a", "steps = [{ shell = \"echo $HOOKSPOOL_DELIVERY >>ran\" }]")]);
    let (first, repeat) = (yard.deliver("a", "main", "1"), yard.deliver("a", "main", "1"));
    damage(&yard, first);
    assert!(yard.drain().status.success());
    assert_eq!((yard.job(repeat)[1].as_str(), yard.site("ran").as_str()), ("succeeded", "1\n"));
    assert!(yard.is_in("corrupt", first));
}

#[test]
fn of_a_delivery_that_came_twice_at_once_one_runs() {
    let yard = Yard::new("", &[("a", "steps = [{ shell = \"echo $HOOKSPOOL_DELIVERY >>ran\" }]")]);
    let sent = || {
        yard.append(&JobMeta {
            reference: RefName::branch_named("main"),
            delivery: Some("1".to_owned()),
            ..JobMeta::new("a", "bitbucket", EventKind::Push, Timestamp::now())
        })
    };
    let (first, repeat) = (sent(), sent());
    assert!(yard.drain().status.success());
    assert_eq!([first, repeat].map(|id| yard.job(id)[1].clone()), ["succeeded", "repeat"]);
}

#[test]
fn a_deletion_that_github_announces_twice_runs_once() {
    let yard =
        Yard::new("", &[("a", "events = [\"delete\"]\nsteps = [{ shell = \"echo $HOOKSPOOL_DELIVERY >>ran\" }]")]);
    let deleted = |delivery: &str, repository: &str| {
        yard.append(&JobMeta {
            reference: RefName::branch_named("old"),
            delivery: Some(delivery.to_owned()),
            repository: Some(repository.to_owned()),
            ..JobMeta::new("a", "github", EventKind::Delete, Timestamp::now())
        })
    };
    let first = deleted("1", "me/a");
    assert!(yard.drain().status.success());
    let (second, other) = (deleted("2", "me/a"), deleted("3", "me/b"));
    assert!(yard.drain().status.success());
    assert_eq!([first, second, other].map(|id| yard.job(id)[1].clone()), ["succeeded", "repeat", "succeeded"]);
    assert_eq!(yard.site("ran"), "1\n3\n");
}

#[test]
fn a_new_tag_of_a_webhook_of_the_type_gogs_runs_once() {
    let steps = "tags = [\"*\"]\nwhen_newer = \"keep\"\nsteps = [{ shell = \"echo $HOOKSPOOL_DELIVERY >>ran\" }]";
    let yard = Yard::new("", &[("a", steps)]);
    let pushed = |delivery: &str, before: Option<&str>| {
        yard.append(&JobMeta {
            reference: RefName::tag_named("v1"),
            delivery: Some(delivery.to_owned()),
            before: before.map(str::to_owned),
            ..JobMeta::new("a", "gogs", EventKind::Push, Timestamp::now())
        })
    };
    let jobs = [pushed("push", None), pushed("create", None), pushed("moved", Some(&"a".repeat(40)))];
    assert!(yard.drain().status.success());
    assert_eq!(jobs.map(|id| yard.job(id)[1].clone()), ["succeeded", "repeat", "succeeded"]);
    assert_eq!(yard.site("ran"), "push\nmoved\n");
}

#[test]
fn a_job_does_not_give_way_to_a_newer_one_that_is_damaged() {
    let yard = Yard::new("", &[("a", "steps = [{ shell = \"echo $HOOKSPOOL_DELIVERY >>ran\" }]")]);
    let (older, newer) = (yard.deliver("a", "main", "1"), yard.deliver("a", "main", "2"));
    damage(&yard, newer);
    assert!(yard.drain().status.success());
    assert_eq!((yard.job(older)[1].as_str(), yard.site("ran").as_str()), ("succeeded", "1\n"));
    assert!(yard.is_in("corrupt", newer));
}
