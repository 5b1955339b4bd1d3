//! Pure. A disk in memory that forgets like a real one: what was not flushed may be gone after a crash, or half there.

use super::disk::{Access, Disk, Facts, Io, Kind, Lock, Place};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// Group of everything on it.
const GID: u32 = 77;
/// A crash tears writes at these borders.
const SECTOR_BYTES: usize = 512;

/// What a reboot finds of everything that was not flushed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Survives {
    /// Nothing.
    Nothing,
    /// All of it: the process died, the machine did not.
    Everything,
    /// Any part, by seed.
    Some(u64),
}

/// A flush that the disk is told to skip: a bug put in on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mute {
    /// Flushes of files in this place whose name ends so.
    File(Place, &'static str),
    /// Flushes of this directory.
    Dir(Place),
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(super) struct FakeDisk(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    inodes: Vec<Inode>,
    names: BTreeMap<(Place, OsString), Binding>,
    calls: usize,
    die_at: Option<usize>,
    fault: Option<(usize, Errno)>,
    mute: Option<Mute>,
    handles: u64,
}

#[derive(Debug, Default, Clone)]
struct Inode {
    durable: Vec<u8>,
    content: Vec<u8>,
    pending: Vec<Change>,
    /// A flush failed: the kernel calls the pages clean, and later flushes change nothing.
    spoiled: bool,
    was_durably_named: bool,
    holder: Option<u64>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// A name: what it stands for on the platter, and every change of that since.
#[derive(Debug, Default, Clone)]
struct Binding {
    durable: Option<usize>,
    pending: Vec<Option<usize>>,
}

impl Binding {
    fn now(&self) -> Option<usize> {
        self.pending.last().copied().unwrap_or(self.durable)
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct FakeFile {
    world: Arc<Mutex<World>>,
    inode: usize,
    handle: u64,
    flush_failed: AtomicBool,
}

impl Drop for FakeFile {
    fn drop(&mut self) {
        let mut world = self.world.lock().unwrap();
        let inode = &mut world.inodes[self.inode];
        if inode.holder == Some(self.handle) {
            inode.holder = None;
        }
    }
}

impl Inode {
    fn apply(bytes: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Length(length) => bytes.resize(*length, 0),
            Change::Write(offset, data) => {
                bytes.resize(bytes.len().max(offset + data.len()), 0);
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
        }
    }

    fn change(&mut self, change: Change) {
        Self::apply(&mut self.content, &change);
        self.pending.push(change);
    }

    fn after_crash(&self, survives: Survives, dice: &Dice) -> Vec<u8> {
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
                Change::Length(_) if dice.roll(2) == 0 => {}
                Change::Length(_) => Self::apply(&mut bytes, change),
                Change::Write(offset, data) => {
                    for (n, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                        let at = offset + n * SECTOR_BYTES;
                        let part = sector[..dice.roll(sector.len() + 1)].to_vec();
                        match dice.roll(4) {
                            0 => {}
                            1 => Self::apply(&mut bytes, &Change::Write(at, vec![0; sector.len()])),
                            2 => Self::apply(&mut bytes, &Change::Write(at, part)),
                            _ => Self::apply(&mut bytes, &Change::Write(at, sector.to_vec())),
                        }
                    }
                }
            }
        }
        bytes
    }
}

/// Numbers from a seed (xorshift).
struct Dice(AtomicU64);

impl Dice {
    fn new(seed: u64) -> Self {
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
    fn add(&mut self, place: Place, name: &OsStr, content: &[u8]) {
        let inode = Inode { durable: content.to_vec(), content: content.to_vec(), ..Inode::default() };
        self.inodes.push(Inode { was_durably_named: true, ..inode });
        let binding = Binding { durable: Some(self.inodes.len() - 1), pending: Vec::new() };
        self.names.insert((place, name.to_owned()), binding);
    }

    fn now(&self, place: Place, name: &OsStr) -> Io<usize> {
        self.names.get(&(place, name.to_owned())).and_then(Binding::now).ok_or(Errno::NOENT)
    }

    fn bind(&mut self, place: Place, name: &OsStr, inode: Option<usize>) {
        self.names.entry((place, name.to_owned())).or_default().pending.push(inode);
    }

    fn names_of(&self, inode: usize) -> impl Iterator<Item = &(Place, OsString)> {
        self.names.iter().filter(move |(_, b)| b.now() == Some(inode)).map(|(name, _)| name)
    }

    fn is_muted(&self, inode: usize) -> bool {
        let Some(Mute::File(place, end)) = self.mute else { return false };
        self.names_of(inode).any(|(p, n)| *p == place && n.to_string_lossy().ends_with(end))
    }

    /// Files that have a name elsewhere which is not durable yet.
    fn moved_to_other_places(&self, from: Place) -> Vec<usize> {
        let elsewhere = self.names.iter().filter(|((place, _), b)| *place != from && b.now() != b.durable);
        elsewhere.filter_map(|(_, b)| b.now()).collect()
    }

    /// Which binding each name has after a crash.
    fn names_after_crash(&self, survives: Survives, dice: &Dice) -> BTreeMap<(Place, OsString), usize> {
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
            if !after.values().any(|&i| i == inode) {
                after.insert(name.clone(), inode);
            }
        }
        after
    }
}

impl FakeDisk {
    /// A spool as `create` makes it, with a reserve of one byte.
    pub(super) fn with_spool() -> Self {
        let mut world = World::default();
        world.add(Place::Root, OsStr::new("lock"), b"");
        world.add(Place::Root, OsStr::new("sequence"), b"0000000000000000000\n");
        world.add(Place::Root, OsStr::new("reserve"), b"x");
        Self(Arc::new(Mutex::new(world)))
    }

    /// Calls so far.
    pub(super) fn calls(&self) -> usize {
        self.world().calls
    }

    /// Call `n`, counted from now and from 1, and all after it do nothing and fail.
    pub(super) fn die_at(&self, n: usize) {
        let mut world = self.world();
        world.die_at = Some(world.calls + n);
    }

    /// Call `n`, counted from now and from 1, fails.
    pub(super) fn fail_at(&self, n: usize, errno: Errno) {
        let mut world = self.world();
        world.fault = Some((world.calls + n, errno));
    }

    /// Puts a bug in.
    pub(super) fn mute(&self, mute: Option<Mute>) {
        self.world().mute = mute;
    }

    /// Makes everything durable.
    pub(super) fn settle_down(&self) {
        *self.world() = std::mem::take(&mut *self.after(Survives::Everything).world());
    }

    /// The disk that a reboot finds.
    pub(super) fn after(&self, survives: Survives) -> Self {
        let world = self.world();
        let dice = Dice::new(if let Survives::Some(seed) = survives { seed } else { 0 });
        let inode = |old: &Inode| {
            let content = old.after_crash(survives, &dice);
            Inode { durable: content.clone(), content, was_durably_named: true, ..Inode::default() }
        };
        let inodes = world.inodes.iter().map(inode).collect();
        let names = world.names_after_crash(survives, &dice);
        let binding = |inode| Binding { durable: Some(inode), pending: Vec::new() };
        let names = names.into_iter().map(|(name, inode)| (name, binding(inode))).collect();
        Self(Arc::new(Mutex::new(World { inodes, names, ..World::default() })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    fn enter(&self) -> Io<MutexGuard<'_, World>> {
        let mut world = self.world();
        world.calls += 1;
        if world.die_at.is_some_and(|n| world.calls >= n) {
            return Err(Errno::IO);
        }
        match world.fault {
            Some((n, errno)) if n == world.calls => Err(errno),
            _ => Ok(world),
        }
    }

    fn handle(&self, world: &mut World, inode: usize) -> FakeFile {
        world.handles += 1;
        let (world, handle) = (Arc::clone(&self.0), world.handles);
        FakeFile { world, inode, handle, flush_failed: AtomicBool::new(false) }
    }
}

fn facts(world: &World, inode: usize) -> Facts {
    Facts {
        kind: Kind::Regular,
        inode: inode as u64,
        links: u32::try_from(world.names_of(inode).count()).unwrap(),
        uid: rustix::process::geteuid().as_raw(),
        gid: GID,
        size: world.inodes[inode].content.len() as u64,
        modified_s: 0,
    }
}

impl Disk for FakeDisk {
    type File = FakeFile;

    fn path(&self, place: Place, name: &OsStr) -> PathBuf {
        Path::new("/fake").join(place.as_str()).join(name)
    }

    fn create(&self, place: Place, name: &OsStr, _mode: u32) -> Io<FakeFile> {
        let mut world = self.enter()?;
        if world.now(place, name).is_ok() {
            return Err(Errno::EXIST);
        }
        world.inodes.push(Inode::default());
        let inode = world.inodes.len() - 1;
        world.bind(place, name, Some(inode));
        Ok(self.handle(&mut world, inode))
    }

    fn open(&self, place: Place, name: &OsStr, _access: Access) -> Io<FakeFile> {
        let mut world = self.enter()?;
        let inode = world.now(place, name)?;
        Ok(self.handle(&mut world, inode))
    }

    fn facts(&self, file: &FakeFile) -> Io<Facts> {
        self.enter().map(|world| facts(&world, file.inode))
    }

    fn facts_at(&self, place: Place, name: &OsStr) -> Io<Facts> {
        let world = self.enter()?;
        if name == "." {
            let uid = rustix::process::geteuid().as_raw();
            return Ok(Facts { kind: Kind::Directory, inode: 0, links: 2, uid, gid: GID, size: 0, modified_s: 0 });
        }
        Ok(facts(&world, world.now(place, name)?))
    }

    fn read_at(&self, file: &FakeFile, into: &mut [u8], offset: u64) -> Io<usize> {
        let world = self.enter()?;
        let rest = world.inodes[file.inode].content.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let read = rest.len().min(into.len());
        into[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_at(&self, file: &FakeFile, bytes: &[u8], offset: u64) -> Io<usize> {
        let change = Change::Write(usize::try_from(offset).unwrap(), bytes.to_vec());
        self.enter()?.inodes[file.inode].change(change);
        Ok(bytes.len())
    }

    fn truncate(&self, file: &FakeFile, length: u64) -> Io<()> {
        let change = Change::Length(usize::try_from(length).unwrap());
        self.enter()?.inodes[file.inode].change(change);
        Ok(())
    }

    fn flush(&self, file: &FakeFile) -> Io<()> {
        assert!(
            !file.flush_failed.load(Ordering::Relaxed),
            "a descriptor was flushed again after its flush had failed"
        );
        let world = self.enter();
        if world.is_err() {
            file.flush_failed.store(true, Ordering::Relaxed);
        }
        let Ok(mut world) = world else {
            self.world().inodes[file.inode].spoiled = true;
            return world.map(drop);
        };
        if world.is_muted(file.inode) {
            return Ok(());
        }
        let inode = &mut world.inodes[file.inode];
        if !inode.spoiled {
            inode.durable = inode.content.clone();
            inode.pending.clear();
        }
        Ok(())
    }

    fn flush_dir(&self, place: Place) -> Io<()> {
        let mut world = self.enter()?;
        if world.mute == Some(Mute::Dir(place)) {
            return Ok(());
        }
        // The most that a file system may keep back: a name that moved away is not gone before its new place is flushed.
        let held_back: Vec<usize> = world.moved_to_other_places(place);
        let World { names, inodes, .. } = &mut *world;
        for (_, binding) in names.iter_mut().filter(|((p, _), _)| *p == place) {
            if binding.now().is_none() && binding.durable.is_some_and(|inode| held_back.contains(&inode)) {
                continue;
            }
            binding.durable = binding.now();
            binding.pending.clear();
            if let Some(inode) = binding.durable {
                inodes[inode].was_durably_named = true;
            }
        }
        Ok(())
    }

    fn rename(&self, from: (Place, &OsStr), to: (Place, &OsStr)) -> Io<()> {
        let mut world = self.enter()?;
        let inode = world.now(from.0, from.1)?;
        if world.now(to.0, to.1).is_ok() {
            return Err(Errno::EXIST);
        }
        world.bind(from.0, from.1, None);
        world.bind(to.0, to.1, Some(inode));
        Ok(())
    }

    fn remove(&self, place: Place, name: &OsStr, _kind: Kind) -> Io<()> {
        let mut world = self.enter()?;
        world.now(place, name)?;
        world.bind(place, name, None);
        Ok(())
    }

    fn lock(&self, file: &FakeFile, lock: Lock) -> Io<bool> {
        let mut world = self.enter()?;
        let holder = &mut world.inodes[file.inode].holder;
        let free = holder.is_none_or(|h| h == file.handle);
        match lock {
            Lock::Release if free => *holder = None,
            _ if free => *holder = Some(file.handle),
            Lock::Try => {}
            Lock::Wait | Lock::Release => panic!("waiting for a lock that nobody will give back"),
        }
        Ok(free)
    }

    fn entries(&self, place: Place, visit: &mut dyn FnMut(&OsStr, Kind)) -> Io<()> {
        let world = self.enter()?;
        let here = world.names.iter().filter(|((p, _), b)| *p == place && b.now().is_some());
        here.for_each(|((_, name), _)| visit(name, Kind::Regular));
        Ok(())
    }

    fn free_bytes(&self) -> Io<u64> {
        self.enter().map(|_| 0)
    }
}
