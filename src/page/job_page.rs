//! Pure. `job/<id>.html`: one job, what became of it and why.

use super::card::JobCard;
use super::command::{Commands, preparation};
use super::face::{Face, span};
use super::facts::StepFacts;
use super::foreign::Foreign;
use super::frame::Frame;
use super::index::{REFRESH_S, step};
use super::printed::LogExcerpt;
use super::table::{badge_of, cell, headings};
use crate::model::{EventKind, JobMeta, RefName, State};
use crate::spool::{Entry, HostWord};
use maud::{Markup, html};

/// Most lines of a history that are shown from its beginning, and from its end.
const HISTORY_HEAD: usize = 20;
const HISTORY_TAIL: usize = 100;

/// All that the page of a job tells.
#[derive(Debug, Clone)]
pub struct JobFactsheet {
    /// Heading of the whole page.
    pub title: String,
    /// The configuration, where commands do not find it by themselves.
    pub config: Option<String>,
    /// The job in a row.
    pub card: JobCard,
    /// Its description; `None` when that cannot be read.
    pub meta: Option<JobMeta>,
    /// Everything that happened to it.
    pub history: Vec<Entry>,
    /// Its standing with other hosts.
    pub hosts: Vec<HostWord>,
    /// The step that it is at.
    pub step: Option<StepFacts>,
    /// Its log; `None`: that is not for the page.
    pub log: Option<LogExcerpt>,
    /// The address of the page.
    pub url: Option<String>,
    /// `true` if the whole log lies beside the page.
    pub has_log_file: bool,
}

/// The page.
pub fn job_page(sheet: &JobFactsheet, face: &Face) -> String {
    let card = &sheet.card;
    let is_live = card.job.state == State::Running;
    let content = html! {
        header {
            p { a href="../index.html" { (sheet.title) } }
            h1 { "Job " code { (card.id().short()) } " " (badge_of(card.word())) }
            @if is_live {
                p.dim {
                    "As of " (face.full(face.now)) ". Loads itself anew every " (REFRESH_S) " s while the job runs."
                }
            }
        }
        main {
            section aria-labelledby="facts" { h2 #facts { "What it is" } (facts(sheet, face)) }
            section aria-labelledby="type" {
                h2 #type { "What to type" }
                (Commands::of(card).markup())
                (preparation(sheet.config.as_deref()))
            }
            section aria-labelledby="history" { h2 #history { "What happened" } (history(sheet, face)) }
            section aria-labelledby="log" { h2 #log { "What it printed" } (log(sheet, face)) }
        }
        footer { p { a href="../index.html" { "All jobs" } } }
    };
    let title = format!("{} {} {} – {}", card.id().short(), card.word(), card.hook(), sheet.title);
    Frame { up: "../", title: &title, refresh_s: is_live.then_some(REFRESH_S) }.around(&content)
}

fn facts(sheet: &JobFactsheet, face: &Face) -> Markup {
    let (card, job) = (&sheet.card, &sheet.card.job);
    let meta = sheet.meta.as_ref();
    let name = |text: Option<&str>| text.map(|text| html! { (Foreign::whole(text)) });
    let code = |text: Option<&str>| text.map(|text| html! { code { (Foreign::whole(text)) } });
    let time = |at: Option<jiff::Timestamp>| at.map(|at| html! { (face.full(at)) });
    let rows: Vec<(&str, Option<Markup>)> = vec![
        ("Reason", job.reason.as_deref().map(|reason| html! { (Foreign::whole(reason)) })),
        ("At step", sheet.step.as_ref().map(|at| step(Some(at), face))),
        ("Next attempt", time(job.not_before.filter(|_| job.state == State::Waiting))),
        ("Hook", name(job.hook.as_deref())),
        ("Event", name(job.event.as_ref().map(EventKind::as_str))),
        ("Ref", name(job.reference.as_ref().map(RefName::as_str))),
        ("Commit", code(job.after.as_deref())),
        ("Before", code(meta.and_then(|meta| meta.before.as_deref()))),
        ("Repository", name(card.repository.as_deref())),
        ("Pushed by", name(card.pusher.as_deref())),
        ("Provider", name(job.provider.as_deref())),
        ("Delivery", code(job.delivery.as_deref())),
        ("From host", name(meta.and_then(|meta| meta.origin.as_deref()))),
        ("Note", meta.and_then(|meta| meta.note.as_deref()).map(|note| html! { (Foreign::whole(note)) })),
        ("Arrived", time(job.arrived_at)),
        ("Last attempt", time(card.started_at)),
        ("Ended", time(card.ended_at.filter(|_| matches!(job.state, State::Done | State::Failed)))),
        ("Took", card.took_s.map(|seconds| html! { (span(seconds)) })),
        ("Attempts", Some(html! { (job.attempts) })),
        ("Address", sheet.url.as_ref().map(|url| html! { a href=(url) { (url) } })),
        ("Id", Some(html! { code { (card.id().to_string()) } })),
    ];
    html! {
        dl {
            @for (term, value) in &rows {
                @if let Some(value) = value { div { dt { (term) } dd { (value) } } }
            }
            @for word in &sheet.hosts { div { dt { "Host" } dd { (host(word, face)) } } }
        }
    }
}

/// `web1: taken, 12:30:03`.
fn host(word: &HostWord, face: &Face) -> Markup {
    html! {
        (Foreign::name(&word.host)) ": " (Foreign::whole(&word.word))
        @if let Some(at) = word.at { ", " (face.full(at)) }
        @if word.is_refused() { span.dim { "; it is asked again" } }
    }
}

fn history(sheet: &JobFactsheet, face: &Face) -> Markup {
    let entries = &sheet.history;
    let head = &entries[..entries.len().min(HISTORY_HEAD)];
    let tail = &entries[head.len().max(entries.len().saturating_sub(HISTORY_TAIL))..];
    let left_out = entries.len() - head.len() - tail.len();
    html! {
        @if entries.is_empty() {
            p.none { "Nothing has happened to it yet." }
        } @else {
            table {
                caption { "Everything that happened to the job, the first thing first" }
                (headings(&["At", "What"]))
                tbody {
                    (lines(head, face))
                    @if left_out > 0 { tr { td colspan="2" { "… " (left_out) " lines are left out here …" } } }
                    (lines(tail, face))
                }
            }
        }
    }
}

fn lines(entries: &[Entry], face: &Face) -> Markup {
    html! {
        @for entry in entries {
            tr { (cell("At", &face.time(entry.at))) (cell("What", &Foreign::whole(&entry.what.to_string()))) }
        }
    }
}

fn log(sheet: &JobFactsheet, face: &Face) -> Markup {
    html! {
        @match &sheet.log {
            None => p.none {
                "Logs are not shown here. On the host: "
                code.command { "hookspool log " (sheet.card.id().short()) }
            },
            Some(log) if log.is_empty() => p.none { "It has printed nothing." },
            Some(log) => {
                @if sheet.has_log_file {
                    p { a href={ (sheet.card.id().to_string()) ".log" } { "The whole log, as text" } }
                }
                pre.log tabindex="0" role="region" aria-label="Lines of the log" { (log.markup(face)) }
            }
        }
    }
}
