//! Pure. Which of the waiting jobs is next.

use super::*;
use crate::model::{EventKind, RefName};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn id(sequence: u64) -> JobId {
    JobId::new(sequence, 0).unwrap()
}

fn job(hook: &str, branch: &str, delivery: &str) -> Item {
    Item {
        repository: None,
        hook: hook.into(),
        queue: hook.into(),
        event: Some(EventKind::Push),
        reference: RefName::branch_named(branch),
        after: None,
        delivery: Some(delivery.into()).filter(|d: &String| !d.is_empty()),
        when_newer: WhenNewer::Supersede,
        not_before: None,
        sends_again: false,
        announced_twice: false,
    }
}

fn backlog(items: Vec<Item>) -> Backlog {
    let mut backlog = Backlog::default();
    for (sequence, item) in (1..).zip(items) {
        backlog.insert(id(sequence), item);
    }
    backlog
}

/// Everything that happens if each job ends as soon as it is run.
fn story(mut backlog: Backlog) -> Vec<Choice> {
    let mut choices = Vec::new();
    loop {
        let choice = backlog.next(NOW, true);
        choices.push(choice);
        match choice {
            Choice::Run(id) | Choice::Supersede(id, _) | Choice::Repeat(id, _) => drop(backlog.remove(id)),
            _ => return choices,
        }
    }
}

#[test]
fn jobs_run_in_order_of_arrival() {
    let all = backlog(vec![job("a", "main", ""), job("b", "main", ""), job("a", "dev", "")]);
    assert_eq!(story(all), [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Run(id(3)), Choice::Nothing]);
}

#[test]
fn of_several_jobs_for_one_ref_the_newest_runs() {
    let all = backlog(vec![job("a", "main", ""), job("b", "main", ""), job("a", "main", ""), job("a", "main", "")]);
    let expected = [
        Choice::Supersede(id(1), id(4)),
        Choice::Run(id(2)),
        Choice::Supersede(id(3), id(4)),
        Choice::Run(id(4)),
        Choice::Nothing,
    ];
    assert_eq!(story(all), expected);
}

#[test]
fn a_push_does_not_take_the_place_of_a_deletion() {
    let deletion = Item { event: Some(EventKind::Delete), ..job("a", "main", "") };
    let expected = [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing];
    assert_eq!(story(backlog(vec![deletion, job("a", "main", "")])), expected);
}

#[test]
fn where_the_first_of_several_repeats_is_gone_the_next_one_is_the_first() {
    let mut all = backlog(vec![job("a", "main", "d1"), job("a", "main", "d1"), job("a", "main", "d1")]);
    all.remove(id(1));
    assert_eq!(story(all), [Choice::Repeat(id(3), id(2)), Choice::Run(id(2)), Choice::Nothing]);
    let mut late = backlog(vec![]);
    for sequence in [3, 2, 1] {
        late.insert(id(sequence), job("a", "main", "d1"));
    }
    let expected = [Choice::Repeat(id(2), id(1)), Choice::Repeat(id(3), id(1)), Choice::Run(id(1)), Choice::Nothing];
    assert_eq!(story(late), expected);
}

#[test]
fn keep_runs_them_all() {
    let keep = Item { when_newer: WhenNewer::Keep, ..job("a", "main", "") };
    let expected = [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing];
    assert_eq!(story(backlog(vec![keep.clone(), keep])), expected);
}

#[test]
fn jobs_without_a_ref_never_supersede_each_other() {
    let plain = Item { reference: None, ..job("a", "main", "") };
    let expected = [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing];
    assert_eq!(story(backlog(vec![plain.clone(), plain])), expected);
}

#[test]
fn a_redelivery_of_a_waiting_job_is_a_repeat_and_does_not_supersede_a_newer_push() {
    let all = backlog(vec![job("a", "main", "d1"), job("a", "main", "d2"), job("a", "main", "d1")]);
    let expected = [Choice::Repeat(id(3), id(1)), Choice::Supersede(id(1), id(2)), Choice::Run(id(2)), Choice::Nothing];
    assert_eq!(story(all), expected);
    let keep = |delivery| Item { when_newer: WhenNewer::Keep, ..job("a", "main", delivery) };
    let mut waits = keep("d1");
    waits.not_before = Some(Timestamp::MAX);
    let all = backlog(vec![waits, keep("d1")]);
    assert_eq!(story(all), [Choice::Repeat(id(2), id(1)), Choice::WaitUntil(Timestamp::MAX)]);
}

#[test]
fn a_retry_blocks_its_own_queue_and_no_other() {
    let mut waits = job("a", "main", "");
    waits.not_before = Some(Timestamp::from_second(60).unwrap());
    let all = backlog(vec![waits, job("a", "dev", ""), job("b", "main", "")]);
    assert_eq!(story(all), [Choice::Run(id(3)), Choice::WaitUntil(Timestamp::from_second(60).unwrap())]);
}

#[test]
fn pushes_of_two_repositories_are_no_work_of_each_other() {
    let of = |repository: &str| Item { repository: Some(repository.into()), ..job("a", "main", "1") };
    let replace = |repository| Item { when_newer: WhenNewer::Replace, ..of(repository) };
    let mut backlog = Backlog::default();
    backlog.insert(id(1), replace("me/a"));
    backlog.start(id(1));
    backlog.insert(id(2), replace("me/b"));
    assert_eq!(backlog.next(NOW, true), Choice::Wait, "the running job of another repository is not stopped");
    backlog.end(id(1));
    backlog.insert(id(3), of("me/c"));
    assert_eq!(backlog.next(NOW, true), Choice::Run(id(2)), "neither superseded nor a repeat");
    backlog.insert(id(4), Item { delivery: None, ..of("me/b") });
    assert_eq!(backlog.next(NOW, true), Choice::Supersede(id(2), id(4)));
}

#[test]
fn a_newer_push_takes_the_place_of_a_retry() {
    let mut waits = job("a", "main", "");
    waits.not_before = Some(Timestamp::from_second(60).unwrap());
    let all = backlog(vec![waits, job("a", "main", "")]);
    assert_eq!(story(all), [Choice::Supersede(id(1), id(2)), Choice::Run(id(2)), Choice::Nothing]);
}

/// The jobs that are begun while nothing ends.
fn begun(backlog: &mut Backlog) -> Vec<Choice> {
    let mut choices = Vec::new();
    loop {
        let choice = backlog.next(NOW, true);
        choices.push(choice);
        match choice {
            Choice::Run(id) => backlog.start(id),
            Choice::Supersede(id, _) | Choice::Repeat(id, _) => drop(backlog.remove(id)),
            Choice::Replace(running, _) => backlog.tell(running),
            Choice::WaitUntil(_) | Choice::Wait | Choice::Nothing => return choices,
        }
    }
}

#[test]
fn queues_run_side_by_side_and_the_jobs_of_one_queue_do_not() {
    let mut all = backlog(vec![job("a", "x", ""), job("a", "y", ""), job("b", "x", ""), job("c", "x", "")]);
    assert_eq!(begun(&mut all), [Choice::Run(id(1)), Choice::Run(id(3)), Choice::Run(id(4)), Choice::Wait]);
    all.end(id(3));
    assert_eq!(all.next(NOW, true), Choice::Wait);
    all.end(id(1));
    assert_eq!(begun(&mut all), [Choice::Run(id(2)), Choice::Nothing]);
}

#[test]
fn a_queue_with_many_old_jobs_leaves_the_next_free_worker_to_another_queue() {
    let mut items: Vec<Item> = (0..50).map(|n| job("long", &format!("b{n}"), "")).collect();
    items.push(job("short", "main", ""));
    let mut all = backlog(items);
    assert_eq!(begun(&mut all), [Choice::Run(id(1)), Choice::Run(id(51)), Choice::Wait]);
}

#[test]
fn without_a_free_worker_nothing_is_run_and_everything_else_is_decided() {
    let mut all = backlog(vec![job("a", "main", ""), job("a", "main", ""), job("b", "main", "d1")]);
    assert_eq!(all.next(NOW, false), Choice::Supersede(id(1), id(2)));
    all.remove(id(1));
    assert_eq!(all.next(NOW, false), Choice::Wait);
}

#[test]
fn a_redelivery_of_a_running_job_is_a_repeat_whichever_came_first() {
    let mut all = backlog(vec![job("a", "main", "d1"), job("a", "main", "d1"), job("a", "main", "d1")]);
    all.remove(id(1));
    all.remove(id(3));
    all.start(id(2));
    all.insert(id(3), job("a", "main", "d1"));
    all.insert(id(1), job("a", "main", "d1"));
    assert_eq!(begun(&mut all), [Choice::Repeat(id(1), id(2)), Choice::Repeat(id(3), id(2)), Choice::Nothing]);
    all.end(id(2));
    all.insert(id(4), job("a", "main", "d1"));
    assert_eq!(begun(&mut all), [Choice::Run(id(4)), Choice::Nothing]);
}

#[test]
fn a_running_job_is_stopped_for_a_newer_one_only_where_the_hook_says_so_and_once() {
    let replace = |branch| Item { when_newer: WhenNewer::Replace, ..job("a", branch, "") };
    let superseded = Choice::Supersede(id(2), id(3));
    for (item, expected) in [
        (replace("main"), vec![Choice::Replace(id(1), id(3)), superseded, Choice::Wait]),
        (job("a", "main", ""), vec![superseded, Choice::Wait]),
    ] {
        let mut all = backlog(vec![item.clone()]);
        all.start(id(1));
        all.insert(id(2), item.clone());
        all.insert(id(3), item);
        assert_eq!(begun(&mut all), expected);
        all.end(id(1));
        assert_eq!(begun(&mut all), [Choice::Run(id(3)), Choice::Nothing]);
    }
    let mut other = backlog(vec![replace("main")]);
    other.start(id(1));
    other.insert(id(2), replace("dev"));
    assert_eq!(begun(&mut other), [Choice::Wait], "another branch is no newer version of this one");
}

#[test]
fn jobs_of_a_parallel_hook_do_not_wait_for_each_other() {
    let item = |sequence| {
        let item = Item { when_newer: WhenNewer::Parallel, ..job("a", "main", "") };
        Item { queue: format!("a/{sequence}"), ..item }
    };
    let mut all = backlog(vec![item(1), item(2)]);
    assert_eq!(begun(&mut all), [Choice::Run(id(1)), Choice::Run(id(2)), Choice::Nothing]);
}
