//! Pure. Deliveries that are authentic, by known answers and by our own signing.

use super::*;
use proptest::prelude::*;

/// A published or independently computed answer.
struct KnownDelivery {
    provider: Provider,
    secret: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// HMAC-SHA256 of `{"yo":true}` under `0123456789abcdef`.
const YO: &str = "b1f8020f5b4cd42042f807dd939015c4a418bc1ff7f604dd55b0a19b5d953d9b";

fn rfc(algorithm: Algorithm, encoding: Encoding) -> Provider {
    Provider::Generic(GenericScheme::Hmac(HmacScheme {
        header: "x-mac".into(),
        algorithm,
        encoding,
        prefix: String::new(),
        time: None,
    }))
}

/// Test case 2 of RFC 2202 (SHA-1) and RFC 4231 (SHA-256 and SHA-512).
fn rfc_cases() -> Vec<KnownDelivery> {
    let (secret, body) = ("Jefe", "what do ya want for nothing?");
    let sha1 = &[("X-Mac", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")];
    let sha256 = &[("X-Mac", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")];
    let base64 = &[("X-Mac", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=")];
    let sha512 = &[(
        "X-Mac",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
         9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    )];
    vec![
        KnownDelivery { provider: rfc(Algorithm::Sha1, Encoding::Hex), secret, headers: sha1, body },
        KnownDelivery { provider: rfc(Algorithm::Sha256, Encoding::Hex), secret, headers: sha256, body },
        KnownDelivery { provider: rfc(Algorithm::Sha256, Encoding::Base64), secret, headers: base64, body },
        KnownDelivery { provider: rfc(Algorithm::Sha512, Encoding::Hex), secret, headers: sha512, body },
    ]
}

fn forge_cases() -> Vec<KnownDelivery> {
    let key = "0123456789abcdef";
    vec![
        KnownDelivery {
            provider: Provider::Github,
            secret: "It's a Secret to Everybody",
            headers: &[(
                "X-Hub-Signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            )],
            body: "Hello, World!",
        },
        KnownDelivery {
            provider: Provider::Github,
            secret: key,
            headers: &[(
                "X-Hub-Signature-256",
                "sha256=B1F8020F5B4CD42042F807DD939015C4A418BC1FF7F604DD55B0A19B5D953D9B",
            )],
            body: "{\"yo\":true}",
        },
        // GitHub signs the raw form …
        KnownDelivery {
            provider: Provider::Github,
            secret: key,
            headers: &[
                FORM,
                ("X-Hub-Signature-256", "sha256=30f622d549ca623f1c553f7e395a80c9487b43b9feaf9af4a1811381ddf5a94d"),
            ],
            body: "payload=%7B%22yo%22%3Atrue%7D",
        },
        // … and the others the document inside it.
        KnownDelivery {
            provider: Provider::Gitea,
            secret: key,
            headers: &[FORM, ("X-Gitea-Signature", YO)],
            body: "payload=%7B%22yo%22%3Atrue%7D",
        },
        KnownDelivery {
            provider: Provider::Gogs,
            secret: key,
            headers: &[("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"), ("X-Gogs-Signature", YO)],
            body: "x=1&payload=%7b%22yo%22:true%7d&y=2",
        },
        KnownDelivery {
            provider: Provider::Forgejo,
            secret: key,
            headers: &[("X-Forgejo-Signature", YO)],
            body: "{\"yo\":true}",
        },
        KnownDelivery {
            provider: Provider::Coding(CodingVersion::V2),
            secret: key,
            headers: &[("X-Coding-Signature", "sha1=126f2c800419c60137ce748d7672e77b65cf16d6")],
            body: "{\"yo\":true}",
        },
        KnownDelivery {
            provider: Provider::Coding(CodingVersion::V1),
            secret: "123",
            headers: &[FORM],
            body: "payload=%7B%22token%22:%22%5Cu00312%5Cu0033%22%7D",
        },
        KnownDelivery {
            provider: Provider::Gitlab,
            secret: "a,b",
            headers: &[("X-Gitlab-Token", "a,b"), ("webhook-id", "x"), ("webhook-timestamp", "1")],
            body: "",
        },
        KnownDelivery {
            provider: Provider::Gitee,
            secret: "hook-pass",
            headers: &[("X-Gitee-Token", "hook-pass")],
            body: "",
        },
    ]
}

#[test]
fn known_answers_are_accepted() {
    for known in rfc_cases().into_iter().chain(forge_cases()) {
        let arrived = Arrived::new(known.provider, known.headers, known.body);
        let verified = arrived.verify(known.secret);
        assert_eq!(verified.map(|proof| proof.secret_index()), Ok(0), "{:?} {:?}", arrived.provider, known.headers);
    }
}

#[test]
fn known_pairs_of_gitee_are_accepted_in_their_hour_and_not_after() {
    for (secret_text, time_ms, token) in [
        ("123654", 1_672_135_206_524_i64, "AbEvusCKxqRkBtTr4fD47SGVP/mRwlt48iuUYMFRloI="),
        ("bBg5lrt03VixkX85CNqYIcecC0SIGASE", 1_633_679_083_918, "Xvh4YPVe6l31XpDRL9J2yeaEXabsckIoUUschpXiVck="),
        ("bBg5lrt03VixkX85CNqYIcecC0SIGASE", 1_633_679_083_918, "Xvh4YPVe6l31XpDRL9J2yeaEXabsckIoUUschpXiVck%3D"),
    ] {
        let headers = [("X-Gitee-Token", token), ("X-Gitee-Timestamp", &time_ms.to_string())];
        let arrived = Arrived::new(Provider::Gitee, &headers, "");
        let begin = |offset_ms: i64| {
            let now = Timestamp::from_millisecond(time_ms + offset_ms).unwrap();
            Provider::Gitee.begin(&arrived.head, &[secret(secret_text)], now).map(drop)
        };
        assert_eq!(begin(3_600_000), Ok(()));
        assert_eq!(begin(-3_600_000), Ok(()));
        let late = begin(3_600_001).unwrap_err();
        assert_eq!(
            late.to_string(),
            "`X-Gitee-Timestamp` is 61 min behind this machine's clock, more than the 60 min allowed: \
             see whether the clock is right (`timedatectl`)"
        );
        let early = begin(-7_200_000).unwrap_err();
        assert_eq!(
            early,
            Denied::Clock { header: "X-Gitee-Timestamp".into(), minutes: 120, limit_minutes: 60, late: false }
        );
    }
}

#[test]
fn what_we_sign_for_a_provider_is_accepted_and_says_what_we_put_in() {
    for provider in all() {
        let arrived = Arrived::signed(provider, "s3cr3t");
        assert_eq!(arrived.verify("s3cr3t").map(|proof| proof.secret_index()), Ok(0), "{:?}", arrived.provider);
        let event = arrived.event();
        assert_eq!(event.repository.as_deref(), Some("me/docs"));
        assert_eq!(event.pusher.as_deref(), Some("ada"), "{:?}", arrived.provider);
        if matches!(arrived.provider, Provider::DockerHub | Provider::Harbor) {
            assert_eq!((event.kind, event.reference), (EventKind::Package, None));
            continue;
        }
        assert_eq!(event.kind, EventKind::Push);
        assert_eq!(event.reference, crate::model::RefName::branch_named("main"));
        assert_eq!((event.before.as_deref(), event.after.as_deref()), (Some(BEFORE), Some(AFTER)));
        let names_default = shaped().contains(&arrived.provider) || arrived.provider == Provider::AzureDevops;
        assert_eq!(event.default_branch.as_deref(), names_default.then_some("main"), "{:?}", arrived.provider);
        assert_eq!(event.changes.paths.len(), 0);
        assert!(event.message.is_none_or(|message| message == "a test by hookspool"));
    }
}

#[test]
fn any_of_several_secrets_is_found_and_named() {
    let texts = ["old", "new", "next"];
    for provider in all() {
        let secrets = texts.map(|text| keyed(&provider, text)).map(|[_, verifying]| verifying);
        for (index, one) in texts.iter().enumerate() {
            let arrived = Arrived::signed(provider.clone(), one);
            assert_eq!(arrived.verify_with(&secrets).map(|proof| proof.secret_index()), Ok(index), "{provider:?}");
        }
        let stranger = Arrived::signed(provider, "other");
        assert!(matches!(stranger.verify_with(&secrets), Err(Denied::Wrong { .. })));
    }
}

#[test]
fn names_are_those_of_the_configuration() {
    let names: Vec<_> = all().iter().map(Provider::name).collect();
    assert!(Provider::NAMES.iter().all(|name| names.contains(name)), "{names:?}");
    assert!(names.iter().all(|name| Provider::NAMES.contains(name)), "{names:?}");
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_a_body_comes(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        cuts in proptest::collection::vec(0_usize..200, 0..5),
        form in any::<bool>(),
    ) {
        let key = secret("s3cr3t");
        let body = if form { form_of(&body) } else { body };
        for provider in [Provider::Github, Provider::Gitea, generic()] {
            let signed = if form && provider == Provider::Gitea { decoded(&provider, &body) } else { body.clone() };
            let mut headers = provider.sign(&key, &signed, "push", "d", now()).unwrap();
            let content_type = if form { FORM.1 } else { "application/json" };
            headers[0].1 = content_type.into();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let arrived = Arrived::new(provider.clone(), &headers, body.clone());
            let mut check = provider.begin(&arrived.head, std::slice::from_ref(&key), now()).unwrap();
            let mut rest = body.as_slice();
            for cut in &cuts {
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                check.update(piece);
                rest = tail;
            }
            check.update(rest);
            prop_assert!(check.finish(&mut std::io::empty()).is_ok());
        }
    }
}

/// `bytes` as the field `payload` of a form.
fn form_of(bytes: &[u8]) -> Vec<u8> {
    let digits = hex::encode(bytes).into_bytes();
    let encoded = digits.chunks(2).flat_map(|pair| [b'%', pair[0], pair[1]]);
    b"payload=".iter().copied().chain(encoded).collect()
}

fn decoded(provider: &Provider, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    provider.document(true, &mut &body[..]).read_to_end(&mut out).unwrap();
    out
}
