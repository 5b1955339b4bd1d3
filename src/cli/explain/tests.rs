//! Pure. Known mistakes, each made with the providers that can have it, and what is said of them.

use super::diagnosis::{Case, LabelledSecret, findings};
use super::request::{FORM, JSON, head};
use crate::model::{Head, Headers};
use crate::provider::{
    Algorithm, Authorization, Encoding, GenericScheme, GiteaAuthorization, HmacScheme, Provider, Secret,
};
use jiff::Timestamp;

const BODY: &[u8] = b"{\"ref\":\"refs/heads/main\",\"text\":\"a ~ b* (c)\"}";
const FORMED: &[u8] = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%2C%22text%22%3A%22a+~+b%2A+%28c%29%22%7D";

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn key(text: &str, label: &str) -> LabelledSecret {
    LabelledSecret { secret: secret(text), label: label.into() }
}

/// The headers of `body`, signed as `provider` does.
fn signed(provider: &Provider, text: &str, body: &[u8]) -> Headers {
    let headers = provider.sign(&secret(text), body, "push", "id", now()).unwrap();
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// The report when `body` arrives with `headers` at a hook of `provider` with the secret `right`.
fn said(provider: &Provider, headers: &Headers, content_type: &str, body: &[u8]) -> String {
    let head: Head = head(headers.clone(), content_type.into(), body.len());
    let case = Case { provider, head: &head, body, now: now() };
    let keys = [key("right", "secret 1")];
    let others = [key("old", "an expired secret")];
    assert!(case.verify(&[secret("right")]).is_err(), "nothing is wrong with it");
    findings(case, &keys, &others).join(" | ")
}

fn signers() -> [Provider; 4] {
    [Provider::Github, Provider::Gitea, Provider::Forgejo, Provider::Gogs]
}

#[test]
fn another_secret_is_named() {
    for provider in signers().into_iter().chain([Provider::Gitlab, Provider::Gitee]) {
        let old = signed(&provider, "old", BODY);
        assert_eq!(said(&provider, &old, JSON, BODY), "it matches an expired secret", "{}", provider.name());
        assert_eq!(said(&provider, &signed(&provider, "?", BODY), JSON, BODY), "", "{}", provider.name());
    }
}

#[test]
fn a_secret_with_a_line_feed_is_seen() {
    for provider in signers().into_iter().chain([Provider::Gitee]) {
        let headers = signed(&provider, "right\n", BODY);
        let expected = "it matches secret 1 with a line feed at its end: the forge's secret ends with one";
        assert_eq!(said(&provider, &headers, JSON, BODY), expected, "{}", provider.name());
    }
}

#[test]
fn a_secret_with_blanks_or_quotes_is_seen() {
    let right = signed(&Provider::Github, "right", BODY);
    let head = head(right, JSON.into(), BODY.len());
    let case = Case { provider: &Provider::Github, head: &head, body: BODY, now: now() };
    let blanks = findings(case, &[key(" right\n", "it")], &[]);
    assert_eq!(blanks, ["it matches it without the blanks around it: remove them there"]);
    let mark = findings(case, &[key("\u{feff}right", "it")], &[]);
    assert_eq!(mark, ["it matches it without the byte order mark at its beginning: remove it there"]);
    let quotes = findings(case, &[key("\"right\"", "it")], &[]);
    assert_eq!(quotes, ["it matches it without its quotes: remove them there"]);
}

#[test]
fn a_body_that_was_changed_on_its_way_is_seen() {
    let with = |end: &[u8]| [BODY, end].concat();
    for provider in signers() {
        let of = |signed_body: &[u8], arrived: &[u8]| {
            said(&provider, &signed(&provider, "right", signed_body), JSON, arrived)
        };
        assert_eq!(of(&with(b"\n"), BODY), "it matches the body with a line feed at its end, which this one lost");
        assert_eq!(of(BODY, &with(b"\n")), "it matches the body without the line feeds or blanks at its ends");
        assert_eq!(of(b"{\n}", b"{\r\n}"), "it matches the body with LF where this one has CR LF");
        assert_eq!(of(b"{\r\n}", b"{\n}"), "it matches the body with CR LF where this one has LF");
        let marked = [b"\xef\xbb\xbf", BODY].concat();
        assert_eq!(of(BODY, &marked), "it matches the body without the byte order mark at its beginning");
        assert_eq!(of(BODY, &BODY[..9]), "");
    }
}

#[test]
fn a_length_that_says_less_than_arrived_is_seen() {
    let mut headers = signed(&Provider::Github, "right", &BODY[..10]);
    headers.push("Content-Length", b"10");
    let expected = "it matches the first `Content-Length` bytes of the body only";
    assert_eq!(said(&Provider::Github, &headers, JSON, BODY), expected);
}

#[test]
fn a_form_signed_the_other_way_is_seen() {
    let github = said(&Provider::Github, &signed(&Provider::Github, "right", BODY), FORM, FORMED);
    assert!(github.starts_with("it matches the JSON inside the form, where this provider signs the form"), "{github}");
    let gitea = said(&Provider::Gitea, &signed(&Provider::Gitea, "right", FORMED), FORM, FORMED);
    assert!(gitea.starts_with("it matches the form as it was sent, where this provider signs the JSON"), "{gitea}");
}

#[test]
fn json_that_was_saved_from_a_form_is_seen() {
    let sent = [&b"payload="[..], &FORMED[8..]].concat();
    let github = said(&Provider::Github, &signed(&Provider::Github, "right", &sent), JSON, BODY);
    assert!(github.starts_with("it matches the form that this JSON was sent in"), "{github}");
}

#[test]
fn two_mistakes_at_once_are_seen() {
    let headers = signed(&Provider::Github, "old", &[BODY, b"\n"].concat());
    let expected =
        "it matches an expired secret; and it matches the body with a line feed at its end, which this one lost";
    assert_eq!(said(&Provider::Github, &headers, JSON, BODY), expected);
}

#[test]
fn another_providers_signature_is_told_by_its_name() {
    for (sent, hook) in [
        (Provider::Gitea, Provider::Github),
        (Provider::Forgejo, Provider::Gitea),
        (Provider::Gitlab, Provider::Gitea),
        (Provider::Github, Provider::Gogs),
        (Provider::Gitee, Provider::Github),
    ] {
        let said = said(&hook, &signed(&sent, "right", BODY), JSON, BODY);
        let expected = format!("it is right as {name}'s: set `provider = \"{name}\"`", name = sent.name());
        assert_eq!(said, expected, "{} at {}", sent.name(), hook.name());
    }
}

#[test]
fn a_header_with_another_algorithm_is_found() {
    for (algorithm, encoding, prefix, what) in [
        (Algorithm::Sha1, Encoding::Hex, "sha1=", "HMAC-SHA1 of the body after `sha1=`"),
        (Algorithm::Sha512, Encoding::Base64, "", "HMAC-SHA512 of the body"),
        (Algorithm::Sha256, Encoding::Base64, "v1,", "HMAC-SHA256 of the body after `v1,`"),
    ] {
        let scheme = GenericScheme::Hmac(HmacScheme {
            header: "x-sign".into(),
            algorithm,
            encoding,
            prefix: prefix.into(),
            time: None,
        });
        let headers = signed(&Provider::Generic(scheme), "right", BODY);
        let expected = format!("header `x-sign` holds the right {what}: see whether `provider` is right");
        assert_eq!(said(&Provider::Github, &headers, JSON, BODY), expected);
    }
}

#[test]
fn a_clock_that_is_off_is_told_from_a_wrong_signature() {
    for provider in [Provider::Gitee, Provider::Slack, Provider::Stripe, Provider::StandardWebhooks] {
        let text = if provider == Provider::StandardWebhooks { "whsec_cmlnaHQ=" } else { "right" };
        let head: Head = head(signed(&provider, text, BODY), JSON.into(), BODY.len());
        let now = now() + jiff::SignedDuration::from_mins(90);
        let case = Case { provider: &provider, head: &head, body: BODY, now };
        let denied = case.verify(&[secret(text)]).unwrap_err().to_string();
        assert!(denied.contains("is 90 min behind this machine's clock"), "{denied}");
        let found = findings(case, &[key(text, "secret 1")], &[]);
        let expected = "the signature is right, and only its time is not: say with `--at` when the delivery arrived, \
                        if that was not now";
        assert_eq!(found, [expected], "{}", provider.name());
    }
}

#[test]
fn a_lost_authorization_is_explained_by_the_web_server() {
    let lost = "Apache hands `Authorization` to no program unless `CGIPassAuth On` says so";
    for provider in [Provider::AzureDevops, Provider::Harbor] {
        assert_eq!(said(&provider, &Headers::default(), JSON, BODY), lost, "{}", provider.name());
    }
    let by_header = Provider::GiteaAuthorization(GiteaAuthorization { forgejo: false, scheme: Authorization::Bearer });
    assert_eq!(said(&by_header, &signed(&Provider::Gitea, "right", BODY), JSON, BODY), lost, "signed beside it");
}

#[test]
fn what_a_provider_signs_is_never_taken_for_its_own_mistake() {
    let others = [Provider::Bitbucket, Provider::BitbucketServer, Provider::Pagure, Provider::Gitcode];
    for provider in signers().into_iter().chain(others) {
        let headers = signed(&provider, "right", BODY);
        let head: Head = head(headers, JSON.into(), BODY.len());
        let case = Case { provider: &provider, head: &head, body: BODY, now: now() };
        assert!(case.verify(&[secret("right")]).is_ok(), "{}", provider.name());
    }
}

#[test]
fn a_body_that_was_written_anew_is_seen() {
    let indented = b"{\n  \"ref\": \"refs/heads/main\",\n  \"text\": \"a \\u003c b \xc3\xa9\"\n}";
    let compact = "{\"ref\":\"refs/heads/main\",\"text\":\"a < b é\"}".as_bytes();
    let spaced = br#"{"ref": "refs/heads/main", "text": "a < b \u00e9"}"#;
    let of =
        |sent: &[u8], arrived: &[u8]| said(&Provider::Github, &signed(&Provider::Github, "right", sent), JSON, arrived);
    assert!(of(compact, indented).starts_with("it matches the same JSON without blanks between its parts: "));
    assert!(of(indented, compact).starts_with("it matches the same JSON with a line for each value: "));
    assert!(of(spaced, compact).starts_with("it matches the same JSON with a blank after each comma and colon: "));
    assert_eq!(of(b"{\"ref\":1.0}", b"{\"ref\":1}"), "", "a number that lost its fraction");
}

#[test]
fn a_compressed_body_that_was_signed_before_is_seen() {
    let headers = signed(&Provider::Github, "right", BODY);
    let expected =
        "it matches the body before it was compressed: let the sender, or the proxy before it, not compress it";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, BODY).unwrap();
    std::io::Write::write_all(&mut zlib, BODY).unwrap();
    for compressed in [gzip.finish().unwrap(), zlib.finish().unwrap()] {
        assert_eq!(said(&Provider::Github, &headers, JSON, &compressed), expected);
    }
}
