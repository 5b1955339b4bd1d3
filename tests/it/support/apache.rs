//! Edge. Apache in the foreground, with a shipped file beside what a distribution's configuration brings.

use super::account::{Account, is_root};
use super::daemon::{Daemon, foreground};
use super::gateway::{answers, script_group};
use super::site::{Site, chown_to, read_shipped};
use std::fmt::Write;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The modules that the shipped files need, beside those that every installation loads.
const MODULES: [&str; 9] =
    ["mpm_event", "authz_core", "mime", "reqtimeout", "env", "alias", "cgid", "proxy", "proxy_fcgi"];

/// `deploy/apache-cgi.conf`.
pub(super) fn cgi(site: &Site, port: u16) -> Daemon {
    cgi_changed(site, port, &[])
}

/// The same with `changes`, each of which must apply.
pub(super) fn cgi_changed(site: &Site, port: u16, changes: &[(&str, &str)]) -> Daemon {
    let shipped = site.shipped("deploy/apache-cgi.conf", changes);
    start(site, port, Account::web(), script_group(), &shipped)
}

/// `deploy/apache-fastcgi.conf`.
pub(super) fn fastcgi(site: &Site, port: u16) -> Daemon {
    let shipped = site.shipped("deploy/apache-fastcgi.conf", &[]);
    start(site, port, Account::web(), &Account::web().group, &shipped)
}

/// `deploy/apache-fcgid.conf`: Apache starts the receiver itself.
pub(super) fn fcgid(site: &Site, port: u16) -> Daemon {
    let root = site.root();
    let own = format!(
        "LoadModule fcgid_module /usr/lib/apache2/modules/mod_fcgid.so\nFcgidIPCDir \"{root}/run/fcgid\"\n\
         FcgidProcessTableFile \"{root}/run/fcgid_shm\"\n"
    );
    let shipped = own + &site.shipped("deploy/apache-fcgid.conf", &[]);
    start(site, port, Account::web(), script_group(), &shipped)
}

/// `deploy/apache-page.conf`, with a password file.
pub(super) fn page(site: &Site, port: u16, passwords: &str) -> Daemon {
    let modules = ["auth_basic", "authn_core", "authn_file", "authz_user", "dir", "headers"];
    let load = |name: &str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
    let shipped = site.shipped("deploy/apache-page.conf", &[("/etc/apache2/deploy.htpasswd", passwords)]);
    let own: String = modules.map(load).concat();
    start(site, port, Account::web(), &Account::web().group, &(own + &shipped))
}

/// `deploy/htaccess` and `deploy/hookspool.cgi` below an account's document root, in the host of
/// `deploy/apache-suexec.conf`. Where the account is none that suEXEC may become, the whole server runs as its user.
pub(super) fn shared_hosting(site: &Site, port: u16) -> Daemon {
    let script = site.write("/home/me/public_html/deploy/hookspool.cgi", &site.shipped("deploy/hookspool.cgi", &[]));
    site.write("/home/me/public_html/deploy/.htaccess", &read_shipped("deploy/htaccess"));
    site.write("/home/me/public_html/deploy/secret.txt", "left here by mistake");
    std::fs::set_permissions(script, Permissions::from_mode(0o755)).expect("mode");
    let owner = Account::owner();
    chown_to(&site.at("/home/me/public_html"), owner);
    let by_suexec = is_root() && owner.ids().0 >= SUEXEC_LEAST_ID;
    let user = if by_suexec { format!("SuexecUserGroup {} {}\n", owner.name, owner.group) } else { String::new() };
    let changes = [("*:80", format!("127.0.0.1:{port}")), ("SuexecUserGroup me me\n", user)];
    let host = site.shipped("deploy/apache-suexec.conf", &changes.each_ref().map(|(from, to)| (*from, to.as_str())));
    if !by_suexec {
        return start(site, port, owner, &owner.group, &host);
    }
    let host = format!("LoadModule suexec_module /usr/lib/apache2/modules/mod_suexec.so\n{host}");
    let web = Account::web();
    run(site, port, as_suexec_allows(site), &frame(site, port, web, &web.group), &host)
}

/// Least number of a user that Debian's suEXEC becomes.
const SUEXEC_LEAST_ID: u32 = 100;

/// A shell that sees the test's own file in the place of suEXEC's configuration, and the test's own directory in the
/// place of its log's; then another program. Nobody else sees them there.
fn as_suexec_allows(site: &Site) -> Command {
    let allowed = site.write("/etc/apache2/suexec", &format!("{}/home\npublic_html/cgi-bin\n", site.root()));
    let mut command = foreground("unshare");
    command.args(["--mount", "sh", "-c"]).arg(
        "mkdir -p /var/log/apache2 && mount --bind \"$1\" /etc/apache2/suexec/www-data && \
         mount --bind \"$2\" /var/log/apache2 && shift 2 && exec \"$@\"",
    );
    command.arg("sh").arg(allowed).arg(site.at("/var/log")).arg("apache2");
    command
}

fn start(site: &Site, port: u16, user: &Account, group: &str, shipped: &str) -> Daemon {
    run(site, port, foreground("apache2"), &frame(site, port, user, group), shipped)
}

fn run(site: &Site, port: u16, mut apache: Command, frame: &str, shipped: &str) -> Daemon {
    site.write("/etc/apache2/conf-enabled/hookspool.conf", shipped);
    apache.args(["-DFOREGROUND", "-f"]).arg(site.write("/etc/apache2/apache2.conf", frame));
    let logs = ["apache-error.log", "suexec.log"].map(|log| site.at("/var/log").join(log));
    Daemon::start("apache2", apache, &site.at("/var/log/apache.out"), &logs)
        .ready(|| answers(port) && has_cgi_daemon(site))
}

/// Whether `mod_cgid`'s daemon has its socket, whose name ends with a process id. Apache listens before, and answers
/// 503 to who comes in between.
fn has_cgi_daemon(site: &Site) -> bool {
    let names = std::fs::read_dir(site.at("/run")).expect("directory").flatten();
    names.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("cgisock"))
}

fn frame(site: &Site, port: u16, user: &Account, group: &str) -> String {
    let root = site.root();
    let mut text = format!(
        "ServerRoot \"{root}/etc/apache2\"\nDefaultRuntimeDir \"{root}/run\"\nPidFile \"{root}/run/apache2.pid\"\n\
         ServerName localhost\nListen 127.0.0.1:{port}\n"
    );
    if is_root() {
        writeln!(text, "User {}\nGroup {group}", user.name).expect("a String");
    }
    for module in MODULES {
        writeln!(text, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so").expect("a String");
    }
    write!(
        text,
        "TypesConfig /dev/null\nErrorLog \"{root}/var/log/apache-error.log\"\n\
         CustomLog \"{root}/var/log/apache-access.log\" \"%h %>s %r\"\nDocumentRoot \"{root}/var/www/html\"\n\
         RequestReadTimeout header=20-40,MinRate=500 body=20,MinRate=500\nScriptSock \"{root}/run/cgisock\"\n\
         <Directory />\nOptions FollowSymLinks\nAllowOverride None\nRequire all denied\n</Directory>\n\
         <Directory \"{root}/var/www/html\">\nRequire all granted\n</Directory>\n\
         Include \"{root}/etc/apache2/conf-enabled/hookspool.conf\"\n"
    )
    .expect("a String");
    text
}
