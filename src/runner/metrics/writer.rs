//! Edge. The file of metrics, written beside the loop: when something has changed, at most once a second, and from time
//! to time. Also writes down how many jobs have ended.

use super::facts::NotificationFacts;
use super::gather::{MetricSources, gather};
use super::pulse::Pulse;
use super::text::text;
use crate::config::{Config, NotifyTarget};
use crate::model::State;
use crate::runner::current_config::CurrentConfig;
use crate::runner::telling::Teller;
use crate::spool::{SpoolOwner, Tally};
use crate::system::errno::words;
use crate::system::random::random_bytes;
use crate::system::stop::Stop;
use crate::system::wait::{after, ready};
use crate::system::watch::Watch;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two writes, at least, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(15);
/// A spool whose look takes long is looked at for this part of the time.
const SHARE: u32 = 20;

/// The one who writes the metrics.
pub(in crate::runner) struct MetricsWriter<'a> {
    owner: &'a SpoolOwner,
    config: &'a CurrentConfig,
    teller: &'a Teller,
    pulse: &'a Pulse,
    sources: MetricSources,
    /// The counts, as they were known last.
    tally: Option<Tally>,
    /// The troubles that were told; each is told once.
    told: Vec<String>,
}

impl<'a> MetricsWriter<'a> {
    /// Of the runner that has `owner`.
    pub(in crate::runner) fn new(
        owner: &'a SpoolOwner,
        config: &'a CurrentConfig,
        teller: &'a Teller,
        pulse: &'a Pulse,
    ) -> Self {
        Self { owner, config, teller, pulse, sources: MetricSources::default(), tally: None, told: Vec::new() }
    }

    /// Writes down what has ended, and the metrics where a file is named. `is_up`: the runner goes on.
    pub(in crate::runner) fn write(&mut self, is_up: bool) {
        let config = self.config.get();
        self.keep_tally();
        // Without the counts of before, counters would fall.
        let (Some(path), Some(tally)) = (&config.runner.metrics, &self.tally) else { return };
        let hooks: Vec<String> = config.hooks.iter().map(|hook| hook.name.clone()).collect();
        let mut facts = gather(&config.spool, &hooks, tally, &mut self.sources);
        facts.runner_is_up = Some(is_up);
        facts.last_loop = self.pulse.last();
        facts.notifications = notifications(&config, self.teller);
        if let Err(error) = replace(path, text(&facts).as_bytes()) {
            self.tell("no-metrics", format!("cannot write `{}`: {}", path.display(), words(&error)));
        }
    }

    fn keep_tally(&mut self) {
        let (kept, failed) = match self.owner.keep_tally() {
            Ok(kept) => (Some(kept), None),
            Err((kept, error)) => (kept, Some(error)),
        };
        if let Some(why) = kept.as_ref().and_then(|kept| kept.begun_anew.as_ref()) {
            self.tell("tally-begins-anew", format!("the counts of ended jobs cannot be read, and begin anew: {why}"));
        }
        if let Some(error) = failed {
            self.tell("no-tally", error.to_string());
        }
        self.tally = kept.map(|kept| kept.tally).or(self.tally.take());
    }

    fn tell(&mut self, event: &'static str, reason: String) {
        if !self.told.contains(&reason) {
            tracing::warn!(event, reason);
            self.told.push(reason);
        }
    }
}

/// The messages of this runner by target, of those that the configuration has.
fn notifications(config: &Config, teller: &Teller) -> Vec<NotificationFacts> {
    let counts = teller.counts();
    let of_target = |target: &NotifyTarget| {
        let told = counts.get(&target.name).copied().unwrap_or_default();
        NotificationFacts {
            target: target.name.clone(),
            kind: target.messenger.name().to_owned(),
            sent: told.sent,
            failed: told.failed,
            pending: told.waiting as u64,
        }
    };
    config.notify.iter().map(of_target).collect()
}

/// Writes until `halted`, and then once more, that the runner has ended.
pub(in crate::runner) fn go_on(mut writer: MetricsWriter<'_>, spool: &Path, halted: &Stop) {
    let mut watch = watch(spool);
    let wait = |time| drop(ready(&[halted.fd()], after(time)));
    while !halted.requested() {
        let began = Instant::now();
        writer.write(true);
        wait(PAUSE.max(began.elapsed() * SHARE));
        // One that fails is no more than a hint that is missing.
        let _changed = watch.wait(&[halted.fd()], EVERY);
    }
}

/// Something changes when a job comes to another place.
fn watch(spool: &Path) -> Watch {
    let (watch, _looks_from_time_to_time) = Watch::directory(&spool.join(State::ALL[0].as_str()));
    for state in State::ALL {
        let _looks_from_time_to_time = watch.add(&spool.join(state.as_str()));
    }
    watch
}

/// Puts a file in the place of the one at `path`, which readers find whole. The textfile collector reads what ends in
/// `.prom` alone, and the file that is written does not.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let random = random_bytes::<8>().map_err(io::Error::from)?;
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", hex::encode(random)));
    let fresh = PathBuf::from(fresh);
    let written = write_new(&fresh, content).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _may_not_be_there = fs::remove_file(&fresh);
    }
    written
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    // Whatever the umask says: the node exporter is another user.
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    file.write_all(content)
}
