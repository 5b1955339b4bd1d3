//! Edge. A disk in memory that forgets like a real one: what was not flushed may be gone after a crash, or half there.
//! Its files belong to whoever runs it.

mod world;

pub(crate) use self::world::{Mute, Survives};

use self::world::{Binding, Dice, Inode, PendingChange, World};
use crate::spool::disk::{Access, Disk, Facts, Io, Kind, Lock, Place};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// Group of everything on it.
const GID: u32 = 77;

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct FakeDisk(Arc<Mutex<World>>);

/// An open file.
#[derive(Debug)]
pub(crate) struct FakeFile {
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

impl FakeDisk {
    /// A spool as `create` makes it, with a reserve of one byte.
    pub(crate) fn with_spool() -> Self {
        let mut world = World::default();
        world.add(Place::Root, OsStr::new("lock"), b"");
        world.add(Place::Root, OsStr::new("sequence"), b"0000000000000000000\n");
        world.add(Place::Root, OsStr::new("reserve"), b"x");
        Self(Arc::new(Mutex::new(world)))
    }

    /// Puts a durable file on it.
    pub(crate) fn put(&self, place: Place, name: &str, content: &[u8]) {
        self.world().add(place, OsStr::new(name), content);
    }

    /// Names in a directory.
    pub(crate) fn names(&self, place: Place) -> Vec<String> {
        let world = self.world();
        let here = world.names.iter().filter(|((p, _), b)| *p == place && b.now().is_some());
        here.map(|((_, name), _)| name.to_string_lossy().into_owned()).collect()
    }

    /// Every name there is, by directory.
    pub(crate) fn each_name(&self, visit: &mut dyn FnMut(Place, &OsStr)) {
        let world = self.world();
        world.names.iter().filter(|(_, b)| b.now().is_some()).for_each(|((place, name), _)| visit(*place, name));
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> usize {
        self.world().calls
    }

    /// Flushes so far, of whatever kind.
    pub(crate) fn flushes(&self) -> usize {
        self.world().flushes
    }

    /// Call `n`, counted from now and from 1, and all after it do nothing and fail.
    pub(crate) fn die_at(&self, n: usize) {
        let mut world = self.world();
        world.die_at = Some(world.calls + n);
    }

    /// Call `n`, counted from now and from 1, fails.
    pub(crate) fn fail_at(&self, n: usize, errno: Errno) {
        let mut world = self.world();
        world.fault = Some((world.calls + n, errno));
    }

    /// Puts a bug in.
    pub(crate) fn mute(&self, mute: Option<Mute>) {
        self.world().mute = mute;
    }

    /// Makes everything durable.
    pub(crate) fn settle_down(&self) {
        *self.world() = std::mem::take(&mut *self.after(Survives::Everything).world());
    }

    /// The disk that a reboot finds.
    pub(crate) fn after(&self, survives: Survives) -> Self {
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
        let boots = world.boots + u32::from(!matches!(survives, Survives::Everything));
        Self(Arc::new(Mutex::new(World { inodes, names, boots, ..World::default() })))
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

    const JOURNAL_HALF_BYTES: usize = 8 * 1024;

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
        let change = PendingChange::Write(usize::try_from(offset).unwrap(), bytes.to_vec());
        self.enter()?.inodes[file.inode].change(change);
        Ok(bytes.len())
    }

    fn truncate(&self, file: &FakeFile, length: u64) -> Io<()> {
        let change = PendingChange::Length(usize::try_from(length).unwrap());
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
        world.flushes += 1;
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

    fn flush_data(&self, file: &FakeFile) -> Io<()> {
        self.flush(file)
    }

    fn flush_all(&self) -> Io<()> {
        let mut world = self.enter()?;
        world.flushes += 1;
        if world.mute != Some(Mute::All) {
            world.flush_all();
        }
        Ok(())
    }

    fn boot_id(&self) -> String {
        format!("boot-{}", self.world().boots)
    }

    fn may_flush_all(&self) -> bool {
        true
    }

    fn flush_dir(&self, place: Place) -> Io<()> {
        let mut world = self.enter()?;
        world.flushes += 1;
        if world.mute == Some(Mute::Dir(place)) {
            return Ok(());
        }
        // The most that a file system may keep back: a name that moved away is not gone before its new place is
        // flushed.
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
            Lock::Release => panic!("a lock is given back that another has"),
        }
        Ok(free)
    }

    fn lock_dir(&self, _place: Place) -> Io<bool> {
        self.enter().map(|_| true)
    }

    fn is_in_place(&self, _place: Place) -> Io<bool> {
        self.enter().map(|_| true)
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
