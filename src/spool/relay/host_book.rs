//! Edge. The knowledge of other hosts, read anew where it has changed: a page that is written each second asks often.
//! Looks at files, and at the clock.

use super::{HostWords, RelayDir};
use crate::spool::error::SpoolError;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A file that changed so lately may change once more without another time.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// That knowledge, as it was read last.
#[derive(Debug, Default)]
pub struct HostBook {
    stamps: Vec<(PathBuf, SystemTime, u64)>,
    words: Arc<HostWords>,
}

impl HostBook {
    /// The standing of jobs with other hosts, as it is now.
    pub fn read(&mut self, dir: &RelayDir) -> Result<Arc<HostWords>, SpoolError> {
        let stamps = stamps(dir)?;
        if stamps != self.stamps || stamps.is_empty() {
            self.words = Arc::new(HostWords::read(dir)?);
            let settled = SystemTime::now().checked_sub(SETTLED_AFTER);
            let is_settled = stamps.iter().all(|(_, at, _)| settled.is_some_and(|settled| *at < settled));
            self.stamps = if is_settled { stamps } else { Vec::new() };
        }
        Ok(Arc::clone(&self.words))
    }
}

/// Time and length of each file and directory that decides.
fn stamps(dir: &RelayDir) -> Result<Vec<(PathBuf, SystemTime, u64)>, SpoolError> {
    let of_host = |host: String| [dir.out(&host), dir.path().join("heard").join(host)];
    let paths = dir.hosts()?.into_iter().flat_map(of_host).chain([dir.path().join("state")]);
    let stamp = |path: PathBuf| {
        let facts = fs::metadata(&path).ok()?;
        Some((path, facts.modified().ok()?, facts.len()))
    };
    Ok(paths.filter_map(stamp).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobId;
    use std::collections::BTreeSet;

    #[test]
    fn a_book_is_read_anew_when_something_changed_and_only_then() {
        let home = tempfile::tempdir().unwrap();
        let dir = RelayDir::of(home.path());
        dir.make().unwrap();
        let (mut book, id) = (HostBook::default(), JobId::new(5, 7).unwrap());
        assert!(book.read(&dir).unwrap().hosts().is_empty());
        dir.mark(&BTreeSet::from([("web1".to_owned(), id)])).unwrap();
        assert_eq!(book.read(&dir).unwrap().fraction(id).as_deref(), Some("0/1"));
        let now = jiff::Timestamp::now();
        dir.heard_of("web1").unwrap().add([(id, "refused: no such hook")], now).unwrap();
        let queue = book.read(&dir).unwrap().hosts()["web1"].clone();
        assert_eq!((queue.count, queue.refused, queue.oldest.len()), (1, 1, 1));
        dir.unmark("web1", &[id]).unwrap();
        dir.heard_of("web1").unwrap().add([(id, "taken")], now).unwrap();
        assert_eq!(book.read(&dir).unwrap().fraction(id).as_deref(), Some("1/1"));
        // Long ago: the same is not read twice.
        let old = SystemTime::now() - Duration::from_secs(60);
        for path in [dir.out("web1"), dir.path().join("heard/web1")] {
            fs::File::open(path).unwrap().set_modified(old).unwrap();
        }
        let [first, again] = [book.read(&dir).unwrap(), book.read(&dir).unwrap()];
        assert!(Arc::ptr_eq(&first, &again));
        dir.mark(&BTreeSet::from([("web1".to_owned(), JobId::new(6, 7).unwrap())])).unwrap();
        assert_eq!(book.read(&dir).unwrap().hosts()["web1"].count, 1);
    }
}
