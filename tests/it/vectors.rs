//! Edge. Signature vectors and sample payloads beside the checkout, when they are there (`$HOOKSPOOL_SHARED`, else
//! `../shared`); our own samples in any case; and the memory that large bodies need.

mod memory;
mod payloads;
mod rows;

use base64::{Engine, engine::general_purpose::STANDARD};
use hookspool::model::{Head, Headers, Method};
use hookspool::provider::{
    Algorithm, Authorization, CodingVersion, Denied, Encoding, GenericScheme, GiteaAuthorization, HmacScheme, Provider,
    ReadOptions, SamplePush, Secret, Verified,
};
use jiff::Timestamp;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The wishes of a hook that has GitHub's fields, and wants to know everything.
const OPTIONS: ReadOptions = ReadOptions { keep_paths: true, github_payload: true, delivery_header: None };
/// 2026-09-21T13:33:20Z, where a vector names no other time.
const NOW_S: i64 = 1_790_000_000;

/// A file of the directory beside the checkout, if it is there.
pub(crate) fn beside_the_checkout(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let directory = std::env::var_os("HOOKSPOOL_SHARED").map_or_else(beside, PathBuf::from);
    Some(directory.join(name)).filter(|path| path.exists())
}

/// A request of `body` with `headers`.
fn head(headers: &[(String, String)], body: &[u8]) -> Head {
    let content_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    Head {
        method: Method::Post,
        path: b"/hooks/docs".to_vec(),
        query: Vec::new(),
        headers: headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect::<Headers>(),
        content_type: content_type.map(|(_, value)| value.clone()).unwrap_or_default(),
        content_length: Some(body.len() as u64),
        remote_addr: "192.0.2.1".into(),
        document_root: None,
    }
}

fn verify(
    provider: &Provider,
    head: &Head,
    secrets: &[Secret],
    body: &[u8],
    now: Timestamp,
) -> Result<Verified, Denied> {
    let mut check = provider.begin(head, secrets, now)?;
    body.chunks(1000).for_each(|piece| check.update(piece));
    check.finish(&mut &body[..])
}

/// One row of `vectors.json`.
struct Vector<'a>(&'a Value);

impl Vector<'_> {
    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    fn body(&self) -> Vec<u8> {
        match self.0["body_base64"].as_str() {
            Some(encoded) => STANDARD.decode(encoded).unwrap(),
            None => self.text("body").as_bytes().to_vec(),
        }
    }

    fn headers(&self) -> Vec<(String, String)> {
        let headers = self.0["headers"].as_object().unwrap();
        headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    }

    /// The request: a GET is what the receiver makes of it, a form that came in the query.
    fn request(&self) -> (Head, Vec<u8>) {
        if self.text("method") == "GET" {
            let body = self.text("query").as_bytes().to_vec();
            let mut head = head(&self.headers(), &body);
            head.content_type = "application/x-www-form-urlencoded".into();
            return (head, body);
        }
        let body = self.body();
        let mut head = head(&self.headers(), &body);
        if !self.text("path").is_empty() {
            head.path = self.text("path").as_bytes().to_vec();
        }
        (head, body)
    }

    fn verify_as(&self, provider: &Provider) -> Result<Verified, Denied> {
        let (head, body) = self.request();
        let secrets: Vec<_> = Secret::new(self.text("secret")).into_iter().collect();
        let now = Timestamp::from_second(self.0["now"].as_i64().unwrap_or(NOW_S)).unwrap();
        verify(provider, &head, &secrets, &body, now)
    }

    /// Who decides it. Test cases of the RFCs have no header; they are in the unit tests.
    fn provider(&self) -> Option<Provider> {
        let generic = |scheme| Provider::Generic(GenericScheme::Authorization(scheme));
        Some(match (self.text("provider"), self.text("scheme")) {
            ("github", _) => Provider::Github,
            ("gitea", "authorization-verbatim") => {
                let scheme = Authorization::Verbatim;
                Provider::GiteaAuthorization(GiteaAuthorization { forgejo: false, scheme })
            }
            ("gitea" | "gitea-packagist" | "gitea-feishu", _) => Provider::Gitea,
            ("forgejo", _) => Provider::Forgejo,
            ("gogs", _) => Provider::Gogs,
            ("gitlab", _) => Provider::Gitlab,
            ("gitee", _) => Provider::Gitee,
            ("coding", "hub-sha1") => Provider::Coding(CodingVersion::V2),
            ("coding", _) => Provider::Coding(CodingVersion::V1),
            ("bitbucket-cloud", _) => Provider::Bitbucket,
            ("bitbucket-server", _) => Provider::BitbucketServer,
            ("azure-devops", _) => Provider::AzureDevops,
            ("sourcehut", _) => Provider::Sourcehut,
            ("pagure", _) => Provider::Pagure,
            ("gitcode", _) => Provider::Gitcode,
            ("codeup", _) => Provider::Codeup,
            ("tencent-git", _) => Provider::TencentGit,
            ("huawei-codearts", _) => Provider::Codearts,
            ("docker-hub", _) => Provider::DockerHub,
            ("harbor", _) => Provider::Harbor,
            ("standard-webhooks", _) => Provider::StandardWebhooks,
            ("stripe-style", _) => Provider::Stripe,
            ("slack", _) => Provider::Slack,
            ("generic", "bearer") => generic(Authorization::Bearer),
            ("generic", "basic") => generic(Authorization::Basic),
            _ => return None,
        })
    }
}

/// A server that signs as GitHub once did.
fn sha1_only() -> Provider {
    Provider::Generic(GenericScheme::Hmac(HmacScheme {
        header: "x-hub-signature".into(),
        algorithm: Algorithm::Sha1,
        encoding: Encoding::Hex,
        prefix: "sha1=".into(),
        time: None,
    }))
}

#[test]
fn every_vector_is_decided_as_it_says() {
    let Some(vectors) = beside_the_checkout("vectors.json") else {
        return our_own_samples_are_decided();
    };
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
    let mut undecided = Vec::new();
    for row in &vectors {
        let vector = Vector(row);
        let id = vector.text("id");
        let Some(provider) = vector.provider() else {
            undecided.push(id.to_owned());
            continue;
        };
        let verified = vector.verify_as(&provider);
        assert_eq!(verified.is_ok(), row["valid"] == true, "{id} ({}): {verified:?}", vector.text("description"));
        if row["headers"]["X-Event-Key"] == "diagnostics:ping" {
            assert!(provider.is_unsigned_test(&vector.request().0), "{id}");
        }
    }
    assert_eq!(undecided, ["rfc4231-001", "rfc2202-001"], "of {}", vectors.len());
}

/// Each provider's own sample: accepted as it is, refused with another secret.
fn our_own_samples_are_decided() {
    let now = Timestamp::from_second(NOW_S).unwrap();
    for provider in providers() {
        let [signing, verifying] = keyed(&provider, 1);
        let [_, wrong] = keyed(&provider, 2);
        let body = provider.sample_push(&sample(&signing));
        let mut head = head(&provider.sign(&signing, &body, "push", "d-1", now).unwrap(), &body);
        if provider.secret_in_path() {
            head.path = [b"/hooks/docs/", signing.bytes()].concat();
        }
        assert!(verify(&provider, &head, &[verifying], &body, now).is_ok(), "{provider:?}");
        assert!(verify(&provider, &head, &[wrong], &body, now).is_err(), "{provider:?}");
    }
}

#[test]
fn our_own_samples_are_decided_too() {
    our_own_samples_are_decided();
}

/// Every provider that the configuration can name.
fn providers() -> Vec<Provider> {
    let all = vec![
        Provider::Github,
        Provider::Gitea,
        Provider::Forgejo,
        Provider::GiteaAuthorization(GiteaAuthorization { forgejo: true, scheme: Authorization::Bearer }),
        Provider::Gogs,
        Provider::Gitlab,
        Provider::Gitee,
        Provider::Coding(CodingVersion::V1),
        Provider::Coding(CodingVersion::V2),
        Provider::Bitbucket,
        Provider::BitbucketServer,
        Provider::AzureDevops,
        Provider::Sourcehut,
        Provider::Pagure,
        Provider::Gitcode,
        Provider::Codeup,
        Provider::TencentGit,
        Provider::Codearts,
        Provider::DockerHub,
        Provider::Harbor,
        Provider::StandardWebhooks,
        Provider::Stripe,
        Provider::Slack,
        Provider::Generic(GenericScheme::Authorization(Authorization::Basic)),
        sha1_only(),
    ];
    assert!(Provider::NAMES.iter().all(|name| all.iter().any(|provider| provider.name() == *name)));
    all
}

/// Two of the Ed25519 test keys of RFC 8032 §7.1, private and public, in base64.
const ED25519: [[&str; 2]; 2] = [
    ["nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],
    ["TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk27oz4U+4pvs=", "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="],
];

/// The secret number `number` (1 or 2): what the sender signs with, and what the hook has.
fn keyed(provider: &Provider, number: usize) -> [Secret; 2] {
    let secret = |text: &str| Secret::new(text).unwrap();
    match provider {
        Provider::Sourcehut => {
            let [private, public] = ED25519[number - 1];
            [secret(&format!("whsk_{private}")), secret(public)]
        }
        Provider::StandardWebhooks => {
            [(); 2].map(|()| secret(&format!("whsec_{}", STANDARD.encode(format!("a key with the number {number}")))))
        }
        _ => [(); 2].map(|()| secret(&format!("s3cr3t-{number}"))),
    }
}

fn sample(secret: &Secret) -> SamplePush<'_> {
    SamplePush {
        repository: "me/docs",
        branch: "main",
        before: "4a1d2f5c3e6b7a8990817263544536271809fafb",
        after: "b7c1e2d3f4a5968778695a4b3c2d1e0f12345678",
        pusher: "ada",
        secret: Some(secret),
    }
}
