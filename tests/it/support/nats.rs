//! Edge. `nats-server` in the foreground, on a free port that it keeps when it is started again.

use super::daemon::{Daemon, foreground, freeze};
use super::gateway::{answers, free_port};
use super::netns::Net;
use base64::Engine;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A server with a store of its own.
pub(crate) struct Nats {
    root: PathBuf,
    name: String,
    address: String,
    pub(crate) port: u16,
    settings: String,
    /// A configuration in the place of ours.
    whole: Option<String>,
    /// The namespace in which it runs, where nobody else can ask whether it is ready; its hosts come by TLS.
    space: Option<String>,
    daemon: Option<Daemon>,
}

impl Nats {
    /// Starts one below `root`; `settings` are further lines of its configuration.
    pub(crate) fn start(root: &Path, settings: &str) -> Self {
        let mut server = Self::named("nats1", root, settings);
        server.resume();
        server
    }

    /// One that does not run yet.
    fn named(name: &str, root: &Path, settings: &str) -> Self {
        let (name, address, settings) = (name.to_owned(), "127.0.0.1".to_owned(), settings.to_owned());
        let (root, port) = (root.to_owned(), free_port());
        Self { root, name, address, port, settings, whole: None, space: None, daemon: None }
    }

    /// Starts one on the machine `nats1` of `net`, with a certificate for its address.
    pub(crate) fn start_on(net: &Net, root: &Path) -> Self {
        let address = net.address("nats1");
        certificates(root, &address);
        let [key, certificate] = ["server.key", "server.crt"].map(|name| root.join(name).display().to_string());
        let tls = format!("tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}");
        let mut server = Self { address, space: Some(net.space("nats1")), ..Self::named("nats1", root, &tls) };
        server.resume();
        server
    }

    /// Starts three as one cluster, each below a directory of its own in `root`.
    pub(crate) fn start_cluster(root: &Path) -> [Self; 3] {
        let ports: [u16; 3] = std::array::from_fn(|_| free_port());
        let routes = ports.map(|port| format!("\"nats://127.0.0.1:{port}\"")).join(", ");
        let mut servers: [Self; 3] = std::array::from_fn(|index| {
            let (name, port) = (format!("nats{}", index + 1), ports[index]);
            let root = root.join(&name);
            fs::create_dir(&root).unwrap();
            let listens = format!("listen: \"127.0.0.1:{port}\", routes: [{routes}]");
            Self::named(&name, &root, &format!("cluster {{ name: fleet, {listens} }}"))
        });
        servers.iter_mut().for_each(Self::resume);
        servers
    }

    /// The authority of its certificate, where hosts need it.
    pub(crate) fn ca(&self) -> Option<PathBuf> {
        self.space.is_some().then(|| self.root.join("ca.pem"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.whole.is_some() || self.space.is_some() { "tls" } else { "nats" };
        format!("{scheme}://{}:{}", self.address, self.port)
    }

    /// Starts it again, with what is left of its store.
    pub(crate) fn resume(&mut self) {
        let (store, file, pid) = (self.root.join("jetstream"), self.root.join("nats.conf"), self.root.join("nats.pid"));
        let text = format!(
            "host: {}\nport: {}\nserver_name: {}\npid_file: \"{}\"\n\
             jetstream {{ store_dir: \"{}\", max_mem: 64MB, max_file: 1GB }}\n{}\n",
            self.address,
            self.port,
            self.name,
            pid.display(),
            store.display(),
            self.settings
        );
        let text = self.whole.clone().unwrap_or(text);
        fs::write(&file, text).unwrap();
        let mut command = foreground(if self.space.is_some() { "ip" } else { "nats-server" });
        if let Some(space) = &self.space {
            command.args(["netns", "exec", space, "nats-server"]);
        }
        command.arg("-c").arg(&file);
        let (port, log, is_apart) = (self.port, self.root.join("nats.log"), self.space.is_some());
        let says_so = || fs::read_to_string(&log).is_ok_and(|text| text.contains("Server is ready"));
        let is_ready = || if is_apart { says_so() } else { answers(port) };
        self.daemon = Some(Daemon::start("nats-server", command, &log, &[]).ready(is_ready));
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.daemon = None;
    }

    pub(crate) fn is_up(&self) -> bool {
        self.daemon.is_some()
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

    /// The lines of its configuration that tests chose.
    pub(crate) fn settings(&self) -> &str {
        &self.settings
    }

    /// Other lines of its configuration, from the next start on.
    pub(crate) fn set(&mut self, settings: &str) {
        settings.clone_into(&mut self.settings);
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let arguments = arguments.split_whitespace();
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// An authority of the test's own, `ca.pem`, and a server's certificate of it for an address.
pub(crate) fn certificates(directory: &Path, address: &str) {
    fs::write(directory.join("san"), format!("subjectAltName=IP:{address}\n")).unwrap();
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(directory, &format!("req -x509 {ec} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"));
    openssl(directory, &format!("req {ec} -keyout server.key -out server.csr -subj /CN=nats1"));
    openssl(
        directory,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.crt",
    );
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
