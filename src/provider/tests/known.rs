//! Pure. Known answers for every scheme, computed with Python (`hmac`, `hashlib`, `cryptography`), never with this
//! code; and for each what is nearly one.

use super::*;

const BODY: &str = "{\"say\":\"h\u{e9}llo\"}";
const KEY: &str = "correct horse battery staple";
/// HMAC of `BODY` under `KEY`.
const SHA256: &str = "c94bb5311ff27034fff4083ed4c395ba2b05caadd662102b4013f5e38d1ddd66";
const SHA1: &str = "22388a6c0437c7091f8a4c598c1665ddd2973132";
const SHA512: &str = "4j1TmYYJPaS4WE9WC3aJQJOoPbEK8aK78DKgiQznLPmQpcIkjC91XKdtYEaMdYFU0ylkJENZ1AX1id5kpTn9gA==";
/// The same over the time and the body, as Stripe and Slack write them, at `TIME`.
const STRIPE: &str = "145e8563d5a6e55ebd7f66300ac0a3f0cbb8c1c5e16ab870ce08d2cf1318d78a";
const SLACK: &str = "e589d079e78ec2ca767f4fe1ca96fe36b38ee675eba3041dc7a129c40c576a76";
pub(super) const TIME: &str = "1790000000";
/// Standard Webhooks: id `msg_1`, at `TIME`.
pub(super) const SYMMETRIC: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u";
pub(super) const V1: &str = "v1,eiK089dPVQeUHmLVqvLmJaZrWI3nNoyMe4Q+DLas5og=";
pub(super) const V1A: &str =
    "v1a,FVyUA5otj2bO7t22kyIccRG3bK42PaloU7ctkeu7cCWQwGAc2Rszad+4GF49fFiGRE6/4+j0YoToqcrATj6hCw==";
const PUBLIC: &str = "AjUF6t6OIYIZwKwjQIXiuzQLtCILSTM6l1Bw+AJ5wbU=";
/// SourceHut, with this nonce.
const NONCE: &str = "0123456789abcdef";
const SOURCEHUT: &str = "0dMhtyhjDkBUq00zzAwYunRKYtbFWKUur/iBrM+YnhBBrQd3nCwDEgzEqkIMtW4yXUJjRca0UMlA0mRSmjEWCg==";
const GITEE: &str = "8gOIkhSySWyunQR32LC/46kOk+EzIvHwX06b+JMRyns=";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");

/// A delivery that is right, and the headers that decide.
struct Row {
    provider: Provider,
    secret: String,
    headers: Vec<(&'static str, String)>,
}

fn row(provider: Provider, secret: &str, headers: &[(&'static str, &str)]) -> Row {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Row { provider, secret: secret.to_owned(), headers }
}

/// One row for each way in which a provider can be right.
fn rows() -> Vec<Row> {
    let prefixed = format!("sha256={SHA256}");
    let legacy = format!("sha1={SHA1}");
    let basic = "Basic ZGVwbG95OmNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=";
    let deploy = format!("deploy:{KEY}");
    let gitea = |scheme| Provider::GiteaAuthorization(GiteaAuthorization { forgejo: false, scheme });
    let by = |scheme| Provider::Generic(GenericScheme::Authorization(scheme));
    let standard = |signature| [("webhook-id", "msg_1"), ("webhook-timestamp", TIME), ("webhook-signature", signature)];
    let public = format!("whpk_{PUBLIC}");
    vec![
        row(Provider::Github, KEY, &[("X-Hub-Signature-256", &prefixed), ("X-Hub-Signature", "sha1=")]),
        row(Provider::Github, KEY, &[("X-Hub-Signature-256", &prefixed), FORM]),
        row(Provider::Github, KEY, &[("X-Hub-Signature", &legacy)]),
        row(Provider::Gitea, KEY, &[("X-Gitea-Signature", SHA256)]),
        row(gitea(Authorization::Verbatim), "any text", &[("Authorization", "any text"), ("X-Gitea-Signature", "")]),
        row(gitea(Authorization::Bearer), KEY, &[("Authorization", &format!("BEARER  {KEY}"))]),
        row(gitea(Authorization::Basic), &deploy, &[("Authorization", basic)]),
        row(Provider::Forgejo, KEY, &[("X-Forgejo-Signature", SHA256), ("X-Gitea-Signature", "0")]),
        row(Provider::Gogs, KEY, &[("X-Gogs-Signature", SHA256)]),
        row(Provider::Gitlab, KEY, &[("X-Gitlab-Token", KEY), ("webhook-id", "x"), ("webhook-timestamp", "1")]),
        row(Provider::Gitlab, SYMMETRIC, &standard(V1)),
        row(Provider::Gitee, KEY, &[("X-Gitee-Token", GITEE), ("X-Gitee-Timestamp", "1790000000000")]),
        row(Provider::Gitee, KEY, &[("X-Gitee-Token", KEY)]),
        row(Provider::Coding(CodingVersion::V2), KEY, &[("X-Coding-Signature", &legacy)]),
        row(Provider::Bitbucket, KEY, &[("X-Hub-Signature", &prefixed)]),
        row(Provider::BitbucketServer, KEY, &[("X-Hub-Signature", &prefixed)]),
        row(Provider::AzureDevops, &deploy, &[("Authorization", basic)]),
        row(Provider::Sourcehut, PUBLIC, &[("X-Payload-Signature", SOURCEHUT), ("X-Payload-Nonce", NONCE)]),
        row(Provider::Pagure, KEY, &[("X-Pagure-Signature-256", SHA256), ("X-Pagure-Signature", "0")]),
        row(Provider::Pagure, KEY, &[("X-Pagure-Signature", SHA1)]),
        row(Provider::Gitcode, KEY, &[("X-GitCode-Signature-256", &prefixed), ("X-GitCode-Token", "other")]),
        row(Provider::Gitcode, KEY, &[("X-GitCode-Token", KEY)]),
        row(Provider::Codeup, KEY, &[("X-Codeup-Token", KEY)]),
        row(Provider::TencentGit, KEY, &[("X-Token", KEY), ("X-Gitlab-Token", "other")]),
        row(Provider::Codearts, KEY, &[("X-Repo-Token", KEY)]),
        row(Provider::Codearts, KEY, &[("X-Devcloud-Token", KEY)]),
        row(Provider::Harbor, KEY, &[("Authorization", KEY)]),
        row(Provider::StandardWebhooks, SYMMETRIC, &standard(V1)),
        row(Provider::StandardWebhooks, &SYMMETRIC[6..], &standard(V1)),
        row(Provider::StandardWebhooks, &public, &standard(V1A)),
        row(
            Provider::StandardWebhooks,
            SYMMETRIC,
            &[("svix-id", "msg_1"), ("svix-timestamp", TIME), ("svix-signature", V1)],
        ),
        row(Provider::Stripe, KEY, &[("Stripe-Signature", &format!("t={TIME},v1={STRIPE}"))]),
        row(
            Provider::Slack,
            KEY,
            &[("X-Slack-Request-Timestamp", TIME), ("X-Slack-Signature", &format!("v0={SLACK}")), FORM],
        ),
        row(generic(), KEY, &[("X-Acme-Signature", &format!("v={SHA512}"))]),
        row(by(Authorization::Bearer), KEY, &[("Authorization", &format!("Bearer {KEY}"))]),
        row(by(Authorization::Basic), &deploy, &[("Authorization", basic)]),
        row(by(Authorization::Verbatim), KEY, &[("Authorization", KEY)]),
    ]
}

fn verify(row: &Row, headers: &[(&str, String)], body: &str) -> Result<Verified, Denied> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Arrived::new(row.provider.clone(), &headers, body).verify_with(&[secret(&row.secret)])
}

#[test]
fn each_known_answer_is_accepted() {
    for row in rows() {
        let verified = verify(&row, &row.headers, BODY);
        assert!(verified.is_ok(), "{:?} {:?}: {verified:?}", row.provider, row.headers);
    }
    let named: Vec<_> = rows().iter().map(|row| row.provider.name()).collect();
    // The others are tested below: their secret is in no header.
    let elsewhere = ["docker-hub"];
    assert!(Provider::NAMES.iter().all(|name| named.contains(name) || elsewhere.contains(name)), "{named:?}");
}

#[test]
fn the_secrets_that_are_in_no_header_are_known_too() {
    let body = format!("{{\"token\":\"{KEY}\"}}");
    let coding = Arrived::new(Provider::Coding(CodingVersion::V1), &[], body);
    assert!(coding.verify(KEY).is_ok() && coding.verify("other").is_err());
    let mut hub = Arrived::new(Provider::DockerHub, &[], BODY);
    hub.head.path = b"/hooks/docs/u-1".to_vec();
    assert!(hub.verify("u-1").is_ok() && hub.verify("u-2").is_err());
}

#[test]
fn with_another_secret_or_without_its_header_none_is_accepted() {
    for row in rows() {
        let other = match row.secret.as_str() {
            SYMMETRIC => "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1v".to_owned(),
            text if text.ends_with(PUBLIC) => text.replace(PUBLIC, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
            text if SYMMETRIC.ends_with(text) => "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1v".to_owned(),
            text => format!("{text}\n"),
        };
        let changed = Row { secret: other, provider: row.provider.clone(), headers: row.headers.clone() };
        let verified = verify(&changed, &row.headers, BODY);
        assert!(matches!(verified, Err(Denied::Wrong { .. })), "{:?}: {verified:?}", row.provider);

        assert!(verify(&row, &[], BODY).is_err(), "{:?}", row.provider);
    }
}

#[test]
fn each_byte_of_each_deciding_header_and_of_each_signed_body_counts() {
    // A header that is there beside the deciding one, and is not looked at.
    let beside = |row: &Row, name: &str| {
        let decides = row.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        match name {
            "Content-Type" => true,
            "webhook-id" | "webhook-timestamp" => !decides.contains(&"webhook-signature"),
            "X-Hub-Signature" => decides.contains(&"X-Hub-Signature-256"),
            "X-Pagure-Signature" => decides.contains(&"X-Pagure-Signature-256"),
            "X-Gitea-Signature" => decides.contains(&"X-Forgejo-Signature") || decides.contains(&"Authorization"),
            "X-GitCode-Token" => decides.contains(&"X-GitCode-Signature-256"),
            "X-Gitlab-Token" => decides.contains(&"X-Token"),
            _ => false,
        }
    };
    for row in rows() {
        for (at, (name, value)) in row.headers.iter().enumerate().filter(|(_, (name, _))| !beside(&row, name)) {
            for byte in 0..value.len() {
                let mut flipped = value.clone().into_bytes();
                flipped[byte] ^= 1;
                let mut headers = row.headers.clone();
                headers[at].1 = String::from_utf8(flipped).unwrap();
                assert!(verify(&row, &headers, BODY).is_err(), "{:?} {name} {byte}", row.provider);
            }
        }
        let unsigned = ["X-Gitlab-Token", "X-Gitee-Token", "Authorization", "X-Codeup-Token", "X-Token"];
        let unsigned = [&unsigned[..], &["X-Repo-Token", "X-Devcloud-Token"]].concat();
        let token = |name: &str| unsigned.contains(&name) || (name == "X-GitCode-Token" && row.headers.len() == 1);
        if row.headers.iter().any(|(name, _)| token(name) && !beside(&row, name)) {
            assert!(verify(&row, &row.headers, "another body").is_ok(), "{:?}", row.provider);
            continue;
        }
        for (byte, _) in BODY.char_indices() {
            let changed: String = BODY.char_indices().map(|(at, c)| if at == byte { '~' } else { c }).collect();
            let verified = verify(&row, &row.headers, &changed);
            assert!(matches!(verified, Err(Denied::Wrong { .. })), "{:?}: {verified:?}", row.provider);
        }
    }
}
