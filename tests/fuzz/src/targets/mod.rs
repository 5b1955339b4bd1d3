//! What is fuzzed: each target takes any bytes, and panics where a promise is broken. The suite replays the corpora
//! through the same functions.

mod configuration;
mod form;
mod headers;
mod job_file;
mod payload;
mod records;

/// Takes one input.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("configuration", configuration::run),
    ("form", form::run),
    ("headers", headers::run),
    ("job_file", job_file::run),
    ("payload", payload::run),
    ("records", records::run),
];
