//! Edge. The user database: who this process is.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// A user's entry in the user database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: OsString,
    /// Number.
    pub uid: u32,
    /// Number of the primary group.
    pub gid: u32,
    /// Home directory.
    pub home: OsString,
    /// Login shell.
    pub shell: OsString,
}

/// The user as whom this process acts, by `/etc/passwd`; `None` when it is not listed there (LDAP, a bare container).
pub fn current() -> Option<User> {
    let database = fs::read("/etc/passwd").ok()?;
    find(&database, rustix::process::geteuid().as_raw())
}

/// Name of user `uid`, or the number where the database has none.
pub fn name_of(uid: u32) -> String {
    let user = fs::read("/etc/passwd").ok().and_then(|database| find(&database, uid));
    user.map_or_else(|| uid.to_string(), |user| user.name.to_string_lossy().into_owned())
}

/// The entry of the user called `name`; `None` when there is none.
pub fn named(name: &str) -> Option<User> {
    let database = fs::read("/etc/passwd").ok()?;
    entries(&database).find(|user| user.name == *name)
}

/// Home directories of all users.
pub fn homes() -> Vec<PathBuf> {
    let database = fs::read("/etc/passwd").unwrap_or_default();
    entries(&database).map(|user| PathBuf::from(user.home)).collect()
}

/// The entry of `uid` in a database of passwd(5) form. The first one counts, as for getpwuid(3).
fn find(database: &[u8], uid: u32) -> Option<User> {
    entries(database).find(|user| user.uid == uid)
}

fn entries(database: &[u8]) -> impl Iterator<Item = User> {
    database.split(|&b| b == b'\n').filter_map(|line| {
        let fields: Vec<&[u8]> = line.split(|&b| b == b':').collect();
        let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<u32>().ok();
        let (uid, gid) = (number(uid)?, number(gid)?);
        let text = |field: &[u8]| OsString::from_vec(field.to_vec());
        (!name.is_empty()).then(|| User { name: text(name), uid, gid, home: text(home), shell: text(shell) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATABASE: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
        # a comment\n\
        broken:x:7\n\
        d\xe9ploy:x:1001:1001::/srv/deploy:/usr/sbin/nologin\n\
        second:x:1001:1001::/nowhere:/bin/sh\n";

    #[test]
    fn the_first_entry_of_the_number_counts_and_need_not_be_utf8() {
        let user = find(DATABASE, 1001).unwrap();
        assert_eq!(user.name.into_vec(), b"d\xe9ploy");
        assert_eq!((user.home, user.shell), ("/srv/deploy".into(), "/usr/sbin/nologin".into()));
    }

    #[test]
    fn a_number_that_is_not_listed_is_nobody() {
        assert_eq!(find(DATABASE, 7), None);
        assert_eq!(find(DATABASE, 4242), None);
    }
}
