//! Pure. `init`, as it is typed.

use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// `init`.
#[expect(clippy::struct_excessive_bools, clippy::option_option, reason = "each is an option of the command line")]
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("server").args(["nginx", "apache", "lighttpd", "caddy", "cgi"]),
    group = ArgGroup::new("service").args(["supervisor", "systemd", "cron"])
)]
pub(in crate::cli) struct InitArgs {
    /// Name of the hook, the last part of its URL, such as docs
    pub(in crate::cli) hook: Option<String>,
    /// Forge or service that delivers, as `provider` of the configuration names it, such as gitee
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) provider: Option<String>,
    /// Repository that may deliver, such as me/docs
    #[arg(long, value_name = "OWNER/NAME")]
    pub(in crate::cli) repository: Option<String>,
    /// Directory that is kept at the pushed branch's head, such as /srv/docs
    #[arg(long)]
    pub(in crate::cli) dir: Option<PathBuf>,
    /// URL that it is cloned from; of a private repository an address of ssh, such as git@gitee.com:me/docs.git
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) from: Option<String>,
    /// Shell command to run in it afterwards; more than one run in this order
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) shell: Vec<String>,
    /// The web server as the forge reaches it, such as `https://hooks.example.org`
    #[arg(long)]
    pub(in crate::cli) url: Option<String>,
    /// File that holds the secret, where the service gives one out (Slack, Stripe) [default: a fresh secret]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) secret_file: Option<PathBuf>,
    /// Receive through nginx
    #[arg(long)]
    pub(in crate::cli) nginx: bool,
    /// Receive through Apache
    #[arg(long)]
    pub(in crate::cli) apache: bool,
    /// Receive through lighttpd
    #[arg(long)]
    pub(in crate::cli) lighttpd: bool,
    /// Receive through Caddy
    #[arg(long)]
    pub(in crate::cli) caddy: bool,
    /// Receive by a CGI script of this account, in this directory [default: ~/public_html/cgi-bin or its kin]
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    pub(in crate::cli) cgi: Option<Option<PathBuf>>,
    /// Keep receiver and runner alive by supervisor
    #[arg(long)]
    pub(in crate::cli) supervisor: bool,
    /// Keep receiver and runner alive by systemd
    #[arg(long)]
    pub(in crate::cli) systemd: bool,
    /// Keep no process: cron runs the jobs each minute, and the web server starts the receiver (CGI)
    #[arg(long)]
    pub(in crate::cli) cron: bool,
    /// Show each step and each file in full, and change nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}
