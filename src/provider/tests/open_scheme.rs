//! Pure. `generic`: whatever services sign, and how. The signatures are Python's.

use super::*;
use crate::provider::{SignedParts, TimePlace, TimeScheme};
use std::time::Duration;

const BODY: &str = r#"{"a":1}"#;
const HEX: &str = "d42927434049e0b8c73ce887062238cc1c6bb6644bfe66e66d8dd0f30b85679e";
const BASE64URL: &str = "1CknQ0BJ4LjHPOiHBiI4zBxrtmRL_mbmbY3Q8wuFZ54=";
/// 2026-09-21T14:13:20Z, and the body after or before it.
const DOT: &str = "8a51f1eea5188f8130aaeacb66b85607b6b1d1560784c68c6715c43a1be8d0fa";
const COLON: &str = "d047474fc9402c335fad14e3ba7535f1d772ee8e012aca6357c0784f84926785";
const RFC_3339: &str = "9144f28a9607f1ba5131202ca4e0810d71e9457416563708e5498658f425975a";
const AFTER_BODY: &str = "oxs+W+r+kLiaP2Kcbijtm4qVOsBTrFoOuSWcHlWznhd+wyDEfUa4sS8r1Zs1l/bqRIXAhNxA9PR++wECeO4g+w==";

fn scheme() -> HmacScheme {
    HmacScheme {
        header: "x-sign".into(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: String::new(),
        time: None,
    }
}

fn time(place: TimePlace, signed: &str) -> TimeScheme {
    TimeScheme { place, signed: SignedParts::parse(signed).unwrap(), tolerance: Duration::from_secs(300) }
}

fn verified(scheme: &HmacScheme, headers: &[(&str, &str)]) -> Result<Verified, Denied> {
    let provider = Provider::Generic(GenericScheme::Hmac(scheme.clone()));
    Arrived::new(provider, headers, BODY).verify("s3cr3t")
}

#[test]
fn of_a_list_of_signatures_in_one_header_one_must_be_right() {
    let (zeros, v1) = ("0".repeat(64), HmacScheme { prefix: "v1=".into(), ..scheme() });
    let last = format!("{zeros}{}", "0".repeat(2));
    for value in [format!("{zeros},{HEX}"), format!("{HEX}, {last}"), format!("x={zeros} {HEX}"), format!("{HEX};")] {
        assert!(verified(&scheme(), &[("X-Sign", &value)]).is_ok(), "{value}");
    }
    for value in [format!("v0={zeros},v1={HEX}"), format!("v1={zeros} v1={HEX}")] {
        assert!(verified(&v1, &[("X-Sign", &value)]).is_ok(), "{value}");
    }
    for value in
        [format!("{zeros},{zeros}"), format!("v0={HEX}"), format!("{HEX}{HEX}"), format!("{},{HEX}", "0".repeat(63))]
    {
        let is_right = verified(&v1, &[("X-Sign", &value)]).is_ok();
        assert!(!is_right, "{value}");
    }
    let many = vec![zeros.as_str(); 16].join(",") + "," + HEX;
    assert!(matches!(verified(&scheme(), &[("X-Sign", &many)]), Err(Denied::Wrong { .. })), "more than are looked at");
    assert!(matches!(verified(&v1, &[("X-Sign", "v0=12")]), Err(Denied::Malformed { .. })));
}

#[test]
fn base64_for_urls_needs_no_padding_and_may_have_it() {
    let scheme = HmacScheme { encoding: Encoding::Base64Url, ..scheme() };
    for value in [BASE64URL, BASE64URL.trim_end_matches('=')] {
        assert!(verified(&scheme, &[("X-Sign", value)]).is_ok(), "{value}");
    }
    let standard = BASE64URL.replace('-', "+").replace('_', "/");
    assert_ne!(standard, BASE64URL);
    assert!(verified(&scheme, &[("X-Sign", &standard)]).is_err());
}

#[test]
fn a_time_is_signed_wherever_it_stands_and_in_whatever_order() {
    let prefixed = |prefix: &str, signed: &str| HmacScheme {
        prefix: "v1=".into(),
        time: Some(time(TimePlace::Prefix(prefix.into()), signed)),
        ..scheme()
    };
    let stripe = prefixed("t=", "{time}.{body}");
    assert!(verified(&stripe, &[("X-Sign", &format!("t=1790000000,v1={DOT}"))]).is_ok());
    assert!(verified(&prefixed("ts=", "{time}:{body}"), &[("X-Sign", &format!("ts=1790000000;v1={COLON}"))]).is_ok());
    let doubt = format!("t=1790000000,t=1790000001,v1={DOT}");
    assert!(matches!(verified(&stripe, &[("X-Sign", &doubt)]), Err(Denied::Malformed { .. })), "two times");
    assert!(matches!(verified(&stripe, &[("X-Sign", &format!("v1={DOT}"))]), Err(Denied::Malformed { .. })));
    let header = || TimePlace::Header("x-time".into());
    let rfc_3339 = HmacScheme { time: Some(time(header(), "{time}{body}")), ..scheme() };
    assert!(verified(&rfc_3339, &[("X-Sign", RFC_3339), ("X-Time", "2026-09-21T14:13:20Z")]).is_ok());
    let behind = HmacScheme {
        algorithm: Algorithm::Sha512,
        encoding: Encoding::Base64,
        time: Some(time(header(), "{body}{time}")),
        ..scheme()
    };
    assert!(verified(&behind, &[("X-Sign", AFTER_BODY), ("X-Time", "1790000000000")]).is_ok());
    assert!(
        matches!(verified(&behind, &[("X-Sign", AFTER_BODY)]), Err(Denied::Absent { header }) if header == "x-time")
    );
    assert!(matches!(
        verified(&behind, &[("X-Sign", AFTER_BODY), ("X-Time", "1790000000001")]),
        Err(Denied::Wrong { .. })
    ));
}

#[test]
fn a_time_that_is_too_far_away_is_refused_once_the_signature_is_right() {
    let scheme = HmacScheme { time: Some(time(TimePlace::Header("x-time".into()), "{time}.{body}")), ..scheme() };
    let provider = Provider::Generic(GenericScheme::Hmac(scheme));
    let sent = Arrived::signed(provider.clone(), "s3cr3t");
    let late = |seconds: i64| {
        let now = now() + jiff::SignedDuration::from_secs(seconds);
        let mut check = provider.begin(&sent.head, &[secret("s3cr3t")], now)?;
        check.update(&sent.body);
        check.finish(&mut sent.body.as_slice())
    };
    assert!(late(300).is_ok() && late(-300).is_ok());
    assert!(matches!(late(301), Err(Denied::Clock { minutes: 6, late: true, .. })));
    assert_eq!(provider.strength(), Strength::SignedBodyAndTime);
}

#[test]
fn what_is_signed_names_the_body_once_and_the_time() {
    for text in ["{body}", "{time}", "", "{time}{body}{body}", "body.time"] {
        assert_eq!(SignedParts::parse(text), None, "{text}");
    }
    assert!(SignedParts::parse("v0:{time}:{body}:{time}").is_some());
}

#[test]
fn a_fixed_secret_may_come_in_any_header() {
    let provider = Provider::Generic(GenericScheme::Token("x-token".into()));
    let with = |value: &str| Arrived::new(provider.clone(), &[("X-Token", value)], BODY).verify("s3cr3t");
    assert!(with("s3cr3t").is_ok());
    assert!(matches!(with("s3cr3"), Err(Denied::Wrong { .. })));
    assert!(matches!(with(""), Err(Denied::Empty { .. })));
    assert!(Arrived::signed(provider, "s3cr3t").verify("s3cr3t").is_ok());
}
