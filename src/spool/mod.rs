//! Edge. The spool: a directory in which every accepted delivery is a file, until it has been dealt with. Opens files
//! below one directory, and nothing else.
//!
//! # Layout
//!
//! ```text
//! spool/                     2751   others may pass, the group may look (not setgid: 0700, as all below it)
//!   tmp/      <16 hex>       3770   being written; the group writes, none may remove another's
//!   queued/   <id>.job       3770   accepted; with <id>.events if it was here before
//!   running/  waiting/  held/  done/  failed/  corrupt/
//!             <id>.job <id>.events  2750   the runner's; one of these is a job's state
//!   log/      <id>.log       2750   what the job printed (the runner writes it)
//!             tally                 JSON: by hook, how many jobs have ended so far; pruning changes nothing of it
//!   control/  <16 hex>.…     0700   orders to the runner and its answers: see `control/mod.rs`
//!   holds/    <hook>         2750   a hook on hold, with the reason
//!   seen/     <hook>         3770   the last deliveries of a hook, whatever became of them: see `seen/mod.rs`
//!   outbox/   <id>.<addressee>.json  2750   a message that waits to be sent: facts, no secret
//!             failed/        2750   those that nobody will take, with the reason
//!   version                  0640   a number: what this directory is like; without it, 1
//!   lock                     0600   held by the runner; its process id, for people
//!   sequence                 0660   19 digits: the last number given out
//!   journal                  0600   1 MiB: what the runner did since its last checkpoint; made by the first runner
//!   reserve                  0660   1 MiB that a full disk gets back once
//!   relay/                   2750   of a host among several: see `relay/mod.rs`
//!   home/     <hook>         0700   HOME of a hook's confined steps; stays, so that their caches stay warm
//!   scratch/  <id>           0700   TMPDIR of a job's confined steps; goes with the attempt
//!   reconcile                0640   JSON: by hook, when its remote is asked next; there if any ever was
//! ```
//!
//! # Names
//!
//! A job is `<sequence>.<random>`, 19 digits and 8 hex digits. The sequence is the time of arrival in nanoseconds, or
//! one more than the last, whichever is larger: names rise, whatever the clock does. Two deliveries at the same time
//! have no defined order. What was found in `queued/` and is no job lies in `corrupt/` as `<16 hex>.<its name, made
//! safe>`, with the reason beside it in `….events`.
//!
//! # The job's file
//!
//! The raw payload, a line feed, one line of JSON, a line feed; `tail -n 1` shows the line. It holds `version`, `id`,
//! `sequence`, what the receiver says of the delivery, `length` and `sha256` of the payload, and last `seal`: the
//! SHA-256 of every byte of the file before `,"seal":"`. It is a check against damage, not a signature: who may write
//! to `queued/` may queue a job, with values such as a delivery could have told. What a job *does* is not in it.
//!
//! # The history
//!
//! `<id>.events` only grows: one line of JSON for each thing that happened, durable before anything follows from it,
//! here or in the journal. A line from which nothing follows (`claimed`, the end of a step) becomes so with the next.
//! [`History`] adds the lines up to a state, and that state is the directory where the job belongs. What follows the
//! last line feed was never promised; it is ignored, and replaced by the next line.
//!
//! # Contract
//!
//! - **Append** ([`Draft::commit`]): number under the lock; create in `tmp/`; write; flush the file; rename into
//!   `queued/`, never over anything; flush `queued/`. When it returns an id, the job survives `kill -9`, a crash of the
//!   kernel and a power cut. When it returns an error, nothing was accepted, except that after a failed flush of
//!   `queued/` the job may be there, whole, and will run. A descriptor whose flush failed is not used again.
//! - **Full disk**: an append or a line of history that meets a full disk empties `reserve` and tries once more. The
//!   runner makes the reserve whole when there is space again.
//! - **Journal** ([`SpoolOwner::begin_journal`], [`SpoolOwner::checkpoint`]): with one, what was added to a history is
//!   written there and flushed, and the moves before and after it wait for the next checkpoint, which flushes the whole
//!   file system (`syncfs`). `src/README.md` has the protocol. Whoever takes the lock follows what is in it before all
//!   else. Where it cannot be made, flushes go where the files lie; those are marked with a star below.
//! - **Claim** ([`SpoolOwner::claim`]): rename into `running/`; read every byte once; line `claimed`; flush file,
//!   `running/`, `queued/`*. Then the job is ours, whatever happens; that it was claimed is durable with the line after
//!   it. A file that is no regular file, has a second name, belongs to a stranger, is too large, differs from its
//!   seal in a single bit, or says what no delivery could have told goes to `corrupt/`.
//! - **Settle** ([`Claim::settle`]): line, durable; rename job, then history; flush file, new directory, old
//!   directory*.
//! - **Recover** ([`SpoolOwner::recover`]): goes by id. A job in two directories, or settled and not moved, is brought
//!   to where its history says; a job whose history says that it was running is handed to the caller. A job that a
//!   person moved by hand, with its history, stays where it was put; unless the power went after a runner had it and
//!   before that runner's end or next quiet minute: then the journal says where it is.
//! - **One file that cannot be read** (its mode, a damaged sector, a history over 4 MiB) never stops the others. A job
//!   goes to `corrupt/`. A history goes there too, and its job is held, or stays where it ended: nothing of which
//!   nobody knows how far it came runs unasked.
//! - **Wait** ([`Wait`]): a job waits at most as long as its wait was when it was written down, whatever the clock
//!   says.
//! - **Remove** ([`SpoolOwner::remove`]): log, history, flush, and last the job, whose name finds the rest after a
//!   crash.
//! - **Hold** ([`SpoolOwner::hold`]): a file in `holds/`, flushed under another name and renamed, until somebody
//!   removes it.
//! - **Post** ([`SpoolOwner::post`]): messages under other names, flushed; renamed, each in the place of an older one
//!   of the same job and addressee; flush `outbox/`. Before the job is settled that they tell of, so that no crash
//!   loses one. What was sent is removed, and that is flushed: it does not come back behind what followed it.
//! - **Orders** ([`PendingRequest`], [`SpoolOwner::take_requests`]): whoever may write to `control/` may order a runner
//!   about; a verb that finds none takes the lock and does it itself. Every order may be carried out twice.
//! - **Versions** (`disk/version.rs`): a spool of a version that is not known is refused by whatever opens it, before
//!   anything is touched; one of an older version is taken over.
//! - **Two of anything**: one owner at a time (`flock` of `lock` and of `control/`; the second is told who has it); any
//!   number of receivers and readers. A reader may see a job that has moved on since. An owner whose `lock` was removed
//!   makes it anew at its next look.
//! - **Replaced directories** (a backup put back, a file system mounted over): before a receiver acknowledges a job,
//!   and at each look of the runner, the paths still lead to the directories that are held open. Otherwise a receiver
//!   opens what is there now, and refuses the delivery that was under way; the runner ends with 75, to be started
//!   again.
//! - **Traces** ([`SeenRings`]): every delivery leaves one in `seen/`, in place and without a flush; no failure of it
//!   changes an answer.
//! - **Hostile entries** in `queued/` are never followed, waited for or run, and never stop the others. They leave
//!   `queued/`, unless they are directories that the runner may not move; those are reported once.
//!
//! # Assumptions
//!
//! - A local file system that has `renameat2(RENAME_NOREPLACE)` and whose `fsync` means it: ext4, xfs, btrfs. Between
//!   flushes a rename may be lost or be seen in both directories, but never in neither. Everything is on one file
//!   system. On tmpfs, or with a disk that lies about flushing, nothing survives a power cut.
//! - Not ext4 with `fast_commit`: it was seen to lose what it had acknowledged.
//! - Receivers share the group of `queued/` with the runner, and trust each other not to hold the lock of `sequence`:
//!   while one does, deliveries are refused after a few seconds, and jobs run all the same.
//! - A sector is written whole or not at all; a flushed line is not harmed by the writing of the next.
//!
//! # What it does not do
//!
//! It does not judge deliveries, run anything, read configuration, or delete a job unasked: `corrupt/` and `failed/`
//! are for people, and what ends is kept until somebody prunes. It does not keep an index: `ls` is the index.

mod append;
mod closed;
mod control;
mod disk;
mod error;
mod job;
mod journal;
mod owner;
#[doc(hidden)]
#[allow(dead_code, reason = "the fuzz targets throw bytes at it")]
pub mod probe;
mod relay;
mod seen;
mod tally;
mod view;

pub use append::{draft::Draft, inbox::Inbox, receiver_reach::ReceiverReach};
pub use closed::{foreseen as foreseen_remedy, remedy as remedy_of_closed};
pub use control::order::{Answer, Effect, EffectResult, Order, Request};
pub use control::{PendingRequest, TakenRequest};
pub use disk::create::{Audience, audience, create, is_unmade, mode_of};
pub use disk::real::RealDisk;
pub use disk::{Access, Disk, Facts, Io, Kind, Lock, Place};
pub use error::SpoolError;
pub use job::entry::{Entry, HistoryEvent};
pub use job::history::History;
pub use job::sealed_line::SealedLine;
pub use job::settlement::Settlement;
pub use job::wait::Wait;
pub use owner::SpoolOwner;
pub use owner::claim::{Claim, Claimed};
pub use owner::hold::{Hold, holds};
pub use owner::kept_tally::KeptTally;
pub use owner::outbox::{FailedLetter, Letter, OutboxView, outbox};
pub use owner::presence::{Presence, presence};
pub use owner::prune::{Removed, Retention, expired};
pub use owner::recover::Recovered;
pub use owner::relayed::SealedJob;
pub use owner::scan::{Scan, SpoolProblem};
pub use relay::{HostBook, HostQueue, HostWord, HostWords, JobLedger, LedgerWord, RelayDir, RelayPeer, RelayState};
pub use seen::{DeliveryResult, Seen, SeenCounts, SeenDelivery, SeenRings, Streak, seen};
pub use tally::{BOUNDS_S, HookTally, Tally, TimeClasses};
pub use view::{
    Filter, HistoryStamp, JobView, Match, Shown, SpoolReader, count, find, history_path, hook_of, ids, job_path, list,
    log_path, newest_first, payload, show, state_of, tally,
};

#[cfg(test)]
mod crash;
#[cfg(test)]
pub(crate) mod fake;
