//! Pure. The servers' interface for streams and consumers: subjects, JSON, and what a host may do with them.

use super::subjects::Subjects;
use super::wire::WireError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The window in which the stream knows a repeat. Nothing rests on it: each try has an id of its own.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// A message that was not acknowledged for so long is given out again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Most messages that one request brings.
pub(super) const BATCH: usize = 16;
/// The time after which a request for messages ends without them.
pub(super) const PULL_TIME: Duration = Duration::from_secs(20);
/// The acknowledgement of a message.
pub(super) const ACK: &[u8] = b"+ACK";

/// The stream as it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamPlan {
    /// Servers that keep a copy.
    pub replicas: u64,
    /// Most bytes in it.
    pub max_bytes: u64,
    /// Longest time of a message in it.
    pub keep: Duration,
}

/// The stream as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    config: Value,
    /// Messages in it.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl StreamFacts {
    /// Most bytes in it, if that is limited.
    pub fn max_bytes(&self) -> Option<u64> {
        self.config["max_bytes"].as_u64()
    }

    /// Servers that keep a copy.
    pub fn replicas(&self) -> u64 {
        self.config["num_replicas"].as_u64().unwrap_or(1)
    }

    /// The settings that differ from `wanted` where it matters: each with what is there and what ought to be.
    pub fn differences(&self, subjects: &Subjects, keep: Duration) -> Vec<String> {
        let plan = StreamPlan { replicas: self.replicas(), max_bytes: 0, keep };
        let wanted = stream(subjects, plan);
        let keys = ["subjects", "retention", "storage", "discard", "max_age"];
        let is_other = |key: &&&str| sorted(&self.config[**key]) != sorted(&wanted[**key]);
        let words = |key: &&str| format!("`{key}` is {}, and has to be {}", self.config[*key], wanted[*key]);
        keys.iter().filter(is_other).map(words).collect()
    }
}

fn sorted(value: &Value) -> Value {
    let Value::Array(values) = value else { return value.clone() };
    let mut texts: Vec<_> = values.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    json!(texts)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn stream(subjects: &Subjects, plan: StreamPlan) -> Value {
    json!({
        "name": subjects.stream(),
        "subjects": subjects.of_stream(),
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "max_age": nanoseconds(plan.keep),
        "max_bytes": plan.max_bytes,
        "max_consumers": -1,
        "max_msgs": -1,
        "max_msg_size": -1,
        "num_replicas": plan.replicas,
        "duplicate_window": nanoseconds(DUPLICATE_WINDOW.min(plan.keep)),
    })
}

/// Subject and body of the request that makes the stream.
pub(super) fn make_stream(subjects: &Subjects, plan: StreamPlan) -> (String, Vec<u8>) {
    let subject = format!("$JS.API.STREAM.CREATE.{}", subjects.stream());
    (subject, stream(subjects, plan).to_string().into_bytes())
}

/// Subject of the question how the stream is.
pub(super) fn stream_info(subjects: &Subjects) -> String {
    format!("$JS.API.STREAM.INFO.{}", subjects.stream())
}

/// A place where messages for one host are kept until it has acknowledged them.
#[derive(Debug, Clone)]
pub(super) struct Consumer {
    stream: String,
    name: String,
    filter: String,
}

impl Consumer {
    /// The jobs for `host`.
    pub(super) fn of_jobs(subjects: &Subjects, host: &str) -> Self {
        Self { stream: subjects.stream().to_owned(), name: host.to_owned(), filter: subjects.jobs_for(host) }
    }

    /// The receipts for `host`. No host is called so: its name has a letter that names have not.
    pub(super) fn of_receipts(subjects: &Subjects, host: &str) -> Self {
        let (stream, filter) = (subjects.stream().to_owned(), subjects.receipts_for(host));
        Self { stream, name: format!("{host}_receipts"), filter }
    }

    /// Subject of the request that removes it.
    pub(super) fn delete(&self) -> String {
        format!("$JS.API.CONSUMER.DELETE.{}.{}", self.stream, self.name)
    }

    /// Subject of the request that makes it.
    fn create_subject(&self) -> String {
        format!("$JS.API.CONSUMER.CREATE.{}.{}.{}", self.stream, self.name, self.filter)
    }

    /// Subject and body of the request that makes it.
    pub(super) fn create(&self) -> (String, Vec<u8>) {
        let config = json!({
            "durable_name": self.name,
            "name": self.name,
            "filter_subject": self.filter,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": nanoseconds(ACK_WAIT),
            "max_deliver": -1,
            "replay_policy": "instant",
        });
        let body = json!({ "stream_name": self.stream, "config": config });
        (self.create_subject(), body.to_string().into_bytes())
    }

    /// Subject of the request for messages.
    pub(super) fn next(&self) -> String {
        format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.name)
    }

    /// The subjects on which a host that uses it publishes.
    fn used(&self) -> [String; 4] {
        let acknowledge = format!("$JS.ACK.{}.{}.>", self.stream, self.name);
        [self.create_subject(), self.delete(), self.next(), acknowledge]
    }
}

/// The subjects of a host's requests, to ask whether the servers allow them, with a body that none of them takes.
pub(super) fn questions(subjects: &Subjects, host: &str, takes: bool) -> Vec<String> {
    // Not the request for messages: whatever is in its body, it takes one.
    let of = |consumer: Consumer| [consumer.create_subject(), consumer.delete()];
    let jobs = takes.then(|| of(Consumer::of_jobs(subjects, host))).into_iter().flatten();
    jobs.chain(of(Consumer::of_receipts(subjects, host))).collect()
}

/// The body of such a question: neither JSON nor a number, and not empty.
pub(super) const QUESTION: &[u8] = b"allowed?";
/// The name of no stream: a message that is expected in it is stored nowhere.
pub(super) const NO_STREAM: &str = "hookspool-doctor";

/// Body of the request for messages; `waits`: until there is one.
pub(super) fn pull(waits: bool, max_bytes: u64) -> Vec<u8> {
    let mut body = json!({ "batch": BATCH, "max_bytes": max_bytes });
    if waits {
        body["expires"] = json!(nanoseconds(PULL_TIME));
    } else {
        body["no_wait"] = json!(true);
    }
    body.to_string().into_bytes()
}

/// The subjects that a host may publish on, and those that it may listen to: enough for all that it does, and for
/// nothing in the name of another.
pub fn permissions(subjects: &Subjects, host: &str) -> (Vec<String>, Vec<String>) {
    let jobs = Consumer::of_jobs(subjects, host).used();
    let receipts = Consumer::of_receipts(subjects, host).used();
    let own = [subjects.jobs_of(host), subjects.receipts_of(host), subjects.here(host), stream_info(subjects)];
    let publish = own.into_iter().chain(jobs).chain(receipts).collect();
    (publish, vec![format!("{}.>", subjects.inbox(host)), subjects.here(host)])
}

#[derive(Deserialize)]
struct ApiAnswer {
    error: Option<ApiError>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    code: u64,
    err_code: Option<u64>,
    #[serde(default)]
    description: String,
}

/// The error that an answer tells of, if it does.
pub(super) fn refusal(body: &[u8]) -> Option<WireError> {
    let Ok(answer) = serde_json::from_slice::<ApiAnswer>(body) else {
        return Some(WireError::Silence("the answer makes no sense".to_owned()));
    };
    let error = answer.error?;
    Some(WireError::Refused { code: error.err_code.unwrap_or(error.code), text: error.description })
}

/// The stream out of an answer.
pub(super) fn facts(body: &[u8]) -> Option<StreamFacts> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let (messages, bytes) = (answer["state"]["messages"].as_u64()?, answer["state"]["bytes"].as_u64()?);
    Some(StreamFacts { config: answer["config"].take(), messages, bytes })
}

/// The server's clock, when it made the consumer that an answer tells of.
pub(super) fn made_at(body: &[u8]) -> Option<Timestamp> {
    serde_json::from_slice::<Value>(body).ok()?["created"].as_str()?.parse().ok()
}

/// The server's clock, when it stored the message that is acknowledged so: `$JS.ACK.…`, of nine words, or since 2.10
/// of more, with two in front and one at the end.
pub(super) fn stored_at(reply: &str) -> Option<Timestamp> {
    let words: Vec<&str> = reply.split('.').collect();
    let at = if words.len() > 9 { 9 } else { 7 };
    Timestamp::from_nanosecond(words.get(at)?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_an_error_or_none() {
        assert_eq!(refusal(br#"{"stream":"hookspool","seq":7}"#), None);
        assert_eq!(refusal(br#"{"stream":"hookspool","seq":7,"duplicate":true}"#), None);
        let full = br#"{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}}"#;
        let full = refusal(full).unwrap();
        assert_eq!(full.to_string(), "maximum bytes exceeded (10077)");
        assert!(matches!(refusal(b"<html>"), Some(WireError::Silence(_))));
    }

    #[test]
    fn a_stream_that_would_lose_jobs_is_told_from_one_that_will_do() {
        let (subjects, keep) = (Subjects::new("hookspool", "jobs"), Duration::from_secs(60));
        let plan = StreamPlan { replicas: 1, max_bytes: 1 << 20, keep };
        let body = |config: Value| json!({ "config": config, "state": { "messages": 1, "bytes": 2 } }).to_string();
        let right = facts(body(stream(&subjects, plan)).as_bytes()).unwrap();
        assert_eq!((right.differences(&subjects, keep), right.max_bytes()), (vec![], Some(1 << 20)));
        let mut other = stream(&subjects, plan);
        other["retention"] = json!("limits");
        other["subjects"] = json!([subjects.of_stream()[1], subjects.of_stream()[0]]);
        let other = facts(body(other).as_bytes()).unwrap();
        assert_eq!(other.differences(&subjects, keep), ["`retention` is \"limits\", and has to be \"workqueue\""]);
        assert_eq!(other.differences(&subjects, keep * 2).len(), 2);
    }

    #[test]
    fn the_servers_clock_is_read_from_what_it_says_anyway() {
        let second = |at: Option<Timestamp>| at.map(Timestamp::as_second);
        let old = "$JS.ACK.hookspool.web1.1.2.3.1700000000000000001.0";
        let new = "$JS.ACK._.abcd.hookspool.web1.1.2.3.1700000000000000001.0.xyz";
        assert_eq!([old, new].map(|reply| second(stored_at(reply))), [Some(1_700_000_000); 2]);
        assert_eq!(["", "$JS.ACK.a", "a.b.c.d.e.f.g.h.i.j"].map(stored_at), [None; 3]);
        let made = br#"{"created":"2023-11-14T22:13:20.5Z","name":"web1"}"#;
        assert_eq!(second(made_at(made)), Some(1_700_000_000));
        assert_eq!([&b"{}"[..], b"<", br#"{"created":7}"#].map(made_at), [None; 3]);
    }

    #[test]
    fn a_host_may_publish_in_its_own_name_alone() {
        let (publish, subscribe) = permissions(&Subjects::new("hookspool", "jobs"), "web1");
        assert_eq!(
            publish,
            [
                "hookspool.job.*.web1.>",
                "hookspool.receipt.*.web1.>",
                "hookspool.here.web1",
                "$JS.API.STREAM.INFO.jobs",
                "$JS.API.CONSUMER.CREATE.jobs.web1.hookspool.job.web1.>",
                "$JS.API.CONSUMER.DELETE.jobs.web1",
                "$JS.API.CONSUMER.MSG.NEXT.jobs.web1",
                "$JS.ACK.jobs.web1.>",
                "$JS.API.CONSUMER.CREATE.jobs.web1_receipts.hookspool.receipt.web1.>",
                "$JS.API.CONSUMER.DELETE.jobs.web1_receipts",
                "$JS.API.CONSUMER.MSG.NEXT.jobs.web1_receipts",
                "$JS.ACK.jobs.web1_receipts.>",
            ]
        );
        assert_eq!(subscribe, ["hookspool.inbox.web1.>", "hookspool.here.web1"]);
    }
}
