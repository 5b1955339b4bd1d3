//! Failures made for real, and what is said of them: the cause, and what to do.

use crate::support::control::{json, queue, said};
use crate::support::until;
use crate::support::yard::Yard;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

const TRUE: &str = "steps = [{ run = [\"true\"] }]";

/// A yard whose directory everybody may pass, with a secret of `bytes` and `mode`.
fn with_secret(bytes: &[u8], mode: u32) -> Yard {
    let yard = Yard::new("", &[("docs", TRUE), ("shop", TRUE)]);
    yard.open_to_all();
    for (name, mode) in [("hookspool.toml", 0o600), ("secret", mode)] {
        if name == "secret" {
            fs::write(yard.path(name), bytes).unwrap();
        }
        fs::set_permissions(yard.path(name), Permissions::from_mode(mode)).unwrap();
    }
    yard
}

/// What `check` says, with its exit code.
fn check(yard: &Yard) -> (Option<i32>, String) {
    let (status, text) = said(yard, &["check"]);
    (status, text.replace(yard.path("").to_str().unwrap(), "/"))
}

#[test]
fn a_secret_that_is_not_what_was_meant_is_told_once_with_the_command_that_mends_it() {
    for (bytes, what) in [
        (&b"\xef\xbb\xbfs3cr3t"[..], "begins with a byte order mark"),
        (b"s3cr3t  \n", "ends in 2 blanks"),
        (b" s3cr3t", "begins with 1 blank"),
        (b"s3cr3t\n\n", "has more than one line"),
        (b"\"s3cr3t\"", "stands in quotes"),
    ] {
        let yard = with_secret(bytes, 0o600);
        let (status, text) = check(&yard);
        let line =
            format!("warning: secret of hooks `docs`, `shop`: file `/secret` {what}, which counts as a part of it");
        assert!(status == Some(1) && text.contains(&line), "{text}");
        let report = yard.hookspool(&["doctor", "--offline", "--json"]).output().unwrap().stdout;
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let found = report["findings"].as_array().unwrap().iter().filter(|f| f["level"] != "note");
        let found: Vec<_> = found.filter(|f| f["hooks"].is_array()).collect();
        assert_eq!((found.len(), found[0]["hooks"].as_array().unwrap().len()), (1, 2), "{report}");
        let repair = found[0]["repair"].as_str().unwrap();
        assert!(Command::new("sh").args(["-c", repair]).status().unwrap().success(), "{repair}");
        assert_eq!(check(&yard).0, Some(0), "{repair}");
        assert_eq!(fs::read_to_string(yard.path("secret")).unwrap().trim_end_matches('\n'), "s3cr3t", "{repair}");
    }
}

#[test]
fn a_secret_that_cannot_be_used_is_a_problem_and_not_no_problems() {
    let yard = with_secret(b"s3cr3t", 0o644);
    let (status, text) = check(&yard);
    assert_eq!(status, Some(1));
    let first: Vec<_> = text.lines().take(2).collect();
    let expected = "PROBLEM: secret of hooks `docs`, `shop`: secret file `/secret` can be read by everybody; \
                    type `chmod 640 /secret`";
    assert_eq!(first, ["/hookspool.toml: well-formed, but 1 secret cannot be used", expected]);
    fs::remove_file(yard.path("secret")).unwrap();
    assert!(check(&yard).1.contains("cannot read secret file `/secret`: no such file or directory"));
    let (status, text) = said(&yard, &["doctor", "--offline"]);
    let line = "PROBLEM  hooks `docs`, `shop`: cannot read secret file";
    assert!(status == Some(1) && text.contains(line) && text.contains("answered `500 not configured`"), "{text}");
}

#[test]
fn a_runner_that_goes_by_an_older_configuration_says_so_and_what_to_do() {
    let yard = Yard::new("", &[("docs", TRUE)]);
    let runner = yard.start();
    until("it runs", || yard.log().contains("event=runner "));
    yard.configure("", &[("docs", TRUE), ("shop", TRUE)]);
    let id = yard.deliver("shop", "main", "1");
    until("the job is held", || yard.is_in("held", id));
    let pid = runner.id();
    let [_, _, reason] = yard.job(id);
    let remedy = format!("`kill -HUP {pid}` reads it anew, then `hookspool release {}`", id.short());
    assert!(
        reason.starts_with("hook `shop` is not in the configuration; process ") && reason.ends_with(&remedy),
        "{reason}"
    );
    runner.signal(rustix::process::Signal::HUP);
    until("it is read anew", || yard.log().contains("event=reloaded"));
    assert_eq!(said(&yard, &["release", &id.short()]).0, Some(0));
    until("the job is done", || yard.is_in("done", id));
}

#[test]
fn a_repeat_says_how_it_is_run_all_the_same() {
    let yard = Yard::new("", &[("docs", "steps = [{ shell = \"echo x >> ran\" }]")]);
    let first = yard.deliver("docs", "main", "1");
    let repeat = yard.deliver("docs", "main", "1");
    yard.drain();
    let [_, outcome, reason] = yard.job(repeat);
    assert_eq!(
        (outcome.as_str(), reason),
        ("repeat", format!("repeat of {first}; `hookspool retry --again` runs it all the same"))
    );
    for id in [repeat, first] {
        let short = id.short();
        let (status, text) = said(&yard, &["retry", &short]);
        assert!(status == Some(1) && text.contains(&format!("`hookspool retry --again {short}`")), "{text}");
        assert_eq!(said(&yard, &["retry", "--again", &short]), (Some(0), format!("job {short}: queued again\n")));
        yard.drain();
        assert_eq!(json(&yard, &["show", &short])["job"]["outcome"], "succeeded");
    }
    assert_eq!(yard.site("ran"), "x\nx\nx\n");
}

#[test]
fn a_program_that_was_killed_or_not_found_is_told_from_one_that_failed() {
    let steps = "retry = { attempts = 1 }\nsteps = [{ shell = \"SCRIPT\" }]";
    for (script, expected) in [
        ("kill -9 $$", "was ended by signal 9: killed, perhaps since memory ran out; `dmesg -T | grep -i oom` tells"),
        (
            "sh -c 'kill -9 $$'; exit",
            "exited with 137: killed, perhaps since memory ran out; `dmesg -T | grep -i oom` tells",
        ),
        (
            "no-such-program",
            "exited with 127: the shell found no such program; the runner's PATH is not that of your shell: write the \
             whole path, or set PATH where the runner starts",
        ),
        ("exit 3", "exited with 3"),
    ] {
        let yard = Yard::new("", &[("docs", &steps.replace("SCRIPT", script))]);
        let id = queue(&yard, &["main"])[0];
        yard.drain();
        let [state, _, reason] = yard.job(id);
        assert!(state == "failed" && reason.ends_with(&format!(") {expected}")), "{reason}");
    }
}

#[test]
fn a_run_whose_time_is_up_says_what_waits_for_the_next_one() {
    let yard =
        Yard::new("", &[("docs", "when_newer = \"keep\"\nbranches = [\"*\"]\nsteps = [{ shell = \"sleep 0.3\" }]")]);
    queue(&yard, &["a", "b", "c"]);
    let output = yard.hookspool(&["spool-runner", "--once", "--max-runtime", "100ms"]).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("reason=\"its time is up; 2 jobs wait for the next run\""), "{log}");
}

#[test]
fn a_job_that_has_printed_nothing_says_why() {
    let yard = Yard::new("", &[("docs", TRUE)]);
    let [first, second] = [yard.deliver("docs", "main", "1"), yard.deliver("docs", "main", "2")];
    let log = |id: hookspool::model::JobId| said(&yard, &["log", &id.short()]).1;
    assert!(log(second).ends_with("has printed nothing: it is queued\n"), "{}", log(second));
    yard.drain();
    assert!(log(first).ends_with(&format!("has printed nothing: it was superseded by {second}\n")), "{}", log(first));
}

/// Runs a shell script in which `$SPOOL` is a small file system of its own, and `$HS` is the program; what it prints.
fn on_a_small_disk(yard: &Yard, options: &str, script: &str) -> String {
    let program = yard.hookspool(&[]);
    let words: Vec<_> = std::iter::once(program.get_program()).chain(program.get_args()).collect();
    let hs = words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
    let setup = format!("mount -t tmpfs -o {options} none $SPOOL && {{ {script}; }}");
    let flags = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let mut command = Command::new("unshare");
    command.args([flags, "sh", "-c", &setup]).env("SPOOL", yard.path("spool")).env("HS", hs);
    let output = command.output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn a_disk_without_inodes_is_told_from_one_without_room() {
    let yard = with_secret(b"s3cr3t", 0o600);
    let said = on_a_small_disk(
        &yard,
        "size=256m,nr_inodes=40,mode=0755",
        "$HS spool-runner --once 2>/dev/null; i=0; while true > $SPOOL/log/$i; do i=$((i+1)); \
         done 2>/dev/null || true; $HS doctor --offline || true",
    );
    assert!(said.contains("PROBLEM  0 of 40 inodes are free for the spool\n"), "{said}");
    assert!(
        said.contains(
            "repair: hookspool prune --older-than 7d; \
                           df -i /"
        ) && !said.contains(
            "are free for the spool\n         why: \
                               deliveries are answered 503 when nothing is left\n         repair: \
                               hookspool prune --older-than 7d; df -h"
        ),
        "{said}"
    );
}

#[test]
fn jobs_can_be_removed_on_a_full_disk_beside_a_runner() {
    let yard = with_secret(b"s3cr3t", 0o600);
    let said = on_a_small_disk(
        &yard,
        "size=16m,mode=0755",
        "$HS spool-runner --once 2>/dev/null; $HS spool-runner 2>$SPOOL/log/out & runner=$!; \
         until grep -q event=runner $SPOOL/log/out; do :; done; \
         dd if=/dev/zero of=$SPOOL/log/big bs=4k 2>/dev/null || true; \
         $HS doctor --offline || true; $HS prune --older-than 1s || true; $HS hold docs -m full || true; kill $runner; \
         wait $runner || true",
    );
    assert!(said.contains("PROBLEM  0 B are free for the spool\n"), "{said}");
    assert!(said.contains("removed 0 jobs, 0 B\n") && said.contains("hook docs: is on hold"), "{said}");
}
