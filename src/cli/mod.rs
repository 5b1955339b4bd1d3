//! Edge. The entry: the mode that the command line or the starter means, and the verbs.

mod args;
mod awaited;
mod cgi;
mod check;
mod complete;
mod control;
mod daily_log;
mod deliveries;
mod demo;
mod doctor;
mod exit;
mod explain;
mod hosts;
mod http;
mod import;
mod inherited;
mod init;
mod jobs;
mod last_run;
mod listing;
mod load;
mod local_time;
mod logging;
mod manual;
mod metrics;
mod mode;
mod moment;
mod output;
mod page;
mod patience;
mod print;
mod progress;
mod receive;
#[cfg(feature = "relay")]
mod relay;
mod releases;
mod send;
mod serve_spool;
mod ssh_address;
mod status;
mod step_progress;
mod table;
mod tell;
mod test_reply;
mod trust;
mod usual_time;
mod wait;
mod wanted_sample;

use args::{Cli, Command};
use exit::Failure;
use mode::Mode;
use std::process::ExitCode;

/// Entry point. The mode is decided by how we were started, before any argument is looked at: Apache hands the query
/// of a request over as arguments (RFC 3875 §4.4), so in CGI mode they do not exist.
pub fn main() -> ExitCode {
    exit::guard(start)
}

fn start() -> ExitCode {
    crate::system::inherited::settle_signals();
    // Without it a spool beyond the limit ends the process; with it the sender is told 503.
    let _ = crate::system::file_limit::as_error();
    let result = match mode::choose() {
        Mode::Cgi => Ok(cgi::run()),
        Mode::InheritedSockets(sockets) => inherited::run(sockets),
        Mode::CommandLine => command_line(),
    };
    logging::finish();
    exit::report(result)
}

/// Carries out a verb. Under `--json` the error of one is an object on standard output, too.
fn command_line() -> Result<ExitCode, Failure> {
    let result = verb(exit::command_line());
    match &result {
        Err(failure) if !failure.text.is_empty() && std::env::args_os().any(|argument| argument == "--json") => {
            print::json(&serde_json::json!({ "error": failure.text, "exit": failure.code }))?;
        }
        _ => {}
    }
    result
}

fn verb(cli: Cli) -> Result<ExitCode, Failure> {
    let config = cli.config.as_deref();
    match cli.command {
        Command::Fastcgi(args) => receive::fastcgi(config, &args),
        Command::Serve(args) => http::run(config, args),
        Command::SpoolRunner { once, max_runtime } => serve_spool::run(config, once, max_runtime),
        Command::Demo => demo::run(),
        Command::Init(args) => init::run(config, &args),
        Command::Import(args) => import::run(&args),
        Command::Check { json } => check::run(config, json),
        Command::List(args) => listing::list(config, &args),
        Command::Deliveries(args) => deliveries::run(config, &args),
        Command::Show { job, json } => listing::show(config, &job, json),
        Command::Log { job, follow, json } => output::run(config, &job, follow, json),
        Command::Explain(args) => explain::run(config, &args),
        Command::Send(args) => send::run(config, &args),
        Command::Tell(args) => tell::run(config, &args),
        Command::Deploy(args) => control::deploy(config, &args),
        Command::Rollback(args) => control::rollback(config, &args),
        Command::Releases { hook, json } => releases::run(config, &hook, json),
        Command::Retry(args) => control::retry(config, &args),
        Command::Cancel(args) => control::cancel(config, &args),
        Command::Hold(args) => control::hold(config, &args),
        Command::Release(args) => control::release(config, &args),
        Command::Wait { job, timeout, json } => wait::run(config, &job, timeout, json),
        Command::Prune(args) => control::prune(config, &args),
        Command::Page => page::run(config),
        Command::Status(args) => status::run(config, &args),
        Command::Metrics => metrics::run(config),
        Command::Doctor { offline, json } => doctor::run(config, offline, json),
        #[cfg(feature = "relay")]
        Command::Relay(command) => relay::run(config, &command),
        Command::Man { page } => manual::page(page),
        Command::Complete { names } => complete::run(config, names),
        Command::Completions { shell } => manual::completions(shell),
    }
}
