//! Pure. One changed byte of what is signed, or of the signature, and a delivery is refused.

use super::*;

/// True if the body is covered by the provider's signature.
fn signs_body(provider: &Provider) -> bool {
    let unsigned = [Strength::SignedTime, Strength::SharedToken, Strength::SecretUrl];
    *provider == Provider::Gitcode || !unsigned.contains(&provider.strength())
}

/// Copies of `bytes` with one bit of one byte changed.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).map(|at| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        changed
    })
}

#[test]
fn a_changed_byte_of_a_signed_body_is_refused() {
    for provider in all().into_iter().filter(signs_body) {
        let arrived = Arrived::signed(provider, "s3cr3t");
        for body in flips(&arrived.body) {
            let changed = Arrived { body, ..arrived.clone() };
            assert!(matches!(changed.verify("s3cr3t"), Err(Denied::Wrong { .. })), "{:?}", changed.provider);
        }
    }
}

#[test]
fn a_changed_byte_of_a_form_is_refused() {
    for provider in [Provider::Github, Provider::Gitea, Provider::Forgejo, Provider::Gogs] {
        let raw = b"payload=%7B%22a%22%3A+1%7D".to_vec();
        let signed = if provider == Provider::Github { raw.as_slice() } else { b"{\"a\": 1}" };
        let headers = provider.sign(&secret("s3cr3t"), signed, "push", "d", now()).unwrap();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<_> = headers.skip(1).chain([("Content-Type", "application/x-www-form-urlencoded")]).collect();
        let arrived = Arrived::new(provider, &headers, raw);
        assert!(arrived.verify("s3cr3t").is_ok());
        // `%7B` and `%7b` are the same document, and no flip of the lowest bit turns one into the other.
        for body in flips(&arrived.body) {
            let changed = Arrived { body, ..arrived.clone() };
            let text = String::from_utf8_lossy(&changed.body).into_owned();
            assert!(changed.verify("s3cr3t").is_err(), "{:?} {text}", changed.provider);
        }
    }
}

#[test]
fn a_changed_byte_of_a_deciding_header_is_refused() {
    for provider in all() {
        let arrived = Arrived::signed(provider.clone(), "s3cr3t");
        let deciding: Vec<&str> = match provider {
            Provider::Gitee => vec!["x-gitee-token", "x-gitee-timestamp"],
            Provider::Sourcehut => vec!["x-payload-signature", "x-payload-nonce"],
            Provider::StandardWebhooks => vec!["webhook-signature", "webhook-id", "webhook-timestamp"],
            Provider::Slack => vec!["x-slack-signature", "x-slack-request-timestamp"],
            _ => deciding_header(&provider).into_iter().collect(),
        };
        for name in deciding {
            let value = arrived.head.headers.first(name).unwrap();
            for changed_value in flips(value) {
                let headers = arrived.headers().into_iter().map(|(n, v)| {
                    let value = if n == name { changed_value.clone() } else { v };
                    (n, value)
                });
                assert!(arrived.with_headers(headers).verify("s3cr3t").is_err(), "{provider:?} {name}");
            }
        }
    }
}

#[test]
fn a_changed_byte_of_a_token_in_the_body_is_refused() {
    let arrived = Arrived::signed(Provider::Coding(CodingVersion::V1), "s3cr3t");
    let at = arrived.body.windows(6).position(|window| window == b"s3cr3t").unwrap();
    for offset in 0..6 {
        let mut changed = arrived.clone();
        changed.body[at + offset] ^= 1;
        assert!(matches!(changed.verify("s3cr3t"), Err(Denied::Wrong { .. })));
    }
}

#[test]
fn a_changed_byte_of_a_secret_url_is_refused() {
    let arrived = Arrived::signed(Provider::DockerHub, "s3cr3t");
    assert!(arrived.verify("s3cr3t").is_ok());
    for path in flips(b"s3cr3t").chain([b"".to_vec(), b"s3cr3t/x".to_vec(), b"S3CR3T".to_vec()]) {
        let mut changed = arrived.clone();
        changed.head.path = [b"/hooks/docs/", path.as_slice()].concat();
        assert!(matches!(changed.verify("s3cr3t"), Err(Denied::Wrong { .. })), "{path:?}");
    }
}
