//! Pure. Deliveries about several refs, and documents of a shape of their own.

use super::events::headers_of;
use super::*;
use crate::model::RefName;
use serde_json::{Value, json};

fn arrived(provider: Provider, word: &str, body: &Value) -> Arrived {
    let (event, delivery) = headers_of(&provider);
    Arrived::new(provider, &[(event, word), (delivery, "d-7")], body.to_string())
}

/// A provider, its word for a push, and what a push of some refs (full name, before, after) looks like.
type Pushes = (Provider, &'static str, fn(&[(&str, &str, &str)]) -> Value);

/// `null` for zeros.
fn or_null(commit: &str, field: &str) -> Value {
    if commit == ZEROS { Value::Null } else { json!({ field: commit }) }
}

fn bitbucket(moves: &[(&str, &str, &str)]) -> Value {
    let change = |(full, before, after): &(&str, &str, &str)| {
        let branch = full.strip_prefix("refs/heads/").map(|short| ("branch", short));
        let (kind, short) = branch.unwrap_or(("tag", full.trim_start_matches("refs/tags/")));
        let end = |hash: &str| match hash {
            ZEROS => Value::Null,
            hash => json!({ "type": kind, "name": short, "target": { "hash": hash, "message": "m" } }),
        };
        json!({ "old": end(before), "new": end(after) })
    };
    let changes: Vec<_> = moves.iter().map(change).collect();
    json!({ "push": { "changes": changes }, "repository": { "full_name": "me/docs" } })
}

fn bitbucket_server(moves: &[(&str, &str, &str)]) -> Value {
    let change = |(full, before, after): &(&str, &str, &str)| {
        let id = json!({ "id": full });
        json!({ "ref": id, "fromHash": before, "toHash": after })
    };
    let changes: Vec<_> = moves.iter().map(change).collect();
    let repository = json!({ "slug": "docs", "project": { "key": "me" } });
    json!({ "changes": changes, "repository": repository, "toCommit": { "id": AFTER, "message": "m" } })
}

fn azure(moves: &[(&str, &str, &str)]) -> Value {
    let update = |&(name, before, after): &(&str, &str, &str)| {
        let (old, new) = (json!(before), json!(after));
        json!({ "name": name, "oldObjectId": old, "newObjectId": new })
    };
    let updates: Vec<_> = moves.iter().map(update).collect();
    let repository = json!({ "name": "docs", "project": { "name": "me" } });
    let commits = json!([{ "commitId": AFTER, "comment": "m" }]);
    let resource = json!({ "refUpdates": updates, "repository": repository, "commits": commits });
    json!({ "id": "d-7", "eventType": "git.push", "resource": resource })
}

fn sourcehut(moves: &[(&str, &str, &str)]) -> Value {
    let update = |(full, before, after): &(&str, &str, &str)| {
        let (old, new) = (or_null(before, "id"), or_null(after, "id"));
        json!({ "ref": { "name": full }, "old": old, "new": new })
    };
    let updates: Vec<_> = moves.iter().map(update).collect();
    let repository = json!({ "name": "docs", "owner": { "canonicalName": "me" } });
    json!({ "data": { "webhook": { "updates": updates, "repository": repository } } })
}

const PUSHES: [Pushes; 4] = [
    (Provider::Bitbucket, "repo:push", bitbucket),
    (Provider::BitbucketServer, "repo:refs_changed", bitbucket_server),
    (Provider::AzureDevops, "", azure),
    (Provider::Sourcehut, "GIT_POST_RECEIVE", sourcehut),
];

#[test]
fn each_ref_of_a_delivery_becomes_an_event() {
    for (provider, word, push) in PUSHES {
        let body = push(&[
            ("refs/heads/main", BEFORE, AFTER),
            ("refs/tags/v1", ZEROS, AFTER),
            ("refs/heads/still", AFTER, AFTER),
            ("refs/heads/old", BEFORE, ZEROS),
        ]);
        let events = arrived(provider.clone(), word, &body).events();
        let said: Vec<_> = events.iter().map(|e| (e.reference.as_ref().unwrap().as_str(), e.kind.as_str())).collect();
        assert_eq!(said, [("refs/heads/main", "push"), ("refs/tags/v1", "push"), ("refs/heads/old", "delete")]);
        assert_eq!((events[0].before.as_deref(), events[0].after.as_deref()), (Some(BEFORE), Some(AFTER)));
        assert_eq!((events[1].before.as_deref(), events[2].after.as_deref()), (None, None));
        for event in &events {
            assert_eq!((event.repository.as_deref(), event.delivery.as_deref()), (Some("me/docs"), Some("d-7")));
        }
        let message = (provider != Provider::Sourcehut).then_some("m");
        assert_eq!((events[0].message.as_deref(), events[2].message.as_deref()), (message, None), "{provider:?}");
    }
}

#[test]
fn a_delivery_that_moves_nothing_is_a_test_and_one_about_nothing_is_ignored() {
    for (provider, word, push) in PUSHES {
        let still = push(&[("refs/heads/main", AFTER, AFTER)]);
        assert_eq!(arrived(provider.clone(), word, &still).read(), Ok(Delivery::Ping), "{provider:?}");
        let ignored = arrived(provider, word, &push(&[])).read();
        assert_eq!(ignored, Ok(Delivery::Ignored("the delivery moves no branch or tag".into())));
    }
}

#[test]
fn many_refs_are_taken_and_at_last_no_more() {
    for (provider, word, push) in PUSHES {
        let names: Vec<_> = (0..4097).map(|number| format!("refs/heads/b{number}")).collect();
        let moves: Vec<_> = names.iter().map(|name| (name.as_str(), BEFORE, AFTER)).collect();
        assert_eq!(arrived(provider.clone(), word, &push(&moves[..4096])).events().len(), 4096);
        let error = arrived(provider, word, &push(&moves)).read().unwrap_err().to_string();
        assert!(error.contains("has more than 4096 elements"), "{error}");
    }
}

#[test]
fn an_odd_ref_hides_no_other_and_alone_is_ignored() {
    for (provider, word, push) in PUSHES {
        for odd in ["-bad", "a..b", "@"] {
            let odd = format!("refs/heads/{odd}");
            let (main, odd) = (("refs/heads/main", BEFORE, AFTER), (odd.as_str(), BEFORE, AFTER));
            let events = arrived(provider.clone(), word, &push(&[odd, main, odd])).events();
            assert_eq!((events.len(), &events[0].reference), (1, &RefName::branch_named("main")), "{provider:?}");
            let alone = arrived(provider.clone(), word, &push(&[odd])).read();
            assert!(matches!(alone, Ok(Delivery::Ignored(_))), "{provider:?} {alone:?}");
        }
    }
}

#[test]
fn one_bad_commit_makes_the_whole_delivery_malformed() {
    for (provider, word, push) in PUSHES {
        for (from, to) in [(AFTER, "$(id)"), (AFTER, &AFTER[1..])] {
            let body = push(&[("refs/heads/main", BEFORE, BEFORE), ("refs/heads/good", BEFORE, AFTER)]);
            let changed: Value = serde_json::from_str(&body.to_string().replace(from, to)).unwrap();
            assert!(arrived(provider.clone(), word, &changed).read().is_err(), "{provider:?} {to}");
        }
        assert!(arrived(provider, word, &json!({})).read().is_err());
    }
}

#[test]
fn refs_that_are_neither_branch_nor_tag_are_passed_over() {
    for (provider, word, push) in &PUSHES[1..] {
        let body = push(&[("refs/pull/1/merge", BEFORE, AFTER), ("refs/heads/main", BEFORE, AFTER)]);
        let events = arrived(provider.clone(), word, &body).events();
        assert_eq!(events.len(), 1, "{provider:?}");
        assert_eq!(events[0].reference, RefName::branch_named("main"));
        let notes = arrived(provider.clone(), word, &push(&[("refs/notes/commits", BEFORE, AFTER)])).read();
        assert!(matches!(notes, Ok(Delivery::Ignored(_))), "{provider:?} {notes:?}");
    }
}

#[test]
fn a_branch_of_bitbucket_that_is_called_like_a_full_name_is_not_taken_for_it() {
    let body = bitbucket(&[("refs/heads/refs/heads/main", BEFORE, AFTER)]);
    let event = arrived(Provider::Bitbucket, "repo:push", &body).event();
    assert_eq!(event.reference, RefName::parse("refs/heads/refs/heads/main"));
}

#[test]
fn merges_of_the_other_forges_are_merges_once_they_are_done() {
    let cloud = |state: &str| {
        let destination = json!({ "branch": { "name": "main" } });
        let commit = json!({ "hash": "4f8f6de9d0ff" });
        let body = json!({ "pullrequest": { "state": state, "destination": destination, "merge_commit": commit } });
        arrived(Provider::Bitbucket, "pullrequest:fulfilled", &body).event()
    };
    let event = cloud("MERGED");
    assert_eq!((event.kind, event.reference, event.after), (EventKind::Merge, RefName::branch_named("main"), None));
    let server = |state: &str| {
        let properties = json!({ "mergeCommit": { "id": AFTER } });
        let to = json!({ "id": "refs/heads/main" });
        let body = json!({ "pullRequest": { "state": state, "toRef": to, "properties": properties } });
        arrived(Provider::BitbucketServer, "pr:merged", &body).event()
    };
    let event = server("MERGED");
    assert_eq!((event.kind, event.after.as_deref()), (EventKind::Merge, Some(AFTER)));
    // The word is in a header that nobody signed, and what it says is not what the signed body says.
    assert_eq!(cloud("OPEN").kind.as_str(), "pullrequest_fulfilled");
    assert_eq!(server("OPEN").kind.as_str(), "pr_merged");
    let azure = |status: &str, merge: &str| {
        let commit = json!({ "commitId": AFTER });
        let resource = json!({
            "status": status, "mergeStatus": merge, "targetRefName": "refs/heads/main", "lastMergeCommit": commit,
        });
        let body = json!({ "eventType": "git.pullrequest.merged", "resource": resource });
        arrived(Provider::AzureDevops, "", &body).event().kind.as_str().to_owned()
    };
    assert_eq!(azure("completed", "succeeded"), "merge");
    assert_eq!(azure("completed", "conflicts"), "git.pullrequest.merge_attempted");
    assert_eq!(azure("active", "succeeded"), "git.pullrequest.merge_attempted");
}

#[test]
fn the_unsigned_test_of_bitbucket_server_is_known_and_is_no_delivery() {
    let ping = Arrived::new(Provider::BitbucketServer, &[("X-Event-Key", "diagnostics:ping")], "{\"test\":true}");
    assert!(ping.provider.is_unsigned_test(&ping.head));
    assert!(matches!(ping.verify("s3cr3t"), Err(Denied::Absent { .. })));
    assert_eq!(ping.read(), Ok(Delivery::Ping));
    assert!(!Provider::Bitbucket.is_unsigned_test(&ping.head));
    let push = Arrived::signed(Provider::BitbucketServer, "s3cr3t");
    assert!(!push.provider.is_unsigned_test(&push.head));
}

#[test]
fn topics_of_pagure_come_from_the_signed_body() {
    let said = |topic: &str, more: Value| {
        let mut msg = json!({ "rev": AFTER, "old_commit": BEFORE, "end_commit": AFTER, "branch": "main", "tag": "v1" });
        msg.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({ "topic": topic, "msg_id": "2026-x", "msg": msg });
        let headers = [("X-Pagure-Topic", "git.branch.deletion")];
        Arrived::new(Provider::Pagure, &headers, body.to_string())
    };
    let event = said("git.receive", json!({ "forced": false, "changed_files": { "a/b": "M", "c": "D" } })).event();
    assert_eq!((event.kind, event.reference), (EventKind::Push, RefName::branch_named("main")));
    assert_eq!(
        (event.changes.paths.iter().collect::<Vec<_>>().join(" ").as_str(), event.changes.complete),
        ("a/b c", true)
    );
    assert_eq!(event.delivery.as_deref(), Some("2026-x"));
    let forced = said("git.receive", json!({ "forced": true, "changed_files": { "a": "M" } })).event();
    assert!(!forced.changes.complete);
    let new = said("git.receive", json!({ "old_commit": format!("^{ZEROS}") })).event();
    assert_eq!((new.before, new.after.as_deref()), (None, Some(AFTER)));
    let tag = said("git.tag.creation", json!({})).event();
    assert_eq!(
        (tag.kind, tag.reference, tag.after.as_deref()),
        (EventKind::Push, RefName::tag_named("v1"), Some(AFTER))
    );
    let gone = said("git.tag.deletion", json!({})).event();
    assert_eq!((gone.kind, gone.before.as_deref(), gone.after), (EventKind::Delete, Some(AFTER), None));
    assert_eq!(said("Test.notification", json!({})).read(), Ok(Delivery::Ping));
    assert_eq!(said("git.branch.creation", json!({})).event().kind.as_str(), "git.branch.creation");
}

#[test]
fn images_are_packages_and_other_events_of_registries_are_not() {
    let harbor = |kind: &str| json!({ "type": kind, "event_data": { "repository": { "repo_full_name": "me/web" } } });
    let event = arrived(Provider::Harbor, "", &harbor("PUSH_ARTIFACT")).event();
    assert_eq!((event.kind, event.repository.as_deref()), (EventKind::Package, Some("me/web")));
    assert_eq!(arrived(Provider::Harbor, "", &harbor("DELETE_ARTIFACT")).event().kind.as_str(), "delete_artifact");
    let cloud = json!({ "specversion": "1.0", "id": "d-7", "type": "harbor.artifact.pushed", "data": {} });
    let event = arrived(Provider::Harbor, "", &cloud).event();
    assert_eq!((event.kind, event.delivery.as_deref()), (EventKind::Package, Some("d-7")));
    assert!(arrived(Provider::DockerHub, "", &json!({ "repository": { "repo_name": "me/web" } })).read().is_err());
}

#[test]
fn hooks_of_giteas_other_types_are_ignored_with_advice() {
    for body in [
        json!({ "text": "[me/docs] 1 new commit" }),
        json!({ "repository": { "url": "https://example.org/packages/me/docs" } }),
        json!({ "msg_type": "text", "content": { "text": "x" }, "timestamp": "1", "sign": "x" }),
    ] {
        for word in ["push", "delete", "create", "release"] {
            for provider in [Provider::Gitea, Provider::Forgejo, Provider::Gogs] {
                let Ok(Delivery::Ignored(why)) = arrived(provider, word, &body).read() else { panic!("not ignored") };
                assert!(why.contains("of the type Gitea"), "{why}");
            }
        }
    }
}

#[test]
fn a_repository_without_a_full_name_is_named_by_its_page() {
    let homepage = |url: &str| {
        let body = json!({
            "object_kind": "push", "ref": "refs/heads/main", "before": BEFORE, "after": AFTER,
            "repository": { "homepage": url },
        });
        arrived(Provider::Codeup, "Push Hook", &body).event().repository
    };
    assert_eq!(homepage("https://codeup.example/site/group/web").as_deref(), Some("site/group/web"));
    assert_eq!(homepage("https://codeup.example/site/web.git").as_deref(), Some("site/web"));
    assert_eq!(homepage("https://codeup.example/"), None);
    assert_eq!(homepage("nonsense"), None);
}

#[test]
fn the_message_of_the_head_commit_is_found_in_the_list() {
    let push = |order: [&str; 2]| {
        let commits = order.map(|id| json!({ "id": id, "message": format!("of {id}") }));
        json!({ "object_kind": "push", "ref": "refs/heads/main", "before": ZEROS, "after": AFTER, "commits": commits })
    };
    for (provider, word) in [(Provider::Gitlab, "Push Hook"), (Provider::Gogs, "push"), (Provider::Github, "push")] {
        for order in [[BEFORE, AFTER], [AFTER, BEFORE]] {
            let message = arrived(provider.clone(), word, &push(order)).event().message;
            assert_eq!(message, Some(format!("of {AFTER}")));
        }
        assert_eq!(arrived(provider, word, &push([BEFORE, BEFORE])).event().message, None);
    }
}

#[test]
fn what_needs_another_answer_or_lacks_its_details_says_so() {
    let challenge = json!({ "type": "url_verification", "challenge": "c" });
    let ignored = Arrived::new(Provider::Slack, &[], challenge.to_string()).read();
    assert!(matches!(ignored, Ok(Delivery::Ignored(why)) if why.contains("use a slash command")));
    let minimal = json!({ "eventType": "git.push", "resource": { "pushId": 14 } });
    let error = arrived(Provider::AzureDevops, "", &minimal).read().unwrap_err().to_string();
    assert!(error.contains("`Resource details to send`"), "{error}");
    let error = arrived(Provider::Sourcehut, "GIT_POST_RECEIVE", &json!({ "data": {} })).read().unwrap_err();
    assert!(error.to_string().contains("let the webhook's query ask for"), "{error}");
}

#[test]
fn a_form_of_slack_is_a_push_of_nothing_in_particular() {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let event = Arrived::new(Provider::Slack, &headers, "command=%2Fdeploy&text=docs").event();
    assert_eq!(event, Event::new(EventKind::Push));
}
