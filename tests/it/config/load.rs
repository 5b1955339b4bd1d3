//! A right configuration is loaded as it was meant.

use crate::config::golden::{report, with};
use hookspool::config::{
    Config, GitUpdate, HookSecret, KEYS, LoadError, OnInterrupt, SecretSource, Step, StepAction, Table, WhenNewer, load,
};
use hookspool::provider::{
    Algorithm, CodingVersion, Encoding, GenericScheme, HmacScheme, Provider, SignedParts, TimePlace, TimeScheme,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn loaded(text: &str) -> Config {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    std::fs::write(&file, text).unwrap();
    load(&file).unwrap_or_else(|error| panic!("{error}"))
}

const EXAMPLE: &str = r#"
spool = "/var/spool/hookspool"
body_limit = "5MB"

[runner]
workers = 1
log_dir = "/var/log/hookspool"
grace = "2m"

[defaults]
timeout = "20m"
branches = ["main"]

[[hook]]
name = "docs"
path = "/gitee-update"
provider = "gitee"
secret = { file = "/etc/hookspool/secrets/docs" }
repository = "me/docs"
events = ["push", "delete"]
branches = ["main", "release/*"]
tags = ["v*"]
paths = ["docs/**"]
dir = "/srv/docs/"
queue = "site"
when_newer = "keep"
retry = { attempts = 3, backoff = "10s" }
on_interrupt = "hold"
timeout = "15m"
steps = [
  { git = "update", from = "git@gitee.com:me/docs.git", remote = "origin" },
  { remove = "./dist/" },
  { run = ["pnpm", "docs:build", ""], timeout = "5m" },
  { shell = "supervisorctl restart docs", always = true },
]
on_failure = [{ run = ["/usr/local/bin/tell-me"] }]

[[hook]]
name = "api"
provider = "coding"
version = 1
secret = [{ env = "API_SECRET" }, { credential = "api-old" }]
dir = "/srv/api"
[[hook.steps]]
shell = "make"

[[hook]]
name = "other"
provider = "generic"
signature = { header = "X-Signature", prefix = "sha256=" }
secret = { file = "/etc/hookspool/secrets/other" }
dir = "/srv/other"
steps = [{ git = "update" }]
"#;

#[test]
fn every_setting_of_a_full_hook_is_taken() {
    let config = loaded(EXAMPLE);
    let hook = config.hook("docs").unwrap();
    let (rules, plan) = (&hook.rules, &hook.plan);

    assert_eq!(hook.path.as_deref(), Some("/gitee-update"));
    assert_eq!(hook.provider, Provider::Gitee);
    assert_eq!(hook.secrets, [forever(SecretSource::File("/etc/hookspool/secrets/docs".into()))]);
    assert_eq!(rules.events, ["push", "delete"]);
    assert_eq!(rules.repository.as_deref(), Some("me/docs"));
    assert_eq!((plan.dir.as_path(), plan.queue.as_str()), (Path::new("/srv/docs"), "site"));
    assert_eq!((plan.when_newer, plan.on_interrupt), (WhenNewer::Keep, OnInterrupt::Hold));
    assert_eq!((plan.retry.attempts, plan.timeout), (3, Duration::from_secs(900)));
    assert_eq!((plan.retry.backoff.base, plan.retry.backoff.cap), (Duration::from_secs(10), Duration::from_secs(900)));
    assert_eq!(actions(&plan.on_failure), [&run(&["/usr/local/bin/tell-me"])]);
}

#[test]
fn steps_are_taken_in_their_order() {
    let config = loaded(EXAMPLE);
    let steps = &config.hook("docs").unwrap().plan.steps;
    let git = GitUpdate {
        from: Some("git@gitee.com:me/docs.git".into()),
        remote: Some("origin".into()),
        ..GitUpdate::default()
    };
    assert_eq!(
        actions(steps),
        [
            &StepAction::Git(git),
            &StepAction::Remove(PathBuf::from("dist")),
            &run(&["pnpm", "docs:build", ""]),
            &StepAction::Shell("supervisorctl restart docs".into()),
        ]
    );
    let extras: Vec<_> = steps.iter().map(|step| (step.timeout, step.always)).collect();
    let five_minutes = Some(Duration::from_secs(300));
    assert_eq!(extras, [(None, false), (None, false), (five_minutes, false), (None, true)]);
}

fn actions(steps: &[Step]) -> Vec<&StepAction> {
    steps.iter().map(|step| &step.action).collect()
}

fn run(words: &[&str]) -> StepAction {
    StepAction::Run(words.iter().map(ToString::to_string).collect())
}

#[test]
fn what_is_not_said_has_the_documented_default() {
    let config = loaded(&EXAMPLE.replace("body_limit = \"5MB\"", "").replace("grace = \"2m\"", ""));
    let hook = config.hook("other").unwrap();
    let (rules, plan) = (&hook.rules, &hook.plan);

    assert_eq!((config.body_limit_bytes, config.runner.grace), (25 << 20, Duration::from_secs(60)));
    assert_eq!((hook.path.as_deref(), rules.events.as_slice()), (None, ["push".to_owned()].as_slice()));
    assert!(rules.tags.is_none() && rules.paths.is_none() && rules.repository.is_none());
    assert_eq!((plan.queue.as_str(), plan.retry.attempts), ("other", 3));
    assert_eq!((plan.retry.backoff.base, plan.retry.backoff.cap), (Duration::from_secs(30), Duration::from_secs(900)));
    assert_eq!((plan.when_newer, plan.on_interrupt), (WhenNewer::Supersede, OnInterrupt::Retry));
    assert!(plan.on_failure.is_empty());
}

#[test]
fn nothing_said_of_branches_means_the_default_branch() {
    let config = loaded(&EXAMPLE.replace("branches = [\"main\"]\n\n", ""));
    assert!(config.hook("other").unwrap().rules.branches.is_none());
}

#[test]
fn a_hook_overrides_the_defaults() {
    let config = loaded(EXAMPLE);
    let of = |name: &str| config.hook(name).unwrap();
    assert_eq!(of("docs").plan.timeout, Duration::from_secs(900));
    assert_eq!(of("api").plan.timeout, Duration::from_secs(1200));
    assert!(of("docs").rules.branches.as_ref().unwrap().is_match("release/1"));
    assert!(!of("api").rules.branches.as_ref().unwrap().is_match("release/1"));
    assert!(of("api").rules.branches.as_ref().unwrap().is_match("main"));
}

#[test]
fn a_star_stops_at_a_slash_and_two_do_not() {
    let config = loaded(EXAMPLE);
    let rules = &config.hook("docs").unwrap().rules;
    let (branches, paths) = (rules.branches.as_ref().unwrap(), rules.paths.as_ref().unwrap());
    assert!(branches.is_match("release/1") && !branches.is_match("release/1/fix") && !branches.is_match("mainline"));
    assert!(paths.is_match("docs/a/b.md") && !paths.is_match("src/docs/a.md"));
}

fn forever(source: SecretSource) -> HookSecret {
    HookSecret { source, expires: None }
}

#[test]
fn providers_with_a_scheme_of_their_own_are_told_it() {
    let config = loaded(EXAMPLE);
    assert_eq!(config.hook("api").unwrap().provider, Provider::Coding(CodingVersion::V1));
    let scheme = GenericScheme::Hmac(HmacScheme {
        header: "x-signature".into(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: "sha256=".into(),
        time: None,
    });
    assert_eq!(config.hook("other").unwrap().provider, Provider::Generic(scheme));
    let secrets = [SecretSource::Env("API_SECRET".into()), SecretSource::Credential("api-old".into())];
    assert_eq!(config.hook("api").unwrap().secrets, secrets.map(forever));
}

#[test]
fn a_generic_provider_of_all_hooks_leaves_it_to_each_how_it_signs() {
    let config = loaded(&with(
        "[defaults]\nprovider = \"generic\"\n[[hook]]\nname = \"own\"\nsignature = { header = \"X-Sign\" }\n\
         secret = { file = \"/s\" }\ndir = \"/srv/own\"\nsteps = [{ shell = \"make\" }]",
    ));
    assert!(matches!(config.hooks[1].provider, Provider::Generic(GenericScheme::Hmac(_))));
}

#[test]
fn a_hook_can_undo_what_is_run_after_the_jobs_of_all() {
    let defaults = "[defaults]\non_failure = [{ shell = \"mail\" }]\nalways = [{ shell = \"log\" }]";
    let config = loaded(&with("on_failure = []").replace("[[hook]]", &format!("{defaults}\n[[hook]]")));
    assert_eq!((config.hooks[0].plan.on_failure.len(), config.hooks[0].plan.always.len()), (0, 1));
}

#[test]
fn an_open_payload_is_githubs_where_the_hook_says_so_or_asks_for_refs() {
    let reading = |settings: &str| {
        let provider = "provider = \"generic\"\nauthorization = \"bearer\"";
        loaded(&with(&format!("{provider}\n{settings}"))).hooks[0].reading.clone()
    };
    assert!(!reading("").github_payload && reading("").delivery_header.is_none());
    assert!(reading("payload = \"github\"").github_payload);
    assert!(reading("branches = [\"main\"]").github_payload && reading("tags = [\"v*\"]").github_payload);
    assert!(!reading("branches = [\"main\"]\npayload = \"any\"").github_payload);
    assert_eq!(reading("delivery_header = \"X_Request-ID\"").delivery_header.as_deref(), Some("x-request-id"));
    assert!(reading("paths = [\"docs/**\"]").keep_paths);
}

#[test]
fn a_get_is_accepted_for_those_only_whom_the_default_is_for() {
    let with_default = |text: &str| loaded(&text.replace("[[hook]]", "[defaults]\nallow_get = true\n[[hook]]"));
    assert!(with_default(&with("provider = \"forgejo\"")).hooks[0].allow_get);
    assert!(!with_default(&with("provider = \"azure-devops\"")).hooks[0].allow_get);
}

#[test]
fn a_header_is_found_however_its_name_is_spelled() {
    let config = loaded(&with("provider = \"generic\"\nsignature = { header = \"X_Acme-Signature\" }"));
    let Provider::Generic(GenericScheme::Hmac(scheme)) = &config.hooks[0].provider else { panic!("{config:?}") };
    assert_eq!(scheme.header, "x-acme-signature");
}

#[test]
fn a_generic_sender_is_described_with_its_time_or_its_token() {
    let provider = |scheme: &str| loaded(&with(&format!("provider = \"generic\"\n{scheme}"))).hooks[0].provider.clone();
    assert_eq!(provider("token_header = \"X_Token\""), Provider::Generic(GenericScheme::Token("x-token".into())));
    let Provider::Generic(GenericScheme::Hmac(scheme)) = provider(
        "signature = { header = \"X-Sign\", encoding = \"base64url\", time_prefix = \"t=\", tolerance = \"1m\" }",
    ) else {
        panic!("no scheme")
    };
    let expected = TimeScheme {
        place: TimePlace::Prefix("t=".into()),
        signed: SignedParts::parse("{time}.{body}").unwrap(),
        tolerance: Duration::from_secs(60),
    };
    assert_eq!((scheme.encoding, scheme.time), (Encoding::Base64Url, Some(expected)));
}

#[test]
fn a_secret_counts_to_the_end_of_its_last_day() {
    for (typed, first_moment_after) in [
        ("\"2026-12-31\"", "2027-01-01T00:00:00Z"),
        ("2026-12-31", "2027-01-01T00:00:00Z"),
        ("\"2026-12-31T12:00:00+08:00\"", "2026-12-31T04:00:00Z"),
        ("2026-12-31T12:00:00Z", "2026-12-31T12:00:00Z"),
    ] {
        let text = EXAMPLE.replace(
            "secret = { file = \"/etc/hookspool/secrets/docs\" }",
            &format!("secret = [{{ file = \"/a\", expires = {typed} }}, {{ env = \"B\" }}]"),
        );
        let config = loaded(&text);
        let secrets = &config.hook("docs").unwrap().secrets;
        let end: jiff::Timestamp = first_moment_after.parse().unwrap();
        let before = end - jiff::Span::new().nanoseconds(1);
        assert_eq!((secrets[0].counts_at(before), secrets[0].counts_at(end)), (true, false), "{typed}");
        assert!(secrets[1].counts_at(end));
    }
}

#[test]
fn what_to_skip_and_what_to_match_is_loaded() {
    let rules = |text: &str| loaded(text).hooks.remove(0).rules;
    let default = rules(&with(""));
    assert_eq!(
        (default.skip.as_slice(), default.fields.len()),
        (["[skip deploy]", "[deploy skip]"].map(str::to_owned).as_slice(), 0)
    );
    assert!(rules(&with("skip = []")).skip.is_empty());
    let fields =
        rules(&with(r#"match = [{ field = "/a~1b/0", equals = true }, { field = "/c", regex = '^v\d' }]"#)).fields;
    let said: Vec<String> = fields.iter().map(|rule| format!("{} {:?}", rule.field, rule.test)).collect();
    assert_eq!(said, ["/a~1b/0 Flag(true)", r#"/c Regex(Regex("^v\\d"))"#]);
}

#[test]
fn a_configuration_without_hooks_is_right() {
    let config = loaded("spool = \"/var/spool/hookspool\"\n");
    assert!(config.hooks.is_empty());
    assert!(config.file.is_absolute());
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let said = |name: &str| match load(&directory.path().join(name)) {
        Err(error @ LoadError::Unreadable { .. }) => {
            error.to_string().replace(directory.path().to_str().unwrap(), "/there")
        }
        other => panic!("{other:?}"),
    };
    std::fs::write(directory.path().join("latin1"), b"spool = \"/var\"\n# caf\xe9\n").unwrap();
    std::fs::write(directory.path().join("huge"), vec![b'#'; (1 << 20) + 1]).unwrap();
    assert_eq!(
        [said("absent"), said("latin1"), said("huge"), said("")],
        [
            "cannot read configuration `/there/absent`: no such file or directory; \
             create it, or name another with `--config` or `$HOOKSPOOL_CONFIG`",
            "cannot read configuration `/there/latin1`: line 2 is not UTF-8; save it as UTF-8",
            "cannot read configuration `/there/huge`: larger than 1 MiB; name a regular file",
            "cannot read configuration `/there/`: is a directory; name a regular file",
        ]
    );
}

#[test]
fn every_key_of_the_reference_is_known_to_the_checks() {
    for key in KEYS {
        let text = match key.table {
            Table::Top => format!("{} = 1.5", key.name),
            Table::Runner => format!("[runner]\n{} = 1.5", key.name),
            Table::Page => format!("[page]\n{} = 1.5", key.name),
            Table::Defaults | Table::Hook => format!("[[hook]]\n{} = 1.5", key.name),
            Table::Secret => format!("[[hook]]\nsecret = {{ {} = 1.5 }}", key.name),
            Table::Signature => format!("[[hook]]\nsignature = {{ {} = 1.5 }}", key.name),
            Table::Match => format!("[[hook]]\nmatch = [{{ {} = 1.5 }}]", key.name),
            Table::Retry => format!("[[hook]]\nretry = {{ {} = 1.5 }}", key.name),
            Table::Confine => format!("[[hook]]\nconfine = {{ {} = 1.5 }}", key.name),
            Table::Releases => format!("[[hook]]\nreleases = {{ {} = 1.5 }}", key.name),
            Table::Step if matches!(key.name, "from" | "remote" | "in_the_way" | "forward_only" | "depth") => {
                format!("[[hook]]\nsteps = [{{ git = \"update\", {} = 1.5 }}]", key.name)
            }
            Table::Notify => format!("[[notify]]\n{} = 1.5", key.name),
            Table::CommitStatus => format!("[[hook]]\nstatus = {{ {} = 1.5 }}", key.name),
            Table::Env => unreachable!("its keys are the names of variables"),
            Table::Step if key.name == "to" => "[[hook]]\nsteps = [{ publish = \"dist\", to = 1.5 }]".to_owned(),
            Table::Step if key.name == "confine" => "[[hook]]\nsteps = [{ shell = \"x\", confine = 1.5 }]".to_owned(),
            Table::Step => format!("[[hook]]\nsteps = [{{ {} = 1.5 }}]", key.name),
            Table::Relay if matches!(key.name, "credentials" | "sign") => continue,
            Table::Relay => format!("[relay]\n{} = 1.5\n", key.name),
            Table::Trust => continue,
        };
        let said = report(&text).to_string();
        let known = said.contains(&format!("`{}` must be", key.name)) || said.contains("a secret cannot stand");
        assert!(known && !said.contains("unknown key"), "{text}\n{said}");
    }
}
