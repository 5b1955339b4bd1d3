//! Edge. The verb's side: places one request, and waits for its answer.

use super::{place, read, remove};
use crate::spool::control::order::{Answer, Request};
use crate::spool::disk::Place;
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::version;
use crate::spool::error::SpoolError;
use crate::system::random::random_bytes;
use crate::system::watch::Watch;
use rustix::io::Errno;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An order on its way to the runner. Dropping it takes it back, if it was not heard yet.
#[derive(Debug)]
pub struct PendingRequest {
    disk: RealDisk,
    directory: PathBuf,
    stem: String,
    watch: Watch,
}

/// Between two looks where the kernel tells nothing.
const LOOK: Duration = Duration::from_millis(100);

impl PendingRequest {
    /// Places a request in the spool at `root`.
    pub fn place(root: &Path, request: &Request) -> Result<Self, SpoolError> {
        let disk = version::open(root)?;
        let directory = root.join(Place::Control.as_str());
        // Before the request, so that no answer can come unseen.
        let (watch, _poll_instead) = Watch::directory(&directory);
        let stem = random_bytes::<8>().map(hex::encode);
        let stem = stem.map_err(|e| SpoolError::call("draw a random name for", &directory, e))?;
        let text = serde_json::to_vec(request).expect("text keys and no floats");
        let name = format!("{stem}.request");
        let placed = with_reserve(&disk, || place(&disk, &name, &text));
        placed.map_err(|e| SpoolError::call("give an order in", &directory, e))?;
        Ok(Self { disk, directory, stem, watch })
    }

    /// The answer, if it comes within `at_most`.
    pub fn wait(&self, at_most: Duration) -> Result<Option<Answer>, SpoolError> {
        let until = Instant::now() + at_most;
        loop {
            if let Some(answer) = self.answer()? {
                return Ok(Some(answer));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.watch.wait_alone(left, LOOK);
        }
    }

    /// Takes the order back. `false`: the runner has taken it, and may have carried it out.
    pub fn take_back(&self) -> bool {
        remove(&self.disk, self.name("request").as_ref()).is_ok()
    }

    fn answer(&self) -> Result<Option<Answer>, SpoolError> {
        let name = self.name("answer");
        let error = |e| SpoolError::call("read", self.directory.join(&name), e);
        let text = match read(&self.disk, &name, |_| true) {
            Err(Errno::NOENT) => return Ok(None),
            other => other.map_err(error)?,
        };
        let _swept_later = remove(&self.disk, name.as_ref());
        let answer = text.and_then(|text| serde_json::from_slice(&text).ok());
        Ok(Some(answer.unwrap_or_else(|| Answer::Error("the runner's answer cannot be read".to_owned()))))
    }

    fn name(&self, end: &str) -> String {
        format!("{}.{end}", self.stem)
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.take_back();
        let _none = remove(&self.disk, self.name("answer").as_ref());
    }
}
