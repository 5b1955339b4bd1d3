//! Edge. A signed delivery through every web server, to a deployed file; and what no web server may make of it.

use crate::support::github::{COMMIT, SIGNATURE, delivery, push_of_length, push_to};
use crate::support::http::{Request, begin, die_after, send, stop_after};
use crate::support::repository::Repository;
use crate::support::{Gateway, Server, job, through_every_gateway, until};
use hookspool::model::State;
use sha2::{Digest, Sha256};
use std::fs;
use std::sync::OnceLock;

through_every_gateway!(
    a_push_is_deployed,
    the_largest_payload_arrives_unchanged_and_one_byte_more_is_refused,
    a_client_that_dies_in_mid_body_leaves_nothing_behind,
    what_is_not_configured_is_a_500_that_says_no_more,
    three_hundred_deliveries_at_once_are_all_acknowledged_and_on_the_disk,
);

/// The default `body_limit`.
const LIMIT_BYTES: usize = 25 * 1024 * 1024;

fn a_push_is_deployed(gateway: Gateway) {
    let site = gateway.site();
    let repository = Repository::new(&site);
    let server = gateway.start(&site);
    let mut ended = Vec::new();
    for text in ["first version\n", "second version\n"] {
        let commit = repository.commit("index.html", text);
        let id = queued(&server, &delivery(&server.path("site"), "push", &push_to("main", &commit)));
        ended.push((State::Done, id));
        if !gateway.has_runner() {
            site.drain();
        }
        until("the job has ended", || job::all(&site.spool()) == ended);
        assert_eq!(fs::read_to_string(site.srv().join("site/index.html")).expect("a deployed file"), text);
    }
}

fn the_largest_payload_arrives_unchanged_and_one_byte_more_is_refused(gateway: Gateway) {
    let site = gateway.site();
    let server = gateway.start(&site);
    let (payload, hash) = largest();
    let id = queued(&server, &delivery(&server.path("docs"), "push", payload));
    let job = job::read(&site.spool(), &id);
    assert!(job.payload == *payload, "{} bytes arrived changed", job.payload.len());
    assert_eq!(job.meta["sha256"], *hash);

    // Neither server nor program look at the signature of a payload that is too long: any will do.
    let longer = Request { body: [payload.as_slice(), b"\n"].concat(), ..delivery(&server.path("docs"), "push", b"") };
    let refused = send(server.address, &longer);
    assert_eq!((refused.status, refused.text().as_str()), (413, "payload too large\n"));
    assert_eq!(job::all(&site.spool()).len(), 1);
    assert_eq!(job::in_flight(&site.spool()), [""; 0]);
}

fn a_client_that_dies_in_mid_body_leaves_nothing_behind(gateway: Gateway) {
    let site = gateway.site();
    let server = gateway.start(&site);
    let whole = delivery(&server.path("docs"), "push", &push_of_length(3 << 20));
    die_after(server.address, &whole, 2 << 20);
    let last_words = String::from_utf8_lossy(&stop_after(server.address, &whole, 2 << 20)).into_owned();
    assert!(!last_words.contains("queued") && !last_words.contains(" 202 "), "{last_words}");
    die_after(server.address, &whole, 0);

    let id = queued(&server, &whole);
    if gateway.is_cgi() {
        until("no CGI process is left", || site.processes().is_empty());
    }
    until("nothing is being received", || job::in_flight(&site.spool()).is_empty());
    let ids: Vec<String> = job::all(&site.spool()).into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, [id]);
}

fn what_is_not_configured_is_a_500_that_says_no_more(gateway: Gateway) {
    let site = gateway.site();
    if gateway.is_cgi() {
        fs::remove_file(site.config()).expect("the configuration");
    }
    let server = gateway.start(&site);
    if !gateway.is_cgi() {
        fs::remove_file(site.config().with_file_name("secrets").join("docs")).expect("the secret");
    }
    let reply = send(server.address, &delivery(&server.path("docs"), "push", &push_of_length(300_000)));
    assert_eq!((reply.status, reply.text().as_str()), (500, "not configured\n"), "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(job::all(&site.spool()), []);
}

fn three_hundred_deliveries_at_once_are_all_acknowledged_and_on_the_disk(gateway: Gateway) {
    let site = gateway.site();
    let server = gateway.start(&site);
    let deliver = || queued(&server, &delivery(&server.path("docs"), "push", &push_of_length(8_000)));
    let mut acknowledged: Vec<String> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..300).map(|_| scope.spawn(deliver)).collect();
        senders.into_iter().map(|sender| sender.join().expect("a reply")).collect()
    });
    let mut ids: Vec<String> = job::all(&site.spool()).into_iter().map(|(_, id)| id).collect();
    acknowledged.sort();
    ids.sort();
    assert_eq!(ids, acknowledged);
}

#[test]
fn after_an_outage_of_the_receiver_deliveries_are_soon_queued_again() {
    for gateway in [Gateway::NginxFastcgi, Gateway::ApacheFastcgi, Gateway::LighttpdFastcgi] {
        let site = gateway.site();
        let mut server = gateway.start(&site);
        let push = || delivery("/hooks/docs", "push", &push_to("main", COMMIT));
        server.receiver = None;
        let refused = send(server.address, &push());
        assert!((500..600).contains(&refused.status), "{gateway:?}: {refused:?}");
        server.receiver = gateway.start_receiver(&site);
        // lighttpd asks no sooner than a second after a failure.
        until("a delivery is queued", || send(server.address, &push()).status == 202);
        assert_eq!(job::all(&site.spool()).len(), 1);
    }
}

#[test]
fn through_apache_unsigned_uploads_that_never_end_keep_no_delivery_waiting() {
    /// More than there are workers.
    const UPLOADS: usize = 40;
    let site = Gateway::ApacheFastcgi.site();
    let server = Gateway::ApacheFastcgi.start(&site);
    let signed = delivery("/hooks/docs", "push", &push_of_length(3 << 20));
    let forged = signed.without(SIGNATURE).header(SIGNATURE, format!("sha256={}", "0".repeat(64)));
    let slow: Vec<_> = (0..UPLOADS).map(|_| begin(server.address, &forged, 1 << 20)).collect();
    until("all are being received", || job::in_flight(&site.spool()).len() == UPLOADS);
    queued(&server, &delivery("/hooks/docs", "push", &push_to("main", COMMIT)));
    drop(slow);
    until("nothing is being received", || job::in_flight(&site.spool()).is_empty());
}

/// Sends a delivery that must be queued, and returns the job's id.
fn queued(server: &Server, request: &Request) -> String {
    let reply = send(server.address, request);
    let text = reply.text();
    let id = text.strip_prefix("queued ").and_then(|text| text.strip_suffix('\n'));
    assert_eq!(reply.status, 202, "{reply:?}");
    id.unwrap_or_else(|| panic!("no id in {reply:?}")).to_owned()
}

/// A push of exactly the default limit, and its SHA-256 in hex.
fn largest() -> &'static (Vec<u8>, String) {
    static LARGEST: OnceLock<(Vec<u8>, String)> = OnceLock::new();
    LARGEST.get_or_init(|| {
        let payload = push_of_length(LIMIT_BYTES);
        let hash = hex::encode(Sha256::digest(&payload));
        (payload, hash)
    })
}
