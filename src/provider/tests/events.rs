//! Pure. Events of verified deliveries.

use super::*;
use crate::model::{JobMeta, RefName};
use serde_json::{Value, json};

/// The name of the header with the event, and of the one with the delivery id.
pub(super) fn headers_of(provider: &Provider) -> (&'static str, &'static str) {
    match provider {
        Provider::Github => ("X-GitHub-Event", "X-GitHub-Delivery"),
        Provider::Gitea => ("X-Gitea-Event", "X-Gitea-Delivery"),
        Provider::Forgejo | Provider::GiteaAuthorization(_) => ("X-Forgejo-Event", "X-Forgejo-Delivery"),
        Provider::Gogs => ("X-Gogs-Event", "X-Gogs-Delivery"),
        Provider::Gitlab => ("X-Gitlab-Event", "Idempotency-Key"),
        Provider::Gitee => ("X-Gitee-Event", "X-None"),
        Provider::Coding(_) => ("X-Coding-Event", "X-Coding-Delivery"),
        Provider::Gitcode => ("X-GitCode-Event", "X-GitCode-Delivery"),
        Provider::Codeup => ("Codeup-Event", "X-None"),
        Provider::TencentGit => ("X-Event", "X-TRACE-ID"),
        Provider::StandardWebhooks => ("X-None", "webhook-id"),
        Provider::Bitbucket => ("X-Event-Key", "X-Request-UUID"),
        Provider::BitbucketServer => ("X-Event-Key", "X-Request-Id"),
        Provider::Sourcehut => ("X-Webhook-Event", "X-Webhook-Delivery"),
        Provider::Generic(_) => ("X-None", "X-Delivery-Id"),
        _ => ("X-None", "X-None"),
    }
}

pub(super) fn arrived(provider: Provider, word: &str, body: &Value) -> Arrived {
    let (event, delivery) = headers_of(&provider);
    Arrived::new(provider, &[(event, word), (delivery, "d-7")], body.to_string())
}

fn kind(provider: Provider, word: &str, body: &Value) -> String {
    arrived(provider, word, body).event().kind.as_str().to_owned()
}

fn refusal(provider: Provider, word: &str, body: &Value) -> String {
    arrived(provider, word, body).read().unwrap_err().to_string()
}

/// The content of a delivery about a ref that nobody deploys from.
fn no_ref() -> Delivery {
    Delivery::Ignored("`ref` is not a branch or tag that could be deployed".to_owned())
}

/// The word for a push.
pub(super) fn push_word(provider: &Provider) -> &'static str {
    match provider {
        Provider::Gitlab | Provider::Gitee | Provider::Gitcode | Provider::Codeup | Provider::TencentGit => "Push Hook",
        _ => "push",
    }
}

pub(super) fn push(before: &str, after: &str) -> Value {
    json!({ "object_kind": "push", "ref": "refs/heads/main", "before": before, "after": after })
}

pub(super) fn with(mut body: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object") };
    body.as_object_mut().unwrap().extend(more);
    body
}

#[test]
fn zeros_after_a_push_are_a_deletion_and_zeros_before_it_a_creation() {
    for provider in shaped() {
        let word = push_word(&provider);
        let deleted = arrived(provider.clone(), word, &push(BEFORE, ZEROS)).event();
        assert_eq!((deleted.kind, deleted.after), (EventKind::Delete, None), "{provider:?}");
        assert_eq!(deleted.before.as_deref(), Some(BEFORE));
        assert_eq!(deleted.reference, RefName::branch_named("main"));
        let created = arrived(provider, word, &push(ZEROS, AFTER)).event();
        assert_eq!((created.kind, created.before), (EventKind::Push, None));
        assert_eq!(created.after.as_deref(), Some(AFTER));
    }
}

#[test]
fn a_push_that_moves_nothing_is_a_test() {
    for provider in shaped() {
        for commit in [AFTER, ZEROS] {
            let body = push(commit, &commit.to_ascii_uppercase());
            assert_eq!(
                arrived(provider.clone(), push_word(&provider), &body).read(),
                Ok(Delivery::Ping),
                "{provider:?}"
            );
        }
    }
}

#[test]
fn pings_are_pings_whatever_their_body() {
    for (provider, headers) in [
        (Provider::Github, [("X-GitHub-Event", "ping")]),
        (Provider::Gitee, [("X-Gitee-Ping", "true")]),
        (Provider::Coding(CodingVersion::V1), [("X-Coding-Event", "ping")]),
        (Provider::Coding(CodingVersion::V2), [("X-Coding-Event", "ping")]),
    ] {
        assert_eq!(Arrived::new(provider, &headers, "?").read(), Ok(Delivery::Ping));
    }
}

#[test]
fn the_delivery_id_is_the_providers_and_odd_ones_are_none() {
    for provider in shaped().into_iter().filter(|provider| headers_of(provider).1 != "X-None") {
        let (event, delivery) = headers_of(&provider);
        let body = push(BEFORE, AFTER).to_string();
        let id_of = |id: &str| {
            let headers = [(event, push_word(&provider)), (delivery, id)];
            Arrived::new(provider.clone(), &headers, body.clone()).event().delivery
        };
        assert_eq!(id_of("d-7").as_deref(), Some("d-7"), "{provider:?}");
        for odd in ["", "a b", "é", &"x".repeat(129)] {
            assert_eq!(id_of(odd), None);
        }
    }
}

#[test]
fn references_that_are_no_branch_or_tag_are_ignored_and_other_types_malformed() {
    for provider in shaped().into_iter().filter(|provider| *provider != Provider::Coding(CodingVersion::V1)) {
        for bad in [
            "main",
            "refs/heads/",
            "refs/heads/-f",
            "refs/heads/@",
            "refs/heads/a\nb",
            "refs/heads/../x",
            "refs/pull/1/head",
            "refs/notes/commits",
            "",
        ] {
            let body = with(push(BEFORE, AFTER), json!({ "ref": bad }));
            assert_eq!(
                arrived(provider.clone(), push_word(&provider), &body).read(),
                Ok(no_ref()),
                "{provider:?} {bad:?}"
            );
        }
        for bad in
            [json!(1), json!({}), json!(["refs/heads/main"]), json!("refs/heads/".to_owned() + &"a".repeat(70_000))]
        {
            let body = with(push(BEFORE, AFTER), json!({ "ref": bad }));
            let text = refusal(provider.clone(), push_word(&provider), &body);
            assert_eq!(text, "malformed delivery: `ref` is not a short text");
        }
    }
}

#[test]
fn commits_are_40_or_64_hex_digits() {
    let long = AFTER.to_owned() + &AFTER[..24];
    for provider in shaped() {
        let moved = |text: &str| arrived(provider.clone(), push_word(&provider), &push(BEFORE, text));
        let after = |text: &str| moved(text).read();
        assert_eq!(moved(&long.to_ascii_uppercase()).event().after.as_deref(), Some(long.as_str()));
        let event = moved(&"0".repeat(64)).event();
        assert_eq!((event.kind, event.after), (EventKind::Delete, None));
        for bad in ["$(id)", "HEAD", &AFTER[1..], &"0".repeat(39), &"0".repeat(41), &format!("{}g", &AFTER[1..])] {
            let error = after(bad).unwrap_err().to_string();
            assert_eq!(error, "malformed delivery: `after` is not a commit", "{provider:?} {bad:?}");
        }
    }
}

#[test]
fn an_event_header_must_be_there_once() {
    for provider in shaped().into_iter().filter(|provider| headers_of(provider).0 != "X-None") {
        let (event, _) = headers_of(&provider);
        let body = push(BEFORE, AFTER).to_string();
        let error = |headers: &[(&str, &str)]| {
            Arrived::new(provider.clone(), headers, body.clone()).read().unwrap_err().to_string()
        };
        assert_eq!(error(&[]), format!("malformed delivery: header `{event}` with the event is missing"));
        assert!(error(&[(event, "push"), (event, "ping")]).ends_with("arrived twice"));
    }
}

#[test]
fn unknown_events_are_others_by_a_clean_word_that_is_never_ours() {
    for (provider, word, expected) in [
        (Provider::Github, "workflow_run", "workflow_run"),
        (Provider::Github, "create", "create"),
        (Provider::Github, "merge", "merge_event"),
        (Provider::Github, "Push", "push_event"),
        (Provider::Github, "x\"y $(id)", "x_y___id_"),
        (Provider::Gitea, "create", "create"),
        (Provider::Forgejo, "action_run_failure", "action_run_failure"),
        (Provider::Gitlab, "Note Hook", "note"),
        (Provider::Gitee, "Issue Hook", "issue"),
        (Provider::Gitee, "issue_hooks", "issue"),
        (Provider::Coding(CodingVersion::V2), "merge request", "merge_request"),
    ] {
        // Fields of other types than in a push do no harm.
        let body = json!({ "ref": {}, "before": 1, "commits": 3, "repository": "x", "pusher": [], "action": null });
        assert_eq!(kind(provider, word, &body), expected);
    }
    assert_eq!(kind(Provider::Github, &"w".repeat(500), &json!({})).len(), 64);
}

#[test]
fn a_pull_request_is_a_merge_only_when_it_was_merged() {
    let pull = |action: &str, merged: bool| {
        let base = json!({ "ref": "main", "sha": BEFORE });
        json!({ "action": action, "pull_request": { "merged": merged, "merge_commit_sha": AFTER, "base": base } })
    };
    for (provider, word, action) in [
        (Provider::Github, "pull_request", "closed"),
        (Provider::Gitea, "pull_request", "closed"),
        (Provider::Gogs, "pull_request", "closed"),
        (Provider::Gitee, "Merge Request Hook", "merge"),
        (Provider::Gitee, "merge_request_hooks", "merge"),
    ] {
        let event = arrived(provider.clone(), word, &pull(action, true)).event();
        assert_eq!((event.kind, event.reference), (EventKind::Merge, RefName::branch_named("main")));
        assert_eq!(event.after.as_deref(), Some(AFTER));
        assert!(kind(provider.clone(), word, &pull(action, false)).ends_with(&format!("_request.{action}")));
        assert!(kind(provider, word, &pull("edited", true)).ends_with("_request.edited"));
    }
    let merge = |action: &str, state: &str| {
        let about = json!({ "action": action, "state": state, "target_branch": "main", "merge_commit_sha": AFTER });
        json!({ "object_kind": "merge_request", "object_attributes": about })
    };
    let event = arrived(Provider::Gitlab, "Merge Request Hook", &merge("merge", "merged")).event();
    assert_eq!((event.kind, event.reference), (EventKind::Merge, RefName::branch_named("main")));
    assert_eq!(kind(Provider::Gitlab, "Merge Request Hook", &merge("close", "closed")), "merge_request.close");
}

#[test]
fn a_release_counts_when_it_is_published() {
    let release = |action: &str| json!({ "action": action, "release": { "tag_name": "v1" }, "tag": "v1" });
    for (provider, word, action) in [
        (Provider::Github, "release", "published"),
        (Provider::Forgejo, "release", "published"),
        (Provider::Gitlab, "Release Hook", "create"),
    ] {
        let event = arrived(provider.clone(), word, &release(action)).event();
        assert_eq!((event.kind, event.reference), (EventKind::Release, RefName::tag_named("v1")));
        assert_eq!(kind(provider, word, &release("deleted")), "release.deleted");
    }
}

#[test]
fn a_pre_release_that_became_a_release_is_released_and_both_words_are_one_release() {
    let release = json!({ "action": "released", "release": { "tag_name": "v1" } });
    let event = arrived(Provider::Github, "release", &release).event();
    assert_eq!((&event.kind, &event.reference), (&EventKind::Released, &RefName::tag_named("v1")));
    let wanted = |word: &str| event.kind.is_a(word, event.reference.as_ref());
    assert_eq!(["release", "released", "push", "tag"].map(wanted), [true, true, false, false]);
    assert!(!EventKind::Release.is_a("released", None), "it may be a pre-release");
}

const FORK: &str = "you/docs";

/// A run of a workflow with `changes` made to it.
fn workflow_run(changes: &[(&str, Value)]) -> Value {
    let mut run = json!({
        "action": "completed",
        "workflow_run": { "conclusion": "success", "event": "push", "head_branch": "main", "head_sha": AFTER,
            "head_commit": { "message": "m" }, "head_repository": { "full_name": "me/docs" } },
        "repository": { "full_name": "me/docs", "default_branch": "main" },
    });
    for (pointer, value) in changes {
        *run.pointer_mut(pointer).unwrap() = value.clone();
    }
    run
}

#[test]
fn a_run_of_a_workflow_is_ci_when_it_succeeded_on_a_branch_of_this_repository() {
    for provider in [Provider::Github, Provider::Gitea, Provider::Forgejo] {
        let read = |changes: &[(&str, Value)]| arrived(provider.clone(), "workflow_run", &workflow_run(changes));
        let event = read(&[]).event();
        assert_eq!((event.kind, event.reference), (EventKind::Ci, RefName::branch_named("main")));
        assert_eq!((event.after.as_deref(), event.message.as_deref()), (Some(AFTER), Some("m")));
        let kind = |pointer: &str, value: &str| read(&[(pointer, json!(value))]).event().kind.as_str().to_owned();
        assert_eq!(kind("/workflow_run/conclusion", "failure"), "workflow_run.failure");
        assert_eq!(kind("/action", "requested"), "workflow_run.requested");
        for (pointer, stranger) in [
            ("/workflow_run/event", "pull_request"),
            ("/workflow_run/event", "pull_request_target"),
            ("/workflow_run/head_repository/full_name", FORK),
        ] {
            let read = read(&[(pointer, json!(stranger))]).read();
            assert!(matches!(read, Ok(Delivery::Ignored(why)) if why.contains("fork")), "{provider:?} {stranger}");
        }
        let without = read(&[("/workflow_run/head_sha", Value::Null)]).read();
        assert!(without.is_err(), "a success of no commit: {without:?}");
    }
}

#[test]
fn a_check_suite_and_a_status_are_ci_of_the_branches_whose_head_they_tell_of() {
    let suite = |branch: Value, end: &str| {
        let suite = json!({ "conclusion": end, "head_branch": branch, "head_sha": AFTER });
        arrived(Provider::Github, "check_suite", &json!({ "action": "completed", "check_suite": suite }))
    };
    let event = suite(json!("main"), "success").event();
    assert_eq!((event.kind, event.reference), (EventKind::Ci, RefName::branch_named("main")));
    assert_eq!(suite(json!("main"), "timed_out").event().kind.as_str(), "check_suite.timed_out");
    assert!(matches!(suite(Value::Null, "success").read(), Ok(Delivery::Ignored(_))), "a fork's");
    let status = |state: &str, heads: Value| {
        arrived(Provider::Github, "status", &json!({ "state": state, "sha": AFTER, "branches": heads }))
    };
    let head = |name: &str, commit: &str| json!({ "name": name, "commit": { "sha": commit } });
    let heads = json!([head("main", AFTER), head("old", BEFORE), head("dev", AFTER)]);
    let Ok(Delivery::Events(events)) = status("success", heads).read() else { panic!("no events") };
    let names: Vec<_> = events.iter().map(|event| event.reference.as_ref().unwrap().as_str()).collect();
    assert_eq!(names, ["refs/heads/main", "refs/heads/dev"]);
    assert_eq!(status("pending", json!([])).event().kind.as_str(), "status.pending");
    assert!(matches!(status("success", json!([head("old", BEFORE)])).read(), Ok(Delivery::Ignored(_))));
}

#[test]
fn a_status_of_gitea_names_a_commit_and_no_branch() {
    let status = json!({ "state": "success", "sha": AFTER, "context": "ci", "commit": { "id": AFTER, "message": "m" },
        "repository": { "full_name": "u/site", "default_branch": "main" } });
    for provider in [Provider::Gitea, Provider::Forgejo] {
        let event = arrived(provider, "status", &status).event();
        assert_eq!((event.kind, event.reference, event.after.as_deref()), (EventKind::Ci, None, Some(AFTER)));
    }
}

#[test]
fn a_run_of_forgejo_is_ci_when_it_succeeded_on_a_branch() {
    let run = |status: &str, event: &str, fork: bool| {
        let run = json!({ "status": status, "event": event, "prettyref": "main", "commit_sha": AFTER,
            "is_fork_pull_request": fork, "repository": { "full_name": "me/docs", "default_branch": "main" } });
        arrived(Provider::Forgejo, "action_run_success", &json!({ "action": "success", "run": run }))
    };
    let event = run("success", "push", false).event();
    assert_eq!((event.kind, event.reference), (EventKind::Ci, RefName::branch_named("main")));
    assert_eq!((event.repository.as_deref(), event.default_branch.as_deref()), (Some("me/docs"), Some("main")));
    assert_eq!(run("failure", "push", false).event().kind.as_str(), "action_run_success");
    for stranger in [run("success", "pull_request", false), run("success", "push", true)] {
        assert!(matches!(stranger.read(), Ok(Delivery::Ignored(_))));
    }
}

#[test]
fn a_pipeline_of_gitlab_is_ci_when_it_succeeded_on_a_branch_or_tag() {
    let pipeline = |status: &str, source: &str, tag: bool| {
        let about = json!({ "status": status, "source": source, "ref": "main", "sha": AFTER, "tag": tag });
        let body = json!({ "object_kind": "pipeline", "object_attributes": about,
            "project": { "path_with_namespace": "me/docs", "default_branch": "main" } });
        arrived(Provider::Gitlab, "Pipeline Hook", &body)
    };
    let event = pipeline("success", "push", false).event();
    assert_eq!((event.kind, event.reference), (EventKind::Ci, RefName::branch_named("main")));
    assert_eq!((event.after.as_deref(), event.default_branch.as_deref()), (Some(AFTER), Some("main")));
    assert_eq!(pipeline("success", "push", true).event().reference, RefName::tag_named("main"));
    assert_eq!(pipeline("running", "push", false).event().kind.as_str(), "pipeline.running");
    assert!(matches!(pipeline("success", "merge_request_event", false).read(), Ok(Delivery::Ignored(_))));
}

#[test]
fn a_package_counts_when_it_is_published_and_the_body_tells_of_one() {
    let about = |action: &str, key: &str| json!({ "action": action, key: { "name": "web" } });
    assert_eq!(kind(Provider::Github, "registry_package", &about("published", "registry_package")), "package");
    assert_eq!(kind(Provider::Github, "package", &about("published", "package")), "package");
    assert_eq!(kind(Provider::Github, "package", &about("updated", "package")), "package.updated");
    assert_eq!(kind(Provider::Gitea, "package", &about("created", "package")), "package");
    // The word is in a header that nobody signed: the body of another event is none of this one.
    assert_eq!(kind(Provider::Github, "package", &about("published", "release")), "package.published");
    assert_eq!(kind(Provider::Gitea, "package", &about("created", "comment")), "package.created");
}

#[test]
fn a_new_tag_of_gogs_comes_as_create_and_is_a_push_of_the_tag() {
    let create = |kind: &str, name: &str| json!({ "ref": name, "ref_type": kind, "sha": AFTER });
    for name in ["v1", "refs/tags/v1"] {
        let event = arrived(Provider::Gogs, "create", &create("tag", name)).event();
        assert_eq!((event.kind, event.reference), (EventKind::Push, RefName::tag_named("v1")));
        assert_eq!((event.before, event.after.as_deref()), (None, Some(AFTER)));
        assert_eq!(kind(Provider::Gitea, "create", &create("tag", name)), "create");
    }
    assert_eq!(kind(Provider::Gogs, "create", &create("branch", "main")), "create");
}

#[test]
fn a_package_that_is_announced_twice_has_the_id_of_its_version() {
    let of = |word: &str| {
        let version = json!({ "name": "a", "package_version": { "id": 24147 } });
        arrived(Provider::Github, word, &json!({ "action": "published", word: version })).event()
    };
    for word in ["package", "registry_package"] {
        assert_eq!(of(word).delivery.as_deref(), Some("package-version-24147"));
    }
}

#[test]
fn what_two_deliveries_tell_of_is_known() {
    let job = |event: EventKind, reference: Option<RefName>, before: Option<&str>| JobMeta {
        reference,
        before: before.map(str::to_owned),
        ..JobMeta::new("docs", "github", event, now())
    };
    let (tag, main) = (RefName::tag_named("v1"), RefName::branch_named("main"));
    let new_tag = job(EventKind::Push, tag.clone(), None);
    let moved_tag = job(EventKind::Push, tag.clone(), Some(BEFORE));
    let new_branch = job(EventKind::Push, main, None);
    let (deleted, package) = (job(EventKind::Delete, tag, Some(BEFORE)), job(EventKind::Package, None, None));
    for (provider, expected) in [
        (Provider::Github, [false, false, false, true, true]),
        (Provider::Gogs, [true, false, false, false, false]),
        (Provider::Gitea, [false; 5]),
    ] {
        let told = [&new_tag, &moved_tag, &new_branch, &deleted, &package].map(|job| provider.announces_twice(job));
        assert_eq!(told, expected, "{provider:?}");
    }
}

#[test]
fn a_deleted_branch_comes_as_delete_with_a_short_or_full_name() {
    for provider in [Provider::Gitea, Provider::Forgejo, Provider::Gogs, Provider::Github] {
        for (kind, name, expected) in [
            ("branch", "x/y", RefName::branch_named("x/y")),
            ("branch", "refs/heads/x/y", RefName::branch_named("x/y")),
            ("tag", "v1", RefName::tag_named("v1")),
            ("tag", "refs/tags/v1", RefName::tag_named("v1")),
        ] {
            let event = arrived(provider.clone(), "delete", &json!({ "ref": name, "ref_type": kind })).event();
            assert_eq!((event.kind, event.reference), (EventKind::Delete, expected));
        }
        let odd = arrived(provider.clone(), "delete", &json!({ "ref": "--all", "ref_type": "branch" })).read();
        assert_eq!(odd, Ok(no_ref()));
        // The word is in a header that nobody signed: the body of a push is no deletion.
        let error = refusal(provider, "delete", &json!({ "ref": "refs/heads/main", "before": BEFORE, "after": AFTER }));
        assert_eq!(error, "malformed delivery: `ref_type` is neither `branch` nor `tag`");
    }
}

#[test]
fn an_annotated_tag_of_gitlab_is_at_its_commit() {
    let tag = json!({ "ref": "refs/tags/v1", "before": ZEROS, "after": BEFORE, "checkout_sha": AFTER });
    let event = arrived(Provider::Gitlab, "Tag Push Hook", &tag).event();
    assert_eq!((event.kind, event.after.as_deref()), (EventKind::Push, Some(AFTER)));
    let gone = json!({ "ref": "refs/tags/v1", "before": BEFORE, "after": ZEROS, "checkout_sha": null });
    assert_eq!(kind(Provider::Gitlab, "Tag Push Hook", &gone), "delete");
    let system = with(push(BEFORE, AFTER), json!({ "object_kind": "push" }));
    assert_eq!(kind(Provider::Gitlab, "System Hook", &system), "push");
}

#[test]
fn an_annotated_tag_is_at_its_commit_where_githubs_shape_tells_it() {
    let tag = |head: Value| json!({ "ref": "refs/tags/v1", "before": ZEROS, "after": BEFORE, "head_commit": head });
    for provider in
        shaped().into_iter().filter(|provider| push_word(provider) != "Push Hook" || *provider == Provider::Gitee)
    {
        if matches!(provider, Provider::Codearts | Provider::Coding(CodingVersion::V1))
            || provider.settings().contains(&"payload")
        {
            continue;
        }
        let after = |body: &Value| arrived(provider.clone(), push_word(&provider), body).event().after;
        assert_eq!(after(&tag(json!({ "id": AFTER }))).as_deref(), Some(AFTER), "{provider:?}");
        assert_eq!(after(&tag(Value::Null)).as_deref(), Some(BEFORE), "{provider:?}");
        assert_eq!(after(&tag(json!({ "id": "v1" }))).as_deref(), Some(BEFORE), "{provider:?}");
        let branch = with(push(BEFORE, AFTER), json!({ "head_commit": { "id": BEFORE } }));
        assert_eq!(after(&branch).as_deref(), Some(AFTER), "{provider:?}");
    }
}

#[test]
fn a_merge_of_gitlab_is_at_the_commit_that_the_branch_is_at() {
    let other = "1".repeat(40);
    for (ids, expected) in [
        (json!({ "merge_commit_sha": AFTER, "squash_commit_sha": BEFORE }), AFTER),
        (json!({ "merge_commit_sha": null, "squash_commit_sha": AFTER, "last_commit": { "id": other } }), AFTER),
        (json!({ "merge_commit_sha": null, "squash_commit_sha": null, "last_commit": { "id": AFTER } }), AFTER),
    ] {
        let merged = with(json!({ "action": "merge", "state": "merged", "target_branch": "main" }), ids);
        let event = arrived(Provider::Gitlab, "Merge Request Hook", &json!({ "object_attributes": merged })).event();
        assert_eq!((event.kind, event.after.as_deref()), (EventKind::Merge, Some(expected)));
    }
}

#[test]
fn fields_of_an_open_payload_mean_something_only_to_a_hook_that_says_so() {
    let plain = ReadOptions::default();
    let read = |provider: &Provider, body: &str, options: &ReadOptions| {
        let head = Arrived::new(provider.clone(), &[("webhook-id", "d-7"), ("X-Delivery-Id", "d-7")], body).head;
        provider.read_unverified(&head, &mut body.as_bytes(), options)
    };
    for provider in [generic(), bearer(), Provider::StandardWebhooks, Provider::Stripe, Provider::Slack] {
        for body in [
            r#"{"before":{"id":1},"after":null,"ref":7}"#,
            r#"{"before":"x","after":"x"}"#,
            r#"{"ref":"INV-1"}"#,
            r#"{"ref":"refs/heads/main","deleted":true,"before":[],"before":{}}"#,
            r#"[{"ref":1},"a"]"#,
        ] {
            let Ok(Delivery::Events(events)) = read(&provider, body, &plain) else { panic!("{provider:?} {body}") };
            let delivery = (provider == Provider::StandardWebhooks).then(|| "d-7".to_owned());
            assert_eq!(events, [Event { delivery, ..Event::new(EventKind::Push) }], "{provider:?} {body}");
        }
        let moved = push(BEFORE, AFTER).to_string();
        let Ok(Delivery::Events(events)) = read(&provider, &moved, &options()) else { panic!("{provider:?}") };
        assert_eq!((&events[0].reference, events[0].after.as_deref()), (&RefName::branch_named("main"), Some(AFTER)));
    }
}

#[test]
fn a_generic_delivery_has_the_id_of_the_header_that_the_hook_names_and_no_other() {
    let arrived =
        Arrived::new(generic(), &[("X-Delivery-Id", "d-7"), ("X-GitHub-Delivery", "d-8")], "{\"id\":\"d-9\"}");
    let id = |header: Option<&str>| {
        let options = ReadOptions { delivery_header: header.map(str::to_owned), ..ReadOptions::default() };
        match arrived.provider.read_unverified(&arrived.head, &mut &arrived.body[..], &options) {
            Ok(Delivery::Events(mut events)) => events.remove(0).delivery,
            other => panic!("no event: {other:?}"),
        }
    };
    assert_eq!((id(None), id(Some("x-delivery-id")).as_deref(), id(Some("x-none"))), (None, Some("d-7"), None));
}

#[test]
fn a_short_branch_and_a_name_in_parts_are_understood_for_coding_1_only() {
    let repository = json!({ "name": "docs", "owner": { "global_key": "me" } });
    let body = with(push(BEFORE, AFTER), json!({ "ref": "main", "repository": repository }));
    let event = arrived(Provider::Coding(CodingVersion::V1), "push", &body).event();
    assert_eq!((event.reference, event.repository.as_deref()), (RefName::branch_named("main"), Some("me/docs")));
    assert_eq!(arrived(Provider::Coding(CodingVersion::V2), "push", &body).read(), Ok(no_ref()));
}

#[test]
fn a_generic_delivery_without_a_reference_is_a_push_of_nothing_in_particular() {
    let event = arrived(generic(), "", &json!({ "hello": ["world"] })).event();
    assert_eq!(event, Event { delivery: Some("d-7".into()), ..Event::new(EventKind::Push) });
    assert!(refusal(Provider::Github, "push", &json!({})).contains("`ref` is missing"));
}

#[test]
fn names_that_cannot_be_shown_are_left_out() {
    for (repository, branch, pusher) in [("a\nb", "-x", "a\0b"), ("", "", "")] {
        let body = with(
            push(BEFORE, AFTER),
            json!({
                "repository": { "full_name": repository, "default_branch": branch }, "pusher": { "name": pusher }
            }),
        );
        let event = arrived(Provider::Github, "push", &body).event();
        assert_eq!((event.repository, event.default_branch, event.pusher), (None, None, None));
    }
}

#[test]
fn the_head_commits_message_is_kept_up_to_4_kib() {
    let of = |message: Value| {
        let body = with(push(BEFORE, AFTER), json!({ "head_commit": { "message": message } }));
        arrived(Provider::Github, "push", &body).event().message
    };
    assert_eq!(of(json!("fix\n\n[skip deploy]")).as_deref(), Some("fix\n\n[skip deploy]"));
    assert_eq!(of(json!("é".repeat(9000))), Some("é".repeat(2048)));
    assert_eq!(of(json!(null)), None);
    assert_eq!(of(json!(["x"])), None);
}
