//! Edge. `nats-server` in the foreground, on a free port that it keeps when it is started again.

use super::daemon::{Daemon, foreground, freeze};
use super::gateway::{answers, free_port};
use base64::Engine;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A server with a store of its own.
pub(crate) struct Nats {
    root: PathBuf,
    pub(crate) port: u16,
    settings: String,
    /// A configuration in the place of ours.
    whole: Option<String>,
    daemon: Option<Daemon>,
}

impl Nats {
    /// Starts one below `root`; `settings` are further lines of its configuration.
    pub(crate) fn start(root: &Path, settings: &str) -> Self {
        let settings = settings.to_owned();
        let mut server = Self { root: root.to_owned(), port: free_port(), settings, whole: None, daemon: None };
        server.resume();
        server
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.whole.is_some() { "tls" } else { "nats" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Starts it again, with what is left of its store.
    pub(crate) fn resume(&mut self) {
        let (store, file, pid) = (self.root.join("jetstream"), self.root.join("nats.conf"), self.root.join("nats.pid"));
        let text = format!(
            "host: 127.0.0.1\nport: {}\nserver_name: nats1\npid_file: \"{}\"\n\
             jetstream {{ store_dir: \"{}\", max_mem: 64MB, max_file: 1GB }}\n{}\n",
            self.port,
            pid.display(),
            store.display(),
            self.settings
        );
        let text = self.whole.clone().unwrap_or(text);
        fs::write(&file, text).unwrap();
        let mut command = foreground("nats-server");
        command.arg("-c").arg(&file);
        let (port, log) = (self.port, self.root.join("nats.log"));
        self.daemon = Some(Daemon::start("nats-server", command, &log, &[]).ready(|| answers(port)));
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.daemon = None;
    }

    /// Removes all that it has stored; it must not run.
    pub(crate) fn forget_everything(&self) {
        assert!(self.daemon.is_none());
        fs::remove_dir_all(self.root.join("jetstream")).unwrap();
    }

    /// Stops it, until it is thawed.
    pub(crate) fn freeze(&self) {
        freeze(self.pid());
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        let text = fs::read_to_string(self.root.join("nats.pid")).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }

    /// A client that may do everything.
    pub(crate) fn client(&self) -> NatsClient {
        NatsClient::connect(&self.url(), None, "_INBOX")
    }

    /// A shipped file in the place of its configuration, from the next start on; each change must apply.
    pub(crate) fn ship(&mut self, text: &str, changes: &[(&str, &str)]) {
        let mut text = text.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let text = text.replace("ROOT", self.root.to_str().unwrap()).replace("PORT", &self.port.to_string());
        self.whole = Some(text);
    }

    /// Other lines of its configuration, from the next start on.
    pub(crate) fn set(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
    }
}

/// A client of a test's own, for what no host does.
pub(crate) struct NatsClient {
    runtime: tokio::runtime::Runtime,
    client: async_nats::Client,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl NatsClient {
    /// `seed` of an nkey, if the server asks for one; `inbox` where the answers come.
    pub(crate) fn connect(url: &str, seed: Option<&str>, inbox: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let complaints: Arc<Mutex<Vec<String>>> = Arc::default();
        let said = Arc::clone(&complaints);
        let options = async_nats::ConnectOptions::new().custom_inbox_prefix(inbox).event_callback(move |event| {
            said.lock().unwrap().push(event.to_string());
            std::future::ready(())
        });
        let options = match seed {
            Some(seed) => options.nkey(seed.to_owned()),
            None => options,
        };
        let client = runtime.block_on(options.connect(url)).unwrap();
        Self { runtime, client, complaints }
    }

    /// Publishes, and waits until the server has seen it.
    pub(crate) fn publish(&self, subject: &str, body: &[u8]) {
        let (subject, body) = (subject.to_owned(), body.to_vec());
        self.runtime.block_on(async {
            self.client.publish(subject, body.into()).await.unwrap();
            self.client.flush().await.unwrap();
        });
    }

    /// The answer to a request; `None`: nobody answers within a second.
    pub(crate) fn ask(&self, subject: &str, body: &[u8]) -> Option<Value> {
        let asked = self.client.request(subject.to_owned(), body.to_vec().into());
        let answer = self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(1), asked).await });
        answer.ok()?.ok().map(|message| serde_json::from_slice(&message.payload).unwrap_or_default())
    }

    /// The server's complaints until now.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.runtime.block_on(async {
            let _answered = self.client.flush().await;
            tokio::task::yield_now().await;
        });
        self.complaints.lock().unwrap().clone()
    }

    /// Subject and body of the message with that number in the stream.
    pub(crate) fn stored(&self, number: u64) -> Option<(String, Vec<u8>)> {
        let body = serde_json::json!({ "seq": number }).to_string();
        let answer = self.ask("$JS.API.STREAM.MSG.GET.hookspool", body.as_bytes())?;
        let (subject, data) = (answer["message"]["subject"].as_str()?, answer["message"]["data"].as_str()?);
        let data = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
        Some((subject.to_owned(), data))
    }

    /// Messages in the stream.
    pub(crate) fn count(&self) -> u64 {
        self.ask("$JS.API.STREAM.INFO.hookspool", b"").and_then(|info| info["state"]["messages"].as_u64()).unwrap_or(0)
    }
}
