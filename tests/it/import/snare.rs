//! Every construct of snare.conf.

use super::Imported;

const CONFIG: &str = r#"
// the address of snare itself
listen = "0.0.0.0:8765";
maxjobs = 3;
user = "deploy";
github {
  match ".*" {
    errorcmd = "mail -s \"%o/%r: %?\" ops < %s";
    secret = "for all";
  }
  match "me/site" {
    cmd = "/srv/site/deploy %e %o %r %j 100%%";
    queue = evict;
    timeout = 60;
    secret = "hunter2";
  }
  match "me/lib-.*" {
    cmd = "make -C /srv/libs";
    queue = parallel;
  }
}
"#;

#[test]
fn repositories_and_patterns_are_hooks_with_what_was_said_for_all() {
    let it = Imported::from("snare", "snare.conf", CONFIG);
    assert_eq!(it.code, Some(0), "{}", it.told);
    it.has(&[
        "workers = 3",
        "name       = \"site\"",
        "repository = \"me/site\"",
        "when_newer = \"supersede\"",
        "timeout    = \"60s\"",
        "timeout    = \"3600s\"",
        "match      = [{ field = \"/repository/full_name\", regex = \"^(?:me/lib-.*)$\" }]",
    ]);
    assert_eq!((it.secret("site"), it.secret("any")), ("hunter2".into(), "for all".into()));
    assert!(!it.text.contains("hunter2") && !it.told.contains("hunter2"));
    let parsed: toml::Table = it.text.parse().unwrap();
    let hooks = parsed["hook"].as_array().unwrap();
    assert_eq!(hooks.len(), 2, "a pattern without a command is no hook: {}", it.text);
    assert_eq!(
        hooks[0]["steps"][0]["shell"].as_str().unwrap(),
        "cd \"$(mktemp -d)\" && /srv/site/deploy ${HOOKSPOOL_EVENT} ${HOOKSPOOL_REPOSITORY%%/*} \
         ${HOOKSPOOL_REPOSITORY#*/} ${HOOKSPOOL_PAYLOAD} 100%"
    );
    for hook in hooks {
        let failure = hook["on_failure"][0]["shell"].as_str().unwrap();
        assert!(failure.contains("${HOOKSPOOL_REASON}") && failure.ends_with("< ${HOOKSPOOL_LOG}"), "{failure}");
    }
    for told in [
        "dropped `listen = 0.0.0.0:8765`",
        "dropped `user = deploy`",
        "`queue = parallel`: its jobs run one after the other",
    ] {
        assert!(it.told.contains(told), "{told}: {}", it.told);
    }
    it.checks();
}

#[test]
fn repositories_of_one_name_have_hooks_of_two_and_single_quotes_hide_no_variable() {
    let text = "github { match \"me/a\" { cmd = \"x\"; } match \"you/a\" { cmd = \"y\"; }\n\
        match \"me/b\" { cmd = \"echo '%r'\"; } }";
    let it = Imported::from("snare", "snare.conf", text);
    it.has(&["name       = \"a\"", "name       = \"a-2\""]);
    assert_eq!((it.secret("a").len(), it.secret("a-2").len()), (64, 64));
    assert!(it.told.contains("hook `me/b` was not translated: `%r` in single quotes"), "{}", it.told);
    it.checks();
}

#[test]
fn a_repository_without_a_secret_gets_one_and_an_unknown_escape_is_refused() {
    let it = Imported::from(
        "snare",
        "snare.conf",
        "github { match \"me/a\" { cmd = \"x\"; } match \"me/b\" { cmd = \"x %z\"; } }",
    );
    assert_eq!(it.code, Some(1), "{}", it.told);
    assert_eq!(it.secret("a").len(), 64);
    assert!(
        it.told.contains("hook `a`: it was open to the world: enter the text of its new secret file at GitHub"),
        "{}",
        it.told
    );
    assert!(it.told.contains("hook `me/b` was not translated: `%z` in its command is not understood"), "{}", it.told);
    it.checks();
}
