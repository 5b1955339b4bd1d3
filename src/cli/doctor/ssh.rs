//! Edge. ssh as the runner's user meets it: a key to show, and a host that is known.

use super::finding::Finding;
use super::program::tool;
use crate::cli::ssh_address::address;
use crate::system::bounded;
use crate::system::users;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time limit of ssh and ssh-keygen, whose answers need no network.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Looks at what ssh would do for `url`, if that is an address of ssh.
pub(super) fn look(url: &str, findings: &mut Vec<Finding>) {
    let Some(address) = address(url) else { return };
    let mut command = tool("ssh");
    command.arg("-G");
    if let Some(port) = &address.port {
        command.args(["-p", port]);
    }
    let said = bounded::run(
        {
            command.arg("--").arg(&address.host);
            command
        },
        COMMAND_TIMEOUT,
    );
    let Some(said) = said.ok().filter(bounded::Said::is_good) else {
        let what = format!("ssh cannot be asked about {}", address.host);
        findings.push(Finding::problem(what, "git needs it for this remote", "install the package `openssh-client`"));
        return;
    };
    let settings = SshSettings::read(&said.out);
    findings.extend(key(&settings));
    findings.extend(unreadable_key(&settings));
    findings.extend(unknown(&settings));
}

/// The output of `ssh -G`.
#[derive(Debug, Default)]
struct SshSettings {
    user: String,
    host: String,
    port: String,
    identities: Vec<PathBuf>,
    known_hosts: Vec<PathBuf>,
}

impl SshSettings {
    fn read(text: &str) -> Self {
        let mut settings = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            match key {
                "user" => value.clone_into(&mut settings.user),
                "hostname" => value.clone_into(&mut settings.host),
                "port" => value.clone_into(&mut settings.port),
                "identityfile" => settings.identities.push(at_home(value)),
                "userknownhostsfile" | "globalknownhostsfile" => {
                    settings.known_hosts.extend(value.split(' ').map(at_home));
                }
                _ => {}
            }
        }
        settings
    }

    /// As the file `known_hosts` has it (sshd(8)).
    fn name(&self) -> String {
        if self.port == "22" || self.port.is_empty() {
            self.host.clone()
        } else {
            format!("[{}]:{}", self.host, self.port)
        }
    }
}

fn at_home(path: &str) -> PathBuf {
    let home = users::current().map(|user| PathBuf::from(user.home)).unwrap_or_default();
    path.strip_prefix("~/").map_or_else(|| PathBuf::from(path), |rest| home.join(rest))
}

/// The identities that are there.
fn keys(settings: &SshSettings) -> impl Iterator<Item = &PathBuf> {
    settings.identities.iter().filter(|path| std::fs::File::open(path).is_ok())
}

/// No agent answers a job: a key has to lie there.
fn key(settings: &SshSettings) -> Option<Finding> {
    if keys(settings).next().is_some() {
        return None;
    }
    let me = users::name_of(rustix::process::geteuid().as_raw());
    let is_modern =
        |path: &&PathBuf| path.to_string_lossy().contains("ed25519") && !path.to_string_lossy().contains("_sk");
    let file = settings.identities.iter().find(is_modern).or(settings.identities.first());
    let file = file.map(|path| path.display().to_string()).unwrap_or_default();
    let what = format!("{me}, the runner's user, has no ssh key for {}", settings.host);
    let repair = format!("sudo -u {me} ssh-keygen -t ed25519 -N '' -f {file}, and add {file}.pub as a deploy key");
    Some(Finding::problem(what, "no agent and no person answers for a job", repair))
}

/// A key with a passphrase, or with rights that ssh does not accept.
fn unreadable_key(settings: &SshSettings) -> Option<Finding> {
    let me = users::name_of(rustix::process::geteuid().as_raw());
    let opened = |path: &&PathBuf| {
        let mut command = tool("ssh-keygen");
        command.args(["-y", "-P", "", "-f"]).arg(path);
        bounded::run(command, COMMAND_TIMEOUT).map_or((true, String::new()), |said| (said.is_good(), said.err))
    };
    let (path, (_, err)) = keys(settings).map(|path| (path, opened(&path))).find(|(_, (is_good, _))| !is_good)?;
    let file = path.display();
    Some(if err.contains("too open") {
        let what = format!("others may read the ssh key {file} of {me}");
        Finding::problem(what, "ssh uses no such key", format!("chmod 600 {file}"))
    } else if err.contains("passphrase") {
        let what = format!("the ssh key {file} of {me} has a passphrase");
        let repair = format!("sudo -u {me} ssh-keygen -p -N '' -f {file}, or a key of its own without one");
        Finding::problem(what, "nobody is there to type it when a job runs", repair)
    } else {
        let line = err.lines().last().unwrap_or_default();
        Finding::problem(
            format!("the ssh key {file} of {me} cannot be read: {line}"),
            "ssh cannot use it",
            "make it anew",
        )
    })
}

fn unknown(settings: &SshSettings) -> Option<Finding> {
    let name = settings.name();
    if settings.known_hosts.iter().any(|file| is_known(&name, file)) {
        return None;
    }
    let me = users::name_of(rustix::process::geteuid().as_raw());
    let port = if settings.port.is_empty() { "22" } else { settings.port.as_str() };
    let (user, host) = (&settings.user, &settings.host);
    let repair =
        format!("sudo -u {me} ssh -p {port} -T {user}@{host}, and compare the key with what the forge publishes");
    let why = "nobody is there to accept its key when a job runs";
    Some(Finding::problem(format!("ssh does not know the host {name}"), why, repair))
}

/// Hashed names can be compared by ssh-keygen alone.
fn is_known(name: &str, file: &Path) -> bool {
    let mut command = tool("ssh-keygen");
    command.arg("-F").arg(name).arg("-f").arg(file);
    file.exists() && bounded::run(command, COMMAND_TIMEOUT).is_ok_and(|said| said.is_good())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_under_its_port_and_by_a_hash() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("known_hosts");
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
        std::fs::write(&file, format!("plain.example {key}\n[other.example]:2222 {key}\n")).unwrap();
        assert!(is_known("plain.example", &file) && !is_known("other.example", &file));
        let settings = SshSettings { host: "other.example".into(), port: "2222".into(), ..SshSettings::default() };
        assert!(is_known(&settings.name(), &file));
        let hashed = bounded::run(
            {
                let mut c = tool("ssh-keygen");
                c.arg("-H").arg("-f").arg(&file);
                c
            },
            COMMAND_TIMEOUT,
        );
        assert!(hashed.unwrap().is_good());
        assert!(!std::fs::read_to_string(&file).unwrap().contains("plain"), "it was not hashed");
        assert!(is_known("plain.example", &file) && !is_known("absent.example", &file));
        assert!(!is_known("plain.example", Path::new("/nonexistent")));
    }

    #[test]
    fn what_ssh_says_of_itself_is_read() {
        let settings =
            SshSettings::read("hostname h\nport 22\nidentityfile /k/id\nuserknownhostsfile /a /b\nuser git\n");
        assert_eq!((settings.name().as_str(), settings.identities.len(), settings.known_hosts.len()), ("h", 1, 2));
    }
}
