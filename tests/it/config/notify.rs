//! `[[notify]]`, `notify` and `status`: what is said of each mistake.

use hookspool::config::checked;

/// The first message and hint for a configuration of `text`, in one line.
fn said(text: &str) -> String {
    let whole = format!("spool = \"/var/spool/hookspool\"\n{text}");
    match checked(&whole, "/x/hookspool.toml".into()) {
        Ok(_) => "right".to_owned(),
        Err(report) => report
            .problems
            .iter()
            .map(|p| format!("{}: {} | {}", p.line, p.message, p.hint.as_deref().unwrap_or("")))
            .collect::<Vec<_>>()
            .join(" & "),
    }
}

fn target(lines: &str) -> String {
    said(&format!("[[notify]]\nname = \"ops\"\n{lines}\n"))
}

fn hook(lines: &str) -> String {
    said(&format!(
        "[[notify]]\nname = \"ops\"\nkind = \"ntfy\"\ntopic = \"t\"\n[[hook]]\nname = \"docs\"\n\
         secret = {{ env = \"S\" }}\ndir = \"/srv/docs\"\nsteps = [{{ shell = \"x\" }}]\n{lines}\n"
    ))
}

const FILE: &str = "{ file = \"/etc/hookspool/secrets/ops\" }";

#[test]
fn a_right_target_is_right() {
    for lines in [
        format!("kind = \"slack\"\nurl = {FILE}\non = \"always\"\nmax = \"1/1s\""),
        "kind = \"dingtalk\"\nurl = { env = \"OPS_URL\" }\nsign = { credential = \"ops\" }".to_owned(),
        format!("kind = \"telegram\"\ntoken = {FILE}\nchat_id = -100\ntopic = 7"),
        format!("kind = \"matrix\"\nurl = \"https://m.example.org\"\ntoken = {FILE}\nroom = \"!a:b\""),
        "kind = \"ntfy\"\ntopic = \"deploys\"\nurl = \"http://localhost:8080\"".to_owned(),
        "kind = \"mail\"\nto = \"a@b.org\"\nfrom = \"c@d.org\"".to_owned(),
    ] {
        assert_eq!(target(&lines), "right", "{lines}");
    }
}

#[test]
fn what_is_wrong_with_a_target_is_said_with_its_place_and_the_remedy() {
    let no_url = "put it into a file: `url = { file = \"/etc/hookspool/secrets/ops-url\" }`";
    let rows = [
        ("kind = \"slak\"".to_owned(), "4: unknown word `slak` for `kind` | did you mean `slack`?".to_owned()),
        (
            "kind = \"slack\"\nurl = \"https://hooks.slack.com/services/T/B/x\"".to_owned(),
            format!("5: the URL is the secret of this kind, and cannot stand in the configuration | {no_url}"),
        ),
        (
            "kind = \"slack\"".to_owned(),
            "2: `url` is missing: kind `slack` needs it | add `url = { file = \"/etc/hookspool/secrets/ops-url\" }`".to_owned(),
        ),
        (
            format!("kind = \"slack\"\nurl = {FILE}\nroom = \"!a:b\""),
            "6: `room` is not for kind `slack` | it takes `url`".to_owned(),
        ),
        (
            format!("kind = \"gotify\"\nurl = \"http://gotify.example.org\"\ntoken = {FILE}"),
            "5: the URL must begin with `https://`: by `http://` everybody on the way reads the secrets | ".to_owned(),
        ),
        (
            "kind = \"gotify\"\nurl = \"https://g.example.org\"\ntoken = \"AbC\"".to_owned(),
            "6: a secret cannot stand in the configuration | as in `token = { file = \"/etc/hookspool/secrets/ops\" }`".to_owned(),
        ),
        (
            "kind = \"slack\"\nurl = { file = \"/a\", env = \"B\" }".to_owned(),
            "5: `url` must have exactly one of `file`, `env` and `credential` | as in `url = { file = \
             \"/etc/hookspool/secrets/ops\" }`"
                .to_owned(),
        ),
        (
            format!("kind = \"slack\"\nurl = {FILE}\nmax = \"20\""),
            "6: `max` must be messages in a time | write a number and a time from 1s to 1d, as in `\"20/10m\"`: 20 \
             messages in ten minutes"
                .to_owned(),
        ),
        (
            "kind = \"mail\"\nto = \"a@b.org\\nBcc: x@y\"\nfrom = \"-t@b\"".to_owned(),
            "5: not an address of mail | as in `\"ops@example.org\"`, without a name beside it & 6: not an address of mail \
             | as in `\"ops@example.org\"`, without a name beside it"
                .to_owned(),
        ),
        (
            format!("kind = \"matrix\"\nurl = \"https://m.org\"\ntoken = {FILE}\nroom = \"#ops:m.org\""),
            "7: `room` must be the room's id, not its alias | it begins with `!`: *Room settings*, *Advanced*".to_owned(),
        ),
        (
            format!("kind = \"slack\"\nurl = {FILE}\non = \"chnage\""),
            "6: unknown word `chnage` for `on` | did you mean `change`?".to_owned(),
        ),
        (
            format!("kind = \"slack\"\nurl = {FILE}\n[[notify]]\nname = \"ops\"\nkind = \"slack\"\nurl = {FILE}"),
            "7: two targets have the name `ops` | the first is on line 3".to_owned(),
        ),
        (
            format!("kind = \"slack\"\nurl = {FILE}\n[[notify]]\nname = \"a.b\"\nkind = \"slack\"\nurl = {FILE}"),
            "7: `name` may hold letters, digits, `_` and `-`, 64 at most | ".to_owned(),
        ),
    ];
    for (lines, expected) in rows {
        assert_eq!(target(&lines), expected, "{lines}");
    }
}

#[test]
fn a_hook_names_targets_that_there_are_and_a_forge_that_shows_statuses() {
    let token = format!("token = {FILE}");
    let rows = [
        ("provider = \"github\"\nnotify = [\"ops\"]".to_owned(), "right".to_owned()),
        (format!("provider = \"github\"\nstatus = {{ {token}, repository = \"me/docs\" }}"), "right".to_owned()),
        (format!("provider = \"github\"\nrepository = \"me/docs\"\nstatus = {{ {token} }}"), "right".to_owned()),
        (
            "provider = \"github\"\nnotify = [\"opps\"]".to_owned(),
            "12: no `[[notify]]` is named `opps` | did you mean `ops`?".to_owned(),
        ),
        (
            format!("provider = \"github\"\nstatus = {{ {token} }}"),
            "12: `repository` is missing: it is never taken from a delivery | add `repository = \"owner/name\"` to \
             `status`, or to the hook"
                .to_owned(),
        ),
        (
            format!("provider = \"gitea\"\nstatus = {{ {token}, repository = \"me/docs\" }}"),
            "12: `api` is missing: the address of the forge | add `api = \"https://git.example.org\"`: the token is sent \
             nowhere else"
                .to_owned(),
        ),
        (
            format!("provider = \"gogs\"\nstatus = {{ {token}, repository = \"me/docs\" }}"),
            "12: provider `gogs` shows no status of commits | `github`, `gitea`, `forgejo`, `gitlab`, `bitbucket`, \
             `bitbucket-server`, `azure-devops`, `codeup` do"
                .to_owned(),
        ),
        (
            format!("provider = \"gitea\"\nstatus = {{ {token}, api = \"http://git.example.org\", repository = \"a/..\" }}"),
            "12: the URL must begin with `https://`: by `http://` everybody on the way reads the secrets | as in `api = \
             \"https://git.example.org\"` & 12: `repository` must be `owner/name` | "
                .to_owned(),
        ),
        (
            "provider = \"github\"\nstatus = { token = \"ghp_x\", repository = \"me/docs\" }".to_owned(),
            "12: a secret cannot stand in the configuration | as in `token = { file = \"/etc/hookspool/secrets/ops\" }`"
                .to_owned(),
        ),
    ];
    for (lines, expected) in rows {
        assert_eq!(hook(&lines), expected, "{lines}");
    }
}

#[test]
fn no_excerpt_shows_a_url_or_a_token_that_was_typed() {
    let secret = "hunter2hunter2";
    for lines in [
        format!("kind = \"slack\"\nurl = \"https://hooks.slack.com/{secret}\""),
        format!("kind = \"slack\"\nurl = \"https://hooks.slack.com/{secret}\" \"x\""),
        format!("kind = \"dingtalk\"\nurl = {FILE}\nsign = \"{secret}\""),
        format!("kind = \"gotify\"\nurl = \"http://h/{secret}\"\ntoken = \"{secret}\""),
        format!("kind = \"slack\"\nurl = {FILE}\ntoken = \"{secret}\""),
        format!("kind = \"slack\"\nurl = {{ value = \"{secret}\" }}"),
        format!("kind = \"slack\"\nurl = {FILE}\n[[hook]]\nurl = \"https://h/{secret}\""),
    ] {
        let text = format!("spool = \"/s\"\n[[notify]]\nname = \"ops\"\n{lines}\n");
        let report = checked(&text, "/x/hookspool.toml".into()).expect_err(&lines).to_string();
        assert!(!report.contains(secret), "{report}");
    }
}

#[test]
fn a_status_of_the_defaults_is_for_the_hooks_whose_forge_has_one() {
    let text = |provider: &str| {
        format!(
            "[defaults]\nstatus = {{ token = {FILE} }}\n[[hook]]\nname = \"docs\"\nprovider = \"{provider}\"\n\
             repository = \"me/docs\"\nsecret = {{ env = \"S\" }}\ndir = \"/srv/docs\"\nsteps = [{{ shell = \"x\" }}]\n"
        )
    };
    let status = |provider: &str| {
        let whole = format!("spool = \"/var/spool/hookspool\"\n{}", text(provider));
        let config = checked(&whole, "/x/hookspool.toml".into()).unwrap_or_else(|report| panic!("{report}"));
        config.hooks[0].plan.status.clone().map(|status| (status.api, status.repository))
    };
    let github = ("https://api.github.com".to_owned(), "me/docs".to_owned());
    assert_eq!((status("github"), status("gogs")), (Some(github), None));
    assert!(said(&text("gitea")).contains("`api` is missing"));
}
