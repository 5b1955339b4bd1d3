//! Pure. From the typed document to the settings, or to everything that is wrong with it.

mod boxes;
mod confine;
mod env;
mod field;
mod hook;
mod page;
mod place;
mod plan;
mod provider;
mod reading;
mod relay;
mod releases;
mod rules;
mod secret;
mod section;
mod signature;
mod step;
mod target;
mod telling;
mod value;

use super::findings::Findings;
use super::keys::{Table, default_of};
use super::quantity;
use super::raw::{Raw, Section};
use super::report::Report;
use super::settings::{Config, FileVersion, RunnerSettings, SandboxMode};
use jiff::Timestamp;
use section::Layers;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Most bytes that a configuration may let a payload have, and fewest.
const BODY_LIMITS: [&str; 2] = ["1KiB", "1GiB"];
/// Bounds of `workers`.
const WORKERS: RangeInclusive<i64> = 1..=64;
/// Bounds of `grace`.
const GRACE_LIMITS: [&str; 2] = ["0s", "1d"];

/// Bounds of `keep`.
const KEEP_LIMITS: [&str; 2] = ["1m", "36500d"];
/// Bounds of `keep_count`.
const KEEP_COUNTS: std::ops::RangeInclusive<i64> = 0..=1_000_000_000;

/// Reads `text`, the content of `file`.
pub fn check(text: &str, file: PathBuf) -> Result<Config, Report> {
    let mut findings = Findings::new(text);
    let raw = Raw::parse(text, &mut findings);
    let config = raw.as_ref().and_then(|raw| config(&raw.top(), file.clone(), &mut findings));
    match (findings.into_report(file.clone()), config) {
        (None, Some(config)) => Ok(config),
        (Some(report), _) => Err(report),
        (None, None) => Err(unexplained(text, file)),
    }
}

/// A reader gave up without saying why, which is a bug here: refused all the same.
fn unexplained(text: &str, file: PathBuf) -> Report {
    let mut findings = Findings::new(text);
    findings.add(0..0, "this configuration cannot be read", "please report this as a bug");
    findings.into_report(file).unwrap_or_else(|| unreachable!("one finding was added"))
}

fn config(top: &Section<'_>, file: PathBuf, findings: &mut Findings<'_>) -> Option<Config> {
    section::known_keys(top, findings);
    section::required_keys(top, findings);
    let spool = top.get("spool").and_then(|entry| value::absolute_path(&entry, findings));
    let body_limit_bytes = body_limit_bytes(top, findings);
    let sandbox = sandbox(top, findings);
    let runner = runner(top, findings);
    let layers = layers(top, findings);
    let notify = target::targets(top, findings);
    telling::unknown_names(top, &layers, findings);
    let relay = relay::relay(top, findings);
    let own_name = top.get("relay").and_then(|entry| entry.as_section(Table::Relay)?.get("name")?.as_text());
    let hooks = hook::hooks(&layers, own_name, findings);
    if let Some(relay) = &relay {
        relay::known(&layers, relay.as_ref(), findings);
    }
    place::apart(spool.as_deref(), &layers, findings);
    let page = page::page(top, spool.as_deref(), &layers, findings);
    place::own_releases(&layers, findings);
    if let (Some(hooks), Some(runner)) = (&hooks, &runner) {
        place::one_queue(hooks, &layers, runner.workers, findings);
    }
    let read_at = Timestamp::UNIX_EPOCH;
    let version = FileVersion::default();
    let config = Config {
        file,
        read_at,
        version,
        spool: spool?,
        body_limit_bytes: body_limit_bytes?,
        sandbox: sandbox?,
        runner: runner?,
        page: page?,
        notify: notify?,
        relay: relay?,
        hooks: hooks?,
    };
    boxes::apart(&config, &layers, findings);
    Some(config)
}

fn body_limit_bytes(top: &Section<'_>, findings: &mut Findings<'_>) -> Option<u64> {
    match top.get("body_limit") {
        Some(entry) => value::size_bytes(&entry, BODY_LIMITS, findings),
        None => quantity::size_bytes(default_of(Table::Top, "body_limit")),
    }
}

fn sandbox(top: &Section<'_>, findings: &mut Findings<'_>) -> Option<SandboxMode> {
    let entry = top.get("sandbox");
    entry.map_or(Some(SandboxMode::Auto), |entry| value::word(&entry, &SandboxMode::WORDS, findings))
}

fn runner(top: &Section<'_>, findings: &mut Findings<'_>) -> Option<RunnerSettings> {
    let default_grace = quantity::duration(default_of(Table::Runner, "grace"))?;
    let default_keep = quantity::duration(default_of(Table::Runner, "keep"))?;
    let Some(entry) = top.get("runner") else {
        return Some(RunnerSettings {
            workers: 1,
            log_dir: None,
            metrics: None,
            grace: default_grace,
            keep: default_keep,
            keep_count: None,
        });
    };
    let runner = section::open(&entry, Table::Runner, findings)?;
    let workers = runner.get("workers").map_or(Some(1), |entry| value::integer(&entry, WORKERS, findings));
    let log_dir = runner.get("log_dir").and_then(|entry| value::absolute_path(&entry, findings));
    let metrics = runner.get("metrics").and_then(|entry| value::absolute_path(&entry, findings));
    let grace = runner.get("grace").map_or(Some(default_grace), |e| value::duration(&e, GRACE_LIMITS, findings));
    let keep = runner.get("keep").map_or(Some(default_keep), |e| value::duration(&e, KEEP_LIMITS, findings));
    let keep_count = runner.get("keep_count").map(|entry| value::integer(&entry, KEEP_COUNTS, findings));
    let keep_count = keep_count.flatten().and_then(|count| usize::try_from(count).ok());
    let workers = usize::try_from(workers?).ok()?;
    Some(RunnerSettings { workers, log_dir, metrics, grace: grace?, keep: keep?, keep_count })
}

/// The hooks as they were typed, each over the defaults. The defaults are judged on their own, too: a hook may hide
/// what is wrong with them.
fn layers<'a>(top: &Section<'a>, findings: &mut Findings<'_>) -> Vec<Layers<'a>> {
    let defaults = top.get("defaults").and_then(|entry| section::open(&entry, Table::Defaults, findings));
    if let Some(own) = defaults.clone() {
        hook::settings(&Layers { own, defaults: None }, false, findings);
    }
    let Some(list) = top.get("hook") else { return Vec::new() };
    let Some(elements) = list.as_list() else {
        findings.add(list.key_span.clone(), "`hook` must be an array of tables", "write `[[hook]]`");
        return Vec::new();
    };
    let hooks = elements.iter().filter_map(|element| section::open_element(element, Table::Hook, findings));
    hooks.map(|own| Layers { own, defaults: defaults.clone() }).collect::<Vec<_>>()
}
