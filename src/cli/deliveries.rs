//! Edge. `deliveries`: what has arrived, also what became no job.

use super::args::DeliveriesArgs;
use super::exit::Failure;
use super::jobs::{age, refuse_unknown, unreadable};
use super::load::load;
use super::local_time::beside;
use super::print;
use crate::config::Config;
use crate::spool::{self, Seen, SeenCounts, SeenDelivery, SpoolError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// The deliveries to one hook, or those that named none.
#[derive(Serialize)]
struct OfHook<'a> {
    hook: Option<&'a str>,
    since: Option<Timestamp>,
    counts: SeenCounts,
    /// The reason why they cannot be read, if they cannot.
    unreadable: Option<String>,
    #[serde(skip)]
    deliveries: Vec<SeenDelivery>,
}

#[derive(Serialize)]
struct ShownDelivery<'a> {
    hook: Option<&'a str>,
    #[serde(flatten)]
    delivery: &'a SeenDelivery,
}

/// Prints the last deliveries in the order in which they came, and what there was in all.
pub(super) fn run(config: Option<&Path>, args: &DeliveriesArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let rings = match &args.hook {
        Some(hook) => {
            refuse_unknown(&config, hook)?;
            let seen = spool::seen(&config.spool, Some(hook)).map_err(unreadable)?;
            vec![of_hook(Some(hook), Ok(seen))]
        }
        None => of_all(&config)?,
    };
    let shown = newest(&rings, args.limit.unwrap_or(usize::MAX));
    if args.json {
        print::json(&serde_json::json!({ "hooks": rings, "deliveries": shown }))?;
    } else {
        table(&shown)?;
        totals(&rings)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// All hooks, and what named none. One ring that cannot be read does not hide the others.
fn of_all(config: &Config) -> Result<Vec<OfHook<'_>>, Failure> {
    let unnamed = spool::seen(&config.spool, None);
    if let Err(error @ SpoolError::Call { call: "open" | "list", .. }) = unnamed {
        return Err(unreadable(error));
    }
    let names = config.hooks.iter().map(|hook| hook.name.as_str());
    let mut rings: Vec<OfHook<'_>> =
        names.map(|name| of_hook(Some(name), spool::seen(&config.spool, Some(name)))).collect();
    rings.push(of_hook(None, unnamed));
    Ok(rings)
}

fn of_hook(hook: Option<&str>, seen: Result<Seen, SpoolError>) -> OfHook<'_> {
    let (seen, unreadable) = match seen {
        Ok(seen) => (seen, None),
        Err(error) => (Seen::default(), Some(error.to_string())),
    };
    let Seen { deliveries, counts, since } = seen;
    OfHook { hook, since, counts, unreadable, deliveries }
}

/// The newest of all, in order.
fn newest<'a>(rings: &'a [OfHook<'_>], limit: usize) -> Vec<ShownDelivery<'a>> {
    let of_ring = |ring: &'a OfHook<'_>| {
        let hook = ring.hook;
        ring.deliveries.iter().map(move |delivery| ShownDelivery { hook, delivery })
    };
    let mut shown: Vec<ShownDelivery<'a>> = rings.iter().flat_map(of_ring).collect();
    shown.sort_by_key(|shown| shown.delivery.at);
    let older = shown.len().saturating_sub(limit);
    shown.split_off(older)
}

/// Columns of a delivery's id: as many as tell it from others in the forge's list.
const ID_COLUMNS: usize = 8;

fn table(shown: &[ShownDelivery<'_>]) -> Result<(), Failure> {
    if shown.is_empty() {
        return Ok(());
    }
    let now = Timestamp::now();
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let row = |shown: &ShownDelivery<'_>| {
        let SeenDelivery { at, reference, delivery, remote, .. } = shown.delivery;
        let id = delivery.as_ref().map(|id| id.chars().take(ID_COLUMNS).collect::<String>());
        vec![
            age(*at, now),
            text(shown.hook),
            text(reference.as_deref().map(short)),
            text(remote.as_deref()),
            text(id.as_deref()),
            shown.delivery.words(),
        ]
    };
    let rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    print::table(&["AGE", "HOOK", "REF", "FROM", "ID", "RESULT"], &rows)?;
    print::line("")
}

fn short(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/")).unwrap_or(reference)
}

/// A line for each hook: its counts, and why the last was refused.
fn totals(rings: &[OfHook<'_>]) -> Result<(), Failure> {
    for ring in rings {
        let name = ring.hook.map_or_else(|| "no hook".to_owned(), |name| format!("hook {name}"));
        match (&ring.unreadable, ring.since) {
            (Some(why), _) => print::line(&format!("{name}: {why}"))?,
            (None, None) if ring.deliveries.is_empty() && ring.hook.is_none() => {}
            (None, None) if ring.deliveries.is_empty() => print::line(&format!("{name}: nothing has ever arrived"))?,
            (None, since) => print::line(&format!("{name}: {}", total(&ring.counts, since)))?,
        }
        let last = ring.deliveries.last().filter(|last| last.result.is_refused() && ring.hook.is_some());
        if let Some(reason) = last.and_then(|last| last.reason.as_ref()) {
            print::line(&format!("  the last was refused: {reason}"))?;
        }
    }
    Ok(())
}

/// `12 queued, 2 refused_signature since 2026-01-31T12:00:00Z`.
fn total(counts: &SeenCounts, since: Option<Timestamp>) -> String {
    let counted = counts.iter().filter(|(_, count)| *count > 0);
    let counted: Vec<String> = counted.map(|(result, count)| format!("{count} {}", result.as_str())).collect();
    let since = since.map_or_else(|| "an unknown time".to_owned(), |at| beside(at, 0, &TimeZone::system()));
    format!("{} since {since}", if counts.total() == 0 { "0".to_owned() } else { counted.join(", ") })
}
