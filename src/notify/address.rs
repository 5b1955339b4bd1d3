//! Pure. Addresses that messages may go to: by TLS, or to this very machine.

use std::net::IpAddr;

/// The trouble with `url` as an address, if there is one. The URL itself is not repeated: it may be a secret.
pub fn trouble_with_url(url: &str) -> Option<&'static str> {
    if url.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Some("the URL holds a blank or a control character");
    }
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let (is_plain, rest) = if lower.starts_with("https://") {
        (false, &url[8..])
    } else if lower.starts_with("http://") {
        (true, &url[7..])
    } else {
        return Some("the URL must begin with `https://`");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some("the URL holds a user or password: put it into `token`");
    }
    match host_of(authority) {
        None => Some("the URL names no host"),
        Some(host) if is_plain && !is_this_machine(host) => {
            Some("the URL must begin with `https://`: by `http://` everybody on the way reads the secrets")
        }
        Some(_) => None,
    }
}

/// The host of `host:port`; of an IPv6 address without its brackets.
fn host_of(authority: &str) -> Option<&str> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// One part of a path, percent-encoded.
pub(super) fn path_part(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2E", ".")
        .replace("%2D", "-")
        .replace("%5F", "_")
}

/// `owner/name` as a path, each part percent-encoded. No part may climb.
pub(super) fn path(text: &str) -> String {
    text.split('/').map(path_part).collect::<Vec<_>>().join("/")
}

/// `url` with one more parameter, which replaces one of that name.
pub(super) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut parameters: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).collect();
    parameters.retain(|part| part.split('=').next() != Some(name));
    let value = path_part(value);
    let ours = format!("{name}={value}");
    parameters.push(&ours);
    format!("{address}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_and_this_machine_are_addresses() {
        for good in [
            "https://hooks.slack.com/services/T/B/x",
            "HTTPS://example.org",
            "https://[2001:db8::1]:8443/x",
            "http://localhost:8080/x",
            "http://127.0.0.1:1/x",
            "http://[::1]/x",
        ] {
            assert_eq!(trouble_with_url(good), None, "{good}");
        }
        for bad in [
            "",
            "hooks.slack.com/x",
            "ftp://example.org",
            "https://",
            "https:///x",
            "http://example.org/x",
            "http://localhost@example.org/x",
            "http://127.0.0.1.example.org/x",
            "http://127.0.0.1\\@example.org/x",
            "http://localhost.example.org",
            "https://me:pw@example.org/x",
            "https://exa mple.org",
            "https://example.org/\r\nX: y",
        ] {
            assert!(trouble_with_url(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_parameter_is_added_encoded_and_replaces_its_like() {
        assert_eq!(with_parameter("https://h/x", "wait", "true"), "https://h/x?wait=true");
        assert_eq!(with_parameter("https://h/x?a=b&wait=false", "wait", "a/+="), "https://h/x?a=b&wait=a%2F%2B%3D");
        assert_eq!(path("me/do cs/../é"), "me/do%20cs/../%C3%A9");
    }
}
