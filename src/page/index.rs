//! Pure. `index.html`: what an operator asks first, in the order of the asking.

use super::alarm::{alarms, verdict};
use super::card::{HookCard, JobCard, seconds_between};
use super::command::{Commands, preparation};
use super::face::{Face, span};
use super::facts::{PageFacts, RunnerFacts, RunningCard, StepFacts};
use super::foreign::Foreign;
use super::frame::Frame;
use super::relay::hosts;
use super::table::{at_rest, badge_of, cell, headings, link, recent, subject};
use crate::model::State;
use maud::{Markup, html};

/// Seconds after which a page of something that runs loads itself anew.
pub(super) const REFRESH_S: u32 = 5;

/// The page, or with `still` the same, which does not load itself anew.
pub fn index(facts: &PageFacts, face: &Face, still: bool) -> String {
    let is_live = !facts.running.is_empty();
    let refresh_s = (is_live && !still).then_some(REFRESH_S);
    let content = html! {
        header {
            h1 { (facts.title) }
            p.dim {
                "As of " (face.full(facts.as_of)) ". " (runner(&facts.runner, face))
                @if is_live { " " (follow(still)) }
            }
        }
        main {
            (health(facts, face))
            section aria-labelledby="running" { h2 #running { "Running" } (running(facts, face)) }
            section aria-labelledby="waiting" { h2 #waiting { "Waiting" } (at_rest(facts, face)) }
            @if let Some(relay) = &facts.relay {
                section aria-labelledby="hosts" { h2 #hosts { "Other hosts" } (hosts(relay, face)) }
            }
            section aria-labelledby="hooks" { h2 #hooks { "Hooks" } (hooks(facts, face)) }
            section aria-labelledby="recent" { h2 #recent { "Last jobs" } (recent(facts, face)) }
        }
        footer { (footer(facts)) }
    };
    Frame { up: "", title: &window_title(facts, face), refresh_s }.around(&content)
}

/// A tab among many tells whether somebody should look.
fn window_title(facts: &PageFacts, face: &Face) -> String {
    format!("{} – {}", verdict(&alarms(facts, face)).1, facts.title)
}

fn follow(still: bool) -> Markup {
    html! {
        @if still { "This copy stays as it is: " a href="index.html" { "follow what runs" } "." }
        @else { "Loads itself anew every " (REFRESH_S) " s: " a href="still.html" { "hold it still" } "." }
    }
}

fn runner(runner: &RunnerFacts, face: &Face) -> Markup {
    html! {
        @match (runner.alive, runner.since) {
            (Some(true), Some(since)) => { "The runner has been at work since " (face.time(since)) "." }
            (Some(true), None) => "The runner is at work.",
            (Some(false), _) if runner.ended_by_itself => "No runner is at work: the last one had done what there was \
                to do; the next one is started by whoever started it, such as cron.",
            (Some(false), _) => "No runner is at work.",
            (None, _) => "Nobody can tell from here whether a runner is at work.",
        }
    }
}

fn health(facts: &PageFacts, face: &Face) -> Markup {
    let alarms = alarms(facts, face);
    let (tone, sentence) = verdict(&alarms);
    html! {
        section class={ "health " (tone) } aria-labelledby="health" {
            h2 #health { (sentence) }
            @if !alarms.is_empty() { ul { @for alarm in &alarms { (alarm.markup()) } } }
        }
    }
}

fn running(facts: &PageFacts, face: &Face) -> Markup {
    html! {
        @if facts.running.is_empty() {
            p.none { "Nothing runs." }
        } @else {
            table {
                caption { "Usual times are those of the last job that succeeded" }
                (headings(&["Job", "Hook", "Step", "Running for", "Usually", "To type"]))
                tbody {
                    @for running in &facts.running {
                        tr {
                            th scope="row" data-label="Job" { (link(&running.card)) }
                            (cell("Hook", &subject(&running.card)))
                            (cell("Step", &step(running.step.as_ref(), face)))
                            (cell("Running for", &elapsed(running, face)))
                            (cell("Usually", &usual(running)))
                            (cell("To type", &Commands::of(&running.card).markup()))
                        }
                    }
                }
            }
        }
    }
}

/// `2 of 4: npm ci, for 40 s (usually 35 s, at most 15 min)`.
pub(super) fn step(step: Option<&StepFacts>, face: &Face) -> Markup {
    let Some(step) = step else { return html! { span.dim { "between two steps" } } };
    let bounds = [("usually", step.usual_s), ("at most", step.limit_s)];
    let bounds: Vec<String> =
        bounds.iter().filter_map(|(word, seconds)| Some(format!("{word} {}", span((*seconds)?)))).collect();
    html! {
        span.number { (step.number) " of " (step.of) ":" } " " code { (Foreign::name(&step.title)) }
        span.dim {
            ", for " (span(seconds_between(step.since, face.now)))
            @if !bounds.is_empty() { " (" (bounds.join(", ")) ")" }
        }
    }
}

/// The time since its attempt began, with a bar where it is known how long that usually takes.
fn elapsed(running: &RunningCard, face: &Face) -> Markup {
    let Some(began) = running.card.started_at else { return html! { "" } };
    let seconds = seconds_between(began, face.now);
    html! {
        (span(seconds))
        @if let Some(usual) = running.usual_s.filter(|usual| *usual > 0) {
            " " progress max=(usual) value=(seconds.min(usual)) aria-label="part of the usual time" {}
        }
    }
}

fn usual(running: &RunningCard) -> Markup {
    html! {
        @match running.usual_s {
            Some(seconds) => (span(seconds)),
            None => span.dim { "not known" },
        }
    }
}

fn hooks(facts: &PageFacts, face: &Face) -> Markup {
    html! {
        @if facts.hooks.is_empty() {
            p.none { "The configuration has no hook." }
        } @else {
            table {
                caption { "Hooks, with their last results" }
                (headings(&["Hook", "Now", "Last success", "Last failure", "Last delivery", "Jobs"]))
                tbody {
                    @for hook in &facts.hooks {
                        tr {
                            th scope="row" data-label="Hook" { (Foreign::name(&hook.name)) }
                            (cell("Now", &badge_of(now(hook, facts))))
                            (cell("Last success", &last(hook.last_success.as_ref(), face)))
                            (cell("Last failure", &last(hook.last_failure.as_ref(), face)))
                            (cell("Last delivery", &delivery(hook)))
                            (cell("Jobs", &jobs(hook)))
                        }
                    }
                }
            }
        }
        @if !facts.complete {
            p.more { "There are more jobs than were looked at for this: older results are missing." }
        }
    }
}

/// The word for a hook as it is now.
pub(super) fn now(hook: &HookCard, facts: &PageFacts) -> &'static str {
    let is_broken = facts.broken.iter().any(|breakage| breakage.last.hook() == hook.name);
    match () {
        () if hook.running > 0 => "running",
        () if hook.hold.is_some() => "on hold",
        () if is_broken => "failed",
        () if hook.last_success.is_some() => "succeeded",
        () => "no result",
    }
}

fn last(card: Option<&JobCard>, face: &Face) -> Markup {
    html! {
        @match card {
            Some(card) => {
                (link(card)) " " @if let Some(at) = card.at() { (face.time_ago(at)) }
            }
            None => span.dim { "none" },
        }
    }
}

fn delivery(hook: &HookCard) -> Markup {
    html! {
        @match &hook.deliveries {
            Some(deliveries) => (Foreign::sentence(&deliveries.words)),
            None => span.dim { "not known" },
        }
    }
}

fn jobs(hook: &HookCard) -> Markup {
    let counts = [(hook.running, "running"), (hook.waiting, "waiting"), (hook.held, "held")];
    let words: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    html! { @if words.is_empty() { span.dim { "none" } } @else { (words.join(", ")) } }
}

fn footer(facts: &PageFacts) -> Markup {
    let total: usize = State::ALL.into_iter().map(|state| facts.count(state)).sum();
    html! {
        (preparation(facts.config.as_deref()))
        p {
            "A runner writes this page when something happens, and at least once a minute. If the time at its top is \
             older than that, no runner is at work, or it cannot write here: "
            code.command { "hookspool doctor" }
        }
        p {
            (total) " jobs are kept: "
            @for (index, state) in State::ALL.into_iter().enumerate() {
                @if index > 0 { ", " } (facts.count(state)) " " (state.as_str())
            }
            ". For programs: " a href="status.json" { "status.json" } ". Made by hookspool " (env!("CARGO_PKG_VERSION"))
            "."
        }
    }
}
