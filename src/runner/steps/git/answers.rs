//! Edge. Questions to git, and their answers.

use super::changes::{Change, is_within, parse_changes, path_of};
use super::command::{Git, Talk};
use crate::runner::steps::attempt::Trouble;
use crate::runner::steps::output::{CALLER_LIMIT_BYTES, Sink};
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

impl Git<'_, '_> {
    /// The directory of the repository's own files, as of this work tree.
    pub(super) fn git_dir(&mut self) -> Result<PathBuf, Trouble> {
        let here = self.repository();
        if here.is_dir() {
            return Ok(here);
        }
        if let Some(known) = self.dirs_elsewhere.get(&self.dir) {
            return Ok(known.clone());
        }
        let said = self.read(&["rev-parse", "--git-dir"])?;
        let elsewhere = self.dir.join(path_of(said.trim_ascii_end()));
        self.dirs_elsewhere.insert(self.dir.clone(), elsewhere.clone());
        Ok(elsewhere)
    }

    /// The directory of the repository's own files that all its work trees share, as gitrepository-layout(5) tells it.
    pub(super) fn common_dir(&mut self) -> Result<PathBuf, Trouble> {
        let git_dir = self.git_dir()?;
        let shared = fs::read(git_dir.join("commondir")).ok();
        Ok(shared.map_or(git_dir.clone(), |said| git_dir.join(path_of(said.trim_ascii_end()))))
    }

    /// `true` if `commit` is here.
    pub(super) fn has_commit(&mut self, commit: &str) -> Result<bool, Trouble> {
        Ok(self.ask(&["cat-file", "-e", &format!("{commit}^{{commit}}")])?.is_some())
    }

    /// The changes that a command tells of.
    pub(super) fn changes(&mut self, command: &[&str]) -> Result<Vec<Change>, Trouble> {
        const FORM: [&str; 5] = ["--raw", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=dirty"];
        let (name, rest) = command.split_first().unwrap_or((&"", &[]));
        let changes = parse_changes(&self.read(&[&[*name][..], &FORM, rest].concat())?);
        match changes.iter().find(|change| !is_within(&change.path)) {
            None => Ok(changes),
            Some(Change { path, .. }) => Err(Trouble::refused(format!(
                "the commit has a path that leads out of the work tree, or to git's own files: `{}`; nothing \
                 was touched",
                path.display()
            ))),
        }
    }

    /// The answer of git, in parts that end in NUL.
    pub(super) fn list(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Vec<Vec<u8>>, Trouble> {
        let answer = self.read(args)?;
        Ok(answer.split(|&b| b == 0).filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// The tracked files that match `pattern`.
    pub(super) fn matching(&mut self, pattern: &str) -> Result<Vec<Vec<u8>>, Trouble> {
        self.files(&format!(":(glob){pattern}"))
    }

    /// The tracked files that have `attribute`.
    pub(super) fn with_attribute(&mut self, attribute: &str) -> Result<Vec<Vec<u8>>, Trouble> {
        self.files(&format!(":(attr:{attribute})"))
    }

    /// The tracked files that match a pattern of gitglossary(7), `pathspec`.
    fn files(&mut self, pathspec: &str) -> Result<Vec<Vec<u8>>, Trouble> {
        self.reading_patterns(|git| git.list(&["ls-files", "-z", "--", pathspec]))
    }

    /// The whole answer to a question that git must know the answer of.
    fn read(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Vec<u8>, Trouble> {
        let ran = self.call(args, Talk::Local, Sink::Messages)?;
        if !ran.status.success() {
            let failure = self.failure(&ran, Talk::Local);
            return Err(self.explain(&failure));
        }
        if ran.out.len() >= CALLER_LIMIT_BYTES {
            return Err(Trouble::refused("the repository has more files than can be looked at"));
        }
        Ok(ran.out)
    }

    /// The answer of git, without the line end; `None` when it exits with anything but 0.
    pub(super) fn ask(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Option<String>, Trouble> {
        let ran = self.call(args, Talk::Local, Sink::Caller)?;
        let answer = String::from_utf8_lossy(&ran.out).trim_end_matches('\n').to_owned();
        Ok(ran.status.success().then_some(answer))
    }

    /// The answer of a remote; `None` when it does not say.
    pub(super) fn ask_remote(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Option<String>, Trouble> {
        let ran = self.call(args, Talk::Remote, Sink::Caller)?;
        Ok(ran.status.success().then(|| String::from_utf8_lossy(&ran.out).trim_end_matches('\n').to_owned()))
    }
}
