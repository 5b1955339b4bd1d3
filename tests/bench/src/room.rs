//! Edge. The directory in which a run takes place: configuration, sockets, logs and the spool.

use crate::delivery::{HOOK, SECRET};
use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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
    /// Makes the directory afresh and writes the configurations.
    pub fn furnish(dir: &Path, hookspool: PathBuf, crate_fastcgi: PathBuf, peers: PathBuf) -> io::Result<Self> {
        let _ = fs::remove_dir_all(dir);
        fs::create_dir_all(dir.join("www"))?;
        let dir = fs::canonicalize(dir)?;
        let (buffered, unbuffered, webhook) = free_addresses()?;
        let room = Self { dir, hookspool, crate_fastcgi, peers, buffered, unbuffered, webhook };
        let secret = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(room.dir.join("secret"));
        secret?.write_all(SECRET.as_bytes())?;
        fs::write(room.config(), room.hookspool_toml())?;
        fs::write(room.dir.join("hooks.json"), hooks_json())?;
        room.clear_spool()?;
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

    /// An empty spool.
    pub fn clear_spool(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.spool()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => hookspool::spool::create(&self.spool()).map_err(io::Error::other)?,
        }
        crate::append::settle(&self.dir)
    }

    fn hookspool_toml(&self) -> String {
        let dir = self.dir.display();
        format!(
            "spool = \"{dir}/spool\"\n\n[[hook]]\nname = \"{HOOK}\"\nprovider = \"github\"\nsecret = {{ file = \"{dir}/secret\" }}\n\
             branches = [\"main\"]\nwhen_newer = \"keep\"\ndir = \"{dir}/www\"\nsteps = [ {{ run = [\"true\"] }} ]\n"
        )
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
