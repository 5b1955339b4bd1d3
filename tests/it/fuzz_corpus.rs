//! The short corpora of `tests/fuzz/`, through the functions that are fuzzed.

#[path = "../fuzz/src/targets/mod.rs"]
#[allow(clippy::pedantic, missing_docs, unreachable_pub, reason = "a package of its own")]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn every_input_of_every_corpus_keeps_the_promises() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, run) in targets::TARGETS {
        let inputs = fs::read_dir(corpora.join(name)).unwrap_or_else(|error| panic!("corpus of {name}: {error}"));
        let mut count = 0;
        for input in inputs {
            let path = input.unwrap().path();
            println!("{}", path.display());
            run(&fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count >= 5, "{name} has {count} inputs");
    }
}
