//! Pure. The command line.

use super::control::args::{CancelArgs, DeployArgs, HoldArgs, PruneArgs, ReleaseArgs, RetryArgs, RollbackArgs};
use super::import::args::ImportArgs;
use super::init::args::InitArgs;
use super::moment::{self, Moment};
#[cfg(feature = "relay")]
use super::relay::args::RelayCommand;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use ipnet::IpNet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A signed webhook becomes a job on disk, and the job runs once, in order.
///
/// Started by a web server (CGI) or with a listening socket (FastCGI), hookspool receives deliveries and looks at no
/// argument. The commands below are for people and supervisors.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
pub(super) struct Cli {
    /// Configuration file [default: `$HOOKSPOOL_CONFIG`, ~/.config/hookspool/hookspool.toml,
    /// /etc/hookspool/hookspool.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Receive deliveries by FastCGI on a socket of its own
    Fastcgi(FastcgiArgs),
    /// Receive deliveries by HTTP, without a web server or behind a proxy
    ///
    /// It speaks HTTP/1.1 without TLS, answers one request on each connection, and takes bodies with a length or in
    /// chunks. `GET /healthz` is answered `200 ok`. With `--runner` one process receives deliveries and runs the jobs,
    /// and is enough for a container.
    Serve(ServeArgs),
    /// Run the jobs of the spool
    SpoolRunner {
        /// Exit when nothing is left to do, with status 1 if a job failed for good
        #[arg(long)]
        once: bool,
        /// Begin no job after this time, such as `50s`, and exit when the last one has ended, with the same status
        #[arg(long, value_name = "TIME", value_parser = duration)]
        max_runtime: Option<Duration>,
    },
    /// Show the whole way from a push to a deployed file, in a temporary directory
    Demo,
    /// Make this host ready for a hook: users, directories, secret, configuration, web server and service
    ///
    /// As root for the whole host, or as an account of a shared host for that account alone (a CGI script and cron).
    /// What no option says is asked on a terminal, with what was found on this machine as the default. It ends with
    /// the URL and the secret to enter at the forge, where to click there, what `doctor` says, and a signed test
    /// delivery through the web server. Run again it changes nothing that is as it should be, and finishes what is
    /// not. Files that others have written are never replaced.
    Init(InitArgs),
    /// Print the configuration of another program as one of hookspool
    ///
    /// What cannot be translated is named in comments and on standard error. No hook is left open: one that checks no
    /// signature gets a secret of its own. Exit 1 if something was dropped on which a refusal depended.
    #[command(subcommand)]
    Import(ImportArgs),
    /// Check the configuration
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List jobs
    List(ListArgs),
    /// Show what has arrived, also what was refused or ignored
    ///
    /// Every delivery leaves a trace, whatever became of it, and so does a request that named no hook. The last 128 of
    /// each hook are kept, and all are counted. They are shown in the order in which they came; below them stand the
    /// counts of each hook.
    Deliveries(DeliveriesArgs),
    /// Show one job and its history
    Show {
        /// Id of the job, or the part of it after the dot
        job: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what a job printed
    Log {
        /// Id of the job, or the part of it after the dot
        job: String,
        /// Go on until the job ends
        #[arg(short, long)]
        follow: bool,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Send a signed test delivery
    Send(SendArgs),
    /// Send a sample to a target of messages, and say what became of it
    ///
    /// It goes to a `[[notify]]` of the configuration. What the service answers is explained, with the next step;
    /// neither its URL nor a token is printed.
    Tell(TellArgs),
    /// Explain why a delivery would run or not, and whether its signature is valid
    Explain(ExplainArgs),
    /// Queue a job by hand, as a push would
    Deploy(DeployArgs),
    /// Serve what a hook served before, at once, and hold its pushes until the hook is released
    ///
    /// With `releases` the link is switched to the good release that was current before, as the log of switches has it,
    /// and the steps after the switch run there, as a job. With a step `publish` the tree of before comes back, one
    /// step and no further, and no step runs. A job that is running goes on, and does not switch any more.
    Rollback(RollbackArgs),
    /// List the releases of a hook
    Releases {
        /// Name of the hook
        hook: String,
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Queue failed or held jobs again
    Retry(RetryArgs),
    /// End jobs without running them, or stop them
    Cancel(CancelArgs),
    /// Run no more jobs of a hook, until it is released
    Hold(HoldArgs),
    /// End the hold of a hook, or queue held jobs
    Release(ReleaseArgs),
    /// Wait until a job has ended; exit 0 when it succeeded, 1 when not, 75 when the time is up
    Wait {
        /// Id of the job, or the part of it after the dot
        job: String,
        /// Longest wait, such as 10m [default: for ever]
        #[arg(long, value_name = "DURATION", value_parser = moment::duration)]
        timeout: Option<std::time::Duration>,
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
    /// One push, several hosts: make the stream, make a key, send jobs again
    #[cfg(feature = "relay")]
    #[command(subcommand)]
    Relay(RelayCommand),
    /// Remove jobs that ended, with their logs
    Prune(PruneArgs),
    /// Show the state of the spool on one screen
    Status(StatusArgs),
    /// Write the page for people once, as `[page]` of the configuration says
    ///
    /// A runner writes it by itself whenever something happens. This is for a look at it before one is started; beside
    /// a runner it does no harm. Root writes it as the spool's owner.
    Page,
    /// Print metrics of the spool, in Prometheus' text format
    ///
    /// The same as `[runner] metrics` writes into a file for the node exporter, but for the time of the runner's last
    /// loop. Counters of ended jobs are as the runner has written them down last.
    Metrics,
    /// Find problems, and say how to repair them
    Doctor {
        /// Ask no remote
        #[arg(long)]
        offline: bool,
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print a manual page, in roff
    Man {
        /// Which
        #[arg(value_enum, default_value = "hookspool")]
        page: Page,
    },
    /// Print names, for the scripts that complete command lines
    #[command(hide = true)]
    Complete {
        /// Of what
        #[arg(value_enum)]
        names: Names,
    },
    /// Print a script that completes command lines
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct FastcgiArgs {
    #[command(flatten)]
    pub(super) socket: SocketArgs,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) socket: SocketArgs,
    /// Run the jobs of the spool, too, as `spool-runner` does
    #[arg(long)]
    pub(super) runner: bool,
    /// Address or network of a proxy whose `X-Forwarded-For` names the client, such as 10.0.0.0/8
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', value_parser = network)]
    pub(super) trust: Vec<IpNet>,
}

/// The socket that a receiver listens on.
#[derive(Debug, Args)]
pub(super) struct SocketArgs {
    /// Address to listen on: `unix:/path/of.sock` or `address:port`. Not needed when the socket is inherited
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// Mode of the Unix socket, octal
    #[arg(long, value_name = "MODE", default_value = "0660", value_parser = octal)]
    pub(super) socket_mode: u32,
    /// Group of the Unix socket, such as www-data
    #[arg(long, value_name = "GROUP")]
    pub(super) socket_group: Option<String>,
    /// Requests answered at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) workers: u16,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only jobs of this hook
    #[arg(long)]
    pub(super) hook: Option<String>,
    /// Only jobs in these states: queued, running, waiting, held, done, failed, corrupt
    #[arg(long, value_delimiter = ',')]
    pub(super) state: Vec<String>,
    /// Only jobs that arrived since: 2h, 7d, 2026-01-31, 2026-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = moment::moment)]
    pub(super) since: Option<Moment>,
    /// Only jobs that arrived before
    #[arg(long, value_name = "WHEN", value_parser = moment::moment)]
    pub(super) until: Option<Moment>,
    /// Only the newest N
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Print a JSON array
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Go on showing it on the terminal as it changes, until q is typed
    #[arg(long, conflicts_with = "json")]
    pub(super) watch: bool,
    /// Print a JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DeliveriesArgs {
    /// Only those to this hook
    pub(super) hook: Option<String>,
    /// Only the newest N
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Print a JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// Name of the hook; its provider's shape and its secret are used
    pub(super) hook: String,
    /// Event that it reports [default: the first of the hook's `events`]
    #[arg(long, value_enum)]
    pub(super) event: Option<SendEvent>,
    /// URL of the hook at the web server, such as `https://example.org/hooks/docs`
    #[arg(long)]
    pub(super) url: Option<String>,
    /// Name of the host, where `--url` has an address in its place, such as `http://127.0.0.1/hooks/docs`
    #[arg(long, value_name = "NAME")]
    pub(super) host: Option<String>,
    /// Branch that it happened to [default: one that the hook's `branches` want, or main]
    #[arg(long)]
    pub(super) branch: Option<String>,
    /// Branch or tag that it happened to, in full, such as refs/tags/v1
    #[arg(long = "ref", value_name = "REF", conflicts_with = "branch")]
    pub(super) reference: Option<String>,
    /// Repository named in the delivery [default: the hook's, or hookspool/test]
    #[arg(long)]
    pub(super) repository: Option<String>,
    /// File that holds the body to sign and send, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["branch", "reference", "repository"])]
    pub(super) body: Option<std::path::PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TellArgs {
    /// Name of a `[[notify]]`
    pub(super) target: String,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A manual page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Page {
    /// hookspool(1): the commands
    #[value(name = "hookspool")]
    Commands,
    /// hookspool.toml(5): the configuration
    #[value(name = "hookspool.toml")]
    Configuration,
    /// hookspool-json(7): what is printed under `--json`
    #[value(name = "hookspool-json")]
    Json,
}

/// Names that can be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Names {
    Hooks,
    Jobs,
    HooksAndJobs,
    States,
    Targets,
}

/// Event of a test delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SendEvent {
    /// A push of the branch or tag
    Push,
    /// A push of a tag
    Tag,
    /// The deletion of the branch or tag
    Delete,
    /// A merge into the branch
    Merge,
    /// The release of a tag
    Release,
    /// The release of a tag, which is no pre-release
    Released,
    /// A package or image
    Package,
    /// A success of CI on the branch
    Ci,
    /// The forge's own test
    Ping,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Name of a hook, or id of a job
    #[arg(value_name = "HOOK|JOB")]
    pub(super) subject: String,
    /// File with the delivery's body, byte for byte; `-` is standard input
    pub(super) body: Option<PathBuf>,
    /// File with the delivery's headers, `Name: value` on each line
    #[arg(long, value_name = "FILE")]
    pub(super) headers: Option<PathBuf>,
    /// Time of arrival, for signatures that hold a time [default: now]
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<jiff::Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| "write an address or a network, such as `10.0.0.0/8`".into())
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::duration(text).ok_or_else(|| "write a whole number and a unit, such as `50s` or `5m`".into())
}

fn octal(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("not an octal mode such as 0660".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
