//! Pure. Addresses of ssh, as git takes them.

/// The host and port of an ssh address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `user@host` or `host`.
    pub(super) host: String,
    pub(super) port: Option<String>,
}

/// `ssh://git@host:22/path` or `git@host:path`; anything else is no address of ssh.
pub(super) fn address(url: &str) -> Option<Address> {
    if let Some(rest) = url.strip_prefix("ssh://") {
        let authority = rest.split('/').next()?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        };
        return is_name(host).then(|| Address { host: host.to_owned(), port: port.map(str::to_owned) });
    }
    let (host, _) = url.split_once(':')?;
    let is_scp = !url.contains("://") && !host.contains('/') && is_name(host);
    is_scp.then(|| Address { host: host.to_owned(), port: None })
}

/// Nothing that ssh could take for an option.
fn is_name(host: &str) -> bool {
    !host.is_empty() && !host.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(url: &str) -> Option<(String, Option<String>)> {
        address(url).map(|address| (address.host, address.port))
    }

    #[test]
    fn addresses_of_ssh_are_told_from_others() {
        assert_eq!(found("git@h:me/x.git"), Some(("git@h".into(), None)));
        assert_eq!(found("ssh://git@h:2222/me/x.git"), Some(("git@h".into(), Some("2222".into()))));
        assert_eq!(found("ssh://h/x"), Some(("h".into(), None)));
        for other in ["https://h/x.git", "/srv/x.git", "./a:b", "file:///srv/x", "ssh://-oProxyCommand=x/", "-x:y"] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
