//! Pure. `[page]`: where the page for people is written, and what it may show.

use super::section::{self, Layers};
use super::{place, value};
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::PageSettings;
use std::path::{Component, Path, PathBuf};

/// Longest title in characters.
const TITLE_LIMIT: usize = 80;

/// `None` when it is wrong, `Some(None)` when there is none.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
pub(super) fn page(
    top: &Section<'_>,
    spool: Option<&Path>,
    hooks: &[Layers<'_>],
    findings: &mut Findings<'_>,
) -> Option<Option<PageSettings>> {
    let Some(entry) = top.get("page") else { return Some(None) };
    let page = section::open(&entry, Table::Page, findings)?;
    let dir = page.get("dir").and_then(|entry| dir(&entry, findings));
    let url = page.get("url").map(|entry| url(&entry, findings));
    let logs = page.get("logs").map_or(Some(false), |entry| value::boolean(&entry, findings));
    let title = match page.get("title") {
        Some(entry) => title(&entry, findings),
        None => Some(default_of(Table::Page, "title").to_owned()),
    };
    if let (Some(dir), Some(spool), Some(entry)) = (&dir, spool, page.get("dir")) {
        place::page_apart(dir, &entry, spool, hooks, findings);
    }
    let url = match url {
        Some(wrong_or_right) => Some(wrong_or_right?),
        None => None,
    };
    Some(Some(PageSettings { dir: dir?, url, logs: logs?, title: title? }))
}

/// A directory that the runner may fill, and clear of what it made there: no root, and no home.
fn dir(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<PathBuf> {
    let dir = value::absolute_path(entry, findings)?;
    if is_home(&dir) || dir.file_name().is_none() {
        entry.wrong(findings, "the page needs a directory of its own", "such as `/srv/www/deploy`");
        return None;
    }
    Some(dir)
}

/// `/root`, or a directory of `/home`, as far as a path tells.
fn is_home(dir: &Path) -> bool {
    let names: Vec<&str> = dir.components().skip(1).filter_map(as_text).collect();
    matches!(names[..], ["root" | "home"] | ["home", _])
}

fn as_text(component: Component<'_>) -> Option<&str> {
    component.as_os_str().to_str()
}

/// `https://host/path`, without anything that a link cannot be continued behind, or that would be a secret.
fn url(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let rest = typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://"));
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}?#".contains(c);
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if host.is_empty() || host.contains('@') || !typed.chars().all(is_plain) {
        let message = format!("`{}` is not a URL of a directory", typed.escape_debug());
        entry.wrong(findings, message, "as in `https://example.org/deploy`, without user, query or fragment");
        return None;
    }
    Some(typed.trim_end_matches('/').to_owned())
}

fn title(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    if typed.chars().count() > TITLE_LIMIT || typed.contains(char::is_control) {
        entry.wrong(findings, format!("`title` is one line of at most {TITLE_LIMIT} characters"), "");
        return None;
    }
    Some(typed.to_owned())
}
