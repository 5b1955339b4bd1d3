//! Edge. Signature vectors and sample payloads beside the checkout, when they are there (`$HOOKSPOOL_SHARED`, else
//! `../shared`); our own samples in any case; and the memory that large bodies need.

mod memory;
mod payloads;

use base64::{Engine, engine::general_purpose::STANDARD};
use hookspool::model::{Head, Headers, Method};
use hookspool::provider::{
    Algorithm, CodingVersion, Denied, Encoding, GenericScheme, Provider, SamplePush, Secret, Verified,
};
use jiff::Timestamp;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// 2026-09-21T13:33:20Z, where a vector names no other time.
const NOW_S: i64 = 1_790_000_000;

/// The directory with vectors and payloads.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let directory = std::env::var_os("HOOKSPOOL_SHARED").map_or_else(beside, PathBuf::from);
    directory.join("vectors.json").is_file().then_some(directory)
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
        content_length: body.len() as u64,
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

    fn verify_as(&self, provider: &Provider) -> Result<Verified, Denied> {
        let body = self.body();
        let secrets: Vec<_> = Secret::new(self.text("secret")).into_iter().collect();
        let now = Timestamp::from_second(self.0["now"].as_i64().unwrap_or(NOW_S)).unwrap();
        verify(provider, &head(&self.headers(), &body), &secrets, &body, now)
    }

    /// Who decides it; `None` for those that no provider of this version speaks to.
    fn provider(&self) -> Option<Provider> {
        Some(match (self.text("provider"), self.text("scheme")) {
            ("github", "hub-sha256") => Provider::Github,
            // GitHub itself is held to SHA-256; an old server is configured as a generic one.
            ("github", "hub-sha1") => sha1_only(),
            ("gitea", _) if self.text("method") == "GET" => return None, // 405 before any check
            ("gitea" | "gitea-packagist" | "gitea-feishu", _) => Provider::Gitea,
            ("forgejo", _) => Provider::Forgejo,
            ("gogs", _) => Provider::Gogs,
            ("gitlab", "plain-token") => Provider::Gitlab,
            ("gitee", _) => Provider::Gitee,
            ("coding", "hub-sha1") => Provider::Coding(CodingVersion::V2),
            ("coding", "json-body-token") => Provider::Coding(CodingVersion::V1),
            _ => return None,
        })
    }
}

/// A server that signs as GitHub once did.
fn sha1_only() -> Provider {
    Provider::Generic(GenericScheme {
        header: "x-hub-signature".into(),
        algorithm: Algorithm::Sha1,
        encoding: Encoding::Hex,
        prefix: "sha1=".into(),
    })
}

#[test]
fn every_vector_is_decided_as_it_says() {
    let Some(shared) = shared() else {
        return our_own_samples_are_decided();
    };
    let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(shared.join("vectors.json")).unwrap()).unwrap();
    let mut decided = 0;
    for row in &vectors {
        let vector = Vector(row);
        let id = vector.text("id");
        if let Some(provider) = vector.provider() {
            let verified = vector.verify_as(&provider);
            assert_eq!(verified.is_ok(), row["valid"] == true, "{id} ({}): {verified:?}", vector.text("description"));
            decided += 1;
        }
        if (vector.text("provider"), vector.text("scheme")) == ("github", "hub-sha1") {
            assert!(matches!(vector.verify_as(&Provider::Github), Err(Denied::Weak { .. })), "{id}");
        }
        if (vector.text("provider"), vector.text("scheme")) == ("gitlab", "standard-webhooks") {
            assert!(vector.verify_as(&Provider::Gitlab).is_err(), "{id}: signing tokens are not verified yet");
        }
    }
    assert!(decided >= 100, "only {decided} vectors decided");
}

/// Each provider's own sample: accepted as it is, refused with another secret.
fn our_own_samples_are_decided() {
    let (right, wrong) = (Secret::new("s3cr3t").unwrap(), Secret::new("S3cr3t").unwrap());
    let now = Timestamp::from_second(NOW_S).unwrap();
    for provider in providers() {
        let body = provider.sample_push(&sample(&right));
        let head = head(&provider.sign(&right, &body, "push", "d-1", now), &body);
        assert!(verify(&provider, &head, std::slice::from_ref(&right), &body, now).is_ok(), "{provider:?}");
        assert!(verify(&provider, &head, std::slice::from_ref(&wrong), &body, now).is_err(), "{provider:?}");
    }
}

#[test]
fn our_own_samples_are_decided_too() {
    our_own_samples_are_decided();
}

fn providers() -> Vec<Provider> {
    vec![
        Provider::Github,
        Provider::Gitea,
        Provider::Forgejo,
        Provider::Gogs,
        Provider::Gitlab,
        Provider::Gitee,
        Provider::Coding(CodingVersion::V1),
        Provider::Coding(CodingVersion::V2),
        sha1_only(),
    ]
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
