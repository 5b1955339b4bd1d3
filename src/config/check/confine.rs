//! Pure. `confine`: the box that steps run in.

use super::{section, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{BoxPath, Confine, Confining};
use std::path::{Component, Path};

/// Words of `fallback`; `true` runs without a box.
const FALLBACK: [(&str, bool); 2] = [("refuse", false), ("run", true)];

/// The box of a hook; the inner `None` for none.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
pub(super) fn of_hook(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Option<Confine>> {
    match read(entry, findings)? {
        Confining::In(confine) => Some(Some(confine)),
        Confining::AsHook | Confining::Free => Some(None),
    }
}

/// The box of a step, which must start a program.
pub(super) fn of_step(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<Confining> {
    let Some(entry) = table.get("confine") else { return Some(Confining::AsHook) };
    if table.get("run").is_none() && table.get("shell").is_none() {
        findings.add(entry.key_span, "`confine` goes with `run` and `shell` only", "the others are done by the runner");
        return None;
    }
    read(&entry, findings)
}

fn read(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Confining> {
    if let Some(confined) = entry.as_bool() {
        return Some(if confined { Confining::In(Confine::default()) } else { Confining::Free });
    }
    if entry.as_section(Table::Confine).is_none() {
        entry.wrong_kind(findings, "`true`, `false` or a table", "as in `confine = { network = false }`");
        return None;
    }
    let table = section::open(entry, Table::Confine, findings)?;
    let [read, write] = ["read", "write"].map(|key| paths(&table, key, findings));
    let [network, local_sockets] = [("network", true), ("local_sockets", false)]
        .map(|(key, default)| table.get(key).map_or(Some(default), |entry| value::boolean(&entry, findings)));
    let runs_without = table.get("fallback").map_or(Some(false), |entry| value::word(&entry, &FALLBACK, findings));
    Some(Confining::In(Confine {
        read: read?,
        write: write?,
        network: network?,
        local_sockets: local_sockets?,
        runs_without: runs_without?,
    }))
}

fn paths(table: &Section<'_>, key: &str, findings: &mut Findings<'_>) -> Option<Vec<BoxPath>> {
    let Some(entry) = table.get(key) else { return Some(Vec::new()) };
    let paths: Vec<_> = value::list(&entry, findings)?.iter().map(|element| path(element, findings)).collect();
    paths.into_iter().collect()
}

/// An absolute path, or one below `~`.
fn path(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<BoxPath> {
    let Some(below) = entry.as_text().and_then(|typed| typed.strip_prefix('~')) else {
        let path = value::absolute_path(entry, findings)?;
        if path.parent().is_none() {
            entry.wrong(findings, "`/` would be no box", "name what the step needs");
            return None;
        }
        return Some(BoxPath::At(path));
    };
    let below = Path::new(below.strip_prefix('/').filter(|below| !below.contains('\0')).unwrap_or(".."));
    if !below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        entry.wrong(findings, "not a path below the home directory", "as in `\"~/.cache/pnpm\"`");
        return None;
    }
    Some(BoxPath::InHome(below.components().collect()))
}
