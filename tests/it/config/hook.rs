//! What is said of a hook's own settings.

use crate::config::golden::{is_reported, with, without};
use hookspool::config::probe::read as load_text;

#[test]
fn an_unknown_key_is_shown_with_the_key_that_was_meant() {
    is_reported(
        &with(r#"brancehs = ["main"]"#),
        r#"
hookspool.toml:8:1: unknown key `brancehs`
  |
8 | brancehs = ["main"]
  | ^^^^^^^^ did you mean `branches`?"#,
    );
}

#[test]
fn a_name_must_fit_into_a_url_and_a_file_name() {
    is_reported(
        &with(r#"name = "a b""#),
        r#"
hookspool.toml:3:8: `a b` is not a name for `name`
  |
3 | name = "a b"
  |        ^^^^^ use 1 to 64 letters, digits, `.`, `_` and `-`"#,
    );
    is_reported(
        &with(r#"name = "..""#),
        r#"
hookspool.toml:3:8: `..` is not a name for `name`
  |
3 | name = ".."
  |        ^^^^ use 1 to 64 letters, digits, `.`, `_` and `-`"#,
    );
}

#[test]
fn a_path_may_not_take_the_place_of_another_hook() {
    let other = |path: &str| {
        format!(
            "path = \"{path}\"\n[[hook]]\nname = \"api\"\nprovider = \"gitee\"\nsecret = {{ file = \"/s\" }}\n\
             dir = \"/srv/api\"\nsteps = [{{ shell = \"x\" }}]"
        )
    };
    is_reported(
        &with(&other("/api")),
        r#"
hookspool.toml:8:8: `/api` is where hook `api` answers
  |
8 | path = "/api"
  |        ^^^^^^ it would get none of its deliveries: choose another path"#,
    );
    assert!(load_text(&with(&other("/docs"))).is_ok(), "where it answers itself");
    assert!(load_text(&with(&other("/x/api"))).is_ok());
}

#[test]
fn hooks_that_share_a_directory_share_a_queue_where_queues_run_side_by_side() {
    let shared = |runner: &str, queue: &str| {
        format!(
            "steps = [{{ shell = \"x\" }}]\n[[hook]]\nname = \"api\"\nprovider = \"gitee\"\nsecret = {{ file = \"/s\" \
             }}\ndir = \"/srv/docs/\"\n{queue}\nsteps = [{{ shell = \"x\" }}]\n{runner}"
        )
    };
    is_reported(
        &with(&shared("[runner]\nworkers = 3", "")),
        r#"
hookspool.toml:12:7: hooks `docs` and `api` work in one `dir`, and their queues run side by side (`workers = 3`)
   |
12 | dir = "/srv/docs/"
   |       ^^^^^^^^^^^^ give both the same queue: `queue = "docs"`"#,
    );
    assert!(load_text(&with(&shared("", ""))).is_ok(), "one job at a time");
    assert!(load_text(&with(&shared("[runner]\nworkers = 3", "queue = \"docs\""))).is_ok());
}

#[test]
fn a_path_must_be_as_a_web_server_hands_it_on() {
    is_reported(
        &with(r#"path = "x""#),
        r#"
hookspool.toml:8:8: `path` must begin with `/`
  |
8 | path = "x"
  |        ^^^ write it as `/gitea-update`"#,
    );
    is_reported(
        &with(r#"path = "/x/""#),
        r#"
hookspool.toml:8:8: `path` must not end with `/`
  |
8 | path = "/x/"
  |        ^^^^^ write it as `/gitea-update`"#,
    );
    is_reported(
        &with(r#"path = "/x?y""#),
        r#"
hookspool.toml:8:8: `path` must be a plain path, without `//`, `?`, `#` and blanks
  |
8 | path = "/x?y"
  |        ^^^^^^ write it as `/gitea-update`"#,
    );
}

#[test]
fn a_provider_must_be_known() {
    is_reported(
        &with(r#"provider = "githab""#),
        r#"
hookspool.toml:4:12: unknown word `githab` for `provider`
  |
4 | provider = "githab"
  |            ^^^^^^^^ did you mean `github`?"#,
    );
}

#[test]
fn the_payload_of_a_provider_must_be_right() {
    is_reported(
        &with(
            r#"provider = "generic"
authorization = "bearer"
payload = "xml"
events = ["delete"]"#,
        ),
        r#"
hookspool.toml:6:11: unknown word `xml` for `payload`
  |
6 | payload = "xml"
  |           ^^^^^ known: `any`, `github`"#,
    );
    is_reported(
        &with(
            r#"provider = "stripe"
delivery_header = "X-Id"
events = ["delete"]"#,
        ),
        r#"
hookspool.toml:5:1: `delivery_header` is for provider `generic` only
  |
5 | delivery_header = "X-Id"
  | ^^^^^^^^^^^^^^^ leave it out

hookspool.toml:6:10: a delivery of this provider is always a `push`
  |
6 | events = ["delete"]
  |          ^^^^^^^^^^ say `payload = "github"` if it has GitHub's `ref`, `before` and `after`"#,
    );
}

#[test]
fn the_scheme_of_a_provider_must_be_right() {
    is_reported(
        &with(r#"provider = "generic""#),
        r#"
hookspool.toml:4:12: provider `generic` needs a `signature`
  |
4 | provider = "generic"
  |            ^^^^^^^^^ add `signature = { header = "X-Signature", prefix = "sha256=" }`, `authorization = "bearer"` or `token_header = "X-Token"`"#,
    );
    is_reported(
        &with(
            r#"provider = "generic"
signature = { header = "X-Signature" }
authorization = "bearer""#,
        ),
        r#"
hookspool.toml:6:1: `signature` and `authorization` exclude each other
  |
6 | authorization = "bearer"
  | ^^^^^^^^^^^^^ leave one of them out"#,
    );
    is_reported(
        &with(
            r#"provider = "github"
authorization = "digest"
allow_get = "yes""#,
        ),
        r#"
hookspool.toml:5:1: `authorization` is for provider `gitea`, `forgejo`, `generic` only
  |
5 | authorization = "digest"
  | ^^^^^^^^^^^^^ leave it out

hookspool.toml:5:17: unknown word `digest` for `authorization`
  |
5 | authorization = "digest"
  |                 ^^^^^^^^ known: `bearer`, `basic`, `verbatim`

hookspool.toml:6:1: `allow_get` is for provider `gitea`, `forgejo` only
  |
6 | allow_get = "yes"
  | ^^^^^^^^^ leave it out

hookspool.toml:6:13: `allow_get` must be `true` or `false`, not a string
  |
6 | allow_get = "yes"
  |             ^^^^^"#,
    );
    is_reported(
        &with(
            r#"provider = "coding"
version = 3"#,
        ),
        r"
hookspool.toml:5:11: `version` must be 1 or 2
  |
5 | version = 3
  |           ^ 2 is signed, 1 has its token in the body",
    );
    is_reported(
        &with(
            r#"provider = "generic"
signature = { header = "X Sig", algorithm = "md5", encoding = "hexx", prefix = "é" }"#,
        ),
        r#"
hookspool.toml:5:24: `X Sig` is not a name of a header
  |
5 | signature = { header = "X Sig", algorithm = "md5", encoding = "hexx", prefix = "é" }
  |                        ^^^^^^^

hookspool.toml:5:45: unknown word `md5` for `algorithm`
  |
5 | signature = { header = "X Sig", algorithm = "md5", encoding = "hexx", prefix = "é" }
  |                                             ^^^^^ known: `sha1`, `sha256`, `sha512`

hookspool.toml:5:63: unknown word `hexx` for `encoding`
  |
5 | signature = { header = "X Sig", algorithm = "md5", encoding = "hexx", prefix = "é" }
  |                                                               ^^^^^^ did you mean `hex`?

hookspool.toml:5:80: `prefix` must be at most 64 printable ASCII characters
  |
5 | signature = { header = "X Sig", algorithm = "md5", encoding = "hexx", prefix = "é" }
  |                                                                                ^^^"#,
    );
    is_reported(
        &with(
            r#"provider = "generic"
signature = { algorithm = "sha1" }"#,
        ),
        r#"
hookspool.toml:5:13: `header` is missing
  |
5 | signature = { algorithm = "sha1" }
  |             ^^^^^^^^^^^^^^^^^^^^^^ add `header = …`: header that holds the signature"#,
    );
}

#[test]
fn a_key_of_another_providers_scheme_is_refused() {
    is_reported(
        &with(r"version = 2"),
        r"
hookspool.toml:8:1: `version` is for provider `coding` only
  |
8 | version = 2
  | ^^^^^^^ leave it out",
    );
}

#[test]
fn a_work_directory_is_absolute_and_apart_from_the_spool() {
    is_reported(
        &with(r#"dir = "srv""#),
        r#"
hookspool.toml:6:7: `dir` must be an absolute path
  |
6 | dir = "srv"
  |       ^^^^^"#,
    );
    is_reported(
        &with(r#"dir = "~/srv""#),
        r#"
hookspool.toml:6:7: `dir` must be an absolute path
  |
6 | dir = "~/srv"
  |       ^^^^^^^ nothing is expanded: write it out"#,
    );
    is_reported(
        &with(r#"dir = "/srv/../etc""#),
        r#"
hookspool.toml:6:7: `dir` must not contain `..`
  |
6 | dir = "/srv/../etc"
  |       ^^^^^^^^^^^^^"#,
    );
    is_reported(
        &with(r#"dir = "/var/spool""#),
        r#"
hookspool.toml:6:7: the spool lies in this `dir`, where a step could destroy it
  |
6 | dir = "/var/spool"
  |       ^^^^^^^^^^^^ keep it apart from `/var/spool/hookspool`"#,
    );
    is_reported(
        &with(r#"dir = "/var/spool/hookspool/x""#),
        r#"
hookspool.toml:6:7: this `dir` lies in the spool
  |
6 | dir = "/var/spool/hookspool/x"
  |       ^^^^^^^^^^^^^^^^^^^^^^^^ keep it apart from `/var/spool/hookspool`"#,
    );
    is_reported(
        &without("dir"),
        r"
hookspool.toml:2:1: `dir` is missing
  |
2 | [[hook]]
  | ^^^^^^^^ add `dir = …`: work directory of the steps; a hook with `releases` has none",
    );
}

#[test]
fn a_queue_has_a_name() {
    is_reported(
        &with(r#"queue = """#),
        r#"
hookspool.toml:8:9: `queue` is empty
  |
8 | queue = ""
  |         ^^"#,
    );
}

#[test]
fn when_newer_is_one_of_three_words_or_one_of_snares() {
    is_reported(
        &with(r#"when_newer = "latest""#),
        r#"
hookspool.toml:8:14: unknown word `latest` for `when_newer`
  |
8 | when_newer = "latest"
  |              ^^^^^^^^ known: `supersede`, `keep`, `replace`, `evict`, `sequential`, `parallel`"#,
    );
}

#[test]
fn on_interrupt_is_one_of_two_words() {
    is_reported(
        &with(r#"on_interrupt = "holds""#),
        r#"
hookspool.toml:8:16: unknown word `holds` for `on_interrupt`
  |
8 | on_interrupt = "holds"
  |                ^^^^^^^ did you mean `hold`?"#,
    );
}

#[test]
fn a_word_of_snares_is_told_its_key() {
    is_reported(
        &with(r#"queue = "evict""#),
        r#"
hookspool.toml:8:9: `evict` says what becomes of waiting jobs, and `queue` is a name
  |
8 | queue = "evict"
  |         ^^^^^^^ write `when_newer = "evict"`"#,
    );
}

#[test]
fn reconcile_is_not_asked_for_all_the_time() {
    is_reported(
        &with(r#"reconcile = "500ms""#),
        r#"
hookspool.toml:8:13: `reconcile` must be from 1s to 7d
  |
8 | reconcile = "500ms"
  |             ^^^^^^^"#,
    );
    is_reported(
        &with(r#"reconcile = "10m""#),
        r#"
hookspool.toml:8:13: `reconcile` compares what a step `{ git = "update" }` deploys
  |
8 | reconcile = "10m"
  |             ^^^^^ add that step"#,
    );
}

#[test]
fn a_key_of_another_table_is_told_its_place() {
    is_reported(
        &with(r"workers = 3"),
        r"
hookspool.toml:8:1: unknown key `workers`
  |
8 | workers = 3
  | ^^^^^^^ `workers` belongs in `[runner]`",
    );
}

#[test]
fn a_signed_time_is_described_in_full_and_once() {
    let signature = |keys: &str| with(&format!("provider = \"generic\"\nsignature = {{ header = \"X-S\", {keys} }}"));
    for (keys, said) in [
        ("time_header = \"X-T\", time_prefix = \"t=\"", "`time_header` and `time_prefix` exclude each other"),
        ("signed = \"{time}{body}\"", "`signed` is of use only with a time"),
        ("time_header = \"X-T\", signed = \"{body}\"", "`signed` must hold `{body}` once, and `{time}`"),
        ("time_header = \"X-T\", tolerance = \"2d\"", "`tolerance` must be"),
    ] {
        let report = load_text(&signature(keys)).unwrap_err().to_string();
        assert!(report.contains(said), "{said}\n{report}");
    }
}
