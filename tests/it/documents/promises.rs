//! Edge. `tests/PROMISES.md` and `SECURITY.md`: every test that they name is there.

use crate::support::site::read_shipped;
use std::fs;
use std::path::Path;

#[test]
fn every_promise_names_tests_that_there_are() {
    let sources = sources();
    for (page, at_least) in [("tests/PROMISES.md", 40), ("SECURITY.md", 25)] {
        let names = names(&read_shipped(page));
        for name in &names {
            assert!(is_there(name, &sources), "{page}: no test {name}");
        }
        assert!(names.len() > at_least, "{page}: {} tests", names.len());
    }
}

/// The names in the last column of the tables that name any.
fn names(page: &str) -> Vec<String> {
    page.lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .filter_map(|line| Some(line.trim_end_matches([' ', '|']).rsplit_once(" | ")?.1))
        .flat_map(|tests| tests.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect()
}

fn is_there(name: &str, sources: &str) -> bool {
    let last = name.split("::").filter(|part| *part != "*").last().expect("a name");
    sources.contains(&format!("fn {last}(")) || name.ends_with("::*") && sources.contains(&format!("mod {last};"))
}

fn sources() -> String {
    let mut sources = String::new();
    for directory in ["src", "tests/it"] {
        append(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut sources);
    }
    sources
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
