//! Edge. Jobs that go to other hosts, and jobs that come from there under the id that they have.

use super::SpoolOwner;
use super::state_dirs::{Opened, job_name};
use crate::model::{JobId, JobMeta, State};
use crate::spool::disk::in_place;
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::{Disk, Io, JOB_MODE, Kind, Place};
use crate::spool::error::{SpoolError, words};
use crate::spool::job::check::{Damage, check, describe};
use crate::spool::job::format;
use crate::spool::job::sealed_line::SealedLine;
use crate::spool::view::{Filter, wanted, where_is};
use crate::system::random::random_bytes;
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;

/// A job's file, read to be sent.
#[derive(Debug)]
pub enum SealedJob {
    /// Every byte was checked.
    Whole {
        /// Its last line.
        line: Box<SealedLine>,
        /// Its payload, unless that is longer than was asked for.
        payload: Option<Vec<u8>>,
    },
    /// It is damaged or hostile; why.
    Damaged(String),
    /// There is no such job.
    Gone,
}

impl<D: Disk> SpoolOwner<D> {
    /// Reads a job wherever it is: its bytes never change. A payload longer than `limit_bytes` is checked, and left.
    pub fn sealed(&self, id: JobId, limit_bytes: u64) -> Result<SealedJob, SpoolError> {
        // A job on the move may be missed once, and not each time.
        for _ in 0..3 {
            let Some(state) = where_is(&self.dirs.disk, id)? else { return Ok(SealedJob::Gone) };
            match self.dirs.open_job(state, id) {
                Err(error) if error.is_missing() => {}
                Ok(Opened::Job(file, facts)) => return self.read_sealed(&file, facts.size, id, state, limit_bytes),
                Ok(Opened::Hostile(reason)) => return Ok(SealedJob::Damaged(reason)),
                Ok(Opened::Unreadable(errno)) => return Ok(SealedJob::Damaged(words(errno))),
                Err(error) => return Err(error),
            }
        }
        Err(SpoolError::NoSuchJob(id))
    }

    fn read_sealed(
        &self,
        file: &D::File,
        size: u64,
        id: JobId,
        state: State,
        limit_bytes: u64,
    ) -> Result<SealedJob, SpoolError> {
        let disk = &self.dirs.disk;
        let read = || {
            let whole = check(disk, file, size, id)?;
            let (_, line, _) = describe(disk, file, size)?;
            let mut payload = vec![0; usize::try_from(whole.length.min(limit_bytes)).unwrap_or_default()];
            disk.read_full_at(file, &mut payload, 0)?;
            let payload = Some(payload).filter(|_| whole.length <= limit_bytes);
            Ok::<_, Damage>(SealedJob::Whole { line: Box::new(SealedLine::parse(&line)?), payload })
        };
        match read() {
            Ok(job) => Ok(job),
            Err(Damage::Found(reason)) => Ok(SealedJob::Damaged(reason)),
            Err(Damage::Disk(errno)) => Err(self.dirs.error("read", state, job_name(id), errno)),
        }
    }

    /// True if there is a job of that id, wherever.
    pub fn has(&self, id: JobId) -> Result<bool, SpoolError> {
        Ok(where_is(&self.dirs.disk, id)?.is_some())
    }

    /// The jobs that came from other hosts, and the hosts, but for those that are known.
    pub fn from_others(&self, is_known: &dyn Fn(JobId) -> bool) -> Result<Vec<(JobId, String)>, SpoolError> {
        let mut found = Vec::new();
        for (id, state) in wanted(&self.dirs.disk, &Filter::default())? {
            if !is_known(id) {
                found.extend(self.origin_of(id, state)?.map(|origin| (id, origin)));
            }
        }
        Ok(found)
    }

    /// The host that a job came from, wherever it has gone meanwhile.
    fn origin_of(&self, id: JobId, listed: State) -> Result<Option<String>, SpoolError> {
        let mut state = Some(listed);
        for _ in 0..3 {
            let Some(here) = state else { return Ok(None) };
            if let Some(meta) = self.peek(id, here)? {
                return Ok(meta.origin);
            }
            state = where_is(&self.dirs.disk, id)?;
        }
        Ok(None)
    }

    /// Puts a job into `queued/` under the id that it has, never over another. `false`: there is one already. The name
    /// is durable after `flush_adopted`.
    pub fn adopt(&self, id: JobId, meta: &JobMeta, payload: &[u8]) -> Result<bool, SpoolError> {
        let disk = &self.dirs.disk;
        let random = random_bytes::<8>().map_err(|e| SpoolError::call("draw a random name for", "a job", e))?;
        let draft = hex::encode(random);
        let error = |call, e| SpoolError::call(call, disk.path(Place::Tmp, draft.as_ref()), e);
        let file = with_reserve(disk, || disk.create(Place::Tmp, draft.as_ref(), JOB_MODE));
        let file = file.map_err(|e| error("create", e))?;
        let moved = self.fill(&file, id, meta, payload).and_then(|()| {
            let to = (Place::In(State::Queued), job_name(id));
            with_reserve(disk, || disk.rename((Place::Tmp, draft.as_ref()), (to.0, to.1.as_ref())))
        });
        if moved.is_err() {
            let _ = disk.remove(Place::Tmp, draft.as_ref(), Kind::Regular);
        }
        match moved {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(errno) => Err(error("write", errno)),
        }
    }

    fn fill(&self, file: &D::File, id: JobId, meta: &JobMeta, payload: &[u8]) -> Io<()> {
        let disk = &self.dirs.disk;
        let tail = format::tail(id, meta, payload.len() as u64, &Sha256::new().chain_update(payload));
        with_reserve(disk, || {
            disk.write_all_at(file, payload, 0)?;
            disk.write_all_at(file, &tail, payload.len() as u64)
        })?;
        disk.flush(file)
    }

    /// Makes the names of adopted jobs durable, in the spool that the path leads to.
    pub fn flush_adopted(&self) -> Result<(), SpoolError> {
        let queued = Place::In(State::Queued);
        let path = || self.dirs.disk.path(queued, OsStr::new(""));
        self.dirs.disk.flush_dir(queued).map_err(|e| SpoolError::call("flush", path(), e))?;
        in_place::check(&self.dirs.disk, &[queued])
    }
}
