//! Pure. The web server's address as a forge reaches it.

/// `https://hooks.example.org:8443/cgi-bin`, in parts. Its host stands in configurations of web servers: nothing but
/// letters, digits, full stops and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebAddress {
    pub(super) is_https: bool,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// Path of the directory of scripts, where it was typed; no slash at its end.
    pub(super) path: String,
}

impl WebAddress {
    /// The parts of what was typed, or a hint.
    pub(super) fn parse(typed: &str) -> Result<Self, String> {
        let hint = || "write it as `https://hooks.example.org`".to_owned();
        let (scheme, rest) = typed.trim().split_once("://").ok_or_else(hint)?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(hint()),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| hint())?)),
            None => (authority, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let is_path = |c: char| c.is_ascii_alphanumeric() || "/._~-".contains(c);
        if host.is_empty() || host.starts_with(['-', '.']) || !host.chars().all(is_name) || !path.chars().all(is_path) {
            return Err(hint());
        }
        Ok(Self { is_https, host: host.to_ascii_lowercase(), port, path: path.trim_end_matches('/').to_owned() })
    }

    /// Host and port, as a client puts them into `Host`.
    pub(super) fn authority(&self) -> String {
        self.port.map_or_else(|| self.host.clone(), |port| format!("{}:{port}", self.host))
    }

    /// The whole URL of a path.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.is_https { "https" } else { "http" }, self.authority())
    }

    /// The port on which the web server takes HTTP.
    pub(super) fn http_port(&self) -> u16 {
        self.port.filter(|_| !self.is_https).unwrap_or(80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_plain_address_is_refused() {
        for typed in [
            "hooks.example.org",
            "ftp://h",
            "http://",
            "https://a b",
            "https://h;x",
            "https://me:secret@h",
            "https://-h",
            "https://h/$(x)",
            "https://h:x",
        ] {
            assert!(WebAddress::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn an_address_is_put_together_again() {
        let origin = WebAddress::parse("HTTPS://Hooks.Example.org:8443/cgi-bin/").unwrap();
        assert_eq!((origin.path.as_str(), origin.http_port()), ("/cgi-bin", 80));
        assert_eq!(origin.at("/hooks/docs"), "https://hooks.example.org:8443/hooks/docs");
        let origin = WebAddress::parse("http://localhost:8080").unwrap();
        assert_eq!((origin.http_port(), origin.authority().as_str()), (8080, "localhost:8080"));
    }
}
