//! The very system calls of each protocol, seen by strace, and each of them failing.

use crate::spool::append::names;
use crate::spool::driver::{driver, said};
use hookspool::model::JobId;
use hookspool::spool::{Claimed, SpoolOwner, create};
use std::fs;
use std::path::Path;

const CALLS: &str = "trace=open,openat,pread64,pwrite64,write,fsync,fdatasync,syncfs,\
    rename,renameat,renameat2,link,linkat,unlink,unlinkat,flock,close,\
    statx,fstat,newfstatat,fchmod,chmod,ftruncate,mkdir,mkdirat,access,faccessat,faccessat2";

/// Runs the driver under strace and returns the calls between two marks, with what differs from run to run replaced.
fn calls(spool: &Path, script: &str, from: &str, to: &str) -> Vec<String> {
    calls_with(&[], spool, script, from, to)
}

fn calls_with(options: &[&str], spool: &Path, script: &str, from: &str, to: &str) -> Vec<String> {
    let trace = spool.with_extension("trace");
    let strace = ["strace", "-f", "-y", "-s", "0", "-e", "signal=none", "-e", CALLS, "-o", trace.to_str().unwrap()];
    said(&mut driver(&[&strace, options].concat(), spool, script));
    let text = fs::read_to_string(&trace).unwrap().replace(spool.to_str().unwrap(), "SPOOL");
    let text = text.replace(spool.parent().unwrap().to_str().unwrap(), "ABOVE-SPOOL");
    let text = text.replace(&format!("<{}>", std::env::current_dir().unwrap().display()), "<HERE>");
    let mut lines = text.lines().skip_while(|line| !line.contains(&format!("/mark-{from}")));
    lines.next().unwrap_or_else(|| panic!("no mark `{from}` in {text}"));
    lines.take_while(|line| !line.contains(&format!("/mark-{to}"))).filter_map(normal).collect()
}

/// `1234 fsync(5</tmp/x/queued>) = 0` becomes `fsync SPOOL/queued`.
fn normal(line: &str) -> Option<String> {
    let call = line.split_once(char::is_whitespace)?.1.trim_start();
    let (name, rest) = call.split_once('(')?;
    let arguments = rest.split_once(") ")?.0;
    if !arguments.contains("SPOOL") {
        return None;
    }
    let mut words = vec![name.to_owned()];
    for argument in arguments.split(", ") {
        let path = argument.split_once('<').and_then(|(_, p)| p.strip_suffix('>'));
        let quoted = argument.strip_prefix('"').and_then(|a| a.strip_suffix('"')).filter(|a| !a.is_empty());
        let flag = argument.contains("RENAME_") || argument.contains("LOCK_") || argument.starts_with("O_");
        words.extend(path.or(quoted).or(flag.then_some(argument)).map(anonymous));
    }
    Some(words.join(" "))
}

/// Replaces a job's id by `ID`, and a draft's name by `DRAFT`.
fn anonymous(word: &str) -> String {
    let part = |part: &str| {
        let id = part.get(..28).filter(|id| id.parse::<JobId>().is_ok());
        let is_draft = part.len() == 16 && part.bytes().all(|b| b.is_ascii_hexdigit());
        id.map_or_else(|| if is_draft { "DRAFT".to_owned() } else { part.to_owned() }, |id| part.replace(id, "ID"))
    };
    word.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn spool(home: &tempfile::TempDir) -> std::path::PathBuf {
    home.path().canonicalize().unwrap().join("spool")
}

#[test]
fn an_append_is_these_calls_and_no_more() {
    let home = tempfile::tempdir().unwrap();
    create(&spool(&home)).unwrap();
    assert_eq!(
        calls(&spool(&home), "append", "append", "end"),
        [
            "flock SPOOL/sequence LOCK_EX|LOCK_NB",
            "pread64 SPOOL/sequence",
            "pwrite64 SPOOL/sequence",
            "flock SPOOL/sequence LOCK_UN",
            "openat SPOOL/tmp DRAFT O_RDWR|O_CREAT|O_EXCL|O_LARGEFILE|O_NOFOLLOW|O_CLOEXEC",
            "pwrite64 SPOOL/tmp/DRAFT",
            "fsync SPOOL/tmp/DRAFT",
            "renameat2 SPOOL/tmp DRAFT SPOOL/queued ID.job RENAME_NOREPLACE",
            "close SPOOL/queued/ID.job",
            "fsync SPOOL/queued",
            "fstat SPOOL/queued",
            "newfstatat HERE SPOOL/queued",
        ]
    );
}

/// The calls that change something or make it durable.
fn effects(all: Vec<String>) -> Vec<String> {
    let is_effect = |call: &String| {
        ["pwrite64", "fsync", "fdatasync", "syncfs", "renameat2", "unlinkat"].iter().any(|e| call.starts_with(e))
    };
    all.into_iter().filter(is_effect).collect()
}

#[test]
fn a_claim_a_record_and_a_settlement_flush_before_they_return() {
    let home = tempfile::tempdir().unwrap();
    create(&spool(&home)).unwrap();
    said(&mut driver(&[], &spool(&home), "append"));
    assert_eq!(
        effects(calls(&spool(&home), "run", "claim", "record")),
        [
            "renameat2 SPOOL/queued ID.job SPOOL/running ID.job RENAME_NOREPLACE",
            "pwrite64 SPOOL/running/ID.events",
            "fsync SPOOL/running/ID.job",
            "fsync SPOOL/running",
            "fsync SPOOL/queued",
        ]
    );
    assert_eq!(
        effects(calls(&spool(&home), "run", "record", "settle")),
        ["pwrite64 SPOOL/running/ID.events", "fsync SPOOL/running/ID.events"]
    );
    said(&mut driver(&[], &spool(&home), "append"));
    assert_eq!(
        effects(calls(&spool(&home), "run", "settle", "end")),
        [
            "pwrite64 SPOOL/running/ID.events",
            "fsync SPOOL/running/ID.events",
            "renameat2 SPOOL/running ID.job SPOOL/done ID.job RENAME_NOREPLACE",
            "renameat2 SPOOL/running ID.events SPOOL/done ID.events RENAME_NOREPLACE",
            "fsync SPOOL/done/ID.job",
            "fsync SPOOL/done",
            "fsync SPOOL/running",
        ]
    );
}

#[test]
fn with_a_journal_an_attempt_flushes_twice_and_a_checkpoint_everything() {
    let home = tempfile::tempdir().unwrap();
    create(&spool(&home)).unwrap();
    let run = |from, to| {
        said(&mut driver(&[], &spool(&home), "append"));
        effects(calls(&spool(&home), "run with a journal", from, to))
    };
    let record = ["pwrite64 SPOOL/running/ID.events", "pwrite64 SPOOL/journal", "fdatasync SPOOL/journal"];
    assert_eq!(
        run("claim", "record"),
        ["renameat2 SPOOL/queued ID.job SPOOL/running ID.job RENAME_NOREPLACE", "pwrite64 SPOOL/running/ID.events",]
    );
    assert_eq!(run("record", "settle"), record);
    let moves = [
        "renameat2 SPOOL/running ID.job SPOOL/done ID.job RENAME_NOREPLACE",
        "renameat2 SPOOL/running ID.events SPOOL/done ID.events RENAME_NOREPLACE",
    ];
    assert_eq!(run("settle", "end"), [record.as_slice(), &moves].concat());
    assert_eq!(run("end", "checkpoint"), ["syncfs SPOOL", "pwrite64 SPOOL/journal", "fdatasync SPOOL/journal"]);
}

#[test]
fn a_new_spool_is_flushed_with_everything_in_it() {
    let home = tempfile::tempdir().unwrap();
    let made = calls(&spool(&home), "create and append", "create", "end");
    let mut flushed: Vec<&str> = made.iter().filter_map(|call| call.strip_prefix("fsync ")).collect();
    let last = flushed.last().copied();
    flushed.sort_unstable();
    flushed.dedup();
    let below =
        ["corrupt", "done", "failed", "held", "lock", "log", "queued", "reserve", "running", "sequence", "version"];
    let mut expected: Vec<String> = below.iter().map(|name| format!("SPOOL/{name}")).collect();
    expected.extend(["SPOOL/control", "SPOOL/holds", "SPOOL/seen"].map(str::to_owned));
    expected.extend(["SPOOL/outbox", "SPOOL/outbox/failed"].map(str::to_owned));
    expected.extend(["ABOVE-SPOOL", "SPOOL", "SPOOL/tmp", "SPOOL/waiting"].map(str::to_owned));
    expected.sort_unstable();
    assert_eq!(flushed, expected);
    assert_eq!(last, Some("SPOOL"));
}

#[test]
fn a_recovery_removes_a_double_and_flushes_what_stays() {
    let home = tempfile::tempdir().unwrap();
    let root = spool(&home);
    let id = said(&mut driver(&[], &root, "create and append"))[0].replace("accepted ", "");
    fs::hard_link(root.join(format!("queued/{id}.job")), root.join(format!("running/{id}.job"))).unwrap();
    assert_eq!(
        effects(calls(&root, "recover", "recover", "end")),
        [
            "unlinkat SPOOL/running ID.job",
            "fsync SPOOL/queued/ID.job",
            "fsync SPOOL/queued",
            "fsync SPOOL/running",
            "fsync SPOOL/waiting",
        ]
    );
}

#[test]
fn a_full_disk_gets_the_reserve_back_and_really_has_it_before_the_second_try() {
    let home = tempfile::tempdir().unwrap();
    create(&spool(&home)).unwrap();
    let full = ["-e", "inject=renameat2:error=ENOSPC:when=51"];
    let calls = calls_with(&full, &spool(&home), "append after many", "append", "end");
    let tail: Vec<&str> = calls.iter().skip_while(|call| !call.starts_with("renameat2")).map(String::as_str).collect();
    let rename = "renameat2 SPOOL/tmp DRAFT SPOOL/queued ID.job RENAME_NOREPLACE";
    assert_eq!(
        tail,
        [
            rename,
            "openat SPOOL reserve O_RDWR|O_NOCTTY|O_NONBLOCK|O_LARGEFILE|O_NOFOLLOW|O_CLOEXEC",
            "fstat SPOOL/reserve",
            "ftruncate SPOOL/reserve",
            "fsync SPOOL/reserve",
            "close SPOOL/reserve",
            rename,
            "close SPOOL/queued/ID.job",
            "fsync SPOOL/queued",
            "fstat SPOOL/queued",
            "newfstatat HERE SPOOL/queued",
        ]
    );
}

/// How often a call occurs before and within the append that counts. The tracer counts for each thread.
fn occurrences(trace: &str, call: &str) -> (usize, usize) {
    let mark = trace.lines().find(|line| line.contains("/mark-append")).unwrap();
    let thread = mark.split_whitespace().next().unwrap();
    let is_call = |line: &&str| line.starts_with(thread) && line.contains(&format!(" {call}("));
    let count = |lines: &str| lines.lines().filter(is_call).count();
    let (before, after) = trace.split_once("/mark-append").unwrap();
    (count(before), count(after.split_once("/mark-end").unwrap().0))
}

#[test]
fn an_append_whose_calls_fail_says_which_and_acknowledges_only_what_is_there() {
    let clean = tempfile::tempdir().unwrap();
    create(&spool(&clean)).unwrap();
    calls(&spool(&clean), "append after many", "append", "end");
    let trace = fs::read_to_string(spool(&clean).with_extension("trace")).unwrap();
    let mut runs = 0;
    for call in ["flock", "pread64", "openat", "pwrite64", "fsync", "renameat2"] {
        let (before, within) = occurrences(&trace, call);
        for nth in before + 1..=before + within {
            for errno in ["EIO", "ENOSPC", "EROFS", "EMFILE", "EACCES", "EINTR"] {
                fail_once(call, nth, errno);
                runs += 1;
            }
        }
    }
    assert_eq!(runs, 6 * 9, "calls within an append that can fail");
}

/// Where flushes cost nothing, if there is such a place: this is about errors.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What the spool holds when one call of the last append fails.
fn fail_once(call: &str, nth: usize, errno: &str) {
    let home = in_memory();
    let root = spool(&home);
    create(&root).unwrap();
    let inject = format!("inject={call}:error={errno}:when={nth}");
    let strace = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", CALLS, "-e", &inject];
    let said = said(&mut driver(&strace, &root, "append after many"));
    let [said] = said.as_slice() else { panic!("{inject}: {said:#?}") };
    let what = format!("{inject}: {said}");
    assert_eq!(names(&root.join("tmp")), [""; 0], "{what}");
    let owner = SpoolOwner::lock(&root).unwrap();
    let jobs = owner.scan(jiff::Timestamp::now()).unwrap().jobs;
    let last = *jobs.last().unwrap();
    assert!(matches!(owner.claim(last, jiff::Timestamp::now()).unwrap(), Claimed::Job(_)), "{what}");
    let helps_to_retry = errno == "EINTR" || errno == "ENOSPC" && ["pwrite64", "openat", "renameat2"].contains(&call);
    assert_eq!(said.starts_with("accepted "), helps_to_retry, "{what}");
    if helps_to_retry {
        assert_eq!((jobs.len(), said.as_str()), (51, format!("accepted {last}").as_str()), "{what}");
        return;
    }
    assert!(said.starts_with("refused cannot ") && said.contains(root.to_str().unwrap()), "{what}");
    // Only when the flush of `queued/` itself fails is the job there all the same.
    let flush_of_queued = said.contains(&format!("cannot flush {}", root.join("queued").display()));
    assert_eq!(jobs.len(), 50 + usize::from(flush_of_queued), "{what}");
}
