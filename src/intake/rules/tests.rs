//! Pure. Each rule by an event that it wants and one that it does not.

use super::*;
use crate::config::testing::{globs, rules};
use crate::config::{FieldRule, FieldTest};
use crate::model::{Changes, Delivery, EventKind, Head, Headers, Method};
use crate::provider::{Provider, ReadOptions, Secret};

fn push(reference: &str) -> Event {
    Event {
        reference: RefName::parse(reference),
        repository: Some("me/docs".into()),
        default_branch: Some("main".into()),
        ..Event::new(EventKind::Push)
    }
}

fn ignored(rules: &Rules, event: &Event) -> String {
    match decide(rules, event, None) {
        Decision::Ignore(why) => why,
        Decision::Run { note } => format!("run {note:?}"),
    }
}

#[test]
fn without_branches_only_the_default_branch_runs() {
    assert_eq!(ignored(&rules(), &push("refs/heads/main")), "run None");
    assert_eq!(
        ignored(&rules(), &push("refs/heads/dev")),
        "branch dev is not the default branch main; `branches` would name others"
    );
    let unnamed = Event { default_branch: None, ..push("refs/heads/main") };
    assert_eq!(ignored(&rules(), &unnamed), "the delivery names no default branch; set `branches`");
}

#[test]
fn globs_choose_branches_and_tags() {
    let rules = Rules { branches: Some(globs(&["main", "release/*"])), tags: Some(globs(&["v*"])), ..rules() };
    assert_eq!(ignored(&rules, &push("refs/heads/release/1")), "run None");
    assert_eq!(
        ignored(&rules, &push("refs/heads/release/1/x")),
        "branch release/1/x is not deployed: `branches` are `main`, `release/*`; `*` stops at `/`, and `**` does not"
    );
    assert_eq!(ignored(&rules, &push("refs/tags/v1")), "run None");
    assert_eq!(ignored(&rules, &push("refs/tags/x1")), "tag x1 is not deployed: `tags` are `v*`");
}

#[test]
fn tags_run_only_when_asked_for() {
    assert_eq!(ignored(&rules(), &push("refs/tags/v1")), "tags are not deployed: the hook has no `tags`");
    let release = Event { kind: EventKind::Release, ..push("refs/tags/v1") };
    let releases = Rules { events: vec!["release".into()], ..rules() };
    assert_eq!(ignored(&releases, &release), "run None");
    let any_tag = Rules { events: vec!["tag".into()], ..rules() };
    assert_eq!(ignored(&any_tag, &push("refs/tags/v1")), "run None");
    assert_eq!(ignored(&any_tag, &push("refs/heads/main")), "event push is not wanted");
    let some_tags = Rules { tags: Some(globs(&["v*"])), ..any_tag };
    assert_eq!(ignored(&some_tags, &push("refs/tags/x")), "tag x is not deployed: `tags` are `v*`");
}

#[test]
fn deletion_never_runs_as_a_push() {
    let deleted = Event { kind: EventKind::Delete, ..push("refs/heads/main") };
    assert_eq!(ignored(&rules(), &deleted), "event delete is not wanted");
}

#[test]
fn another_repository_is_told_apart_without_case() {
    let guarded = Rules { repository: Some("Me/Docs".into()), ..rules() };
    assert_eq!(ignored(&guarded, &push("refs/heads/main")), "run None");
    let other = Event { repository: Some("you/docs".into()), ..push("refs/heads/main") };
    assert_eq!(ignored(&guarded, &other), "repository you/docs is not the one of this hook");
}

#[test]
fn an_incomplete_list_of_paths_runs_and_says_so() {
    let rules = Rules { paths: Some(globs(&["docs/**"])), ..rules() };
    let with = |paths: &[&str], complete| Event {
        changes: Changes { paths: paths.iter().copied().collect(), complete },
        ..push("refs/heads/main")
    };
    assert_eq!(ignored(&rules, &with(&["docs/a/b.md"], true)), "run None");
    assert_eq!(ignored(&rules, &with(&["src/a"], true)), "none of the changed paths is one of this hook");
    let unsure = "run Some(\"the list of changed paths is incomplete\")";
    assert_eq!(ignored(&rules, &with(&["src/a"], false)), unsure);
}

#[test]
fn added_modified_and_removed_paths_count_the_same() {
    let rules = Rules { paths: Some(globs(&["docs/**", "*.toml"])), ..rules() };
    for list in ["added", "modified", "removed"] {
        let body = format!(
            r#"{{"ref":"refs/heads/main","before":"{}","after":"{}","repository":{{"default_branch":"main"}},
            "commits":[{{"added":[],"modified":[],"removed":[],"{list}":["src/a.rs","docs/deep/b.md"]}}]}}"#,
            "1".repeat(40),
            "2".repeat(40)
        );
        let body = body.replace(&format!(r#""{list}":[],"#), "");
        assert_eq!(ignored(&rules, &github(&body)), "run None", "{list}");
        assert_eq!(ignored(&rules, &github(&body.replace("docs/", "x/"))), NO_PATH, "{list}");
        assert_eq!(ignored(&rules, &github(&body.replace("docs/deep/b.md", "x/Cargo.toml"))), NO_PATH, "{list}");
    }
}

const NO_PATH: &str = "none of the changed paths is one of this hook";

/// A delivery of GitHub with `body`, properly signed.
fn github(body: &str) -> Event {
    let (secret, now) = (Secret::new("s").unwrap(), jiff::Timestamp::UNIX_EPOCH);
    let signed = Provider::Github.sign(&secret, body.as_bytes(), "push", "1", now).unwrap();
    let headers: Headers = signed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let head = head(headers, body);
    let mut check = Provider::Github.begin(&head, &[secret], now).unwrap();
    check.update(body.as_bytes());
    let verified = check.finish(&mut std::io::empty()).unwrap();
    let options = ReadOptions { keep_paths: true, ..ReadOptions::default() };
    match Provider::Github.read(&head, &verified, &mut body.as_bytes(), &options).unwrap() {
        Delivery::Events(mut events) => events.remove(0),
        other => panic!("{other:?}"),
    }
}

fn head(headers: Headers, body: &str) -> Head {
    Head {
        method: Method::Post,
        path: Vec::new(),
        query: Vec::new(),
        headers,
        content_type: "application/json".into(),
        content_length: Some(body.len() as u64),
        remote_addr: String::new(),
        document_root: None,
    }
}

#[test]
fn a_message_can_ask_to_be_skipped() {
    let with = |message: &str| Event { message: Some(message.into()), ..push("refs/heads/main") };
    let skipping = Rules { skip: vec!["[skip deploy]".into()], ..rules() };
    let why = "the head commit's message says `[skip deploy]`";
    assert_eq!(ignored(&skipping, &with("Typo\n\n[Skip Deploy] please")), why);
    assert_eq!(ignored(&skipping, &with("skip deploy")), "run None");
    assert_eq!(ignored(&skipping, &push("refs/heads/main")), "run None");
    assert_eq!(ignored(&rules(), &with("[skip deploy]")), "run None");
}

#[test]
fn fields_of_the_payload_must_be_as_wanted() {
    let rule = |field: &str, test| FieldRule { field: field.parse().unwrap(), test };
    let text = |text: &str| FieldTest::Text(text.into());
    let regex = |text| FieldTest::Regex(regex::Regex::new(text).unwrap());
    let document = r#"{"action":"published","n":7,"draft":false,"none":null,"tag":{"name":"v1.2"}}"#;
    let head = head(Headers::default(), document);
    let said = |rules: &[FieldRule]| unmatched(rules, &Provider::Github, &head, &mut document.as_bytes()).unwrap();
    let right = [
        rule("/action", text("published")),
        rule("/n", FieldTest::Number(7)),
        rule("/draft", FieldTest::Flag(false)),
        rule("/tag/name", regex(r"^v\d")),
    ];
    assert_eq!(said(&right), None);
    for (wrong, why) in [
        (rule("/action", text("publishe")), "field /action is not what `match` wants"),
        (rule("/n", text("7")), "field /n is not what `match` wants"),
        (rule("/n", regex("7")), "field /n is not a text"),
        (rule("/draft", FieldTest::Flag(true)), "field /draft is not what `match` wants"),
        (rule("/none", text("")), "field /none is absent"),
        (rule("/tag", text("")), "field /tag is not what `match` wants"),
        (rule("/tag/name", regex("^1")), "field /tag/name is not what `match` wants"),
    ] {
        assert_eq!(said(&[right[0].clone(), wrong]).as_deref(), Some(why));
    }
    assert!(unmatched(&right, &Provider::Github, &head, &mut &b"{"[..]).is_err());
    assert_eq!(decide(&rules(), &push("refs/heads/main"), Some("x")), Decision::Ignore("x".into()));
}
