//! `ssh_key`: each hook logs in by a key of its own, at a real sshd.

use super::forge::SshForge;
use crate::support::app::git;
use crate::support::yard::Yard;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Two hooks whose repositories let in one key each, by a forge that lets each key into one repository.
fn two_hooks() -> (Yard, SshForge) {
    let yard = Yard::new("", &[]);
    let forge = SshForge::start(yard.root(), "host", 0);
    forge.know("known", "host");
    let mut authorized = String::new();
    for (name, key) in [("docs", "client"), ("shop", "stranger")] {
        let repository = yard.path(&format!("{name}.git"));
        fs::create_dir(&repository).unwrap();
        git(&repository, &["init", "--quiet"]);
        fs::write(repository.join("page"), name).unwrap();
        git(&repository, &["add", "."]);
        git(&repository, &["commit", "--quiet", "-m", name]);
        let gate = yard.path(&format!("only-{name}"));
        let script = "#!/bin/sh\ncase \"$SSH_ORIGINAL_COMMAND\" in *NAME.git*) exec sh -c \"$SSH_ORIGINAL_COMMAND\";; esac\n\
                      echo 'ERROR: Repository not found.' >&2; exit 1\n";
        executable(&gate, &script.replace("NAME", name));
        let public = fs::read_to_string(yard.path(&format!("{key}.pub"))).unwrap();
        authorized += &["command=\"", gate.to_str().unwrap(), "\",restrict ", &public].concat();
    }
    fs::write(yard.path("authorized"), authorized).unwrap();
    // The real ssh, with hosts that a test knows.
    fs::create_dir(yard.path("bin")).unwrap();
    let known = yard.path("known").display().to_string();
    let ssh = format!("#!/bin/sh\nexec /usr/bin/ssh -F /dev/null -o UserKnownHostsFile={known} \"$@\"\n");
    executable(&yard.path("bin/ssh"), &ssh);
    (yard, forge)
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn configure(yard: &Yard, forge: &SshForge, keys: [&str; 2], more: &str) {
    let hook = |name: &str, key: &str| {
        let url = forge.url(&yard.path(&format!("{name}.git")));
        format!(
            "branches = [\"main\"]\ndir = \"ROOT/work.{name}\"\nssh_key = \"ROOT/{key}\"\n\
             env = {{ PATH = \"ROOT/bin:/usr/bin:/bin\" }}\n{more}\n\
             steps = [{{ git = \"update\", from = \"{url}\" }}, {{ shell = \"git ls-remote -q origin main\" }}]"
        )
    };
    let (docs, shop) = (hook("docs", keys[0]), hook("shop", keys[1]));
    yard.configure("", &[("docs", docs.as_str()), ("shop", shop.as_str())]);
}

#[test]
fn two_private_repositories_are_fetched_by_two_deploy_keys() {
    let (yard, forge) = two_hooks();
    configure(&yard, &forge, ["client", "stranger"], "");
    let jobs = ["docs", "shop"].map(|hook| yard.deliver(hook, "main", hook));
    yard.drain();
    for (job, name) in jobs.into_iter().zip(["docs", "shop"]) {
        assert_eq!(yard.job(job)[1], "succeeded", "{:?}", yard.job(job));
        let page = fs::read_to_string(yard.path(&format!("work.{name}/page"))).unwrap();
        assert_eq!(page, name);
    }
    configure(&yard, &forge, ["stranger", "client"], "");
    let crossed = yard.deliver("docs", "main", "crossed");
    yard.drain();
    let reason = yard.job(crossed)[2].clone();
    assert!(reason.contains("Repository not found") && reason.contains("check the address and the key"), "{reason}");
}

#[test]
fn a_key_that_others_may_read_or_that_is_not_there_is_named() {
    let (yard, forge) = two_hooks();
    configure(&yard, &forge, ["client", "stranger"], "");
    fs::set_permissions(yard.path("client"), fs::Permissions::from_mode(0o640)).unwrap();
    let job = yard.deliver("docs", "main", "1");
    yard.drain();
    let reason = yard.job(job)[2].replace(yard.root().to_str().unwrap(), "ROOT");
    assert!(
        reason.contains("others than its owner may read or change `ROOT/client`: `chmod 600 ROOT/client`"),
        "{reason}"
    );
    fs::remove_file(yard.path("client")).unwrap();
    let job = yard.deliver("docs", "main", "2");
    yard.drain();
    let reason = yard.job(job)[2].replace(yard.root().to_str().unwrap(), "ROOT");
    assert!(reason.contains("`ssh_key`: `ROOT/client`: does not exist"), "{reason}");
}

#[test]
fn a_question_to_the_remote_uses_the_key_of_the_hook() {
    let (yard, forge) = two_hooks();
    configure(&yard, &forge, ["client", "stranger"], "reconcile = \"1s\"");
    for hook in ["docs", "shop"] {
        yard.deliver(hook, "main", hook);
    }
    yard.drain();
    let shop = yard.path("shop.git");
    fs::write(shop.join("page"), "new").unwrap();
    git(&shop, &["commit", "--quiet", "-am", "new"]);
    let due = "{\"docs\":\"2026-01-01T00:00:00Z\",\"shop\":\"2026-01-01T00:00:00Z\"}\n";
    fs::write(yard.path("spool/reconcile"), due).unwrap();
    let output = yard.drain();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(fs::read_to_string(yard.path("work.shop/page")).unwrap(), "new", "{log}");
    assert!(!log.contains("cannot-reconcile"), "{log}");
}

#[test]
fn no_more_of_a_history_is_fetched_than_the_depth() {
    let yard = Yard::new("", &[]);
    let origin = yard.path("origin");
    fs::create_dir(&origin).unwrap();
    git(&origin, &["init", "--quiet"]);
    for text in ["one", "two", "three"] {
        fs::write(origin.join("page"), text).unwrap();
        git(&origin, &["add", "."]);
        git(&origin, &["commit", "--quiet", "-m", text]);
    }
    let lines = "dir = \"ROOT/work\"\nsteps = [{ git = \"update\", from = \"file://ROOT/origin\", depth = 1 }]";
    yard.configure("", &[("docs", lines)]);
    let work = yard.path("work");
    for text in ["three", "four"] {
        fs::write(origin.join("page"), text).unwrap();
        git(&origin, &["commit", "--quiet", "--allow-empty", "-am", text]);
        let id = yard.deliver("docs", "main", text);
        yard.drain();
        assert_eq!(yard.job(id)[1], "succeeded", "{:?}", yard.job(id));
        assert_eq!(git(&work, &["rev-list", "--count", "HEAD"]), "1");
        assert_eq!(fs::read_to_string(work.join("page")).unwrap(), text);
    }
}
