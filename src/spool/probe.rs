//! Edge. A door for tests that throw bytes at the job file's format: files in memory, no spool.

use crate::model::{JobId, JobMeta};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::{Disk, Io};
use crate::spool::job::check::{Damage, check};
use crate::spool::job::format;
use rustix::fs::MemfdFlags;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The file of a job, as a receiver would write it.
pub fn written(id: JobId, meta: &JobMeta, payload: &[u8]) -> Vec<u8> {
    let hash = Sha256::new().chain_update(payload);
    [payload, &format::tail(id, meta, payload.len() as u64, &hash)].concat()
}

/// The result of claiming job `id` with a file that holds `bytes`: its description, or why it is corrupt.
pub fn claimed(id: JobId, bytes: &[u8]) -> Result<JobMeta, String> {
    let judged = in_memory(bytes).map_err(Damage::from).and_then(|(disk, file)| {
        let whole = check(&disk, &file, bytes.len() as u64, id)?;
        Ok(whole.meta)
    });
    judged.map_err(|damage| match damage {
        Damage::Found(why) => why,
        Damage::Disk(errno) => errno.to_string(),
    })
}

fn in_memory(bytes: &[u8]) -> Io<(RealDisk, <RealDisk as Disk>::File)> {
    let disk = RealDisk::open(Path::new("/"))?;
    let file = rustix::fs::memfd_create("job", MemfdFlags::CLOEXEC)?;
    disk.write_all_at(&file, bytes, 0)?;
    Ok((disk, file))
}
