//! Pure. Traits that all providers have in common, tested for each of them.

mod accept;
mod changes;
mod documents;
mod events;
mod flip;
mod known;
mod open_scheme;
mod refuse;
mod several;
mod standard;

use super::*;
use crate::model::{Event, EventKind, Headers, Method};
use sha2::Digest as _;

/// 2026-09-21T14:13:20Z.
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

/// The wishes of a hook that has GitHub's fields, and wants to know everything.
fn options() -> ReadOptions {
    ReadOptions { keep_paths: true, github_payload: true, delivery_header: Some("x-delivery-id".into()) }
}

/// A generic scheme in which nothing is as in GitHub's.
fn generic() -> Provider {
    Provider::Generic(GenericScheme::Hmac(HmacScheme {
        header: "x-acme-signature".into(),
        algorithm: Algorithm::Sha512,
        encoding: Encoding::Base64,
        prefix: "v=".into(),
        time: None,
    }))
}

fn bearer() -> Provider {
    Provider::Generic(GenericScheme::Authorization(Authorization::Bearer))
}

fn forgejo_authorization() -> Provider {
    Provider::GiteaAuthorization(GiteaAuthorization { forgejo: true, scheme: Authorization::Verbatim })
}

/// Providers whose document has `ref`, `before` and `after` at the top, as GitHub's and GitLab's.
fn shaped() -> Vec<Provider> {
    vec![
        Provider::Github,
        Provider::Gitea,
        Provider::Forgejo,
        forgejo_authorization(),
        Provider::Gogs,
        Provider::Gitlab,
        Provider::Gitee,
        Provider::Coding(CodingVersion::V1),
        Provider::Coding(CodingVersion::V2),
        Provider::Gitcode,
        Provider::Codeup,
        Provider::TencentGit,
        Provider::Codearts,
        Provider::StandardWebhooks,
        Provider::Stripe,
        Provider::Slack,
        generic(),
        bearer(),
    ]
}

/// Providers with a document of their own.
fn others() -> Vec<Provider> {
    vec![
        Provider::Bitbucket,
        Provider::BitbucketServer,
        Provider::AzureDevops,
        Provider::Sourcehut,
        Provider::Pagure,
        Provider::DockerHub,
        Provider::Harbor,
    ]
}

fn all() -> Vec<Provider> {
    [shaped(), others()].concat()
}

/// Two secrets that belong to `text`: what the sender signs with, and what the hook has.
fn keyed(provider: &Provider, text: &str) -> [Secret; 2] {
    let base64 = |bytes: &[u8]| Encoding::Base64.encode(bytes);
    match provider {
        Provider::StandardWebhooks => [(); 2].map(|()| secret(&format!("whsec_{}", base64(text.as_bytes())))),
        Provider::Sourcehut => {
            let key = private_key(text);
            [secret(&format!("whsk_{}", base64(key.as_bytes()))), secret(&base64(key.verifying_key().as_bytes()))]
        }
        _ => [(); 2].map(|()| secret(text)),
    }
}

fn private_key(text: &str) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&sha2::Sha256::digest(text).into())
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
            content_length: Some(body.len() as u64),
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

    /// A sample push, signed by ourselves with the secret that belongs to `text`.
    fn signed(provider: Provider, text: &str) -> Self {
        let [signing, _] = keyed(&provider, text);
        let body = provider.sample_push(&sample(Some(&signing)));
        Self::signed_as(provider, &signing, "push", body)
    }

    /// Any `body`, signed with `secret` as a delivery of `event`.
    fn signed_as(provider: Provider, secret: &Secret, event: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let headers = provider.sign(secret, &body, event, "d-1", now()).unwrap();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut arrived = Self::new(provider, &headers, body);
        if arrived.provider.secret_in_path() {
            arrived.head.path = [b"/hooks/docs/", secret.bytes()].concat();
        }
        arrived
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

    /// Verifies with the secret that belongs to `text`.
    fn verify(&self, text: &str) -> Result<Verified, Denied> {
        let [_, verifying] = keyed(&self.provider, text);
        self.verify_with(&[verifying])
    }

    /// Its content, taken for verified.
    fn read(&self) -> Result<Delivery, Malformed> {
        let verified = Check::decided(0).finish(&mut std::io::empty()).unwrap();
        match self.provider.read(&self.head, &verified, &mut self.body.as_slice(), &options()) {
            Err(Unreadable::Malformed(malformed)) => Err(malformed),
            Err(Unreadable::Io(error)) => panic!("bytes in memory cannot fail: {error}"),
            Ok(delivery) => Ok(delivery),
        }
    }

    fn events(&self) -> Vec<Event> {
        match self.read() {
            Ok(Delivery::Events(events)) => events,
            other => panic!("no events: {other:?}"),
        }
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
        Provider::Coding(CodingVersion::V1) | Provider::DockerHub => return None,
        Provider::Bitbucket | Provider::BitbucketServer => "x-hub-signature",
        Provider::Sourcehut => "x-payload-signature",
        Provider::Pagure => "x-pagure-signature-256",
        Provider::Gitcode => "x-gitcode-signature-256",
        Provider::Codeup => "x-codeup-token",
        Provider::TencentGit => "x-token",
        Provider::Codearts => "x-repo-token",
        Provider::StandardWebhooks => "webhook-signature",
        Provider::Stripe => "stripe-signature",
        Provider::Slack => "x-slack-signature",
        Provider::Generic(GenericScheme::Hmac(scheme)) => &scheme.header,
        Provider::Generic(GenericScheme::Token(header)) => header,
        Provider::Generic(GenericScheme::Authorization(_))
        | Provider::GiteaAuthorization(_)
        | Provider::AzureDevops
        | Provider::Harbor => "authorization",
    })
}
