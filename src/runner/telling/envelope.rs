//! Edge. From facts to what is sent: looks up the target as the configuration is now, and reads its secrets.

use super::rounds::{Recipient, Round};
use crate::config::{Config, NotifyTarget};
use crate::model::{JobId, Tidings};
use crate::notify::{
    HttpAnswer, Messenger, Occasion, Parcel, Receipt, Sender, StatusForge, Wording, parcel, receipt, status_parcel,
    status_receipt,
};
use crate::spool::Letter;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A message, ready to be sent, and the way to read the answer.
pub(super) struct Outgoing {
    pub(super) parcel: Parcel,
    pub(super) secrets: Vec<String>,
    meaning: Meaning,
}

/// Whose answer it will be.
enum Meaning {
    Service(Messenger),
    Forge(StatusForge),
}

impl Outgoing {
    /// Sends it.
    pub(super) fn send(&self) -> Receipt {
        let meaning = |answer: &HttpAnswer| match self.meaning {
            Meaning::Service(messenger) => receipt(messenger, answer),
            Meaning::Forge(forge) => status_receipt(forge, answer),
        };
        crate::notify::send(&self.parcel, &self.secrets, &meaning)
    }
}

/// The reason that nothing can be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoParcel {
    /// It never can be.
    #[error("{0}")]
    ForGood(String),
    /// A person may put it right.
    #[error("{0}")]
    ForNow(String),
}

/// Name of this machine.
pub(super) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The message that is sent for `round`.
pub(super) fn outgoing(config: &Config, round: &Round, host: &str) -> Result<Outgoing, NoParcel> {
    match &round.recipient {
        Recipient::Target(name) => {
            let target = config.target(name).ok_or_else(|| {
                NoParcel::ForGood(format!(
                    "target `{name}` is gone from the configuration: there is no such `[[notify]]`"
                ))
            })?;
            let tidings: Vec<Tidings> = round.letters.iter().map(|letter| letter.tidings.clone()).collect();
            to_target(config, target, &tidings, &id_of(&round.letters), host)
        }
        Recipient::Forge(hook) => to_forge(config, hook, &round.letters),
    }
}

/// Sends a sample to `target`, to see whether it arrives.
pub fn tell_sample(target: &NotifyTarget) -> Result<Receipt, NoParcel> {
    let (host, now) = (host_name(), Timestamp::now());
    let wording = Wording::sample(&target.name, Sender { host: &host, page: None });
    let id = format!("sample-{}", now.as_millisecond());
    let occasion = Occasion { wording: &wording, tidings: &[], id: &id, now, host: &host };
    Ok(sealed(target, &occasion)?.send())
}

fn to_target(
    config: &Config,
    target: &NotifyTarget,
    tidings: &[Tidings],
    id: &str,
    host: &str,
) -> Result<Outgoing, NoParcel> {
    let wording = match tidings {
        [one] => Wording::of(one, Sender { host, page: page_of_job(config, one.job).as_deref() }),
        several => Wording::summary(several, Sender { host, page: page_of_all(config).as_deref() }),
    };
    sealed(target, &Occasion { wording: &wording, tidings, id, now: Timestamp::now(), host })
}

fn sealed(target: &NotifyTarget, occasion: &Occasion<'_>) -> Result<Outgoing, NoParcel> {
    let destination = target.destination().map_err(|error| NoParcel::ForNow(error.to_string()))?;
    let parcel = parcel(&destination, occasion).map_err(NoParcel::ForNow)?;
    Ok(Outgoing { parcel, secrets: destination.secrets(), meaning: Meaning::Service(target.messenger) })
}

fn to_forge(config: &Config, hook: &str, letters: &[Letter]) -> Result<Outgoing, NoParcel> {
    let gone = || NoParcel::ForGood(format!("`status` of hook `{hook}` is gone from the configuration"));
    let settings = config.hook(hook).and_then(|hook| hook.plan.status.as_ref()).ok_or_else(gone)?;
    let account = settings.account().map_err(|error| NoParcel::ForNow(error.to_string()))?;
    let tidings = &letters.first().ok_or_else(gone)?.tidings;
    let page = page_of_job(config, tidings.job);
    let parcel = status_parcel(&account, tidings, page.as_deref());
    let parcel = Parcel::Http(parcel.ok_or_else(|| NoParcel::ForGood("it names no commit".to_owned()))?);
    Ok(Outgoing { parcel, secrets: vec![account.token], meaning: Meaning::Forge(settings.forge) })
}

/// Address of the page of a job: of `url` in `[page]` alone, never from a delivery.
fn page_of_job(config: &Config, job: JobId) -> Option<String> {
    config.page.as_ref()?.job_url(job)
}

/// Address of the page of all jobs.
fn page_of_all(config: &Config) -> Option<String> {
    config.page.as_ref()?.url.clone()
}

/// A name of the message that is the same whenever it is sent.
fn id_of(letters: &[Letter]) -> String {
    match letters {
        [one] => format!("{}-{}", one.tidings.job, one.tidings.number),
        several => {
            let numbers: Vec<String> = several.iter().map(|letter| letter.tidings.number.to_string()).collect();
            let hash = hex::encode(Sha256::digest(numbers.join(" ")));
            format!("summary-{}", &hash[..32])
        }
    }
}
