//! Edge. Dies at each call of each protocol, fails at each, and looks at what a reboot would find.

mod faults;
mod journal;
mod outbox;
mod power;
mod promises;
mod scenarios;

use crate::model::{EventKind, JobMeta};
use jiff::Timestamp;

fn meta(arrived_at: Timestamp) -> JobMeta {
    JobMeta::new("docs", "github", EventKind::Push, arrived_at)
}
