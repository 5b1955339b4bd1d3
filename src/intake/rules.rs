//! Pure. Whether a verified event becomes a job, and why not.

use crate::config::{FieldRule, FieldTest, Rules};
use crate::model::{Event, EventKind, RefName};
use crate::provider::{Malformed, Picked, Pointer, pick};
use std::io::Read;

/// What the rules say of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It becomes a job; `note` says what a person might wonder about.
    Run {
        /// For the job's record.
        note: Option<String>,
    },
    /// It does not; the reason is for sender and log.
    Ignore(String),
}

/// Decides in the order of [`each`]; the first rule that does not fit names the reason. `unmatched` is what
/// [`unmatched`] says of the payload.
pub fn decide(rules: &Rules, event: &Event, unmatched: Option<&str>) -> Decision {
    let unwanted = each(rules, event, unmatched).find_map(|(_, why)| why);
    unwanted.map_or_else(|| Decision::Run { note: unsure(rules, event) }, Decision::Ignore)
}

/// Each rule by the key that sets it, and why it does not want the event, if it does not.
pub fn each(
    rules: &Rules,
    event: &Event,
    unmatched: Option<&str>,
) -> impl Iterator<Item = (&'static str, Option<String>)> {
    let reference = if event.reference.as_ref().is_some_and(|name| name.tag().is_some()) { "tags" } else { "branches" };
    [
        ("repository", unwanted_repository(rules, event)),
        ("events", unwanted_kind(rules, event)),
        (reference, unwanted_reference(rules, event)),
        ("skip", skipped(rules, event)),
        ("match", unmatched.map(str::to_owned)),
        ("paths", unwanted_paths(rules, event)),
    ]
    .into_iter()
}

fn unwanted_repository(rules: &Rules, event: &Event) -> Option<String> {
    let wanted = rules.repository.as_ref()?;
    match &event.repository {
        Some(got) if got.eq_ignore_ascii_case(wanted) => None,
        Some(got) => Some(format!("repository {got} is not the one of this hook")),
        None => Some("the delivery names no repository".into()),
    }
}

fn unwanted_kind(rules: &Rules, event: &Event) -> Option<String> {
    let wanted = rules.events.iter().any(|wanted| event.is_a(wanted));
    (!wanted).then(|| format!("event {} is not wanted", event.kind.as_str()))
}

fn unwanted_reference(rules: &Rules, event: &Event) -> Option<String> {
    let reference = event.reference.as_ref()?;
    match (reference.branch(), reference.tag()) {
        (Some(branch), _) => unwanted_branch(rules, event, branch),
        (_, Some(tag)) => unwanted_tag(rules, event, tag),
        _ => None,
    }
}

fn unwanted_branch(rules: &Rules, event: &Event, branch: &str) -> Option<String> {
    match (&rules.branches, &event.default_branch) {
        (Some(globs), _) => (!globs.is_match(branch)).then(|| format!("branch {branch} is not deployed")),
        (None, Some(default)) if default == branch => None,
        (None, Some(default)) => Some(format!("branch {branch} is not the default branch {default}")),
        (None, None) => Some("the delivery names no default branch; set `branches`".into()),
    }
}

/// A release or package names a tag without anybody having asked for tags; `events` may ask for all of them.
fn unwanted_tag(rules: &Rules, event: &Event, tag: &str) -> Option<String> {
    match &rules.tags {
        Some(globs) => (!globs.is_match(tag)).then(|| format!("tag {tag} is not deployed")),
        None if matches!(event.kind, EventKind::Release | EventKind::Package) => None,
        None if event.is_a("tag") && rules.events.iter().any(|wanted| wanted == "tag") => None,
        None => Some("tags are not deployed".into()),
    }
}

/// The person who pushed does not want it.
fn skipped(rules: &Rules, event: &Event) -> Option<String> {
    let message = event.message.as_ref()?.to_ascii_lowercase();
    let word = rules.skip.iter().find(|word| message.contains(&word.to_ascii_lowercase()))?;
    Some(format!("the head commit's message says `{word}`"))
}

fn unwanted_paths(rules: &Rules, event: &Event) -> Option<String> {
    let others_only = event.changes.complete && !has_wanted_path(rules, event);
    others_only.then(|| "none of the changed paths is one of this hook".into())
}

/// An incomplete list lets the delivery pass: a needless job is better than a missing one.
fn unsure(rules: &Rules, event: &Event) -> Option<String> {
    let unsure = !event.changes.complete && !has_wanted_path(rules, event);
    unsure.then(|| "the list of changed paths is incomplete".into())
}

fn has_wanted_path(rules: &Rules, event: &Event) -> bool {
    rules.paths.as_ref().is_none_or(|globs| event.changes.paths.iter().any(|path| globs.is_match(path)))
}

/// Why the fields of a payload do not fit `match`, if they do not. Reads `document` to its end.
pub fn unmatched(rules: &[FieldRule], document: impl Read) -> Result<Option<String>, Malformed> {
    let pointers: Vec<&Pointer> = rules.iter().map(|rule| &rule.field).collect();
    let picked = pick(&pointers, document)?;
    Ok(rules.iter().zip(&picked).find_map(|(rule, picked)| misfit(rule, picked)))
}

/// What stands there is not told: it may be anything, and the sender knows it.
fn misfit(FieldRule { field, test }: &FieldRule, picked: &Picked) -> Option<String> {
    let fits = match (test, picked) {
        (FieldTest::Text(wanted), Picked::Text(text)) => wanted == text,
        (FieldTest::Number(wanted), Picked::Number(number)) => wanted == number,
        (FieldTest::Flag(wanted), Picked::Flag(flag)) => wanted == flag,
        (FieldTest::Regex(regex), Picked::Text(text)) => regex.is_match(text),
        (_, Picked::Absent) => return Some(format!("field {field} is absent")),
        (_, Picked::TooLong) => return Some(format!("field {field} is too long to be compared")),
        (FieldTest::Regex(_), _) => return Some(format!("field {field} is not a text")),
        _ => false,
    };
    (!fits).then(|| format!("field {field} is not what `match` wants"))
}

/// What `list` and `send` need of a reference.
pub fn short(reference: &RefName) -> &str {
    reference.branch().or_else(|| reference.tag()).unwrap_or(reference.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{globs, rules};
    use crate::model::Changes;

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
        assert_eq!(ignored(&rules(), &push("refs/heads/dev")), "branch dev is not the default branch main");
        let unnamed = Event { default_branch: None, ..push("refs/heads/main") };
        assert_eq!(ignored(&rules(), &unnamed), "the delivery names no default branch; set `branches`");
    }

    #[test]
    fn globs_choose_branches_and_tags() {
        let rules = Rules { branches: Some(globs(&["main", "release/*"])), tags: Some(globs(&["v*"])), ..rules() };
        assert_eq!(ignored(&rules, &push("refs/heads/release/1")), "run None");
        assert_eq!(ignored(&rules, &push("refs/heads/release/1/x")), "branch release/1/x is not deployed");
        assert_eq!(ignored(&rules, &push("refs/tags/v1")), "run None");
        assert_eq!(ignored(&rules, &push("refs/tags/x1")), "tag x1 is not deployed");
    }

    #[test]
    fn tags_run_only_when_asked_for() {
        assert_eq!(ignored(&rules(), &push("refs/tags/v1")), "tags are not deployed");
        let release = Event { kind: EventKind::Release, ..push("refs/tags/v1") };
        let releases = Rules { events: vec!["release".into()], ..rules() };
        assert_eq!(ignored(&releases, &release), "run None");
        let any_tag = Rules { events: vec!["tag".into()], ..rules() };
        assert_eq!(ignored(&any_tag, &push("refs/tags/v1")), "run None");
        assert_eq!(ignored(&any_tag, &push("refs/heads/main")), "event push is not wanted");
        let some_tags = Rules { tags: Some(globs(&["v*"])), ..any_tag };
        assert_eq!(ignored(&some_tags, &push("refs/tags/x")), "tag x is not deployed");
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
            changes: Changes { paths: paths.iter().map(ToString::to_string).collect(), complete },
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

    /// What GitHub's `body` says, properly signed.
    fn github(body: &str) -> Event {
        use crate::model::{Delivery, Head, Headers, Method};
        use crate::provider::{Provider, Secret};
        let (secret, now) = (Secret::new("s").unwrap(), jiff::Timestamp::UNIX_EPOCH);
        let signed = Provider::Github.sign(&secret, body.as_bytes(), "push", "1", now).unwrap();
        let headers: Headers = signed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let head = Head {
            method: Method::Post,
            path: Vec::new(),
            query: Vec::new(),
            headers,
            content_type: "application/json".into(),
            content_length: body.len() as u64,
            remote_addr: String::new(),
            document_root: None,
        };
        let mut check = Provider::Github.begin(&head, &[secret], now).unwrap();
        check.update(body.as_bytes());
        let verified = check.finish(&mut std::io::empty()).unwrap();
        match Provider::Github.read(&head, &verified, &mut body.as_bytes()).unwrap() {
            Delivery::Events(mut events) => events.remove(0),
            other => panic!("{other:?}"),
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
        let said = |rules: &[FieldRule]| unmatched(rules, document.as_bytes()).unwrap();
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
        assert!(unmatched(&right, &b"{"[..]).is_err());
        assert_eq!(decide(&rules(), &push("refs/heads/main"), Some("x")), Decision::Ignore("x".into()));
    }
}
