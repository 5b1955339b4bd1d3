//! Edge. A machine of a test's own: its processes, its network and every directory that `init` writes to; the programs
//! are those of the machine that runs the tests, read-only. Needs root.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Makes the root in `$1`, says its process id, and stays. Nothing of the host's state is in it but `/etc`.
const SETUP: &str = r#"
set -e
read -r pid rest </proc/self/stat
cd "$1"
mkdir -p usr etc run srv tmp proc dev home root opt sys var/lib/nginx var/lib/apache2 var/log/nginx var/log/apache2 \
    var/log/supervisor var/log/lighttpd var/cache/lighttpd/uploads var/cache/lighttpd/compress var/www/html \
    var/spool/cron/crontabs run/sshd run/lock var/tmp
ln -s ../run var/run && ln -s ../run/lock var/lock
cp -a /etc/. etc 2>/dev/null || true # somebody may be installing a package
touch .machine
for link in bin sbin lib lib64; do [ ! -L "/$link" ] || cp -a "/$link" .; done
chmod 1777 tmp var/tmp
chown -R www-data: var/log/lighttpd var/cache/lighttpd
chown root:crontab var/spool/cron/crontabs && chmod 1730 var/spool/cron/crontabs
mount --bind /usr usr && mount -o remount,bind,ro usr && mount -t tmpfs tmpfs usr/local/bin
mount --rbind /dev dev && mount -t proc proc proc && ip link set lo up
rm -f etc/nginx/conf.d/* etc/nginx/sites-enabled/* etc/apache2/sites-enabled/* etc/supervisor/conf.d/*
chroot . userdel hookspool 2>/dev/null || true
chroot . groupdel hookspool 2>/dev/null || true
exec chroot . sh -c 'echo "$1"; exec sleep infinity' sh "$pid"
"#;

/// A running machine; all of it ends with this value.
pub(crate) struct Machine {
    holder: Child,
    pid: String,
    root: TempDir,
}

impl Machine {
    /// A machine with the executable under test at `/opt/hookspool`; `None` without root, who alone can make one.
    pub(crate) fn start() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let root = tempfile::Builder::new().prefix("hookspool-").tempdir().expect("temporary directory");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).expect("mode");
        fs::create_dir(root.path().join("opt")).expect("directory");
        let (built, here) = (Path::new(env!("CARGO_BIN_EXE_hookspool")), root.path().join("opt/hookspool"));
        if fs::hard_link(built, &here).is_err() {
            fs::copy(built, &here).expect("copy of the executable");
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP, "sh"]).arg(root.path());
        let mut holder = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("unshare(1)");
        let mut pid = String::new();
        BufReader::new(holder.stdout.take().expect("pipe")).read_line(&mut pid).expect("process id");
        assert!(!pid.is_empty(), "the machine did not start");
        Some(Self { holder, pid: pid.trim().to_owned(), root })
    }

    /// Runs a script in it as root.
    pub(crate) fn sh(&self, script: &str) -> Output {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid, "--mount", "--net", "--pid", "--root"]);
        command.arg(format!("--wd=/proc/{}/root", self.pid)).args(["sh", "-c"]).env_clear();
        // Never on the machine that runs the tests.
        command.arg(format!("test -e /.machine || exit 99\n{script}"));
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
        command.stdin(Stdio::null()).output().expect("nsenter(1)")
    }

    /// Runs a script that must succeed; what it printed.
    pub(crate) fn good(&self, script: &str) -> String {
        let output = self.sh(script);
        assert!(output.status.success(), "{script}\n{}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Where `path` of it is for the test.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Mode and owner of a file, as `0640 root:hookspool`.
    pub(crate) fn rights(&self, path: &str) -> String {
        let mode =
            fs::symlink_metadata(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}")).mode() & 0o7777;
        format!("{mode:04o} {}", self.good(&format!("stat -c %U:%G {path}")).trim())
    }

    /// Everything that an installation may change, with times: two looks are equal if nothing was touched between.
    pub(crate) fn look(&self) -> BTreeSet<String> {
        let places = "/etc /usr/local/bin /srv /home /var/spool /var/lib/hookspool /var/log/hookspool";
        // A check that the web server answers leaves a trace, too.
        let quiet = "-not -path '*/log' -not -path '*/log/*' -not -path '*/seen/*' -not -path '*/hookspool/heartbeat*'";
        let found = self.good(&format!("find {places} {quiet} -printf '%p %y %m %u %g %s %T@\\n' 2>/dev/null; true"));
        found.lines().map(str::to_owned).collect()
    }

    /// Lines that only one of two looks has: this one, and that of before.
    pub(crate) fn touched(&self, before: &BTreeSet<String>) -> Vec<String> {
        self.look().symmetric_difference(before).cloned().collect()
    }

    /// A repository at `git://127.0.0.1/site.git`, whose `page` holds `text`.
    pub(crate) fn serve_repository(&self, text: &str) {
        let script = "git init -q -b trunk /srv/work && cd /srv/work && git config user.email a@example.org \
            && git config user.name Ada && echo \"$0\" >page && git add page && git commit -qm one \
            && git clone -q --bare /srv/work /srv/git/site.git && git remote add origin /srv/git/site.git \
            && git daemon --reuseaddr --listen=127.0.0.1 --base-path=/srv/git --export-all --detach /srv/git";
        self.good(&script.replace("$0", text));
    }

    /// Commits another text, and pushes it.
    pub(crate) fn push(&self, text: &str) {
        self.good(&format!("cd /srv/work && echo '{text}' >page && git commit -qam more && git push -q origin trunk"));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _gone = (self.holder.kill(), self.holder.wait());
    }
}

/// Both outputs, and the exit status.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}{}", text(&output.stdout), text(&output.stderr), output.status)
}
