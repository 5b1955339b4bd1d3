//! Edge. The facts about other hosts, for the index. Reads the relay's state.

use crate::config::Config;
use crate::page::{HostCard, HostJob, RelayCard, RunnerFacts};
use crate::spool::{HostQueue, HostWords, RelayDir};

/// Most hosts in the table.
const SHOWN: usize = 20;

/// The relay; `None` where this host is alone.
pub(super) fn relay_card(config: &Config, words: &HostWords, runner: &RunnerFacts) -> Option<RelayCard> {
    let name = config.relay.as_ref()?.name.clone();
    let state = RelayDir::of(&config.spool).state();
    let mut hosts: Vec<HostCard> = words.hosts().iter().map(|(host, queue)| host_card(host, queue)).collect();
    hosts.sort_by_key(|host| (host.to_take == 0, host.host.clone()));
    let more_hosts = hosts.len().saturating_sub(SHOWN);
    hosts.truncate(SHOWN);
    let empty =
        RelayCard { name, server: None, since: None, trouble: None, twin: None, as_of: None, hosts, more_hosts };
    let Some(state) = state else { return Some(empty) };
    let is_over = runner.alive == Some(false);
    Some(RelayCard {
        server: state.server,
        since: Some(state.since),
        trouble: state.trouble,
        twin: state.twin.filter(|_| !is_over),
        as_of: is_over.then_some(state.at),
        ..empty
    })
}

fn host_card(host: &str, queue: &HostQueue) -> HostCard {
    let HostQueue { count, sent, refused, oldest } = queue;
    let oldest = oldest.iter().map(|(id, word)| HostJob { id: *id, word: word.clone() }).collect();
    HostCard { host: host.to_owned(), to_take: *count, sent: *sent, refused: *refused, oldest }
}
