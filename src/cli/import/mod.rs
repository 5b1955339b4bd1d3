//! Edge. `import`: translates the configuration of another program.

pub(super) mod args;
mod snare;
mod text;
mod translation;
mod webhook;
mod yaml;

use super::exit::{self, Failure};
use super::print;
use crate::system::random::random_bytes;
use crate::system::users;
use args::{ImportArgs, ImportFile};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use text::{ImportPlaces, SecretText};
use translation::{Translated, Translation};

/// Largest file in bytes; no person writes a larger one.
const LIMIT_BYTES: u64 = 1 << 20;

/// Translates. Exit 1 if something was dropped on which a refusal depended.
pub(super) fn run(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let (file, translated) = match args {
        ImportArgs::Webhook(file) => (file, webhook::translate(&read(&file.file)?)),
        ImportArgs::Snare(file) => (file, snare::translate(&read(&file.file)?)),
    };
    let wrong = |why| Failure::new(exit::CONFIGURATION, format!("cannot translate `{}`: {why}", file.file.display()));
    let translation = translated.map_err(wrong)?;
    let secrets = secrets_directory(file)?;
    let places = places(secrets.as_deref())?;
    let name = file.file.file_name().unwrap_or_default().to_string_lossy();
    let configuration = text::configuration(&name, &translation, &places);
    if let Some(dir) = &secrets {
        write_secrets(dir, &translation)?;
    }
    match &file.output {
        Some(output) => write_new(output, 0o640, configuration.as_bytes())?,
        None => print::raw(configuration.as_bytes()).map(drop)?,
    }
    tell(&translation, secrets.is_some(), &places);
    Ok(ExitCode::from(if text::is_grave(&translation) { exit::NO } else { 0 }))
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT_BYTES).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| Failure::io(format!("cannot read `{}`", path.display()), &error))
}

/// The directory of the secrets, if they are written.
fn secrets_directory(file: &ImportFile) -> Result<Option<PathBuf>, Failure> {
    let beside = || file.output.as_deref().map(|output| output.with_file_name("secrets"));
    let absolute = |dir: PathBuf| {
        std::path::absolute(&dir).map_err(|error| Failure::io(format!("cannot find `{}`", dir.display()), &error))
    };
    file.secrets.clone().or_else(beside).map(absolute).transpose()
}

/// Those of this user, as `init` has them.
fn places(secrets: Option<&Path>) -> Result<ImportPlaces, Failure> {
    let unknown = || Failure::new(exit::UNAVAILABLE, "this user is not in /etc/passwd");
    let user = users::current().ok_or_else(unknown)?;
    let home = PathBuf::from(user.home);
    let (spool, usual) = if user.uid == 0 {
        (PathBuf::from("/var/spool/hookspool"), PathBuf::from("/etc/hookspool/secrets"))
    } else {
        (home.join(".local/state/hookspool/spool"), home.join(".config/hookspool/secrets"))
    };
    Ok(ImportPlaces { spool, secrets: secrets.map_or(usual, Path::to_owned) })
}

fn all_secrets(translation: &Translation) -> Vec<SecretText> {
    let of_hook = |hook: &Translated| match hook {
        Translated::Hook(hook) => text::secret_files(hook),
        Translated::Refused { .. } => Vec::new(),
    };
    translation.hooks.iter().flat_map(of_hook).collect()
}

fn write_secrets(dir: &Path, translation: &Translation) -> Result<(), Failure> {
    if !dir.is_dir() {
        let unable = |error| Failure::create(format!("cannot make `{}`", dir.display()), &error);
        DirBuilder::new().mode(0o700).create(dir).map_err(unable)?;
    }
    for secret in all_secrets(translation) {
        let text = match secret.text {
            Some(text) => text,
            None => random_bytes::<32>()
                .map(hex::encode)
                .map_err(|error| Failure::io("cannot get random bytes", &error.into()))?,
        };
        write_new(&dir.join(secret.file), 0o600, format!("{text}\n").as_bytes())?;
    }
    Ok(())
}

/// A file that is not there yet. Nothing is ever replaced.
fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(mode).open(path);
    let written = opened.and_then(|mut file| {
        let whole = file.write_all(bytes).and_then(|()| file.sync_all());
        if whole.is_err() {
            let _is_gone = fs::remove_file(path);
        }
        whole
    });
    written.map_err(|error| Failure::create(format!("cannot write `{}`", path.display()), &error))
}

/// On standard error: standard output is the configuration.
fn tell(translation: &Translation, are_written: bool, places: &ImportPlaces) {
    let mut lines = text::report(translation);
    if !are_written {
        let of_secret = |secret: &SecretText| {
            let file = places.secrets.join(&secret.file);
            let source = if secret.text.is_some() {
                "its secret is in the old file"
            } else {
                "make one: `head -c 32 /dev/urandom | base64`"
            };
            format!("secret {} is not written (no `--secrets`): {source}", file.display())
        };
        lines.extend(all_secrets(translation).iter().map(of_secret));
    }
    let text: Vec<String> = lines.iter().map(|line| print::harmless(line)).collect();
    // Nobody may be there to read it.
    let _ = std::io::stderr().write_all(format!("{}\n", text.join("\n")).as_bytes());
}
