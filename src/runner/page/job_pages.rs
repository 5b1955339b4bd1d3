//! Edge. The pages of single jobs: each is written when its job has moved, and goes with it.

use super::error::PageError;
use super::gather::{step_of, unusual};
use super::log_file;
use super::place::{Folder, PageDir};
use crate::config::{Config, PageSettings};
use crate::model::{JobId, State};
use crate::page::{Face, JobCard, JobFactsheet, job_page};
use crate::spool::{HistoryStamp, HostWord, HostWords, SpoolReader};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// The page of a job that lies in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OnDisk {
    /// `None` for a page of which nothing but its time is known.
    state: Option<State>,
    stamp: HistoryStamp,
    /// Its standing with other hosts, as the page tells it.
    hosts: u64,
}

/// The pages of jobs that there are.
#[derive(Debug, Default)]
pub(super) struct JobPages {
    written: HashMap<JobId, OnDisk>,
    /// Pages that were written since the start.
    pub(super) writes: u64,
}

/// The sources of pages of jobs.
pub(super) struct Sources<'a> {
    pub(super) config: &'a Config,
    pub(super) page: &'a PageSettings,
    pub(super) reader: &'a SpoolReader,
    pub(super) hosts: &'a HostWords,
    pub(super) face: &'a Face,
}

impl JobPages {
    /// Begins with those that an earlier runner left. Whatever else is in the directory stays.
    pub(super) fn find(&mut self, dir: &PageDir, names: &[String]) {
        let ids = names.iter().filter_map(|name| name.strip_suffix(".html")?.parse::<JobId>().ok());
        let found = ids.filter_map(|id| Some((id, dir.stamp(Folder::Job, &html(id))?)));
        self.written = found.map(|(id, stamp)| (id, OnDisk { state: None, stamp, hosts: sum(&[]) })).collect();
    }

    /// Removes every page and log of a job among `names`: those that are still right are written anew.
    pub(super) fn clear(dir: &PageDir, names: &[String]) -> Result<(), PageError> {
        let is_ours = |name: &&String| job_of(name).is_some();
        names.iter().filter(is_ours).try_for_each(|name| dir.remove(Folder::Job, name))
    }

    /// Removes the pages of jobs that are gone, and with `names` what else is left of them.
    pub(super) fn prune(
        &mut self,
        dir: &PageDir,
        here: &HashMap<JobId, State>,
        names: &[String],
    ) -> Result<(), PageError> {
        let gone = |id: &JobId| !here.contains_key(id);
        let left_over = names.iter().filter_map(|name| job_of(name)).filter(gone);
        let gone: HashSet<JobId> = self.written.keys().copied().filter(gone).chain(left_over).collect();
        for id in gone {
            dir.remove(Folder::Job, &html(id))?;
            dir.remove(Folder::Job, &log(id))?;
            self.written.remove(&id);
        }
        Ok(())
    }

    /// Writes the pages that are due, those of running jobs first and then the newest, until `until`. A job that moved
    /// is seen by that; the histories of the others are looked at where `looks` says so. `false` if some are left.
    pub(super) fn write_due(
        &mut self,
        dir: &PageDir,
        sources: &Sources<'_>,
        ids: &[(JobId, State)],
        looks: impl Fn(JobId) -> bool,
        until: Option<Instant>,
    ) -> Result<bool, PageError> {
        let is_running = |&&(_, state): &&(JobId, State)| state == State::Running;
        let running = ids.iter().rev().filter(is_running);
        let others = ids.iter().rev().filter(|entry| !is_running(entry));
        let mut first_error = None;
        for &(id, state) in running.chain(others) {
            if !self.is_due(sources, id, state, looks(id)) {
                continue;
            }
            if state != State::Running && until.is_some_and(|until| Instant::now() >= until) {
                return first_error.map_or(Ok(false), Err);
            }
            if let Err(error) = self.write(dir, sources, id, state) {
                first_error = first_error.or(Some(error));
            }
        }
        first_error.map_or(Ok(true), Err)
    }

    fn is_due(&mut self, sources: &Sources<'_>, id: JobId, state: State, looks: bool) -> bool {
        let Some(written) = self.written.get_mut(&id) else { return true };
        if written.hosts != sum(sources.hosts.of(id)) {
            return true;
        }
        if state == State::Running || written.state.is_some_and(|before| before != state) {
            return true;
        }
        if written.state.is_some() && !looks {
            return false;
        }
        written.state = Some(state);
        sources.reader.stamp(id, state) != Some(written.stamp)
    }

    fn write(&mut self, dir: &PageDir, sources: &Sources<'_>, id: JobId, state: State) -> Result<(), PageError> {
        let Some(stamp) = sources.reader.stamp(id, state) else { return Ok(()) };
        let Some(shown) = sources.reader.show(id, state)? else { return Ok(()) };
        let (config, page) = (sources.config, sources.page);
        let state = shown.view.state;
        let is_running = state == State::Running;
        let has_log_file = page.logs && !is_running && log_file::copy(dir, &log(id), &config.spool, id, stamp)?;
        let (meta, history) = (shown.meta.clone(), shown.history.entries().to_vec());
        let card = JobCard::of(shown);
        let hosts = sources.hosts.of(id);
        let sheet = JobFactsheet {
            title: page.title.clone(),
            config: unusual(config),
            step: if is_running { step_of(config, &card) } else { None },
            log: page.logs.then(|| log_file::excerpt(&config.spool, id)),
            url: page.job_url(id),
            has_log_file,
            hosts: hosts.to_vec(),
            card,
            meta,
            history,
        };
        // What it shows of a running job changes without its history: only its own time tells a browser of that.
        let time = (!is_running).then_some(stamp);
        dir.put(Folder::Job, &html(id), &mut job_page(&sheet, sources.face).as_bytes(), time)?;
        self.written.insert(id, OnDisk { state: Some(state), stamp, hosts: sum(hosts) });
        self.writes += 1;
        Ok(())
    }
}

/// A number that is another one for other words.
fn sum(words: &[HostWord]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

fn html(id: JobId) -> String {
    format!("{id}.html")
}

fn log(id: JobId) -> String {
    format!("{id}.log")
}

/// The job of which a file is.
fn job_of(name: &str) -> Option<JobId> {
    name.strip_suffix(".html").or_else(|| name.strip_suffix(".log"))?.parse().ok()
}
