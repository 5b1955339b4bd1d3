//! `deploy`: a job that a person queues.

use crate::support::app::git;
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

/// A yard whose hook deploys a repository with three commits of `main`, and those commits; `side` has another.
fn with_history() -> (Yard, [String; 4]) {
    let yard = Yard::new("", &[]);
    let origin = yard.path("origin");
    std::fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "--quiet"]);
    let commit = |text: &str| {
        std::fs::write(origin.join("page"), text).unwrap();
        git(&origin, &["add", "."]);
        git(&origin, &["commit", "--quiet", "-m", text]);
        git(&origin, &["rev-parse", "HEAD"])
    };
    let [one, two, three] = ["one", "two", "three"].map(commit);
    git(&origin, &["checkout", "--quiet", "-b", "side"]);
    let side = commit("side");
    git(&origin, &["checkout", "--quiet", "main"]);
    let lines = "branches = [\"main\"]\ndir = \"ROOT/work\"\nsteps = [{ git = \"update\", from = \"ROOT/origin\" }]";
    yard.configure("", &[("docs", lines)]);
    (yard, [one, two, three, side])
}

fn page(yard: &Yard) -> String {
    std::fs::read_to_string(yard.path("work/page")).unwrap_or_default()
}

#[test]
fn a_commit_of_the_branch_can_be_named_and_no_other() {
    let (yard, [one, two, three, side]) = with_history();
    let deploy = |commit: &str| {
        let (status, text) = said(&yard, &["deploy", "docs", "--branch", "main", "--commit", commit]);
        assert_eq!(status, Some(0), "{text}");
        let id = id_in(&yard, &text);
        yard.drain();
        yard.job(id)
    };
    assert_eq!((deploy(&one)[1].as_str(), page(&yard).as_str()), ("succeeded", "one"));
    assert_eq!((deploy(&two[..8].to_ascii_uppercase())[1].as_str(), page(&yard).as_str()), ("succeeded", "two"));
    git(&yard.path("work"), &["fetch", "--quiet", "origin", "side"]);
    let [_, outcome, reason] = deploy(&side);
    assert!(outcome == "failed" && reason.contains("is no part of `refs/heads/main`, which is at"), "{reason}");
    assert!(deploy(&"a".repeat(40))[2].contains("`refs/heads/main` has no commit aaaa"));
    assert_eq!(page(&yard), "two");
    yard.deliver("docs", "main", "push");
    assert!(yard.drain().status.success());
    assert_eq!(git(&yard.path("work"), &["rev-parse", "HEAD"]), three, "a push is of the head");
    for (commit, expected) in [("HEAD", "`head` is no commit"), ("abc", "at least its first seven")] {
        let (status, text) = said(&yard, &["deploy", "docs", "--branch", "main", "--commit", commit]);
        assert!(status == Some(2) && text.contains(expected), "{text}");
    }
    let none = Yard::new("", &[("docs", STEPS)]);
    let (status, text) = said(&none, &["deploy", "docs", "--commit", &one]);
    assert!(status == Some(1) && text.contains("has no step with `git`"), "{text}");
}

#[test]
fn what_the_hook_does_not_want_runs_by_force_and_only_for_the_spools_owner() {
    let (yard, _) = with_history();
    let (status, text) = said(&yard, &["deploy", "docs", "--branch", "side"]);
    assert!(status == Some(1) && text.contains("; `--force` deploys it all the same"), "{text}");
    assert_eq!(said(&yard, &["deploy", "docs", "--branch", "side", "--force"]).0, Some(0));
    assert!(yard.drain().status.success());
    assert_eq!(page(&yard), "side");
    let wish = Some(hookspool::model::DeployWish { commit: None, is_forced: true });
    let forged = JobMeta { reference: RefName::branch_named("side"), wish, ..crate::spool::append::meta("docs", 0) };
    let id = yard.append(&forged);
    let job = yard.path("spool/queued").join(format!("{id}.job"));
    if rustix::process::geteuid().is_root() {
        // As a receiver makes one, who is another user.
        std::os::unix::fs::chown(&job, Some(1), None).unwrap();
        yard.drain();
        let [state, _, reason] = yard.job(id);
        assert!(state == "held" && reason.contains("branch side is not deployed"), "{state}: {reason}");
    }
}

#[test]
fn a_job_that_the_hook_does_not_want_chooses_no_ref_for_a_person() {
    let yard = yard("repository = \"me/docs\"\n");
    let of = |branch: &str, repository: &str| JobMeta {
        reference: RefName::branch_named(branch),
        repository: Some(repository.to_owned()),
        ..crate::spool::append::meta("docs", 0)
    };
    yard.append(&of("next", "me/docs"));
    yard.drain();
    let wish = Some(hookspool::model::DeployWish { commit: None, is_forced: true });
    yard.append(&JobMeta { wish: wish.clone(), ..of("evil", "me/docs") });
    yard.append(&JobMeta { wish, ..of("main", "you/docs") });
    let (status, text) = said(&yard, &["deploy", "docs", "--force"]);
    assert!(status == Some(0) && text.ends_with(": queued for docs, next\n"), "{text}");
}

#[test]
fn a_job_whose_wish_is_not_granted_takes_nobodys_place() {
    let yard = yard("");
    let (status, text) = said(&yard, &["deploy", "docs", "--branch", "evil", "--force"]);
    assert_eq!(status, Some(0), "{text}");
    let genuine = id_in(&yard, &text);
    let forged = yard.append(&JobMeta {
        reference: RefName::branch_named("evil"),
        wish: Some(hookspool::model::DeployWish { commit: None, is_forced: true }),
        ..JobMeta::new("docs", JobMeta::BY_HAND, hookspool::model::EventKind::Push, jiff::Timestamp::now())
    });
    if rustix::process::geteuid().is_root() {
        // As a receiver makes one, who is another user.
        let job = yard.path("spool/queued").join(format!("{forged}.job"));
        std::os::unix::fs::chown(&job, Some(1), None).unwrap();
        yard.drain();
        assert_eq!((yard.job(genuine)[1].as_str(), yard.job(forged)[0].as_str()), ("succeeded", "held"));
    }
}
