//! Edge. Looks at a spool as a person would: names of directories, names of files, last lines.

use hookspool::model::State;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A job found in a spool.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// What the last line of its file says.
    pub(crate) meta: Value,
    /// The payload before it.
    pub(crate) payload: Vec<u8>,
}

/// Where a job is, and its id.
pub(crate) type Place = (State, String);

/// Every job of a spool, ordered by state. A runner that is there moves jobs meanwhile: one that is seen where it was
/// and where it went is where it went.
pub(crate) fn all(spool: &Path) -> Vec<Place> {
    let seen = State::ALL
        .iter()
        .flat_map(|&state| ids(&spool.join(state.as_str())).into_iter().map(move |id| (state, id)))
        .collect::<Vec<Place>>();
    let is_last = |(index, (_, id)): &(usize, &Place)| seen[index + 1..].iter().all(|(_, later)| later != id);
    seen.iter().enumerate().filter(is_last).map(|(_, place)| place.clone()).collect()
}

/// Names of what is being received.
pub(crate) fn in_flight(spool: &Path) -> Vec<String> {
    names(&spool.join("tmp"))
}

/// The job `id`, wherever it is; the runner may be moving it right now.
pub(crate) fn read(spool: &Path, id: &str) -> Job {
    let file = format!("{id}.job");
    let mut found = None;
    super::until(&format!("job {id} is in the spool"), || {
        found = State::ALL.iter().find_map(|state| fs::read(spool.join(state.as_str()).join(&file)).ok());
        found.is_some()
    });
    parse(&found.unwrap_or_default())
}

fn parse(file: &[u8]) -> Job {
    let lines = file.strip_suffix(b"\n").unwrap_or(file);
    let start = lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let meta: Value = serde_json::from_slice(&lines[start..]).expect("the last line of a job is JSON");
    let length = meta["length"].as_u64().expect("the last line names the payload's length");
    let payload = file[..usize::try_from(length).expect("a length")].to_vec();
    Job { meta, payload }
}

fn ids(directory: &Path) -> Vec<String> {
    names(directory).into_iter().filter_map(|name| Some(name.strip_suffix(".job")?.to_owned())).collect()
}

/// Sorted; a directory that is not there holds nothing.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
