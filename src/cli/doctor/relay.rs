//! Edge. Check of the relay: keys, servers, login, stream, names. Connects, unless it is told not to.

use super::finding::Finding;
use crate::cli::print;
use crate::config::{Config, RelaySettings};
use crate::relay::{RelayState, StreamReport, check_stream, key};
use crate::spool::RelayDir;

/// Servers before this one lose streams at `kill -9`.
const SAFE_SERVER: [u64; 3] = [2, 10, 23];

/// Looks, as the runner's user.
pub(super) fn look(config: &Config, offline: bool, findings: &mut Vec<Finding>) {
    let Some(relay) = &config.relay else { return };
    let before = findings.len();
    keys(relay, findings);
    state(config, findings);
    if findings.len() == before && !offline {
        servers(relay, findings);
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

fn state(config: &Config, findings: &mut Vec<Finding>) {
    let Some(state) = RelayDir::of(&config.spool).state().and_then(|text| RelayState::read(&text)) else { return };
    if let Some(twin) = &state.twin {
        let (name, own) = (&state.name, &state.identity);
        findings.push(Finding::problem(
            format!("two hosts are called `{name}`: the spools {own} (this one) and {twin}"),
            "each would get half of the jobs; so neither takes any",
            "give one of them another `name` in `[relay]`, or end its runner",
        ));
    }
}

fn servers(relay: &RelaySettings, findings: &mut Vec<Finding>) {
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
}

fn tell(relay: &RelaySettings, report: &StreamReport, findings: &mut Vec<Finding>) {
    let StreamReport { server, problems, facts, .. } = report;
    let before = findings.len();
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
