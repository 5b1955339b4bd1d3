//! `deploy`: a job that a person queues.

use crate::support::control::said;
use crate::support::yard::Yard;
use hookspool::model::{JobId, JobMeta, RefName};

const STEPS: &str = "steps = [{ shell = \"echo $HOOKSPOOL_PROVIDER $HOOKSPOOL_REF $HOOKSPOOL_PUSHER >>ran\" }]";

fn yard(more: &str) -> Yard {
    Yard::new("", &[("docs", &format!("branches = [\"main\", \"next\"]\n{more}{STEPS}"))])
}

/// The id in an answer such as `job 1a2b3c4d: queued …`, in full.
fn id_in(yard: &Yard, text: &str) -> JobId {
    let word = text.strip_prefix("job ").and_then(|rest| rest.split(':').next()).unwrap_or_else(|| panic!("{text}"));
    let listed = yard.listed();
    let id = listed.iter().find_map(|job| job["id"].as_str().filter(|id| id.ends_with(word)));
    id.unwrap_or_else(|| panic!("{text}: {listed:?}")).parse().unwrap()
}

#[test]
fn a_branch_is_deployed_by_hand_with_who_and_why() {
    let yard = yard("");
    let (status, text) = said(&yard, &["deploy", "docs", "--branch", "next", "-m", "the mirror was down"]);
    assert!(status == Some(0) && text.ends_with(": queued for docs, next\n"), "{text}");
    let id = id_in(&yard, &text);
    assert!(yard.drain().status.success());
    let ran = yard.site("ran");
    let words: Vec<&str> = ran.split_whitespace().collect();
    assert_eq!((words[0], words[1], words.len()), ("manual", "refs/heads/next", 3), "{ran}");
    let shown = said(&yard, &["show", &id.to_string()]).1;
    assert!(shown.contains(&format!("by {}: the mirror was down", words[2])), "{shown}");
}

#[test]
fn without_a_ref_the_last_jobs_is_deployed_or_one_has_to_be_named() {
    let yard = yard("repository = \"me/docs\"\n");
    let (status, text) = said(&yard, &["deploy", "docs"]);
    assert!(status == Some(2) && text.contains("name one with --branch"), "{status:?}: {text}");
    let meta = JobMeta {
        reference: RefName::branch_named("next"),
        repository: Some("Me/Docs".to_owned()),
        ..crate::spool::append::meta("docs", 0)
    };
    yard.append(&meta);
    assert_eq!(said(&yard, &["deploy", "docs"]).0, Some(0));
    assert!(yard.drain().status.success());
    assert!(yard.site("ran").contains("manual refs/heads/next"), "{}", yard.site("ran"));

    let any = Yard::new("", &[("docs", STEPS)]);
    assert_eq!(said(&any, &["deploy", "docs"]).0, Some(0));
    assert!(any.drain().status.success());
    let ran = any.site("ran");
    assert!(ran.starts_with("manual ") && !ran.contains("refs/"), "the branch that is there, or the default: {ran}");
}

#[test]
fn what_the_hook_does_not_want_is_refused_and_what_it_holds_waits() {
    let yard = yard("");
    let refused = [
        (&["deploy", "docs", "--branch", "evil"][..], Some(1), "branch evil is not deployed"),
        (&["deploy", "docs", "--tag", "v1"], Some(1), "tags are not deployed"),
        (&["deploy", "docs", "--branch", "a..b"], Some(2), "is no name of a branch or tag"),
        (&["deploy", "shop"], Some(1), "no hook `shop`"),
    ];
    for (words, status, expected) in refused {
        let said = said(&yard, words);
        assert!(said.0 == status && said.1.contains(expected), "{words:?}: {said:?}");
    }
    assert!(yard.listed().is_empty());
    assert_eq!(said(&yard, &["hold", "docs", "-m", "the server moves"]).0, Some(0));
    let (_, text) = said(&yard, &["deploy", "docs", "--branch", "main"]);
    assert!(text.ends_with("queued for docs, main; hook `docs` is on hold: the server moves\n"), "{text}");

    let releases = Yard::new("", &[("app", &format!("events = [\"release\"]\n{STEPS}"))]);
    let (status, text) = said(&releases, &["deploy", "app", "--tag", "v1"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(releases.drain().status.success());
    assert!(releases.site("ran").starts_with("manual refs/tags/v1"));
}
