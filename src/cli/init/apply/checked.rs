//! Edge. Parts of a web server's configuration: written, tested by the server, and taken back when it refuses them.

use super::write::{FileRights, put};
use super::{GoalState, RunReport};
use crate::cli::exit::{self, Failure};
use crate::cli::init::goal::{Goal, Run};
use crate::cli::init::tool;
use crate::system::errno::words;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(super) fn state(parts: &[Goal], report: &RunReport) -> Result<GoalState, Failure> {
    let mut more = String::new();
    for part in parts {
        match super::state(part, report)? {
            GoalState::ToDo => return Ok(GoalState::ToDo),
            GoalState::AsIs(words) if !words.is_empty() => more = words,
            GoalState::AsIs(_) => {}
        }
    }
    Ok(GoalState::AsIs(more))
}

pub(super) fn bring_about(parts: &[Goal], check: &Run) -> Result<(), Failure> {
    refused_by(check)?.map_or(Ok(()), |why| {
        let what = format!("`{}` refuses the configuration as it is, before anything was added", check.shown());
        Err(Failure::new(exit::CONFIGURATION, format!("{what}: {why}")))
    })?;
    let mut undo: Vec<Before> = Vec::new();
    let written = parts.iter().try_for_each(|part| write(part, &mut undo));
    let why = match written.and_then(|()| refused_by(check)) {
        Ok(None) => return Ok(()),
        Ok(Some(why)) => format!("the web server refuses this part (`{}`): {why}", check.shown()),
        Err(failure) => failure.text,
    };
    let kept: Vec<String> = undo.into_iter().rev().filter_map(Before::put_back).collect();
    let end =
        if kept.is_empty() { "it was taken back".to_owned() } else { format!("not taken back: {}", kept.join(", ")) };
    Err(Failure::new(exit::CONFIGURATION, format!("{why}\n{end}")))
}

fn write(part: &Goal, undo: &mut Vec<Before>) -> Result<(), Failure> {
    if super::state(part, &RunReport::default())? != GoalState::ToDo {
        return Ok(());
    }
    for path in part.files() {
        undo.push(Before::look(&path)?);
    }
    super::bring_about(part).map(drop)
}

/// A file as it was.
struct Before {
    path: PathBuf,
    /// `None`: nothing was there.
    file: Option<(Vec<u8>, FileRights)>,
}

impl Before {
    fn look(path: &Path) -> Result<Self, Failure> {
        let file = match fs::read(path) {
            Ok(bytes) => Some((bytes, FileRights::of(path))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::io(format!("cannot read `{}`", path.display()), &error)),
        };
        let file = file.map(|(bytes, rights)| rights.map(|rights| (bytes, rights))).transpose();
        let unable = |error| Failure::io(format!("cannot look at `{}`", path.display()), &error);
        Ok(Self { path: path.to_owned(), file: file.map_err(unable)? })
    }

    /// Makes it so again; the path and the reason if that cannot be.
    fn put_back(self) -> Option<String> {
        let back = match &self.file {
            None => fs::remove_file(&self.path),
            Some((bytes, rights)) => put(&self.path, *rights, true, |file| file.write_all(bytes)),
        };
        let is_absent = |error: &io::Error| self.file.is_none() && error.kind() == io::ErrorKind::NotFound;
        back.err().filter(|error| !is_absent(error)).map(|error| format!("{} ({})", self.path.display(), words(&error)))
    }
}

/// The server's words, if it refuses its configuration. nginx takes a second server of one name, and ignores it.
fn refused_by(check: &Run) -> Result<Option<String>, Failure> {
    let unable = |error| Failure::io(format!("cannot run `{}`", check.shown()), &error);
    let ended = tool::run(check).map_err(unable)?;
    let is_ignored = ended.text.contains("conflicting server name");
    let is_refused = !ended.status.success() || is_ignored;
    let hint = if is_ignored { "; put the `location` into that site's own file" } else { "" };
    Ok(is_refused.then(|| format!("{}{hint}", ended.text)))
}
