//! Pure. Lists of signatures, keys of several kinds, and signed times: Standard Webhooks, GitLab's signing tokens,
//! Stripe and Slack.

use super::known::{SYMMETRIC, TIME, V1, V1A};
use super::*;

const BODY: &str = "{\"say\":\"h\u{e9}llo\"}";
const WHPK: &str = "whpk_AjUF6t6OIYIZwKwjQIXiuzQLtCILSTM6l1Bw+AJ5wbU=";

fn standard(id: &str, time: &str, signature: &str) -> Arrived {
    let headers = [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)];
    Arrived::new(Provider::StandardWebhooks, &headers, BODY)
}

fn verify(arrived: &Arrived, texts: &[&str]) -> Result<Verified, Denied> {
    arrived.verify_with(&texts.iter().map(|text| secret(text)).collect::<Vec<_>>())
}

#[test]
fn one_right_signature_of_a_list_is_enough_and_unknown_versions_are_passed_over() {
    let zeros = format!("v1,{}", Encoding::Base64.encode(&[0; 32]));
    for list in [
        V1.to_owned(),
        format!("{V1A} {V1}"),
        format!("{zeros} {V1}"),
        format!("{V1} {zeros}"),
        format!("v2,AAAA {V1}"),
        format!("v1b,!! {V1}"),
    ] {
        assert!(verify(&standard("msg_1", TIME, &list), &[SYMMETRIC]).is_ok(), "{list}");
    }
    let many = [V1; 17].join(" ");
    let joined = format!("{V1}, {V1}");
    for list in ["v2,AAAA", &V1[3..], "v1,", "v1,AAAA", "v1", &joined, &many, "v1a,AAAA", &V1.replace("v1", "V1")] {
        let denied = verify(&standard("msg_1", TIME, list), &[SYMMETRIC]);
        assert!(matches!(denied, Err(Denied::Malformed { .. })), "{list}: {denied:?}");
    }
    assert!(matches!(verify(&standard("msg_1", TIME, &zeros), &[SYMMETRIC]), Err(Denied::Wrong { .. })));
}

#[test]
fn a_key_counts_for_its_own_kind_of_signature_only() {
    assert!(verify(&standard("msg_1", TIME, V1A), &[WHPK]).is_ok());
    assert_eq!(verify(&standard("msg_1", TIME, V1A), &[SYMMETRIC, WHPK]).unwrap().secret_index(), 1);
    for (signature, key) in [(V1, WHPK), (V1A, SYMMETRIC)] {
        assert!(matches!(verify(&standard("msg_1", TIME, signature), &[key]), Err(Denied::Wrong { .. })));
    }
    // Whoever knows the public key signs with it as if it were a symmetric one.
    let confused = secret(&WHPK.replace("whpk_", "whsec_"));
    let forged = Arrived::signed_as(Provider::StandardWebhooks, &confused, "push", BODY);
    assert!(forged.verify_with(std::slice::from_ref(&confused)).is_ok());
    assert!(matches!(verify(&forged, &[WHPK]), Err(Denied::Wrong { .. })));
}

#[test]
fn secrets_that_are_no_keys_are_said_to_be_none() {
    // The last is the neutral element of the curve: a key for which anybody can sign.
    let weak = format!("whpk_{}", Encoding::Base64.encode(&[&[1][..], &[0; 31]].concat()));
    for text in ["plain text", "whsec_", "whsec_!", "whpk_AAAA", "whpk_", &weak] {
        let denied = verify(&standard("msg_1", TIME, V1), &[SYMMETRIC, text]);
        assert!(matches!(denied, Err(Denied::Key { .. })), "{text}: {denied:?}");
        let headers = [("X-Payload-Signature", &V1A[4..]), ("X-Payload-Nonce", "0123456789abcdef")];
        let denied = verify(&Arrived::new(Provider::Sourcehut, &headers, BODY), &[text]);
        assert!(matches!(denied, Err(Denied::Key { .. })), "{text}: {denied:?}");
    }
}

#[test]
fn private_keys_sign_and_public_ones_do_not() {
    let key = private_key("x");
    let base64 = |bytes: &[u8]| Encoding::Base64.encode(bytes);
    let (seed, public) = (base64(key.as_bytes()), base64(key.verifying_key().as_bytes()));
    for text in [format!("whsk_{seed}"), format!("whsk_{}", base64(&key.to_keypair_bytes()))] {
        let arrived = Arrived::signed_as(Provider::StandardWebhooks, &secret(&text), "push", BODY);
        assert!(verify(&arrived, &[&format!("whpk_{public}")]).is_ok());
    }
    for (provider, text) in [
        (Provider::StandardWebhooks, format!("whpk_{public}")),
        (Provider::StandardWebhooks, "whsk_AAAA".to_owned()),
        (Provider::StandardWebhooks, "plain text".to_owned()),
        (Provider::Sourcehut, "plain text".to_owned()),
        (Provider::Sourcehut, public.clone()),
        (Provider::Sourcehut, "whsk_AAAA".to_owned()),
    ] {
        assert!(provider.sign(&secret(&text), b"{}", "push", "d", now()).is_err(), "{text}");
    }
}

#[test]
fn ids_and_times_that_could_be_cut_otherwise_are_refused() {
    for (id, is_right) in [("msg_1", true), ("", false), ("msg_1.1790000000", false), (".", false)] {
        let key = secret(SYMMETRIC);
        let headers = Provider::StandardWebhooks.sign(&key, BODY.as_bytes(), "push", id, now()).unwrap();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let arrived = Arrived::new(Provider::StandardWebhooks, &headers, BODY);
        assert_eq!(verify(&arrived, &[SYMMETRIC]).is_ok(), is_right, "{id}");
    }
    for time in ["", "hello", "01790000000", "+1790000000", "1790000000.0", "99999999999999999999", "1790000001"] {
        assert!(verify(&standard("msg_1", time, V1), &[SYMMETRIC]).is_err(), "{time}");
    }
    let headers = [("webhook-id", "msg_1"), ("svix-timestamp", TIME), ("webhook-signature", V1)];
    let mixed = Arrived::new(Provider::StandardWebhooks, &headers, BODY);
    assert!(matches!(verify(&mixed, &[SYMMETRIC]), Err(Denied::Absent { header }) if header == "webhook-timestamp"));
}

#[test]
fn a_signed_time_may_be_five_minutes_off_either_way_and_the_log_says_by_how_much() {
    for (provider, text) in [
        (Provider::StandardWebhooks, SYMMETRIC),
        (Provider::Gitlab, SYMMETRIC),
        (Provider::Stripe, "s3cr3t"),
        (Provider::Slack, "s3cr3t"),
    ] {
        let arrived = Arrived::signed_as(provider.clone(), &secret(text), "push", BODY);
        let at = |offset_s: i64, text: &str| {
            let now = now() + jiff::SignedDuration::from_millis(offset_s * 1000 + 999);
            let mut check = provider.begin(&arrived.head, &[secret(text)], now)?;
            check.update(&arrived.body);
            check.finish(&mut std::io::empty()).map(drop)
        };
        assert_eq!((at(300, text), at(-300, text)), (Ok(()), Ok(())), "{provider:?}");
        for (offset_s, is_late) in [(301, true), (-301, false)] {
            let denied = at(offset_s, text);
            let expected =
                matches!(&denied, Err(Denied::Clock { minutes: 6, limit_minutes: 5, late, .. }) if *late == is_late);
            assert!(expected, "{provider:?} {denied:?}");
        }
        // The clock is not blamed for a wrong secret.
        let other = if text == SYMMETRIC { "whsec_AAAA" } else { "other" };
        assert!(matches!(at(9999, other), Err(Denied::Wrong { .. })), "{provider:?}");
    }
}

#[test]
fn where_gitlabs_signature_arrived_no_token_is_a_way_around_it() {
    let verify = |headers: &[(&str, &str)], texts: &[&str]| {
        verify(&Arrived::new(Provider::Gitlab, headers, BODY), texts).map(|proof| proof.secret_index())
    };
    let token = ("X-Gitlab-Token", "t0ken");
    let signed = [("webhook-id", "msg_1"), ("webhook-timestamp", TIME), ("webhook-signature", V1), token];
    assert_eq!(verify(&signed, &["t0ken", SYMMETRIC]), Ok(1));
    for signature in ["v1,AAAA", "", "v2,x", &V1.replace("eiK", "eiL")] {
        let wrong = [signed[0], signed[1], ("webhook-signature", signature), token];
        assert!(verify(&wrong, &["t0ken", SYMMETRIC]).is_err(), "{signature}");
        assert!(verify(&wrong, &["t0ken"]).is_err(), "{signature}");
    }
    assert!(matches!(verify(&signed, &["t0ken"]), Err(Denied::Key { .. })));
    assert_eq!(verify(&[signed[0], signed[1], token], &["t0ken", SYMMETRIC]), Ok(0));
    // A signing token is no token, whoever sends it as one.
    let as_token = [("X-Gitlab-Token", SYMMETRIC)];
    assert!(matches!(verify(&as_token, &[SYMMETRIC]), Err(Denied::Absent { .. })));
    assert!(matches!(verify(&as_token, &["t0ken", SYMMETRIC]), Err(Denied::Wrong { .. })));
}

#[test]
fn the_header_of_stripe_has_one_time_and_no_blanks() {
    let right = Arrived::signed_as(Provider::Stripe, &secret("s3cr3t"), "push", BODY);
    let value = right.head.headers.text("stripe-signature").unwrap();
    let (time, digest) = value.split_once(',').unwrap();
    let verify =
        |value: &str| Arrived::new(Provider::Stripe, &[("Stripe-Signature", value)], BODY).verify("s3cr3t").map(drop);
    let zeros = format!("v1={:064}", 0);
    for value in [
        value.clone(),
        format!("{digest},{time}"),
        format!("{time},{zeros},{digest}"),
        format!("{time},v0={:064},{digest}", 0),
        format!("{time},{digest},x=y"),
    ] {
        assert_eq!(verify(&value), Ok(()), "{value}");
    }
    for value in [
        digest.to_owned(),
        time.to_owned(),
        format!("{time},{time},{digest}"),
        format!("t=1,{time},{digest}"),
        format!("{time},{}", digest.replace("v1=", "v0=")),
        format!("{time},{digest},"),
        format!("{time}, {digest}"),
        format!("{value}, {value}"),
        format!("t=,{digest}"),
        format!("{time},{digest}0"),
        format!("{time},{}", [digest; 17].join(",")),
    ] {
        let denied = verify(&value);
        assert!(matches!(denied, Err(Denied::Malformed { .. })), "{value}: {denied:?}");
    }
}

#[test]
fn a_nonce_has_sixteen_digits_so_that_no_byte_moves_between_it_and_the_body() {
    let arrived = Arrived::signed(Provider::Sourcehut, "s3cr3t");
    assert!(arrived.verify("s3cr3t").is_ok());
    let nonce = arrived.head.headers.text("x-payload-nonce").unwrap();
    let with = |nonce: String, body: Vec<u8>| {
        let headers = arrived.headers().into_iter().map(|(name, value)| match name.as_str() {
            "x-payload-nonce" => (name, nonce.clone().into_bytes()),
            _ => (name, value),
        });
        Arrived { body, ..arrived.with_headers(headers) }.verify("s3cr3t")
    };
    let longer = with(nonce[1..].to_owned(), [arrived.body.as_slice(), &nonce.as_bytes()[..1]].concat());
    assert!(matches!(longer, Err(Denied::Malformed { .. })), "{longer:?}");
    let (body, last) = arrived.body.split_at(arrived.body.len() - 1);
    let shorter = with(format!("{}{nonce}", char::from(last[0])), body.to_vec());
    assert!(matches!(shorter, Err(Denied::Malformed { .. })), "{shorter:?}");
}

#[test]
fn a_signature_of_gitcode_is_never_made_good_by_a_token() {
    let verify = |headers: &[(&str, &str)]| Arrived::new(Provider::Gitcode, headers, BODY).verify("s3cr3t").map(drop);
    let token = ("X-GitCode-Token", "s3cr3t");
    let wrong = format!("sha256={:064}", 0);
    assert_eq!(verify(&[token]), Ok(()));
    for signature in ["", "sha256=", &wrong] {
        assert!(verify(&[token, ("X-GitCode-Signature-256", signature)]).is_err(), "{signature}");
    }
    assert!(matches!(verify(&[]), Err(Denied::Absent { header }) if header == "X-GitCode-Signature-256"));
}

#[test]
fn the_first_token_of_codearts_that_arrived_decides() {
    let verify = |headers: &[(&str, &str)]| Arrived::new(Provider::Codearts, headers, BODY).verify("s3cr3t").map(drop);
    assert_eq!(verify(&[("X-Gitlab-Token", "s3cr3t")]), Ok(()));
    assert!(matches!(verify(&[("X-Gitlab-Token", "s3cr3t"), ("X-Repo-Token", "x")]), Err(Denied::Wrong { .. })));
    assert!(matches!(verify(&[("X-Gitlab-Token", "s3cr3t"), ("X-Repo-Token", "")]), Err(Denied::Empty { .. })));
}

#[test]
fn credentials_need_their_scheme_and_a_blank() {
    let verify = |scheme, value: &str| {
        let provider = Provider::Generic(GenericScheme::Authorization(scheme));
        Arrived::new(provider, &[("Authorization", value)], BODY).verify("u:s3cr3t").map(drop)
    };
    assert_eq!(verify(Authorization::Bearer, "bEARER u:s3cr3t"), Ok(()));
    assert_eq!(verify(Authorization::Basic, "Basic dTpzM2NyM3Q="), Ok(()));
    for (scheme, value) in [
        (Authorization::Bearer, "Beareru:s3cr3t"),
        (Authorization::Bearer, "Bearer\tu:s3cr3t"),
        (Authorization::Bearer, "Bearer"),
        (Authorization::Bearer, "u:s3cr3t"),
        (Authorization::Basic, "Basic dTpzM2NyM3Q"),
        (Authorization::Basic, "Basic"),
        (Authorization::Basic, "Bearer dTpzM2NyM3Q="),
    ] {
        assert!(matches!(verify(scheme, value), Err(Denied::Malformed { .. })), "{value}");
    }
    for (scheme, value) in [
        (Authorization::Bearer, "Bearer u:s3cr3t, Bearer u:s3cr3t"),
        (Authorization::Basic, "Basic Og=="),
        (Authorization::Verbatim, "U:s3cr3t"),
        (Authorization::Verbatim, "Bearer u:s3cr3t"),
    ] {
        assert!(matches!(verify(scheme, value), Err(Denied::Wrong { .. })), "{value}");
    }
}

#[test]
fn strengths_are_what_the_checks_prove() {
    let with = |strength: Strength| {
        let names =
            all().into_iter().filter(|provider| provider.strength() == strength).map(|provider| provider.name());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(with(Strength::SignedBodyAndTime), "standard-webhooks stripe slack");
    assert_eq!(
        with(Strength::SignedBody),
        "github gitea forgejo gogs coding generic bitbucket bitbucket-server pagure"
    );
    assert_eq!(with(Strength::SignedTime), "gitee");
    assert_eq!(with(Strength::InstanceKey), "sourcehut");
    assert_eq!(with(Strength::SecretUrl), "docker-hub");
    assert_eq!(
        with(Strength::SharedToken),
        "forgejo gitlab coding gitcode codeup tencent-git codearts generic azure-devops harbor"
    );
    assert_eq!(Strength::SignedBody.to_string(), "signed body");
    assert!(Strength::InstanceKey.to_string().starts_with("instance key; proves little: "));
}

#[test]
fn those_whose_redelivery_is_a_persons_wish_do_not_send_again() {
    let names = Provider::ALL.iter().filter(|provider| provider.sends_again()).map(Provider::name);
    assert_eq!(names.collect::<Vec<_>>().join(" "), "bitbucket azure-devops harbor standard-webhooks stripe slack");
}
