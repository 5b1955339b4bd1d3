//! Pure. The keys of a hook that say who is told: `notify` and `status`.

use super::section::{self, Layers};
use super::target::given;
use super::{secret, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::nearest::nearest;
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{SecretSource, StatusSettings};
use crate::notify::{StatusForge, trouble_with_url};

/// The names in `notify` of a hook.
pub(super) fn told(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let Some(entry) = layers.get("notify") else { return Some(Vec::new()) };
    let Some(list) = entry.as_list() else {
        entry.wrong_kind(findings, "an array of names of `[[notify]]`", "as in `notify = [\"ops\"]`");
        return None;
    };
    let names: Vec<_> = list.iter().map(|element| value::text(element, findings).map(str::to_owned)).collect();
    let mut names = names.into_iter().collect::<Option<Vec<_>>>()?;
    names.sort_unstable();
    names.dedup();
    Some(names)
}

/// Reports names in `notify` that no `[[notify]]` has.
pub(super) fn unknown_names(top: &Section<'_>, layers: &[Layers<'_>], findings: &mut Findings<'_>) {
    let tables = top.get("notify").and_then(|entry| entry.as_list()).unwrap_or_default();
    let name = |table: &TypedEntry<'_>| Some(table.as_section(Table::Notify)?.get("name")?.as_text()?.to_owned());
    let known: Vec<String> = tables.iter().filter_map(name).collect();
    let typed = layers.iter().filter_map(|layers| layers.get("notify")?.as_list()).flatten();
    for (entry, name) in typed.filter_map(|entry| Some((entry.clone(), entry.as_text()?.to_owned()))) {
        if known.contains(&name) {
            continue;
        }
        let hint = match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is no `[[notify]]`: add one".to_owned(),
            None => format!("there are: `{}`", known.join("`, `")),
        };
        entry.wrong(findings, format!("no `[[notify]]` is named `{}`", name.escape_debug()), hint);
    }
}

/// `status` of a hook; the outer `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
pub(super) fn status(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<Option<StatusSettings>> {
    let Some(entry) = layers.get("status") else { return Some(None) };
    let table = section::open(&entry, Table::CommitStatus, findings)?;
    let token = table.get("token").map(|entry| secret::of_target(&entry, findings));
    let api = table.get("api").map(|entry| api(&entry, findings));
    let typed = table.get("repository").or_else(|| layers.get("repository"));
    let repository = typed.map(|entry| repository(&entry, findings));
    // Judged on their own, the defaults belong to no provider; and those whose providers have none need not say so.
    let Some(provider) = layers.get("provider").and_then(|entry| entry.as_text().map(str::to_owned)) else {
        return Some(None);
    };
    let Some(forge) = StatusForge::of_provider(&provider) else {
        if layers.own.get("status").is_none() {
            return Some(None);
        }
        let known: Vec<_> = StatusForge::PROVIDERS.iter().map(|(name, _)| *name).collect();
        let message = format!("provider `{}` shows no status of commits", provider.escape_debug());
        entry.wrong(findings, message, format!("`{}` do", known.join("`, `")));
        return None;
    };
    let place = StatusTable { layers, table: &table, forge };
    let (api, repository) = (place.api_or_default(given(api)?, findings), place.needed(repository, findings));
    let token: SecretSource = token??;
    Some(Some(StatusSettings { forge, token, api: api?, repository: repository? }))
}

/// A `status`, and what its forge can do without.
struct StatusTable<'p, 'a> {
    layers: &'p Layers<'a>,
    table: &'p Section<'a>,
    forge: StatusForge,
}

impl StatusTable<'_, '_> {
    fn api_or_default(&self, typed: Option<String>, findings: &mut Findings<'_>) -> Option<String> {
        let api = typed.or_else(|| self.forge.default_api().map(str::to_owned));
        if api.is_none() {
            let hint = format!("add `api = \"{}\"`: the token is sent nowhere else", self.forge.api_example());
            findings.add(self.table.span.clone(), "`api` is missing: the address of the forge", hint);
        }
        api
    }

    #[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
    fn needed(&self, typed: Option<Option<String>>, findings: &mut Findings<'_>) -> Option<String> {
        // In `[defaults]` it may be that each hook has one of its own.
        if typed.is_none() && self.layers.own.table != Table::Defaults {
            let message = "`repository` is missing: it is never taken from a delivery";
            let hint = "add `repository = \"owner/name\"` to `status`, or to the hook";
            findings.add(self.table.span.clone(), message, hint);
        }
        typed.flatten()
    }
}

fn api(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let trouble = trouble_with_url(typed).or_else(|| typed.contains(['?', '#']).then_some("the URL holds `?` or `#`"));
    if let Some(trouble) = trouble {
        findings.mask(entry.span());
        entry.wrong(findings, trouble, "as in `api = \"https://git.example.org\"`");
        return None;
    }
    Some(typed.to_owned())
}

fn repository(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(char::is_control);
    if !typed.contains('/') || !typed.split('/').all(is_part) {
        entry.wrong(findings, "`repository` must be `owner/name`", "");
        return None;
    }
    Some(typed.to_owned())
}
