//! Edge. Users and groups, by the tools of the system.

use super::command;
use crate::cli::exit::{self, Failure};
use crate::cli::init::goal::Run;
use crate::cli::init::tool;
use crate::system::{groups, users};
use std::path::Path;

pub(super) fn is_user(name: &str) -> bool {
    users::named(name).is_some() && groups::id_of(name).is_some()
}

pub(super) fn make_user(name: &str, home: &Path) -> Result<(), Failure> {
    let home = home.to_string_lossy();
    if tool::find("useradd").is_some() {
        let group: &[&str] = if groups::id_of(name).is_some() { &["--gid", name] } else { &["--user-group"] };
        let options = ["useradd", "--system", "--no-create-home", "--home-dir", &home, "--shell", "/usr/sbin/nologin"];
        return command::run(&Run::new(&[&options[..], group, &[name]].concat()));
    }
    // busybox, as on Alpine
    if groups::id_of(name).is_none() {
        command::run(&Run::new(&["addgroup", "-S", name]))?;
    }
    command::run(&Run::new(&["adduser", "-S", "-D", "-H", "-h", &home, "-s", "/sbin/nologin", "-G", name, name]))
}

pub(super) fn is_member(user: &str, group: &str) -> bool {
    groups::id_of(group).is_some_and(|gid| groups::members_of(gid).iter().any(|member| member == user))
}

pub(super) fn join(user: &str, group: &str) -> Result<(), Failure> {
    if tool::find("usermod").is_some() {
        return command::run(&Run::new(&["usermod", "--append", "--groups", group, user]));
    }
    if tool::find("addgroup").is_some() {
        return command::run(&Run::new(&["addgroup", user, group]));
    }
    Err(Failure::new(exit::UNAVAILABLE, format!("no `usermod` here: make {user} a member of {group} by hand")))
}
