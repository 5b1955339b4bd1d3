//! Edge. Usual builds, which work in a box as they do outside.

use super::Boxed;
use crate::support::steps::shell;
use hookspool::model::Outcome;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs `script` in a box whose work directory holds `files`; the box and the log.
fn build(files: &[(&str, &str)], script: &str) -> (Boxed, String) {
    let boxed = Boxed::new([shell(&format!("set -e\n{script}"))]);
    for (name, content) in files {
        let path = boxed.0.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let done = boxed.0.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
    assert!(done.records[0].confined.is_some(), "{:?}", done.records);
    (boxed, done.log)
}

#[test]
fn npm_installs_a_package_with_an_install_script() {
    let package = r#"{ "name": "site", "version": "1.0.0", "dependencies": { "dep": "file:./dep" },
        "scripts": { "build": "dep-build" } }"#;
    let dep = r#"{ "name": "dep", "version": "1.0.0", "bin": { "dep-build": "build.js" },
        "scripts": { "install": "node -e \"require('fs').writeFileSync('installed', process.env.HOME)\"" } }"#;
    let bin = "#!/usr/bin/env node\nrequire('child_process').execFileSync('sh', ['-c', 'echo built >out']);\n";
    let files = [("package.json", package), ("dep/package.json", dep), ("dep/build.js", bin)];
    let (boxed, _) = build(&files, "npm install --offline --no-audit --no-fund --foreground-scripts\nnpm run build");
    assert_eq!(boxed.0.file("out"), "built\n");
    assert_eq!(boxed.0.file("dep/installed"), boxed.home().canonicalize().unwrap().to_str().unwrap());
    assert!(boxed.home().join(".npm").exists(), "its cache stays");
}

/// A wheel by hand: a build of one would ask the network for its tools.
const WHEEL: &str = r"
import zipfile
with zipfile.ZipFile('dep-1-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('dep.py', 'print(\'imported\')')
    wheel.writestr('dep-1.dist-info/METADATA', 'Metadata-Version: 2.1\nName: dep\nVersion: 1\n')
    wheel.writestr('dep-1.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    wheel.writestr('dep-1.dist-info/RECORD', 'dep.py,,\ndep-1.dist-info/METADATA,,\ndep-1.dist-info/WHEEL,,\n')
";

#[test]
fn pip_installs_a_package_into_an_environment_of_its_own() {
    let script = "/usr/bin/python3 wheel.py\n/usr/bin/python3 -m venv env\n\
         env/bin/pip install --no-index --no-color --disable-pip-version-check ./dep-1-py3-none-any.whl\n\
         env/bin/python -m dep";
    let (_, log) = build(&[("wheel.py", WHEEL)], script);
    assert!(log.contains("out imported"), "{log}");
}

#[test]
fn make_compiles_and_runs_what_it_made() {
    let program = "#include <stdio.h>\nint main(void) { return puts(\"compiled\") < 0; }\n";
    let files = [("main.c", program), ("Makefile", "all: main\n\t./main\nmain: main.c\n\tcc -O1 -o $@ main.c\n")];
    let (_, log) = build(&files, "make -j2");
    assert!(log.contains("out compiled"), "{log}");
}

#[test]
fn git_clones_and_commits_in_a_box() {
    let script = "git init -q origin\ngit -C origin -c user.name=x -c user.email=x@y commit -q --allow-empty -m one\n\
         git clone -q origin clone\ngit -C clone log --format=%s\ngit -C clone gc -q";
    let (_, log) = build(&[], script);
    assert!(log.contains("out one"), "{log}");
}

#[test]
fn what_it_prints_reads_and_writes_where_it_is_at_home_works_as_outside() {
    let script = "head -c 1 /dev/urandom >/dev/null; getent passwd root; ls /usr /proc/self >/dev/null\n\
         test -r /etc/passwd; echo x >\"$TMPDIR/x\"; ln \"$TMPDIR/x\" \"$TMPDIR/y\"; mkdir -p \"$HOME/a/b\"\n\
         mv \"$TMPDIR/x\" moved; mkfifo pipe; rm pipe; id -u; uname >/dev/null; date >/dev/null; sort /etc/passwd >s\n\
         echo one | sed s/one/two/ | tee tee; printf '#!/bin/sh\\necho run\\n' >run.sh; chmod +x run.sh; ./run.sh";
    let (boxed, log) = build(&[], script);
    assert!(log.contains("out run") && boxed.0.file("tee") == "two\n", "{log}");
    assert!(boxed.0.dir().join("moved").exists());
    let scratch = boxed.path("spool/scratch");
    assert_eq!(fs::read_dir(scratch).unwrap().count(), 0, "TMPDIR is gone");
    assert!(boxed.home().join("a/b").exists(), "HOME stays");
}

#[test]
fn programs_that_are_out_of_reach_are_not_in_path() {
    let (_, log) = build(&[], "echo \"$PATH\"; command -v sh");
    let line = log.lines().find_map(|line| line.split_once(" out ")).unwrap().1;
    let is_of_system = |entry: &&str| {
        Path::new(entry).canonicalize().is_ok_and(|real| ["/usr", "/opt"].iter().any(|tree| real.starts_with(tree)))
    };
    assert!(line.split(':').all(|entry| is_of_system(&entry)), "{line}");
    assert!(Command::new("sh").arg("-c").arg("true").status().unwrap().success());
}
