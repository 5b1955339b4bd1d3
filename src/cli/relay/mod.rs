//! Edge. `relay`: the verbs of a host among others.

pub(super) mod args;
mod permissions;
mod resend;

use super::exit::{self, Failure};
use super::load::load;
use super::print;
use crate::config::{Config, RelaySettings, SecretSource};
use crate::relay::{StreamReport, StreamWish, key, make_stream};
use args::{RelayCommand, SetupArgs};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

/// Carries out one of them.
pub(super) fn run(config: Option<&Path>, command: &RelayCommand) -> Result<ExitCode, Failure> {
    match command {
        RelayCommand::Setup(args) => setup(config, args),
        RelayCommand::Key { out } => made(key::make(out)),
        RelayCommand::Nkey { out } => made(key::make_login(out)),
        RelayCommand::Resend { hook, host } => resend::run(config, hook, host),
    }
}

/// `[relay]`, which these verbs need.
fn settings(config: &Config) -> Result<&RelaySettings, Failure> {
    let text = || format!("{} has no `[relay]`; hookspool.toml(5) says what belongs there", config.file.display());
    config.relay.as_ref().ok_or_else(|| Failure::new(exit::CONFIGURATION, text()))
}

/// Prints the public half of a key.
fn made(key: Result<impl ToString, String>) -> Result<ExitCode, Failure> {
    let public = key.map_err(|why| Failure::new(exit::CANNOT_CREATE, why))?;
    print::line(&public.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn setup(config: Option<&Path>, args: &SetupArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let relay = settings(&config)?;
    let credentials = args.credentials.as_deref().map(absolute).transpose()?.map(SecretSource::File);
    let admin = credentials.as_ref().map(key::public_login).transpose();
    let admin = admin.map_err(|why| Failure::new(exit::CONFIGURATION, why))?;
    let hosts = permissions::hosts(&config, relay, args.hosts.iter().map(|host| host.name.clone()));
    let known = known_nkeys(relay, args);
    if args.print {
        permissions::print(relay, &hosts, &known, admin.as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    let wish = StreamWish { credentials, replicas: args.replicas, max_bytes: args.max_bytes };
    let report = make_stream(relay, &wish);
    let report = report.map_err(|why| {
        let text = format!("cannot make the stream `{}` at {}: {why}", relay.stream, relay.servers.join(", "));
        Failure::new(exit::UNAVAILABLE, text)
    })?;
    tell(relay, &report, hosts.len())?;
    print::line("")?;
    permissions::print(relay, &hosts, &known, admin.as_deref())?;
    Ok(ExitCode::from(if report.problems.is_empty() { 0 } else { exit::NO }))
}

/// The public nkeys that were typed, and this host's own.
fn known_nkeys(relay: &RelaySettings, args: &SetupArgs) -> BTreeMap<String, String> {
    let own = relay.credentials.as_ref().and_then(|source| key::public_login(source).ok());
    let typed = args.hosts.iter().filter_map(|host| Some((host.name.clone(), host.nkey.clone()?)));
    own.map(|own| (relay.name.clone(), own)).into_iter().chain(typed).collect()
}

fn absolute(path: &Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::io("cannot find the credentials", &error))
}

fn tell(relay: &RelaySettings, report: &StreamReport, hosts: usize) -> Result<(), Failure> {
    let StreamReport { server, is_new, problems, facts, .. } = report;
    let (stream, version) = (&relay.stream, &server.version);
    let copies = print::count(usize::try_from(facts.replicas()).unwrap_or(usize::MAX), "copy");
    let copies = copies.replace("copys", "copies");
    let made = if *is_new { "was made" } else { "is there" };
    let size = facts.max_bytes().map_or_else(|| "no limit".to_owned(), print::size);
    print::line(&format!("stream `{stream}` {made} at {} ({version}): {copies}, {size}", server.name))?;
    for problem in problems {
        print::labelled("problem", &format!("{problem}; make it anew: it would lose jobs as it is"))?;
    }
    let needed = relay.window as u64 * hosts as u64 * server.max_payload_bytes;
    if facts.max_bytes().is_some_and(|most| most < needed) {
        let (most, window) = (print::size(needed), relay.window);
        let text = format!(
            "{window} jobs for each of {hosts} hosts may take {most}: with the largest payloads one host that is away \
             could keep jobs of the others waiting"
        );
        print::labelled("note", &text)?;
    }
    Ok(())
}
