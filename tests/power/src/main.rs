//! Edge. Power cuts below a real file system: a service lives on a disk whose writes and flushes are kept, the disk is made
//! anew as a cut at any moment leaves it, and is mounted, recovered and compared with what was promised. `README.md` beside
//! this package says more.

mod chance;
mod device;
mod disk;
mod filesystem;
mod flushes;
mod look;
mod service;

use chance::Chance;
use device::{Device, held};
use disk::{Contents, Disk, Happened, Leaves};
use filesystem::{KINDS, Kind, Mounted};
use flushes::{Flush, LEFT_OUT, Tracer};
use look::Known;
use service::{Places, Service, succeeds};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Rounds of a life: deliveries, and a run of the runner.
const LIFE: usize = 5;
/// Cuts of one life.
const CUTS: usize = 24;
/// So many facts are looked at after a flush was left out.
const AFTER_A_GAP: usize = 6;
/// Of the cuts of a life, one in so many is followed by another in the recovery.
const SECOND_CUT: usize = 4;

struct Arguments {
    program: PathBuf,
    seed: u64,
    cuts: usize,
    kinds: Vec<Kind>,
    proves: bool,
    /// Of the flushes that are left out, only those whose words hold this.
    only: String,
}

const USAGE: &str =
    "usage: hookspool-power --program FILE [--seed N] [--cuts N] [--on ext4|xfs|btrfs] [--prove [--only TEXT]]";

fn arguments() -> Option<Arguments> {
    let (program, kinds, only) = (PathBuf::new(), Vec::new(), String::new());
    let mut found = Arguments { program, seed: 1, cuts: CUTS, kinds, proves: false, only };
    let mut typed = std::env::args().skip(1);
    while let Some(name) = typed.next() {
        match name.as_str() {
            "--prove" => found.proves = true,
            "--only" => found.only = typed.next()?,
            "--program" => found.program = fs::canonicalize(typed.next()?).ok()?,
            "--seed" => found.seed = typed.next()?.parse().ok()?,
            "--cuts" => found.cuts = typed.next()?.parse().ok()?,
            "--on" => {
                let name = typed.next()?;
                found.kinds.push(*KINDS.iter().find(|kind| kind.name == name)?);
            }
            _ => return None,
        }
    }
    found.program.is_file().then_some(found)
}

/// A life that has been lived: the disk, with everything that happened to it.
struct Lived {
    kind: Kind,
    disk: Disk,
    service: Service,
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A new file system, a spool, and a life upon it.
fn live(kind: Kind, places: &Places, chance: &mut Chance, tracer: &mut Tracer) -> Result<Lived, String> {
    let rounds = if tracer.looks() { 8 } else { LIFE };
    let device = Device::start(Disk::of(kind.make(&places.dir)?), kind.size_bytes, &places.device()).map_err(text)?;
    let mut service = Service::new(places.clone(), device.disk.clone())?;
    let mounted = Mounted::mount(kind, &device.file(), &places.mount())?;
    service.set_up()?;
    tracer.notes_of(&device.disk);
    held(&device.disk).mark("set up".to_owned());
    service.live(rounds, chance, tracer)?;
    drop(mounted);
    let disk = std::mem::take(&mut *held(&device.disk));
    Ok(Lived { kind, disk, service })
}

/// A moment of a disk's life after its first mark. Half of the moments follow a fact that somebody was told, or a job that
/// began: then most is at stake.
fn moment(disk: &Disk, chance: &mut Chance) -> usize {
    let marks = marks(disk, |_| true);
    let first = marks.first().copied().unwrap_or(0);
    if let Some(at) = after_a_gap(disk, &marks, chance) {
        return at;
    }
    match chance.half() && !marks.is_empty() {
        true => marks[chance.below(marks.len())] + 1,
        false => first + 1 + chance.below(disk.log.len() - first),
    }
}

fn marks(disk: &Disk, is_wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    let is_mark = |at: &usize| matches!(&disk.log[*at], Happened::Mark(fact) if is_wanted(fact));
    (0..disk.log.len()).filter(is_mark).collect()
}

/// Where a flush was left out: the moment after one of the facts that come next, the first of them most often.
fn after_a_gap(disk: &Disk, marks: &[usize], chance: &mut Chance) -> Option<usize> {
    let gaps = self::marks(disk, |fact| fact == LEFT_OUT);
    let gap = *gaps.get(chance.below(gaps.len()))?;
    let next = marks.iter().copied().filter(|&at| at > gap && !gaps.contains(&at));
    let mut further = 0;
    while chance.half() && further < AFTER_A_GAP {
        further += 1;
    }
    next.take(further + 1).last().map(|at| at + 1)
}

/// Where a flush was left out, mostly nothing of what it should have flushed.
fn leaves(disk: &Disk, chance: &mut Chance) -> Leaves {
    if disk.marks(disk.log.len()).any(|fact| fact == LEFT_OUT) && chance.half() {
        return Leaves::Nothing;
    }
    [Leaves::Nothing, Leaves::Nothing, Leaves::Everything, Leaves::Writes, Leaves::Blocks][chance.below(5)]
}

/// Mounts what a cut has left, has the runner recover it, and compares. The disk as it was then, for another cut.
fn recover(kind: Kind, left: Contents, service: &Service, facts: &[&str]) -> Result<Disk, String> {
    let places = &service.places;
    let known = Known::of(facts.iter().copied());
    let device = Device::start(Disk::of(left), kind.size_bytes, &places.device()).map_err(text)?;
    service.moves_to(&device.disk);
    let mounted =
        Mounted::mount(kind, &device.file(), &places.mount()).map_err(|why| format!("cannot be mounted: {why}"))?;
    held(&device.disk).mark("mounted".to_owned());
    look::served(places, &known)?;
    let output = service.runner().output().map_err(text)?;
    if !output.status.success() && !look::git_lost_something(places) {
        return Err(format!("the runner cannot go on: {}", succeeds(&output).err().unwrap_or_default()));
    }
    let after = {
        let disk = held(&device.disk);
        Known::of(disk.marks(disk.log.len()))
    };
    look::served(places, &known)?;
    look::accounted(places, &known, &after)?;
    drop(mounted);
    Ok(std::mem::take(&mut *held(&device.disk)))
}

/// One cut; perhaps another in the recovery.
fn cut(lived: &Lived, chance: &mut Chance) -> Result<(), String> {
    let (at, how) = (moment(&lived.disk, chance), leaves(&lived.disk, chance));
    let facts: Vec<&str> = lived.disk.marks(at).collect();
    let told =
        |why: String| format!("{}: cut at {at} of {}, leaving {how:?}: {why}", lived.kind.name, lived.disk.log.len());
    let recovered = recover(lived.kind, lived.disk.cut(at, how, chance), &lived.service, &facts).map_err(told)?;
    tried();
    if chance.below(SECOND_CUT) == 0 {
        let (again, how) = (moment(&recovered, chance), leaves(&recovered, chance));
        let more: Vec<&str> = facts.iter().copied().chain(recovered.marks(again)).collect();
        let left = recovered.cut(again, how, chance);
        let told_again = |why: String| told(format!("and at {again} of the recovery, leaving {how:?}: {why}"));
        recover(lived.kind, left, &lived.service, &more).map_err(told_again)?;
        tried();
    }
    Ok(())
}

/// Notes a state for whoever counts (`tests/campaign`).
fn tried() {
    if let Some(path) = std::env::var_os("HOOKSPOOL_TRIED") {
        let file = fs::File::options().append(true).create(true).open(path);
        file.and_then(|mut file| writeln!(file, "1")).expect("cannot count what was tried");
    }
}

/// A life, and so many cuts. Each cut has a seed of its own, so that it does not depend on how those before went.
fn campaign(kind: Kind, places: &Places, arguments: &Arguments) -> Result<(), String> {
    let lived = live(kind, places, &mut Chance::new(arguments.seed), &mut Tracer::default())?;
    for number in 0..arguments.cuts {
        cut(&lived, &mut Chance::new(arguments.seed.wrapping_mul(1_000_003).wrapping_add(number as u64)))?;
    }
    println!("{}: {} cuts of {} things that happened", kind.name, arguments.cuts, lived.disk.log.len());
    Ok(())
}

/// Each flush of the service left out once: how many cuts it takes until something is found missing.
fn prove(kind: Kind, places: &Places, arguments: &Arguments) -> Result<(), String> {
    let (seed, cuts) = (arguments.seed, arguments.cuts);
    let mut all = Tracer::looking(&places.mount(), None);
    let lived = live(kind, places, &mut Chance::new(seed), &mut all)?;
    first_loss(&lived, cuts, seed).map_or(Ok(()), |(_, why)| Err(format!("with every flush: {why}")))?;
    for flush in all.seen.iter().filter(|flush| flush.to_string().contains(&arguments.only)) {
        let mut tracer = Tracer::looking(&places.mount(), Some(flush.clone()));
        let lived = live(kind, places, &mut Chance::new(seed), &mut tracer)?;
        report(kind, flush, tracer.left_out, first_loss(&lived, cuts, seed).ok_or(cuts));
    }
    Ok(())
}

fn report(kind: Kind, flush: &Flush, times: usize, found: Result<(usize, String), usize>) {
    match found {
        Ok((cuts, why)) => {
            let why: String = why.lines().next().unwrap_or_default().chars().take(160).collect();
            println!("{} | {flush} | left out {times} times | found by cut {cuts}: {why}", kind.name);
        }
        Err(cuts) => println!("{} | {flush} | left out {times} times | not found by {cuts} cuts", kind.name),
    }
}

fn first_loss(lived: &Lived, cuts: usize, seed: u64) -> Option<(usize, String)> {
    (0..cuts).find_map(|number| {
        let mut chance = Chance::new(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        cut(lived, &mut chance).err().map(|why| (number + 1, why))
    })
}

fn main() -> ExitCode {
    let Some(mut arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if arguments.kinds.is_empty() {
        // The seed chooses one, so that it repeats what was found there.
        let all = if arguments.proves { KINDS.to_vec() } else { vec![KINDS[arguments.seed as usize % KINDS.len()]] };
        arguments.kinds = all;
    }
    let dir = std::env::temp_dir().join(format!("hookspool-power-{}", std::process::id()));
    let places = Places { dir: dir.clone(), program: arguments.program.clone() };
    fs::create_dir_all(&dir).expect("a directory for the scratch files");
    let mut status = ExitCode::SUCCESS;
    for &kind in &arguments.kinds {
        let done =
            if arguments.proves { prove(kind, &places, &arguments) } else { campaign(kind, &places, &arguments) };
        if let Err(why) = done {
            println!("{why}");
            status = ExitCode::FAILURE;
        }
    }
    let _gone = fs::remove_dir_all(&dir);
    status
}
