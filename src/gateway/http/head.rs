//! Pure. The head of a request (RFC 9112 §2 to §6): parsed by `httparse`, refused wherever two readers could see two
//! requests, and turned into the meta-variables of CGI.

use super::malformed::MalformedRequest;
use super::trust::Trust;
use crate::gateway::responder::Params;
use httparse::{EMPTY_HEADER, Header, Request};
use percent_encoding::percent_decode_str;
use std::net::IpAddr;

/// Meta-variable of a client that only a socket's file has let in.
const NO_ADDRESS: &str = "unix";

/// A request without its body.
#[derive(Debug)]
pub(super) struct RequestHead {
    pub(super) params: Params,
    pub(super) framing: Framing,
    /// True for the method whose answer has no body.
    pub(super) omits_body: bool,
    /// True if the client sends the body only when it is asked to (RFC 9110 §10.1.1).
    pub(super) expects_continue: bool,
}

/// The sign of a body's end (§6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// So many bytes.
    Length(u64),
    /// The last chunk.
    Chunked,
}

/// Reads a head of at most `limit` fields, to the empty line that ends it, which came from `peer`.
pub(super) fn read(
    bytes: &[u8],
    limit: usize,
    peer: Option<IpAddr>,
    trust: &Trust,
) -> Result<RequestHead, MalformedRequest> {
    let mut headers = vec![EMPTY_HEADER; limit];
    let mut request = Request::new(&mut headers);
    let status = request.parse(bytes).map_err(MalformedRequest::Syntax)?;
    let (Some(method), Some(target), Some(minor), true) =
        (request.method, request.path, request.version, status.is_complete())
    else {
        return Err(MalformedRequest::Syntax(httparse::Error::NewLine));
    };
    let fields = HeaderLines(request.headers);
    fields.check_host(minor)?;
    let framing = fields.framing(minor)?;
    let (path, query) = path_and_query(target).ok_or(MalformedRequest::Target)?;
    let client = trust.client(peer, fields.values("x-forwarded-for"));
    let client = client.map_or_else(|| NO_ADDRESS.to_owned(), |address| address.to_string());
    let mut variables: Vec<(String, Vec<u8>)> = fields.variables().collect();
    if let Framing::Length(bytes) = framing {
        variables.push(("CONTENT_LENGTH".to_owned(), bytes.to_string().into_bytes()));
    }
    for (name, value) in [("REQUEST_METHOD", method), ("QUERY_STRING", query), ("REMOTE_ADDR", &client)] {
        variables.push((name.to_owned(), value.as_bytes().to_vec()));
    }
    variables.push(("PATH_INFO".to_owned(), percent_decode_str(path).collect()));
    let params = Params::collect(variables.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
    Ok(RequestHead {
        params: if framing == Framing::Chunked { params.chunked() } else { params },
        framing,
        omits_body: method == "HEAD",
        expects_continue: minor == 1 && fields.expects_continue() && framing != Framing::None,
    })
}

struct HeaderLines<'h, 'b>(&'h [Header<'b>]);

impl<'b> HeaderLines<'_, 'b> {
    /// The values of a field, in the order of their arrival.
    fn values(&self, name: &'static str) -> impl DoubleEndedIterator<Item = &'b [u8]> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    /// HTTP/1.1 has one `Host`, and HTTP/1.0 no two (§3.2).
    fn check_host(&self, minor: u8) -> Result<(), MalformedRequest> {
        let mut hosts = self.values("host");
        match (hosts.next(), hosts.next()) {
            (None, _) if minor == 0 => Ok(()),
            (Some(host), None) if host.iter().all(|byte| byte.is_ascii_graphic() && !b"/?#@\\,\"<>".contains(byte)) => {
                Ok(())
            }
            _ => Err(MalformedRequest::Host),
        }
    }

    fn framing(&self, minor: u8) -> Result<Framing, MalformedRequest> {
        let lengths: Vec<_> = self.values("content-length").collect();
        let codings: Vec<_> = self.values("transfer-encoding").collect();
        match (&lengths[..], &codings[..]) {
            ([], []) => Ok(Framing::None),
            ([length], []) => whole_number(length).map(Framing::Length),
            (_, []) => Err(MalformedRequest::Length),
            ([], [coding]) if minor == 1 && coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            ([], _) => Err(MalformedRequest::TransferEncoding),
            _ => Err(MalformedRequest::TwoFramings),
        }
    }

    fn expects_continue(&self) -> bool {
        self.values("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"))
    }

    /// The fields as meta-variables (RFC 3875 §4.1.18). A name with an underscore would arrive under the name of
    /// another field, which a proxy may have set or taken away; such fields are dropped, as other servers do.
    fn variables(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let passed = self.0.iter().filter(|field| !field.name.contains('_'));
        passed.filter_map(|field| {
            let name = field.name.to_ascii_uppercase().replace('-', "_");
            let name = match name.as_str() {
                "CONTENT_LENGTH" | "TRANSFER_ENCODING" => return None,
                "CONTENT_TYPE" => name,
                _ => format!("HTTP_{name}"),
            };
            Some((name, field.value.to_vec()))
        })
    }
}

fn whole_number(value: &[u8]) -> Result<u64, MalformedRequest> {
    let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.filter(|text| !text.is_empty()).ok_or(MalformedRequest::Length)?;
    digits.parse().map_err(|_| MalformedRequest::LengthTooLarge)
}

/// Path and query of a path or, as to a proxy, of a URL (§3.2.1, §3.2.2).
fn path_and_query(target: &str) -> Option<(&str, &str)> {
    let after_scheme = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://"));
    let local = match after_scheme {
        Some(url) => &url[url.find(['/', '?']).unwrap_or(url.len())..],
        None => Some(target).filter(|target| target.starts_with('/'))?,
    };
    Some(local.split_once('?').unwrap_or((local, "")))
}
