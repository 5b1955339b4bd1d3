//! Steps in a box.

mod builds; // usual builds work in it
mod host; // a machine of its own, whose trees of the system hold what is closed
mod hostile; // a build script that tries to get out
mod kernels; // kernels without Landlock, and what is told of a box
mod places; // what a step is given, and what it never is
mod releases; // steps that work in a release

use crate::support::steps::{Bench, run};
use hookspool::config::{ClosedPaths, Confine, Step};
use std::fs;
use std::path::PathBuf;

/// A job with confined steps, and around its work directory what they must not reach.
pub(crate) struct Boxed(pub(crate) Bench);

impl Boxed {
    pub(crate) fn new(steps: impl Into<Vec<Step>>) -> Self {
        Self::with(Confine::default(), steps)
    }

    pub(crate) fn with(confine: Confine, steps: impl Into<Vec<Step>>) -> Self {
        let mut bench = Bench::new(steps);
        bench.plan.confine = Some(confine);
        let root = bench.root.path().to_owned();
        for dir in ["spool/log", "secrets", "other"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        for file in ["spool/log/secret", "secrets/docs", "hookspool.toml", "other/secret", "deploy-key"] {
            fs::write(root.join(file), "a secret of this file").unwrap();
        }
        bench.facts.closed = ClosedPaths {
            files: ["secrets/docs", "hookspool.toml", "deploy-key"].map(|file| root.join(file)).to_vec(),
            trees: vec![root.join("spool")],
            others: vec![root.join("other")],
            is_shared_with_boxes: true,
        };
        Self(bench)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.root.path().join(name)
    }

    /// The home of its steps.
    pub(crate) fn home(&self) -> PathBuf {
        self.path("spool/home/docs")
    }
}

/// A step that runs a script of Python, with arguments.
pub(crate) fn python(script: &str, arguments: &[&str]) -> Step {
    run(&[&["/usr/bin/python3", "-B", "-c", script], arguments].concat())
}
