//! Pure. The content of a forgetful disk, and what a crash leaves of it.

use crate::spool::disk::{Io, Place};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicU64, Ordering};

/// A crash tears writes at these borders.
const SECTOR_BYTES: usize = 512;

/// The part that a reboot finds of everything that was not flushed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Survives {
    /// Nothing.
    Nothing,
    /// All of it: the process died, the machine did not.
    Everything,
    /// Any part, by seed.
    Some(u64),
}

/// A flush that the disk is told to skip: a bug put in on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mute {
    /// Flushes of files in this place whose name ends so.
    File(Place, &'static str),
    /// Flushes of this directory.
    Dir(Place),
    /// Flushes of everything.
    All,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<(Place, OsString), Binding>,
    pub(super) calls: usize,
    pub(super) flushes: usize,
    pub(super) die_at: Option<usize>,
    pub(super) fault: Option<(usize, Errno)>,
    pub(super) mute: Option<Mute>,
    pub(super) handles: u64,
    pub(super) boots: u32,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Inode {
    pub(super) durable: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) pending: Vec<PendingChange>,
    /// A flush failed: the kernel calls the pages clean, and later flushes change nothing.
    pub(super) spoiled: bool,
    pub(super) was_durably_named: bool,
    pub(super) holder: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum PendingChange {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// A name: what it stands for on the platter, and every change of that since.
#[derive(Debug, Default, Clone)]
pub(super) struct Binding {
    pub(super) durable: Option<usize>,
    pub(super) pending: Vec<Option<usize>>,
}

impl Binding {
    pub(super) fn now(&self) -> Option<usize> {
        self.pending.last().copied().unwrap_or(self.durable)
    }
}

impl Inode {
    fn apply(bytes: &mut Vec<u8>, change: &PendingChange) {
        match change {
            PendingChange::Length(length) => bytes.resize(*length, 0),
            PendingChange::Write(offset, data) => {
                bytes.resize(bytes.len().max(offset + data.len()), 0);
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
        }
    }

    pub(super) fn change(&mut self, change: PendingChange) {
        Self::apply(&mut self.content, &change);
        self.pending.push(change);
    }

    pub(super) fn after_crash(&self, survives: Survives, dice: &Dice) -> Vec<u8> {
        match survives {
            Survives::Nothing => self.durable.clone(),
            Survives::Everything => self.content.clone(),
            Survives::Some(_) => self.torn(dice),
        }
    }

    fn torn(&self, dice: &Dice) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for change in &self.pending {
            match change {
                PendingChange::Length(_) if dice.roll(2) == 0 => {}
                PendingChange::Length(_) => Self::apply(&mut bytes, change),
                PendingChange::Write(offset, data) => {
                    for (n, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                        let at = offset + n * SECTOR_BYTES;
                        let part = sector[..dice.roll(sector.len() + 1)].to_vec();
                        match dice.roll(4) {
                            0 => {}
                            1 => Self::apply(&mut bytes, &PendingChange::Write(at, vec![0; sector.len()])),
                            2 => Self::apply(&mut bytes, &PendingChange::Write(at, part)),
                            _ => Self::apply(&mut bytes, &PendingChange::Write(at, sector.to_vec())),
                        }
                    }
                }
            }
        }
        bytes
    }
}

/// Numbers from a seed (xorshift).
pub(super) struct Dice(AtomicU64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    fn roll(&self, sides: usize) -> usize {
        let mut state = self.0.load(Ordering::Relaxed);
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.store(state, Ordering::Relaxed);
        usize::try_from((state >> 33) % sides as u64).unwrap()
    }
}

impl World {
    pub(super) fn add(&mut self, place: Place, name: &OsStr, content: &[u8]) {
        let inode = Inode { durable: content.to_vec(), content: content.to_vec(), ..Inode::default() };
        self.inodes.push(Inode { was_durably_named: true, ..inode });
        let binding = Binding { durable: Some(self.inodes.len() - 1), pending: Vec::new() };
        self.names.insert((place, name.to_owned()), binding);
    }

    pub(super) fn now(&self, place: Place, name: &OsStr) -> Io<usize> {
        self.names.get(&(place, name.to_owned())).and_then(Binding::now).ok_or(Errno::NOENT)
    }

    pub(super) fn bind(&mut self, place: Place, name: &OsStr, inode: Option<usize>) {
        self.names.entry((place, name.to_owned())).or_default().pending.push(inode);
    }

    pub(super) fn names_of(&self, inode: usize) -> impl Iterator<Item = &(Place, OsString)> {
        self.names.iter().filter(move |(_, b)| b.now() == Some(inode)).map(|(name, _)| name)
    }

    /// Makes everything durable, but what a failed flush has spoiled.
    pub(super) fn flush_all(&mut self) {
        for inode in self.inodes.iter_mut().filter(|inode| !inode.spoiled) {
            inode.durable = inode.content.clone();
            inode.pending.clear();
        }
        for binding in self.names.values_mut() {
            binding.durable = binding.now();
            binding.pending.clear();
            if let Some(inode) = binding.durable {
                self.inodes[inode].was_durably_named = true;
            }
        }
    }

    pub(super) fn is_muted(&self, inode: usize) -> bool {
        let Some(Mute::File(place, end)) = self.mute else { return false };
        self.names_of(inode).any(|(p, n)| *p == place && n.to_string_lossy().ends_with(end))
    }

    /// Files that have a name elsewhere which is not durable yet.
    pub(super) fn moved_to_other_places(&self, from: Place) -> Vec<usize> {
        let elsewhere = self.names.iter().filter(|((place, _), b)| *place != from && b.now() != b.durable);
        elsewhere.filter_map(|(_, b)| b.now()).collect()
    }

    /// The binding of each name after a crash.
    pub(super) fn names_after_crash(&self, survives: Survives, dice: &Dice) -> BTreeMap<(Place, OsString), usize> {
        let choose = |b: &Binding| {
            let kept = match survives {
                Survives::Nothing => 0,
                Survives::Everything => b.pending.len(),
                Survives::Some(_) => dice.roll(b.pending.len() + 1),
            };
            if kept == 0 { b.durable } else { b.pending[kept - 1] }
        };
        let mut after: BTreeMap<_, _> =
            self.names.iter().filter_map(|(name, b)| choose(b).map(|inode| (name.clone(), inode))).collect();
        // A rename that was not flushed shows the old name, the new one or both, never neither.
        for (name, binding) in &self.names {
            let Some(inode) = binding.now().filter(|&i| self.inodes[i].was_durably_named) else { continue };
            // A name in `tmp/` that comes back is of a move before: it does not stand for the later one.
            let is_there = |((place, _), i): (&(Place, OsString), &usize)| *i == inode && *place != Place::Tmp;
            if !after.iter().any(is_there) {
                after.insert(name.clone(), inode);
            }
        }
        after
    }
}
