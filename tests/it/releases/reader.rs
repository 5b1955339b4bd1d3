//! A reader that opens the served files in a loop while releases are switched: it finds no gap and no mixture.
//!
//! Without more there are 200 switches; `tests/campaign reads` makes 10,000.

use crate::support::campaign::{number, tried};
use hookspool::config::{Plan, Releases};
use hookspool::model::JobId;
use hookspool::runner::releases::{Keep, ReleaseMark, ReleasesDir, Switch, SwitchKind, remove_all};
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags, openat};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

const PAGES: [&str; 3] = ["index.html", "assets/app.js", "assets/app.css"];
const KEEP: Keep = Keep { good: 3, failed: 1 };

/// Makes a release, each page with its number, and switches to it as a job does.
fn deploy(place: &ReleasesDir, build: u64) {
    let name = place.make("1a2b3c4d5e").unwrap();
    let tree = place.path_of(&name);
    fs::create_dir(tree.join("assets")).unwrap();
    for page in PAGES {
        fs::write(tree.join(page), build.to_string()).unwrap();
    }
    let (at, job) = (Timestamp::now(), JobId::new(build, 0).unwrap());
    place.mark_good(&name, &ReleaseMark { at, commit: "1a2b3c4d5e".into(), reference: None, job }).unwrap();
    let lock = place.try_lock().unwrap().expect("nobody else switches");
    let switched = place.switch(&lock, Switch::new(at, SwitchKind::Switch, name)).unwrap();
    assert_eq!(switched.warnings, [""; 0]);
    let gone = place.retire(&lock, KEEP, None).unwrap();
    lock.release();
    assert!(remove_all(gone).is_empty());
}

/// Reads all pages of one open tree, and one by its path, until `built` is at its end. Three releases stay: who is as
/// slow as that many switches may find a tree gone.
fn read_until_end(built: &AtomicU64, builds: u64, current: &Path) -> u64 {
    let page = |tree: &File, name: &str| {
        let mut text = String::new();
        let opened = openat(tree, name, OFlags::RDONLY, Mode::empty()).map(File::from);
        opened.ok()?.read_to_string(&mut text).ok()?;
        Some(text)
    };
    let mut reads = 0;
    while built.load(Ordering::SeqCst) < builds {
        let before = built.load(Ordering::SeqCst);
        let found = fs::read_to_string(current.join(PAGES[0]));
        let tree = File::open(current);
        let all = tree.as_ref().ok().map(|tree| PAGES.map(|name| page(tree, name)));
        let is_slow = built.load(Ordering::SeqCst) > before + 1;
        assert!(found.is_ok() || is_slow, "{found:?}");
        assert!(tree.is_ok() || is_slow, "{tree:?}");
        let Some(all) = all else { continue };
        assert!(is_slow || all.iter().all(Option::is_some), "a gap: {all:?}");
        assert!(all.iter().flatten().all(|text| Some(text) == all.iter().flatten().next()), "a mixture: {all:?}");
        reads += 1;
    }
    reads
}

/// Sets the number of builds to its end when it goes.
struct End<'a>(&'a AtomicU64, u64);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Ordering::SeqCst);
    }
}

#[test]
fn a_reader_of_a_link_that_is_switched_finds_no_gap_and_no_mixture() {
    let builds = number("BUILDS", 200);
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let bench = crate::support::steps::Bench::new([]);
    let releases = Some(Releases { keep: 3, shared: Vec::new() });
    let plan = Plan { dir: dir.path().join("app"), releases, ..bench.plan };
    let place = ReleasesDir::of(&plan).unwrap();
    place.prepare().unwrap();
    deploy(&place, 0);
    let (built, current) = (AtomicU64::new(0), place.link());
    std::thread::scope(|scope| {
        let readers = [(); 2].map(|()| scope.spawn(|| read_until_end(&built, builds, &current)));
        // Readers end with it, also where it fails.
        let _end = End(&built, builds);
        for build in 1..=builds {
            deploy(&place, build);
            built.store(build, Ordering::SeqCst);
        }
        let reads: u64 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        println!("{builds} switches, {reads} reads");
        assert!(reads > 0);
        tried(builds);
    });
}
