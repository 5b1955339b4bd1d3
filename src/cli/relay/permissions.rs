//! Edge. The permissions of each host, as a block for the servers' configuration.

use crate::cli::exit::Failure;
use crate::cli::print;
use crate::config::{Config, RelaySettings};
use crate::relay::{Subjects, permissions};
use std::collections::{BTreeMap, BTreeSet};

/// The hosts that the configuration names, and `more`.
pub(super) fn hosts(
    config: &Config,
    relay: &RelaySettings,
    more: impl IntoIterator<Item = String>,
) -> BTreeSet<String> {
    let of_hooks = config.hooks.iter().flat_map(|hook| hook.hosts.iter().chain(&hook.from));
    [&relay.name].into_iter().chain(of_hooks).chain(relay.trust.keys()).cloned().chain(more).collect()
}

/// Prints the block; `known` are public nkeys of hosts, `admin` is the one that may do everything.
pub(super) fn print(
    relay: &RelaySettings,
    hosts: &BTreeSet<String>,
    known: &BTreeMap<String, String>,
    admin: Option<&str>,
) -> Result<(), Failure> {
    let subjects = Subjects::new(&relay.prefix, &relay.stream);
    print::line("# A part of the servers' configuration: what each host may do, and nothing else.")?;
    print::line("authorization {")?;
    print::line("  users: [")?;
    print::line(&format!("    {{ nkey: {} }} # makes the stream", admin.unwrap_or("U…")))?;
    for host in hosts {
        let (publish, subscribe) = permissions(&subjects, host);
        let nkey = known.get(host).map_or("U…", String::as_str);
        print::line(&format!("    {{ # {host}"))?;
        print::line(&format!("      nkey: {nkey}"))?;
        print::line("      permissions: {")?;
        list("publish", &publish)?;
        list("subscribe", &subscribe)?;
        print::line("      }")?;
        print::line("    }")?;
    }
    print::line("  ]")?;
    print::line("}")
}

fn list(name: &str, subjects: &[String]) -> Result<(), Failure> {
    print::line(&format!("        {name}: ["))?;
    subjects.iter().try_for_each(|subject| print::line(&format!("          \"{subject}\"")))?;
    print::line("        ]")
}
