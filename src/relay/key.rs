//! Edge. The keys of a host: the one that signs its jobs, and the seed by which servers know it. Reads and makes files.

use crate::config::SecretSource;
use crate::model::OriginKey;
use crate::system::errno::words;
use crate::system::random::random_bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use nkeys::{KeyPair, KeyPairType};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Stands before the 32 bytes of a signing key, in base64.
const PREFIX: &str = "ed25519-secret:";

/// Makes a signing key in a file that is not there yet. Its public half.
pub fn make(path: &Path) -> Result<OriginKey, String> {
    let bytes = drawn(path)?;
    write_new(path, &format!("{PREFIX}{}", STANDARD.encode(bytes)))?;
    Ok(OriginKey::new(SigningKey::from_bytes(&bytes).verifying_key()))
}

/// Makes the nkey of a user in a file that is not there yet. Its public half, which the servers are told.
pub fn make_login(path: &Path) -> Result<String, String> {
    let pair = KeyPair::new_from_raw(KeyPairType::User, drawn(path)?);
    let seed = pair.as_ref().map_err(ToString::to_string).and_then(|pair| pair.seed().map_err(|e| e.to_string()));
    write_new(path, &seed?)?;
    pair.map(|pair| pair.public_key()).map_err(|error| error.to_string())
}

fn drawn(path: &Path) -> Result<[u8; 32], String> {
    random_bytes::<32>().map_err(|errno| named("draw a key for", path, &errno.into()))
}

fn named(what: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {what} `{}`: {}", path.display(), words(error))
}

/// A file of one line, for its owner alone, and durable. One that is there is somebody's key.
fn write_new(path: &Path, line: &str) -> Result<(), String> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            named("create", path, &error) + "; a key that is in use must not be lost: name another file"
        }
        _ => named("create", path, &error),
    })?;
    let written = writeln!(file, "{line}").and_then(|()| file.sync_all());
    written.map_err(|error| named("write", path, &error))
}

/// The signing key of a source.
pub fn read(source: &SecretSource) -> Result<SigningKey, String> {
    let text = source.read().map_err(|error| error.to_string())?;
    let digits = text.bytes().strip_prefix(PREFIX.as_bytes());
    let bytes = digits.and_then(|digits| STANDARD.decode(digits).ok());
    let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.map(|bytes| SigningKey::from_bytes(&bytes)).ok_or_else(|| {
        format!("{} holds no signing key; `hookspool relay key --out FILE` makes one", source.source_name())
    })
}

/// The seed of an nkey of a source: its last line of such a form, so that the file of `nk -gen user` will do.
pub fn seed(source: &SecretSource) -> Result<String, String> {
    let secret = source.read().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(secret.bytes()).into_owned();
    let seed = text.lines().map(str::trim).find(|line| line.starts_with("SU"));
    seed.map(str::to_owned).ok_or_else(|| {
        format!(
            "{} holds no seed of a user's nkey (it begins with `SU`); `hookspool relay nkey` makes one",
            source.source_name()
        )
    })
}

/// The public half of the login of a source.
pub fn public_login(source: &SecretSource) -> Result<String, String> {
    KeyPair::from_seed(&seed(source)?).map(|pair| pair.public_key()).map_err(|error| error.to_string())
}
