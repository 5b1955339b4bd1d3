//! Edge. Check of the relay: keys, servers, login, stream, names. Connects, unless it is told not to.

use super::finding::Finding;
use crate::cli::jobs::age;
use crate::cli::print;
use crate::config::{Config, PayloadRule, RelaySettings};
use crate::model::echo;
use crate::relay::{StreamReport, check_stream, key};
use crate::spool::{HostWords, RelayDir, RelayState};
use jiff::Timestamp;

/// Servers before this one lose streams at `kill -9`.
const SAFE_SERVER: [u64; 3] = [2, 10, 23];

/// Clocks that differ by less order jobs as well as any.
const CLOCKS_DIFFER_MS: u64 = 60_000;
/// With more, the age of jobs is misjudged.
const DAY_MS: u64 = 86_400_000;
/// A job that a host has not taken for so long is told.
const LATE_S: i64 = 3600;

/// Looks, as the runner's user.
pub(super) fn look(config: &Config, offline: bool, findings: &mut Vec<Finding>) {
    let Some(relay) = &config.relay else { return };
    let before = findings.len();
    keys(relay, findings);
    let has_keys = findings.len() == before;
    if let Some(state) = RelayDir::of(&config.spool).state() {
        twin(&state, findings);
        clocks(&state, findings);
    }
    waiting(config, findings);
    if has_keys && !offline {
        servers(config, relay, findings);
    }
}

fn keys(relay: &RelaySettings, findings: &mut Vec<Finding>) {
    let repair = "`hookspool relay key --out FILE` makes a signing key, `hookspool relay nkey --out FILE` a login";
    let signing = relay.sign.as_ref().and_then(|source| key::read(source).err());
    let login = relay.credentials.as_ref().and_then(|source| key::seed(source).err());
    for why in signing.into_iter().chain(login) {
        findings.push(Finding::problem(why, "jobs wait here and on the other hosts", repair));
    }
}

fn twin(state: &RelayState, findings: &mut Vec<Finding>) {
    if let Some(twin) = &state.twin {
        let (name, own) = (&state.name, &state.identity);
        findings.push(Finding::problem(
            format!("two hosts are called `{name}`: the spools {own} (this one) and {twin}"),
            "each would get half of the jobs; so neither takes any",
            "give one of them another `name` in `[relay]`, or end its runner",
        ));
    }
}

/// A clock, by so many milliseconds ahead of the servers'.
struct ClockNote {
    whose: String,
    ahead_ms: i64,
}

/// Clocks decide which of two jobs is newer, and how old one is. Each was compared with the servers' clock: this host's
/// when it connected, that of a target when it took a job, that of an origin when its job was stored.
fn clocks(state: &RelayState, findings: &mut Vec<Finding>) {
    let own = state.ahead_ms.map(|ahead_ms| ClockNote { whose: "this host's clock".to_owned(), ahead_ms });
    let of_host = |(host, ahead_ms): (&String, i64)| ClockNote { whose: format!("the clock of `{host}`"), ahead_ms };
    let targets = state.peers.iter().filter_map(|(host, peer)| Some((host, peer.ahead_ms?)));
    let origins = state.origins_ahead_ms.iter().map(|(host, ahead_ms)| (host, *ahead_ms));
    let own_ms = own.as_ref().map_or(0, |own| own.ahead_ms);
    for note in own.into_iter().chain(targets.chain(origins).map(of_host)) {
        findings.extend(clock(&note, own_ms));
    }
}

fn clock(note: &ClockNote, own_ms: i64) -> Option<Finding> {
    let ClockNote { whose, ahead_ms } = note;
    let words = |ahead_ms: i64| {
        let side = if ahead_ms > 0 { "ahead of" } else { "behind" };
        format!("{} {side}", span(ahead_ms.unsigned_abs() / 1000))
    };
    let between = ahead_ms - own_ms;
    let with_own = if own_ms == *ahead_ms || between.unsigned_abs() < CLOCKS_DIFFER_MS {
        String::new()
    } else {
        format!(", and {} this host's", words(between))
    };
    let what = format!("{whose} was {} the NATS server's when they were compared{with_own}", words(*ahead_ms));
    let repair = "on the host whose clock is wrong: `timedatectl set-ntp true`, or chrony; `timedatectl` says what is";
    match ahead_ms.unsigned_abs() {
        0..CLOCKS_DIFFER_MS => None,
        CLOCKS_DIFFER_MS..DAY_MS => {
            let why = "of two jobs that two hosts received, the clocks say which is newer; an age of a job is judged \
                       with a day to spare";
            Some(Finding::warning(what, why, repair))
        }
        _ => {
            let why = "jobs are refused as too old, or as from the future; none is given up until the clocks agree";
            Some(Finding::problem(what, why, repair))
        }
    }
}

/// A time in whole units, of which there are at least two.
fn span(seconds: u64) -> String {
    let rounded = |unit: u64| (seconds + unit / 2) / unit;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", rounded(60)),
        7200..172_800 => format!("{} h", rounded(3600)),
        _ => format!("{} d", rounded(86_400)),
    }
}

/// Hosts that refuse jobs, or have not taken them for long.
fn waiting(config: &Config, findings: &mut Vec<Finding>) {
    let Ok(words) = HostWords::read(&RelayDir::of(&config.spool)) else { return };
    for (host, queue) in words.hosts() {
        let count = |count: usize| print::count(count, "job");
        if let Some((id, word)) = queue.oldest.iter().find(|(_, word)| word.is_refused()) {
            let what = format!("`{host}` has refused {}; {}: {}", count(queue.refused), id.short(), echo(&word.word));
            let repair = format!("see to it on `{host}`, then `hookspool relay resend HOOK {host}`");
            findings.push(Finding::warning(what, "they wait here, and are asked about each hour", repair));
        }
        let oldest_at = queue.oldest.first().and_then(|(id, _)| Timestamp::from_nanosecond(id.sequence().into()).ok());
        let now = Timestamp::now();
        if let Some(at) = oldest_at.filter(|at| now.duration_since(*at).as_secs() >= LATE_S) {
            let what = format!("`{host}` has not taken {}, the oldest for {}", count(queue.count), age(at, now));
            let why = "they wait here until it does, or `keep` is over";
            let repair = format!("`hookspool doctor` on `{host}`; if it is gone for good, take it out of `hosts`");
            findings.push(Finding::warning(what, why, repair));
        }
    }
    let known: Vec<&String> = config.hooks.iter().flat_map(|hook| &hook.hosts).collect();
    for (host, queue) in words.hosts().iter().filter(|(host, queue)| queue.count > 0 && !known.contains(host)) {
        let what = format!("{} wait for `{host}`, which no hook names any more", print::count(queue.count, "job"));
        let why = "they are sent until it takes them, or `keep` is over, and none is pruned before";
        let repair = format!("if it is gone for good: stop the runner, remove relay/out/{host} in the spool, start it");
        findings.push(Finding::note(what, format!("{why}; {repair}")));
    }
}

fn servers(config: &Config, relay: &RelaySettings, findings: &mut Vec<Finding>) {
    let addresses = relay.servers.join(", ");
    let report = match check_stream(relay) {
        Ok(report) => report,
        Err(why) => {
            let repair = "see that nats-server runs there, that this host may connect, and that it has the permissions \
                          which `hookspool relay setup` prints";
            let what = format!("the stream at {addresses} cannot be used: {why}");
            findings.push(Finding::problem(what, "jobs wait here until it can", repair));
            return;
        }
    };
    tell(relay, &report, findings);
    findings.extend(large_payloads(config, relay, &report));
}

/// With `payload = "always"` a job that is too large for the server waits for somebody.
fn large_payloads(config: &Config, relay: &RelaySettings, report: &StreamReport) -> Option<Finding> {
    let (most, limit) = (report.server.max_payload_bytes, config.body_limit_bytes);
    let waits = relay.payload == PayloadRule::Always && relay.sign.is_some() && most < limit;
    waits.then(|| {
        let (most, limit) = (print::size(most), print::size(limit));
        let what = format!("{} takes messages of up to {most}, and payloads may have {limit}", report.server.name);
        let repair = "raise `max_payload` there (to 8 MB at most), or write `payload = \"fits\"`";
        Finding::warning(what, "by `payload = \"always\"` a job with a larger one waits here", repair)
    })
}

fn tell(relay: &RelaySettings, report: &StreamReport, findings: &mut Vec<Finding>) {
    let StreamReport { server, problems, refused, facts, .. } = report;
    let before = findings.len();
    if !refused.is_empty() {
        let what = format!("{} lets this host publish nothing on {}", server.name, refused.join(", "));
        let repair = "put what `hookspool relay setup --print` prints into the server's configuration, and reload it";
        findings.push(Finding::problem(what, "jobs wait here, or on the other hosts", repair));
    }
    for problem in problems {
        let why = "jobs would be lost in it, or stop others";
        let repair = "remove the stream when nothing waits in it, then `hookspool relay setup`";
        findings.push(Finding::problem(format!("stream `{}`: {problem}", relay.stream), why, repair));
    }
    if is_older(&server.version) {
        let what = format!("{} is nats-server {}", server.name, server.version);
        let why = "before 2.10.23 a stream may vanish with its server; jobs are sent again then, and nothing is lost";
        findings.push(Finding::note(what, why));
    }
    if findings.len() == before || is_older(&server.version) && findings.len() == before + 1 {
        let (waiting, payload) = (facts.messages, print::size(server.max_payload_bytes));
        let messages = print::count(usize::try_from(waiting).unwrap_or(usize::MAX), "message");
        let what = format!(
            "stream `{}` at {} can be used: {messages} wait in it, the largest may have {payload}",
            relay.stream, server.name
        );
        findings.push(Finding::ok(what));
    }
}

fn is_older(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn::<u64, 3, _>(|_| numbers.next().unwrap_or(0)) < SAFE_SERVER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, older) in [("2.9.10", true), ("2.10.22", true), ("2.10.23", false), ("2.15.1-beta", false)] {
            assert_eq!(is_older(version), older, "{version}");
        }
    }
}
