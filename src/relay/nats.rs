//! Edge. NATS by async-nats: the only file in which anything is asynchronous. Its runtime has one thread, the caller's,
//! and turns only while one of these calls waits. Opens connections.

use super::api;
use super::bell::RelayBell;
use super::wire::{Arrival, Broker, BrokerMessage, Inlet, Wire, WireError};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, HeaderMap, Message, RequestErrorKind, Subscriber};
use futures_util::future::{Either, join_all, select};
use futures_util::stream::{SelectAll, StreamExt, select_all};
use jiff::Timestamp;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Longest wait for a connection: async-nats' own time covers the TCP handshake alone.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two signs of life: a server that is frozen is noticed after three.
const PING_INTERVAL: Duration = Duration::from_secs(8);

/// The things that one needs to know to connect.
#[derive(Debug, Clone)]
pub(super) struct BrokerAddress {
    /// URLs of servers.
    pub servers: Vec<String>,
    /// The seed of an nkey.
    pub seed: Option<String>,
    /// Certificates beside the system's.
    pub ca: Option<PathBuf>,
    /// The name that the servers show for this connection.
    pub name: String,
    /// The beginning of the subjects on which answers come.
    pub inbox: String,
    /// The subject of signs of life, if it is listened to.
    pub here: Option<String>,
}

type Inlets = SelectAll<Pin<Box<dyn futures_util::Stream<Item = Arrival> + Send>>>;

/// A connection to a NATS server.
pub(super) struct Nats {
    runtime: Runtime,
    client: Client,
    server: Broker,
    inlets: Inlets,
    inboxes: [String; 2],
    trouble: Complaints,
    bell: RelayBell,
}

/// Words of the server that reach no call: a refused publish looks like silence.
#[derive(Debug, Clone, Default)]
struct Complaints(Arc<Mutex<ConnectionNews>>);

#[derive(Debug, Default)]
struct ConnectionNews {
    lost: Option<String>,
    last: Option<String>,
}

impl Complaints {
    fn hear(&self, event: &Event) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Disconnected | Event::Closed | Event::LameDuckMode => {
                let last = said.last.clone().map_or_else(String::new, |last| format!(": {last}"));
                said.lost.get_or_insert_with(|| format!("the connection was lost{last}"));
            }
            Event::ServerError(error) => said.last = Some(error.to_string()),
            Event::ClientError(error) => said.last = Some(error.to_string()),
            _ => {}
        }
    }

    fn lost(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lost.clone()
    }

    fn take_last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last.take()
    }

    fn silence(&self) -> WireError {
        let seconds = ANSWER_TIMEOUT.as_secs();
        WireError::Silence(self.take_last().unwrap_or_else(|| format!("no answer within {seconds} s")))
    }
}

impl Nats {
    /// Connects, or says why not. At a bell it asks whether it `is_over`.
    pub(super) fn connect(address: BrokerAddress, bell: RelayBell, is_over: &dyn Fn() -> bool) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start its runtime: {error}"))?;
        let trouble = Complaints::default();
        let (inbox, here) = (address.inbox.clone(), address.here.clone());
        let connecting = options(&address, &trouble).connect(address.servers);
        let connecting = unless_over(connecting, &bell, is_over);
        let connected = quietly(&runtime, async { timeout(CONNECT_TIMEOUT, connecting).await });
        let client = connected.map_err(|_| format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))??;
        let inboxes = ["jobs", "receipts"].map(|name| format!("{inbox}.{name}"));
        let inlets = quietly(&runtime, subscribe(&client, &inboxes, here))?;
        let info = client.server_info();
        let max_payload_bytes = info.max_payload as u64;
        let server = Broker { name: info.server_name, version: info.version, max_payload_bytes };
        Ok(Self { runtime, client, server, inlets, inboxes, trouble, bell })
    }
}

impl Nats {
    /// Those of these requests and messages that the server does not let this login publish. Nothing is done or stored:
    /// it gets bodies that it refuses, and messages for a stream that is none.
    pub(super) fn forbidden(&mut self, requests: &[String], messages: &[String]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Stream", api::NO_STREAM);
        let all = requests.iter().map(|subject| (subject, HeaderMap::new()));
        let all = all.chain(messages.iter().map(|subject| (subject, headers.clone())));
        let client = &self.client;
        let asked = all.map(|(subject, headers)| async move {
            let asked = client.request_with_headers(subject.clone(), headers, api::QUESTION.into()).await;
            let is_silent = asked.is_err_and(|error| error.kind() != RequestErrorKind::NoResponders);
            is_silent.then(|| subject.clone())
        });
        quietly(&self.runtime, join_all(asked)).into_iter().flatten().collect()
    }
}

/// A subscription that goes starts a task of the runtime.
impl Drop for Nats {
    fn drop(&mut self) {
        let _in_runtime = self.runtime.enter();
        self.inlets.clear();
    }
}

/// The connection, unless it is over at a bell before there is one.
async fn unless_over(
    connecting: impl Future<Output = Result<Client, async_nats::ConnectError>>,
    bell: &RelayBell,
    is_over: &dyn Fn() -> bool,
) -> Result<Client, String> {
    let mut connecting = pin!(connecting);
    while !is_over() {
        if let Either::Left((connected, _)) = select(connecting.as_mut(), pin!(bell.rung())).await {
            return connected.map_err(|error| why(&error));
        }
    }
    Err("it is over".to_owned())
}

/// Turns the runtime until `work` is done. What async-nats would log, it tells with the event or the error, too.
fn quietly<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || runtime.block_on(work))
}

fn options(address: &BrokerAddress, trouble: &Complaints) -> ConnectOptions {
    let trouble = trouble.clone();
    let hear = move |event| {
        trouble.hear(&event);
        std::future::ready(())
    };
    let options = ConnectOptions::new().name(&address.name).custom_inbox_prefix(&address.inbox).event_callback(hear);
    // What servers say of each other may be addresses behind a proxy. A lost connection is made anew by the caller.
    let options = options.ignore_discovered_servers().max_reconnects(1).ping_interval(PING_INTERVAL);
    let options = options.connection_timeout(ANSWER_TIMEOUT).request_timeout(Some(ANSWER_TIMEOUT));
    let options = match &address.seed {
        Some(seed) => options.nkey(seed.clone()),
        None => options,
    };
    match &address.ca {
        Some(path) => options.add_root_certificates(path.clone()),
        None => options,
    }
}

/// The kinds that a person can do something about, in words; the rest as it comes.
fn why(error: &async_nats::ConnectError) -> String {
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation => "the server does not know this login".to_owned(),
        ConnectErrorKind::Authentication => "the seed in `credentials` is no nkey".to_owned(),
        ConnectErrorKind::TimedOut => "it does not answer".to_owned(),
        _ => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                let inner_text = inner.to_string();
                if !text.contains(&inner_text) {
                    text = format!("{text}: {inner_text}");
                }
                cause = inner.source();
            }
            text
        }
    }
}

async fn subscribe(client: &Client, inboxes: &[String; 2], here: Option<String>) -> Result<Inlets, String> {
    let [jobs, receipts] = inboxes;
    let places = [(Inlet::Jobs, Some(jobs.clone())), (Inlet::Receipts, Some(receipts.clone())), (Inlet::Here, here)];
    let mut streams: Vec<Pin<Box<dyn futures_util::Stream<Item = Arrival> + Send>>> = Vec::new();
    for (inlet, subject) in places.into_iter().filter_map(|(inlet, subject)| Some((inlet, subject?))) {
        let subscribed: Subscriber = client.subscribe(subject).await.map_err(|error| error.to_string())?;
        streams.push(Box::pin(subscribed.map(move |message| arrival(inlet, message))));
    }
    // A subscription is none before the server has heard of it.
    let heard = timeout(ANSWER_TIMEOUT, client.flush()).await;
    heard.map_err(|_| "the server does not answer".to_owned())?.map_err(|error| error.to_string())?;
    Ok(select_all(streams))
}

fn arrival(inlet: Inlet, message: Message) -> Arrival {
    let status = message.status.map(|status| status.as_u16());
    let (subject, reply) = (message.subject.to_string(), message.reply.map(|reply| reply.to_string()));
    let words = message.description.unwrap_or_default();
    Arrival { inlet, subject, reply, status, words, body: message.payload.to_vec() }
}

impl Wire for Nats {
    fn server(&self) -> &Broker {
        &self.server
    }

    fn lost(&self) -> Option<String> {
        self.trouble.lost()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn clock(&self) -> Timestamp {
        Timestamp::now()
    }

    fn store(&mut self, parcels: Vec<BrokerMessage>) -> Vec<Result<(), WireError>> {
        let (client, trouble) = (&self.client, &self.trouble);
        let one = |parcel: BrokerMessage| async move {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", parcel.message_id.as_str());
            let asked = client.request_with_headers(parcel.subject, headers, parcel.body.into()).await;
            answer(asked, trouble).and_then(|body| stored(&body))
        };
        quietly(&self.runtime, join_all(parcels.into_iter().map(one)))
    }

    fn ask(&mut self, subject: &str, body: &[u8]) -> Result<Vec<u8>, WireError> {
        let asked = self.client.request(subject.to_owned(), body.to_vec().into());
        answer(quietly(&self.runtime, asked), &self.trouble)
    }

    fn acknowledge(&mut self, replies: &[&str]) {
        let client = &self.client;
        let one = |reply: &&str| client.request((*reply).to_owned(), api::ACK.into());
        let _lost = quietly(&self.runtime, join_all(replies.iter().map(one)));
    }

    fn pull(&mut self, inlet: Inlet, subject: &str, body: &[u8]) {
        let reply = self.inboxes[usize::from(inlet == Inlet::Receipts)].clone();
        let sent = self.client.publish_with_reply(subject.to_owned(), reply, body.to_vec().into());
        // What is lost is asked for again.
        let _lost = quietly(&self.runtime, async { timeout(ANSWER_TIMEOUT, sent).await });
    }

    fn say(&mut self, subject: &str, body: &[u8]) {
        let (client, subject, body) = (&self.client, subject.to_owned(), body.to_vec());
        let sent = async {
            // Who leaves has no other turn in which it would go out.
            if client.publish(subject, body.into()).await.is_ok() {
                let _lost = client.flush().await;
            }
        };
        let _lost = quietly(&self.runtime, async { timeout(ANSWER_TIMEOUT, sent).await });
    }

    fn next(&mut self, at_most: Duration) -> Option<Arrival> {
        let (inlets, bell) = (&mut self.inlets, &self.bell);
        let arrived = async {
            let rung = pin!(bell.rung());
            match select(inlets.next(), rung).await {
                Either::Left((arrival, _)) => arrival,
                Either::Right(_) => None,
            }
        };
        quietly(&self.runtime, async { timeout(at_most, arrived).await }).ok().flatten()
    }
}

fn answer(
    asked: Result<Message, async_nats::client::RequestError>,
    trouble: &Complaints,
) -> Result<Vec<u8>, WireError> {
    match asked {
        Ok(message) => Ok(message.payload.to_vec()),
        Err(error) => Err(match error.kind() {
            RequestErrorKind::NoResponders => WireError::NoResponders,
            RequestErrorKind::MaxPayloadExceeded => WireError::TooLarge,
            _ => trouble.silence(),
        }),
    }
}

/// The answer to a message that is to be stored. That it is there already is as good: each try has an id of its own.
fn stored(body: &[u8]) -> Result<(), WireError> {
    api::refusal(body).map_or(Ok(()), Err)
}
