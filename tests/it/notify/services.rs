//! `hookspool tell` to each service: what it gets, and what is said of its answers.

use crate::support::standin::{HeardRequest, Reply, StandIn};
use crate::support::world::World;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

const SECRET_PATH: &str = "/services/T000/B00000000/XXXXsecretXXXX";
const TOKEN: &str = "to-ken-0123456789";
const SIGN: &str = "whsec_c2VjcmV0IG9mIDI0IGJ5dGVzIGhlcmUh";

/// A world with one target, whose secrets are in files.
fn world(url: &str, lines: &str) -> World {
    let world = World::in_memory();
    world.write("url", format!("{url}\n"));
    world.write("token", TOKEN);
    world.write("sign", SIGN);
    world.configure(&format!("[[notify]]\nname = \"ops\"\n{lines}\n"));
    world
}

const URL: &str = "url = { file = \"ROOT/url\" }\n";

fn tell(world: &World) -> (Option<i32>, String) {
    let output = world.hookspool(&["tell", "ops"]).output().unwrap();
    let json = world.hookspool(&["tell", "ops", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), json.status.code());
    let said = all_of(&output);
    for text in [&said, &all_of(&json)] {
        for secret in ["XXXXsecretXXXX", "B00000000", TOKEN, SIGN] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    serde_json::from_slice::<serde_json::Value>(&json.stdout).expect("no JSON");
    (output.status.code(), said)
}

fn all_of(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

/// What `python3` prints: an independent hand for digests.
fn python(script: &str) -> String {
    let output = Command::new("python3").args(["-c", script]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn last(service: &StandIn) -> HeardRequest {
    service.heard().last().cloned().expect("nothing was heard")
}

#[test]
fn what_stays_on_this_machine_goes_past_every_proxy() {
    let (service, proxy) = (StandIn::saying(200, "ok"), StandIn::saying(502, ""));
    let world = world(&service.url(SECRET_PATH), &format!("kind = \"slack\"\n{URL}"));
    for name in ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy"] {
        let output = world.hookspool(&["tell", "ops"]).env(name, proxy.url("")).env("NO_PROXY", "").output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
    }
    assert_eq!((service.heard().len(), proxy.heard().len()), (6, 0));
}

#[test]
fn a_sample_reaches_each_service_and_its_success_is_believed() {
    let rows = [
        ("slack", URL, "ok"),
        ("discord", URL, "{\"id\":\"1\"}"),
        ("dingtalk", "url = { file = \"ROOT/url\" }\nsign = { file = \"ROOT/sign\" }\n", "{\"errcode\":0}"),
        ("feishu", URL, "{\"code\":0}"),
        ("wecom", URL, "{\"errcode\":0}"),
        ("teams", URL, ""),
        ("webhook", URL, ""),
        ("telegram", "url = \"HERE\"\ntoken = { file = \"ROOT/token\" }\nchat_id = -100123\n", "{\"ok\":true}"),
        ("matrix", "url = \"HERE\"\ntoken = { file = \"ROOT/token\" }\nroom = \"!r:h\"\n", "{\"event_id\":\"$1\"}"),
        ("ntfy", "url = \"HERE\"\ntopic = \"deploys\"\ntoken = { file = \"ROOT/token\" }\n", "{\"id\":\"x\"}"),
        ("gotify", "url = \"HERE\"\ntoken = { file = \"ROOT/token\" }\n", "{\"id\":1}"),
    ];
    for (kind, lines, success) in rows {
        let service = StandIn::saying(200, success);
        let lines = lines.replace("HERE", &service.url(""));
        let world = world(&service.url(SECRET_PATH), &format!("kind = \"{kind}\"\n{lines}"));
        let (status, said) = tell(&world);
        assert_eq!((status, said.as_str()), (Some(0), format!("sent to `ops` ({kind})\n").as_str()));
        assert_eq!(service.heard().len(), 2, "{kind}");
        assert!(last(&service).body.contains("a test message for ops"), "{kind}: {}", last(&service).body);
    }
}

#[test]
fn what_a_service_refuses_is_explained_with_the_next_step() {
    let rows: [(&str, u16, &str, i32, &str); 12] = [
        ("slack", 404, "no_service", 1, "make a new one"),
        ("slack", 200, "<html>", 1, "exactly `ok`"),
        ("discord", 404, "{\"message\":\"Unknown Webhook\"}", 1, "make a new one"),
        ("dingtalk", 200, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}", 1, "keyword must be `hookspool`"),
        ("dingtalk", 200, "{\"errcode\":130101,\"errmsg\":\"too fast\"}", 75, "ten minutes"),
        ("feishu", 200, "{\"code\":19021,\"msg\":\"sign match fail\"}", 1, "clock"),
        ("feishu", 200, "{\"code\":11232,\"msg\":\"frequency limited\"}", 75, "fewer"),
        ("wecom", 200, "{\"errcode\":45009,\"errmsg\":\"freq\"}", 75, "20 messages"),
        ("wecom", 200, "{\"errcode\":93000,\"errmsg\":\"invalid\"}", 1, "key in the URL"),
        ("teams", 429, "", 75, "fewer"),
        ("webhook", 410, "", 1, "no more"),
        ("slack", 302, "", 1, "redirects are not followed"),
    ];
    for (kind, status, body, code, words) in rows {
        let service = StandIn::saying(status, body);
        let world = world(&service.url(SECRET_PATH), &format!("kind = \"{kind}\"\n{URL}"));
        let (exit, said) = tell(&world);
        assert!(exit == Some(code) && said.contains(words), "{kind} {status} {body}: {exit:?} {said}");
    }
}

#[test]
fn a_redirect_takes_no_message_elsewhere() {
    let elsewhere = StandIn::saying(200, "ok");
    for status in [301, 302, 307, 308] {
        let location: &'static str = format!("Location: {}\r\n", elsewhere.url("/stolen")).leak();
        let service = StandIn::answering(move |_| Reply::Whole(status, location, String::new()));
        let world = world(&service.url(SECRET_PATH), &format!("kind = \"slack\"\n{URL}"));
        let (exit, said) = tell(&world);
        assert!(exit == Some(1) && said.contains("redirects are not followed"), "{status}: {exit:?} {said}");
    }
    assert_eq!(elsewhere.heard().len(), 0);
}

#[test]
fn an_answer_that_repeats_the_request_tells_no_secret() {
    let service = StandIn::answering(|heard| {
        let said =
            format!("{{\"errcode\":1,\"errmsg\":\"{} {}\"}}", heard.target, heard.head.join(" ").replace('"', ""));
        Reply::Whole(200, "", said)
    });
    let lines = format!("kind = \"dingtalk\"\n{URL}sign = {{ file = \"ROOT/sign\" }}\n");
    let (exit, said) = tell(&world(&service.url(SECRET_PATH), &lines));
    assert!(exit == Some(1) && said.contains("[…]"), "{said}");
    let service = StandIn::answering(|heard| {
        Reply::Whole(500, "", format!("{{\"description\":\"{} was asked\"}}", heard.target))
    });
    let lines =
        format!("kind = \"telegram\"\nurl = \"{}\"\ntoken = {{ file = \"ROOT/token\" }}\nchat_id = 1", service.url(""));
    let (exit, said) = tell(&world("", &lines));
    assert!(exit == Some(75) && said.contains("was asked") && said.contains("[…]"), "{said}");
}

#[test]
fn signatures_are_those_that_another_program_computes() {
    let service = StandIn::saying(200, "{\"errcode\":0,\"code\":0}");
    let url = service.url(SECRET_PATH);
    let sign = "sign = { file = \"ROOT/sign\" }\n";
    tell(&world(&url, &format!("kind = \"dingtalk\"\n{URL}{sign}")));
    let heard = last(&service);
    let (time, signed) = (heard.parameter("timestamp").unwrap(), heard.parameter("sign").unwrap());
    let quoted = python(&format!(
        "import hmac,hashlib,base64,urllib.parse as u;k='{SIGN}';m='{time}\\n'+k;\
         print(u.quote_plus(base64.b64encode(hmac.new(k.encode(),m.encode(),hashlib.sha256).digest())))"
    ));
    assert_eq!(signed, quoted);

    tell(&world(&url, &format!("kind = \"feishu\"\n{URL}{sign}")));
    let body = last(&service).json();
    let time = body["timestamp"].as_str().unwrap();
    let expected = python(&format!(
        "import hmac,hashlib,base64;k='{time}\\n{SIGN}';\
         print(base64.b64encode(hmac.new(k.encode(),b'',hashlib.sha256).digest()).decode())"
    ));
    assert_eq!(body["sign"], expected);

    tell(&world(&url, &format!("kind = \"webhook\"\n{URL}{sign}")));
    let heard = last(&service);
    let (id, time) = (heard.header("webhook-id").unwrap(), heard.header("webhook-timestamp").unwrap());
    let world = World::in_memory();
    world.write("body", &heard.body);
    let expected = python(&format!(
        "import hmac,hashlib,base64;k=base64.b64decode('{SIGN}'[6:]);b=open('{}','rb').read();\
         print('v1,'+base64.b64encode(hmac.new(k,b'{id}.{time}.'+b,hashlib.sha256).digest()).decode())",
        world.path("body").display()
    ));
    assert_eq!(heard.header("webhook-signature"), Some(expected.as_str()));
}

/// A server with a certificate that nobody vouches for but itself.
const TLS_SERVER: &str = r#"
import ssl, socket, subprocess, sys, os
os.chdir(sys.argv[1])
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", "key",
    "-out", "cert", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    "-addext", "basicConstraints=critical,CA:FALSE"],
    check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert", "key")
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    try:
        connection = context.wrap_socket(connection, server_side=True)
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        print("read", flush=True)
    except (ssl.SSLError, OSError):
        pass
"#;

/// It, with what it has said so far.
struct TlsServer {
    child: Child,
    said: BufReader<ChildStdout>,
    dir: World,
    port: String,
}

impl TlsServer {
    fn start() -> Self {
        let dir = World::in_memory();
        let mut python = Command::new("python3");
        python.args(["-c", TLS_SERVER, dir.root().to_str().unwrap()]).stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = python.spawn().unwrap();
        let (mut said, mut port) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        said.read_line(&mut port).unwrap();
        Self { child, said, dir, port: port.trim().to_owned() }
    }

    /// `tell ops`, by a program that trusts the authorities in `file`.
    fn told_by(&self, file: &Path) -> (Option<i32>, String) {
        let url = format!("https://localhost:{}{SECRET_PATH}", self.port);
        let world = world(&url, &format!("kind = \"slack\"\n{URL}"));
        let output = world.hookspool(&["tell", "ops"]).env("SSL_CERT_FILE", file).output().unwrap();
        (output.status.code(), all_of(&output))
    }

    /// Ends it; what came through.
    fn ends(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        rest
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_it_before_anything_is_sent() {
    let (server, other) = (TlsServer::start(), TlsServer::start());
    let (exit, words) = server.told_by(&other.dir.path("cert"));
    assert!(exit == Some(69) && words.contains("TLS: ") && words.contains("certificate"), "{exit:?} {words}");
    let (exit, words) = server.told_by(&other.dir.path("none"));
    assert!(exit == Some(69) && words.contains("no certificate of an authority was found"), "{exit:?} {words}");
    assert_eq!([server.ends(), other.ends()], [""; 2], "nothing came through");
}

#[test]
fn an_authority_that_the_machine_trusts_may_be_nobody_else_s() {
    let server = TlsServer::start();
    let (exit, words) = server.told_by(&server.dir.path("cert"));
    assert_eq!(exit, Some(0), "{words}");
    assert_eq!(server.ends(), "read\n");
}

#[test]
fn nobody_there_no_such_host_and_no_http_are_told_apart() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let rows = [
        (format!("http://127.0.0.1:{closed}{SECRET_PATH}"), 69, "connection refused"),
        (format!("https://no-such-host.invalid{SECRET_PATH}"), 69, "cannot find the host"),
        (format!("http://example.org{SECRET_PATH}"), 78, "must begin with `https://`"),
        (format!("ftp://127.0.0.1{SECRET_PATH}"), 78, "must begin with `https://`"),
        (String::from("   "), 78, "is empty"),
    ];
    for (url, code, words) in rows {
        let (exit, said) = tell(&world(&url, &format!("kind = \"slack\"\n{URL}")));
        assert!(exit == Some(code) && said.contains(words), "{url}: {exit:?} {said}");
    }
}

#[test]
fn an_endless_body_takes_bounded_time_and_memory() {
    let began = Instant::now();
    let endless = StandIn::answering(|_| Reply::Endless);
    let world_of = |service: &StandIn| world(&service.url(SECRET_PATH), &format!("kind = \"slack\"\n{URL}"));
    let output = world_of(&endless).hookspool(&["tell", "ops"]).output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(15), "64 KiB are enough");
    assert!(output.status.code() == Some(1) && output.stderr.len() < 1_000, "{output:?}");
}

#[test]
fn mail_goes_to_the_sendmail_of_the_host_and_75_is_later() {
    let world = World::in_memory();
    let mail = "kind = \"mail\"\nto = [\"ops@example.org\", \"me@example.org\"]\nfrom = \"hookspool@example.org\"\n";
    world.configure(&format!("[[notify]]\nname = \"ops\"\n{mail}"));
    std::fs::create_dir(world.path("bin")).unwrap();
    let sendmail = |script: &str| {
        use std::os::unix::fs::PermissionsExt;
        let file = world.path("bin/sendmail");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let tell = || {
        let path = format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap());
        let output = world.hookspool(&["tell", "ops"]).env("PATH", path).output().unwrap();
        (output.status.code(), all_of(&output))
    };
    sendmail(&format!("echo \"$@\" >{0}/args; cat >{0}/mail", world.root().display()));
    assert_eq!(tell(), (Some(0), "sent to `ops` (mail)\n".to_owned()));
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    assert_eq!(read("args"), "-t -i\n");
    let parsed = python(&format!(
        "import email,email.policy as p;m=email.message_from_file(open('{}'),policy=p.default);\
         print(m['to'],'|',m['from'],'|',m['subject'],'|',m['auto-submitted'],'|',m.get_content().splitlines()[2])",
        world.path("mail").display()
    ));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert_eq!(
        parsed,
        format!(
            "ops@example.org, me@example.org | hookspool <hookspool@example.org> | hookspool: a test message for ops | \
             auto-generated | sent from {host} by `hookspool tell ops`"
        )
    );
    sendmail("echo queue is full >&2; exit 75");
    let (exit, said) = tell();
    assert!(exit == Some(75) && said.contains("queue is full"), "{exit:?} {said}");
    sendmail("echo no such user; exit 67");
    let (exit, said) = tell();
    assert!(exit == Some(1) && said.contains("exit 67") && said.contains("no such user"), "{exit:?} {said}");
}

#[test]
fn a_target_that_is_not_there_is_named_with_those_that_are() {
    let world = world("", "kind = \"ntfy\"\ntopic = \"x\"\n");
    let output = world.hookspool(&["tell", "opps"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(all_of(&output), "hookspool: no target `opps`; there are: ops\n");
}
