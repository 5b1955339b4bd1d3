//! Pure. The cause of a signature that does not match: known mistakes are tried out, each by the very check that
//! refused the delivery. What is told is which one makes it pass, never a secret or the signature that was expected.

use super::request::{FORM, JSON, claimed_length};
use super::rewritten::{Layout, rewritten};
use crate::intake::looks_like;
use crate::model::Head;
use crate::provider::{Algorithm, Denied, Encoding, GenericScheme, HmacScheme, Provider, Secret, Verified};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use jiff::Timestamp;
use std::io::Read;

/// Most bytes of a compressed body that are looked at when it is open.
const OPENED_LIMIT_BYTES: u64 = 64 << 20;

/// A secret, and what a person knows it by.
#[derive(Clone)]
pub(super) struct LabelledSecret {
    pub(super) secret: Secret,
    pub(super) label: String,
}

/// A delivery and the hook's way to check it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) provider: &'a Provider,
    pub(super) head: &'a Head,
    pub(super) body: &'a [u8],
    pub(super) now: Timestamp,
}

impl Case<'_> {
    /// The result of the receiver's check.
    pub(super) fn verify(&self, secrets: &[Secret]) -> Result<Verified, Denied> {
        let mut check = self.provider.begin(self.head, secrets, self.now)?;
        check.update(self.body);
        check.finish(&mut &*self.body)
    }

    fn passes(&self, secret: &Secret) -> bool {
        match self.verify(std::slice::from_ref(secret)) {
            // The signature was right, or there would be no word of the time.
            Ok(_) | Err(Denied::Clock { .. }) => true,
            Err(_) => false,
        }
    }
}

/// The first known mistake with which the delivery passes, and whether it is another provider's. `keys` are
/// the secrets that count, `others` such as are expired or belong to other hooks.
pub(super) fn findings(case: Case<'_>, keys: &[LabelledSecret], others: &[LabelledSecret]) -> Vec<String> {
    let lost = lost_authorization(case, keys);
    let mistake = another_time(case, keys)
        .or_else(|| another_secret(case, others))
        .or_else(|| other_text(case, keys))
        .or_else(|| other_body(case, keys))
        .or_else(|| other_body_and_text(case, keys, others))
        // Forges sign beside the `Authorization` that they send, so that another provider's check may well pass.
        .or_else(|| other_provider(case, keys).filter(|_| lost.is_none()))
        .or_else(|| other_header(case, keys).filter(|_| lost.is_none()));
    mistake.into_iter().chain(lost).collect()
}

/// Nothing is wrong but the time, which says less the longer ago the delivery arrived.
fn another_time(case: Case<'_>, keys: &[LabelledSecret]) -> Option<String> {
    let secrets: Vec<Secret> = keys.iter().map(|key| key.secret.clone()).collect();
    let is_late = matches!(case.verify(&secrets), Err(Denied::Clock { .. }));
    let advice = "say with `--at` when the delivery arrived, if that was not now";
    is_late.then(|| format!("the signature is right, and only its time is not: {advice}"))
}

fn another_secret(case: Case<'_>, others: &[LabelledSecret]) -> Option<String> {
    let key = others.iter().find(|key| case.passes(&key.secret))?;
    Some(format!("it matches {}", key.label))
}

/// A secret as people get it wrong, and how.
fn texts(key: &LabelledSecret) -> Vec<(Secret, String)> {
    let bytes = key.secret.bytes();
    let variant = |bytes: Vec<u8>, what: &str| Some((Secret::new(bytes)?, what.replace("{}", &key.label)));
    let unmarked = bytes.strip_prefix("\u{feff}".as_bytes()).map(<[u8]>::trim_ascii);
    let unquoted = bytes.trim_ascii().strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    [
        variant([bytes, b"\n"].concat(), "it matches {} with a line feed at its end: the forge's secret ends with one"),
        variant([bytes, b"\r\n"].concat(), "it matches {} with CR LF at its end: the forge's secret ends so"),
        variant(bytes.trim_ascii().to_vec(), "it matches {} without the blanks around it: remove them there"),
        unmarked.and_then(|text| {
            variant(text.to_vec(), "it matches {} without the byte order mark at its beginning: remove it there")
        }),
        unquoted.and_then(|text| variant(text.to_vec(), "it matches {} without its quotes: remove them there")),
    ]
    .into_iter()
    .flatten()
    .filter(|(secret, _)| secret.bytes() != bytes)
    .collect()
}

fn other_text(case: Case<'_>, keys: &[LabelledSecret]) -> Option<String> {
    keys.iter().flat_map(texts).find(|(secret, _)| case.passes(secret)).map(|(_, what)| what)
}

/// A body as it may have been when it was signed.
struct Variant {
    body: Vec<u8>,
    content_type: &'static str,
    what: &'static str,
}

/// Variants of the body as it may have been signed; one at a time, since each may be large.
fn bodies(case: Case<'_>) -> impl Iterator<Item = Variant> {
    let content_type = if case.head.is_form() { FORM } else { JSON };
    let as_other_json =
        rewritten(case.body).map(|(layout, body)| Variant { body, content_type: JSON, what: written(layout) });
    let is_other = move |variant: &Variant| variant.body != case.body || variant.content_type != content_type;
    changed_on_its_way(case).into_iter().chain(opened(case)).chain(as_other_json).filter(is_other)
}

fn written(layout: Layout) -> &'static str {
    match layout {
        Layout::Compact => {
            "it matches the same JSON without blanks between its parts: this is a copy that was written anew, \
             by a web page that indents it or by a proxy such as smee; explain the body as it was sent"
        }
        Layout::Spaced => {
            "it matches the same JSON with a blank after each comma and colon: a proxy wrote it anew on its way; \
             let it pass the bytes on as they are"
        }
        Layout::Indented => {
            "it matches the same JSON with a line for each value: a proxy such as smee wrote it anew on its way; \
             let it pass the bytes on as they are"
        }
    }
}

/// The body before it was compressed.
fn opened(case: Case<'_>) -> Option<Variant> {
    let is_gzip = case.body.starts_with(b"\x1f\x8b");
    let mut body = Vec::new();
    let opened = if is_gzip {
        MultiGzDecoder::new(case.body).take(OPENED_LIMIT_BYTES).read_to_end(&mut body)
    } else {
        ZlibDecoder::new(case.body).take(OPENED_LIMIT_BYTES).read_to_end(&mut body)
    };
    let what = "it matches the body before it was compressed: let the sender, or the proxy before it, not compress it";
    opened.is_ok_and(|length| length > 0).then_some(Variant { body, content_type: JSON, what })
}

/// Variants of a body that lost something, or was given something, on its way.
fn changed_on_its_way(case: Case<'_>) -> Vec<Variant> {
    let body = case.body;
    let content_type = if case.head.is_form() { FORM } else { JSON };
    let as_sent = |body: Vec<u8>, what| Variant { body, content_type, what };
    let mut variants = vec![
        as_sent([body, b"\n"].concat(), "it matches the body with a line feed at its end, which this one lost"),
        as_sent([body, b"\r\n"].concat(), "it matches the body with CR LF at its end, which this one lost"),
        as_sent(body.trim_ascii().to_vec(), "it matches the body without the line feeds or blanks at its ends"),
        as_sent(replaced(body, b"\r\n", b"\n"), "it matches the body with LF where this one has CR LF"),
        as_sent(replaced(body, b"\n", b"\r\n"), "it matches the body with CR LF where this one has LF"),
    ];
    if let Some(text) = body.strip_prefix("\u{feff}".as_bytes()) {
        variants.push(as_sent(text.to_vec(), "it matches the body without the byte order mark at its beginning"));
    }
    if let Some(length) = claimed_length(&case.head.headers).and_then(|length| usize::try_from(length).ok())
        && length < body.len()
    {
        variants.push(as_sent(body[..length].to_vec(), "it matches the first `Content-Length` bytes of the body only"));
    }
    variants.extend(if case.head.is_form() { of_a_form(case) } else { as_a_form(case) });
    variants
}

/// The two ways to sign a form.
fn of_a_form(case: Case<'_>) -> Vec<Variant> {
    let mut inside = Vec::new();
    let decoded = case.provider.document(true, &mut &*case.body).read_to_end(&mut inside);
    let raw = Variant {
        body: case.body.to_vec(),
        content_type: JSON,
        what: "it matches the form as it was sent, where this provider signs the JSON inside: \
               see whether `provider` is right",
    };
    let inner = decoded.ok().map(|_| Variant {
        body: inside,
        content_type: JSON,
        what: "it matches the JSON inside the form, where this provider signs the form as it is sent: see whether \
               `provider` is right, or choose JSON at the forge",
    });
    [Some(raw), inner].into_iter().flatten().collect()
}

/// A JSON document that was sent as a form, and saved without it.
fn as_a_form(case: Case<'_>) -> Vec<Variant> {
    let what =
        "it matches the form that this JSON was sent in: explain the body as it was sent, or choose JSON at the forge";
    let form = |plain: &[u8]| Variant { body: encoded(case.body, plain), content_type: FORM, what };
    vec![form(b"-_.~"), form(b"-_.*"), form(b"-_.")]
}

/// `payload=` and `document`, with a plus for a blank and percent-encoding for all but letters, digits and `plain`.
fn encoded(document: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut form = b"payload=".to_vec();
    for &byte in document {
        match byte {
            b' ' => form.push(b'+'),
            _ if byte.is_ascii_alphanumeric() || plain.contains(&byte) => form.push(byte),
            _ => form.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    form
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}

fn other_body(case: Case<'_>, keys: &[LabelledSecret]) -> Option<String> {
    let fits = |variant: &Variant| keys.iter().any(|key| passes_with(case, variant, &key.secret));
    bodies(case).find(fits).map(|variant| variant.what.to_owned())
}

fn passes_with(case: Case<'_>, variant: &Variant, secret: &Secret) -> bool {
    let content_type = variant.content_type.to_owned();
    let head = Head { content_type, content_length: Some(variant.body.len() as u64), ..case.head.clone() };
    Case { head: &head, body: &variant.body, ..case }.passes(secret)
}

/// Two mistakes at once.
fn other_body_and_text(case: Case<'_>, keys: &[LabelledSecret], others: &[LabelledSecret]) -> Option<String> {
    let of_others = others.iter().map(|key| (key.secret.clone(), format!("it matches {}", key.label)));
    let secrets: Vec<_> = keys.iter().flat_map(texts).chain(of_others).collect();
    bodies(case).find_map(|variant| {
        let (_, what) = secrets.iter().find(|(secret, _)| passes_with(case, &variant, secret))?;
        Some(format!("{what}; and {}", variant.what))
    })
}

/// Another provider's signature, made with this hook's secret.
fn other_provider(case: Case<'_>, keys: &[LabelledSecret]) -> Option<String> {
    let looks_like = looks_like(&case.head.headers);
    let fits = |provider: &&Provider| keys.iter().any(|key| Case { provider, ..case }.passes(&key.secret));
    // What `generic` fits needs more than its name.
    let is_other = |other: &&Provider| other.name() != case.provider.name() && !matches!(other, Provider::Generic(_));
    let others = Provider::ALL.iter().filter(is_other);
    let mut fitting = others.filter(fits);
    let first = fitting.next()?;
    let best = std::iter::once(first).chain(fitting).find(|other| Some(other.name()) == looks_like).unwrap_or(first);
    Some(format!("it is right as {name}'s: set `provider = \"{name}\"`", name = best.name()))
}

/// Any header that holds an HMAC of the body, made with this hook's secret.
fn other_header(case: Case<'_>, keys: &[LabelledSecret]) -> Option<String> {
    case.head.headers.iter().find_map(|(name, value)| {
        let value = std::str::from_utf8(value).ok()?;
        let (scheme, said) = schemes(name, value).into_iter().find(|(scheme, _)| {
            let provider = Provider::Generic(GenericScheme::Hmac(scheme.clone()));
            keys.iter().any(|key| Case { provider: &provider, ..case }.passes(&key.secret))
        })?;
        let prefix = if scheme.prefix.is_empty() { String::new() } else { format!(" after `{}`", scheme.prefix) };
        Some(format!("header `{name}` holds the right {said} of the body{prefix}: see whether `provider` is right"))
    })
}

/// Schemes by which `value` can be read as a digest: after any `=` or `,` or from its beginning.
fn schemes(name: &str, value: &str) -> Vec<(HmacScheme, &'static str)> {
    let starts =
        std::iter::once(0).chain(value.char_indices().filter(|(_, c)| "=, ".contains(*c)).map(|(at, _)| at + 1));
    let hashes =
        [(Algorithm::Sha256, "HMAC-SHA256"), (Algorithm::Sha1, "HMAC-SHA1"), (Algorithm::Sha512, "HMAC-SHA512")];
    let mut found = Vec::new();
    for start in starts {
        for (algorithm, said) in hashes {
            let bytes = algorithm.length_bytes();
            let encodings = [(Encoding::Hex, 2 * bytes), (Encoding::Base64, bytes.div_ceil(3) * 4)];
            for (encoding, _) in encodings.into_iter().filter(|(_, length)| value.len() - start == *length) {
                let prefix = value[..start].to_owned();
                found.push((HmacScheme { header: name.to_owned(), algorithm, encoding, prefix, time: None }, said));
            }
        }
    }
    found
}

/// A web server may keep `Authorization` to itself.
fn lost_authorization(case: Case<'_>, keys: &[LabelledSecret]) -> Option<String> {
    let secrets: Vec<Secret> = keys.iter().map(|key| key.secret.clone()).collect();
    let absent =
        matches!(case.verify(&secrets), Err(Denied::Absent { header }) if header.eq_ignore_ascii_case("authorization"));
    absent.then(|| "Apache hands `Authorization` to no program unless `CGIPassAuth On` says so".to_owned())
}
