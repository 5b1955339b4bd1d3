//! Edge. The directory in which a run takes place: configuration, sockets, logs and the spool.

use crate::delivery::{HOOK, SECRET};
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// For so long after many files were deleted, ext4 looks again and again at each freed inode before it gives out
/// another, which costs whoever creates files up to a millisecond of processor time for each (`recently_deleted`).
const RECENT: Duration = Duration::from_secs(300);
/// Written when a run has deleted its files.
const CLEARED: &str = "cleared";

/// Where things are.
#[derive(Debug, Clone)]
pub struct Room {
    /// The directory itself, on the disk under test.
    pub dir: PathBuf,
    /// The executable under test.
    pub hookspool: PathBuf,
    /// The peer on crate `fastcgi`.
    pub crate_fastcgi: PathBuf,
    /// The peers' scripts.
    pub peers: PathBuf,
    /// nginx as people run it: requests are buffered.
    pub buffered: SocketAddr,
    /// nginx passing bodies on as they come, so that all contenders hold all deliveries at the same time.
    pub unbuffered: SocketAddr,
    /// Where adnanh/webhook listens.
    pub webhook: SocketAddr,
}

impl Room {
    /// Makes the directory and writes the configurations.
    pub fn furnish(dir: &Path, hookspool: PathBuf, crate_fastcgi: PathBuf, peers: PathBuf) -> io::Result<Self> {
        warn_of_recent_deletion(dir);
        let dir = dir.join(format!("run-{}", std::process::id()));
        fs::create_dir_all(dir.join("www"))?;
        let dir = fs::canonicalize(&dir)?;
        let (buffered, unbuffered, webhook) = free_addresses()?;
        let room = Self { dir, hookspool, crate_fastcgi, peers, buffered, unbuffered, webhook };
        let secret = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(room.dir.join("secret"));
        secret?.write_all(SECRET.as_bytes())?;
        fs::write(room.config(), room.hookspool_toml())?;
        fs::write(room.dir.join("hooks.json"), hooks_json())?;
        room.fresh_spool()?;
        Ok(room)
    }

    /// hookspool's configuration.
    pub fn config(&self) -> PathBuf {
        self.dir.join("hookspool.toml")
    }

    /// The spool.
    pub fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    /// A contender's Unix socket.
    pub fn socket(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.sock"))
    }

    /// A contender's output.
    pub fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    /// An empty spool. The one before is put aside and not deleted: see `RECENT`.
    pub fn fresh_spool(&self) -> io::Result<()> {
        let used = self.dir.join("used");
        fs::create_dir_all(&used)?;
        let number = fs::read_dir(&used)?.count();
        match fs::rename(self.spool(), used.join(number.to_string())) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => hookspool::spool::create(&self.spool()).map_err(io::Error::other)?,
        }
        crate::append::settle(&self.dir)
    }

    /// Deletes everything, at the end of a run.
    pub fn clear(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.dir)?;
        self.dir.parent().map_or(Ok(()), |base| fs::write(base.join(CLEARED), ""))
    }

    fn hookspool_toml(&self) -> String {
        let dir = self.dir.display();
        format!(
            "spool = \"{dir}/spool\"\n\n[[hook]]\nname = \"{HOOK}\"\nprovider = \"github\"\n\
             secret = {{ file = \"{dir}/secret\" }}\n\
             branches = [\"main\"]\nwhen_newer = \"keep\"\ndir = \"{dir}/www\"\nsteps = [ {{ run = [\"true\"] }} ]\n"
        )
    }
}

fn warn_of_recent_deletion(base: &Path) {
    let age = fs::metadata(base.join(CLEARED)).ok().and_then(|mark| mark.modified().ok()?.elapsed().ok());
    if let Some(age) = age.filter(|&age| age < RECENT) {
        let (age, recent) = (age.as_secs(), RECENT.as_secs());
        eprintln!("bench: an earlier run deleted its files {age} s ago; figures that count need {recent} s of rest");
    }
}

/// Free ports of the loopback interface. Between here and their use nobody else is expected to take them.
fn free_addresses() -> io::Result<(SocketAddr, SocketAddr, SocketAddr)> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (a, b, c) = (listen()?, listen()?, listen()?);
    Ok((a.local_addr()?, b.local_addr()?, c.local_addr()?))
}

/// adnanh/webhook's configuration: its documented way to take GitHub's pushes to one branch. A refused request is
/// answered 403 instead of its default, 200, so that a 2xx proves an accepted signature.
fn hooks_json() -> String {
    format!(
        r#"[
  {{
    "id": "{HOOK}",
    "execute-command": "true",
    "trigger-rule-mismatch-http-response-code": 403,
    "trigger-rule": {{
      "and": [
        {{ "match": {{ "type": "payload-hmac-sha256", "secret": "{SECRET}", "parameter": {{ "source": "header", "name": "X-Hub-Signature-256" }} }} }},
        {{ "match": {{ "type": "value", "value": "refs/heads/main", "parameter": {{ "source": "payload", "name": "ref" }} }} }}
      ]
    }}
  }}
]
"#
    )
}
