//! Pure. `import`, as it is typed.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The program whose configuration is translated.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ImportArgs {
    /// Translate hooks.json or hooks.yaml of adnanh/webhook
    Webhook(ImportFile),
    /// Translate snare.conf of snare
    Snare(ImportFile),
}

/// A file, and where its translation goes.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportFile {
    /// The file
    pub(in crate::cli) file: PathBuf,
    /// Write the configuration to this file, which must not exist [default: print it]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Write the secrets to files in this directory [default: secrets/ beside `--output`; without it, none is written]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) secrets: Option<PathBuf>,
}
