//! Edge. The peer of the transport: hookspool's own intake and spool, on crate `fastcgi` 1.0.0.

use fastcgi::Request;
use hookspool::gateway::{Begun, Handler, Params, Upload};
use hookspool::intake::Intake;
use std::io::{Error, Read, Result, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, socket, config] = arguments.as_slice() else {
        return Err(Error::other("usage: crate-fastcgi <socket> <config>"));
    };
    // hookspool logs one line for each delivery too.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let config = hookspool::config::load(Path::new(config)).map_err(|e| Error::other(e.to_string()))?;
    let intake = Intake::that_stays(config, std::sync::Arc::default());
    let listener = UnixListener::bind(socket)?;
    fastcgi::run_raw(move |mut request| answer(&intake, &mut request), listener.as_raw_fd());
    Ok(())
}

fn answer(intake: &Intake, request: &mut Request) {
    let params: Vec<(String, String)> = request.params().collect();
    let params = Params::collect(params.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let answer = match intake.begin(&params) {
        Begun::Answered(answer) => answer,
        Begun::Upload(upload) => take(upload, request),
    };
    // The crate has no way to tell the web server of a failure; without an answer it would be a 200 to some.
    let _ = request.stdout().write_all(&answer);
}

fn take(mut upload: Box<dyn Upload>, request: &mut Request) -> Vec<u8> {
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let wanted = usize::try_from(upload.wanted_bytes()).unwrap_or(usize::MAX).min(buffer.len());
        match request.stdin().read(&mut buffer[..wanted]) {
            _ if wanted == 0 => return upload.end(Ok(())),
            Ok(0) => return upload.end(Ok(())),
            Ok(length) => {
                if let Some(answer) = upload.take(&buffer[..length]) {
                    return answer;
                }
            }
            Err(error) => return upload.end(Err(error)),
        }
    }
}
