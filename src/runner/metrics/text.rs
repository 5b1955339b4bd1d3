//! Pure. Facts as text, format 0.0.4: `# HELP`, `# TYPE`, and a line for each sample.

use super::facts::{HookFacts, MetricFacts, RelayFacts};
use crate::model::{Outcome, State};
use crate::spool::{BOUNDS_S, DeliveryResult, HookTally, HostQueue, TimeClasses};
use jiff::Timestamp;
use std::fmt::{Display, Write};

/// States that a job can be found in for long; those in `done/` are counted as they end.
const STATES: [State; 6] = [State::Queued, State::Waiting, State::Running, State::Held, State::Failed, State::Corrupt];

/// All metrics.
pub fn text(facts: &MetricFacts) -> String {
    let mut page = Exposition(String::new());
    build(&mut page);
    deliveries(&mut page, facts);
    jobs(&mut page, facts);
    ended(&mut page, facts);
    runner(&mut page, facts);
    relay(&mut page, facts);
    notifications(&mut page, facts);
    page.0
}

fn build(page: &mut Exposition) {
    page.family("hookspool_build_info", "gauge", "The version of hookspool that wrote this.");
    page.sample("hookspool_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
}

fn deliveries(page: &mut Exposition, facts: &MetricFacts) {
    const NAME: &str = "hookspool_deliveries_total";
    page.family(NAME, "counter", "Deliveries by their result; hook=\"\" are requests that named no hook.");
    let named = facts.hooks.iter().map(|hook| (hook.name.as_str(), hook.seen.as_ref()));
    for (hook, seen) in named.chain([("", facts.unnamed.as_ref())]) {
        let Some(seen) = seen else { continue };
        let is_told = |result: &DeliveryResult| hook.is_empty() == result.is_of_no_hook() || seen.of(*result) > 0;
        for result in DeliveryResult::ALL.iter().filter(|result| is_told(result)) {
            page.sample(NAME, &[("hook", hook), ("result", result.as_str())], seen.of(*result));
        }
    }
}

fn jobs(page: &mut Exposition, facts: &MetricFacts) {
    const NAME: &str = "hookspool_jobs";
    page.family(NAME, "gauge", "Jobs in the spool; hook=\"\" are those of no hook of the configuration.");
    for HookFacts { name, jobs, .. } in &facts.hooks {
        for state in STATES {
            let count = jobs.get(&state).copied().unwrap_or_default();
            page.sample(NAME, &[("hook", name), ("state", state.as_str())], count);
        }
    }
    for (state, count) in facts.strays.iter().filter(|(state, _)| STATES.contains(state)) {
        page.sample(NAME, &[("hook", ""), ("state", state.as_str())], count);
    }
    let help = "Arrival of the oldest job that waits to run.";
    times(page, facts, ("hookspool_queue_oldest_timestamp_seconds", help), |hook| hook.oldest);
}

fn ended(page: &mut Exposition, facts: &MetricFacts) {
    const NAME: &str = "hookspool_jobs_ended_total";
    page.family(NAME, "counter", "Jobs that have ended, by outcome; pruning takes none away.");
    for HookFacts { name, tally, .. } in &facts.hooks {
        for outcome in Outcome::ALL {
            let count = tally.ended.get(&outcome).copied().unwrap_or_default();
            page.sample(NAME, &[("hook", name), ("outcome", outcome.as_str())], count);
        }
    }
    let help = "Time that the last attempt of an ended job took.";
    histogram(page, facts, ("hookspool_job_duration_seconds", help), |tally| &tally.duration);
    let help = "Time from a job's arrival to its first attempt.";
    histogram(page, facts, ("hookspool_job_wait_seconds", help), |tally| &tally.wait);
    let help = "When a job of the hook succeeded last.";
    times(page, facts, ("hookspool_job_last_success_timestamp_seconds", help), |hook| hook.tally.last_success);
    let help = "When a job of the hook failed for good last.";
    times(page, facts, ("hookspool_job_last_failure_timestamp_seconds", help), |hook| hook.tally.last_failure);
}

fn histogram(
    page: &mut Exposition,
    facts: &MetricFacts,
    (name, help): (&str, &str),
    of: impl Fn(&HookTally) -> &TimeClasses,
) {
    page.family(name, "histogram", help);
    for HookFacts { name: hook, tally, .. } in &facts.hooks {
        let times = of(tally);
        let mut below = 0_u64;
        for (bound, class) in BOUNDS_S.iter().zip(times.classes) {
            below = below.saturating_add(class);
            page.sample(&format!("{name}_bucket"), &[("hook", hook), ("le", &bound.to_string())], below);
        }
        page.sample(&format!("{name}_bucket"), &[("hook", hook), ("le", "+Inf")], times.count);
        page.sample(&format!("{name}_sum"), &[("hook", hook)], times.sum_s);
        page.sample(&format!("{name}_count"), &[("hook", hook)], times.count);
    }
}

fn times(
    page: &mut Exposition,
    facts: &MetricFacts,
    (name, help): (&str, &str),
    of: impl Fn(&HookFacts) -> Option<Timestamp>,
) {
    page.family(name, "gauge", help);
    for hook in &facts.hooks {
        if let Some(at) = of(hook) {
            page.sample(name, &[("hook", &hook.name)], seconds(at));
        }
    }
}

fn runner(page: &mut Exposition, facts: &MetricFacts) {
    let up = facts.runner_is_up.map(u8::from);
    page.single("hookspool_runner_up", "1 while a runner is alive.", up);
    let last = facts.last_loop.map(seconds);
    page.single("hookspool_runner_last_loop_timestamp_seconds", "The runner's last look at its work.", last);
    page.single("hookspool_spool_free_bytes", "Room on the spool's file system.", facts.free_bytes);
    page.single("hookspool_hooks_held", "Hooks that a person has put on hold.", facts.holds);
}

fn relay(page: &mut Exposition, facts: &MetricFacts) {
    type Value = fn(&HostQueue) -> usize;
    let Some(relay) = &facts.relay else { return };
    let number = |is_so: Option<bool>| is_so.map(u8::from);
    page.single("hookspool_relay_up", "1 while the relay is connected to a server.", number(relay.is_connected));
    page.single("hookspool_relay_twin", "1 while another host has this one's name.", number(relay.has_twin));
    let clock = "Seconds by which this host's clock was ahead of the server's when it connected.";
    page.single("hookspool_relay_clock_ahead_seconds", clock, relay.ahead_s);
    let families: [(&str, &str, Value); 2] = [
        ("hookspool_relay_pending", "Jobs that another host has not taken.", |queue| queue.count),
        ("hookspool_relay_refused", "Those of them that the host has refused.", |queue| queue.refused),
    ];
    for (name, help, value) in families.into_iter().filter(|_| !relay.hosts.is_empty()) {
        page.family(name, "gauge", help);
        relay.hosts.iter().for_each(|(host, queue)| page.sample(name, &[("host", host)], value(queue)));
    }
    oldest_of_hosts(page, relay);
}

/// Arrival of the oldest job that each host has not taken.
fn oldest_of_hosts(page: &mut Exposition, relay: &RelayFacts) {
    const NAME: &str = "hookspool_relay_oldest_pending_timestamp_seconds";
    let oldest = |(host, queue): (&String, &HostQueue)| {
        let (id, _) = queue.oldest.first()?;
        Some((host.clone(), id.sequence() / 1_000_000_000))
    };
    let oldest: Vec<(String, u64)> = relay.hosts.iter().filter_map(oldest).collect();
    if !oldest.is_empty() {
        page.family(NAME, "gauge", "Arrival of the oldest job that the host has not taken, in seconds since 1970.");
    }
    for (host, at) in &oldest {
        page.sample(NAME, &[("host", host)], at);
    }
}

fn notifications(page: &mut Exposition, facts: &MetricFacts) {
    type Value = fn(&super::NotificationFacts) -> u64;
    let families: [(&str, &str, &str, Value); 3] = [
        ("hookspool_notifications_total", "counter", "Messages that their target has taken.", |facts| facts.sent),
        ("hookspool_notifications_failed_total", "counter", "Messages that were given up.", |facts| facts.failed),
        ("hookspool_notifications_pending", "gauge", "Messages that wait.", |facts| facts.pending),
    ];
    for (name, kind, help, value) in families.into_iter().filter(|_| !facts.notifications.is_empty()) {
        page.family(name, kind, help);
        for target in &facts.notifications {
            page.sample(name, &[("target", &target.target), ("kind", &target.kind)], value(target));
        }
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// The text as it grows.
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _infallible = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _infallible = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A family of one gauge, if it has a value.
    fn single(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.family(name, "gauge", help);
            self.sample(name, &[], value);
        }
    }
}

/// A label's value.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::metrics::NotificationFacts;
    use crate::spool::{HostWord, SeenCounts};
    use std::collections::BTreeMap;

    fn facts() -> MetricFacts {
        let mut seen = SeenCounts::default();
        seen.add(DeliveryResult::Queued, 3);
        let times = TimeClasses { classes: [1, 0, 2, 0, 0, 0, 0], count: 4, sum_s: 4020.5 };
        let tally =
            HookTally { duration: times, last_success: Timestamp::from_millisecond(1500).ok(), ..HookTally::default() };
        let jobs = BTreeMap::from([(State::Queued, 2)]);
        let hook = HookFacts { name: "docs".into(), seen: Some(seen), jobs, tally, oldest: None };
        MetricFacts { hooks: vec![hook], runner_is_up: Some(true), ..MetricFacts::default() }
    }

    fn lines_of(text: &str, start: &str) -> Vec<String> {
        text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
    }

    #[test]
    fn a_histogram_is_cumulative_and_ends_with_all() {
        let text = text(&facts());
        assert_eq!(
            lines_of(&text, "hookspool_job_duration_seconds"),
            [
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"1\"} 1",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"5\"} 1",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"15\"} 3",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"60\"} 3",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"300\"} 3",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"900\"} 3",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"3600\"} 3",
                "hookspool_job_duration_seconds_bucket{hook=\"docs\",le=\"+Inf\"} 4",
                "hookspool_job_duration_seconds_sum{hook=\"docs\"} 4020.5",
                "hookspool_job_duration_seconds_count{hook=\"docs\"} 4",
            ]
        );
        assert_eq!(
            lines_of(&text, "hookspool_job_last_success"),
            ["hookspool_job_last_success_timestamp_seconds{hook=\"docs\"} 1.5"]
        );
    }

    #[test]
    fn what_is_not_known_is_not_told_and_messages_are_told_where_there_are_targets() {
        let mut facts = facts();
        let before = text(&facts);
        assert!(!before.contains("free_bytes") && !before.contains("notifications"), "{before}");
        assert!(before.contains("\nhookspool_runner_up 1\n") && before.ends_with('\n'), "{before}");
        assert!(!before.contains("hookspool_relay_pending"), "{before}");
        assert!(!before.contains("hookspool_relay"), "{before}");
        let word = HostWord { host: "web1".to_owned(), word: "sent".to_owned(), at: None };
        let oldest = vec![(crate::model::JobId::new(1_700_000_000_000_000_001, 7).unwrap(), word)];
        let queue = HostQueue { count: 3, sent: 2, refused: 1, oldest };
        let hosts = BTreeMap::from([("web1".to_owned(), queue), ("web2".to_owned(), HostQueue::default())]);
        facts.relay = Some(RelayFacts { is_connected: Some(true), has_twin: Some(false), ahead_s: Some(-4), hosts });
        let told = text(&facts);
        for sample in [
            "relay_up 1",
            "relay_twin 0",
            "relay_clock_ahead_seconds -4",
            "relay_pending{host=\"web1\"} 3",
            "relay_pending{host=\"web2\"} 0",
            "relay_refused{host=\"web1\"} 1",
            "relay_oldest_pending_timestamp_seconds{host=\"web1\"} 1700000000",
        ] {
            assert!(told.contains(&format!("\nhookspool_{sample}\n")), "{sample}: {told}");
        }
        assert!(!told.contains("oldest_pending_timestamp_seconds{host=\"web2\"}"));
        let target = "a\"\\\nb".to_owned();
        facts.notifications = vec![NotificationFacts { target, kind: "slack".into(), sent: 7, failed: 1, pending: 2 }];
        let told = "hookspool_notifications_total{target=\"a\\\"\\\\\\nb\",kind=\"slack\"} 7\n";
        assert!(text(&facts).contains(told), "{}", text(&facts));
    }
}
