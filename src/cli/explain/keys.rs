//! Edge. The secrets that a delivery may have been signed with.

use super::diagnosis::LabelledSecret;
use crate::cli::exit::{self, Failure};
use crate::config::{Config, Hook};
use jiff::Timestamp;

/// The hook's secrets that count, and those that somebody may have mistaken for them.
pub(super) fn keys(
    config: &Config,
    hook: &Hook,
    now: Timestamp,
) -> Result<(Vec<LabelledSecret>, Vec<LabelledSecret>), Failure> {
    let (mut keys, mut others) = (Vec::new(), Vec::new());
    for (number, secret) in (1..).zip(&hook.secrets) {
        let unusable = |error| Failure::new(exit::NO_PERMISSION, format!("secret of hook `{}`: {error}", hook.name));
        let name = secret.source.source_name();
        let key = |label| Ok(LabelledSecret { secret: secret.source.read().map_err(unusable)?, label });
        if secret.counts_at(now) {
            keys.push(key(format!("secret {number} of this hook, {name}"))?);
        } else {
            others.push(key(format!("secret {number} of this hook, {name}, which has expired"))?);
        }
    }
    let strangers = config.hooks.iter().filter(|other| other.name != hook.name);
    let secrets = strangers.flat_map(|other| other.secrets.iter().map(move |secret| (other, secret)));
    // A secret that whoever asks may not read explains nothing.
    let readable = secrets.filter_map(|(other, secret)| Some((other, secret.source.read().ok()?)));
    let wrong_hook = "the delivery was sent to the wrong hook, or the forge has the other secret";
    let label = |name: &str| format!("the secret of hook `{name}`: {wrong_hook}");
    others.extend(readable.map(|(other, secret)| LabelledSecret { secret, label: label(&other.name) }));
    Ok((keys, others))
}
