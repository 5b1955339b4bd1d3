//! Edge. The configuration and the secrets: who may read and change them, and whether a web server could hand them out.

use super::finding::Finding;
use super::rights::Rights;
use crate::cli::trust::{described, secret_files, weakness_of};
use crate::config::{Config, SecretError, SecretSource, is_below, is_out_of_reach, oddity};
use crate::provider::Secret;
use crate::system::replaceable::Weakness;
use crate::system::users;
use std::path::{Path, PathBuf};

/// Document roots of web servers, as distributions and hosting companies set them up.
const DOCUMENT_ROOTS: [&str; 8] = [
    "/var/www",
    "/srv/www",
    "/srv/http",
    "/usr/share/nginx/html",
    "/var/lib/www",
    "/usr/local/www",
    "/opt/lampp/htdocs",
    "/home/www",
];
/// The same in a user's home.
const BELOW_HOME: [&str; 5] = ["public_html", "www", "htdocs", "httpdocs", "web"];

/// Looks at the configuration file, the secrets, and where they and the spool lie.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let before = findings.len();
    changeable(&config.file, "configuration", findings);
    replaceable(&config.file, "configuration", &config.spool, findings);
    for path in secret_files(config) {
        secret(&path, findings);
        replaceable(&path, "secret", &config.spool, findings);
    }
    for hook in &config.hooks {
        findings.extend(hook.secrets.iter().filter_map(|secret| of_secret(&secret.source)).map(|f| f.of(&hook.name)));
    }
    exposed(config, findings);
    if findings.len() == before {
        let what = format!("{} and its secrets are kept from others", config.file.display());
        findings.push(Finding::ok(what));
    }
}

/// Findings about the content of a secret, or its absence.
fn of_secret(source: &SecretSource) -> Option<Finding> {
    let error = match source.read() {
        Ok(secret) => return odd(source, &secret),
        // Said of the file already.
        Err(SecretError::Exposed { .. }) => return None,
        Err(error) => error,
    };
    if error.is_of_this_process() {
        let why = "the receiver must read it; where that is another user, this is as it should be";
        let repair = "see who the receiver is, and `chgrp` the file to a group of its";
        return Some(Finding::warning(format!("this user cannot read it: {error}"), why, repair));
    }
    let repair = "write the secret into the file, and the same one at the forge";
    Some(Finding::problem(error.to_string(), "every delivery is answered `500 not configured`", repair))
}

fn odd(source: &SecretSource, secret: &Secret) -> Option<Finding> {
    let (what, script) = oddity(secret)?;
    let repair = match source {
        SecretSource::File(path) => format!("sed -i '{script}' {}", path.display()),
        SecretSource::Env(_) | SecretSource::Credential(_) => "set it anew".to_owned(),
    };
    let what = format!("the secret in {} {what}", source.source_name());
    Some(Finding::warning(what, "all of it counts: every delivery is refused unless the forge's is the same", repair))
}

fn secret(path: &Path, findings: &mut Vec<Finding>) {
    changeable(path, "secret", findings);
    let Ok(rights) = Rights::of(path) else { return };
    if rights.mode & 0o004 != 0 && !is_out_of_reach(path) {
        findings.push(Finding::problem(
            format!("everybody may read the secret {} (mode {:04o})", path.display(), rights.mode),
            "anyone who has it can start jobs",
            format!("chmod o-rwx {}", path.display()),
        ));
    }
}

/// Reports a file that others may write: its writers choose what runs, or who may start it.
fn changeable(path: &Path, noun: &str, findings: &mut Vec<Finding>) {
    let Ok(rights) = Rights::of(path) else { return };
    if rights.mode & 0o022 != 0 {
        findings.push(Finding::problem(
            format!("others than its owner may change the {noun} {} (mode {:04o})", path.display(), rights.mode),
            "anyone who can change it chooses what runs, or who may start it",
            format!("chmod go-w {}", path.display()),
        ));
    }
}

/// Reports a file that others may replace: they choose the same.
fn replaceable(path: &Path, noun: &str, spool: &Path, findings: &mut Vec<Finding>) {
    let Some(weakness) = weakness_of(path, spool) else { return };
    let (what, repair) = described(&weakness);
    let what = format!("the {noun} {} can be replaced: {what}", path.display());
    let why = "anyone who can replace it chooses what runs, or who may start it";
    findings.push(match weakness {
        Weakness::Open(_) => Finding::problem(what, why, repair),
        // The owner may be the one who is meant to.
        Weakness::Foreign(..) => Finding::warning(what, why, repair),
    });
}

fn exposed(config: &Config, findings: &mut Vec<Finding>) {
    let page = config.page.iter().map(|page| page.dir.clone());
    let roots: Vec<PathBuf> = document_roots().into_iter().chain(page).collect();
    let secrets = secret_files(config);
    let paths = [&config.file, &config.spool].into_iter().chain(&secrets);
    for path in paths {
        if let Some(root) = roots.iter().find(|root| is_below(path, root)) {
            findings.push(Finding::problem(
                format!("{} lies below {}", path.display(), root.display()),
                "a web server may hand it out to everybody",
                format!("move it to a place outside of {}", root.display()),
            ));
        }
    }
}

fn document_roots() -> Vec<PathBuf> {
    let system = DOCUMENT_ROOTS.iter().map(PathBuf::from);
    let home = users::current().map(|user| PathBuf::from(user.home));
    let own = home.iter().flat_map(|home| BELOW_HOME.iter().map(move |name| home.join(name)));
    let named = std::env::var_os("DOCUMENT_ROOT").map(PathBuf::from);
    system.chain(own).chain(named).filter(|path| path.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn said(mode: u32) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap(); // where everybody may pass
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let mut findings = Vec::new();
        secret(file.path(), &mut findings);
        findings.into_iter().map(|finding| finding.repair.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_secret_is_for_its_owner_and_its_group_alone() {
        assert_eq!(said(0o640), [""; 0]);
        assert_eq!(said(0o644), ["chmod o-rwx"]);
        assert_eq!(said(0o660), ["chmod go-w"]);
        assert_eq!(said(0o666), ["chmod go-w", "chmod o-rwx"]);
    }
}
