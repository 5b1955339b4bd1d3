//! Pure. The arguments of `relay`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The verbs of `relay`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RelayCommand {
    /// Make the stream, or check the one that is there, and print what each host may do
    ///
    /// Needs `[relay]`, and a login that may make streams. Changes nothing of a stream that is there. Then it prints
    /// the permissions of each host for the servers' configuration: enough for all that it does, and for nothing in
    /// the name of another. Exit 1 when the stream would lose jobs as it is.
    Setup(SetupArgs),
    /// Make the key by which this host signs its jobs, and print its public half
    Key {
        /// File for the key, which is not there yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Make the login by which the servers know this host, and print its public half
    Nkey {
        /// File for the seed, which is not there yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Send a host the newest job of each branch and tag of a hook, and at once what it refused
    Resend {
        /// Name of the hook
        hook: String,
        /// Name of the host
        host: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SetupArgs {
    /// File with the seed of an nkey that may make streams [default: none, for servers that ask for none]
    #[arg(long, value_name = "FILE")]
    pub(super) credentials: Option<PathBuf>,
    /// Print the permissions alone, and connect to no server: it needs them before it can know anybody
    #[arg(long)]
    pub(super) print: bool,
    /// Servers that keep a copy: 1, or 3 of a cluster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=5))]
    pub(super) replicas: u64,
    /// Most bytes in the stream
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    pub(super) max_bytes: u64,
    /// Further hosts whose permissions are printed, beside those that the configuration names; with the public half of
    /// a host's nkey, which `relay nkey` has printed there, the block is complete
    #[arg(value_name = "HOST[=NKEY]", value_parser = known_host)]
    pub(super) hosts: Vec<NamedHost>,
}

/// A host, and its public nkey.
#[derive(Debug, Clone)]
pub(in crate::cli) struct NamedHost {
    pub(super) name: String,
    pub(super) nkey: Option<String>,
}

fn known_host(text: &str) -> Result<NamedHost, String> {
    let (name, nkey) = text.split_once('=').map_or((text, None), |(name, nkey)| (name, Some(nkey)));
    if !crate::model::is_host(name) {
        return Err("a host's name has 1 to 32 lower-case letters, digits and `-`".into());
    }
    let is_public =
        |nkey: &&str| nkey.starts_with('U') && nkey.len() == 56 && nkey.bytes().all(|b| b.is_ascii_alphanumeric());
    if nkey.is_some_and(|nkey| !is_public(&nkey)) {
        return Err("a public nkey has 56 letters and digits, and begins with `U`".into());
    }
    Ok(NamedHost { name: name.to_owned(), nkey: nkey.map(str::to_owned) })
}

fn size(text: &str) -> Result<u64, String> {
    crate::config::size_bytes(text).ok_or_else(|| "write a whole number and a unit, such as `256MiB`".into())
}
