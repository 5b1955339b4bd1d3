//! Pure. A CGI response (RFC 3875 §6) as an HTTP response.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// Appends the response. The answer to a `HEAD` has no body (RFC 9110 §9.3.2).
pub(super) fn push(bytes: &mut Vec<u8>, answer: &[u8], omits_body: bool, now: Timestamp) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let (fields, body) = (&answer[..end], answer.get(end + 4..).unwrap_or_default());
    let fields = String::from_utf8_lossy(fields);
    let status = fields.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let mut head = format!("HTTP/1.1 {status}\r\n");
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&now) {
        head.extend(["Date: ", date.as_str(), "\r\n"]);
    }
    for line in fields.lines().filter(|line| !line.starts_with("Status: ")) {
        head.extend([line, "\r\n"]);
    }
    bytes.extend(head.bytes());
    bytes.extend(format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()).bytes());
    bytes.extend(if omits_body { &[] } else { body });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(answer: &[u8], omits_body: bool) -> String {
        let mut bytes = Vec::new();
        push(&mut bytes, answer, omits_body, Timestamp::from_second(784_111_777).unwrap());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_status_becomes_the_first_line_and_the_body_gets_its_length() {
        let answer = b"Status: 405 Method Not Allowed\r\nAllow: POST\r\n\r\nonly POST delivers\n";
        let head = "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: POST\r\n\
                    Content-Length: 19\r\nConnection: close\r\n\r\n";
        assert_eq!(pushed(answer, false), format!("{head}only POST delivers\n"));
        assert_eq!(pushed(answer, true), head);
    }
}
