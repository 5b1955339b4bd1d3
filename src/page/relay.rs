//! Pure. The hosts beside this one: how the relay is, and which of them still have jobs to take.

use super::card::seconds_between;
use super::face::Face;
use super::foreign::Foreign;
use super::table::{badge_of, cell, headings};
use crate::model::JobId;
use crate::spool::HostWord;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Serialize;

/// A job that a host has not taken for so long is told.
const LATE_S: u64 = 900;

/// The relay of a host that is one of several.
#[derive(Debug, Clone, Serialize)]
pub struct RelayCard {
    /// This host's name.
    pub name: String,
    /// The server that it is connected to.
    pub server: Option<String>,
    /// Since when it has been connected, or not.
    pub since: Option<Timestamp>,
    /// The reason for which nothing goes.
    pub trouble: Option<String>,
    /// The spool of another host of this name.
    pub twin: Option<String>,
    /// Time of this knowledge, where no runner is at work that would have a newer one.
    pub as_of: Option<Timestamp>,
    /// The other hosts, first those that have jobs to take.
    pub hosts: Vec<HostCard>,
    /// Those that are not among them.
    pub more_hosts: usize,
}

/// A host that gets jobs from here.
#[derive(Debug, Clone, Serialize)]
pub struct HostCard {
    /// Its name.
    pub host: String,
    /// Jobs that it has not taken.
    pub to_take: usize,
    /// Those of them that a server has stored.
    pub sent: usize,
    /// Those of them that the host refused.
    pub refused: usize,
    /// The oldest of them.
    pub oldest: Vec<HostJob>,
}

/// A job that a host has not taken.
#[derive(Debug, Clone, Serialize)]
pub struct HostJob {
    /// The job.
    pub id: JobId,
    /// Its standing there.
    #[serde(flatten)]
    pub word: HostWord,
}

impl HostJob {
    /// The reason of a refusal.
    pub(super) fn why(&self) -> &str {
        self.word.word.strip_prefix("refused: ").unwrap_or(&self.word.word)
    }
}

impl HostCard {
    /// Arrival of the oldest that it has not taken.
    pub(super) fn oldest_at(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(self.oldest.first()?.id.sequence().into()).ok()
    }

    /// The oldest that it refused.
    pub(super) fn refusal(&self) -> Option<&HostJob> {
        self.oldest.iter().find(|job| job.word.is_refused())
    }

    /// True if it has not taken a job for long.
    pub(super) fn is_late(&self, face: &Face) -> bool {
        self.oldest_at().is_some_and(|at| seconds_between(at, face.now) >= LATE_S)
    }

    /// The word for it as it is now.
    fn now(&self, face: &Face) -> &'static str {
        match (self.to_take, self.refused) {
            (0, _) => "up to date",
            (_, 1..) => "refuses",
            _ if self.is_late(face) => "behind",
            _ => "on its way",
        }
    }
}

/// The relay in a sentence, and a table of the hosts.
pub(super) fn hosts(relay: &RelayCard, face: &Face) -> Markup {
    html! {
        p { (link(relay, face)) }
        @if relay.hosts.is_empty() {
            p.none { "No job is for another host." }
        } @else {
            table {
                caption { "Hosts that get jobs from this one, first those that have not taken all" }
                (headings(&["Host", "Now", "Still to take", "Oldest", "Jobs", "Reason"]))
                tbody { @for host in &relay.hosts { (row(host, face)) } }
            }
            @if relay.more_hosts > 0 {
                p.more { "And " (relay.more_hosts) " more: " code.command { "hookspool status" } }
            }
        }
    }
}

fn row(host: &HostCard, face: &Face) -> Markup {
    html! {
        tr {
            th scope="row" data-label="Host" { (Foreign::name(&host.host)) }
            (cell("Now", &badge_of(host.now(face))))
            (cell("Still to take", &count(host)))
            (cell("Oldest", &html! { @if let Some(at) = host.oldest_at() { (face.time_ago(at)) } }))
            (cell("Jobs", &jobs(host)))
            (cell("Reason", &html! { @if let Some(job) = host.refusal() { (Foreign::sentence(job.why())) } }))
        }
    }
}

fn count(host: &HostCard) -> Markup {
    let parts = [(host.sent, "sent"), (host.refused, "refused")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    html! {
        @if host.to_take > 0 { span.number { (host.to_take) } }
        @if !parts.is_empty() { span.dim { " (" (parts.join(", ")) ")" } }
    }
}

/// The oldest, by name.
fn jobs(host: &HostCard) -> Markup {
    html! {
        @for (index, job) in host.oldest.iter().enumerate() {
            @if index > 0 { " " }
            a href={ "job/" (job.id.to_string()) ".html" } { code { (job.id.short()) } }
        }
        @if host.to_take > host.oldest.len() && !host.oldest.is_empty() { " …" }
    }
}

/// `This host is gate. It has been connected to nats1 since 12:00:01.`
fn link(relay: &RelayCard, face: &Face) -> Markup {
    html! {
        "This host is " (Foreign::name(&relay.name)) ". "
        @match (relay.as_of, relay.since) {
            (Some(at), _) => {
                "When its last runner ended, " (face.time_ago(at)) ", "
                @if let Some(trouble) = &relay.trouble { "nothing went: " (Foreign::sentence(trouble)) "." }
                @else { "it had done what there was to do." }
            }
            (None, Some(since)) => { (state(relay, &face.time_ago(since))) }
            (None, None) => "Its relay is not at work.",
        }
    }
}

fn state(relay: &RelayCard, since: &Markup) -> Markup {
    html! {
        @match (&relay.server, &relay.trouble) {
            _ if relay.twin.is_some() => "Another one has this name, and neither takes jobs.",
            (Some(server), None) => { "It has been connected to " (Foreign::name(server)) " since " (since) "." }
            (Some(server), Some(trouble)) => {
                "It is connected to " (Foreign::name(server)) ", and " (Foreign::sentence(trouble)) "."
            }
            (None, Some(trouble)) => { "No server can be reached since " (since) ": " (Foreign::sentence(trouble)) "." }
            (None, None) => "It is not connected.",
        }
    }
}
