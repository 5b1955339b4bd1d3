//! Pure. The files of `deploy/`, with the places of this machine in them.

use super::url::WebAddress;
use std::path::PathBuf;

pub(super) const NGINX: &str = include_str!("../../../nginx.conf.example");
pub(super) const NGINX_CGI: &str = include_str!("../../../deploy/nginx-cgi.conf");
pub(super) const APACHE: &str = include_str!("../../../deploy/apache-fastcgi.conf");
pub(super) const APACHE_CGI: &str = include_str!("../../../deploy/apache-cgi.conf");
pub(super) const LIGHTTPD: &str = include_str!("../../../deploy/lighttpd.conf");
pub(super) const LIGHTTPD_CGI: &str = include_str!("../../../deploy/lighttpd-cgi.conf");
pub(super) const CADDY: &str = include_str!("../../../deploy/Caddyfile");
pub(super) const SUPERVISOR: &str = include_str!("../../../deploy/supervisor.conf");
pub(super) const SOCKET_UNIT: &str = include_str!("../../../deploy/systemd/hookspool.socket");
pub(super) const RECEIVER_UNIT: &str = include_str!("../../../deploy/systemd/hookspool.service");
pub(super) const RUNNER_UNIT: &str = include_str!("../../../deploy/systemd/hookspool-runner.service");
pub(super) const TMPFILES: &str = include_str!("../../../deploy/systemd/tmpfiles.conf");
pub(super) const CGI_SCRIPT: &str = include_str!("../../../deploy/hookspool.cgi");
pub(super) const HTACCESS: &str = include_str!("../../../deploy/htaccess");
pub(super) const CRONTAB: &str = include_str!("../../../deploy/crontab");
const FORGES: &str = include_str!("../../../deploy/FORGES.md");

/// The places of this machine.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) program: PathBuf,
    pub(super) config: PathBuf,
    pub(super) spool: PathBuf,
    pub(super) web_group: String,
}

impl Places {
    /// `text` of a file of `deploy/`, for this machine.
    pub(super) fn put_into(&self, text: &str) -> String {
        let shown = |path: &PathBuf| path.to_string_lossy().into_owned();
        // The longer names first, which hold a shorter one.
        [
            ("/etc/hookspool/hookspool.toml", shown(&self.config)),
            ("/var/spool/hookspool", shown(&self.spool)),
            ("/usr/bin/hookspool", shown(&self.program)),
            ("www-data", self.web_group.clone()),
        ]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// `text` of a web server's file, for the host and port at which it is reached.
pub(super) fn at_host(text: &str, url: &WebAddress) -> String {
    let text = text.replace("hooks.example.org", &url.host);
    let port = url.http_port();
    if port == 80 { text } else { text.replace("listen 80;", &format!("listen {port};")) }
}

/// The Caddyfile's part: with HTTPS Caddy gets a certificate by itself.
pub(super) fn at_caddy_host(text: &str, url: &WebAddress) -> String {
    let scheme = if url.is_https { "" } else { "http://" };
    text.replace("http://hooks.example.org", &format!("{scheme}{}", url.authority()))
}

/// The clicks at the forge: the beginning of its section, to the end of the first list in it.
pub(super) fn clicks(provider: &str) -> String {
    let section = FORGES.split(&format!("\n## {provider}\n")).nth(1).unwrap_or_default();
    let section = section.split("\n```toml").next().unwrap_or_default();
    let mut paragraphs = section.trim().split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let list = paragraphs.next().filter(|paragraph| paragraph.starts_with("* ")).unwrap_or_default();
    let whole = if list.is_empty() { first.to_owned() } else { format!("{first}\n{list}") };
    let lines =
        whole.lines().map(|line| line.strip_prefix("* ").map_or_else(|| line.to_owned(), |item| format!("- {item}")));
    lines.map(|line| line.replace('*', "")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;

    #[test]
    fn every_forge_has_a_click_path_without_marks_of_emphasis() {
        for name in Provider::NAMES {
            let words = clicks(name);
            assert!(words.len() > 60 && !words.contains('*'), "{name}: {words}");
        }
        assert!(clicks("github").contains("Enterprise Server: Settings → Webhooks → Add webhook"));
        assert!(clicks("github").contains("\n- Secret: the text of the secret file."));
    }

    #[test]
    fn every_place_of_a_shipped_file_is_this_machines() {
        let places = Places {
            program: "/opt/h".into(),
            config: "/opt/h.toml".into(),
            spool: "/opt/spool".into(),
            web_group: "web".to_owned(),
        };
        for text in
            [NGINX, NGINX_CGI, APACHE, APACHE_CGI, LIGHTTPD, LIGHTTPD_CGI, CADDY, SUPERVISOR, SOCKET_UNIT, RUNNER_UNIT]
        {
            let text = places.put_into(text);
            let code = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
            for line in code {
                let strange = ["/usr/bin/hookspool", "/etc/hookspool", "/var/spool/hookspool", "www-data"];
                assert!(strange.iter().all(|place| !line.contains(place)), "{line}");
            }
        }
    }
}
