//! Edge. The deployed commit as jobs are told of it: no push is missed that was superseded or failed.

use crate::support::yard::Yard;
use hookspool::model::{JobId, JobMeta, RefName};

/// Says what it is told; fails where the push's delivery says so.
const STEP: &str = "steps = [{ shell = \"echo $HOOKSPOOL_DELIVERY $HOOKSPOOL_BEFORE $HOOKSPOOL_PUSH_BEFORE >>told; \
                    test $HOOKSPOOL_DELIVERY != fails\" }]";

fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// Queues a push of `reference` from one commit to the next.
fn push(yard: &Yard, reference: RefName, delivery: &str, before: char, after: char) -> JobId {
    yard.append(&JobMeta {
        reference: Some(reference),
        delivery: Some(delivery.to_owned()),
        before: Some(commit(before)),
        after: Some(commit(after)),
        arrived_at: jiff::Timestamp::now(),
        ..crate::spool::append::meta("a", 0)
    })
}

fn main() -> RefName {
    RefName::branch_named("main").unwrap()
}

#[test]
fn before_reaches_back_to_what_was_deployed_last() {
    let yard = Yard::new("", &[("a", STEP)]);
    let told = |delivery: &str, before: char, push_before: char| {
        assert!(yard.drain().status.code().is_some());
        let expected = format!("{delivery} {} {}", commit(before), commit(push_before));
        assert_eq!(yard.site("told").lines().last(), Some(expected.as_str()));
    };
    push(&yard, main(), "first", '9', '1');
    told("first", '9', '9');
    let superseded = push(&yard, main(), "superseded", '1', '2');
    push(&yard, main(), "second", '2', '3');
    told("second", '1', '2');
    assert_eq!(yard.job(superseded)[1], "superseded");
    push(&yard, main(), "fails", '3', '4');
    told("fails", '3', '3');
    push(&yard, main(), "third", '4', '5');
    told("third", '3', '4');
    push(&yard, RefName::branch_named("dev").unwrap(), "dev", '6', '7');
    told("dev", '6', '6');
    push(&yard, main(), "fourth", '5', '8');
    told("fourth", '5', '5');
}
