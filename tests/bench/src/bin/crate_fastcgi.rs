//! Edge. The peer of the transport: the same duty as hookspool's receiver, on crate `fastcgi` 1.0.0.

use hookspool_bench::append::Directories;
use hookspool_bench::delivery::{SECRET, verify};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, socket, config] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: crate-fastcgi <socket> <config>"));
    };
    let directories = Directories::open(&Path::new(config).with_file_name("spool"))?;
    let listener = UnixListener::bind(socket)?;
    fastcgi::run_raw(
        move |mut request| {
            let mut body = Vec::new();
            let read = request.stdin().read_to_end(&mut body);
            let digest = request.param("HTTP_X_HUB_SIGNATURE_256").unwrap_or_default();
            let status = if !verify(SECRET, &body, digest.trim_start_matches("sha256=")) {
                "403 Forbidden"
            } else if read.and_then(|_| directories.append(&body)).is_ok() {
                "202 Accepted"
            } else {
                "503 Service Unavailable"
            };
            let reply = format!("Status: {status}\r\nContent-Type: text/plain\r\n\r\n{status}\n");
            let _ = request.stdout().write_all(reply.as_bytes());
        },
        listener.as_raw_fd(),
    );
    Ok(())
}
