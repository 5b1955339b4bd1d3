//! `send` against servers that answer oddly, and addresses that are none.

use crate::support::one_hook::OneHook;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

/// What `send` says of a server that answers `reply`, and its exit code.
fn told(site: &OneHook, reply: Vec<u8>) -> (Option<i32>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks/docs", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let length = std::iter::from_fn(|| Some(line(&mut stream)).filter(|line| !line.is_empty()))
            .filter_map(|line| line.strip_prefix("content-length: ")?.parse::<u64>().ok())
            .last();
        std::io::copy(&mut stream.by_ref().take(length.unwrap()), &mut std::io::sink()).unwrap();
        // The client may have read enough before all of it is written.
        let _ = stream.get_mut().write_all(&reply);
    });
    let output = site.hookspool(&["send", "docs", "--url", &url]).output().unwrap();
    server.join().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn line(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    line.trim_end().to_ascii_lowercase()
}

fn reply(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn a_server_that_answered_is_believed_whatever_its_body_is() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    let huge = vec![b'x'; 100_000];
    let redirects = "302 from the web server, not from hookspool: it redirects; no forge signs again for another URL: give \
                     the forge the one that is redirected to\n";
    let rows: [(Vec<u8>, Option<i32>, String); 5] = [
        (reply("202 Accepted", huge.len(), &huge), Some(0), format!("202 {}\n", "x".repeat(4096))),
        (reply("403 Forbidden", 3, b"\xff\x1b["), Some(1), "403 \u{fffd}\\x1b[\n".into()),
        (reply("202 Accepted", 100, b"queued"), Some(0), "202 queued\n".into()),
        (reply("302 Found\r\nLocation: http://127.0.0.1:1/", 0, b""), Some(1), redirects.into()),
        (b"hello\n".to_vec(), Some(69), String::new()),
    ];
    for (bytes, code, text) in rows {
        assert_eq!(told(&site, bytes), (code, text));
    }
}

#[test]
fn an_address_that_is_none_is_wrong_usage() {
    let site = OneHook::of_github("steps = [{ run = [\"true\"] }]");
    for arguments in [&["send", "docs", "--url", "example"][..], &["fastcgi", "--listen", "nowhere"]] {
        let output = site.hookspool(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_said_before_anything_is() {
    let site = OneHook::of_github(r#"steps = [{ run = ["true"] }]"#);
    let url = ["--url", "http://127.0.0.1:9/hooks/docs"];
    for (arguments, text) in [
        (
            &["send", "docs"][..],
            "`--url` is missing: only your web server knows the address of the hook; \
             as in `--url https://example.org/hooks/docs`",
        ),
        (
            &["send", "docs", url[0], url[1], "--ref", "main"],
            "`main` is not a branch or tag; write it as `refs/heads/main` or `refs/tags/v1`",
        ),
        (
            &["send", "docs", url[0], url[1], "--event", "tag", "--ref", "refs/heads/a"],
            "`refs/heads/a` is not a tag such as `refs/tags/v1`",
        ),
    ] {
        let output = site.hookspool(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), format!("hookspool: {text}\n"));
    }
    let text = std::fs::read_to_string(site.path("hookspool.toml")).unwrap().replace("\"github\"", "\"gitlab\"");
    std::fs::write(site.path("hookspool.toml"), text).unwrap();
    let output = site.hookspool(&["send", "docs", url[0], url[1], "--event", "ping"]).output().unwrap();
    let said = "hookspool: `gitlab` sends no `ping`; it sends push, tag, delete, merge, release, ci\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
}
