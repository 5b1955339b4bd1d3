//! Edge. ssh as git starts it: without prompts, and with the hook's own key where it has one.

use super::lookup::cause;
use crate::system::users;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Without prompts, and with an end to a connection that is dead.
pub(super) const SSH: &str =
    "ssh -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=2";

/// The command by which git logs in with the private key `key`, and with no other, whatever an agent or the user's
/// settings offer. ssh itself would pass over a key that others may read, and say no more than that it was refused.
pub fn ssh_command(key: &Path) -> Result<String, String> {
    let path = key.display();
    let facts = fs::metadata(key).map_err(|error| format!("`ssh_key`: `{path}`: {}", cause(&error)))?;
    let me = rustix::process::geteuid();
    if !facts.is_file() {
        return Err(format!("`ssh_key`: `{path}` is not a file"));
    }
    if facts.uid() != me.as_raw() && !me.is_root() {
        let (me, owner) = (users::name_of(me.as_raw()), users::name_of(facts.uid()));
        return Err(format!("`ssh_key`: `{path}` belongs to `{owner}`, and ssh runs as `{me}`: `chown {me} {path}`"));
    }
    if facts.mode() & 0o077 != 0 {
        return Err(format!("`ssh_key`: others than its owner may read or change `{path}`: `chmod 600 {path}`"));
    }
    let key = path.to_string();
    Ok(format!("{SSH} -o IdentitiesOnly=yes -o IdentityAgent=none -i {}", quoted(&key)))
}

/// `text` as one word of a shell, which git starts it with. ssh itself expands `%` in the name of a key.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''").replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_command_that_closes_it() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("a key");
        let said = |mode: u32| {
            fs::write(&key, "x").unwrap();
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            ssh_command(&key).map_err(|why| why.replace(key.to_str().unwrap(), "KEY"))
        };
        assert!(said(0o600).is_ok_and(|command| command.ends_with(&format!("-i '{}'", key.display()))));
        let open = "`ssh_key`: others than its owner may read or change `KEY`: `chmod 600 KEY`";
        assert_eq!(said(0o640), Err(open.to_owned()));
        fs::remove_file(&key).unwrap();
        let absent = ssh_command(&key).unwrap_err();
        assert!(absent.ends_with("does not exist"), "{absent}");
    }

    #[test]
    fn the_name_of_a_key_is_one_word_whatever_it_holds() {
        assert_eq!(quoted("/a b/it's 100%"), r"'/a b/it'\''s 100%%'");
    }
}
