//! Edge. The user's home directory: from the user database, since a CGI program has no `HOME`; read by hand, since a
//! static executable cannot load the C library's name services.

use rustix::process::geteuid;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The home directory of the effective user. Users that only a name service knows have `$HOME`, if it is theirs.
pub(super) fn home() -> Option<PathBuf> {
    let uid = geteuid().as_raw();
    let database = fs::read("/etc/passwd").unwrap_or_default();
    in_passwd(&database, uid).or_else(|| own_directory(env::var_os("HOME").map(PathBuf::from)?, uid))
}

/// The sixth field of the first entry of `uid` (passwd(5)), if it is absolute.
fn in_passwd(database: &[u8], uid: u32) -> Option<PathBuf> {
    let entries = database.split(|&byte| byte == b'\n').map(|line| line.split(|&byte| byte == b':').collect());
    let entry = entries.into_iter().find(|fields: &Vec<&[u8]>| uid_of(fields) == Some(uid))?;
    let home = Path::new(OsStr::from_bytes(entry.get(5)?));
    home.is_absolute().then(|| home.to_owned())
}

fn uid_of(fields: &[&[u8]]) -> Option<u32> {
    std::str::from_utf8(fields.get(2)?).ok()?.parse().ok()
}

fn own_directory(path: PathBuf, uid: u32) -> Option<PathBuf> {
    let owner = fs::metadata(&path).ok()?.uid();
    (path.is_absolute() && owner == uid).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATABASE: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n+::::::\nme:x:1000:1000:J\xf6rg:/home/me:/bin/sh\n\
        again:x:1000:1000::/home/again:\nnone:x:7:7:::\nshort:x:8\nodd:x:9:9::home/odd:\n";

    #[test]
    fn the_first_entry_of_the_user_has_the_home() {
        assert_eq!(in_passwd(DATABASE, 0), Some("/root".into()));
        assert_eq!(in_passwd(DATABASE, 1000), Some("/home/me".into()));
    }

    #[test]
    fn no_entry_no_absolute_home() {
        for uid in [7, 8, 9, 4242] {
            assert_eq!(in_passwd(DATABASE, uid), None, "{uid}");
        }
    }

    #[test]
    fn a_variable_is_believed_only_about_ones_own_absolute_directory() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().to_owned();
        let uid = geteuid().as_raw();
        assert_eq!(own_directory(own.clone(), uid), Some(own.clone()));
        assert_eq!(own_directory(own.clone(), uid.wrapping_add(1)), None);
        assert_eq!(own_directory(own.join("absent"), uid), None);
        assert_eq!(own_directory(".".into(), uid), None);
    }
}
