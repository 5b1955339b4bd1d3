//! Edge. Everything between "a job was claimed" and "its outcome is known": runs the steps, and ends their processes.
//!
//! - Steps run in order in the work directory. After one that failed, only `always` steps run; after an interruption,
//!   none.
//! - A time-out, a cancellation or an interruption ends every process of the job (`system::tree`), those that earlier
//!   steps left behind included. Otherwise what a step leaves running stays: people start servers so.
//! - `always` steps that run when the job's time is up get that time again.
//! - A step's own `timeout` never exceeds what the job has left. A removal is done in this process and is not timed; so
//!   is a publication, which is timed.
//!
//! A new kind of step is a variant of [`StepAction`](crate::config::StepAction), its keys in `config/keys.rs` and
//! `config/check/step.rs`, an arm of `act` in `list.rs`, and its title in `record.rs`; the compiler names the rest.

mod attempt;
mod confine;
mod control;
mod environment;
mod facts;
mod git;
mod identity;
mod interrupts;
mod list;
mod lookup;
mod messages;
mod output;
mod publish;
mod record;
mod remove;
mod work_release;

pub use crate::system::tree::Survivors;
pub use confine::{clear_all_scratch, clear_scratch, missing as missing_box, unheld};
pub use control::Control;
pub use environment::search_path;
pub use facts::JobFacts;
pub use git::{RemoteHead, Wanted, cause_and_remedy, remote_heads};
pub use identity::ssh_command;
pub use list::{run_after, run_job};
pub use lookup::program as find_program;
pub use publish::{PublishedBack, is_published, tree_before};
pub use record::{JobResult, List, StepNews, StepRecord, StepResult, TRY_AGAIN, TimeLimit, own_action, title};

use crate::model::JobId;
use crate::system::tree::Tree;
use crate::system::wait;
use std::io;
use std::time::Duration;

/// Ends every process of `job` that outlived the runner that started it: TERM, `kill_delay`, KILL, gone. After a
/// reboot there are none, since no later job gets the same id.
pub fn end_survivors(job: JobId, kill_delay: Duration) -> io::Result<Survivors> {
    Tree::of(&job.to_string()).end(kill_delay, &mut |fd, until| Ok(wait::ready(&[fd], until)? == [true]))
}
