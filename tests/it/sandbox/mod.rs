//! Edge. A receiver in its sandbox: threads of the tests that enter it and try, and the executable itself.

mod inside; // what can be done inside, and what cannot
mod kernels; // kernels that lack what a sandbox is made of
mod process; // a receiver that stays: rotation, reload, and a spool that is replaced

use crate::support::github::{COMMIT, SIGNATURE, delivery_id, delivery_signed, push_to, signature};
use crate::support::http::{Response, send};
use crate::support::until;
use crate::support::world::PROGRAM;
use crate::support::yard::{Runner, YARD_SECRET, Yard};
use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A spool, and apart from it a configuration with its secrets, as packages lay them out.
struct Host(Yard);

impl Deref for Host {
    type Target = Yard;

    fn deref(&self) -> &Yard {
        &self.0
    }
}

impl Host {
    /// `sandbox` is the value of the key.
    fn new(sandbox: &str) -> Self {
        let host = Self(Yard::new("", &[]));
        for dir in ["conf", "conf/secrets"] {
            fs::create_dir(host.path(dir)).unwrap();
        }
        fs::remove_file(host.path("secret")).unwrap();
        host.write("conf/secrets/docs", YARD_SECRET);
        host.settle(sandbox, &[("docs", "conf/secrets/docs")]);
        host
    }

    /// Writes the configuration: names of hooks, and the files of their secrets.
    fn settle(&self, sandbox: &str, hooks: &[(&str, &str)]) {
        let hook = |(name, secret): &(&str, &str)| {
            format!(
                "[[hook]]\nname = \"{name}\"\nprovider = \"github\"\nsecret = {{ file = \"ROOT/{secret}\" }}\n\
                 dir = \"ROOT/site\"\nsteps = [{{ run = [\"true\"] }}]\n"
            )
        };
        let hooks: String = hooks.iter().map(hook).collect();
        let text = format!("spool = \"ROOT/spool\"\nsandbox = \"{sandbox}\"\n{hooks}");
        self.write("conf/hookspool.toml", text.replace("ROOT", self.root().to_str().unwrap()));
    }

    fn config(&self) -> PathBuf {
        self.path("conf/hookspool.toml")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.args(arguments).arg("--config").arg(self.config()).stdin(Stdio::null());
        command
    }

    fn serve(&self) -> Served {
        self.served(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    fn served(&self, command: Command) -> Served {
        let process = self.start_as(command);
        let said = || Some(self.log().split_once("event=listening")?.1.split_once("address=")?.1.to_owned());
        until("it listens", || said().is_some_and(|rest| rest.contains('\n')));
        let address = said().unwrap().split_whitespace().next().unwrap().parse().unwrap();
        Served { process, address }
    }

    /// A web server's program for one signed push.
    fn cgi(&self, body: &[u8]) -> Command {
        let headers = [
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("X-GitHub-Event".to_owned(), "push".to_owned()),
            ("X-GitHub-Delivery".to_owned(), delivery_id()),
            (SIGNATURE.to_owned(), signature(YARD_SECRET, body)),
        ];
        let mut command = self.0.cgi("docs", &headers, body.len());
        command.env("HOOKSPOOL_CONFIG", self.config());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A receiver that listens.
struct Served {
    process: Runner,
    address: SocketAddr,
}

impl Served {
    fn push(&self, hook: &str, secret: &str) -> Response {
        let body = push_to("main", COMMIT);
        send(self.address, &delivery_signed(secret, &format!("/{hook}"), "push", &body))
    }

    fn status(&self) -> u16 {
        self.push("docs", YARD_SECRET).status
    }
}
