//! The headers that decide, of every provider: nothing gets in without the secret, which no input can know.
//!
//! The first line names the provider; then come `name: value` lines, a blank line, and the body.

use hookspool::config::probe;
use hookspool::model::{Head, Headers, Method};
use hookspool::provider::{Provider, Secret};
use jiff::Timestamp;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

pub fn run(input: &[u8]) {
    let (provider, request) = chosen(input);
    let (head, body) = request_of(request);
    let now = Timestamp::from_second(1_700_000_000).expect("within range");
    let secrets = [unknown(), unknown()].map(|text| Secret::new(text.into_bytes()).expect("not empty"));
    let Ok(mut check) = provider.begin(&head, &secrets, now) else { return };
    body.chunks(9).for_each(|piece| check.update(piece));
    assert!(check.finish(&mut &*body).is_err(), "{} let in what nobody signed", provider.name());
}

/// The provider that the first line names, or any, and the lines below.
pub fn chosen(input: &[u8]) -> (&'static Provider, &[u8]) {
    let end = input.iter().position(|&b| b == b'\n').unwrap_or(input.len());
    let (line, rest) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let named = providers().iter().find(|provider| provider.name().as_bytes() == line);
    let sum: usize = line.iter().map(|&b| usize::from(b)).sum();
    (named.unwrap_or(&providers()[sum % providers().len()]), rest)
}

/// Every provider that the configuration knows, in the ways that it can be set up.
pub fn providers() -> &'static [Provider] {
    static ALL: OnceLock<Vec<Provider>> = OnceLock::new();
    ALL.get_or_init(|| {
        let plain = Provider::NAMES.iter().filter(|name| **name != "generic");
        let lines = plain.map(|name| format!("provider = \"{name}\""));
        let more = [
            "provider = \"coding\"\nversion = 1",
            "provider = \"gitea\"\nauthorization = \"verbatim\"",
            "provider = \"generic\"\nauthorization = \"bearer\"",
            "provider = \"generic\"\nauthorization = \"basic\"",
            "provider = \"generic\"\nsignature = { header = \"X-Sign\", prefix = \"v=\" }",
            "provider = \"generic\"\nsignature = { header = \"X-Sign\", algorithm = \"sha512\", encoding = \"base64\" }",
            "provider = \"generic\"\nauthorization = \"bearer\"",
            "provider = \"gitea\"\nauthorization = \"basic\"",
            "provider = \"forgejo\"\nauthorization = \"verbatim\"",
        ];
        lines.chain(more.map(str::to_owned)).map(|lines| provider_of(&lines)).collect()
    })
}

fn provider_of(lines: &str) -> Provider {
    let text = format!(
        "spool = \"/s\"\n[[hook]]\nname = \"h\"\ndir = \"/d\"\nsecret = {{ env = \"S\" }}\nsteps = [{{ shell = \"x\" }}]\n{lines}\n"
    );
    probe::read(&text).unwrap_or_else(|report| panic!("{report}")).hooks.remove(0).provider
}

/// A request as it was typed: lines without a colon are no headers.
pub fn request_of(bytes: &[u8]) -> (Head, &[u8]) {
    let mut headers = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let (line, after) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
        rest = after;
        if line.is_empty() {
            break;
        }
        if let Some(colon) = line.iter().position(|&b| b == b':') {
            headers.push((String::from_utf8_lossy(&line[..colon]).into_owned(), line[colon + 1..].to_vec()));
        }
    }
    (head(&headers, rest), rest)
}

/// The head of a POST of `body`.
pub fn head(headers: &[(String, impl AsRef<[u8]>)], body: &[u8]) -> Head {
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_ref()));
    let headers: Headers = pairs.collect();
    Head {
        method: Method::Post,
        path: b"/h".to_vec(),
        query: Vec::new(),
        content_type: headers.text("content-type").unwrap_or_default(),
        headers,
        content_length: Some(body.len() as u64),
        remote_addr: "192.0.2.1".into(),
        document_root: None,
    }
}

/// A secret that everybody knows.
pub fn secret() -> Secret {
    Secret::new(&b"It's a Secret to Everybody"[..]).expect("not empty")
}

/// Text of 64 digits that is another one in each process. As base64 it is 48 bytes: no public key.
fn unknown() -> String {
    (0..4).map(|_| format!("{:016x}", RandomState::new().hash_one(0))).collect()
}
