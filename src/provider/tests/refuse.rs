//! Pure. Refusals, for every provider alike.

use super::*;
use crate::model::Twice;
use proptest::prelude::*;

#[test]
fn without_secrets_nothing_is_accepted() {
    for provider in all() {
        let arrived = Arrived::signed(provider, "s3cr3t");
        assert_eq!(arrived.verify_with(&[]), Err(Denied::NoSecret), "{:?}", arrived.provider);
    }
    assert!(Secret::new("").is_none());
}

#[test]
fn an_absent_header_is_refused_before_the_body() {
    for provider in all() {
        let Some(name) = deciding_header(&provider) else { continue };
        let arrived = Arrived::signed(provider.clone(), "s3cr3t");
        // Where GitHub's stronger signature is absent, the older one counts.
        let decides = |n: &str| n == name || (provider == Provider::Github && n == "x-hub-signature");
        let headers = arrived.headers().into_iter().filter(|(n, _)| !decides(n));
        let [_, verifying] = keyed(&provider, "s3cr3t");
        let begun = provider.begin(&arrived.with_headers(headers).head, &[verifying], now());
        assert!(matches!(begun, Err(Denied::Absent { .. })), "{provider:?} {begun:?}");
    }
}

/// The delivery with the deciding header's value replaced.
fn with_value(arrived: &Arrived, value: &[u8]) -> Arrived {
    let name = deciding_header(&arrived.provider).unwrap();
    let headers = arrived.headers().into_iter().map(|(n, v)| {
        let value = if n == name { value.to_vec() } else { v };
        (n, value)
    });
    arrived.with_headers(headers)
}

#[test]
fn an_empty_header_or_a_bare_prefix_is_refused_as_empty() {
    for provider in all() {
        let Some(name) = deciding_header(&provider) else { continue };
        let arrived = Arrived::signed(provider.clone(), "s3cr3t");
        let prefix = match &provider {
            Provider::Github | Provider::Bitbucket | Provider::BitbucketServer | Provider::Gitcode => "sha256=",
            Provider::Coding(_) => "sha1=",
            Provider::Slack => "v0=",
            Provider::Generic(GenericScheme::Hmac(scheme)) => &scheme.prefix,
            _ => "",
        };
        for value in ["", "  ", prefix] {
            let denied = with_value(&arrived, value.as_bytes()).verify("s3cr3t").unwrap_err();
            assert!(matches!(&denied, Denied::Empty { header } if header.eq_ignore_ascii_case(name)), "{denied:?}");
        }
    }
    let empty = Denied::Empty { header: "X-Hub-Signature-256".into() };
    assert_eq!(empty.to_string(), "`X-Hub-Signature-256` is empty: the forge has no secret set for this hook");
}

#[test]
fn a_doubled_header_is_refused_as_doubled_even_if_both_are_right() {
    for provider in all() {
        let Some(name) = deciding_header(&provider) else { continue };
        let arrived = Arrived::signed(provider.clone(), "s3cr3t");
        let value = arrived.head.headers.first(name).unwrap().to_vec();
        let twice = arrived.with_headers(arrived.headers().into_iter().chain([(name.to_owned(), value.clone())]));
        assert_eq!(twice.verify("s3cr3t"), Err(Denied::Twice(Twice(name.to_owned()))));
        // Of `generic` this is a list, of which one must be right.
        if matches!(provider, Provider::Generic(GenericScheme::Hmac(_))) {
            continue;
        }
        let joined = [value.as_slice(), b", ", &value].concat();
        let denied = with_value(&arrived, &joined).verify("s3cr3t").unwrap_err();
        assert!(matches!(denied, Denied::Malformed { .. } | Denied::Wrong { .. }), "{provider:?} {denied:?}");
    }
}

#[test]
fn a_value_of_another_shape_is_refused() {
    for provider in [
        Provider::Github,
        Provider::Gitea,
        Provider::Coding(CodingVersion::V2),
        Provider::Bitbucket,
        Provider::BitbucketServer,
        Provider::Sourcehut,
        Provider::Pagure,
        Provider::Gitcode,
        Provider::StandardWebhooks,
        Provider::Stripe,
        Provider::Slack,
        generic(),
    ] {
        let arrived = Arrived::signed(provider, "s3cr3t");
        let value = arrived.head.headers.first(deciding_header(&arrived.provider).unwrap()).unwrap().to_vec();
        let longer = [value.as_slice(), b"0"].concat();
        let inner = [&value[..10], b" ", &value[10..]].concat();
        let prefixed = [b"x=", value.as_slice()].concat();
        let wide = [&value[..value.len() - 1], "０".as_bytes()].concat();
        for shape in [&value[..value.len() - 1], &value[..value.len() - 2], &longer, &inner, &prefixed, &wide, b"\xff"]
        {
            let denied = with_value(&arrived, shape).verify("s3cr3t").unwrap_err();
            assert!(matches!(denied, Denied::Malformed { .. }), "{denied:?} {}", String::from_utf8_lossy(shape));
        }
    }
}

#[test]
fn sha_1_decides_only_where_sha_256_did_not_arrive() {
    for (provider, strong, weak, prefix) in [
        (Provider::Github, "X-Hub-Signature-256", "X-Hub-Signature", ["sha256=", "sha1="]),
        (Provider::Pagure, "X-Pagure-Signature-256", "X-Pagure-Signature", ["", ""]),
    ] {
        let right = format!("{}126f2c800419c60137ce748d7672e77b65cf16d6", prefix[1]);
        let wrong = format!("{}{:064}", prefix[0], 0);
        let verify = |headers: &[(&str, &str)]| {
            Arrived::new(provider.clone(), headers, "{\"yo\":true}").verify("0123456789abcdef")
        };
        assert!(verify(&[(weak, &right)]).is_ok());
        assert!(matches!(
            verify(&[(weak, &right.replace('1', "2"))]),
            Err(Denied::Wrong { .. } | Denied::Malformed { .. })
        ));
        assert!(matches!(verify(&[(weak, &right), (weak, &right)]), Err(Denied::Twice(_))));
        assert!(matches!(verify(&[(weak, &right), (strong, &wrong)]), Err(Denied::Wrong { .. })));
        assert!(matches!(verify(&[(weak, &right), (strong, "")]), Err(Denied::Empty { .. })));
        assert!(matches!(verify(&[(weak, prefix[1])]), Err(Denied::Empty { .. })));
        assert!(matches!(verify(&[]), Err(Denied::Absent { header }) if header == strong));
    }
}

#[test]
fn the_headers_that_a_family_member_copies_from_another_do_not_decide() {
    let arrived = Arrived::signed(Provider::Gitea, "s3cr3t");
    for provider in [Provider::Forgejo, Provider::Gogs, Provider::Github] {
        let changed = Arrived { provider, ..arrived.clone() };
        assert!(matches!(changed.verify("s3cr3t"), Err(Denied::Absent { .. })));
    }
}

#[test]
fn a_signature_of_gitee_is_no_password_and_a_password_no_signature() {
    let arrived = Arrived::signed(Provider::Gitee, "s3cr3t");
    let token = arrived.head.headers.text("x-gitee-token").unwrap();
    let time = NOW_MS.to_string();
    let verify = |key: &str, headers: &[(&str, &str)]| Arrived::new(Provider::Gitee, headers, "{}").verify(key);
    let (right, stamp) = (("X-Gitee-Token", token.as_str()), ("X-Gitee-Timestamp", time.as_str()));

    assert!(verify("s3cr3t", &[right, stamp]).is_ok());
    assert!(verify("s3cr3t", &[right]).is_err(), "a signature without its time");
    assert!(verify("other", &[right, stamp]).is_err(), "a signature with another secret");
    assert!(verify("s3cr3t", &[right, ("X-Gitee-Timestamp", "1790000000001")]).is_err(), "another time");
    for odd in ["+1790000000000", "01790000000000", "1790000000000.0", "", "99999999999999999999", "１"] {
        assert!(verify("s3cr3t", &[right, ("X-Gitee-Timestamp", odd)]).is_err(), "{odd:?}");
    }
    assert!(verify("s3cr3t", &[right, stamp, stamp]).is_err(), "two times");
    assert!(verify("s3cr3t", &[("X-Gitee-Token", "S3cr3t"), stamp]).is_err(), "a wrong password");

    // A password that looks like a signature is still a password, and needs no time stamp.
    assert!(verify(&token, &[right]).is_ok());
    assert!(verify(&token, &[right, ("X-Gitee-Timestamp", "1")]).is_ok());
}

#[test]
fn a_token_in_the_body_must_be_there_once_and_be_text() {
    let verify = |body: &str| Arrived::new(Provider::Coding(CodingVersion::V1), &[], body).verify("123").unwrap_err();
    for (body, part) in [
        ("", "EOF"),
        ("[]", "not a JSON object"),
        ("{}", "absent"),
        ("{\"token\":\"\"}", "empty"),
        ("{\"token\":123}", "absent"),
        ("{\"token\":null}", "absent"),
        ("{\"token\":[\"123\"]}", "absent"),
        ("{\"a\":{\"token\":\"123\"}}", "absent"),
        ("{\"token\":\"x\",\"token\":\"123\"}", "occurs twice"),
        ("{\"token\":\"123\",\"token\":\"x\"}", "occurs twice"),
        ("{\"token\":\"123\"}x", "trailing"),
        ("{\"token\":\"1234\"}", "wrong"),
    ] {
        let denied = verify(body).to_string();
        assert!(denied.contains(part), "{body}: {denied}");
    }
}

#[test]
fn a_form_that_two_readers_could_understand_differently_is_refused() {
    let document = "{\"yo\":true}";
    let signature = "b1f8020f5b4cd42042f807dd939015c4a418bc1ff7f604dd55b0a19b5d953d9b";
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("X-Gitea-Signature", signature)];
    for (body, error) in [
        ("payload=%7B%22yo%22:true%7D&payload=x", FormError::Repeated("payload")),
        ("payload=%7B%22yo%22:true%7D&a=%4", FormError::Percent),
        ("document=%7B%22yo%22:true%7D", FormError::Missing("payload")),
        (document, FormError::Bare),
    ] {
        let denied = Arrived::new(Provider::Gitea, &headers, body).verify("0123456789abcdef");
        assert_eq!(denied, Err(Denied::Form(error)));
    }
}

#[test]
fn the_sender_learns_whether_anything_was_signed_and_nothing_that_is_not_his() {
    let header = || "X-A".to_owned();
    for (denied, told) in [
        (Denied::NoSecret, "signature wrong"),
        (Denied::Wrong { what: header() }, "signature wrong"),
        (Denied::Malformed { header: header(), expected: "64 hex digits".into() }, "signature wrong"),
        (Denied::Absent { header: header() }, "not signed: no `X-A`; set the secret at the forge"),
        (Denied::Empty { header: header() }, "not signed: no `X-A`; set the secret at the forge"),
        (Denied::Twice(Twice("x-a".into())), "header `x-a` arrived twice"),
        (
            Denied::Clock { header: header(), minutes: 120, limit_minutes: 60, late: false },
            "the delivery is 120 min ahead of this machine's clock",
        ),
    ] {
        assert_eq!(denied.sender_text(), told);
    }
}

/// Headers that mean something to somebody, and values that could be taken for right ones.
fn any_headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let names = prop::sample::select(vec![
        "X-Hub-Signature-256",
        "X-Hub-Signature",
        "X-Gitea-Signature",
        "X-Forgejo-Signature",
        "X-Gogs-Signature",
        "X-Gitlab-Token",
        "X-Gitee-Token",
        "X-Gitee-Timestamp",
        "X-Coding-Signature",
        "X-Acme-Signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "svix-signature",
        "Authorization",
        "X-Payload-Signature",
        "X-Payload-Nonce",
        "X-Pagure-Signature-256",
        "X-Pagure-Signature",
        "X-GitCode-Signature-256",
        "X-GitCode-Token",
        "X-Codeup-Token",
        "X-Token",
        "X-Repo-Token",
        "Stripe-Signature",
        "X-Slack-Signature",
        "X-Slack-Request-Timestamp",
    ]);
    let digits =
        "(sha256=|sha1=|v=|)([0-9a-f]{40}|[0-9a-f]{64}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==|17900000000[0-9]{2})";
    let listed = "(t=1790000000,v1=[0-9a-f]{64}(,v1=[0-9a-f]{64})?|v0=[0-9a-f]{64}|v1,[A-Za-z0-9+/]{43}=( \
                  v1a,[A-Za-z0-9+/]{86}==)?)";
    let credentials = "((Bearer|basic) {1,2}[A-Za-z0-9+/]{1,12}={0,2}|1790000000|[0-9a-f]{16})";
    let value = prop_oneof![
        digits.prop_map(String::into_bytes),
        listed.prop_map(String::into_bytes),
        credentials.prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..90),
    ];
    prop::collection::vec((names.prop_map(str::to_owned), value), 0..8)
}

proptest! {
    #[test]
    fn nothing_unsigned_is_accepted(
        headers in any_headers(),
        body in prop::collection::vec(any::<u8>(), 0..120),
        form in any::<bool>(),
    ) {
        let content_type = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        for provider in all() {
            let arrived = Arrived::new(provider, &[("Content-Type", content_type)], body.clone());
            let arrived = arrived.with_headers(headers.iter().cloned());
            prop_assert!(arrived.verify("a secret that no generator finds").is_err());
        }
    }
}
