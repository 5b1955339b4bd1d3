//! Pure. The address of the client, behind proxies whose word counts.

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The proxies whose `X-Forwarded-For` is believed. Whoever may write to a Unix socket is one of them.
#[derive(Debug, Clone, Default)]
pub struct Trust(Vec<IpNet>);

impl Trust {
    /// Proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The first address, from the peer on, that is no such proxy's: each of them appends the address of its own peer
    /// to the list, and whatever stands before that anybody can have written. `None` behind a Unix socket whose proxy
    /// says nothing.
    pub(super) fn client<'a>(
        &self,
        peer: Option<IpAddr>,
        forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> Option<IpAddr> {
        let mut client = peer;
        for entry in forwarded_for.rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
            if client.is_some_and(|address| !self.trusts(address)) {
                break;
            }
            let Some(address) = address(entry) else { break };
            client = Some(address);
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address, alone or with a port, as some proxies write it.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let alone = text.trim_start_matches('[').trim_end_matches(']').parse();
    let address: IpAddr = alone.or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, values: &[&str]) -> String {
        let trust = Trust::new(vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        let client = trust.client(peer.parse().ok(), values.iter().map(|value| value.as_bytes()));
        client.map_or_else(|| "none".to_owned(), |address| address.to_string())
    }

    #[test]
    fn the_list_is_read_from_the_right_and_no_further_than_the_first_stranger() {
        for (peer, values, expected) in [
            ("192.0.2.1", &["203.0.113.7"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["127.0.0.1, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
            ("10.0.0.1", &["127.0.0.1", "203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("2001:db8::1", &["[2001:4860::8]:4711"], "2001:4860::8"),
            ("2001:db8::1", &["[2001:4860::8]"], "2001:4860::8"),
            ("10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7, "], "10.0.0.1"),
            ("a Unix socket", &["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
            ("a Unix socket", &[], "none"),
        ] {
            assert_eq!(client(peer, values), expected, "{peer} {values:?}");
        }
    }
}
