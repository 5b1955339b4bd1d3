//! What is wrong with the machine: users, rights, disks, sockets.

use crate::support::control::said;
use crate::support::site::chown_to;
use crate::support::yard::Yard;
use crate::support::{Account, Gateway, Site, until};
use rustix::process::getuid;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn text(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap()
}

/// A verb, as whoever runs the tests.
fn as_root(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(site.program()).arg("--config").arg(site.config()).args(arguments).output().unwrap();
    (output.status.code(), text(&output).replace(site.root(), ""))
}

/// A verb, as the spool's owner.
fn as_owner(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let config = site.config();
    let output = site.hookspool(&[&["--config", config.to_str().unwrap()], arguments].concat());
    (output.status.code(), text(&output).replace(site.root(), ""))
}

fn sh(script: &str) {
    assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
}

#[test]
fn a_receiver_outside_of_the_spools_group_is_told_how_it_gets_in() {
    if !getuid().is_root() {
        return;
    }
    let site = Site::new();
    let config = include_str!("../support/hooks.toml").replace("/etc/hookspool/secrets/docs", "/srv/secret");
    let config = site.write("/srv/hookspool.toml", &config.replace("\"/", &format!("\"{}/", site.root())));
    chown_to(&site.write("/srv/secret", "a secret of the web server's"), Account::web());
    fs::set_permissions(site.at("/srv/secret"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut receiver = Account::web().command(site.program(), &[]);
    receiver.args(["serve", "--listen", &address, "--config"]).arg(&config);
    let log = site.at("/var/log/receiver");
    let mut receiver = receiver.stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    until("it listens", || TcpStream::connect(&address).is_ok());
    let mut send = Account::web().command(site.program(), &[]);
    let url = format!("http://{address}/hooks/docs");
    let output = send.args(["send", "docs", "--url", &url, "--config"]).arg(&config).output().unwrap();
    until("it has logged", || fs::read_to_string(&log).unwrap().contains("status=503"));
    receiver.kill().unwrap();
    receiver.wait().unwrap();
    assert_eq!(text(&output), "503 the spool cannot take it now\n");
    let log = fs::read_to_string(log).unwrap().replace(site.root(), "");
    let (web, owner) = (Account::web(), Account::owner());
    let remedy = format!("`usermod -aG {} {}`, then start this process again", owner.group, web.name);
    assert!(log.contains(&format!("`{}` is neither the owner of ", web.name)) && log.contains(&remedy), "{log}");
}

#[test]
fn a_spool_on_which_no_runner_has_ever_run_is_told_once() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    fs::remove_dir_all(yard.path("spool")).unwrap();
    fs::create_dir(yard.path("spool")).unwrap();
    let spool = yard.path("spool").display().to_string();
    for verb in ["status", "list"] {
        let expected =
            format!("hookspool: no runner has ever run on {spool}: start one, which makes the spool's parts\n");
        assert_eq!(said(&yard, &[verb]), (Some(69), expected), "{verb}");
    }
    let (status, report) = said(&yard, &["doctor", "--offline"]);
    assert_eq!((status, report.matches("PROBLEM").count()), (Some(1), 1), "{report}");
    assert!(report.contains("no runner has ever run on the spool") && report.contains("start the runner, which makes"));
    yard.drain();
    assert_eq!((said(&yard, &["status"]).0, said(&yard, &["list"]).0), (Some(0), Some(0)));
}

#[test]
fn root_makes_no_spool_for_the_jobs_of_another_user() {
    if !getuid().is_root() {
        return;
    }
    let site = Site::new();
    let (spool, owner) = (site.spool(), &Account::owner().name);
    fs::remove_dir_all(&spool).unwrap();
    let (status, told) = as_root(&site, &["spool-runner", "--once"]);
    let reason = format!("hookspool: root does not make the spool /var/spool/hookspool: `{owner}` owns /srv");
    assert!(status == Some(77) && told.starts_with(&reason) && !spool.exists(), "{told}");
    let command = told.split('`').find(|part| part.starts_with("install -d ")).unwrap();
    sh(&command.replace("/var/spool/hookspool", spool.to_str().unwrap()));
    assert_eq!(as_owner(&site, &["spool-runner", "--once"]).0, Some(0));
    assert_eq!(as_root(&site, &["doctor", "--offline"]).0, Some(0));
}

#[test]
fn a_spool_that_became_roots_is_told_with_the_commands_that_give_it_back() {
    if !getuid().is_root() {
        return;
    }
    let site = Site::new();
    let (spool, owner) = (site.spool(), Account::owner());
    sh(&format!("chown -R root:root {0} && chmod 00700 {0}", spool.display()));
    let (status, told) = as_owner(&site, &["status"]);
    assert!(status == Some(77) && told.contains("belongs to root, and this is") && told.contains("chown -R"), "{told}");
    let (status, report) = as_owner(&site, &["doctor", "--offline"]);
    let what = format!("belongs to root (mode 0700) and lets {} not in", owner.name);
    assert!(status == Some(1) && report.contains(&what) && report.matches("PROBLEM").count() == 1, "{report}");
    let (status, report) = as_root(&site, &["doctor", "--offline"]);
    assert!(status == Some(1) && report.contains(&format!("where a hook works, to {}", owner.name)), "{report}");
    assert!(!report.contains("chown -R root"), "{report}");
    let repair = format!("chown -R {}: /var/spool/hookspool; start the runner as {}", owner.name, owner.name);
    assert!(report.contains(&format!("repair: end root's runner; {repair}")), "{report}");
    sh(&format!("chown -R {}: {}", owner.name, spool.display()));
    assert_eq!(as_owner(&site, &["status"]).0, Some(0));
}

/// Runs a script in which `dir` is a small file system of its own, and `$HS` the program; what it prints.
fn on_a_small_disk(yard: &Yard, dir: &Path, options: &str, script: &str) -> String {
    let program = yard.hookspool(&[]);
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let hs = words.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
    let setup = format!("mount -t tmpfs -o {options} none $DIR && {{ {script}; }}");
    let flags = if getuid().is_root() { "-m" } else { "-rm" };
    let mut command = Command::new("unshare");
    command.args([flags, "sh", "-c", &setup]).env("DIR", dir).env("HS", hs).stdin(Stdio::null());
    text(&command.output().unwrap())
}

#[test]
fn a_build_on_a_full_disk_says_whose_disk_is_full() {
    let steps = "retry = { attempts = 1 }\nsteps = [{ shell = \"cat /dev/zero >big\" }]";
    let yard = Yard::new("", &[("docs", steps)]);
    let id = yard.deliver("docs", "main", "1");
    let site = yard.path("site");
    let script = "$HS spool-runner --once 2>/dev/null; $HS doctor --offline";
    let report = on_a_small_disk(&yard, &site, "size=1m,mode=0755", script);
    let [state, _, reason] = yard.job(id);
    let hint =
        format!("exited with 1: no space is left on the disk of `{}`; free some, then retry the job", site.display());
    assert!(state == "failed" && reason.ends_with(&hint), "{reason}");
    assert!(report.contains(&format!("0 B are free on the file system of {}", site.display())), "{report}");
}

#[test]
fn a_runner_that_a_full_disk_ended_is_told_with_its_last_words() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    let script = "$HS spool-runner --once 2>/dev/null; $HS deploy docs --branch main; \
                  i=0; while true >$DIR/log/$i; do i=$((i+1)); done 2>/dev/null;
                  $HS spool-runner --once 2>/dev/null; $HS status; echo \"exit $?\"; $HS doctor --offline";
    let told = on_a_small_disk(&yard, &yard.path("spool"), "size=64m,nr_inodes=60,mode=0755", script);
    assert!(told.contains("runner   none: the last one FAILED ") && told.contains("no space left on device"), "{told}");
    assert!(
        told.contains("warning  deliveries are answered 503 when nothing is left") && told.contains("exit 1"),
        "{told}"
    );
    assert!(
        told.contains("PROBLEM  no runner is alive: the last one FAILED ") && told.contains("of 60 inodes are free")
    );
}

#[test]
fn a_socket_that_the_web_server_may_not_use_and_one_that_nobody_has_are_told() {
    if !getuid().is_root() {
        return;
    }
    let site = Site::new();
    let mut server = Gateway::nginx_changed(&site, &[], Some(&Account::owner().group));
    let send = |server: &crate::support::Server| {
        let url = format!("http://{}/hooks/docs", server.address);
        as_owner(&site, &["send", "docs", "--url", &url])
    };
    let unreachable =
        "502 from the web server, not from hookspool: it does not reach the receiver: see whether that runs";
    let (status, told) = send(&server);
    assert!(status == Some(1) && told.starts_with(unreachable), "{told}");
    let (status, report) = as_root(&site, &["doctor", "--offline"]);
    let (web, owner) = (Account::web(), Account::owner());
    let socket = format!("/run/hookspool/hookspool.sock ({0}:{1}, mode 0660)", owner.name, owner.group);
    let what = format!("the web server, nginx as {}, may not connect to {socket}", web.name);
    assert!(status == Some(1) && report.contains(&what), "{report}");
    assert!(report.contains(&format!("`--socket-group {}`", web.group)), "{report}");
    server.receiver = None;
    let (status, told) = send(&server);
    assert!(status == Some(1) && told.starts_with(unreachable), "{told}");
    let log = fs::read_to_string(site.at("/var/log/nginx-error.log")).unwrap();
    assert!(log.contains("13: Permission denied") && log.contains("2: No such file or directory"), "{log}");
    server.receiver = Gateway::NginxFastcgi.start_receiver(&site);
    assert_eq!(send(&server).0, Some(0));
    let (status, report) = as_root(&site, &["doctor", "--offline"]);
    assert!(status == Some(0) && report.contains("ok       a receiver, process "), "{report}");
}
