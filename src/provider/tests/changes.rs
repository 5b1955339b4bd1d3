//! Pure. The paths that a push changed, and whether they are all there.

use super::events::{arrived, push, push_word, with};
use super::*;
use serde_json::{Value, json};

/// A commit that names one path in each list.
fn commit(at: usize) -> Value {
    json!({ "added": [format!("a{at}")], "modified": [format!("m{at}")], "removed": [format!("r{at}")] })
}

#[test]
fn changed_paths_are_complete_only_where_the_provider_promises_it() {
    let moved =
        |count: usize| with(push(BEFORE, AFTER), json!({ "commits": (0..count).map(commit).collect::<Vec<_>>() }));
    let complete =
        |provider: Provider, body: &Value| arrived(provider.clone(), push_word(&provider), body).event().changes;

    let listed = complete(Provider::Github, &moved(2));
    assert_eq!(
        (listed.paths.iter().collect::<Vec<_>>().join(" ").as_str(), listed.complete),
        ("a0 m0 r0 a1 m1 r1", true)
    );
    for (provider, more, expected) in [
        (Provider::Github, json!({ "forced": true }), false),
        (Provider::Github, json!({ "created": true }), false),
        (Provider::Github, json!({ "before": ZEROS }), false),
        (Provider::Github, json!({ "commits": [] }), false),
        (Provider::Github, json!({ "commits": null }), false),
        (Provider::Github, json!({ "commits": [{ "added": null, "modified": null }] }), false),
        (Provider::Github, json!({ "commits": [{ "added": null, "modified": ["x"] }] }), true),
        (Provider::Github, json!({ "commits": [{ "added": ["x", 1] }] }), false),
        (Provider::Github, json!({ "commits": [null] }), false),
        (Provider::Github, json!({ "commits": [{ "added": ["x".repeat(5000)] }] }), false),
        (Provider::Gitea, json!({ "total_commits": 2 }), true),
        (Provider::Gitea, json!({ "total_commits": 3 }), false),
        (Provider::Gitea, json!({}), false),
        (Provider::Gogs, json!({}), false),
        (Provider::Gitlab, json!({ "total_commits_count": 2 }), true),
        (Provider::Gitlab, json!({ "total_commits_count": 21 }), false),
        (Provider::Gitlab, json!({ "total_commits_count": 2, "before": ZEROS }), false),
        (Provider::TencentGit, json!({ "total_commits_count": 2, "operation_kind": "update" }), true),
        (Provider::TencentGit, json!({ "total_commits_count": 2, "operation_kind": "update_nonfastforward" }), false),
        (Provider::Gitee, json!({ "commits_more_than_ten": false }), true),
        (Provider::Gitee, json!({ "commits_more_than_ten": false, "total_commits_count": 3 }), false),
        (Provider::Gitee, json!({ "commits_more_than_ten": true }), false),
        (Provider::Gitee, json!({ "commits_more_than_ten": false, "commits": null }), false),
        (Provider::Coding(CodingVersion::V2), json!({}), false),
        (generic(), json!({}), false),
    ] {
        let changes = complete(provider.clone(), &with(moved(2), more.clone()));
        assert_eq!(changes.complete, expected, "{provider:?} {more}");
    }
    assert!(complete(Provider::Github, &moved(2047)).complete);
    assert!(!complete(Provider::Github, &moved(2048)).complete);
}

#[test]
fn paths_are_kept_within_bounds() {
    let many = json!({ "added": vec!["p"; 10_001] });
    let body = with(push(BEFORE, AFTER), json!({ "commits": [many] }));
    let changes = arrived(Provider::Github, "push", &body).event().changes;
    assert_eq!((changes.paths.len(), changes.complete), (10_000, false));
}
