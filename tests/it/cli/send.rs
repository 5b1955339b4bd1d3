//! What `send` makes for every provider is what that provider's own check and reader take it for.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use hookspool::config::probe;
use hookspool::model::{Delivery, Event, EventKind, Head, Headers, Method, RefName};
use hookspool::provider::{Provider, ReadOptions, Sample, SampleEvent, SamplePush, Secret};
use jiff::Timestamp;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

const AFTER: &str = "b7c1e2d3f4a5968778695a4b3c2d1e0f12345678";
const BEFORE: &str = "4a1d2f5c3e6b7a8990817263544536271809fafb";

/// What can be told, in the order of the table below.
const EVENTS: [(SampleEvent, &str); 11] = [
    (SampleEvent::Push, "refs/heads/release/1"),
    (SampleEvent::Push, "refs/tags/v1"),
    (SampleEvent::Delete, "refs/heads/release/1"),
    (SampleEvent::Delete, "refs/tags/v1"),
    (SampleEvent::Merge, "refs/heads/release/1"),
    (SampleEvent::Release, "refs/tags/v1"),
    (SampleEvent::Package, "refs/heads/main"),
    (SampleEvent::Ping, "refs/heads/main"),
    (SampleEvent::Ping, "refs/tags/v1"),
    (SampleEvent::Released, "refs/tags/v1"),
    (SampleEvent::Ci, "refs/heads/release/1"),
];

/// A provider as a hook's lines set it up.
fn provider(name: &str) -> Provider {
    let more = if name == "generic" { "signature = { header = \"X-Sign\" }" } else { "" };
    let text = format!(
        "spool = \"/s\"\n[[hook]]\nname = \"h\"\nprovider = \"{name}\"\ndir = \"/d\"\nsecret = {{ env = \"S\" }}\n\
         steps = [{{ shell = \"x\" }}]\n{more}\n"
    );
    probe::read(&text).unwrap_or_else(|report| panic!("{report}")).hooks.remove(0).provider
}

/// What the sender signs with, and what the hook checks with.
fn secrets(name: &str) -> (Secret, Secret) {
    let private = SigningKey::from_bytes(&[7; 32]);
    let (private, public) = match name {
        "sourcehut" => (
            format!("whsk_{}", STANDARD.encode(private.to_bytes())),
            STANDARD.encode(private.verifying_key().to_bytes()),
        ),
        "standard-webhooks" => {
            (format!("whsec_{}", STANDARD.encode([7; 32])), format!("whsec_{}", STANDARD.encode([7; 32])))
        }
        "azure-devops" => ("user:s3cr3t".to_owned(), "user:s3cr3t".to_owned()),
        _ => ("s3cr3t".to_owned(), "s3cr3t".to_owned()),
    };
    (Secret::new(private).unwrap(), Secret::new(public).unwrap())
}

fn push(secret: &Secret) -> SamplePush<'_> {
    SamplePush {
        repository: "me/docs",
        branch: "main",
        before: BEFORE,
        after: AFTER,
        pusher: "ann",
        secret: Some(secret),
    }
}

/// What the provider makes of its own sample, once it has verified it.
fn taken(provider: &Provider, name: &str, sample: &Sample) -> Delivery {
    let (private, public) = secrets(name);
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let signed = provider.sign(&private, &sample.body, sample.event, "delivery-1", now).unwrap();
    let headers: Headers = signed.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let head = Head {
        method: Method::Post,
        path: b"/hooks/h/s3cr3t".to_vec(),
        query: Vec::new(),
        content_type: headers.text("content-type").unwrap(),
        headers,
        content_length: Some(sample.body.len() as u64),
        remote_addr: "192.0.2.1".into(),
        document_root: None,
    };
    let mut check = provider.begin(&head, &[public], now).unwrap_or_else(|denied| panic!("{name}: {denied}"));
    check.update(&sample.body);
    let verified = check.finish(&mut sample.body.as_slice()).unwrap_or_else(|denied| panic!("{name}: {denied}"));
    let options = ReadOptions { keep_paths: true, github_payload: true, delivery_header: None };
    let read = provider.read(&head, &verified, &mut sample.body.as_slice(), &options);
    read.unwrap_or_else(|malformed| panic!("{name}, {}: {malformed}", String::from_utf8_lossy(&sample.body)))
}

/// What must come of `what`.
fn is_right(what: SampleEvent, reference: &RefName, delivery: &Delivery) -> bool {
    let (kind, named) = match what {
        SampleEvent::Ping => return *delivery == Delivery::Ping,
        SampleEvent::Push => (EventKind::Push, true),
        SampleEvent::Delete => (EventKind::Delete, true),
        SampleEvent::Merge => (EventKind::Merge, true),
        SampleEvent::Release => (EventKind::Release, true),
        SampleEvent::Package => (EventKind::Package, false),
        SampleEvent::Released => (EventKind::Released, true),
        SampleEvent::Ci => (EventKind::Ci, true),
    };
    let Delivery::Events(events) = delivery else { return false };
    let [Event { kind: got, reference: at, repository, .. }] = events.as_slice() else { return false };
    *got == kind && (!named || at.as_ref() == Some(reference)) && repository.as_deref() == Some("me/docs")
}

/// A column for each of `EVENTS`: `x` where the provider tells of it.
fn row(name: &str) -> String {
    let provider = provider(name);
    let (private, _) = secrets(name);
    let cell = |(what, reference): &(SampleEvent, &str)| {
        let reference = RefName::parse(reference).unwrap();
        let Some(sample) = provider.sample(*what, &reference, &push(&private)) else { return '-' };
        let delivery = taken(&provider, name, &sample);
        assert!(is_right(*what, &reference, &delivery), "{name}, {what:?} of {}: {delivery:?}", reference.as_str());
        'x'
    };
    EVENTS.iter().map(cell).collect()
}

#[test]
fn every_sample_is_what_its_provider_would_send() {
    let rows: Vec<String> = Provider::NAMES.iter().map(|name| format!("{} {name}", row(name))).collect();
    let expected = [
        "xxxxxxxxxxx github",
        "xxxxxxxxx-x gitea",
        "xxxxxxxxx-x forgejo",
        "xxxxxx-xx-- gogs",
        "xxxxxx----x gitlab",
        "xxxxx--xx-- gitee",
        "xxxxx------ bitbucket",
        "xxxxx--xx-- bitbucket-server",
        "xxxxx------ azure-devops",
        "xxxx------- sourcehut",
        "xxxx---xx-- pagure",
        "xxxxxx----x gitcode",
        "xxxxxx----x codeup",
        "xxxxxx----x tencent-git",
        "xxxxxx----x codearts",
        "------x---- docker-hub",
        "------x---- harbor",
        "xxxx---xx-- standard-webhooks",
        "xxxx---xx-- stripe",
        "xxxx---xx-- slack",
        "xxxx---xx-- coding",
        "xxxx---xx-- generic",
    ];
    assert_eq!(rows, expected);
}

/// The TOML blocks of the page on forges.
fn examples() -> Vec<String> {
    let page = crate::support::site::read_shipped("deploy/FORGES.md");
    page.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// A secret that `provider` can use.
fn secret_text(provider: &str) -> String {
    String::from_utf8(secrets(provider).1.bytes().to_vec()).unwrap()
}

/// `hookspool send` to the hook of `example`, which the real server answers; exit code and what it prints as JSON.
fn sent(example: &str, more: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_str().unwrap();
    let value = |key: &str| example.lines().find_map(|line| line.strip_prefix(key)?.split('"').nth(1)).unwrap();
    let (name, provider) = (value("name "), value("provider "));
    for part in example.split("/etc/hookspool/secrets/").skip(1) {
        let file = dir.path().join(part.split('"').next().unwrap());
        fs::write(&file, secret_text(provider)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let text = example.replace("/etc/hookspool/secrets", root);
    fs::write(dir.path().join("hookspool.toml"), format!("spool = \"{root}/spool\"\n{text}")).unwrap();
    hookspool::spool::create(&dir.path().join("spool")).unwrap();
    let address = crate::support::loopback(crate::support::free_port()).to_string();
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hookspool"));
        command.arg("--config").arg(dir.path().join("hookspool.toml")).stdin(Stdio::null());
        command
    };
    let mut server = program().args(["serve", "--listen", &address]).stderr(Stdio::null()).spawn().unwrap();
    crate::support::until("it listens", || TcpStream::connect(&address).is_ok());
    let url = format!("http://{address}/hooks/{name}");
    let output = program().args(["send", name, "--json", "--url", &url]).args(more).output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_test_delivery_starts_a_job_at_each_example_of_the_page_on_forges() {
    let examples = examples();
    assert!(examples.len() >= Provider::NAMES.len());
    for example in examples {
        let (status, text) = sent(&example, &[]);
        if example.contains("\"sourcehut\"") {
            assert!(status == Some(78) && text.contains("cannot sign with this secret"), "{text}");
            continue;
        }
        let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{example}{text}"));
        assert_eq!(
            (status, said["status"].as_u64(), said["jobs"].as_array().unwrap().len()),
            (Some(0), Some(202), 1),
            "{example}{text}"
        );
    }
}

#[test]
fn a_delivery_that_starts_no_job_fails_and_a_ping_that_is_answered_does_not() {
    let example = "[[hook]]\nname = \"a\"\nprovider = \"github\"\nsecret = { file = \"/etc/hookspool/secrets/a\" }\n\
                   branches = [\"release/*\"]\ndir = \"/srv\"\nsteps = [{ run = [\"true\"] }]\n";
    let (status, text) = sent(example, &["--branch", "dev"]);
    assert!(status == Some(1) && text.contains("\"jobs\":[]") && text.contains("`branches` are `release/*`"), "{text}");
    assert_eq!(sent(example, &["--event", "ping"]).0, Some(0));
    assert_eq!(sent(example, &[]).0, Some(0), "a branch that the hook wants");
    let body = tempfile::NamedTempFile::new().unwrap();
    fs::write(body.path(), br#"{"ref":"refs/heads/release/7","before":"a","after":"b"}"#).unwrap();
    let (status, text) = sent(example, &["--body", body.path().to_str().unwrap()]);
    assert!(status == Some(1) && text.contains("400"), "its commits are none: {text}");
    fs::write(body.path(), format!(r#"{{"ref":"refs/heads/release/7","before":"{BEFORE}","after":"{AFTER}"}}"#))
        .unwrap();
    assert_eq!(sent(example, &["--body", body.path().to_str().unwrap()]).0, Some(0));
}
