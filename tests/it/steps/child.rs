//! Edge. What a step's process is given, and what it is not.

use crate::support::steps::{Bench, in_own_process, run, shell, step};
use hookspool::config::{SecretSource, StepAction, Variable, VariableValue};
use hookspool::model::{EventKind, Outcome, RefName};
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;

/// The environment that a step found, sorted.
fn environment(bench: &Bench) -> Vec<String> {
    assert_eq!(bench.run().result.outcome, Outcome::Succeeded);
    let mut found: Vec<String> = bench.file("environ").split_terminator('\0').map(str::to_owned).collect();
    found.sort();
    found
}

#[test]
fn the_environment_is_the_allow_list_and_nothing_else() {
    let mut bench = Bench::new([shell("cat /proc/$$/environ >environ")]);
    bench.facts.meta.pusher = Some("$(touch pwned) `x` \u{1b}".to_owned());
    bench.facts.meta.delivery = Some("dropped\0".to_owned());
    bench.facts.meta.reference = RefName::parse("refs/tags/v1");
    bench.facts.meta.event = EventKind::Other("odd".to_owned());
    let found = environment(&bench);
    let names: Vec<&str> = found.iter().map(|pair| pair.split_once('=').unwrap().0).collect();
    let of_server = |name: &&str| {
        let listed = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "XDG_RUNTIME_DIR"];
        listed.contains(name) || name.starts_with("LC_")
    };
    let facts: Vec<String> = found.iter().zip(&names).filter(|(_, n)| !of_server(n)).map(|(p, _)| p.clone()).collect();
    let root = bench.root.path().display();
    let expected = [
        format!("HOOKSPOOL_AFTER={}", "a".repeat(40)),
        "HOOKSPOOL_ATTEMPT=1".to_owned(),
        format!("HOOKSPOOL_BEFORE={}", "b".repeat(40)),
        "HOOKSPOOL_EVENT=odd".to_owned(),
        "HOOKSPOOL_HOOK=docs".to_owned(),
        format!("HOOKSPOOL_JOB={}", bench.facts.job),
        format!("HOOKSPOOL_LOG={root}/x.log"),
        format!("HOOKSPOOL_PAYLOAD={root}/x.job"),
        "HOOKSPOOL_PROVIDER=gitea".to_owned(),
        "HOOKSPOOL_PUSHER=$(touch pwned) `x` \u{1b}".to_owned(),
        format!("HOOKSPOOL_PUSH_BEFORE={}", "b".repeat(40)),
        "HOOKSPOOL_REF=refs/tags/v1".to_owned(),
        "HOOKSPOOL_REPOSITORY=me/docs".to_owned(),
        "HOOKSPOOL_TAG=v1".to_owned(),
    ];
    assert_eq!(facts, expected);
    assert!(names.contains(&"PATH") && names.contains(&"HOME"), "{names:?}");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "this process has what the step must not have");
}

#[test]
fn no_text_of_a_delivery_reaches_a_command_line() {
    let mut bench = Bench::new([run(&["sh", "-c", "tr '\\0' '\\n' </proc/$$/cmdline >cmdline", "$HOOKSPOOL_PUSHER"])]);
    bench.facts.meta.pusher = Some("$(touch pwned); touch pwned".to_owned());
    bench.run();
    assert_eq!(bench.file("cmdline"), "sh\n-c\ntr '\\0' '\\n' </proc/$$/cmdline >cmdline\n$HOOKSPOOL_PUSHER\n");
    assert!(!bench.dir().join("pwned").exists());
}

#[test]
fn a_step_has_three_descriptors_a_fixed_umask_and_a_session_of_its_own() {
    const NAME: &str = "steps::child::a_step_has_three_descriptors_a_fixed_umask_and_a_session_of_its_own";
    if in_own_process(NAME) {
        return;
    }
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let leak = rustix::io::dup(File::open("/dev/null").unwrap()).unwrap();
    assert!(leak.as_raw_fd() > 2, "a descriptor that a child would inherit");
    let script = "ls /proc/$$/fd >fds; cat >input; umask >umask; pwd >pwd; cut -d' ' -f1,5,6 /proc/$$/stat >session";
    let bench = Bench::new([shell(script)]);
    assert_eq!(bench.run().result.outcome, Outcome::Succeeded);
    let fds: Vec<String> = bench.file("fds").lines().map(str::to_owned).collect();
    let shell_may_add = |fd: &&String| fd.parse::<u32>().unwrap() >= 10;
    assert_eq!(fds.iter().filter(|fd| !shell_may_add(fd)).collect::<Vec<_>>(), ["0", "1", "2"]);
    assert!(!fds.contains(&leak.as_raw_fd().to_string()));
    assert_eq!((bench.file("input"), bench.file("umask")), (String::new(), "0022\n".to_owned()));
    assert_eq!(bench.file("pwd").trim(), bench.dir().canonicalize().unwrap().to_str().unwrap());
    let session = bench.file("session");
    let ids: Vec<&str> = session.split_whitespace().collect();
    assert!(ids.len() == 3 && ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    drop(leak);
}

#[test]
fn a_hook_and_a_step_add_variables_and_a_secret_comes_from_its_file() {
    let mut bench = Bench::new([step(StepAction::Run(vec!["env".to_owned()])), shell("echo $A-$B >after")]);
    let secret = bench.root.path().join("token");
    fs::write(&secret, "s3cr3t\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let text =
        |name: &str, value: &str| Variable { name: name.to_owned(), value: VariableValue::Text(value.to_owned()) };
    bench.plan.env = vec![text("A", "of the hook"), text("B", "$A"), text("PATH", "/usr/bin:/bin:/opt/own")];
    let token = VariableValue::Secret(SecretSource::File(secret.clone()));
    bench.plan.steps[0].env = vec![text("A", "of the step"), Variable { name: "TOKEN".to_owned(), value: token }];
    let log = bench.run().log;
    for line in ["A=of the step", "B=$A", "PATH=/usr/bin:/bin:/opt/own", "TOKEN=s3cr3t"] {
        assert!(log.lines().any(|logged| logged.ends_with(line)), "{line}: {log}");
    }
    assert_eq!(bench.file("after"), "of the hook-$A\n", "the next step has the hook's");

    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(bench.dir().join("after")).unwrap();
    let refused = bench.run().result;
    assert_eq!(refused.outcome, Outcome::Failed);
    let why = format!("step 1 (env): `TOKEN`: secret file `{}` can be read by everybody", secret.display());
    assert!(refused.reason.starts_with(&why) && !refused.reason.contains("s3cr3t"), "{}", refused.reason);
    assert_eq!(bench.file("after"), "");
}
