//! Pure. Which deliveries become jobs.

use super::section::Layers;
use super::{field, value};
use crate::config::findings::Findings;
use crate::config::globs::Globs;
use crate::config::keys::{Table, default_of};
use crate::config::raw::TypedEntry;
use crate::config::settings::Rules;
use crate::model::EventKind;
use globset::{Glob, GlobBuilder};

/// `skip` where nothing else is said.
const SKIP: [&str; 2] = ["[skip deploy]", "[deploy skip]"];

pub(super) fn rules(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<Rules> {
    let events = match layers.get("events") {
        Some(entry) => events(&entry, findings),
        None => Some(vec![default_of(Table::Hook, "events").to_owned()]),
    };
    let repository = layers.get("repository").map(|entry| repository(&entry, findings));
    let branches = layers.get("branches").map(|entry| globs(&entry, ref_glob, findings));
    let tags = layers.get("tags").map(|entry| globs(&entry, ref_glob, findings));
    let paths = layers.get("paths").map(|entry| paths(&entry, findings));
    let skip = match layers.get("skip") {
        Some(entry) => skip(&entry, findings),
        None => Some(SKIP.map(str::to_owned).to_vec()),
    };
    let fields = layers.get("match").map_or(Some(Vec::new()), |entry| field::rules(&entry, findings));
    Some(Rules {
        events: events?,
        branches: flipped(branches)?,
        tags: flipped(tags)?.filter(|tags| !tags.is_empty()),
        repository: flipped(repository)?,
        paths: flipped(paths)?,
        skip: skip?,
        fields: fields?,
    })
}

/// `None` when it is wrong, `Some(None)` when it is absent.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
fn flipped<T>(setting: Option<Option<T>>) -> Option<Option<T>> {
    match setting {
        None => Some(None),
        Some(None) => None,
        Some(right) => Some(right),
    }
}

fn events(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let list = value::filled_list(entry, "without events the hook would never run", findings)?;
    let words: Vec<_> = list.iter().map(|element| event(element, findings)).collect();
    words.into_iter().collect()
}

fn event(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    if EventKind::WORDS.contains(&typed) {
        return Some(typed.to_owned());
    }
    value::unknown_word(entry, typed, &EventKind::WORDS, findings);
    None
}

fn skip(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let list = value::list(entry, findings)?;
    let words: Vec<_> = list.iter().map(|word| value::text(word, findings).map(str::to_owned)).collect();
    words.into_iter().collect()
}

fn repository(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let parts: Vec<_> = typed.split('/').collect();
    // Projects of Azure DevOps may have blanks in their names.
    let strange = |c: char| (c.is_whitespace() && c != ' ') || c.is_control() || c == ':';
    let is_name = |part: &&str| !part.is_empty() && part.trim() == *part;
    if parts.len() < 2 || !parts.iter().all(is_name) || typed.contains(strange) {
        let message = format!("`{}` is not a repository", typed.escape_debug());
        entry.wrong(findings, message, "write its full name, `owner/name`, and not its URL");
        return None;
    }
    Some(typed.to_owned())
}

fn paths(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Globs> {
    value::filled_list(entry, "leave it out to run whatever changed", findings)?;
    globs(entry, path_glob, findings)
}

type CheckGlob = fn(&str) -> Option<&'static str>;

/// Globs in which `*` and `?` stop at `/`, and `**` does not.
fn globs(entry: &TypedEntry<'_>, slip: CheckGlob, findings: &mut Findings<'_>) -> Option<Globs> {
    let list = value::list(entry, findings)?;
    let globs: Vec<_> = list.iter().map(|element| glob(element, slip, findings)).collect();
    let built = Globs::new(&globs.into_iter().collect::<Option<Vec<_>>>()?);
    if let Err(error) = &built {
        entry.wrong(findings, format!("`{}` cannot be used: {}", entry.key, error.kind()), "");
    }
    built.ok()
}

fn glob(entry: &TypedEntry<'_>, slip: CheckGlob, findings: &mut Findings<'_>) -> Option<Glob> {
    let typed = value::text(entry, findings)?;
    if let Some(hint) = slip(typed) {
        entry.wrong(findings, format!("the glob `{}` would match nothing", typed.escape_debug()), hint);
        return None;
    }
    let glob = GlobBuilder::new(typed).literal_separator(true).build();
    if let Err(error) = &glob {
        let message = format!("`{}` is not a glob: {}", typed.escape_debug(), error.kind());
        entry.wrong(findings, message, "`*` and `?` stop at `/`, `**` does not; `\\\\` escapes");
    }
    glob.ok()
}

fn ref_glob(typed: &str) -> Option<&'static str> {
    if typed.starts_with("refs/") {
        Some("write the short name, without `refs/heads/` or `refs/tags/`")
    } else if typed.starts_with('!') {
        Some("there is no negation: name what you want")
    } else if is_no_ref(typed) {
        Some("git allows no such name of a branch or tag")
    } else {
        None
    }
}

/// True if a glob without alternatives demands what no name of a branch or tag can have (git-check-ref-format(1)).
fn is_no_ref(glob: &str) -> bool {
    if glob.contains(['[', '{', '\\']) {
        return false;
    }
    let is_wrong = |c: char| c.is_control() || " ~^:".contains(c);
    let (wrong_parts, wrong_starts, wrong_ends) = (["..", "@{", "//", "/."], ["-", "/", "."], ["/", ".", ".lock"]);
    glob == "@"
        || glob.contains(is_wrong)
        || wrong_parts.iter().any(|part| glob.contains(part))
        || wrong_starts.iter().any(|start| glob.starts_with(start))
        || wrong_ends.iter().any(|end| glob.ends_with(end))
}

fn path_glob(typed: &str) -> Option<&'static str> {
    if typed.starts_with('/') || typed.starts_with("./") {
        Some("paths are relative to the repository, as in `docs/**`")
    } else if typed.ends_with('/') {
        Some("only files change: write `docs/**`")
    } else if typed.starts_with('!') {
        Some("there is no negation: name what you want")
    } else {
        None
    }
}
