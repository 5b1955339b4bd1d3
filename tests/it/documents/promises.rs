//! Edge. `tests/PROMISES.md`: every test that it names is there.

use crate::support::site::read_shipped;
use std::fs;
use std::path::Path;

#[test]
fn every_promise_names_tests_that_there_are() {
    let mut sources = String::new();
    for directory in ["src", "tests/it"] {
        append(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut sources);
    }
    let page = read_shipped("tests/PROMISES.md");
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .filter_map(|line| Some(line.trim_end_matches([' ', '|']).rsplit_once(" | ")?.1.to_owned()));
    let mut count = 0;
    for name in rows.flat_map(|tests| tests.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()) {
        let parts: Vec<&str> = name.split("::").filter(|part| *part != "*").collect();
        let last = parts.last().expect("a name");
        let is_there = sources.contains(&format!("fn {last}("))
            || name.ends_with("::*") && sources.contains(&format!("mod {last};"));
        assert!(is_there, "no test {name}");
        count += 1;
    }
    assert!(count > 40, "{count} tests");
}

fn append(directory: &Path, sources: &mut String) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            append(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
