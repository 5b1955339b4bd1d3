//! Edge. From one delivery to jobs: one for each event that is wanted.

use super::handled::Queued;
use crate::model::JobMeta;
use crate::spool::{Draft, Inbox, SpoolError};
use crate::system::errno::words;
use std::io::Read;

/// Bytes of a payload that are copied at a time.
const COPY_BYTES: usize = 32 * 1024;

/// The reason that no job, or not every job, was appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendError {
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("cannot copy a payload: {}", words(.0))]
    Copy(std::io::Error),
}

/// Appends a job for each of `metas`, each with the payload in `draft`, and says which jobs stand and what kept the
/// others from being appended.
///
/// Payloads are copied before the first job is appended, so that most troubles are found while nothing is accepted.
/// If a later append fails nevertheless, the sender is told 503 for the whole delivery, and the earlier jobs stand:
/// taking them back could fail as well, or come too late. A sender that delivers again then makes them again, with the
/// same delivery id and the same ref, and the runner skips those as repeats.
pub(super) fn append_each(inbox: &Inbox, draft: Draft, metas: Vec<JobMeta>) -> (Vec<Queued>, Result<(), AppendError>) {
    let mut queued = Vec::with_capacity(metas.len());
    let result = copies(inbox, draft, metas.len()).and_then(|drafts| {
        for (draft, meta) in drafts.into_iter().zip(metas) {
            let id = draft.commit(&meta)?;
            queued.push(Queued { id, meta });
        }
        Ok(())
    });
    (queued, result)
}

/// `draft` and copies of it, `count` in all.
fn copies(inbox: &Inbox, draft: Draft, count: usize) -> Result<Vec<Draft>, AppendError> {
    let mut drafts = Vec::with_capacity(count);
    for _ in 1..count {
        drafts.push(copy(inbox, &draft)?);
    }
    drafts.push(draft);
    Ok(drafts)
}

fn copy(inbox: &Inbox, draft: &Draft) -> Result<Draft, AppendError> {
    let mut copy = inbox.draft()?;
    let mut payload = draft.reader();
    let room = usize::try_from(draft.len()).unwrap_or(COPY_BYTES).clamp(1, COPY_BYTES);
    let mut buffer = vec![0; room];
    loop {
        match payload.read(&mut buffer).map_err(AppendError::Copy)? {
            0 => return Ok(copy),
            count => copy.write(&buffer[..count])?,
        }
    }
}
