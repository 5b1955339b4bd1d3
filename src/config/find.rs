//! Edge. Search for the configuration.

use super::home::home;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Configuration of the whole system.
const SYSTEM_FILE: &str = "/etc/hookspool/hookspool.toml";

/// Nothing was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// The files that were looked for, in order.
    pub looked_at: Vec<PathBuf>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no configuration: looked for ")?;
        for (index, path) in self.looked_at.iter().enumerate() {
            write!(f, "{}`{}`", if index == 0 { "" } else { " and " }, path.display())?;
        }
        f.write_str("; create one, or name it with `--config` or `$HOOKSPOOL_CONFIG`")
    }
}

impl std::error::Error for NotFound {}

/// The configuration's path: `explicit` (`--config`), `$HOOKSPOOL_CONFIG`, the user's own, the system's. What is
/// named is taken as it is: to fall back to another file would run another configuration than the one meant.
pub fn find(explicit: Option<&Path>) -> Result<PathBuf, NotFound> {
    choose(explicit, env::var_os("HOOKSPOOL_CONFIG"), home().as_deref())
}

fn choose(explicit: Option<&Path>, variable: Option<OsString>, home: Option<&Path>) -> Result<PathBuf, NotFound> {
    let variable = variable.filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = explicit.map(Path::to_owned).or(variable) {
        return Ok(named);
    }
    let looked_at = looked_at(home);
    let found = looked_at.iter().find(|path| is_there(path)).cloned();
    found.ok_or(NotFound { looked_at })
}

/// Configurations that are there beside the `chosen` one, and that this process does not go by.
pub fn unused(chosen: &Path) -> Vec<PathBuf> {
    others(looked_at(home().as_deref()), chosen)
}

/// `true` for a configuration that this user's commands find without being told.
pub fn is_found_unasked(file: &Path) -> bool {
    choose(None, None, home().as_deref()).is_ok_and(|found| found == file)
}

fn others(files: Vec<PathBuf>, chosen: &Path) -> Vec<PathBuf> {
    let same = |path: &PathBuf| fs::canonicalize(path).ok() == fs::canonicalize(chosen).ok();
    files.into_iter().filter(|path| path.is_file() && !same(path)).collect()
}

/// The places of a configuration, in order.
fn looked_at(home: Option<&Path>) -> Vec<PathBuf> {
    let own = home.map(|home| home.join(".config/hookspool/hookspool.toml"));
    own.into_iter().chain([PathBuf::from(SYSTEM_FILE)]).collect()
}

/// `true` unless `path` is absent. One that cannot be inspected counts as there: reading it reports why.
fn is_there(path: &Path) -> bool {
    let absent = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
    fs::metadata(path).map_or_else(|error| !absent(error.kind()), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_wins_even_if_it_is_not_there() {
        let (option, variable) = (Path::new("/absent/a.toml"), Some(OsString::from("/absent/b.toml")));
        assert_eq!(choose(Some(option), variable.clone(), None), Ok(option.to_owned()));
        assert_eq!(choose(None, variable, None), Ok("/absent/b.toml".into()));
    }

    #[test]
    fn the_users_own_file_comes_before_the_systems() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join(".config/hookspool/hookspool.toml");
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        fs::write(&own, "").unwrap();
        assert_eq!(choose(None, Some(OsString::new()), Some(home.path())), Ok(own));
    }

    #[test]
    fn another_configuration_is_unused_and_the_chosen_one_by_another_name_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str| dir.path().join(name);
        fs::write(file("own.toml"), "").unwrap();
        fs::write(file("system.toml"), "").unwrap();
        std::os::unix::fs::symlink("own.toml", file("link.toml")).unwrap();
        let files = vec![file("own.toml"), file("system.toml"), file("absent.toml")];
        assert_eq!(others(files.clone(), &file("link.toml")), [file("system.toml")]);
        assert_eq!(others(files, &file("elsewhere.toml")), [file("own.toml"), file("system.toml")]);
    }

    #[test]
    fn where_nothing_is_the_error_lists_where_it_looked() {
        let error = NotFound { looked_at: vec!["/home/me/x.toml".into(), "/etc/x.toml".into()] };
        let said = "no configuration: looked for `/home/me/x.toml` and `/etc/x.toml`; \
                    create one, or name it with `--config` or `$HOOKSPOOL_CONFIG`";
        assert_eq!(error.to_string(), said);
    }
}
