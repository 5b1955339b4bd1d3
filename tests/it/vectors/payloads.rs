//! Edge. The sample payloads beside the checkout, each of which becomes the right event.

use super::*;
use hookspool::model::{Delivery, Event};

/// File, the provider's word for the event, and what the delivery says.
const ROWS: &[(&str, &str, &str)] = &[
    ("coding/v1-ping.synthetic.json", "ping", "ping"),
    ("coding/v1-push.synthetic.json", "push", "push refs/heads/master 4a1d2f5..b7c1e2d ada/web - by ada, some of 0"),
    (
        "coding/v2-push.synthetic.json",
        "push",
        "push refs/heads/master 4a1d2f5..b7c1e2d site/web master by ada, some of 2",
    ),
    (
        "forgejo/HookPullRequestMerged.json",
        "pull_request",
        "merge refs/heads/main -..f2440f0 anbraten/test-repo main by anbraten, some of 0",
    ),
    (
        "forgejo/HookPush.json",
        "push",
        "push refs/heads/main 4b26262..ef98532 gordon/hello-world - by gordon, some of 2",
    ),
    (
        "forgejo/HookPushBranch.json",
        "push",
        "push refs/heads/fdsafdsa -..28c3613 meisam/woodpecktester main by 6543, some of 0",
    ),
    ("forgejo/HookRelease.json", "release", "release refs/tags/0.0.5 -..- anbraten/demo main by anbraten, some of 0"),
    ("forgejo/HookTag.json", "create", "create - -..- gordon/hello-world main by gordon, some of 0"),
    ("generic/minimal.synthetic.json", "create", "push refs/heads/main -..b7c1e2d site/web - by -, some of 0"),
    ("gitea/branch_create.json", "create", "create - -..- gogits/hello-world master by unknwon, some of 0"),
    (
        "gitea/branch_delete.json",
        "delete",
        "delete refs/heads/feature -..- gogits/hello-world master by unknwon, some of 0",
    ),
    (
        "gitea/pull_request_merged.json",
        "pull_request",
        "merge refs/heads/master -..a148a75 jcitizen/my-repo master by jcitizen, some of 0",
    ),
    (
        "gitea/push.json",
        "push",
        "push refs/heads/master 9836a96..4522cbc gogits/hello-world master by unknwon, some of 1",
    ),
    ("gitea/release.json", "release", "release refs/tags/example -..- example/example master by example, some of 0"),
    ("gitea/tag_create.json", "create", "create - -..- gogits/hello-world master by unknwon, some of 0"),
    ("gitea/tag_delete.json", "delete", "delete refs/tags/v1.0.0 -..- gogits/hello-world master by unknwon, some of 0"),
    (
        "gitea/wp-HookPush.json",
        "push",
        "push refs/heads/main 4b26262..ef98532 gordon/hello-world - by gordon, some of 2",
    ),
    (
        "gitea/wp-HookPushBranch.json",
        "push",
        "push refs/heads/fdsafdsa -..28c3613 meisam/woodpecktester main by 6543, some of 0",
    ),
    (
        "gitea/wp-HookPushMulti.json",
        "push",
        "push refs/heads/main 6efcf5b..29be01c Test-CI/multi-line-secrets main by test-user, all of 4",
    ),
    ("gitea/wp-HookTag.json", "create", "create - -..- gordon/hello-world main by gordon, some of 0"),
    (
        "gitee/pr_merge.json",
        "Merge Request Hook",
        "merge refs/heads/master -..6c36301 kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/push.json",
        "Push Hook",
        "push refs/heads/feat-2-1 6168d9d..9921e45 kit101/drone-yml-test master by kit101, all of 1",
    ),
    (
        "gitee/push_branch_create.json",
        "Push Hook",
        "push refs/heads/feat-2-1 -..6168d9d kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/push_branch_delete.json",
        "Push Hook",
        "delete refs/heads/feat-3 dc8fa2e..- kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/tag_create.json",
        "Tag Push Hook",
        "push refs/tags/1.3 -..aa9d115 kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/tag_delete.json",
        "Tag Push Hook",
        "delete refs/tags/1.3 aa9d115..- kit101/drone-yml-test master by kit101, some of 0",
    ),
    ("github/create.json", "create", "create - -..- Codertocat/Hello-World master by Codertocat, some of 0"),
    ("github/delete.json", "delete", "delete_event - -..- Codertocat/Hello-World master by Codertocat, some of 0"),
    (
        "github/octokit-push-1.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-2.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-3.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-6.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    ("github/package.json", "package", "package - -..- Codertocat/hello-world-npm master by Codertocat, some of 0"),
    ("github/ping.json", "ping", "ping"),
    (
        "github/push.json",
        "push",
        "push refs/heads/master a10867b..199eddf Codertocat/Hello-World master by Codertocat, all of 1",
    ),
    (
        "github/push_branch_delete.json",
        "push",
        "delete refs/heads/feature-branch d2b75aa..- bradrydzewski/drone-test-go master by bradrydzewski, some of 0",
    ),
    (
        "github/push_tag.json",
        "push",
        "push refs/tags/v0.0.1 -..d2b75aa bradrydzewski/drone-test-go master by bradrydzewski, some of 0",
    ),
    (
        "github/push_tag_delete.json",
        "push",
        "delete refs/tags/v0.0.1 d2b75aa..- bradrydzewski/drone-test-go master by bradrydzewski, some of 0",
    ),
    (
        "github/release.json",
        "release",
        "release refs/tags/0.0.1 -..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "gitlab/branch_create.json",
        "Push Hook",
        "push refs/heads/feature -..c4c7922 gitlab-org/hello-world master by sytses, some of 1",
    ),
    (
        "gitlab/branch_delete.json",
        "Push Hook",
        "delete refs/heads/feature c4c7922..- gitlab-org/hello-world master by sytses, some of 0",
    ),
    (
        "gitlab/pull_request_merge.json",
        "Merge Request Hook",
        "merge refs/heads/master -..78a76ee gitlab-org/hello-world master by sytses, some of 0",
    ),
    (
        "gitlab/push.json",
        "Push Hook",
        "push refs/heads/master 9217710..2adc946 gitlab-org/hello-world master by sytses, all of 1",
    ),
    (
        "gitlab/release.json",
        "Release Hook",
        "release refs/tags/v1.1 -..ee0a3fb gitlab-org/release-webhook-example master by -, some of 0",
    ),
    (
        "gitlab/tag_create.json",
        "Tag Push Hook",
        "push refs/tags/v1.0.0 -..2adc946 gitlab-org/hello-world master by sytses, some of 1",
    ),
    (
        "gitlab/tag_delete.json",
        "Tag Push Hook",
        "delete refs/tags/v1.0.0 2adc946..- gitlab-org/hello-world master by sytses, some of 0",
    ),
    ("gogs/branch_create.json", "create", "create - -..- gogits/hello-world master by unknwon, some of 0"),
    (
        "gogs/branch_delete.json",
        "delete",
        "delete refs/heads/feature -..- gogits/hello-world master by unknwon, some of 0",
    ),
    ("gogs/pull-request.json", "pull_request", "pull_request.opened - -..- user/repo - by -, some of 0"),
    (
        "gogs/push.json",
        "push",
        "push refs/heads/master 9836a96..4522cbc gogits/hello-world master by unknwon, some of 1",
    ),
    ("gogs/release.json", "release", "release refs/tags/v1.0.0 -..- user/repo - by -, some of 0"),
    (
        "gogs/tag_create.json",
        "create",
        "push refs/tags/v1.0.0 -..599d25c gogits/hello-world master by unknwon, some of 0",
    ),
    ("gogs/tag_delete.json", "delete", "delete refs/tags/v1.0.0 -..- gogits/hello-world master by unknwon, some of 0"),
];

fn provider_of(directory: &str, file: &str) -> Option<Provider> {
    Some(match directory {
        "github" => Provider::Github,
        "gitea" => Provider::Gitea,
        "forgejo" => Provider::Forgejo,
        "gogs" => Provider::Gogs,
        "gitlab" => Provider::Gitlab,
        "gitee" => Provider::Gitee,
        "coding" if file.starts_with("v1") => Provider::Coding(CodingVersion::V1),
        "coding" => Provider::Coding(CodingVersion::V2),
        "generic" => sha1_only(),
        _ => return None,
    })
}

/// One line that says everything about a delivery.
fn summary(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Ping => "ping".to_owned(),
        Delivery::Events(events) => events.iter().map(describe).collect::<Vec<_>>().join("; "),
        Delivery::Ignored(why) => format!("ignored: {why}"),
    }
}

fn describe(event: &Event) -> String {
    let short = |commit: &Option<String>| commit.as_ref().map_or("-".to_owned(), |commit| commit[..7].to_owned());
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
    let reference = event.reference.as_ref().map_or("-", |reference| reference.as_str());
    let all = if event.changes.complete { "all of" } else { "some of" };
    format!(
        "{} {reference} {}..{} {} {} by {}, {all} {}",
        event.kind.as_str(),
        short(&event.before),
        short(&event.after),
        name(&event.repository),
        name(&event.default_branch),
        name(&event.pusher),
        event.changes.paths.len(),
    )
}

/// What `file` says as an event of `word`.
fn read(directory: &str, provider: &Provider, file: &Path, word: &str) -> String {
    let secret = Secret::new("123").unwrap(); // the token in the samples of Coding.net's version 1
    let now = Timestamp::from_second(NOW_S).unwrap();
    let body = std::fs::read(file).unwrap();
    let head = head(&provider.sign(&secret, &body, word, "d-1", now), &body);
    let verified = verify(provider, &head, &[secret], &body, now).unwrap();
    match provider.read(&head, &verified, &mut &body[..]) {
        Ok(delivery) => summary(&delivery),
        Err(malformed) => format!("{directory}: {malformed}"),
    }
}

#[test]
fn every_payload_becomes_the_right_event() {
    let Some(shared) = shared() else { return every_sample_becomes_a_push() };
    let mut seen = 0;
    for directory in ["coding", "forgejo", "generic", "gitea", "gitee", "github", "gitlab", "gogs"] {
        for entry in std::fs::read_dir(shared.join("payloads").join(directory)).unwrap() {
            let file = entry.unwrap().path();
            let name = format!("{directory}/{}", file.file_name().unwrap().to_str().unwrap());
            let provider = provider_of(directory, name.split_once('/').unwrap().1).unwrap();
            let (_, word, expected) =
                ROWS.iter().find(|row| row.0 == name).unwrap_or_else(|| panic!("no row for {name}"));
            assert_eq!(read(directory, &provider, &file, word), *expected, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, ROWS.len());
}

/// What can be said without the payloads.
fn every_sample_becomes_a_push() {
    let secret = Secret::new("s3cr3t").unwrap();
    let now = Timestamp::from_second(NOW_S).unwrap();
    for provider in providers() {
        let body = provider.sample_push(&sample(&secret));
        let head = head(&provider.sign(&secret, &body, "push", "d-1", now), &body);
        let verified = verify(&provider, &head, std::slice::from_ref(&secret), &body, now).unwrap();
        let delivery = provider.read(&head, &verified, &mut &body[..]).unwrap();
        assert_eq!(summary(&delivery), "push refs/heads/main 4a1d2f5..b7c1e2d me/docs main by ada, some of 0");
    }
}
