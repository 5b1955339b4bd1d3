//! Edge. Every part of the spool: is it there, whose is it, and who may do what with it.

use super::finding::Finding;
use super::rights::Rights;
use crate::model::State;
use crate::spool::{Audience, Place, audience, is_unmade, mode_of};
use crate::system::errno::words;
use crate::system::{groups, users};
use rustix::fs::{Access, access};
use std::fs;
use std::iter;
use std::path::Path;

/// Files in the root of the spool, with their modes, and why a wider one would matter.
const FILES: [(&str, u32, &str); 4] = [
    ("version", 0o644, "anyone who can change it can stop the runner and all receivers"),
    ("lock", 0o600, "anyone who can open it can keep the runner from starting"),
    ("sequence", 0o660, "anyone who can change it can stop deliveries from being accepted"),
    ("reserve", 0o660, "anyone who can change it can use up the space reserved for a full disk"),
];

/// Files that are there once a remote was asked, and once a runner has worked.
const LATER: [(&str, u32, &str); 2] = [
    ("reconcile", 0o640, "anyone who can change it decides when remotes are asked"),
    ("journal", 0o600, "anyone who can change it decides what becomes of jobs after a power cut"),
];

/// Looks at the spool, its directories and its files. `false` if nothing of it can be seen.
pub(super) fn look(spool: &Path, findings: &mut Vec<Finding>) -> bool {
    let Ok(root) = Rights::of(spool) else {
        let what = format!("the spool {} cannot be looked at", spool.display());
        findings.push(Finding::problem(
            what,
            "nothing else can be checked",
            "run `hookspool doctor` as its owner or root",
        ));
        return false;
    };
    if let Some(finding) = not_to_be_seen(spool, root) {
        findings.push(finding);
        return false;
    }
    let before = findings.len();
    let audience = audience(spool);
    for place in iter::once(Place::Root).chain(Place::BELOW_ROOT) {
        directory(&spool.join(place.as_str()), (place, mode_of(place, audience)), root, findings);
    }
    for (name, mode, why) in FILES {
        file(&spool.join(name), (mode, audience), why, root, findings);
    }
    for (name, mode, why) in LATER.into_iter().filter(|(name, ..)| fs::symlink_metadata(spool.join(name)).is_ok()) {
        file(&spool.join(name), (mode, audience), why, root, findings);
    }
    damaged_journals(spool, findings);
    if findings.len() == before {
        let (owner, group) = (users::name_of(root.uid), groups::name_of(root.gid));
        findings.push(Finding::ok(format!("the spool's parts belong to {owner}:{group}, with the right modes")));
    }
    receivers(root, audience, findings);
    true
}

/// The runner puts one that it cannot rely on into `corrupt/`.
fn damaged_journals(spool: &Path, findings: &mut Vec<Finding>) {
    let Ok(entries) = fs::read_dir(spool.join(State::Corrupt.as_str())) else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut journals: Vec<String> = names.filter(|name| name.ends_with(".journal")).collect();
    journals.sort();
    findings.extend(journals.into_iter().map(|name| {
        let path = spool.join(State::Corrupt.as_str()).join(name);
        Finding::problem(
            format!("a journal of the runner was damaged, and is now {}", path.display()),
            "the disk may be failing; after a power cut jobs that had not ended are held, since they may have begun",
            format!("read {}.events, look at `hookspool list --state held`, then remove both", path.display()),
        )
    }));
}

/// One finding for a spool of which no part can be seen.
fn not_to_be_seen(spool: &Path, root: Rights) -> Option<Finding> {
    let (path, me) = (spool.display(), users::name_of(rustix::process::geteuid().as_raw()));
    if is_unmade(spool) {
        let repair = "start the runner, which makes the spool's parts: `hookspool spool-runner` as its user";
        return Some(Finding::problem(
            format!("no runner has ever run on the spool {path}"),
            "every delivery is answered 503",
            repair,
        ));
    }
    access(spool.join("."), Access::EXEC_OK).err()?;
    let owner = users::name_of(root.uid);
    let what = format!("the spool {path} belongs to {owner} (mode {:04o}) and lets {me} not in", root.mode);
    Some(if root.uid == 0 {
        Finding::problem(
            what,
            "root started a runner there, and steps run with all rights",
            format!(
                "as root: end that runner, `chown -R USER: {path}` for the user of the jobs, start it as that user"
            ),
        )
    } else {
        Finding::warning(what, "nothing else can be checked", format!("sudo -u {owner} hookspool doctor"))
    })
}

fn directory(path: &Path, (place, wanted): (Place, u32), root: Rights, findings: &mut Vec<Finding>) {
    match fs::symlink_metadata(path) {
        Err(error) if place == Place::Seen => findings.push(Finding::warning(
            format!("{} cannot be looked at: {}", path.display(), words(&error)),
            "deliveries leave no trace in the spool",
            "start the runner: it makes what is missing",
        )),
        Err(error) => findings.push(Finding::problem(
            format!("{} cannot be looked at: {}", path.display(), words(&error)),
            "the spool is not whole",
            "start the runner: it makes what is missing",
        )),
        Ok(metadata) if !metadata.is_dir() => findings.push(Finding::problem(
            format!("{} is not a directory", path.display()),
            "the spool is not whole",
            format!("move it away, then `install -d -m {wanted:04o} {}`", path.display()),
        )),
        Ok(metadata) => {
            let rights = Rights::in_metadata(&metadata);
            let why = "the runner cannot move jobs through it, or receivers cannot add any";
            owner(path, rights, root, why, findings);
            findings.extend(mode_of_directory(path, place, rights.mode, wanted));
        }
    }
}

fn owner(path: &Path, rights: Rights, root: Rights, why: &str, findings: &mut Vec<Finding>) {
    if (rights.uid, rights.gid) == (root.uid, root.gid) {
        return;
    }
    let name = |rights: Rights| format!("{}:{}", users::name_of(rights.uid), groups::name_of(rights.gid));
    findings.push(Finding::problem(
        format!("{} belongs to {}, and the spool to {}", path.display(), name(rights), name(root)),
        why,
        format!("chown {} {}", name(root), path.display()),
    ));
}

/// More than wanted is unsafe; less keeps somebody out, who may not exist on a host of one user.
fn mode_of_directory(path: &Path, place: Place, mode: u32, wanted: u32) -> Option<Finding> {
    let repair = format!("chmod {wanted:04o} {}", path.display());
    let what = format!("{} has mode {mode:04o}; {wanted:04o} is right", path.display());
    let is_shared = wanted & 0o020 != 0;
    let surplus = mode & 0o777 & !(wanted & 0o777);
    let lacks_sticky = mode & 0o022 != 0 && mode & 0o1000 == 0;
    if surplus != 0 && place == Place::Control {
        return Some(Finding::problem(what, "anyone who can write there can give the runner orders", repair));
    }
    if surplus & 0o022 != 0 || (is_shared && lacks_sticky) {
        return Some(Finding::problem(what, "others may add, move or remove jobs, or each other's", repair));
    }
    if surplus != 0 {
        return Some(Finding::warning(what, "others may read payloads and what jobs printed", repair));
    }
    if mode & 0o700 != 0o700 {
        return Some(Finding::problem(what, "its owner, the runner, is kept out", repair));
    }
    if is_shared && mode & 0o2070 != 0o2070 {
        let why = "receivers that are another user than the runner cannot add jobs, or jobs get a group of their own";
        return Some(Finding::warning(what, why, repair));
    }
    None
}

fn file(path: &Path, (wanted, audience): (u32, Audience), why: &str, root: Rights, findings: &mut Vec<Finding>) {
    let needed = if audience == Audience::Owner { wanted & 0o700 } else { wanted };
    let Ok(metadata) = fs::symlink_metadata(path) else {
        let what = format!("{} is missing", path.display());
        findings.push(Finding::problem(what, "the spool is not whole", "start the runner: it makes what is missing"));
        return;
    };
    let rights = Rights::in_metadata(&metadata);
    let repair = format!("chmod {wanted:04o} {}", path.display());
    let what = format!("{} has mode {:04o}; {wanted:04o} is right", path.display(), rights.mode);
    if !metadata.is_file() {
        let what = format!("{} is not a file", path.display());
        findings.push(Finding::problem(what, "the runner cannot use it", "move it away: the runner makes it anew"));
    } else if rights.uid != root.uid {
        owner(path, Rights { gid: root.gid, ..rights }, root, "the runner cannot write to it", findings);
    } else if rights.mode & !wanted != 0 {
        findings.push(Finding::problem(what, why, repair));
    } else if rights.mode & needed != needed {
        findings.push(Finding::warning(what, "its owner, or receivers that are another user, cannot use it", repair));
    }
}

/// Receivers are the owner, or members of the group.
fn receivers(root: Rights, audience: Audience, findings: &mut Vec<Finding>) {
    let (owner, group) = (users::name_of(root.uid), groups::name_of(root.gid));
    if audience == Audience::Owner {
        return findings.push(Finding::ok(format!("who may add jobs: {owner} alone")));
    }
    if root.gid == 0 && root.uid != 0 {
        findings.push(Finding::problem(
            "the spool's group is root",
            "no web server's user is a member of it, and none should be",
            "groupadd hookspool, then `chgrp -R hookspool` the spool",
        ));
        return;
    }
    let members = groups::members_of(root.gid);
    let others: Vec<String> = members.into_iter().filter(|member| *member != owner).collect();
    let neighbours: Vec<String> = groups::primary_members_of(root.gid).into_iter().filter(|n| *n != owner).collect();
    if !neighbours.is_empty() {
        findings.push(Finding::warning(
            format!("{group} is the own group of other accounts, too: {}", neighbours.join(", ")),
            "each of them may add jobs, and read payloads and what jobs printed",
            format!("where receivers run as {owner}, `chmod -R go-rwx,g-s` the spool; else give it a group of its own"),
        ));
    }
    let who = if others.is_empty() { owner.clone() } else { format!("{owner}, {}", others.join(", ")) };
    findings.push(Finding::ok(format!("who may add jobs: {who} (members of group {group})")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Level;
    use std::os::unix::fs::PermissionsExt;

    /// The findings on a spool for a group, of which one part has another mode.
    fn said(place: Place, mode: u32) -> Vec<(Level, String)> {
        let home = tempfile::tempdir().unwrap();
        let spool = home.path().join("spool");
        fs::create_dir(&spool).unwrap();
        fs::set_permissions(&spool, fs::Permissions::from_mode(0o2751)).unwrap();
        crate::spool::create(&spool).unwrap();
        fs::set_permissions(spool.join(place.as_str()), fs::Permissions::from_mode(mode)).unwrap();
        let mut findings = Vec::new();
        look(&spool, &mut findings);
        findings.iter().filter(|f| f.level != Level::Ok).map(|f| (f.level, f.repair.clone())).collect()
    }

    #[test]
    fn a_spool_as_it_is_made_has_nothing_wrong() {
        let levels: Vec<Level> = said(Place::Root, 0o2751).into_iter().map(|(level, _)| level).collect();
        // Made by root in root's group, it may say that of the group.
        assert!(levels.is_empty(), "{levels:?}");
    }

    #[test]
    fn the_schedule_of_questions_may_be_absent_and_is_looked_at_if_it_is_there() {
        let home = tempfile::tempdir().unwrap();
        let spool = home.path().join("spool");
        crate::spool::create(&spool).unwrap();
        let schedule = spool.join("reconcile");
        let said = || {
            let mut findings = Vec::new();
            look(&spool, &mut findings);
            let wrong = findings.iter().filter(|f| f.level != Level::Ok);
            wrong.map(|f| f.what.replace(spool.to_str().unwrap(), "")).collect::<Vec<_>>()
        };
        fs::write(&schedule, "{}").unwrap();
        fs::set_permissions(&schedule, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(said(), [""; 0]);
        fs::set_permissions(&schedule, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(said(), ["/reconcile has mode 0666; 0640 is right"]);
        fs::remove_file(&schedule).unwrap();
        fs::create_dir(&schedule).unwrap();
        assert_eq!(said(), ["/reconcile is not a file"]);
    }

    #[test]
    fn a_journal_that_was_put_away_is_a_problem_and_one_that_others_may_read_is_another() {
        let home = tempfile::tempdir().unwrap();
        let spool = home.path().join("spool");
        crate::spool::create(&spool).unwrap();
        let said = || {
            let mut findings = Vec::new();
            look(&spool, &mut findings);
            let wrong = findings.iter().filter(|f| f.level != Level::Ok);
            wrong.map(|f| f.what.replace(spool.to_str().unwrap(), "")).collect::<Vec<_>>()
        };
        fs::write(spool.join("journal"), "").unwrap();
        fs::set_permissions(spool.join("journal"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(said(), ["/journal has mode 0644; 0600 is right"]);
        fs::rename(spool.join("journal"), spool.join("corrupt/0123456789abcdef.journal")).unwrap();
        assert_eq!(said(), ["a journal of the runner was damaged, and is now /corrupt/0123456789abcdef.journal"]);
    }

    #[test]
    fn a_mode_too_wide_is_a_problem_and_one_too_narrow_a_warning() {
        let level = |place, mode| said(place, mode).first().map(|(level, _)| *level);
        let queued = Place::In(State::Queued);
        assert_eq!(
            level(queued, 0o2770),
            Some(Level::Problem),
            "no sticky bit: receivers may remove each other's jobs"
        );
        assert_eq!(level(queued, 0o3777), Some(Level::Problem));
        assert_eq!(level(Place::Control, 0o770), Some(Level::Problem));
        assert_eq!(level(Place::In(State::Done), 0o2770), Some(Level::Problem));
        assert_eq!(level(Place::Log, 0o2755), Some(Level::Warning));
        assert_eq!(level(queued, 0o700), Some(Level::Warning));
        assert_eq!(level(Place::In(State::Running), 0o500), Some(Level::Problem));
        let (_, repair) = said(queued, 0o3777).remove(0);
        assert!(repair.starts_with("chmod 3770 /") && repair.ends_with("/spool/queued"), "{repair}");
    }
}
