//! Pure. A private repository: a key of the runner's user, and the host that it is shown to.

use crate::cli::init::goal::{Directory, Goal, KnownHost};
use crate::cli::init::machine::Machine;
use crate::cli::init::owner::Owner;
use crate::cli::init::wishes::Wishes;
use crate::cli::ssh_address::address;
use std::path::{Path, PathBuf};

/// The goals, and the public half of the key; none where git does not go by ssh.
pub(super) fn goals(machine: &Machine, wishes: &Wishes, owner: &Owner, home: &Path) -> (Vec<Goal>, Option<PathBuf>) {
    let Some(address) = wishes.from.as_deref().and_then(address) else { return (Vec::new(), None) };
    let dir = home.join(".ssh");
    let file = machine.key.clone().unwrap_or_else(|| dir.join("id_ed25519"));
    let public = PathBuf::from(format!("{}.pub", file.display()));
    let host = address.host.rsplit('@').next().unwrap_or_default().to_owned();
    let port = address.port.unwrap_or_else(|| "22".to_owned());
    let known = KnownHost { host, port, file: dir.join("known_hosts"), owner: owner.clone() };
    let goals = vec![
        Goal::Directory(Directory { path: dir, mode: 0o700, owner: owner.clone(), is_ours: true }),
        Goal::Key { file, owner: owner.clone() },
        Goal::KnownHost(known),
    ];
    (goals, Some(public))
}
