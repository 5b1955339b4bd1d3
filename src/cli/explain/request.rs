//! Pure. A request as a person has it: header lines copied from a forge's page, from `curl -v` or from a capture.

use crate::model::{Head, Headers, Method};

/// The parts of a request that were supplied.
pub(super) struct GivenRequest {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    /// Assumptions about the missing parts.
    pub(super) remarks: Vec<String>,
}

impl GivenRequest {
    /// From header lines, if there are any, and the body.
    pub(super) fn new(lines: Option<&[u8]>, body: Vec<u8>) -> Self {
        let headers = headers(lines.unwrap_or_default());
        let mut remarks = Vec::new();
        if lines.is_none() {
            remarks.push("no headers were given: name the file that holds them with `--headers`".to_owned());
        }
        let content_type = headers.text("content-type").unwrap_or_else(|| {
            let assumed = if body.contains(&b'=') && !body.trim_ascii_start().starts_with(b"{") { FORM } else { JSON };
            remarks.push(format!("no `Content-Type` was given: `{assumed}` is assumed"));
            assumed.to_owned()
        });
        if let Some(length) = claimed_length(&headers).filter(|length| *length != body.len() as u64) {
            remarks.push(format!(
                "`Content-Length` says {length} bytes and the body has {}: it was changed on its way, \
                 or when it was saved",
                body.len()
            ));
        }
        let head = addressed(lines.unwrap_or_default(), head(headers, content_type, body.len()));
        Self { head, body, remarks }
    }
}

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// `Content-Length`, if it is one.
pub(super) fn claimed_length(headers: &Headers) -> Option<u64> {
    headers.text("content-length")?.parse().ok()
}

/// The head of a POST.
pub(super) fn head(headers: Headers, content_type: String, length: usize) -> Head {
    Head {
        method: Method::Post,
        path: Vec::new(),
        query: Vec::new(),
        headers,
        content_type,
        content_length: Some(length as u64),
        remote_addr: String::new(),
        document_root: None,
    }
}

/// `head` with method, path and query of the request line (RFC 9112 §3), if the first line is one.
fn addressed(lines: &[u8], head: Head) -> Head {
    let first = lines.trim_ascii_start().split(|&b| b == b'\n').next().unwrap_or_default();
    let first = first.strip_prefix(b"> ").unwrap_or(first).trim_ascii_end();
    let parts: Vec<&[u8]> = first.split(|&b| b == b' ').collect();
    let [method, target, version] = parts.as_slice() else { return head };
    if !version.starts_with(b"HTTP/") {
        return head;
    }
    let method = match *method {
        b"POST" => Method::Post,
        b"GET" => Method::Get,
        _ => Method::Other,
    };
    let mut halves = target.splitn(2, |&b| b == b'?');
    let mut half = || halves.next().unwrap_or_default().to_vec();
    Head { method, path: half(), query: half(), ..head }
}

/// `Name: value` lines until a blank one. A request line, the `> ` of `curl -v` and lines that are no header are passed
/// over; a name may also stand as a web server passes it, `HTTP_X_GITHUB_EVENT=push`.
fn headers(lines: &[u8]) -> Headers {
    let mut headers = Headers::default();
    for line in lines.trim_ascii_start().split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(b"> ").unwrap_or(line).trim_ascii_start();
        if line.is_empty() || line == b">" {
            break;
        }
        if let Some((name, value)) = pair(line) {
            headers.push(name, value);
        }
    }
    headers
}

fn pair(line: &[u8]) -> Option<(&str, &[u8])> {
    let end = line.iter().position(|b| matches!(b, b':' | b'='))?;
    let name = std::str::from_utf8(&line[..end]).ok()?.trim();
    let variable = name.strip_prefix("HTTP_").or(Some(name).filter(|name| name.starts_with("CONTENT_")));
    let name = if line[end] == b'=' { variable? } else { name };
    let is_token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    is_token.then_some((name, &line[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let headers = headers(text.as_bytes());
        headers.iter().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned())).collect()
    }

    #[test]
    fn headers_are_read_however_they_were_saved() {
        let expected = [("x-a", "1"), ("content-type", "application/json")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        for text in [
            "X-A: 1\nContent-Type: application/json\n",
            "POST /hooks/docs?x=1 HTTP/1.1\r\nX-A: 1\r\nContent-Type: application/json\r\n\r\nX-B: 2",
            "> POST / HTTP/1.1\n> X-A: 1\n> Content-Type: application/json\n>\n{}",
            "\n  x-a:1\n  content-type:application/json",
            "HTTP_X_A=1\nCONTENT_TYPE=application/json\nPATH=/bin",
        ] {
            assert_eq!(pairs(text), expected, "{text}");
        }
    }

    #[test]
    fn a_request_line_says_how_and_where() {
        let of = |lines: &str| GivenRequest::new(Some(lines.as_bytes()), Vec::new()).head;
        let head = of("> GET /hooks/a?payload=%7B%7D HTTP/1.1\r\n> Host: x\r\n");
        assert_eq!((head.method, &*head.path, &*head.query), (Method::Get, &b"/hooks/a"[..], &b"payload=%7B%7D"[..]));
        assert_eq!(of("POST /image/s HTTP/2\nX-A: 1").path, b"/image/s");
        assert_eq!(of("X-Text: GET / HTTP").method, Method::Post);
    }

    #[test]
    fn what_is_assumed_is_said() {
        let request = GivenRequest::new(None, b"payload=%7B%7D".to_vec());
        assert!(request.head.is_form());
        assert_eq!(request.remarks.len(), 2);
        let request = GivenRequest::new(Some(b"Content-Length: 3\nContent-Type: application/json"), b"{}".to_vec());
        assert_eq!(request.remarks.len(), 1);
        assert!(request.remarks[0].starts_with("`Content-Length` says 3 bytes and the body has 2"));
        assert!(GivenRequest::new(Some(b"Content-Type: text/x"), b"{}".to_vec()).remarks.is_empty());
    }
}
