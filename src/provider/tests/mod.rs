//! Pure. What all providers have in common, tested for each of them.

mod accept;
mod changes;
mod documents;
mod events;
mod flip;
mod refuse;

use super::*;
use crate::model::{Event, EventKind, Headers, Method};

/// 2026-09-21T13:33:20Z.
const NOW_MS: i64 = 1_790_000_000_000;
const BEFORE: &str = "4a1d2f5c3e6b7a8990817263544536271809fafb";
const AFTER: &str = "b7c1e2d3f4a5968778695a4b3c2d1e0f12345678";
const ZEROS: &str = "0000000000000000000000000000000000000000";

fn now() -> Timestamp {
    Timestamp::from_millisecond(NOW_MS).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// A generic scheme in which nothing is as in GitHub's.
fn generic() -> Provider {
    Provider::Generic(GenericScheme {
        header: "x-acme-signature".into(),
        algorithm: Algorithm::Sha512,
        encoding: Encoding::Base64,
        prefix: "v=".into(),
    })
}

fn all() -> Vec<Provider> {
    let coding = [CodingVersion::V1, CodingVersion::V2].map(Provider::Coding);
    let plain = [
        Provider::Github,
        Provider::Gitea,
        Provider::Forgejo,
        Provider::Gogs,
        Provider::Gitlab,
        Provider::Gitee,
        generic(),
    ];
    plain.into_iter().chain(coding).collect()
}

/// A delivery as it arrives.
#[derive(Clone)]
struct Arrived {
    provider: Provider,
    head: Head,
    body: Vec<u8>,
}

impl Arrived {
    fn new(provider: Provider, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut head = Head {
            method: Method::Post,
            path: b"/hooks/docs".to_vec(),
            query: Vec::new(),
            headers: Headers::default(),
            content_type: String::new(),
            content_length: body.len() as u64,
            remote_addr: "192.0.2.1".into(),
            document_root: None,
        };
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("content-type") {
                (*value).clone_into(&mut head.content_type);
            }
            head.headers.push(name, value.as_bytes());
        }
        Self { provider, head, body }
    }

    /// A sample push, signed with `secret` by ourselves.
    fn signed(provider: Provider, secret: &Secret) -> Self {
        let body = provider.sample_push(&sample(Some(secret)));
        let headers = provider.sign(secret, &body, "push", "d-1", now());
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self::new(provider, &headers, body)
    }

    /// The same with other `headers`, of which none is left out.
    fn with_headers(&self, headers: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        let mut changed = self.clone();
        changed.head.headers = Headers::default();
        headers.into_iter().for_each(|(name, value)| changed.head.headers.push(&name, &value));
        changed
    }

    fn headers(&self) -> Vec<(String, Vec<u8>)> {
        self.head.headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
    }

    fn verify_with(&self, secrets: &[Secret]) -> Result<Verified, Denied> {
        let mut check = self.provider.begin(&self.head, secrets, now())?;
        check.update(&self.body);
        check.finish(&mut self.body.as_slice())
    }

    fn verify(&self, text: &str) -> Result<Verified, Denied> {
        self.verify_with(&[secret(text)])
    }

    /// What it says, taken for verified.
    fn read(&self) -> Result<Delivery, Malformed> {
        let verified = Check::decided(0).finish(&mut std::io::empty()).unwrap();
        self.provider.read(&self.head, &verified, &mut self.body.as_slice())
    }

    fn event(&self) -> Event {
        match self.read() {
            Ok(Delivery::Events(mut events)) if events.len() == 1 => events.remove(0),
            other => panic!("not one event: {other:?}"),
        }
    }
}

fn sample(secret: Option<&Secret>) -> SamplePush<'_> {
    SamplePush { repository: "me/docs", branch: "main", before: BEFORE, after: AFTER, pusher: "ada", secret }
}

/// The header that a provider's authenticity hangs on.
fn deciding_header(provider: &Provider) -> Option<&str> {
    Some(match provider {
        Provider::Github => "x-hub-signature-256",
        Provider::Gitea => "x-gitea-signature",
        Provider::Forgejo => "x-forgejo-signature",
        Provider::Gogs => "x-gogs-signature",
        Provider::Gitlab => "x-gitlab-token",
        Provider::Gitee => "x-gitee-token",
        Provider::Coding(CodingVersion::V2) => "x-coding-signature",
        Provider::Coding(CodingVersion::V1) => return None,
        Provider::Generic(scheme) => &scheme.header,
    })
}
