//! Pure. Tables of jobs: on a narrow screen each row becomes a card, whose cells name themselves.

use super::card::JobCard;
use super::command::Commands;
use super::face::{Face, span};
use super::facts::PageFacts;
use super::foreign::Foreign;
use crate::model::{JobMeta, State};
use maud::{Markup, Render, html};

/// A cell under `label`.
pub(super) fn cell(label: &str, content: &impl Render) -> Markup {
    html! { td data-label=(label) { (content) } }
}

/// The head of a table.
pub(super) fn headings(labels: &[&str]) -> Markup {
    html! { thead { tr { @for label in labels { th scope="col" { (label) } } } } }
}

/// The word for a state or an outcome, in a shape of its own, too.
pub(super) fn badge_of(word: &str) -> Markup {
    html! { span class={ "state " (tone(word)) } { (word) } }
}

/// The tone of a word: a class of the style sheet.
fn tone(word: &str) -> &'static str {
    match word {
        "succeeded" | "up to date" => "good",
        "failed" | "timed-out" | "interrupted" | "corrupt" => "bad",
        "held" | "waiting" | "on hold" | "behind" | "refuses" => "warn",
        "running" => "busy",
        _ => "quiet",
    }
}

/// The job's name, which leads to its own page.
pub(super) fn link(card: &JobCard) -> Markup {
    html! { a href={ "job/" (card.id().to_string()) ".html" } { code { (card.id().short()) } } }
}

/// Name of the hook and the branch or tag below it.
pub(super) fn subject(card: &JobCard) -> Markup {
    html! {
        span.hook { (Foreign::name(if card.hook().is_empty() { "?" } else { card.hook() })) }
        @if !card.branch().is_empty() { " " span.ref { (Foreign::name(card.branch())) } }
    }
}

/// The commit, as short as people quote it.
pub(super) fn commit(card: &JobCard) -> Markup {
    let short = card.job.after.as_deref().map(|after| after.get(..10).unwrap_or(after));
    html! { @if let Some(short) = short { code { (Foreign::name(short)) } } }
}

/// The reason, or the word that stands for one.
pub(super) fn reason(card: &JobCard) -> Markup {
    let missed = card.job.provider.as_deref() == Some(JobMeta::RECONCILE);
    let own = if missed { "no delivery told of it (reconcile)" } else { "" };
    let reason = card.job.reason.as_deref().unwrap_or(own);
    html! { @if !reason.is_empty() { (Foreign::sentence(reason)) } }
}

/// Jobs that are queued, wait or are held: the first of them, and how many there are.
pub(super) fn at_rest(facts: &PageFacts, face: &Face) -> Markup {
    let rows = || facts.queued.iter().chain(&facts.waiting).chain(&facts.held);
    let total: usize = [State::Queued, State::Waiting, State::Held].into_iter().map(|state| facts.count(state)).sum();
    let shown = rows().count();
    html! {
        @if shown == 0 {
            p.none { "Nothing waits." }
        } @else {
            table {
                caption { "Jobs that are queued, wait for another attempt, or are held" }
                (headings(&["Job", "State", "Hook", "Since", "Next", "Reason", "To type"]))
                tbody {
                    @for card in rows() {
                        tr {
                            th scope="row" data-label="Job" { (link(card)) }
                            (cell("State", &badge_of(card.word())))
                            (cell("Hook", &subject(card)))
                            (cell("Since", &since(card, face)))
                            (cell("Next", &next(card, face)))
                            (cell("Reason", &reason(card)))
                            (cell("To type", &Commands::of(card).markup()))
                        }
                    }
                }
            }
            @if total > shown { p.more { "And " (total - shown) " more: " code.command { "hookspool list" } } }
        }
    }
}

fn since(card: &JobCard, face: &Face) -> Markup {
    html! { @if let Some(at) = card.at() { (face.time_ago(at)) } }
}

/// The time of the next attempt, or what it depends on.
fn next(card: &JobCard, face: &Face) -> Markup {
    let wait = card.job.wait.filter(|_| card.job.state == State::Waiting);
    let left = wait.map(|wait| wait.left(face.now).as_secs());
    html! {
        @match (card.job.state, card.job.not_before, left) {
            (State::Waiting, Some(at), Some(1..)) => {
                "in " (span(left.unwrap_or_default())) ", at " (face.time(at))
            }
            (State::Waiting, ..) => "now",
            (State::Held, ..) => "when released",
            _ => "in its turn",
        }
    }
}

/// The newest jobs that ended.
pub(super) fn recent(facts: &PageFacts, face: &Face) -> Markup {
    html! {
        @if facts.recent.is_empty() {
            p.none { "No job has ended yet." }
        } @else {
            table {
                caption { "The last " (facts.recent.len()) " jobs that ended, the newest first" }
                (headings(&["Job", "Outcome", "Hook", "Commit", "Ended", "Took", "Reason", "To type"]))
                tbody {
                    @for card in &facts.recent {
                        tr {
                            th scope="row" data-label="Job" { (link(card)) }
                            (cell("Outcome", &badge_of(card.word())))
                            (cell("Hook", &subject(card)))
                            (cell("Commit", &commit(card)))
                            (cell("Ended", &since(card, face)))
                            (cell("Took", &took(card)))
                            (cell("Reason", &reason(card)))
                            (cell("To type", &Commands::of(card).first().markup()))
                        }
                    }
                }
            }
        }
    }
}

/// Length of the last attempt.
pub(super) fn took(card: &JobCard) -> Markup {
    html! { @if let Some(seconds) = card.took_s { (span(seconds)) } }
}
