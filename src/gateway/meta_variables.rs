//! Pure. Request meta-variables (RFC 3875 §4.1), which CGI passes as environment and FastCGI as parameters, become a
//! [`Head`].

use super::Params;
use crate::model::{Head, Headers, Method, Origin, Refusal, Status, echo};

/// Reads the meta-variables of one request. Names and values are bytes; a name may occur more than once.
///
/// `CONTENT_LENGTH` (RFC 3875 §4.1.2) is digits only: absent, empty and `-1` (Caddy's word for a chunked body) are
/// 411, digits beyond 64 bits are 413, anything else is 400. Only a POST needs one, unless its body is chunked and the
/// gateway itself sees its end.
pub fn head(params: &Params) -> Result<Head, Refusal> {
    let mut raw = MetaVariables { is_chunked: params.is_chunked(), ..MetaVariables::default() };
    for (name, value) in params.iter() {
        raw.take(name, value);
    }
    let origin = raw.origin();
    raw.into_head().map_err(|refusal| Refusal { origin, ..refusal })
}

/// Meta-variables as they arrive. Of a repeated one the last counts, except where that could mislead.
#[derive(Default)]
struct MetaVariables {
    method: Option<Vec<u8>>,
    script_name: Vec<u8>,
    path_info: Vec<u8>,
    query: Vec<u8>,
    content_type: Vec<u8>,
    content_lengths: Vec<Vec<u8>>,
    is_chunked: bool,
    remote_addr: Option<Vec<u8>>,
    document_root: Option<Vec<u8>>,
    headers: Headers,
    redirected_authorization: Option<Vec<u8>>,
}

impl MetaVariables {
    fn take(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"REQUEST_METHOD" => self.method = Some(value.to_vec()),
            b"SCRIPT_NAME" => self.script_name = value.to_vec(),
            b"PATH_INFO" => self.path_info = value.to_vec(),
            b"QUERY_STRING" => self.query = value.to_vec(),
            b"CONTENT_TYPE" => self.content_type = value.to_vec(),
            b"CONTENT_LENGTH" => self.content_lengths.push(value.to_vec()),
            b"REMOTE_ADDR" => self.remote_addr = Some(value.to_vec()),
            b"DOCUMENT_ROOT" if !value.is_empty() => self.document_root = Some(value.to_vec()),
            _ => self.take_header(name, value),
        }
    }

    /// `HTTP_*` (RFC 3875 §4.1.18). `HTTP_PROXY` is dropped here, so that nothing behind can use it (CVE-2016-5386).
    fn take_header(&mut self, name: &[u8], value: &[u8]) {
        // Apache renames all variables once for each internal redirect, and may set this one again without the others.
        if name.starts_with(b"REDIRECT_") && name.ends_with(b"REDIRECT_HTTP_AUTHORIZATION") {
            self.redirected_authorization = Some(value.to_vec());
            return;
        }
        let Some(header) = name.strip_prefix(b"HTTP_").and_then(|n| std::str::from_utf8(n).ok()) else { return };
        if !header.eq_ignore_ascii_case("PROXY") {
            self.headers.push(header, value);
        }
    }

    fn origin(&self) -> Option<Origin> {
        let remote_addr = String::from_utf8_lossy(self.remote_addr.as_ref()?).into_owned();
        let path = [self.script_name.as_slice(), &self.path_info].concat();
        Some(Origin { remote_addr, path: String::from_utf8_lossy(&path).into_owned() })
    }

    fn into_head(mut self) -> Result<Head, Refusal> {
        if self.headers.first("authorization").is_none()
            && let Some(value) = self.redirected_authorization.take()
        {
            self.headers.push("authorization", &value);
        }
        let method = match self.method.as_deref() {
            Some(b"POST") => Method::Post,
            Some(b"GET") => Method::Get,
            Some(_) => Method::Other,
            None => return Err(not_cgi("REQUEST_METHOD")),
        };
        let remote_addr = self.remote_addr.as_deref().ok_or_else(|| not_cgi("REMOTE_ADDR"))?;
        let content_length = match method {
            _ if self.is_chunked => None,
            Method::Post => Some(length(&self.content_lengths)?),
            Method::Get | Method::Other => Some(length(&self.content_lengths).unwrap_or(0)),
        };
        Ok(Head {
            method,
            path: [self.script_name, self.path_info].concat(),
            query: self.query,
            headers: self.headers,
            content_type: String::from_utf8_lossy(&self.content_type).into_owned(),
            content_length,
            remote_addr: String::from_utf8_lossy(remote_addr).into_owned(),
            document_root: self.document_root,
        })
    }
}

fn not_cgi(variable: &str) -> Refusal {
    Refusal::new(
        Status::BadRequest,
        "the web server passed an incomplete request",
        format!("the web server did not pass `{variable}`; include its standard FastCGI or CGI parameters"),
    )
}

/// The one length that all values agree on.
fn length(values: &[Vec<u8>]) -> Result<u64, Refusal> {
    let bad = |why: String| Refusal::new(Status::BadRequest, "malformed content length", why);
    let value = match values {
        [] => &[][..],
        [first, rest @ ..] if rest.iter().all(|v| v == first) => first,
        _ => return Err(bad("`CONTENT_LENGTH` arrived twice with different values".into())),
    };
    match value {
        b"" | b"-1" => Err(Refusal::new(
            Status::LengthRequired,
            "length required",
            "no `CONTENT_LENGTH`: a chunked body whose end could not be told from an abort; let the web server buffer \
             requests",
        )),
        digits if digits.iter().all(u8::is_ascii_digit) => parse_digits(digits),
        other => Err(bad(format!("`CONTENT_LENGTH` is `{}`", echo(&other.escape_ascii().to_string())))),
    }
}

fn parse_digits(digits: &[u8]) -> Result<u64, Refusal> {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
        Refusal::new(Status::PayloadTooLarge, "payload too large", "`CONTENT_LENGTH` has more than 64 bits")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(extra: &[(&str, &[u8])]) -> Result<Head, Refusal> {
        let base: [(&str, &[u8]); 3] =
            [("REQUEST_METHOD", b"POST"), ("REMOTE_ADDR", b"192.0.2.1"), ("SCRIPT_NAME", b"/hooks/docs")];
        head(&Params::collect(base.iter().chain(extra).map(|(n, v)| (n.as_bytes(), *v))))
    }

    #[test]
    fn each_shape_of_content_length_has_one_answer() {
        let rows: [(&[u8], Result<u64, u16>); 10] = [
            (b"0", Ok(0)),
            (b"5", Ok(5)),
            (b"0000000000000000000000005", Ok(5)),
            (b"", Err(411)),
            (b"-1", Err(411)),
            (b"+5", Err(400)),
            (b"5 ", Err(400)),
            (b"5, 5", Err(400)),
            (b"99999999999999999999", Err(413)),
            (b"\xff", Err(400)),
        ];
        for (value, expected) in rows {
            let got = of(&[("CONTENT_LENGTH", value)])
                .map(|h| h.content_length.unwrap())
                .map_err(|r| r.reply.status.line().0);
            assert_eq!(got, expected, "{}", value.escape_ascii());
        }
        assert_eq!(of(&[]).unwrap_err().reply.status, Status::LengthRequired);
    }

    #[test]
    fn two_lengths_must_agree() {
        assert_eq!(of(&[("CONTENT_LENGTH", b"5"), ("CONTENT_LENGTH", b"5")]).unwrap().content_length, Some(5));
        let refusal = of(&[("CONTENT_LENGTH", b"5"), ("CONTENT_LENGTH", b"6")]).unwrap_err();
        assert_eq!(refusal.reply.status, Status::BadRequest);
    }

    #[test]
    fn the_proxy_header_vanishes_and_doubled_headers_stay_two() {
        let head =
            of(&[("CONTENT_LENGTH", b"0"), ("HTTP_PROXY", b"http://evil"), ("HTTP_X_DUP", b"a"), ("HTTP_X_DUP", b"b")])
                .unwrap();
        assert_eq!(head.headers.first("proxy"), None);
        assert!(head.headers.only("x-dup").is_err());
    }

    #[test]
    fn the_authorization_of_a_redirected_request_counts_unless_there_is_a_plain_one() {
        let of = |extra: &[(&str, &[u8])]| {
            let head = of(&[&[("CONTENT_LENGTH", &b"0"[..])], extra].concat()).unwrap();
            head.headers.only("authorization").unwrap().map(<[u8]>::to_vec)
        };
        assert_eq!(of(&[("REDIRECT_HTTP_AUTHORIZATION", b"a")]), Some(b"a".to_vec()));
        assert_eq!(of(&[("REDIRECT_REDIRECT_HTTP_AUTHORIZATION", b"a")]), Some(b"a".to_vec()));
        assert_eq!(of(&[("REDIRECT_HTTP_AUTHORIZATION", b"a"), ("HTTP_AUTHORIZATION", b"b")]), Some(b"b".to_vec()));
        assert_eq!(of(&[("REDIRECT_HTTP_X", b"a")]), None);
    }

    #[test]
    fn bytes_that_are_not_text_lose_nothing_that_follows() {
        let head = of(&[("HTTP_X_BAD", b"\xff"), ("PATH_INFO", b"/\xff"), ("CONTENT_LENGTH", b"3")]).unwrap();
        assert_eq!((head.path.as_slice(), head.content_length), (&b"/hooks/docs/\xff"[..], Some(3)));
    }

    #[test]
    fn a_request_without_method_or_peer_is_refused() {
        for pair in [(&b"REMOTE_ADDR"[..], &b"::1"[..]), (b"REQUEST_METHOD", b"GET")] {
            assert!(head(&Params::collect([pair].into_iter())).is_err());
        }
    }
}
