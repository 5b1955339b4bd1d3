//! What is said of secrets, and what never is.

use crate::config::golden::{is_reported, report, with, without};

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_shown() {
    is_reported(
        &with(r#"secret = "hunter2""#),
        r#"
hookspool.toml:5:10: a secret cannot stand in the configuration
  |
5 | secret = "…"
  |          ^^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
    is_reported(
        &with(r#"secret = { value = "hunter2" }"#),
        r#"
hookspool.toml:5:12: a secret cannot stand in the configuration
  |
5 | secret = { value = "…" }
  |            ^^^^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
    is_reported(
        &with(r#"secret = [{ file = "/a" }, "hunter2"]"#),
        r#"
hookspool.toml:5:28: a secret cannot stand in the configuration
  |
5 | secret = [{ file = "/a" }, "…"]
  |                            ^^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
}

#[test]
fn a_password_in_a_url_is_not_shown() {
    for url in ["https://me:hunter2@host/x.git", "https://hunter2@host/x.git"] {
        is_reported(
            &with(&format!(r#"steps = [{{ git = "update", from = "{url}", remot = 1 }}]"#)),
            r#"
hookspool.toml:7:43: unknown key `remot`
  |
7 | steps = [{ git = "update", from = "…", remot = 1 }]
  |                                        ^^^^^ did you mean `remote`?"#
                .replace("7:43", if url.contains("me:") { "7:68" } else { "7:65" })
                .as_str(),
        );
        let unparsable = report(&with(&format!(r#"steps = [{{ git = "update", from = "{url}" remot = 1 }}]"#)));
        assert!(!unparsable.to_string().contains("hunter2"), "{unparsable}");
    }
    let harmless = report(&with(r#"steps = [{ git = "update", from = "ssh://git@host/x.git", remot = 1 }]"#));
    assert!(harmless.to_string().contains("ssh://git@host/x.git"), "{harmless}");
}

#[test]
fn a_report_is_not_endless() {
    let lines: Vec<_> = (0..20_000).map(|number| format!("k{number} = 1")).collect();
    assert_eq!(report(&lines.join("\n")).problems.len(), 1000);
}

#[test]
fn a_hook_has_a_secret_and_each_secret_one_source() {
    is_reported(
        &with(r#"secret = { file = "/a", env = "B" }"#),
        r#"
hookspool.toml:5:10: `secret` must have exactly one of `file`, `env` and `credential`
  |
5 | secret = { file = "/a", env = "…" }
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^ write an array of tables to accept several secrets"#,
    );
    is_reported(
        &with(r"secret = {}"),
        r#"
hookspool.toml:5:10: `secret` must have exactly one of `file`, `env` and `credential`
  |
5 | secret = {}
  |          ^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
    is_reported(
        &with(r"secret = []"),
        r#"
hookspool.toml:5:10: a hook without a secret would run for anybody
  |
5 | secret = []
  |          ^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
    is_reported(
        &without("secret"),
        r#"
hookspool.toml:2:1: a hook without a secret would run for anybody
  |
2 | [[hook]]
  | ^^^^^^^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
}

#[test]
fn what_is_wrong_beside_a_secret_is_not_shown() {
    is_reported(
        &with(r#"secret = { fiel = "hunter2" }"#),
        r#"
hookspool.toml:5:12: unknown key `fiel`
  |
5 | secret = { fiel = "…" }
  |            ^^^^ did you mean `file`?"#,
    );
    is_reported(
        &with(r#"secret = { file = "hunter2" }"#),
        r#"
hookspool.toml:5:19: `file` must be an absolute path
  |
5 | secret = { file = "…" }
  |                   ^^^"#,
    );
    is_reported(
        &with(r#"secret = { env = "hunter2!" }"#),
        r#"
hookspool.toml:5:18: `env` must be the name of an environment variable
  |
5 | secret = { env = "…" }
  |                  ^^^ as in `{ env = "DOCS_SECRET" }`"#,
    );
    is_reported(
        &with(r#"secret = { credential = "/hunter2" }"#),
        r#"
hookspool.toml:5:25: `credential` must be the name of a systemd credential
  |
5 | secret = { credential = "…" }
  |                         ^^^ as `LoadCredential=` names it, not its path"#,
    );
}

#[test]
fn a_secret_under_a_misspelt_key_is_not_shown() {
    is_reported(
        &with(r#"sekret = "hunter2""#),
        r#"
hookspool.toml:8:1: unknown key `sekret`
  |
8 | sekret = "…"
  | ^^^^^^ did you mean `secret`?"#,
    );
}

#[test]
fn a_secret_under_a_wrong_key_is_not_shown() {
    is_reported(
        &with(r#"token = "hunter2""#),
        r#"
hookspool.toml:8:1: unknown key `token`
  |
8 | token = "…"
  | ^^^^^ did you mean `secret`?"#,
    );
}

#[test]
fn a_secret_in_a_table_where_none_belongs_is_not_shown() {
    is_reported(
        "spool = \"/s\"\nsecret = [\"hunter2\", { file = \"hunter2\" }]\ndefaults = [{ secret = \"hunter2\" }]",
        r#"
hookspool.toml:2:1: unknown key `secret`
  |
2 | secret = ["…", { file = "…" }]
  | ^^^^^^ `secret` belongs in `[[hook]]`

hookspool.toml:3:12: `defaults` must be a table, not an array
  |
3 | defaults = [{ secret = "…" }]
  |            ^^^^^^^^^^^^^^^^^^"#,
    );
}

#[test]
fn a_secret_that_is_not_even_toml_is_not_shown() {
    is_reported(
        &with("secret = \"hunter2"),
        r#"
hookspool.toml:5:18: not TOML: invalid basic string, expected `"`
  |
5 | secret = "…"
  |             ^"#,
    );
    is_reported(
        &with("secret = [\n  \"hunter2=,\n]"),
        r#"
hookspool.toml:6:13: not TOML: invalid basic string, expected `"`
  |
6 | "…"
  |    ^"#,
    );
}

#[test]
fn a_variable_whose_value_the_sender_chooses_is_no_secret() {
    for name in ["HTTP_X_SECRET", "QUERY_STRING", "PATH_INFO", "REMOTE_USER", "CONTENT_TYPE"] {
        let text = report(&with(&format!("secret = {{ env = \"{name}\" }}"))).to_string();
        assert!(text.contains("is a variable that a web server sets for each request"), "{name}: {text}");
    }
}

#[test]
fn the_day_on_which_a_secret_expires_must_be_a_day() {
    for typed in ["\"tomorrow\"", "\"2026-02-30\"", "12", "\"2026-12-31T\"", "07:32:00"] {
        let text = report(&with(&format!("secret = {{ file = \"/a\", expires = {typed} }}"))).to_string();
        assert!(text.contains("`expires` must be a date"), "{typed}: {text}");
    }
    is_reported(
        &with("secret = { expires = 2026-12-31 }"),
        r#"
hookspool.toml:5:10: `secret` must have exactly one of `file`, `env` and `credential`
  |
5 | secret = { expires = 2026-12-31 }
  |          ^^^^^^^^^^^^^^^^^^^^^^^^ put it into a file: `secret = { file = "/etc/hookspool/secrets/name" }`"#,
    );
}
