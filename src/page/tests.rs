//! Pure. The pages as text: what an operator is told first, and what does not fit.

use super::*;
use crate::model::{EventKind, JobId, Outcome, RefName, State};
use crate::spool::{Hold, HostWord, JobView};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::collections::BTreeMap;

fn now() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn face() -> Face {
    Face { now: now(), zone: TimeZone::UTC }
}

fn card(random: u32, state: State, outcome: Option<Outcome>) -> JobCard {
    let ended_at = Some(now() - SignedDuration::from_mins(90));
    let job = JobView {
        id: JobId::new(1_700_000_000_000_000_000, random).unwrap(),
        state,
        outcome,
        hook: Some("docs".into()),
        event: Some(EventKind::Push),
        reference: RefName::branch_named("main"),
        after: Some("0a".repeat(20)),
        provider: Some("github".into()),
        delivery: None,
        arrived_at: ended_at,
        attempts: 1,
        reason: outcome.filter(|outcome| outcome.is_failure()).map(|_| "step 2 (make) exited with 2".into()),
        not_before: None,
        wait: None,
    };
    JobCard {
        job,
        repository: Some("me/docs".into()),
        pusher: Some("mei".into()),
        started_at: ended_at,
        ended_at,
        took_s: Some(61),
        steps_s: vec![("git update".into(), 1), ("make".into(), 60)],
    }
}

fn hook() -> HookCard {
    HookCard {
        name: "docs".into(),
        queue: Some("docs".into()),
        running: 0,
        waiting: 0,
        held: 0,
        last_success: Some(card(1, State::Done, Some(Outcome::Succeeded))),
        last_failure: None,
        hold: None,
        deliveries: None,
    }
}

fn facts() -> PageFacts {
    PageFacts {
        as_of: now(),
        title: "Deployments".into(),
        config: None,
        runner: RunnerFacts { alive: Some(true), since: Some(now()), ..RunnerFacts::default() },
        disk_full: false,
        jobs: BTreeMap::from([(State::Done, 1)]),
        running: Vec::new(),
        queued: Vec::new(),
        waiting: Vec::new(),
        held: Vec::new(),
        broken: Vec::new(),
        relay: None,
        hooks: vec![hook()],
        recent: vec![card(1, State::Done, Some(Outcome::Succeeded))],
        complete: true,
    }
}

/// The heading of the first section, and the text of its list.
fn told(facts: &PageFacts) -> (String, Vec<String>) {
    let page = index(facts, &face(), false);
    let part = |text: &str, from: &str, to: &str| {
        let start = text.find(from).map_or(text.len(), |at| at + from.len());
        text[start..].split(to).next().unwrap_or_default().to_owned()
    };
    let list = part(&part(&page, "class=\"health", "</section>"), "<ul>", "</ul>");
    let items = list.split("<li").skip(1).map(|item| plain(item.split_once('>').unwrap().1)).collect();
    (part(&page, "<h2 id=\"health\">", "</h2>"), items)
}

/// Markup without its tags.
fn plain(markup: &str) -> String {
    let text: String = markup.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    text.replace('\u{a0}', " ")
}

#[test]
fn all_is_well_where_nothing_is_wrong() {
    assert_eq!(told(&facts()), ("All is well".to_owned(), Vec::new()));
    assert_eq!(badge(&hook(), &facts()).matches(">succeeded<").count(), 1);
    let page = index(&facts(), &face(), false);
    assert!(page.contains("<title>All is well – Deployments</title>"), "{page}");
}

#[test]
fn what_is_broken_comes_first_with_its_time_its_reason_and_its_command() {
    let last = card(0x78ec_f395, State::Failed, Some(Outcome::Failed));
    let since = Some(now() - SignedDuration::from_hours(3));
    let hold = Some(Hold { why: "moving".into(), since: now() - SignedDuration::from_mins(5), by: "mei".into() });
    let deliveries = Some(DeliveryFacts { words: "3 refused, 2 min ago: signature wrong".into(), refused: true });
    let facts = PageFacts {
        broken: vec![Breakage { since, jobs: 4, last }],
        hooks: vec![HookCard { hold, deliveries, ..hook() }],
        jobs: BTreeMap::from([(State::Held, 2), (State::Corrupt, 1)]),
        ..facts()
    };
    let (heading, items) = told(&facts);
    assert_eq!(heading, "One thing is broken");
    assert_eq!(
        items,
        [
            "docs main has failed since 09:00:00, 3 h ago, 4 jobs, the last one 78ecf395: step 2 (make) exited with \
             2hookspool retry 78ecf395hookspool log 78ecf395",
            "docs has been on hold since 11:55:00, 5 min ago, by mei: movinghookspool release docs",
            "docs: 3 refused, 2 min ago: signature wronghookspool deliveries docs",
            "2 jobs are held, and wait for a person; the reasons are belowhookspool list --state held",
            "1 file was put away as damaged, and will not runhookspool list --state corrupt",
        ]
    );
    assert!(icon(&facts, &face()).contains("#a4161a"), "red");
}

#[test]
fn a_runner_that_is_gone_is_an_alarm_unless_it_had_done_its_work() {
    let gone = |ended_by_itself| PageFacts {
        runner: RunnerFacts { alive: Some(false), ended_by_itself, ..RunnerFacts::default() },
        jobs: BTreeMap::from([(State::Queued, 1), (State::Waiting, 1)]),
        ..facts()
    };
    let (heading, items) = told(&gone(false));
    assert_eq!(heading, "One thing is broken");
    assert_eq!(
        items,
        ["No runner is at work. Nothing runs until one is started; 2 jobs wait.hookspool statushookspool doctor"]
    );
    assert_eq!(told(&gone(true)).0, "All is well");
    let unknown = PageFacts { runner: RunnerFacts::default(), ..facts() };
    assert_eq!(told(&unknown).0, "All is well");
    let full = PageFacts { disk_full: true, ..facts() };
    assert!(told(&full).1[0].starts_with("The spool's disk is nearly full."));
}

#[test]
fn only_a_page_of_something_that_runs_loads_itself_anew() {
    let running = RunningCard { card: card(2, State::Running, None), step: None, usual_s: Some(60) };
    let live = PageFacts { running: vec![running], ..facts() };
    let refreshes = |page: String| page.contains("http-equiv=\"refresh\"");
    assert!(refreshes(index(&live, &face(), false)));
    assert!(!refreshes(index(&live, &face(), true)) && !refreshes(index(&facts(), &face(), false)));
    assert!(index(&live, &face(), false).contains("hookspool log -f 00000002"));
}

#[test]
fn no_page_is_large_whatever_is_in_its_rows() {
    let mut worst = card(3, State::Failed, Some(Outcome::Failed));
    worst.job.reason = Some("\"".repeat(100_000));
    worst.job.hook = Some("\u{202e}".repeat(10_000));
    worst.job.reference = RefName::branch_named(&"\"<".repeat(100));
    worst.pusher = Some("<".repeat(10_000));
    let rows = |count| vec![worst.clone(); count];
    let facts = PageFacts { queued: rows(20), waiting: rows(20), held: rows(20), recent: rows(50), ..facts() };
    let page = index(&facts, &face(), false);
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert!(page.contains('…') && !page.contains('\u{202e}'));
}

fn refusal(host: &str) -> HostWord {
    let at = Some(now() - SignedDuration::from_mins(5));
    HostWord { host: host.to_owned(), word: "refused: hook `docs` takes no jobs from `gate`".to_owned(), at }
}

/// A host that has not taken so many jobs, the oldest of them since `mins`.
fn behind(host: &str, to_take: usize, mins: i64, word: &HostWord) -> HostCard {
    let at = now() - SignedDuration::from_mins(mins);
    let id = JobId::new(u64::try_from(at.as_nanosecond()).unwrap(), 5).unwrap();
    let oldest = vec![HostJob { id, word: word.clone() }; to_take.min(5)];
    let refused = if word.is_refused() { to_take } else { 0 };
    HostCard { host: host.to_owned(), to_take, sent: to_take - refused, refused, oldest }
}

fn relay() -> RelayCard {
    let since = Some(now() - SignedDuration::from_mins(7));
    RelayCard {
        name: "gate".into(),
        server: Some("nats1".into()),
        since,
        trouble: None,
        twin: None,
        as_of: None,
        hosts: vec![behind("web1", 0, 0, &refusal("web1"))],
        more_hosts: 0,
    }
}

fn told_of(relay: RelayCard) -> (String, Vec<String>, String) {
    let facts = PageFacts { relay: Some(relay), ..facts() };
    let (heading, items) = told(&facts);
    let page = index(&facts, &face(), false);
    let at = page.find("<h2 id=\"hosts\">").unwrap();
    (heading, items, plain(page[at..].split("</section>").next().unwrap()))
}

#[test]
fn other_hosts_are_told_of_where_there_are_any() {
    assert!(!index(&facts(), &face(), false).contains("Other hosts"));
    let (heading, items, section) = told_of(relay());
    assert_eq!((heading.as_str(), items), ("All is well", vec![]));
    assert!(
        section.starts_with("Other hostsThis host is gate. It has been connected to nats1 since 11:53:00, 7 min ago.")
    );
    assert!(section.ends_with("web1up to date"), "{section}");
    let sent = HostWord { host: "web2".into(), word: "sent".into(), at: None };
    let hosts = vec![behind("web2", 7, 20, &sent), behind("web3", 1, 1, &refusal("web3"))];
    let (heading, items, section) = told_of(RelayCard { hosts, more_hosts: 3, ..relay() });
    assert_eq!(heading, "Nothing is broken; 2 things to know");
    assert!(items[0].starts_with("web2 has not taken 7 jobs, the oldest since 11:40:00, 20 min agohookspool show "));
    assert!(items[1].starts_with("web3 has refused 1 of the jobs for it: hook `docs` takes no jobs"));
    assert!(section.contains("web2behind7 (7 sent)11:40:00, 20 min ago00000005 ") && section.contains("And 3 more"));
}

#[test]
fn a_relay_that_goes_nowhere_is_what_is_broken() {
    let trouble = Some("no answer within 10 s".to_owned());
    let away = RelayCard { server: None, trouble: trouble.clone(), ..relay() };
    let (heading, items, section) = told_of(away.clone());
    assert_eq!(heading, "One thing is broken");
    let says = "No server of the relay can be reached. Since 11:53:00, 7 min ago: no answer within 10 s";
    assert!(items[0].starts_with(says), "{items:?}");
    assert!(section.contains("No server can be reached since 11:53:00, 7 min ago: no answer within 10 s."));
    let just_now = RelayCard { since: Some(now() - SignedDuration::from_secs(40)), ..away.clone() };
    assert_eq!(told_of(just_now).0, "All is well", "it is on its way back");
    let full = RelayCard { trouble, ..relay() };
    assert!(told_of(full).1[0].starts_with("The relay cannot send. Now: no answer within 10 s"));
    let (heading, items, section) = told_of(RelayCard { twin: Some("ab".repeat(16)), ..relay() });
    assert_eq!((heading.as_str(), items.len()), ("One thing is broken", 1));
    assert!(items[0].starts_with("Two hosts are called gate. Neither takes jobs") && section.contains("neither takes"));
    let of_cron = RelayCard { as_of: Some(now() - SignedDuration::from_mins(2)), ..away };
    let (_, items, section) = told_of(of_cron);
    assert!(section.contains("When its last runner ended, 11:58:00, 2 min ago, nothing went: no answer"), "{section}");
    assert_eq!(items.len(), 1);
}

#[test]
fn words_of_other_hosts_and_servers_stay_text_and_short() {
    let evil = "\"><img src=x onerror=pwned=1>\u{202e}\u{1b}[31m".repeat(20_000);
    let word = HostWord { host: "web1".into(), word: format!("refused: {evil}"), at: None };
    let hosts = vec![behind("web1", 9, 30, &word); 20];
    let relay = RelayCard { server: Some(evil.clone()), trouble: Some(evil.clone()), hosts, ..relay() };
    let page = index(&PageFacts { relay: Some(relay), ..facts() }, &face(), false);
    assert!(page.len() < 60_000, "{} bytes", page.len());
    assert!(!page.contains("<img") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    let page = job_page(&JobFactsheet { hosts: vec![word], ..sheet() }, &face());
    assert!(!page.contains("<img") && !page.contains('\u{202e}') && page.len() < 20_000, "{} bytes", page.len());
    let told = plain(&job_page(&sheet(), &face()));
    assert!(
        told.contains("Hostweb1: refused: hook `docs` takes no jobs from `gate`, 31 Jan 2026, 11:55:00 UTC; it is")
    );
}

#[test]
fn commands_for_a_configuration_in_an_unusual_place_are_told_how_to_find_it() {
    let facts = PageFacts { config: Some("/home/me/my hooks.toml".into()), ..facts() };
    let page = index(&facts, &face(), false);
    assert!(page.contains("export HOOKSPOOL_CONFIG='/home/me/my hooks.toml'"), "{page}");
    assert!(!index(&self::facts(), &face(), false).contains("HOOKSPOOL_CONFIG"));
}

fn sheet() -> JobFactsheet {
    JobFactsheet {
        hosts: vec![refusal("web1")],
        title: "Deployments".into(),
        config: None,
        card: card(4, State::Done, Some(Outcome::Succeeded)),
        meta: None,
        history: Vec::new(),
        step: None,
        log: Some(LogExcerpt { head: "2026-01-31T12:00:00Z out \\x1b[31mred\n".into(), ..LogExcerpt::default() }),
        url: Some("https://example.org/deploy/job/1.html".into()),
        has_log_file: true,
    }
}

#[test]
fn no_page_has_a_script_or_a_style_of_its_own() {
    let of_several = PageFacts { relay: Some(relay()), ..facts() };
    for page in [index(&of_several, &face(), false), job_page(&sheet(), &face()), badge(&hook(), &facts())] {
        for word in ["<script", "style=", "<style", " on", "javascript:", "url("] {
            let found = page.match_indices(word).find(|(at, _)| word != " on" || page[*at..].starts_with(" onl"));
            assert!(found.is_none(), "{word}: {page}");
        }
    }
}
