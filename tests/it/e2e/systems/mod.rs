//! Edge. The three systems that people come from, with the configurations of `README.zh-CN.md`: a service, a site, an application.

mod application; // Coding: an application of uWSGI loads its new code
mod service; // Gitea: a service is stopped, updated and started
mod website; // Gitee: a site is built with pnpm

use crate::support::document::{block, whole};
use crate::support::http::{Framing, Request, send};
use crate::support::site::SECRET;
use crate::support::{Site, answers, free_port, job, loopback};
use std::net::SocketAddr;

const PAGE: &str = "README.zh-CN.md";

/// Installs the hook that the page shows, with `changes` made, each of which must apply, and its secret.
fn configure(site: &Site, hook: &str, changes: &[(&str, &str)]) {
    let shown = whole(&block(PAGE, "toml", &format!("name     = \"{hook}\"")));
    site.configure(&changed(&shown, changes));
    site.secret(hook, SECRET);
}

fn changed(shown: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(shown.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{PAGE} no longer contains {from:?}");
        text.replace(from, to)
    })
}

/// Delivers a push, which must be queued.
fn deliver(address: SocketAddr, push: &Request) {
    let reply = send(address, push);
    assert!(reply.status == 202 && reply.text().starts_with("queued "), "{reply:?}");
}

/// How many jobs are in `state`, by the name of its directory.
fn count(site: &Site, state: &str) -> usize {
    job::all(&site.spool()).iter().filter(|(place, _)| place.as_str() == state).count()
}

/// What a server on `port` of this host shows, if there is one.
fn page(port: u16) -> Option<String> {
    answers(port).then(|| send(loopback(port), &Request::new("GET", "/", Framing::None, b"")).text())
}
