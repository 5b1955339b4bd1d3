//! Edge. Whose files are: those of others where ours should be, and ours where others work.

use crate::config::{Config, NotifyTarget, SecretSource};
use crate::system::replaceable::{Weakness, weakness};
use crate::system::users;
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The files that secrets are read from.
pub(super) fn secret_files(config: &Config) -> BTreeSet<PathBuf> {
    let of_hooks = config.hooks.iter().flat_map(|hook| &hook.secrets).map(|secret| &secret.source);
    let of_targets = config.notify.iter().flat_map(NotifyTarget::secret_sources);
    let of_forges = config.hooks.iter().filter_map(|hook| Some(&hook.plan.status.as_ref()?.token));
    let of_relay = config.relay.iter().flat_map(|relay| relay.credentials.iter().chain(&relay.sign));
    let sources = of_hooks.chain(of_targets).chain(of_forges).chain(of_relay);
    let file = |source: &SecretSource| if let SecretSource::File(path) = source { Some(path.clone()) } else { None };
    sources.filter_map(file).collect()
}

/// The weakness on the way to `path`. Root, this user and the runner's user are trusted.
pub(super) fn weakness_of(path: &Path, spool: &Path) -> Option<Weakness> {
    let runner = std::fs::metadata(spool).map(|metadata| metadata.uid());
    let trusted: Vec<u32> = [rustix::process::geteuid().as_raw()].into_iter().chain(runner).collect();
    weakness(path, &trusted)
}

/// A weakness in words, and what repairs it.
pub(super) fn described(weakness: &Weakness) -> (String, String) {
    match weakness {
        Weakness::Open(path) => {
            (format!("anybody may write to {}", path.display()), format!("chmod o-w {}", path.display()))
        }
        Weakness::Foreign(path, owner) => (
            format!("{} belongs to {}", path.display(), users::name_of(*owner)),
            format!("chown root {}", path.display()),
        ),
    }
}

/// The first directory of a hook that is not root's, with its owner.
pub(super) fn foreign_directory(config: &Config) -> Option<(&Path, u32)> {
    let owner = |dir: &Path| std::fs::metadata(dir).ok().map(|found| found.uid()).filter(|uid| *uid != 0);
    config.hooks.iter().find_map(|hook| Some((hook.plan.dir.as_path(), owner(&hook.plan.dir)?)))
}
