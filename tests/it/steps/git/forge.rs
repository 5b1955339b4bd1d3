//! Edge. A forge over HTTP that fails first and then serves a repository, and one over ssh.

use super::site::git;
use crate::support::steps::until;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server that serves `repository` over HTTP, after its first answers.
pub(super) struct HttpForge {
    pub(super) url: String,
    pub(super) connections: Arc<AtomicUsize>,
}

impl HttpForge {
    /// `first` are what it sends to the first connections, before it closes them.
    pub(super) fn start(repository: &Path, first: &[&str]) -> Self {
        git(repository, &["update-server-info"]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/me/site.git", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let (root, first) = (repository.join(".git"), first.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                counted.fetch_add(1, Ordering::SeqCst);
                match first.get(number) {
                    Some(text) => fail(stream, text),
                    None => serve(stream, &root),
                }
            }
        });
        Self { url, connections }
    }
}

fn fail(mut stream: TcpStream, text: &str) {
    let _asked = stream.read(&mut [0; 4096]);
    let _client_gone = stream.write_all(text.as_bytes());
    let _closed = stream.shutdown(Shutdown::Both);
}

fn serve(mut stream: TcpStream, root: &Path) {
    let head = head(&mut stream);
    let path = head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let file = path.strip_prefix("/me/site.git/").and_then(|path| fs::read(root.join(path)).ok());
    let (status, body) = file.map_or_else(|| ("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _client_gone = stream.write_all(&[head.as_bytes(), &body].concat());
}

fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        read.push(byte[0]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// An sshd of this user's own, with one key that it lets in.
pub(crate) struct SshForge {
    dir: PathBuf,
    process: Child,
    pub(crate) port: u16,
}

impl SshForge {
    /// Its files are in `dir`; `port` 0: any free one.
    pub(crate) fn start(dir: &Path, host_key: &str, port: u16) -> Self {
        let free = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        for key in [host_key, "client", "stranger"] {
            if !dir.join(key).exists() {
                run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", dir.join(key).to_str().unwrap()]);
            }
        }
        fs::copy(dir.join("client.pub"), dir.join("authorized")).unwrap();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nAuthorizedKeysFile {keys}\nStrictModes no\n\
             UsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n",
            host = dir.join(host_key).display(),
            keys = dir.join("authorized").display()
        );
        fs::write(dir.join("sshd_config"), config).unwrap();
        // sshd wants to be called by its whole name, and as root a directory that its package's unit makes.
        let _not_root = fs::create_dir_all("/run/sshd");
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(dir.join("sshd_config")).stdin(Stdio::null());
        let process = command.stderr(fs::File::create(dir.join("sshd.log")).unwrap()).spawn().unwrap();
        until("sshd listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { dir: dir.to_owned(), process, port }
    }

    /// Address of the repository in `path` there.
    pub(crate) fn url(&self, path: &Path) -> String {
        let me = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        format!("ssh://{}@127.0.0.1:{}{}", me.trim(), self.port, path.display())
    }

    /// The ssh command of somebody with `key`, who knows the hosts in the file `known`.
    pub(crate) fn client(&self, key: &str, known: &str) -> String {
        let (key, known) = (self.dir.join(key), self.dir.join(known));
        format!(
            "ssh -F /dev/null -i {} -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile={}",
            key.display(),
            known.display()
        )
    }

    /// Makes the file `known` of hosts, with the key `host_key`.
    pub(crate) fn know(&self, known: &str, host_key: &str) {
        let key = fs::read_to_string(self.dir.join(format!("{host_key}.pub"))).unwrap();
        fs::write(self.dir.join(known), format!("[127.0.0.1]:{} {key}", self.port)).unwrap();
    }
}

impl Drop for SshForge {
    fn drop(&mut self) {
        let _gone = (self.process.kill(), self.process.wait());
    }
}

fn run(program: &str, args: &[&str]) {
    assert!(Command::new(program).args(args).stdin(Stdio::null()).status().unwrap().success(), "{program} {args:?}");
}
