//! What is said of the file as a whole.

use crate::config::golden::{is_reported, report, with};
use hookspool::config::load;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_spool_is_required() {
    is_reported(
        r"
",
        r"
hookspool.toml:1:1: `spool` is missing
  |
1 |
  | ^ add `spool = …`: directory of the spool",
    );
}

#[test]
fn spool_and_body_limit_are_checked() {
    is_reported(
        r#"spool = "x"
body_limit = 25
"#,
        r#"
hookspool.toml:1:9: `spool` must be an absolute path
  |
1 | spool = "x"
  |         ^^^

hookspool.toml:2:14: `body_limit` must be a size, not an integer
  |
2 | body_limit = 25
  |              ^^ add a unit, such as `"25MiB"`"#,
    );
}

#[test]
fn the_runners_settings_are_checked() {
    is_reported(
        r#"spool = "/s"
body_limit = "2GiB"
[runner]
workers = 0
keep = "1s"
grace = "2"
log_dir = "x"
nonsense = 1
"#,
        r#"
hookspool.toml:2:14: `body_limit` must be from 1KiB to 1GiB
  |
2 | body_limit = "2GiB"
  |              ^^^^^^

hookspool.toml:4:11: `workers` must be an integer from 1 to 64
  |
4 | workers = 0
  |           ^

hookspool.toml:5:8: `keep` must be from 1m to 36500d
  |
5 | keep = "1s"
  |        ^^^^

hookspool.toml:6:9: `2` is not a duration
  |
6 | grace = "2"
  |         ^^^ write a whole number and a unit: `500ms`, `30s`, `15m`, `2h` or `1d`

hookspool.toml:7:11: `log_dir` must be an absolute path
  |
7 | log_dir = "x"
  |           ^^^

hookspool.toml:8:1: unknown key `nonsense`
  |
8 | nonsense = 1
  | ^^^^^^^^ `[runner]` may hold `workers`, `log_dir`, `metrics`, `keep`, `keep_count`, `grace`"#,
    );
    is_reported(
        r#"spool = "/s"
[runner]
workers = "4"
"#,
        r#"
hookspool.toml:3:11: `workers` must be an integer from 1 to 64
  |
3 | workers = "4"
  |           ^^^"#,
    );
}

#[test]
fn defaults_are_checked_without_a_hook() {
    is_reported(
        r#"spool = "/s"
runner = 1
[defaults]
name = "x"
path = "/x"
timeout = "x"
[hook]
name = "x"
"#,
        r#"
hookspool.toml:2:10: `runner` must be a table, not an integer
  |
2 | runner = 1
  |          ^

hookspool.toml:4:1: unknown key `name`
  |
4 | name = "x"
  | ^^^^ `name` belongs in `[[hook]]`

hookspool.toml:5:1: unknown key `path`
  |
5 | path = "/x"
  | ^^^^ `path` belongs in `[[hook]]`

hookspool.toml:6:11: `x` is not a duration
  |
6 | timeout = "x"
  |           ^^^ write a whole number and a unit: `500ms`, `30s`, `15m`, `2h` or `1d`

hookspool.toml:7:2: `hook` must be an array of tables
  |
7 | [hook]
  |  ^^^^ write `[[hook]]`"#,
    );
}

#[test]
fn a_misspelt_table_is_shown_with_the_table_that_was_meant() {
    is_reported(
        r#"spool = "/s"
[[hooks]]
name = "x"
"#,
        r"
hookspool.toml:2:3: unknown key `hooks`
  |
2 | [[hooks]]
  |   ^^^^^ did you mean `hook`?",
    );
}

#[test]
fn what_is_not_toml_is_one_problem() {
    is_reported(
        r#"spool = "/s"
spool = "/t"
"#,
        r#"
hookspool.toml:2:1: not TOML: duplicate key
  |
2 | spool = "/t"
  | ^^^^^"#,
    );
    is_reported(
        r#"spool = "/s
"#,
        r#"
hookspool.toml:1:12: not TOML: invalid basic string, expected `"`
  |
1 | spool = "/s
  |            ^"#,
    );
    is_reported(
        r#"spool = "/s"
[[hook]
"#,
        r"
hookspool.toml:2:8: not TOML: unclosed array table, expected `]`
  |
2 | [[hook]
  |        ^",
    );
    is_reported(
        r#"	spool = "/s"	, x
"#,
        r#"
hookspool.toml:1:15: not TOML: unexpected key or value, expected newline, `#`
  |
1 |     spool = "/s"    , x
  |                     ^"#,
    );
}

#[test]
fn a_second_hook_of_one_name_or_path_is_told_the_line_of_the_first() {
    let hook = |name: &str, path: &str| {
        with(&format!("name = \"{name}\"\npath = \"{path}\"")).lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    is_reported(
        &format!("spool = \"/s\"\n{}\n{}\n{}", hook("a", "/x"), hook("b", "/y"), hook("a", "/x")),
        r#"
hookspool.toml:17:8: two hooks have the name `a`
   |
17 | name = "a"
   |        ^^^ the first is on line 3

hookspool.toml:18:8: two hooks have the path `/x`
   |
18 | path = "/x"
   |        ^^^^ the first is on line 4"#,
    );
}

#[test]
fn wide_characters_keep_the_caret_right() {
    is_reported(
        r#"spool = "/s"
"文档" = 1
"#,
        r#"
hookspool.toml:2:1: unknown key `文档`
  |
2 | "文档" = 1
  | ^^^^^^ the top level may hold `spool`, `body_limit`, `sandbox`, `runner`, `page`, `relay`, `defaults`, `notify`, `hook`"#,
    );
}

#[test]
fn a_secret_on_a_line_that_is_not_toml_is_not_shown() {
    is_reported(
        r#"hook = [{ name = "a", secret = "hunter2 }]
"#,
        r#"
hookspool.toml:1:43: not TOML: unclosed inline table, expected `}`
  |
1 | hook = "…"
  |           ^"#,
    );
}

#[test]
fn a_line_that_is_not_toml_is_shown_as_far_as_it_holds_no_secret() {
    is_reported(
        r#"spool = "/s"
[[hook]]
name = "x" y
secret = { file = "/a" }
"#,
        r#"
hookspool.toml:3:12: not TOML: unexpected key or value, expected newline, `#`
  |
3 | name = "x" y
  |            ^"#,
    );
}

#[test]
fn tables_of_the_wrong_kind_are_told_so() {
    is_reported(
        r#"spool = "/s"
[hook.token]
env = "hunter2"
[[defaults]]
[defaults.secret]
file = "/a"
"#,
        r"
hookspool.toml:2:2: `hook` must be an array of tables
  |
2 | [hook.token]
  |  ^^^^ write `[[hook]]`

hookspool.toml:4:1: `defaults` must be a table, not an array
  |
4 | [[defaults]]
  | ^^^^^^^^^^^^",
    );
}

const MANY_PROBLEMS: &str = r#"spool = "var/spool"
body_limit = 25

[runner]
workers = 200

[[hook]]
name = "my docs"
provider = "guthub"
secret = { file = "docs.secret" }
brancehs = ["main"]
dir = "srv/docs"
timeout = "15"
retry = { attempts = 0 }
steps = [{ run = "make" }, { remove = ".." }]
"#;

#[test]
fn ten_problems_are_reported_at_once_in_order_of_their_lines() {
    is_reported(
        MANY_PROBLEMS,
        r#"
hookspool.toml:1:9: `spool` must be an absolute path
  |
1 | spool = "var/spool"
  |         ^^^^^^^^^^^

hookspool.toml:2:14: `body_limit` must be a size, not an integer
  |
2 | body_limit = 25
  |              ^^ add a unit, such as `"25MiB"`

hookspool.toml:5:11: `workers` must be an integer from 1 to 64
  |
5 | workers = 200
  |           ^^^

hookspool.toml:8:8: `my docs` is not a name for `name`
  |
8 | name = "my docs"
  |        ^^^^^^^^^ use 1 to 64 letters, digits, `.`, `_` and `-`

hookspool.toml:9:12: unknown word `guthub` for `provider`
  |
9 | provider = "guthub"
  |            ^^^^^^^^ did you mean `github`?

hookspool.toml:10:19: `file` must be an absolute path
   |
10 | secret = { file = "…" }
   |                   ^^^

hookspool.toml:11:1: unknown key `brancehs`
   |
11 | brancehs = ["main"]
   | ^^^^^^^^ did you mean `branches`?

hookspool.toml:12:7: `dir` must be an absolute path
   |
12 | dir = "srv/docs"
   |       ^^^^^^^^^^

hookspool.toml:13:11: `15` is not a duration
   |
13 | timeout = "15"
   |           ^^^^ write a whole number and a unit: `500ms`, `30s`, `15m`, `2h` or `1d`

hookspool.toml:14:22: `attempts` must be an integer from 1 to 100
   |
14 | retry = { attempts = 0 }
   |                      ^

hookspool.toml:15:18: `run` must be an array of strings, not a string
   |
15 | steps = [{ run = "make" }, { remove = ".." }]
   |                  ^^^^^^ write `["make"]`, or `shell = …` for a command line

hookspool.toml:15:39: `remove` must be a path below `dir`, relative and without `..`
   |
15 | steps = [{ run = "make" }, { remove = ".." }]
   |                                       ^^^^ as in `{ remove = "dist" }`"#,
    );
}

#[test]
fn a_wrong_default_is_reported_once_however_many_hooks_have_it() {
    let hook = |name: &str| {
        format!(
            "[[hook]]\nname = \"{name}\"\nprovider = \"gitee\"\nsecret = {{ file = \"/x\" }}\n\
             steps = [{{ shell = \"x\" }}]\n"
        )
    };
    is_reported(
        &format!("spool = \"/s\"\n[defaults]\ndir = \"srv\"\n{}{}", hook("a"), hook("b")),
        r#"
hookspool.toml:3:7: `dir` must be an absolute path
  |
3 | dir = "srv"
  |       ^^^^^"#,
    );
}

#[test]
fn a_problem_is_an_object_for_programs() {
    let problems = report("spool = \"/s\"\n\tspol = 1\n[runner]\ngrace = \"2d\"").problems;
    let expected = serde_json::json!([
        { "line": 2, "column": 2, "message": "unknown key `spol`", "hint": "did you mean `spool`?" },
        { "line": 4, "column": 9, "message": "`grace` must be from 0s to 1d", "hint": null },
    ]);
    assert_eq!(serde_json::to_value(problems).unwrap(), expected);
}

#[test]
fn a_file_that_anybody_may_write_is_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    std::fs::write(&file, with("name = \"docs\"")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o646)).unwrap();
    let told = load(&file).unwrap_err().to_string();
    let path = file.display();
    assert_eq!(
        told,
        format!(
            "configuration `{path}` may be written by anybody: `chmod o-w {path}`, and see whether it is still yours"
        )
    );
}
