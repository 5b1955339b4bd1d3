//! Pure. `[relay]`, checked: who this host is among others, and how it reaches them.

use super::settings::SecretSource;
use crate::model::OriginKey;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// `[relay]`. Nothing that receives deliveries reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelaySettings {
    /// The name of this host among the others.
    pub name: String,
    /// Addresses of NATS servers, `tls://…`, or `nats://…` to this machine itself; at least one.
    pub servers: Vec<String>,
    /// Source of the seed of an nkey, by which the servers know the runner; `None`: they ask for none.
    pub credentials: Option<SecretSource>,
    /// A file of certificates (PEM) that the servers' are checked against, beside the system's.
    pub ca: Option<PathBuf>,
    /// Name of the stream.
    pub stream: String,
    /// The first word of all subjects.
    pub prefix: String,
    /// Source of the key by which jobs are signed; there where jobs are sent.
    pub sign: Option<SecretSource>,
    /// The hosts whose jobs are taken, with their keys.
    pub trust: BTreeMap<String, OriginKey>,
    /// Most jobs of one host that wait in the stream; the others wait here.
    pub window: usize,
    /// Time after which a job that a host has not taken is given up.
    pub keep: Duration,
    /// Treatment of payloads that are larger than the servers allow.
    pub payload: PayloadRule,
}

/// `payload` of `[relay]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadRule {
    /// One that is too large stays here, and the job says so (default).
    Fits,
    /// A job whose payload is too large waits until the servers allow it.
    Always,
    /// None is sent.
    Never,
}
