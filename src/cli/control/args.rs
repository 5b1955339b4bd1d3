//! Pure. The arguments of the verbs that change something.

use clap::Args;

/// `retry`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RetryArgs {
    /// Ids of failed, waiting or held jobs, or the parts of them after the dot
    #[arg(value_name = "JOB", required_unless_present = "failed", conflicts_with = "failed")]
    pub(in crate::cli) jobs: Vec<String>,
    /// Also jobs that ended well, or were skipped as a repeat
    #[arg(long)]
    pub(in crate::cli) again: bool,
    /// All jobs in failed/
    #[arg(long)]
    pub(in crate::cli) failed: bool,
    /// With --failed: only jobs of this hook
    #[arg(long, requires = "failed")]
    pub(in crate::cli) hook: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `deploy`.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeployArgs {
    /// Name of the hook
    pub(in crate::cli) hook: String,
    /// Branch to deploy [default: that of the last job that the hook wants]
    #[arg(long, conflicts_with = "tag")]
    pub(in crate::cli) branch: Option<String>,
    /// Tag to deploy
    #[arg(long)]
    pub(in crate::cli) tag: Option<String>,
    /// Commit of the branch or tag, in the place of its head; its first seven digits are enough
    #[arg(long, value_name = "COMMIT")]
    pub(in crate::cli) commit: Option<String>,
    /// Whatever the rules of the hook say
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Reason, kept with the job
    #[arg(short = 'm', long = "message", value_name = "WHY")]
    pub(in crate::cli) why: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `rollback`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RollbackArgs {
    /// Name of the hook
    pub(in crate::cli) hook: String,
    /// Release to go back to, by its name or number [default: the good one that was current before]
    #[arg(long, value_name = "RELEASE")]
    pub(in crate::cli) to: Option<String>,
    /// Reason, kept in the log of switches and shown by `status`
    #[arg(short = 'm', long = "message", value_name = "WHY")]
    pub(in crate::cli) why: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `cancel`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CancelArgs {
    /// Ids of jobs, or the parts of them after the dot
    #[arg(value_name = "JOB", required = true)]
    pub(in crate::cli) jobs: Vec<String>,
    /// Print a JSON array
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `hold`.
#[derive(Debug, Args)]
pub(in crate::cli) struct HoldArgs {
    /// Name of the hook
    pub(in crate::cli) hook: String,
    /// Reason, shown by `status` and `list`
    #[arg(short = 'm', long = "message", value_name = "WHY")]
    pub(in crate::cli) why: String,
    /// Print a JSON array
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `release`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReleaseArgs {
    /// Name of a hook, or ids of held jobs, or the parts of them after the dot
    #[arg(value_name = "HOOK|JOB", required = true)]
    pub(in crate::cli) targets: Vec<String>,
    /// Print a JSON array
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// `prune`.
#[derive(Debug, Args)]
pub(in crate::cli) struct PruneArgs {
    /// Remove what ended so long ago, such as 30d [default: `keep` of the configuration]
    #[arg(long, value_name = "DURATION", value_parser = super::super::moment::duration)]
    pub(in crate::cli) older_than: Option<std::time::Duration>,
    /// Keep no more than the newest N
    #[arg(long, value_name = "N")]
    pub(in crate::cli) keep: Option<usize>,
    /// Also jobs in failed/
    #[arg(long)]
    pub(in crate::cli) failed: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Print a JSON object
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
