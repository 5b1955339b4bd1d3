//! Edge. What is left after a power cut, beside what was promised before it.

use crate::service::{HOOKS, Places, names};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const PLACES: [&str; 7] = ["queued", "running", "waiting", "held", "done", "failed", "corrupt"];

/// What the world knew when the power went, of its facts in order.
#[derive(Debug, Default)]
pub struct Known {
    /// The hook of each job that a sender was promised.
    promised: BTreeMap<String, String>,
    began: BTreeMap<String, usize>,
    /// Jobs whose last step has ended, and after which another of the queue began, or a runner went home.
    settled: BTreeMap<String, BTreeSet<String>>,
    told: BTreeSet<String>,
    told_more: u64,
    /// `Some`: a person was told that docs is on hold, or is not; `None`: somebody is about to change it.
    on_hold: Option<bool>,
}

impl Known {
    /// Adds up facts.
    pub fn of<'a>(facts: impl Iterator<Item = &'a str>) -> Self {
        let mut known = Self { on_hold: Some(false), ..Self::default() };
        let mut ended: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for fact in facts {
            match fact.split(' ').collect::<Vec<_>>()[..] {
                ["promised", _, hook, id] => drop(known.promised.insert(id.to_owned(), hook.to_owned())),
                ["began", hook, id] => {
                    *known.began.entry(id.to_owned()).or_insert(0) += 1;
                    let mut before = ended.remove(hook).unwrap_or_default();
                    before.remove(id);
                    known.settle(hook, before);
                }
                // The power went: what had ended and was not settled by then may begin again.
                ["mounted"] => ended.clear(),
                ["ended", hook, id] => drop(ended.entry(hook.to_owned()).or_default().insert(id.to_owned())),
                ["drained"] | ["runner", "ended"] => {
                    for (hook, ids) in std::mem::take(&mut ended) {
                        known.settle(&hook, ids);
                    }
                }
                ["told", id] => drop(known.told.insert(id.to_owned())),
                ["told-more", count] => known.told_more += count.parse::<u64>().unwrap_or(0),
                ["hold" | "release", "begins"] => known.on_hold = None,
                ["hold", "done"] => known.on_hold = Some(true),
                ["release", "done"] => known.on_hold = Some(false),
                _ => {}
            }
        }
        known
    }

    fn settle(&mut self, hook: &str, ids: BTreeSet<String>) {
        self.settled.entry(hook.to_owned()).or_default().extend(ids);
    }

    fn last_settled(&self, hook: &str) -> Option<&String> {
        self.settled.get(hook)?.iter().next_back()
    }

    fn is_settled(&self, id: &str) -> bool {
        self.settled.values().any(|ids| ids.contains(id))
    }
}

/// What is wrong before anybody has looked after it: what a web server would serve.
pub fn served(places: &Places, known: &Known) -> Result<(), String> {
    for (hook, tree) in [("site", "www"), ("app", "app/current/dist")] {
        let tree = places.mount().join(tree);
        let read = |name: &str| fs::read_to_string(tree.join(name)).map_err(|error| error.to_string());
        let (index, app) = (read("index.html"), read("app.js"));
        let last = known.last_settled(hook);
        if index != app || index.as_deref().is_ok_and(|text| !text.ends_with('\n')) {
            return Err(format!("a torn tree is served: {} has {index:?} and {app:?}", tree.display()));
        }
        match (index, last) {
            (Ok(served), Some(last)) if served.trim() < last.as_str() => {
                return Err(format!("{} has {served:?}, and {last} was served before", tree.display()));
            }
            (Err(why), Some(last)) => return Err(format!("{}: {why}, and {last} was served", tree.display())),
            _ => {}
        }
    }
    Ok(())
}

/// What is wrong after a runner has recovered and drained the spool. `after` are the facts since the cut.
pub fn accounted(places: &Places, known: &Known, after: &Known) -> Result<(), String> {
    let spool = places.spool();
    let found = jobs(&spool);
    for (id, hook) in &known.promised {
        let at = found.get(id).map(Vec::as_slice).unwrap_or_default();
        let [place] = at else { return Err(format!("{id} of {hook} was promised, and is in {at:?}")) };
        // That it was to begin may be on record before its step says so.
        let may_be_held = (hook == "once" && !known.is_settled(id)) || (hook == "docs" && known.on_hold != Some(false));
        let is_gits = *place == "failed" && is_gits_loss(&spool, id);
        if *place != "done" && !is_gits && !(may_be_held && matches!(*place, "held" | "queued")) {
            return Err(format!("{id} of {hook} is in {place}: {}", last_line(&spool, place, id)));
        }
    }
    for (id, at) in &found {
        whole(&spool, id, at)?;
    }
    ran(&spool, &found, known, after)?;
    told(&spool, &found, known, after)?;
    let is_held = spool.join("holds/docs").exists();
    match known.on_hold {
        Some(on_hold) if on_hold != is_held => Err(format!("docs is on hold: {is_held}; a person was told {on_hold}")),
        _ => Ok(()),
    }
}

/// `true` if a job has failed since git's own files, which git does not flush, went with the power.
pub fn git_lost_something(places: &Places) -> bool {
    let spool = places.spool();
    let failed = names(&spool.join("failed"));
    let mut ids = failed.iter().filter_map(|name| name.strip_suffix(".job")).peekable();
    ids.peek().is_some() && ids.all(|id| is_gits_loss(&spool, id))
}

fn is_gits_loss(spool: &Path, id: &str) -> bool {
    last_line(spool, "failed", id).contains("step 1 (git update): ")
}

fn jobs(spool: &Path) -> BTreeMap<String, Vec<&'static str>> {
    let mut found: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for place in PLACES {
        for name in names(&spool.join(place)) {
            if let Some(id) = name.strip_suffix(".job") {
                found.entry(id.to_owned()).or_default().push(place);
            }
        }
    }
    found
}

fn last_line(spool: &Path, place: &str, id: &str) -> String {
    let text = fs::read_to_string(spool.join(place).join(format!("{id}.events"))).unwrap_or_default();
    text.lines().last().unwrap_or("no history").to_owned()
}

/// Nothing torn was taken for a job.
fn whole(spool: &Path, id: &str, at: &[&str]) -> Result<(), String> {
    let [place] = at else { return Err(format!("{id} is in {at:?}")) };
    if *place == "corrupt" {
        return Err(format!("{id} is in corrupt/: {}", last_line(spool, place, id)));
    }
    let bytes = fs::read(spool.join(place).join(format!("{id}.job"))).map_err(|error| error.to_string())?;
    let line = bytes.strip_suffix(b"\n").and_then(|rest| rest.rsplit(|&byte| byte == b'\n').next());
    let described: Option<Value> = line.and_then(|line| serde_json::from_slice(line).ok());
    let is_it =
        described.is_some_and(|job| job["id"] == *id && HOOKS.contains(&job["hook"].as_str().unwrap_or_default()));
    if is_it { Ok(()) } else { Err(format!("{id} in {place} is no job")) }
}

/// Nothing ran twice that may not, nothing that is done never ran.
fn ran(spool: &Path, found: &BTreeMap<String, Vec<&str>>, known: &Known, after: &Known) -> Result<(), String> {
    for (id, at) in found {
        let hook = hook_of(spool, at[0], id);
        let (before, since) = (known.began.get(id).copied().unwrap_or(0), after.began.get(id).copied().unwrap_or(0));
        let at_most_since =
            if hook == "once" { 1_usize.saturating_sub(before) } else { usize::from(!known.is_settled(id)) };
        if since > at_most_since {
            return Err(format!("{id} of {hook} began {before} times before and {since} times after the cut"));
        }
        if at[0] == "done" && before + since == 0 {
            return Err(format!("{id} of {hook} is done and never began"));
        }
    }
    Ok(())
}

fn hook_of(spool: &Path, place: &str, id: &str) -> String {
    let bytes = fs::read(spool.join(place).join(format!("{id}.job"))).unwrap_or_default();
    let line = bytes.strip_suffix(b"\n").and_then(|rest| rest.rsplit(|&byte| byte == b'\n').next());
    let job: Value = line.and_then(|line| serde_json::from_slice(line).ok()).unwrap_or_default();
    job["hook"].as_str().unwrap_or_default().to_owned()
}

/// Whatever is done was told of, or waits to be.
fn told(spool: &Path, found: &BTreeMap<String, Vec<&str>>, known: &Known, after: &Known) -> Result<(), String> {
    let waiting = names(&spool.join("outbox"));
    let is_known = |id: &&String| {
        known.told.contains(*id) || after.told.contains(*id) || waiting.iter().any(|name| name.starts_with(id.as_str()))
    };
    let done = found.iter().filter(|(_, at)| at[0] == "done").map(|(id, _)| id);
    let untold: Vec<&String> = done.filter(|id| !is_known(id)).collect();
    if untold.len() as u64 > known.told_more + after.told_more {
        return Err(format!("nobody was told of {untold:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_settled_once_the_next_of_its_queue_begins() {
        let facts = ["promised d docs 1", "began docs 1", "ended docs 1"];
        assert!(!Known::of(facts.into_iter()).is_settled("1"));
        assert!(!Known::of(facts.into_iter().chain(["began shop 2"])).is_settled("1"));
        assert!(Known::of(facts.into_iter().chain(["began docs 2"])).is_settled("1"));
        assert!(Known::of(facts.into_iter().chain(["drained"])).is_settled("1"));
        assert!(!Known::of(facts.into_iter().chain(["mounted", "began docs 1", "drained"])).is_settled("1"));
    }
}
