//! Edge. People who push at random, and people who leave files of their own in what is deployed.

use super::site::git;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Paths on which files, links and directories meet.
const PATHS: [&str; 10] = ["a", "b", "a/x", "a/y", "b/x/deep", "b/x", "c d", "link", "a/x/y/z", "part/file"];
/// Files of the directory `many`, which take a checkout a while.
const MANY: usize = 120;
/// Size of `large`, which takes a fetch a while.
const LARGE_BYTES: usize = 100_000;

/// What `large` consists of.
const LETTERS: [char; 8] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', '\n'];

/// Numbers that follow from a seed (splitmix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A repository with a work tree, in which somebody commits.
#[derive(Clone, Copy)]
pub(super) struct Author<'a> {
    pub(super) origin: &'a Path,
    /// The repository of the submodule `part`.
    pub(super) part: &'a Path,
    pub(super) part_url: &'a str,
}

impl Author<'_> {
    /// Makes the repository of the submodule.
    pub(super) fn begin_part(self) {
        fs::create_dir_all(self.part).unwrap();
        git(self.part, &["init", "--quiet"]);
        fs::write(self.part.join("inside"), "one").unwrap();
        git(self.part, &["add", "--all"]);
        git(self.part, &["commit", "--quiet", "--message", "one"]);
    }

    /// Changes something, perhaps on another branch, and perhaps tags it; the ref.
    pub(super) fn push(self, chance: &mut Chance, number: usize) -> String {
        match chance.below(9) {
            0 => self.switch("next"),
            1 => self.switch("next/deep"),
            2 => self.switch("main"),
            _ => {}
        }
        self.commit(chance, number);
        match chance.below(4) {
            0 => {
                git(self.origin, &["tag", "--force", "v"]);
                "refs/tags/v".to_owned()
            }
            _ => git(self.origin, &["symbolic-ref", "HEAD"]),
        }
    }

    /// Moves `reference`, to which the last push was.
    pub(super) fn push_again(self, chance: &mut Chance, number: usize, reference: &str) {
        self.commit(chance, number);
        if reference.starts_with("refs/tags/") {
            git(self.origin, &["tag", "--force", "v"]);
        }
    }

    /// Changes something and commits it, perhaps in place of the last commit.
    fn commit(self, chance: &mut Chance, number: usize) {
        if chance.below(4) == 0 {
            self.move_submodule(chance, number);
        }
        for _ in 0..=chance.below(4) {
            self.change(chance, number);
        }
        fs::write(self.origin.join("number"), format!("{number} {}", chance.below(1_000_000))).unwrap();
        git(self.origin, &["add", "--all"]);
        let is_forced = chance.below(6) == 0;
        let how: &[&str] = if is_forced { &["--amend"] } else { &[] };
        git(self.origin, &[&["commit", "--quiet", "--message", "more"], how].concat());
    }

    /// Works on `branch`. Of `next` and `next/deep` there is one at a time: the other is deleted.
    fn switch(self, branch: &str) {
        git(self.origin, &["checkout", "--quiet", "--detach"]);
        for other in ["next", "next/deep"] {
            if self.origin.join(".git/refs/heads").join(other).is_file() && other != branch && branch != "main" {
                git(self.origin, &["branch", "--quiet", "--delete", "--force", other]);
            }
        }
        git(self.origin, &["checkout", "--quiet", "-B", branch]);
    }

    fn change(self, chance: &mut Chance, number: usize) {
        match chance.below(8) {
            0 => self.change_many(chance, number),
            1 => {
                let text: String = (0..LARGE_BYTES).map(|_| chance.of(&LETTERS)).collect();
                fs::write(self.origin.join("large"), text).unwrap();
            }
            _ => self.change_path(chance, number),
        }
    }

    fn change_many(self, chance: &mut Chance, number: usize) {
        let many = self.origin.join("many");
        let _is_new = fs::remove_dir_all(&many);
        if chance.below(3) > 0 {
            fs::create_dir(&many).unwrap();
            for file in 0..MANY {
                fs::write(many.join(file.to_string()), format!("{number} of {file}\n").repeat(50)).unwrap();
            }
        }
    }

    fn change_path(self, chance: &mut Chance, number: usize) {
        let path = chance.of(&PATHS);
        if path.starts_with("part") {
            return;
        }
        let place = self.origin.join(path);
        clear(self.origin, path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match chance.below(4) {
            0 => {}
            1 => symlink("../elsewhere", place).unwrap(),
            _ => {
                fs::write(&place, format!("theirs {number}")).unwrap();
                let mode = chance.of(&[0o755, 0o644]);
                fs::set_permissions(place, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    }

    /// Adds the submodule `part`, or lets it follow its repository, or takes it out.
    fn move_submodule(self, chance: &mut Chance, number: usize) {
        if !self.origin.join("part").exists() {
            let add = ["submodule", "--quiet", "add", "--force", "--name", "part", self.part_url, "part"];
            git(self.origin, &add);
        } else if chance.below(2) == 0 {
            fs::write(self.part.join(format!("inside{number}")), "more").unwrap();
            git(self.part, &["add", "--all"]);
            git(self.part, &["commit", "--quiet", "--allow-empty", "--message", "more"]);
            git(self.origin, &["submodule", "--quiet", "update", "--init", "--remote", "part"]);
        } else {
            git(self.origin, &["rm", "--quiet", "--force", "part"]);
        }
    }
}

/// Removes whatever is at `path` or in the way of it below `top`.
fn clear(top: &Path, path: &str) {
    let mut place = top.to_owned();
    for part in Path::new(path) {
        place.push(part);
        let Ok(found) = fs::symlink_metadata(&place) else { continue };
        let is_last = place == top.join(path);
        match (found.is_dir(), is_last) {
            (true, true) => fs::remove_dir_all(&place).unwrap(),
            (true, false) => {}
            (false, _) => fs::remove_file(&place).unwrap(),
        }
    }
}

/// Files of people below a work tree, with their texts, none of which is another's.
#[derive(Default)]
pub(super) struct Files(BTreeMap<PathBuf, String>);

impl Files {
    /// Leaves a file where nothing is, or changes what git has there.
    pub(super) fn meddle(&mut self, site: &Path, chance: &mut Chance, number: usize) {
        let path = chance.of(&PATHS);
        let place = site.join(path);
        if fs::symlink_metadata(&place).is_ok() {
            if self.0.keys().any(|file| file.starts_with(path)) || !place.is_file() {
                return;
            }
            return match chance.below(3) {
                0 => fs::remove_file(&place).unwrap(),
                1 => fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap(),
                _ => fs::write(&place, "changed here").unwrap(),
            };
        }
        if !git(site, &["ls-files", "-z", "--", path]).is_empty() {
            return; // somebody removed it: a change of a tracked file
        }
        let is_below_a_link = Path::new(path).ancestors().skip(1).any(|dir| site.join(dir).is_symlink());
        if !is_below_a_link && fs::create_dir_all(place.parent().unwrap()).is_ok() {
            let text = format!("mine {number}");
            fs::write(&place, &text).unwrap();
            if chance.below(4) == 0 && !path.starts_with("part") {
                git(site, &["add", "--force", "--", path]);
            }
            self.0.insert(PathBuf::from(path), text);
        }
    }

    /// Asserts that none is lost, wherever it is now.
    pub(super) fn are_there(&self, site: &Path, what: &str) {
        let mut found = Vec::new();
        texts(site, &mut found);
        for (path, text) in &self.0 {
            assert!(found.contains(text), "{what}: {} is lost", path.display());
        }
    }

    /// Asserts that each is where it was left.
    pub(super) fn are_in_place(&self, site: &Path, what: &str) {
        for (path, text) in &self.0 {
            assert_eq!(fs::read_to_string(site.join(path)).unwrap_or_default(), *text, "{what}: {}", path.display());
        }
    }

    /// Forgets those that were moved aside.
    pub(super) fn keep_those_in_place(&mut self, site: &Path) {
        self.0.retain(|path, text| fs::read_to_string(site.join(path)).is_ok_and(|here| here == *text));
    }

    /// `true` if the untracked `path`, as git names it, is of people.
    pub(super) fn hold(&self, path: &str) -> bool {
        let is_repository = path.ends_with('/');
        self.0.keys().any(|file| file == Path::new(path) || (is_repository && file.starts_with(path)))
    }
}

/// Every text of a file below `dir`.
fn texts(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            texts(&entry.path(), found);
        } else if entry.file_type().unwrap().is_file() {
            found.extend(fs::read_to_string(entry.path()).ok());
        }
    }
}
