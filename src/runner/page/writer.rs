//! Edge. One page after the other: what the last one knew is kept, and only what changed is read and written.

use super::error::PageError;
use super::gather::Gathering;
use super::job_pages::{JobPages, Sources};
use super::ledger::Ledger;
use super::place::{Folder, PageDir, STYLE_MARK, STYLE_NAME};
use crate::config::{Config, PageSettings};
use crate::model::{JobId, State};
use crate::page::{Face, PageFacts, RunnerFacts, STYLE, badge, icon, index, is_badge_of};
use crate::spool::{HostBook, HostWords, RelayDir, SpoolReader};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at the histories of all jobs.
const ALL_EVERY: Duration = Duration::from_secs(60);
/// A badge is smaller.
const BADGE_LIMIT_BYTES: u64 = 4096;
/// The style sheet is smaller.
const STYLE_LIMIT_BYTES: u64 = 256 * 1024;

/// The time for which a page is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Pages of jobs are due.
    Behind,
    /// Something runs.
    Running,
    /// Until something happens.
    Idle,
}

/// The memory of the pages that were written.
#[derive(Debug, Default)]
pub(super) struct PageWriter {
    pub(super) ledger: Ledger,
    pub(super) jobs: JobPages,
    /// Files that seldom change, as they were written.
    rarely: HashMap<String, Vec<u8>>,
    /// The badges that are there.
    badges: HashSet<String>,
    /// The directory, and the settings by which its files were written.
    begun: Option<((u64, u64), PageSettings)>,
    all_looked_at: Option<Instant>,
    hosts: HostBook,
}

impl PageWriter {
    /// Writes the page, if there is to be one, and pages of jobs until `until`.
    pub(super) fn write(
        &mut self,
        config: &Config,
        runner: RunnerFacts,
        until: Option<Instant>,
    ) -> Result<Pace, PageError> {
        let Some(page) = &config.page else { return Ok(Pace::Idle) };
        let dir = PageDir::open(page, &config.spool)?;
        let reader = SpoolReader::open(&config.spool)?;
        let ids = reader.ids()?;
        let here: HashMap<JobId, State> = ids.iter().copied().collect();
        let names = self.begin(&dir, page)?;
        let all = self.is_time_for_all();
        self.ledger.begin(&here);
        if all {
            self.ledger.recheck(&reader);
        }
        let face = Face { now: Timestamp::now(), zone: TimeZone::system() };
        let hosts = self.hosts(config)?;
        let (ledger, now) = (&mut self.ledger, face.now);
        let mut gathering = Gathering { config, reader: &reader, ledger, hosts: &hosts, ids: &ids, now };
        let facts = gathering.facts(&page.title, runner)?;
        self.write_index(&dir, &facts, &face)?;
        self.write_badges(&dir, &facts)?;
        self.jobs.prune(&dir, &here, &names)?;
        let sources = Sources { config, page, reader: &reader, hosts: &hosts, face: &face };
        // What is shown in a row is looked at each time, the rest now and then.
        let looks = |id: JobId| all || self.ledger.shows(id);
        let is_complete = self.jobs.write_due(&dir, &sources, &ids, looks, until)?;
        Ok(match (is_complete, facts.running.is_empty()) {
            (false, _) => Pace::Behind,
            (true, false) => Pace::Running,
            (true, true) => Pace::Idle,
        })
    }

    /// The first time in a directory: removes what is left over there. Names of the files of jobs that are there.
    fn begin(&mut self, dir: &PageDir, page: &PageSettings) -> Result<Vec<String>, PageError> {
        let begun = (dir.identity(), page.clone());
        if self.begun.as_ref() == Some(&begun) {
            return Ok(Vec::new());
        }
        self.begun = None;
        self.rarely.clear();
        self.badges.clear();
        let now_s = Timestamp::now().as_second();
        for folder in [Folder::Top, Folder::Job, Folder::Badge] {
            dir.sweep(folder, &dir.names(folder)?, now_s);
        }
        let style = style(page);
        let mut names = dir.names(Folder::Job)?;
        if dir.read(Folder::Top, STYLE_NAME, STYLE_LIMIT_BYTES) != style.as_bytes() {
            JobPages::clear(dir, &names)?;
            names.clear();
        }
        dir.write(Folder::Top, STYLE_NAME, style.as_bytes())?;
        dir.flush(Folder::Top, STYLE_NAME)?;
        self.jobs.find(dir, &names);
        self.all_looked_at = None;
        self.begun = Some(begun);
        Ok(names)
    }

    /// The standing of jobs with other hosts; nothing where this one is alone.
    fn hosts(&mut self, config: &Config) -> Result<Arc<HostWords>, PageError> {
        match config.relay {
            Some(_) => Ok(self.hosts.read(&RelayDir::of(&config.spool))?),
            None => Ok(Arc::default()),
        }
    }

    fn is_time_for_all(&mut self) -> bool {
        let is_time = self.all_looked_at.is_none_or(|at| at.elapsed() >= ALL_EVERY);
        if is_time {
            self.all_looked_at = Some(Instant::now());
        }
        is_time
    }

    fn write_index(&mut self, dir: &PageDir, facts: &PageFacts, face: &Face) -> Result<(), PageError> {
        let mut json = serde_json::to_vec(facts).expect("text keys and no floats");
        json.push(b'\n');
        dir.write(Folder::Top, "status.json", &json)?;
        self.write_rarely(dir, Folder::Top, "icon.svg", icon(facts, face).into_bytes())?;
        if facts.running.is_empty() {
            dir.remove(Folder::Top, "still.html")?;
        } else {
            dir.write(Folder::Top, "still.html", index(facts, face, true).as_bytes())?;
        }
        dir.write(Folder::Top, "index.html", index(facts, face, false).as_bytes())
    }

    /// Badges of hooks, and none of hooks that are gone.
    fn write_badges(&mut self, dir: &PageDir, facts: &PageFacts) -> Result<(), PageError> {
        let names: HashSet<String> = facts.hooks.iter().map(|hook| format!("{}.svg", hook.name)).collect();
        if self.badges != names {
            let is_gone = |name: &&String| !names.contains(*name) && is_badge(dir, name);
            dir.names(Folder::Badge)?.iter().filter(is_gone).try_for_each(|name| dir.remove(Folder::Badge, name))?;
            self.badges = names;
        }
        for hook in &facts.hooks {
            self.write_rarely(dir, Folder::Badge, &format!("{}.svg", hook.name), badge(hook, facts).into_bytes())?;
        }
        Ok(())
    }

    fn write_rarely(&mut self, dir: &PageDir, folder: Folder, name: &str, content: Vec<u8>) -> Result<(), PageError> {
        let key = format!("{folder:?}/{name}");
        if self.rarely.get(&key) != Some(&content) {
            dir.write(folder, name, &content)?;
            self.rarely.insert(key, content);
        }
        Ok(())
    }
}

/// The style sheet, whose first line is the mark of what decides how a job's page looks: where that is another one, all
/// of them are written anew.
fn style(page: &PageSettings) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let decisive = format!("{version}\n{}\n{:?}\n{}\n{STYLE}", page.title, page.url, page.logs);
    let mark = hex::encode(&Sha256::digest(decisive)[..8]);
    format!("{STYLE_MARK}{version}, {mark} */\n{STYLE}")
}

/// `true` for a badge of this program: a picture of somebody else may lie beside them.
fn is_badge(dir: &PageDir, name: &str) -> bool {
    let Some(hook) = name.strip_suffix(".svg") else { return false };
    let content = dir.read(Folder::Badge, name, BADGE_LIMIT_BYTES);
    is_badge_of(&String::from_utf8_lossy(&content), hook)
}
