//! What is said of rules, durations and retries.

use crate::config::golden::{is_reported, with};
use hookspool::config::probe::read;

#[test]
fn a_repository_is_named_in_full() {
    is_reported(
        &with(r#"repository = "docs""#),
        r#"
hookspool.toml:8:14: `docs` is not a repository
  |
8 | repository = "docs"
  |              ^^^^^^ write its full name, `owner/name`, and not its URL"#,
    );
    is_reported(
        &with(r#"repository = "https://gitee.com/me/docs""#),
        r#"
hookspool.toml:8:14: `https://gitee.com/me/docs` is not a repository
  |
8 | repository = "https://gitee.com/me/docs"
  |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^ write its full name, `owner/name`, and not its URL"#,
    );
}

#[test]
fn events_must_be_known() {
    is_reported(
        &with(r#"events = ["psh"]"#),
        r#"
hookspool.toml:8:11: unknown word `psh` for `events`
  |
8 | events = ["psh"]
  |           ^^^^^ did you mean `push`?"#,
    );
    is_reported(
        &with(r#"events = "push""#),
        r#"
hookspool.toml:8:10: `events` must be an array, not a string
  |
8 | events = "push"
  |          ^^^^^^ write `["push"]`"#,
    );
    is_reported(
        &with(r"events = []"),
        r"
hookspool.toml:8:10: `events` is empty
  |
8 | events = []
  |          ^^ without events the hook would never run",
    );
}

#[test]
fn ci_of_a_forge_that_names_no_branch_needs_a_git_step() {
    let gitea = |steps: &str| {
        format!(
            "spool = \"/s\"\n[[hook]]\nname = \"a\"\nprovider = \"gitea\"\nsecret = {{ file = \"/x\" }}\ndir = \"/d\"\n\
             steps = [{steps}]\nevents = [\"ci\"]\n"
        )
    };
    is_reported(
        &gitea(r#"{ run = ["make"] }"#),
        r#"
hookspool.toml:8:10: `ci` of gitea tells of a commit, and not of which branch it is
  |
8 | events = ["ci"]
  |          ^^^^^^ add the step `{ git = "update" }`, which sees whether it is the branch's head"#,
    );
    assert!(read(&gitea(r#"{ git = "update" }"#)).is_ok());
}

#[test]
fn branch_globs_must_compile_and_match_short_names() {
    is_reported(
        &with(r#"branches = ["a[", ""]"#),
        r#"
hookspool.toml:8:13: `a[` is not a glob: unclosed character class; missing ']'
  |
8 | branches = ["a[", ""]
  |             ^^^^ `*` and `?` stop at `/`, `**` does not; `\\` escapes

hookspool.toml:8:19: an element of `branches` is empty
  |
8 | branches = ["a[", ""]
  |                   ^^"#,
    );
    is_reported(
        &with(r#"branches = ["refs/heads/main", "!x"]"#),
        r#"
hookspool.toml:8:13: the glob `refs/heads/main` would match nothing
  |
8 | branches = ["refs/heads/main", "!x"]
  |             ^^^^^^^^^^^^^^^^^ write the short name, without `refs/heads/` or `refs/tags/`

hookspool.toml:8:32: the glob `!x` would match nothing
  |
8 | branches = ["refs/heads/main", "!x"]
  |                                ^^^^ there is no negation: name what you want"#,
    );
}

#[test]
fn a_glob_that_no_ref_can_match_is_found() {
    for glob in
        ["release candidate", "a..b", "@", "-x", "/main", "main/", "x//y", "v1.", "v*.lock", ".x", "a/.b", "x^1", "a:b"]
    {
        let text = with(&format!("tags = [\"{glob}\"]"));
        let report = read(&text).unwrap_err().to_string();
        assert!(
            report.contains("would match nothing") && report.contains("git allows no such name"),
            "{glob}: {report}"
        );
    }
    for glob in ["**", "v*", "release/*", "*.lock*", "{a,-b}", "[!-]*", "@x", "v1.*", "?"] {
        let text = with(&format!("tags = [\"{glob}\"]"));
        assert!(read(&text).is_ok(), "{glob}");
    }
}

#[test]
fn a_repository_of_azure_may_have_blanks_within_its_names() {
    for (name, is_right) in
        [("My Project/My Repo", true), ("My Project/ Repo", false), ("a /b", false), ("a\tb/c", false)]
    {
        let text = with(&format!("repository = {name:?}"));
        assert_eq!(read(&text).is_ok(), is_right, "{name}");
    }
}

#[test]
fn tag_globs_are_strings() {
    is_reported(
        &with(r"tags = [1]"),
        r"
hookspool.toml:8:9: an element of `tags` must be a string, not an integer
  |
8 | tags = [1]
  |         ^",
    );
}

#[test]
fn path_globs_are_relative_to_the_repository() {
    is_reported(
        &with(r#"paths = ["/docs", "./docs", "docs/"]"#),
        r#"
hookspool.toml:8:10: the glob `/docs` would match nothing
  |
8 | paths = ["/docs", "./docs", "docs/"]
  |          ^^^^^^^ paths are relative to the repository, as in `docs/**`

hookspool.toml:8:19: the glob `./docs` would match nothing
  |
8 | paths = ["/docs", "./docs", "docs/"]
  |                   ^^^^^^^^ paths are relative to the repository, as in `docs/**`

hookspool.toml:8:29: the glob `docs/` would match nothing
  |
8 | paths = ["/docs", "./docs", "docs/"]
  |                             ^^^^^^^ only files change: write `docs/**`"#,
    );
    is_reported(
        &with(r"paths = []"),
        r"
hookspool.toml:8:9: `paths` is empty
  |
8 | paths = []
  |         ^^ leave it out to run whatever changed",
    );
}

#[test]
fn a_duration_has_a_unit_and_sensible_bounds() {
    is_reported(
        &with(r"timeout = 900"),
        r#"
hookspool.toml:8:11: `timeout` must be a duration, not an integer
  |
8 | timeout = 900
  |           ^^^ add a unit, such as `"900s"`"#,
    );
    is_reported(
        &with(r#"timeout = "15 minutes""#),
        r#"
hookspool.toml:8:11: `15 minutes` is not a duration
  |
8 | timeout = "15 minutes"
  |           ^^^^^^^^^^^^ write a whole number and a unit: `500ms`, `30s`, `15m`, `2h` or `1d`"#,
    );
    is_reported(
        &with(r#"timeout = "30d""#),
        r#"
hookspool.toml:8:11: `timeout` must be from 1ms to 7d
  |
8 | timeout = "30d"
  |           ^^^^^"#,
    );
    is_reported(
        &with(r"timeout = true"),
        r"
hookspool.toml:8:11: `timeout` must be a duration, not a boolean
  |
8 | timeout = true
  |           ^^^^ write a whole number and a unit: `500ms`, `30s`, `15m`, `2h` or `1d`",
    );
}

#[test]
fn retries_are_bounded() {
    is_reported(
        &with(r#"retry = { on = "failures" }"#),
        r#"
hookspool.toml:8:16: unknown word `failures` for `on`
  |
8 | retry = { on = "failures" }
  |                ^^^^^^^^^^ did you mean `failure`?"#,
    );
    is_reported(
        &with(r"retry = { attempts = 0 }"),
        r"
hookspool.toml:8:22: `attempts` must be an integer from 1 to 100
  |
8 | retry = { attempts = 0 }
  |                      ^",
    );
    is_reported(
        &with(r#"retry = { attempts = "3" }"#),
        r#"
hookspool.toml:8:22: `attempts` must be an integer from 1 to 100
  |
8 | retry = { attempts = "3" }
  |                      ^^^"#,
    );
    is_reported(
        &with(r#"retry = { attempts = 3, backoff = "10m", cap = "1m" }"#),
        r#"
hookspool.toml:8:48: `cap` is shorter than `backoff`
  |
8 | retry = { attempts = 3, backoff = "10m", cap = "1m" }
  |                                                ^^^^"#,
    );
    is_reported(
        &with(r"retry = 3"),
        r"
hookspool.toml:8:9: `retry` must be a table, not an integer
  |
8 | retry = 3
  |         ^",
    );
}

#[test]
fn fields_of_a_match_are_pointers_and_one_test_each() {
    is_reported(
        &with(r#"match = [{ field = "action", equals = "x" }, { field = "/a~2", regex = "x" }]"#),
        r#"
hookspool.toml:8:20: `action` is not a JSON pointer
  |
8 | match = [{ field = "action", equals = "x" }, { field = "/a~2", regex = "x" }]
  |                    ^^^^^^^^ begin with `/`, as in `/repository/name`

hookspool.toml:8:56: `/a~2` is not a JSON pointer
  |
8 | match = [{ field = "action", equals = "x" }, { field = "/a~2", regex = "x" }]
  |                                                        ^^^^^^ write `~` as `~0`, and `/` within a name as `~1`"#,
    );
    is_reported(
        &with(r#"match = [{ field = "/a" }, { field = "/a", equals = 1, regex = "x" }, { equals = -1 }]"#),
        r#"
hookspool.toml:8:10: an element of `match` must have `equals` or `regex`
  |
8 | match = [{ field = "/a" }, { field = "/a", equals = 1, regex = "x" }, { equals = -1 }]
  |          ^^^^^^^^^^^^^^^^ as in `{ field = "/action", equals = "published" }`

hookspool.toml:8:28: an element of `match` cannot have both `equals` and `regex`
  |
8 | match = [{ field = "/a" }, { field = "/a", equals = 1, regex = "x" }, { equals = -1 }]
  |                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ make it two elements: all of them must hold

hookspool.toml:8:71: `field` is missing
  |
8 | match = [{ field = "/a" }, { field = "/a", equals = 1, regex = "x" }, { equals = -1 }]
  |                                                                       ^^^^^^^^^^^^^^^ add `field = …`: place in the payload, as `/repository/name`

hookspool.toml:8:82: `equals` must not be negative
  |
8 | match = [{ field = "/a" }, { field = "/a", equals = 1, regex = "x" }, { equals = -1 }]
  |                                                                                  ^^"#,
    );
}

#[test]
fn regular_expressions_must_compile_within_bounds() {
    is_reported(
        &with(
            r#"match = [{ field = "/a", regex = "(" }, { field = "/a", regex = 'x(?=y)' }, { field = "/a", regex = '\w{9999}' }]"#,
        ),
        r#"
hookspool.toml:8:34: not a regular expression: unclosed group
  |
8 | match = [{ field = "/a", regex = "(" }, { field = "/a", regex = 'x(?=y)' }, { field = "/a", regex = '\w{9999}' }]
  |                                  ^^^ write it in single quotes, so that `\` needs no escape; there is no look-around

hookspool.toml:8:65: not a regular expression: look-around, including look-ahead and look-behind, is not supported
  |
8 | match = [{ field = "/a", regex = "(" }, { field = "/a", regex = 'x(?=y)' }, { field = "/a", regex = '\w{9999}' }]
  |                                                                 ^^^^^^^^ write it in single quotes, so that `\` needs no escape; there is no look-around

hookspool.toml:8:101: the regular expression is too large
  |
8 | match = [{ field = "/a", regex = "(" }, { field = "/a", regex = 'x(?=y)' }, { field = "/a", regex = '\w{9999}' }]
  |                                                                                                     ^^^^^^^^^^ repeat less"#,
    );
}

#[test]
fn classes_of_characters_are_general_categories_scripts_and_those_of_perl() {
    let known = r#"match = [{ field = "/a", regex = '(?i)^\p{Han}+\p{Lu}\w\d\s\bÉ$' }]"#;
    assert!(read(&with(known)).is_ok());
}

#[test]
fn words_to_skip_by_are_a_list_of_texts() {
    is_reported(
        &with(r#"skip = ["", 7]"#),
        r#"
hookspool.toml:8:9: an element of `skip` is empty
  |
8 | skip = ["", 7]
  |         ^^

hookspool.toml:8:13: an element of `skip` must be a string, not an integer
  |
8 | skip = ["", 7]
  |             ^"#,
    );
}
