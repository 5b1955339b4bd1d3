//! What is fuzzed: each target takes any bytes, and panics where a promise is broken. The suite replays the corpora
//! through the same functions.

mod configuration;
mod envelope;
mod form;
mod headers;
mod http;
mod job_file;
mod payload;
mod printed;
mod records;
mod spool_files;

/// Takes one input.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("configuration", configuration::run),
    ("envelope", envelope::run),
    ("form", form::run),
    ("headers", headers::run),
    ("http", http::run),
    ("job_file", job_file::run),
    ("payload", payload::run),
    ("printed", printed::run),
    ("records", records::run),
    ("spool_files", spool_files::run),
];
