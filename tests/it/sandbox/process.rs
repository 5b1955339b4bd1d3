//! Edge. Receivers that stay: in the sandbox wholly, and able to do in it all that they are for.

use super::Host;
use crate::support::until;
use crate::support::yard::YARD_SECRET;
use hookspool::spool::create;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Another secret, of the same hook later.
const NEXT_SECRET: &str = "the next secret, just as long";

/// Replaces a file as editors and deployers do: by a rename.
fn rename_over(host: &Host, name: &str, content: &str) {
    host.write("new", content);
    fs::rename(host.path("new"), host.path(name)).unwrap();
}

#[test]
fn every_thread_of_it_is_inside() {
    let host = Host::new("require");
    for verb in ["serve", "fastcgi"] {
        let served = host.served(host.command(&[verb, "--listen", "127.0.0.1:0"]));
        assert!(host.log().contains(" sandbox=\"Landlock "), "{}", host.log());
        assert!(host.log().contains(" and seccomp\""), "{}", host.log());
        if verb == "serve" {
            assert_eq!(served.status(), 202);
        }
        let threads: Vec<_> = fs::read_dir(format!("/proc/{}/task", served.process.id())).unwrap().flatten().collect();
        assert!(threads.len() > 3, "{} threads", threads.len());
        for thread in threads {
            let status = fs::read_to_string(thread.path().join("status")).unwrap();
            assert!(status.contains("\nSeccomp:\t2\n") && status.contains("\nNoNewPrivs:\t1\n"), "{verb}: {status}");
        }
        assert_eq!(served.process.stop(), Some(0));
    }
}

#[test]
fn a_secret_is_rotated_by_a_rename() {
    let host = Host::new("require");
    let served = host.serve();
    assert_eq!(served.status(), 202);
    rename_over(&host, "conf/secrets/docs", NEXT_SECRET);
    assert_eq!(served.status(), 403);
    assert_eq!(served.push("docs", NEXT_SECRET).status, 202);
}

#[test]
fn a_secret_behind_links_is_rotated_as_its_links_are_switched() {
    let host = Host::new("require");
    // As Kubernetes mounts one: the name leads through a link that is switched.
    for (version, secret) in [("conf/secrets/..1", YARD_SECRET), ("conf/secrets/..2", NEXT_SECRET)] {
        fs::create_dir(host.path(version)).unwrap();
        host.write(&format!("{version}/mounted"), secret);
    }
    symlink("..1", host.path("conf/secrets/..data")).unwrap();
    symlink("..data/mounted", host.path("conf/secrets/mounted")).unwrap();
    // As certificates are kept: the name leads to the newest of several elsewhere.
    fs::create_dir(host.path("archive")).unwrap();
    host.write("archive/key1", YARD_SECRET);
    host.write("archive/key2", NEXT_SECRET);
    symlink("../../archive/key1", host.path("conf/secrets/archived")).unwrap();
    host.settle("require", &[("mounted", "conf/secrets/mounted"), ("archived", "conf/secrets/archived")]);
    let served = host.serve();
    for hook in ["mounted", "archived"] {
        assert_eq!(served.push(hook, YARD_SECRET).status, 202, "{hook}");
    }
    let switch = |to: &str, name: &str| {
        symlink(to, host.path("link")).unwrap();
        fs::rename(host.path("link"), host.path(name)).unwrap();
    };
    switch("..2", "conf/secrets/..data");
    switch("../../archive/key2", "conf/secrets/archived");
    for hook in ["mounted", "archived"] {
        assert_eq!(served.push(hook, YARD_SECRET).status, 403, "{hook}");
        assert_eq!(served.push(hook, NEXT_SECRET).status, 202, "{hook}");
    }
}

#[test]
fn a_reload_takes_what_lies_inside_and_says_what_does_not() {
    let host = Host::new("require");
    let served = host.serve();
    host.write("conf/secrets/more", NEXT_SECRET);
    host.settle("require", &[("docs", "conf/secrets/docs"), ("more", "conf/secrets/more")]);
    served.process.signal(Signal::HUP);
    until("it is reloaded", || host.log().contains("event=reloaded"));
    assert_eq!(served.push("more", NEXT_SECRET).status, 202);

    fs::create_dir(host.path("elsewhere")).unwrap();
    host.write("elsewhere/far", NEXT_SECRET);
    host.settle("require", &[("docs", "conf/secrets/docs"), ("far", "elsewhere/far")]);
    served.process.signal(Signal::HUP);
    until("it is refused", || host.log().contains("event=reload-refused"));
    let said = format!("`{}` lies outside of the sandbox that this receiver has", host.path("elsewhere").display());
    assert!(host.log().contains(&said), "{}", host.log());
    assert_eq!(served.push("more", NEXT_SECRET).status, 202, "it goes on as before");
    assert_eq!(served.process.stop(), Some(0));
    assert_eq!(host.serve().push("far", NEXT_SECRET).status, 202);
}

#[test]
fn a_user_s_own_configuration_is_read_again_where_it_was_found() {
    let host = Host::new("require");
    let mut command = host.command(&["serve", "--listen", "127.0.0.1:0"]);
    let relative = host.config().strip_prefix(host.root()).unwrap().to_owned();
    let mut from_there = std::process::Command::new(command.get_program());
    from_there.args(["serve", "--listen", "127.0.0.1:0"]).env_clear().env("HOOKSPOOL_CONFIG", relative);
    command = from_there;
    command.current_dir(host.root());
    let served = host.served(command);
    host.settle("require", &[("other", "conf/secrets/docs")]);
    served.process.signal(Signal::HUP);
    until("it is reloaded", || host.log().contains("event=reloaded"));
    assert_eq!(served.push("other", YARD_SECRET).status, 202);
}

#[test]
fn a_sandbox_is_not_promised_to_a_receiver_that_began_without() {
    let host = Host::new("off");
    let served = host.serve();
    assert!(host.log().contains(" sandbox=none"), "{}", host.log());
    host.settle("require", &[("docs", "conf/secrets/docs")]);
    served.process.signal(Signal::HUP);
    until("it is refused", || host.log().contains("event=reload-refused"));
    assert!(host.log().contains("asks for more than this receiver began with"), "{}", host.log());
    assert_eq!(served.status(), 202, "it goes on as before");
}

#[test]
fn credentials_and_variables_are_secrets_inside_as_well() {
    let host = Host::new("require");
    fs::create_dir(host.path("credentials")).unwrap();
    host.write("credentials/docs", YARD_SECRET);
    let text = fs::read_to_string(host.config()).unwrap();
    let credential =
        text.replace(&format!("file = \"{}/conf/secrets/docs\"", host.root().display()), "credential = \"docs\"");
    assert_ne!(text, credential);
    host.write(
        "conf/hookspool.toml",
        format!(
            "{credential}\n[[hook]]\nname = \"env\"\nprovider = \"github\"\n\
        secret = {{ env = \"A_SECRET\" }}\ndir = \"{}\"\nsteps = [{{ run = [\"true\"] }}]\n",
            host.path("site").display()
        ),
    );
    let mut command = host.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("CREDENTIALS_DIRECTORY", host.path("credentials")).env("A_SECRET", NEXT_SECRET);
    let served = host.served(command);
    assert_eq!(served.status(), 202);
    assert_eq!(served.push("env", NEXT_SECRET).status, 202);
    rename_over(&host, "credentials/docs", NEXT_SECRET);
    assert_eq!(served.push("docs", NEXT_SECRET).status, 202);
}

/// Moves a directory away and puts a copy in its place, as restoring a backup does.
fn restored(path: &Path) {
    let old = path.with_extension("old");
    fs::rename(path, &old).unwrap();
    assert!(std::process::Command::new("cp").arg("-a").args([&old, path]).status().unwrap().success());
}

#[test]
fn a_receiver_whose_spool_or_secrets_were_replaced_ends_to_be_started_again() {
    for replaced in ["spool", "spool/queued", "secrets"] {
        let host = Host::new("require");
        fs::create_dir(host.path("secrets")).unwrap();
        host.write("secrets/docs", YARD_SECRET);
        host.settle("require", &[("docs", "secrets/docs")]);
        let served = host.serve();
        assert_eq!(served.status(), 202);
        restored(&host.path(replaced));
        let refused = served.push("docs", YARD_SECRET);
        assert_eq!(refused.status, 503, "{replaced}: {refused:?}");
        assert_eq!(served.process.ends(), Some(75), "{replaced}: {}", host.log());
        assert!(host.log().contains("start this receiver again"), "{replaced}: {}", host.log());
        assert_eq!(host.serve().status(), 202, "{replaced}");
    }
}

#[test]
fn a_spool_that_the_runner_has_yet_to_make_is_taken_as_it_becomes() {
    let host = Host::new("require");
    fs::remove_dir_all(host.spool()).unwrap();
    fs::create_dir(host.spool()).unwrap();
    let served = host.serve();
    assert_eq!(served.status(), 503);
    create(&host.spool()).unwrap();
    assert_eq!(served.status(), 202);
    assert_eq!(host.names("queued").len(), 1);
}

#[test]
fn without_a_spool_a_receiver_waits_for_one_or_is_told_to_be_started_later() {
    let host = Host::new("auto");
    fs::remove_dir_all(host.spool()).unwrap();
    let served = host.serve();
    assert!(host.log().contains("warn event=no-sandbox reason=\"there is no spool at "), "{}", host.log());
    assert_eq!(served.status(), 503);
    create(&host.spool()).unwrap();
    assert_eq!(served.status(), 202);
    drop(served);

    fs::remove_dir_all(host.spool()).unwrap();
    host.settle("require", &[("docs", "conf/secrets/docs")]);
    let output = host.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("start the runner, which makes it"), "{output:?}");
}

#[test]
fn its_socket_is_gone_when_it_ends() {
    let host = Host::new("require");
    fs::create_dir(host.path("run")).unwrap();
    let socket = host.path("run/hookspool.sock");
    let process = host.start_as(host.command(&["fastcgi", "--listen", &format!("unix:{}", socket.display())]));
    until("it listens", || host.log().contains("event=listening"));
    assert!(socket.exists());
    assert_eq!(process.stop(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn beside_a_runner_there_is_none_and_steps_do_as_they_like() {
    let host = Host::new("auto");
    let served = host.served(host.command(&["serve", "--listen", "127.0.0.1:0", "--runner"]));
    assert!(host.log().contains(" sandbox=none"), "{}", host.log());
    assert_eq!(served.status(), 202);
    until("the job has run", || !host.names("done").is_empty());
    drop(served);
    host.settle("require", &[("docs", "conf/secrets/docs")]);
    let output = host.command(&["serve", "--listen", "127.0.0.1:0", "--runner"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be kept with `--runner`"), "{output:?}");
}
