//! URLs of a configuration may hold passwords and tokens: no verb, log or history shows one.

use crate::support::one_hook::OneHook;
use crate::support::yard::Yard;
use std::path::Path;
use std::process::Command;

/// Parts of the credentials below.
const CREDENTIALS: [&str; 3] = ["ghp_", "hunter2", "me:"];

fn refuse_credentials(place: &str, text: &str) {
    for part in CREDENTIALS {
        assert!(!text.contains(part), "{place} shows `{part}`: {text}");
    }
}

/// Both outputs of a verb, which are not empty.
fn shown(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!text.is_empty(), "{command:?}");
    text
}

/// Every file below `directory`.
fn refuse_credentials_below(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            refuse_credentials_below(&path);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            refuse_credentials(&path.display().to_string(), &text);
        }
    }
}

#[test]
fn no_verb_log_or_history_shows_the_credentials_of_a_steps_url() {
    let run = r#"steps = [{ run = ["false", "https://ghp_TOKEN@127.0.0.1:1/x.git"] }]"#;
    let shell = r#"steps = [{ shell = "exit 1 # https://me:hunter2@127.0.0.1:1/x.git" }]"#;
    let yard = Yard::new("", &[("docs", run), ("shop", shell)]);
    let ids = ["docs", "shop"].map(|hook| yard.deliver(hook, "main", hook).to_string());
    yard.drain();
    for id in &ids {
        for verb in ["show", "explain", "wait", "log"] {
            refuse_credentials(verb, &shown(yard.hookspool(&[verb, id])));
            refuse_credentials(verb, &shown(yard.hookspool(&[verb, id, "--json"])));
        }
    }
    for verb in ["list", "status", "doctor", "check"] {
        refuse_credentials(verb, &shown(yard.hookspool(&[verb])));
        refuse_credentials(verb, &shown(yard.hookspool(&[verb, "--json"])));
    }
    let [state, _, reason] = yard.job(ids[0].parse().unwrap());
    assert_eq!((&*state, &*reason), ("failed", "step 1 (false https://127.0.0.1:1/x.git) exited with 1"));
    refuse_credentials_below(&yard.path("spool"));
}

#[test]
fn the_remote_of_an_update_is_shown_without_credentials() {
    for url in ["https://ghp_TOKEN@127.0.0.1:1/x.git", "https://me:hunter2@127.0.0.1:1/x.git"] {
        let yard = Yard::new("", &[("docs", &format!("steps = [{{ git = \"update\", from = \"{url}\" }}]"))]);
        let id = yard.deliver("docs", "main", "x").to_string();
        for arguments in [&["doctor"][..], &["doctor", "--json"], &["explain", &id, "--json"]] {
            let text = shown(yard.hookspool(arguments));
            refuse_credentials(&arguments.join(" "), &text);
            assert!(text.contains("https://127.0.0.1:1/x.git"), "{text}");
        }
    }
}

#[test]
fn an_address_that_cannot_be_sent_to_is_shown_without_credentials() {
    let site = OneHook::of_github(r#"steps = [{ run = ["true"] }]"#);
    let rows = [
        ("https://ghp_TOKEN@127.0.0.1:1/x", 69, "cannot send to `https://127.0.0.1:1/x`: "),
        ("https://me:hunter2@127.0.0.1:1/a b", 2, "cannot send to `https://127.0.0.1:1/a b`: "),
        ("me:hunter2@127.0.0.1:1/x", 2, "`--url` must begin with `http://` or `https://`\n"),
        ("ftp://ghp_TOKEN@127.0.0.1:1/x", 2, "`--url` must begin with `http://` or `https://`\n"),
    ];
    for (url, code, text) in rows {
        let output = site.hookspool(&["send", "docs", "--json", "--url", url]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(&format!("hookspool: {text}")), "{said}");
        assert_eq!(output.status.code(), Some(code), "{url}");
        refuse_credentials(url, &said);
    }
}
