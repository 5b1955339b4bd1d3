//! Pure. Where an HTTP/1.1 reply ends, and its status.

/// Status of the reply that `bytes` hold completely; `None` while more must come. One reply at a time: the sender
/// waits for it before it sends again.
pub fn status_when_complete(bytes: &[u8]) -> Option<u16> {
    let end = find(bytes, b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let body = &bytes[end..];
    let complete = match (field(&head, "transfer-encoding"), field(&head, "content-length")) {
        (Some("chunked"), _) => body == b"0\r\n\r\n" || body.ends_with(b"\r\n0\r\n\r\n"),
        (_, Some(length)) => length.parse().is_ok_and(|length: usize| body.len() >= length),
        _ => false,
    };
    complete.then(|| head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_complete_with_its_last_byte_and_not_before() {
        let chunked = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
        let sized = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n";
        for (reply, status) in [(&chunked[..], 202), (&sized[..], 403)] {
            for cut in 0..reply.len() {
                assert_eq!(status_when_complete(&reply[..cut]), None, "{cut}");
            }
            assert_eq!(status_when_complete(reply), Some(status));
        }
    }
}
