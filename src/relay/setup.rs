//! Edge. The stream: made by an administrator's login, and looked at by each host's own. Connects.

use super::api::{self, StreamFacts, StreamPlan};
use super::bell::RelayBell;
use super::key;
use super::nats::{BrokerAddress, Nats};
use super::subjects::Subjects;
use super::thread::connect;
use super::wire::{Broker, Wire, WireError};
use crate::config::{RelaySettings, SecretSource};

/// The stream that an administrator wants made.
#[derive(Debug, Clone)]
pub struct StreamWish {
    /// The administrator's seed; `None`: the servers ask for none.
    pub credentials: Option<SecretSource>,
    /// Servers that keep a copy.
    pub replicas: u64,
    /// Most bytes in the stream.
    pub max_bytes: u64,
}

/// The stream and its server.
#[derive(Debug)]
pub struct StreamReport {
    /// The server that answered.
    pub server: Broker,
    /// `true` if the stream was not there before.
    pub is_new: bool,
    /// Problems with it.
    pub problems: Vec<String>,
    /// Subjects on which this host has to publish, and may not.
    pub refused: Vec<String>,
    /// Its settings and content.
    pub facts: StreamFacts,
}

/// Makes the stream, or checks the one that is there.
pub fn make_stream(settings: &RelaySettings, wish: &StreamWish) -> Result<StreamReport, String> {
    let subjects = Subjects::new(&settings.prefix, &settings.stream);
    let address = BrokerAddress {
        servers: settings.servers.clone(),
        seed: wish.credentials.as_ref().map(key::seed).transpose()?,
        ca: settings.ca.clone(),
        name: "hookspool relay setup".to_owned(),
        inbox: format!("{}.setup", subjects.inbox(&settings.name)),
        here: None,
    };
    let mut wire = Nats::connect(address, RelayBell::default(), &|| false)?;
    let plan = StreamPlan { replicas: wish.replicas, max_bytes: wish.max_bytes, keep: settings.keep };
    if let Some(facts) = look(&mut wire, &subjects).map_err(|error| error.to_string())? {
        let mut problems = facts.differences(&subjects, settings.keep);
        if facts.replicas() != wish.replicas {
            problems.push(format!("it has {} copies, and {} are wanted", facts.replicas(), wish.replicas));
        }
        return Ok(StreamReport { server: wire.server().clone(), is_new: false, problems, refused: Vec::new(), facts });
    }
    let (subject, body) = api::make_stream(&subjects, plan);
    let answer = wire.ask(&subject, &body).map_err(|error| error.to_string())?;
    if let Some(error) = api::refusal(&answer) {
        return Err(format!("the servers refuse the stream: {error}"));
    }
    let facts = api::facts(&answer).ok_or("the servers' answer makes no sense")?;
    Ok(StreamReport { server: wire.server().clone(), is_new: true, problems: Vec::new(), refused: Vec::new(), facts })
}

/// Looks at the stream with this host's own login.
pub fn check_stream(settings: &RelaySettings) -> Result<StreamReport, String> {
    let subjects = Subjects::new(&settings.prefix, &settings.stream);
    let mut wire = connect(settings, &RelayBell::default(), &|| false)?;
    let facts = look(&mut wire, &subjects).map_err(|error| error.to_string())?;
    let facts = facts.ok_or("the stream is not there; `hookspool relay setup` makes it")?;
    let problems = facts.differences(&subjects, settings.keep);
    let (takes, sends) = (!settings.trust.is_empty(), settings.sign.is_some());
    let requests = api::questions(&subjects, &settings.name, takes);
    let [job, receipt] = subjects.questions_of(&settings.name);
    let messages: Vec<String> =
        [(sends, job), (takes, receipt)].into_iter().filter_map(|(is, it)| is.then_some(it)).collect();
    let refused = wire.forbidden(&requests, &messages);
    Ok(StreamReport { server: wire.server().clone(), is_new: false, problems, refused, facts })
}

/// The stream; `None`: there is none.
fn look(wire: &mut Nats, subjects: &Subjects) -> Result<Option<StreamFacts>, WireError> {
    let answer = wire.ask(&api::stream_info(subjects), b"")?;
    match api::refusal(&answer) {
        Some(WireError::Refused { code: 10_059, .. }) => Ok(None),
        Some(error) => Err(error),
        None => api::facts(&answer).map(Some).ok_or(WireError::Silence("the answer makes no sense".to_owned())),
    }
}
