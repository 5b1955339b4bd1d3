//! Pure. hookspool.toml(5): every key, out of the table that the checks go by.

use super::behaviour::{self, OF_JOBS};
use super::confined::OF_CONFINED_STEPS;
use super::public_page::OF_THE_PAGE;
use super::roff::Roff;
use super::sandbox::OF_THE_SANDBOX;
use super::telling::OF_TELLING;
use crate::config::{Key, REQUIRED, Table, keys_of};
use crate::provider::Provider;

const TABLES: [Table; 14] = [
    Table::Top,
    Table::Runner,
    Table::Page,
    Table::Relay,
    Table::Hook,
    Table::Secret,
    Table::Signature,
    Table::Match,
    Table::Retry,
    Table::Releases,
    Table::Confine,
    Table::Step,
    Table::Notify,
    Table::CommitStatus,
];

/// The page.
pub(super) fn page() -> String {
    let mut roff = Roff::page("hookspool.toml", 5, "configuration of hookspool");
    roff.section("description");
    for paragraph in ABOUT {
        roff.paragraph(paragraph);
    }
    roff.section("example");
    roff.example(EXAMPLE);
    for table in TABLES {
        roff.section(&heading(table));
        for key in keys_of(table) {
            item(&mut roff, key);
        }
    }
    roff.section("defaults");
    roff.paragraph(
        "`[defaults]` may hold every key of a hook but `name`, `path`, `releases`, `hosts` and `from`. \
                    What a hook says itself replaces it, each key as a whole.",
    );
    roff.section("providers");
    roff.paragraph(&format!("`{}`.", Provider::NAMES.join("`, `")));
    roff.section("environment of steps");
    roff.paragraph(ENVIRONMENT);
    behaviour::append(&mut roff, OF_CONFINED_STEPS);
    behaviour::append(&mut roff, OF_JOBS);
    behaviour::append(&mut roff, OF_THE_SANDBOX);
    behaviour::append(&mut roff, OF_THE_PAGE);
    behaviour::append(&mut roff, OF_TELLING);
    roff.section("see also");
    roff.paragraph("`hookspool`(1)");
    roff.into_text()
}

fn heading(table: Table) -> String {
    match table {
        Table::Top => "keys of the top level".to_owned(),
        Table::Step => "keys of a step".to_owned(),
        other => format!("keys of {}", other.title().replace('`', "")),
    }
}

fn item(roff: &mut Roff, key: &Key) {
    let default = match key.default {
        REQUIRED => "required".to_owned(),
        word if word.starts_with('(') => format!("default: {}", word.trim_matches(['(', ')'])),
        value => format!("default: `{value}`"),
    };
    roff.item(&format!("`{}` = {}", key.name, key.kind), &format!("{} ({default}).", key.meaning));
}

const ABOUT: [&str; 3] = [
    "A file in TOML. It is looked for at `--config`, `$HOOKSPOOL_CONFIG`, `~/.config/hookspool/hookspool.toml` and \
     `/etc/hookspool/hookspool.toml`, in this order. A file, a spool or a secret file below the web \
     server's document root is refused.",
    "Durations and sizes have units: `500ms`, `30s`, `15m`, `2h`, `1d`; `512KiB`, `25MiB`, `1GiB`. \
     An unknown key is an error. `hookspool check` shows all that is wrong at once.",
    "Secrets never stand in this file. A configuration that anybody may write is refused, and a secret file that \
     anybody may read. `hookspool check` and `hookspool doctor` also name who could replace these files.",
];

const ENVIRONMENT: &str = "It is built anew: `PATH`, `LANG` (`C.UTF-8` where the runner has none), `LC_*`, `TZ`, \
     `TMPDIR` and `XDG_RUNTIME_DIR` as the runner has them, `HOME`, `USER`, `LOGNAME` and `SHELL` of its user, \
     what `env` adds (git has it, too), `GIT_SSH_COMMAND` where the hook has an `ssh_key`, \
     and `HOOKSPOOL_JOB`, `_HOOK`, \
     `_PROVIDER`, `_EVENT`, `_REF`, `_BRANCH`, `_TAG`, `_BEFORE` (the commit that was deployed last; where none \
     is known, the push's), `_PUSH_BEFORE` (the push's), `_AFTER`, `_REPOSITORY`, `_PUSHER`, `_DELIVERY`, \
     `_ATTEMPT`, `_PAYLOAD` (a file with the JSON document, also where the forge sent a form) and `_LOG`. \
     `_BEFORE` is of the branch, or of any tag, and of a job that succeeded: what was superseded or failed in \
     between is not missed by a step that builds what changed; the lists that follow a job have `_OUTCOME`, \
     `_REASON` and `_COMMIT`, too. With `releases` there are `_RELEASE` (the directory of the release in which the \
     step works), `_PREVIOUS` (that of the one that was current before, if there was one) and `_COMMIT`, and `_BEFORE` \
     is the commit of the release that is current.";

/// A configuration that can be used as it is.
const EXAMPLE: &str = r#"spool = "/var/spool/hookspool"

[[hook]]
name     = "docs"
provider = "github"
secret   = { file = "/etc/hookspool/secrets/docs" }
dir      = "/srv/docs"
steps = [
  { git = "update", from = "https://git.example.org/me/docs.git" },
  { run = ["make", "site"], timeout = "5m" },
]"#;
