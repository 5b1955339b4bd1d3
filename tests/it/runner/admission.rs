//! Jobs that no signed delivery could have queued: whoever may write to `queued/` can seal any.

use crate::support::yard::Yard;
use hookspool::model::{EventKind, JobMeta, RefName};
use jiff::Timestamp;

const STEPS: &str = "steps = [{ shell = \"echo $HOOKSPOOL_REF $HOOKSPOOL_DELIVERY >>ran\" }]\n";
const GUARDED: &str = "branches = [\"main\"]\nrepository = \"me/docs\"\n";

fn push(reference: &str, delivery: &str) -> JobMeta {
    JobMeta {
        reference: RefName::parse(reference),
        repository: Some("me/docs".to_owned()),
        delivery: Some(delivery.to_owned()),
        ..JobMeta::new("a", "github", EventKind::Push, Timestamp::now())
    }
}

fn held(why: &str) -> [String; 3] {
    let reason = format!("the hook does not want it: {why}; change the hook and release the job, or cancel it");
    ["held".to_owned(), String::new(), reason]
}

#[test]
fn a_job_that_the_hooks_rules_do_not_want_is_held_and_the_others_run() {
    let yard = Yard::new("", &[("a", &format!("{GUARDED}{STEPS}"))]);
    let main = || push("refs/heads/main", "d");
    let rows = [
        ("branch evil is not deployed: `branches` are `main`", push("refs/heads/evil", "1")),
        ("tags are not deployed: the hook has no `tags`", push("refs/tags/v1", "2")),
        ("event delete is not wanted", JobMeta { event: EventKind::Delete, ..main() }),
        (
            "repository other/repo is not the one of this hook",
            JobMeta { repository: Some("other/repo".to_owned()), ..main() },
        ),
        ("the delivery names no repository", JobMeta { repository: None, ..main() }),
    ];
    let planted = rows.map(|(why, meta)| (why, yard.append(&meta)));
    let genuine = yard.append(&main());
    assert!(yard.drain().status.success());
    for (why, id) in planted {
        assert_eq!(yard.job(id), held(why));
    }
    assert!(yard.is_in("done", genuine));
    assert_eq!(yard.site("ran"), "refs/heads/main d\n");
}

#[test]
fn a_genuine_delivery_is_no_repeat_of_a_job_that_the_hook_does_not_want() {
    let yard = Yard::new("", &[("a", &format!("{GUARDED}{STEPS}"))]);
    let release = JobMeta { event: EventKind::Release, ..push("refs/heads/main", "same") };
    let (planted, genuine) = (yard.append(&release), yard.append(&push("refs/heads/main", "same")));
    assert!(yard.drain().status.success());
    assert_eq!((yard.job(planted), yard.job(genuine)[1].as_str()), (held("event release is not wanted"), "succeeded"));
    assert_eq!(yard.site("ran"), "refs/heads/main same\n");
}

#[test]
fn a_held_job_runs_once_the_hook_wants_it_and_not_before() {
    let yard = Yard::new("", &[("a", &format!("{GUARDED}{STEPS}"))]);
    let id = yard.append(&push("refs/heads/next", "1"));
    let release = || assert!(yard.hookspool(&["release", &id.to_string()]).status().unwrap().success());
    for _ in 0..2 {
        assert!(yard.drain().status.success());
        assert_eq!(yard.job(id), held("branch next is not deployed: `branches` are `main`"));
        release();
    }
    yard.configure("", &[("a", &format!("{}{STEPS}", GUARDED.replace("main", "next")))]);
    assert!(yard.drain().status.success());
    assert_eq!((yard.job(id)[1].as_str(), yard.site("ran").as_str()), ("succeeded", "refs/heads/next 1\n"));
}

#[test]
fn a_job_with_values_that_no_delivery_could_tell_is_corrupt() {
    let yard = Yard::new("", &[("a", &format!("{GUARDED}{STEPS}"))]);
    let text = |text: &str| Some(text.to_owned());
    let rows = [
        ("after", JobMeta { after: text("--help"), ..push("refs/heads/main", "1") }),
        ("before", JobMeta { before: text("$(id)"), ..push("refs/heads/main", "2") }),
        ("pusher", JobMeta { pusher: text("me\n\u{1b}[31m"), ..push("refs/heads/main", "3") }),
        ("delivery", push("refs/heads/main", "4\n5")),
    ];
    let planted = rows.map(|(member, meta)| (member, yard.append(&meta)));
    assert!(yard.drain().status.success());
    for (member, id) in planted {
        let [state, _, reason] = yard.job(id);
        assert_eq!(
            (state.as_str(), reason.contains(&format!("its `{member}` is none"))),
            ("corrupt", true),
            "{reason}"
        );
    }
    assert_eq!(yard.site("ran"), "");
}
