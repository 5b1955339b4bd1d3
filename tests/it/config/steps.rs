//! What is said of steps.

use crate::config::golden::{is_reported, report, with, without};
use hookspool::config::probe::read as load_text;
use hookspool::config::{Publish, StepAction};

#[test]
fn there_is_at_least_one_step_and_it_is_a_table() {
    is_reported(
        &with(r"steps = []"),
        r#"
hookspool.toml:7:9: `steps` is empty
  |
7 | steps = []
  |         ^^ add at least one, such as `{ run = ["make", "install"] }`"#,
    );
    is_reported(
        &with(r#"steps = ["make"]"#),
        r#"
hookspool.toml:7:10: a step must be a table, not a string
  |
7 | steps = ["make"]
  |          ^^^^^^ write `{ shell = "make" }`"#,
    );
}

#[test]
fn run_is_a_program_and_its_arguments() {
    is_reported(
        &with(r#"steps = [{ run = "pnpm  build" }]"#),
        r#"
hookspool.toml:7:18: `run` must be an array of strings, not a string
  |
7 | steps = [{ run = "pnpm  build" }]
  |                  ^^^^^^^^^^^^^ write `["pnpm", "build"]`, or `shell = …` for a command line"#,
    );
    is_reported(
        &with(r"steps = [{ run = [] }]"),
        r"
hookspool.toml:7:18: `run` is empty
  |
7 | steps = [{ run = [] }]
  |                  ^^ name the program and its arguments",
    );
    is_reported(
        &with(r#"steps = [{ run = ["", "x"] }]"#),
        r#"
hookspool.toml:7:19: an element of `run` is empty
  |
7 | steps = [{ run = ["", "x"] }]
  |                   ^^"#,
    );
    is_reported(
        &with(r#"steps = [{ run = ["a\u0000"] }]"#),
        r#"
hookspool.toml:7:19: an element of `run` holds a NUL character
  |
7 | steps = [{ run = ["a\u0000"] }]
  |                   ^^^^^^^^^"#,
    );
}

#[test]
fn a_step_does_exactly_one_thing() {
    is_reported(
        &with(r#"steps = [{ run = ["a"], shell = "b" }]"#),
        r#"
hookspool.toml:7:10: a step cannot both `run` and `shell`
  |
7 | steps = [{ run = ["a"], shell = "b" }]
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ make it two steps"#,
    );
    is_reported(
        &with(r#"steps = [{ timeout = "5m" }]"#),
        r#"
hookspool.toml:7:10: a step must have one of `git`, `remove`, `publish`, `switch`, `run` and `shell`
  |
7 | steps = [{ timeout = "5m" }]
  |          ^^^^^^^^^^^^^^^^^^ as in `{ run = ["make", "install"] }`"#,
    );
}

#[test]
fn git_knows_one_word_and_takes_no_option_for_a_name() {
    is_reported(
        &with(r#"steps = [{ git = "pull" }]"#),
        r#"
hookspool.toml:7:18: unknown word `pull` for `git`
  |
7 | steps = [{ git = "pull" }]
  |                  ^^^^^^ known: `update`"#,
    );
    is_reported(
        &with(r#"steps = [{ git = "update", from = "ext::sh -c x", remote = "-x" }]"#),
        r#"
hookspool.toml:7:35: git must not clone from here
  |
7 | steps = [{ git = "update", from = "ext::sh -c x", remote = "-x" }]
  |                                   ^^^^^^^^^^^^^^ write a URL, `git@host:owner/name.git` or a path

hookspool.toml:7:60: `-x` is not the name of a remote
  |
7 | steps = [{ git = "update", from = "ext::sh -c x", remote = "-x" }]
  |                                                            ^^^^ name it as `git remote` does; a URL goes into `from`"#,
    );
    is_reported(
        &with(r#"steps = [{ shell = "x", remote = "origin" }]"#),
        r#"
hookspool.toml:7:25: `remote` goes with `git = "update"` only
  |
7 | steps = [{ shell = "x", remote = "origin" }]
  |                         ^^^^^^"#,
    );
}

#[test]
fn variables_have_names_and_strings_or_a_file_with_a_secret() {
    is_reported(
        &with(r#"env = { 1A = "x", HOOKSPOOL_JOB = "x", N = 3, B = { env = "B" } }"#),
        r#"
hookspool.toml:8:9: `1A` is not the name of a variable
  |
8 | env = { 1A = "x", HOOKSPOOL_JOB = "x", N = 3, B = { env = "…" } }
  |         ^^ letters, digits and `_`, and no digit at the beginning

hookspool.toml:8:19: `HOOKSPOOL_JOB`: names that begin with `HOOKSPOOL_` are hookspool's own
  |
8 | env = { 1A = "x", HOOKSPOOL_JOB = "x", N = 3, B = { env = "…" } }
  |                   ^^^^^^^^^^^^^ choose another name

hookspool.toml:8:44: `N` must be a string, not an integer
  |
8 | env = { 1A = "x", HOOKSPOOL_JOB = "x", N = 3, B = { env = "…" } }
  |                                            ^ write it in quotes, or `{ file = "/path" }` for a secret

hookspool.toml:8:51: the value of a variable must be a string, or have `file` or `credential`
  |
8 | env = { 1A = "x", HOOKSPOOL_JOB = "x", N = 3, B = { env = "…" } }
  |                                                   ^^^^^^^^^^^^^ as in `{ file = "/etc/hookspool/secrets/npm-token" }`"#,
    );
}

#[test]
fn remove_stays_below_the_work_directory() {
    is_reported(
        &with(
            r#"steps = [{ remove = "../x" }, { remove = "/x" }, { remove = "." }, { remove = "" }, { remove = "a/*" }]"#,
        ),
        r#"
hookspool.toml:7:21: `remove` must be a path below `dir`, relative and without `..`
  |
7 | steps = [{ remove = "../x" }, { remove = "/x" }, { remove = "." }, { remove = "" }, { remove = "a/*" }]
  |                     ^^^^^^ as in `{ remove = "dist" }`

hookspool.toml:7:42: `remove` must be a path below `dir`, relative and without `..`
  |
7 | steps = [{ remove = "../x" }, { remove = "/x" }, { remove = "." }, { remove = "" }, { remove = "a/*" }]
  |                                          ^^^^ as in `{ remove = "dist" }`

hookspool.toml:7:61: `remove` must not name the work directory itself
  |
7 | steps = [{ remove = "../x" }, { remove = "/x" }, { remove = "." }, { remove = "" }, { remove = "a/*" }]
  |                                                             ^^^ as in `{ remove = "dist" }`

hookspool.toml:7:79: `remove` is empty
  |
7 | steps = [{ remove = "../x" }, { remove = "/x" }, { remove = "." }, { remove = "" }, { remove = "a/*" }]
  |                                                                               ^^

hookspool.toml:7:96: `remove` takes one path, not a glob
  |
7 | steps = [{ remove = "../x" }, { remove = "/x" }, { remove = "." }, { remove = "" }, { remove = "a/*" }]
  |                                                                                                ^^^^^ as in `{ remove = "dist" }`"#,
    );
}

#[test]
fn the_other_keys_of_a_step_are_checked() {
    is_reported(
        &with(r#"steps = [{ shell = " " }]"#),
        r#"
hookspool.toml:7:20: `shell` is empty
  |
7 | steps = [{ shell = " " }]
  |                    ^^^"#,
    );
    is_reported(
        &with(r#"steps = [{ shell = "x", allways = 1 }]"#),
        r#"
hookspool.toml:7:25: unknown key `allways`
  |
7 | steps = [{ shell = "x", allways = 1 }]
  |                         ^^^^^^^ did you mean `always`?"#,
    );
    is_reported(
        &with(r#"steps = [{ shell = "x", always = 1 }]"#),
        r#"
hookspool.toml:7:34: `always` must be `true` or `false`, not an integer
  |
7 | steps = [{ shell = "x", always = 1 }]
  |                                  ^"#,
    );
}

#[test]
fn steps_are_required() {
    is_reported(
        &without("steps"),
        r"
hookspool.toml:2:1: `steps` is missing
  |
2 | [[hook]]
  | ^^^^^^^^ add `steps = …`: what a job does, in order",
    );
}

#[test]
fn the_step_that_restarts_the_runner_is_a_program_and_the_last_of_a_job() {
    is_reported(
        &with(r#"steps = [{ shell = "make", restarts_runner = true }, { shell = "true" }]"#),
        r#"
hookspool.toml:7:10: the step that restarts the runner must be the last
  |
7 | steps = [{ shell = "make", restarts_runner = true }, { shell = "true" }]
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ nothing runs after it"#,
    );
    is_reported(
        &with(r#"steps = [{ remove = "dist", restarts_runner = true }]"#),
        r#"
hookspool.toml:7:29: `restarts_runner` goes with `run` and `shell` only
  |
7 | steps = [{ remove = "dist", restarts_runner = true }]
  |                             ^^^^^^^^^^^^^^^"#,
    );
    is_reported(
        &with(r#"on_success = [{ shell = "make", restarts_runner = true }]"#),
        r#"
hookspool.toml:8:14: no step of `on_success` can restart the runner
  |
8 | on_success = [{ shell = "make", restarts_runner = true }]
  |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ make it the last of `steps`"#,
    );
}

#[test]
fn what_is_published_has_a_place_of_its_own() {
    let steps = r#"steps = [{ publish = "dist", to = "/srv/www/./docs" }]"#;
    let config = load_text(&with(steps)).unwrap();
    let publish = Publish { from: "dist".into(), to: "/srv/www/docs".into() };
    assert_eq!(config.hooks[0].plan.steps[0].action, StepAction::Publish(publish));
    is_reported(
        &with(r#"steps = [{ publish = "dist" }]"#),
        r#"
hookspool.toml:7:22: nothing says where this is published
  |
7 | steps = [{ publish = "dist" }]
  |                      ^^^^^^ add `to`, an absolute path, as in `{ publish = "dist", to = "/srv/www/docs" }`"#,
    );
    is_reported(
        &with(r#"steps = [{ publish = "../dist", to = "/" }]"#),
        r#"
hookspool.toml:7:22: `publish` must be a path below `dir`, relative and without `..`
  |
7 | steps = [{ publish = "../dist", to = "/" }]
  |                      ^^^^^^^^^ as in `{ publish = "dist", to = "/srv/www/docs" }`

hookspool.toml:7:38: nothing can take the place of `/`
  |
7 | steps = [{ publish = "../dist", to = "/" }]
  |                                      ^^^ name a directory of its own"#,
    );
    is_reported(
        &with(r#"steps = [{ remove = "dist", to = "/srv/www" }]"#),
        r#"
hookspool.toml:7:29: `to` goes with `publish = …` only
  |
7 | steps = [{ remove = "dist", to = "/srv/www" }]
  |                             ^^"#,
    );
    is_reported(
        &with(r#"always = [{ publish = "dist", to = "/var/spool" }]"#),
        r#"
hookspool.toml:8:36: `to` and the spool lie in one another
  |
8 | always = [{ publish = "dist", to = "/var/spool" }]
  |                                    ^^^^^^^^^^^^ publish into a directory of its own"#,
    );
    is_reported(
        &with(r#"steps = [{ publish = "dist", to = "/srv" }]"#),
        r#"
hookspool.toml:7:35: the work directory lies in `to`, and would be replaced with it
  |
7 | steps = [{ publish = "dist", to = "/srv" }]
  |                                   ^^^^^^ publish into a directory of its own"#,
    );
}

#[test]
fn a_box_is_true_false_or_a_table_of_paths_that_hold_nothing_secret() {
    is_reported(
        &with(r#"confine = "yes""#),
        r#"
hookspool.toml:8:11: `confine` must be `true`, `false` or a table, not a string
  |
8 | confine = "yes"
  |           ^^^^^ as in `confine = { network = false }`"#,
    );
    is_reported(
        &with(r#"confine = { read = ["nvm", "~x", "~/../y", "/"], fallback = "go" }"#),
        r#"
hookspool.toml:8:21: `read` must be an absolute path
  |
8 | confine = { read = ["nvm", "~x", "~/../y", "/"], fallback = "go" }
  |                     ^^^^^

hookspool.toml:8:28: not a path below the home directory
  |
8 | confine = { read = ["nvm", "~x", "~/../y", "/"], fallback = "go" }
  |                            ^^^^ as in `"~/.cache/pnpm"`

hookspool.toml:8:34: not a path below the home directory
  |
8 | confine = { read = ["nvm", "~x", "~/../y", "/"], fallback = "go" }
  |                                  ^^^^^^^^ as in `"~/.cache/pnpm"`

hookspool.toml:8:44: `/` would be no box
  |
8 | confine = { read = ["nvm", "~x", "~/../y", "/"], fallback = "go" }
  |                                            ^^^ name what the step needs

hookspool.toml:8:61: unknown word `go` for `fallback`
  |
8 | confine = { read = ["nvm", "~x", "~/../y", "/"], fallback = "go" }
  |                                                             ^^^^ known: `refuse`, `run`"#,
    );
}

#[test]
fn only_programs_are_confined_and_none_that_restarts_the_runner() {
    is_reported(
        &with(r#"steps = [{ remove = "dist", confine = true }]"#),
        r#"
hookspool.toml:7:29: `confine` goes with `run` and `shell` only
  |
7 | steps = [{ remove = "dist", confine = true }]
  |                             ^^^^^^^ the others are done by the runner"#,
    );
    let restarts = with(r#"steps = [{ shell = "make" }, { shell = "restart", restarts_runner = true }]"#);
    is_reported(
        &format!("{restarts}\nconfine = true"),
        r#"
hookspool.toml:7:30: from its box this step cannot restart the runner
  |
7 | steps = [{ shell = "make" }, { shell = "restart", restarts_runner = true }]
  |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ add `confine = false` to it"#,
    );
    let free = restarts.replace("restarts_runner", "confine = false, restarts_runner");
    assert!(load_text(&format!("{free}\nconfine = true")).is_ok());
}

#[test]
fn nothing_that_a_confined_step_reaches_holds_a_secret_the_configuration_or_the_spool() {
    let said = |lines: &str| report(&with(lines)).to_string();
    let dir = said("dir = \"/etc\"\nconfine = true");
    assert!(dir.contains("a confined step must not reach this: it holds `/etc/docs`"), "{dir}");
    let write = said(r#"confine = { write = ["/var/spool/hookspool/log", "/var/spool"] }"#);
    assert!(write.contains("it lies in `/var/spool/hookspool`"), "{write}");
    assert!(write.contains("it holds `/var/spool/hookspool`"), "{write}");
    let of_step = said(r#"steps = [{ shell = "make", confine = { read = ["/etc/docs"] } }]"#);
    assert!(of_step.contains("a confined step must not reach this\n"), "{of_step}");
    assert!(load_text(&with(r#"confine = { read = ["/etc"] }"#)).is_ok(), "opened around them");
    assert!(load_text(&with("dir = \"/etc\"")).is_ok(), "nothing is confined");
}

#[test]
fn jobs_that_update_one_tree_beside_confined_steps_do_not_run_side_by_side() {
    let lines = "steps = [{ git = \"update\" }, { shell = \"make\" }]\nconfine = true\nwhen_newer = \"parallel\"";
    let said = report(&with(lines)).to_string();
    assert!(said.contains("jobs that update one work tree must not run side by side"), "{said}");
}
