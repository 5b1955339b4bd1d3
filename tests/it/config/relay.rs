//! What is said of `[relay]`, and of hooks that send jobs to other hosts or take them from there.

use crate::config::golden::report;
use hookspool::config::load;

const KEY: &str = "ed25519:6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

/// A right origin, and a right target.
fn origin() -> String {
    "spool = \"/s\"\n[relay]\nname = \"gate\"\nservers = [\"tls://nats.example.org:4222\"]\n\
     sign = { file = \"/k\" }\n[[hook]]\nname = \"docs\"\nprovider = \"github\"\nsecret = { file = \"/x\" }\n\
     hosts = [\"web1\"]\n"
        .to_owned()
}

fn target() -> String {
    format!(
        "spool = \"/s\"\n[relay]\nname = \"web1\"\nservers = [\"nats://[::1]:4222\"]\ntrust = {{ gate = \"{KEY}\" }}\n\
         [[hook]]\nname = \"docs\"\nfrom = [\"gate\"]\ndir = \"/d\"\nsteps = [{{ run = [\"true\"] }}]\n"
    )
}

fn loads(text: &str) -> hookspool::config::Config {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    std::fs::write(&file, text).unwrap();
    load(&file).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_origin_and_a_target_are_loaded_as_they_were_meant() {
    let config = loads(&origin());
    let (relay, hook) = (config.relay.as_ref().unwrap(), &config.hooks[0]);
    assert!(config.only_passes_on(hook) && hook.plan.steps.is_empty());
    assert_eq!(config.other_hosts(hook).collect::<Vec<_>>(), ["web1"]);
    let seconds = relay.keep.as_secs();
    assert_eq!(
        (relay.window, seconds, relay.stream.as_str(), relay.prefix.as_str()),
        (64, 1_209_600, "hookspool", "hookspool")
    );
    let both = origin().replace("[\"web1\"]", "[\"web1\", \"gate\"]\ndir = \"/d\"\nsteps = [{ run = [\"true\"] }]");
    let both = loads(&both);
    assert!(!both.only_passes_on(&both.hooks[0]));
    let there = loads(&target());
    let hook = &there.hooks[0];
    assert!(hook.secrets.is_empty() && hook.from == ["gate"]);
    assert_eq!(there.relay.unwrap().trust["gate"].to_string(), KEY);
}

#[test]
fn what_is_wrong_is_said_with_the_place_and_the_way_out() {
    let rows = [
        (origin(), "name = \"gate\"", "name = \"Gate\"", "`Gate` is no name of a host", "1 to 32 lower-case letters"),
        (origin(), "tls://nats", "nats://nats", "everybody on the way could read the jobs", "write `tls://`"),
        (origin(), "tls://nats", "tls://me:pw@nats", "no address of a NATS server", "without user and password"),
        (origin(), "sign = { file = \"/k\" }", "", "jobs are sent signed, and there is no key", "hookspool relay key"),
        (
            origin(),
            "sign = { file = \"/k\" }",
            "sign = \"SECRET\"",
            "a key cannot stand in the configuration",
            "file =",
        ),
        (origin(), "[\"web1\"]", "[\"web1\", \"web1\"]", "`web1` stands twice in `hosts`", ""),
        (origin(), "[\"web1\"]", "[]", "`hosts` is empty", "leave it out"),
        (origin(), "hosts = [\"web1\"]", "hosts = [\"gate\"]", "`dir` is missing", "add `dir = …`"),
        (origin(), "name = \"gate\"", "name = \"gate\"\nwindw = 3", "unknown key `windw`", "did you mean `window`?"),
        (origin(), "name = \"gate\"", "name = \"gate\"\nkeep = \"1s\"", "`keep` must be from 1m to 365d", ""),
        (target(), KEY, "ed25519:AAAA", "is no public key", "`hookspool relay key` prints it"),
        (target(), "from = [\"gate\"]", "from = [\"door\"]", "the key of `door` is unknown", "add it to `trust`"),
        (
            target(),
            "from =",
            "secret = { file = \"/x\" }\nfrom =",
            "`from` and `secret` exclude each other",
            "deliveries",
        ),
        (target(), "from =", "paths = [\"a\"]\nfrom =", "`from` and `paths` exclude each other", "deliveries"),
        (target(), "from =", "hosts = [\"web2\"]\nfrom =", "`from` and `hosts` exclude each other", "passed on once"),
    ];
    for (text, right, wrong, message, hint) in rows {
        assert!(text.contains(right), "{right}");
        let said = report(&text.replacen(right, wrong, 1)).to_string();
        assert!(said.contains(message) && said.contains(hint), "{wrong}\n{said}");
        assert!(said.contains('^') && !said.contains("SECRET") && !said.contains("me:pw"), "{said}");
    }
}

#[test]
fn without_relay_a_hook_names_no_hosts() {
    let text = origin();
    let (before, after) = text.split_once("[relay]").unwrap();
    let hook = after.split_once("[[hook]]").unwrap().1;
    let said = report(&format!("{before}[[hook]]{hook}dir = \"/d\"\nsteps = [{{ run = [\"true\"] }}]\n")).to_string();
    assert!(said.contains("`hosts` needs `[relay]`"), "{said}");
}
