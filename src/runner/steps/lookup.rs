//! Edge. Finds the file that a step names, and says in words why it cannot be run.

use crate::system::errno::words;
use rustix::fs::{Access, access};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file of program `name`: as execvp(3) finds it, in `dir` when it holds a slash and in `path` otherwise.
pub fn program(name: &str, dir: &Path, path: &OsStr) -> Result<PathBuf, String> {
    if name.is_empty() {
        return Err("no program is named".to_owned());
    }
    if name.contains('/') {
        let file = dir.join(name);
        return check(&file).map(|()| file).map_err(|why| format!("cannot run `{name}` in `{}`: {why}", dir.display()));
    }
    let candidates = std::env::split_paths(path).filter(|p| p.is_absolute()).map(|p| p.join(name));
    let mut found_but = None;
    for file in candidates {
        match check(&file) {
            Ok(()) => return Ok(file),
            Err(why) if file.exists() => found_but = Some(format!("cannot run `{}`: {why}", file.display())),
            Err(_) => {}
        }
    }
    Err(found_but.unwrap_or_else(|| {
        let path = path.display();
        format!("program `{name}` is not in PATH ({path}); write its whole path, or set PATH where the runner starts")
    }))
}

/// `true` if `dir` is a directory.
pub(super) fn directory(dir: &Path) -> Result<(), String> {
    match fs::metadata(dir) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(format!("`{}` is not a directory", dir.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("directory `{}` does not exist", dir.display()))
        }
        Err(error) => Err(format!("cannot use directory `{}`: {}", dir.display(), cause(&error))),
    }
}

/// The reason why `error` kept `file` from starting.
pub(super) fn why_not_started(file: &Path, dir: &Path, error: &io::Error) -> String {
    let file = file.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("cannot start `{file}`: the interpreter that it names does not exist"),
        _ => format!("cannot start `{file}` in `{}`: {}", dir.display(), cause(error)),
    }
}

/// The cause in lower case, without a number where the kind says it.
pub(super) fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        kind @ (io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory) => kind.to_string(),
        _ => words(error),
    }
}

fn check(file: &Path) -> Result<(), String> {
    let found = fs::metadata(file).map_err(|error| cause(&error))?;
    if !found.is_file() {
        return Err("not a file".to_owned());
    }
    access(file, Access::EXEC_OK).map_err(|_| "not executable; `chmod +x` it".to_owned())
}
