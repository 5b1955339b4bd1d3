//! Edge. The sample payloads beside the checkout, each of which becomes the right event.

use super::rows::ROWS;
use super::*;
use hookspool::model::{Delivery, Event};

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
    let [signing, verifying] = match provider {
        // The token in the samples.
        Provider::Coding(CodingVersion::V1) => [(); 2].map(|()| Secret::new("123").unwrap()),
        _ => keyed(provider, 1),
    };
    let now = Timestamp::from_second(NOW_S).unwrap();
    let body = std::fs::read(file).unwrap();
    let mut head = head(&provider.sign(&signing, &body, word, "d-1", now).unwrap(), &body);
    if provider.secret_in_path() {
        head.path = [b"/hooks/docs/", signing.bytes()].concat();
    }
    let verified = verify(provider, &head, &[verifying], &body, now).unwrap();
    match provider.read(&head, &verified, &mut &body[..], &OPTIONS) {
        Ok(delivery) => summary(&delivery),
        Err(malformed) => format!("{directory}: {malformed}"),
    }
}

/// Directories whose name is not the provider's.
const OTHER_NAMES: [(&str, &str); 4] = [
    ("bitbucket-cloud", "bitbucket"),
    ("feishu-from-gitea", "gitea"),
    ("packagist-from-gitea", "gitea"),
    // It has no provider of its own: what its header would be is not known.
    ("atomgit", "codearts"),
];

fn provider_of(directory: &str, file: &str) -> Provider {
    let name = OTHER_NAMES.iter().find(|(other, _)| *other == directory).map_or(directory, |(_, name)| *name);
    match name {
        "coding" if file.starts_with("v1") => Provider::Coding(CodingVersion::V1),
        "generic" => sha1_only(),
        name => providers()
            .into_iter()
            .rfind(|p| p.name() == name && !matches!(p, Provider::GiteaAuthorization(_)))
            .unwrap(),
    }
}

#[test]
fn every_payload_becomes_the_right_event() {
    let Some(payloads) = beside_the_checkout("payloads") else { return every_sample_becomes_a_push() };
    let mut seen = 0;
    for directory in std::fs::read_dir(payloads).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(files) = std::fs::read_dir(&directory) else { continue };
        let directory = directory.file_name().unwrap().to_str().unwrap();
        for file in files.map(|entry| entry.unwrap().path()) {
            let name = format!("{directory}/{}", file.file_name().unwrap().to_str().unwrap());
            let provider = provider_of(directory, name.split_once('/').unwrap().1);
            let row = ROWS.iter().find(|row| row.0 == name);
            let (_, word, expected) = row.unwrap_or_else(|| panic!("no row for {name}"));
            assert_eq!(read(directory, &provider, &file, word), *expected, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, ROWS.len());
}

/// What can be said without the payloads.
fn every_sample_becomes_a_push() {
    let now = Timestamp::from_second(NOW_S).unwrap();
    for provider in providers() {
        let [signing, verifying] = keyed(&provider, 1);
        let body = provider.sample_push(&sample(&signing));
        let mut head = head(&provider.sign(&signing, &body, "push", "d-1", now).unwrap(), &body);
        if provider.secret_in_path() {
            head.path = [b"/hooks/docs/", signing.bytes()].concat();
        }
        let verified = verify(&provider, &head, &[verifying], &body, now).unwrap();
        let said = summary(&provider.read(&head, &verified, &mut &body[..], &OPTIONS).unwrap());
        let expected = match provider {
            Provider::DockerHub | Provider::Harbor => "package - -..- me/docs - by ada, some of 0",
            Provider::Bitbucket | Provider::BitbucketServer | Provider::Sourcehut | Provider::Pagure => {
                "push refs/heads/main 4a1d2f5..b7c1e2d me/docs - by ada, some of 0"
            }
            _ => "push refs/heads/main 4a1d2f5..b7c1e2d me/docs main by ada, some of 0",
        };
        assert!(said == expected || said == expected.replace("some of", "all of"), "{provider:?}: {said}");
    }
}

#[test]
fn every_sample_becomes_a_push_too() {
    every_sample_becomes_a_push();
}
