//! Edge. Receivers of this configuration that listen on a Unix socket, and whether the web server may connect to it.

use super::finding::Finding;
use super::rights::Rights;
use crate::config::Config;
use crate::system::{groups, table, users};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Names of web servers' processes.
const WEB_SERVERS: [&str; 5] = ["nginx", "apache2", "httpd", "lighttpd", "caddy"];
/// Flag of a listening socket in `/proc/net/unix` (`SO_ACCEPTCON`).
const LISTENING: u32 = 0x1_0000;

/// A user as whom a web server works.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct WebUser {
    program: String,
    uid: u32,
    groups: Vec<u32>,
}

/// Looks at the sockets of receivers that go by `config`, as far as this user sees their processes.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let processes = table::processes().unwrap_or_default();
    let listening = listening();
    let mut seen = BTreeSet::new();
    for process in processes.iter().filter(|process| goes_by(process.pid, config)) {
        for path in own_socket(process.pid).into_iter().chain(sockets_of(process.pid, &listening)) {
            if seen.insert(path.clone()) {
                findings.extend(judge(process.pid, &path, &web_users(&processes)));
            }
        }
    }
}

/// Nothing is said of a socket that nobody but web servers unknown here could need.
fn judge(pid: i32, path: &Path, web: &BTreeSet<WebUser>) -> Option<Finding> {
    let rights = Rights::of(path).ok()?;
    let (owner, group) = (users::name_of(rights.uid), groups::name_of(rights.gid));
    let socket = format!("{} ({owner}:{group}, mode {:04o})", path.display(), rights.mode);
    if web.is_empty() || web.iter().any(|user| may_connect(user, path)) {
        return Some(Finding::ok(format!("a receiver, process {pid}, listens on {socket}")));
    }
    let user = web.first()?;
    let (name, own_group) = (users::name_of(user.uid), user.groups.first().map_or(0, |gid| *gid));
    let what = format!("the web server, {} as {name}, may not connect to {socket}", user.program);
    let group = groups::name_of(own_group);
    let repair = match closed_parent(user, path) {
        Some(parent) => format!("chmod o+x {}", parent.display()),
        None => format!("start the receiver with `--socket-group {group}` (systemd: `SocketGroup={group}`)"),
    };
    Some(Finding::problem(what, "it answers 502, and its error log says `Permission denied`", repair))
}

fn may_connect(user: &WebUser, path: &Path) -> bool {
    user.uid == 0 || (closed_parent(user, path).is_none() && allows(user, path, 2))
}

/// A directory on the way that the user may not pass.
fn closed_parent<'a>(user: &WebUser, path: &'a Path) -> Option<&'a Path> {
    path.ancestors().skip(1).find(|parent| !allows(user, parent, 1))
}

/// `true` if the mode gives `user` this bit of the three.
fn allows(user: &WebUser, path: &Path, bit: u32) -> bool {
    let Ok(rights) = Rights::of(path) else { return false };
    let shift = match rights {
        _ if rights.uid == user.uid => 6,
        _ if user.groups.contains(&rights.gid) => 3,
        _ => 0,
    };
    rights.mode >> shift & bit != 0
}

/// `true` for another process of this program that was started with this configuration.
fn goes_by(pid: i32, config: &Config) -> bool {
    let is_ours = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("hookspool"));
    if !is_ours {
        return false;
    }
    let words = strings(&format!("/proc/{pid}/cmdline"));
    let typed = words.iter().position(|word| word == "--config" || word == "-c").and_then(|at| words.get(at + 1));
    let typed = typed.or_else(|| words.iter().find(|word| word.starts_with("--config=")));
    let variable = strings(&format!("/proc/{pid}/environ"))
        .into_iter()
        .find_map(|line| Some(line.strip_prefix("HOOKSPOOL_CONFIG=")?.to_owned()));
    let named = typed.map(|word| word.trim_start_matches("--config=").to_owned()).or(variable);
    let cwd = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    let file = named.map_or_else(|| PathBuf::from("/etc/hookspool/hookspool.toml"), |file| cwd.join(file));
    fs::canonicalize(file).is_ok_and(|file| fs::canonicalize(&config.file).is_ok_and(|own| own == file))
}

fn strings(file: &str) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The socket that a receiver was told to make. The kernel knows it by the name under which it was prepared.
fn own_socket(pid: i32) -> Option<PathBuf> {
    let words = strings(&format!("/proc/{pid}/cmdline"));
    let at = words.iter().position(|word| word.starts_with("--listen"))?;
    let address = words[at].strip_prefix("--listen=").or_else(|| words.get(at + 1).map(String::as_str))?;
    address.strip_prefix("unix:").map(PathBuf::from)
}

/// Paths of listening Unix sockets, by inode.
fn listening() -> BTreeMap<u64, PathBuf> {
    let text = fs::read("/proc/net/unix").unwrap_or_default();
    let line = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let is_listening = u32::from_str_radix(fields.get(3)?, 16).ok()? & LISTENING != 0;
        let path = line.iter().position(|byte| *byte == b'/').map(|at| line[at..].to_vec())?;
        is_listening.then(|| Some((fields.get(6)?.parse().ok()?, PathBuf::from(std::ffi::OsString::from_vec(path)))))?
    };
    text.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fn sockets_of(pid: i32, listening: &BTreeMap<u64, PathBuf>) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let target = |entry: fs::DirEntry| Some(fs::read_link(entry.path()).ok()?.to_str()?.to_owned());
    let inode = |target: String| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    entries
        .flatten()
        .filter_map(target)
        .filter_map(inode)
        .filter_map(|inode: u64| listening.get(&inode).cloned())
        .collect()
}

/// The users of web servers' workers; a master that is root hands requests to them.
fn web_users(processes: &[table::Process]) -> BTreeSet<WebUser> {
    let user = |process: &table::Process| {
        let program = fs::read_to_string(format!("/proc/{}/comm", process.pid)).ok()?.trim().to_owned();
        let status = fs::read_to_string(format!("/proc/{}/status", process.pid)).ok()?;
        let numbers = |key: &str| -> Vec<u32> {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
            line.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect()
        };
        let (uid, gid) = (*numbers("Uid:").get(1)?, *numbers("Gid:").get(1)?);
        let groups = std::iter::once(gid).chain(numbers("Groups:")).collect();
        WEB_SERVERS.contains(&program.as_str()).then_some(WebUser { program, uid, groups })
    };
    let all: BTreeSet<WebUser> = processes.iter().filter_map(user).collect();
    let others: BTreeSet<WebUser> = all.iter().filter(|user| user.uid != 0).cloned().collect();
    if others.is_empty() { all } else { others }
}
