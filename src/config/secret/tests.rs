//! Edge. Secrets that can be used, and what is said of those that cannot.

use super::*;
use std::fs;

/// A file of `mode` in `directory`.
fn file(directory: &Path, bytes: &[u8], mode: u32) -> PathBuf {
    let path = directory.join("docs");
    let _ = fs::remove_file(&path);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn of_file(bytes: &[u8], mode: u32) -> Result<Secret, String> {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = file(directory.path(), bytes, mode);
    let said = |error: SecretError| error.to_string().replace(directory.path().to_str().unwrap(), "/there");
    SecretSource::File(path).read().map_err(said)
}

#[test]
fn one_line_end_and_no_more_is_no_part_of_the_secret() {
    for (written, secret) in [
        (&b"hunter2"[..], &b"hunter2"[..]),
        (b"hunter2\n", b"hunter2"),
        (b"hunter2\r\n", b"hunter2"),
        (b"hunter2\n\n", b"hunter2\n"),
        (b"hunter2\r", b"hunter2\r"),
        (b" \xff hunter2 ", b" \xff hunter2 "),
    ] {
        assert_eq!(of_file(written, 0o640).unwrap().bytes(), secret);
    }
}

#[test]
fn the_longest_secret_is_4096_bytes_beside_its_line_end() {
    let longest = [vec![b'x'; 4096], b"\r\n".to_vec()].concat();
    assert_eq!(of_file(&longest, 0o600).unwrap().bytes().len(), 4096);
    let too_long = [vec![b'x'; 4097], b"\n".to_vec()].concat();
    assert_eq!(of_file(&too_long, 0o600).unwrap_err(), "secret file `/there/docs` is longer than 4096 bytes");
    assert!(of_file(&vec![b'x'; 1 << 20], 0o600).is_err());
}

#[test]
fn an_empty_or_damaged_secret_is_refused() {
    for empty in [&b""[..], b"\n", b"\r\n", b" \n", b"\n\n"] {
        assert_eq!(of_file(empty, 0o600).unwrap_err(), "secret file `/there/docs` is empty");
    }
    assert_eq!(of_file(b"hunter2\0", 0o600).unwrap_err(), "secret file `/there/docs` holds a NUL byte");
}

#[test]
fn a_file_that_others_may_read_or_write_is_refused_with_the_command_to_type() {
    for (mode, what) in [
        (0o644, "can be read by everybody"),
        (0o604, "can be read by everybody"),
        (0o660, "can be written by others than its owner"),
        (0o602, "can be written by others than its owner"),
    ] {
        let said = format!("secret file `/there/docs` {what}; type `chmod 640 /there/docs`");
        assert_eq!(of_file(b"hunter2", mode).unwrap_err(), said);
    }
    assert!(of_file(b"hunter2", 0o440).is_ok());
}

#[test]
fn a_file_that_everybody_may_read_is_right_where_nobody_gets_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let read = |mode| SecretSource::File(file(directory.path(), b"hunter2", mode)).read();
    for (passable, is_right) in [(0o700, true), (0o750, true), (0o755, false), (0o751, false)] {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(passable)).unwrap();
        assert_eq!(read(0o444).is_ok(), is_right, "{passable:o}");
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(read(0o622).is_err(), "others may still write it");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::from_raw_mode(0o600)).unwrap();
    for path in [fifo, directory.path().to_owned()] {
        let said = format!("secret file `{}` is not a regular file", path.display());
        assert_eq!(SecretSource::File(path).read().unwrap_err().to_string(), said);
    }
}

#[test]
fn an_absent_file_is_named_with_its_cause() {
    let error = SecretSource::File("/absent/docs".into()).read().unwrap_err();
    assert_eq!(error.to_string(), "cannot read secret file `/absent/docs`: no such file or directory");
}

#[test]
fn a_variable_holds_the_secret() {
    let source = SecretSource::Env("DOCS_SECRET".into());
    let read = |value: Option<&str>| source.read_in(|name| value.filter(|_| name == "DOCS_SECRET").map(Into::into));
    assert_eq!(read(Some("hunter2")).unwrap().bytes(), b"hunter2");
    assert_eq!(read(Some("")).unwrap_err().to_string(), "secret variable `DOCS_SECRET` is empty");
    assert_eq!(read(None).unwrap_err().to_string(), "secret variable `DOCS_SECRET` is not set");
}

#[test]
fn a_credential_is_a_file_in_the_directory_that_systemd_names() {
    let directory = tempfile::tempdir().unwrap();
    file(directory.path(), b"hunter2\n", 0o440);
    let source = SecretSource::Credential("docs".into());
    let read = |value: Option<&Path>| source.read_in(|_| value.map(|path| path.as_os_str().to_owned()));
    assert_eq!(read(Some(directory.path())).unwrap().bytes(), b"hunter2");
    for unusable in [None, Some(Path::new("relative"))] {
        let said = "secret credential `docs` is not there: `$CREDENTIALS_DIRECTORY` is not set; \
                    add `LoadCredential=` to the systemd unit";
        assert_eq!(read(unusable).unwrap_err().to_string(), said);
    }
}
