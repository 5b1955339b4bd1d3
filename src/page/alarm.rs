//! Pure. The answer to the first question: is all well, and if not, what is it, since when, and what can be done.

use super::card::seconds_between;
use super::command::{Commands, argument};
use super::face::Face;
use super::facts::PageFacts;
use super::foreign::Foreign;
use super::relay::{HostCard, RelayCard};
use super::table::link;
use crate::model::State;
use crate::page::card::{Breakage, HookCard};
use maud::{Markup, html};

/// A server that is away for no longer is on its way back.
const AWAY_S: u64 = 60;

/// Severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Somebody should look at it some time.
    Notice,
    /// Something does not work.
    Broken,
}

/// One thing that is not as it should be.
pub(super) struct Alarm {
    pub(super) urgency: Urgency,
    what: Markup,
    commands: Commands,
}

/// Everything that is not as it should be, what is broken first.
pub(super) fn alarms(facts: &PageFacts, face: &Face) -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    alarms.extend(of_disk(facts));
    alarms.extend(of_runner(facts));
    alarms.extend(of_relay(facts, face));
    alarms.extend(facts.broken.iter().map(|breakage| of_breakage(breakage, face)));
    alarms.extend(facts.hooks.iter().filter_map(|hook| of_hold(hook, face)));
    alarms.extend(facts.hooks.iter().filter_map(of_deliveries));
    alarms.extend(of_held(facts));
    alarms.extend(of_corrupt(facts));
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.urgency));
    alarms
}

/// The heading that sums them up, and its tone.
pub(super) fn verdict(alarms: &[Alarm]) -> (&'static str, String) {
    let broken = alarms.iter().filter(|alarm| alarm.urgency == Urgency::Broken).count();
    let noticed = alarms.len() - broken;
    match (broken, noticed) {
        (0, 0) => ("good", "All is well".to_owned()),
        (0, 1) => ("warn", "Nothing is broken; one thing to know".to_owned()),
        (0, _) => ("warn", format!("Nothing is broken; {noticed} things to know")),
        (1, _) => ("bad", "One thing is broken".to_owned()),
        (_, _) => ("bad", format!("{broken} things are broken")),
    }
}

impl Alarm {
    /// Its line in the list.
    pub(super) fn markup(&self) -> Markup {
        let tone = if self.urgency == Urgency::Broken { "bad" } else { "warn" };
        html! { li class=(tone) { div { (self.what) } div.commands { (self.commands.markup()) } } }
    }
}

fn of_disk(facts: &PageFacts) -> Option<Alarm> {
    facts.disk_full.then(|| Alarm {
        urgency: Urgency::Broken,
        what: html! { strong { "The spool's disk is nearly full." } " Deliveries are refused when nothing is left." },
        commands: Commands::new(&["doctor", "prune --older-than 7d"]),
    })
}

fn of_runner(facts: &PageFacts) -> Option<Alarm> {
    if facts.runner.alive != Some(false) || facts.runner.ended_by_itself {
        return None;
    }
    let waiting = facts.count(State::Queued) + facts.count(State::Waiting);
    Some(Alarm {
        urgency: Urgency::Broken,
        what: html! {
            strong { "No runner is at work." } " Nothing runs until one is started"
            @if waiting > 0 { "; " (waiting) @if waiting == 1 { " job waits" } @else { " jobs wait" } } "."
        },
        commands: Commands::new(&["status", "doctor"]),
    })
}

fn of_breakage(breakage: &Breakage, face: &Face) -> Alarm {
    let last = &breakage.last;
    let branch = last.branch();
    Alarm {
        urgency: Urgency::Broken,
        what: html! {
            strong { (Foreign::name(last.hook())) @if !branch.is_empty() { " " (Foreign::name(branch)) } }
            @if let Some(since) = breakage.since { " has failed since " (face.time_ago(since)) }
            @else { " fails" }
            @if breakage.jobs > 1 { ", " (breakage.jobs) " jobs" }
            ", the last one " (link(last))
            @if let Some(reason) = &last.job.reason { ": " (Foreign::sentence(reason)) }
        },
        commands: Commands::of(last),
    }
}

fn of_hold(hook: &HookCard, face: &Face) -> Option<Alarm> {
    let hold = hook.hold.as_ref()?;
    Some(Alarm {
        urgency: Urgency::Notice,
        what: html! {
            strong { (Foreign::name(&hook.name)) } " has been on hold since " (face.time_ago(hold.since)) ", by "
            (Foreign::name(&hold.by)) ": " (Foreign::sentence(&hold.why))
        },
        commands: Commands::new(&[&format!("release {}", argument(&hook.name))]),
    })
}

/// Anybody may send what is refused: it is told, and breaks nothing.
fn of_deliveries(hook: &HookCard) -> Option<Alarm> {
    let deliveries = hook.deliveries.as_ref().filter(|deliveries| deliveries.refused)?;
    Some(Alarm {
        urgency: Urgency::Notice,
        what: html! { strong { (Foreign::name(&hook.name)) } ": " (Foreign::sentence(&deliveries.words)) },
        commands: Commands::new(&[&format!("deliveries {}", argument(&hook.name))]),
    })
}

fn of_held(facts: &PageFacts) -> Option<Alarm> {
    let held = facts.count(State::Held);
    (held > 0).then(|| Alarm {
        urgency: Urgency::Notice,
        what: html! {
            strong { (held) @if held == 1 { " job is held" } @else { " jobs are held" } }
            ", and " @if held == 1 { "waits" } @else { "wait" } " for a person; the reasons are below"
        },
        commands: Commands::new(&["list --state held"]),
    })
}

fn of_corrupt(facts: &PageFacts) -> Option<Alarm> {
    let corrupt = facts.count(State::Corrupt);
    (corrupt > 0).then(|| Alarm {
        urgency: Urgency::Notice,
        what: html! {
            strong { (corrupt) @if corrupt == 1 { " file was" } @else { " files were" } " put away as damaged" }
            ", and will not run"
        },
        commands: Commands::new(&["list --state corrupt"]),
    })
}

fn of_relay(facts: &PageFacts, face: &Face) -> Vec<Alarm> {
    let Some(relay) = &facts.relay else { return Vec::new() };
    let late = relay.hosts.iter().filter_map(|host| of_host(host, face));
    of_twin(relay).or_else(|| of_link(relay, face)).into_iter().chain(late).collect()
}

fn of_twin(relay: &RelayCard) -> Option<Alarm> {
    relay.twin.as_ref().filter(|_| relay.as_of.is_none()).map(|_| Alarm {
        urgency: Urgency::Broken,
        what: html! {
            strong { "Two hosts are called " (Foreign::name(&relay.name)) "." }
            " Neither takes jobs until one has another name, or its runner is stopped."
        },
        commands: Commands::new(&["doctor"]),
    })
}

fn of_link(relay: &RelayCard, face: &Face) -> Option<Alarm> {
    let trouble = relay.trouble.as_ref()?;
    let since = relay.as_of.or(relay.since)?;
    let is_away = relay.server.is_none();
    if is_away && seconds_between(since, face.now) < AWAY_S {
        return None;
    }
    let waiting: usize = relay.hosts.iter().map(|host| host.to_take).sum();
    Some(Alarm {
        urgency: Urgency::Broken,
        what: html! {
            strong { @if is_away { "No server of the relay can be reached." } @else { "The relay cannot send." } }
            @if is_away { " Since " (face.time_ago(since)) } @else { " Now" }
            ": " (Foreign::sentence(trouble))
            @if waiting > 0 { "; " (waiting) @if waiting == 1 { " job waits" } @else { " jobs wait" } " here" }
        },
        commands: Commands::new(&["status", "doctor"]),
    })
}

fn of_host(host: &HostCard, face: &Face) -> Option<Alarm> {
    let job = host.refusal();
    let oldest_at = host.oldest_at()?;
    if job.is_none() && !host.is_late(face) {
        return None;
    }
    let first = job.or(host.oldest.first())?;
    Some(Alarm {
        urgency: Urgency::Notice,
        what: html! {
            strong { (Foreign::name(&host.host)) }
            @match job {
                Some(job) => { " has refused " (host.refused) " of the jobs for it: " (Foreign::sentence(job.why())) }
                None => {
                    " has not taken " (host.to_take) @if host.to_take == 1 { " job" } @else { " jobs" }
                    ", the oldest since " (face.time_ago(oldest_at))
                }
            }
        },
        commands: Commands::new(&[&format!("show {}", argument(&first.id.short()))]),
    })
}
