//! Edge. The page behind real web servers with a password, from the files that operators get.

use super::daemon::Daemon;
use super::gateway::{free_port, loopback};
use super::site::Site;
use super::{apache, caddy, lighttpd, nginx};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What a browser sends for `mei`, whose password is `open sesame` (RFC 7617).
pub(crate) const AUTHORIZATION: &str = "Basic bWVpOm9wZW4gc2VzYW1l";

/// `openssl passwd -6`, as the files say, and `caddy hash-password`.
const CRYPT: &str =
    "mei:$6$abcdefgh$CkjGkP7IIgZVUCNlt.Vi53LOYJLXZ5KzdpzEYCj01XGruA1hxZYJqccTU2zz68oJwAGsd1iPty5F7dHIatUTy/\n";
const BCRYPT: &str = "mei $2a$14$9csN9zLPNy29nnbXuWsJyeeLlWlpXl2XYhpB44c5bKsedco5zsCFi\n";

/// A web server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PageServer {
    Nginx,
    Apache,
    Lighttpd,
    Caddy,
}

/// A running one, gone with this value.
pub(crate) struct ServedPage {
    pub(crate) address: SocketAddr,
    site: Site,
    _web: Daemon,
}

impl PageServer {
    /// Every one of them.
    pub(crate) const ALL: [Self; 4] = [Self::Nginx, Self::Apache, Self::Lighttpd, Self::Caddy];

    /// Starts it under a root of its own, in which the page's directory is still empty.
    pub(crate) fn start(self) -> ServedPage {
        let (site, port) = (Site::new(), free_port());
        let passwords = site.write("/etc/passwords", if matches!(self, Self::Caddy) { BCRYPT } else { CRYPT });
        let passwords = passwords.to_str().expect("UTF-8 path");
        let web = match self {
            Self::Nginx => nginx::page(&site, port, passwords),
            Self::Apache => apache::page(&site, port, passwords),
            Self::Lighttpd => lighttpd::page(&site, port, passwords),
            Self::Caddy => caddy::page(&site, port, passwords),
        };
        std::fs::create_dir_all(site.at("/srv/www")).expect("directory");
        ServedPage { address: loopback(port), site, _web: web }
    }
}

impl ServedPage {
    /// Directory of the page.
    pub(crate) fn www(&self) -> PathBuf {
        self.site.at("/srv/www/deploy")
    }

    /// Address of a file of the page.
    pub(crate) fn url(&self, file: &str) -> String {
        format!("http://{}/deploy/{file}", self.address)
    }

    /// The lines of nginx's access log.
    pub(crate) fn access_log(&self) -> String {
        std::fs::read_to_string(self.site.at("/var/log/nginx-access.log")).expect("log")
    }
}
