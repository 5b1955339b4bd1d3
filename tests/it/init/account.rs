//! An account of a shared host: a directory for scripts, cron, and no right to anything else.

use crate::support::machine::{Machine, said};
use crate::support::site::read_shipped;

/// A machine with the account `me`, who owns a document root.
fn shared_host() -> Option<Machine> {
    let machine = Machine::start()?;
    machine.serve_repository("first");
    machine.good("useradd -m -s /bin/sh me && chmod 0755 /home/me && su me -c 'mkdir ~/public_html'");
    Some(machine)
}

fn init(machine: &Machine, options: &str) -> std::process::Output {
    let arguments = "init docs --provider gitea --dir /home/me/docs --from git://127.0.0.1/site.git";
    machine.sh(&format!("su me -c '/opt/hookspool {arguments} {options}'"))
}

fn is_ready(machine: &Machine, options: &str) {
    let output = init(machine, options);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(machine.read("/home/me/docs/page"), "first\n");
    for (path, rights) in [
        ("/home/me/.config/hookspool/hookspool.toml", "0600 me:me"),
        ("/home/me/.config/hookspool/secrets/docs", "0600 me:me"),
        ("/home/me/.config/hookspool/secrets", "0700 me:me"),
        ("/home/me/.local/state/hookspool/spool", "0700 me:me"),
        ("/home/me/bin/hookspool", "0755 me:me"),
    ] {
        assert_eq!(machine.rights(path), rights, "{path}");
    }
    let before = machine.look();
    let again = init(machine, options);
    assert!(said(&again).contains("Nothing had to be changed."), "{}", said(&again));
    assert_eq!(machine.touched(&before), [""; 0]);
    assert_eq!(machine.good("crontab -u me -l").matches("spool-runner").count(), 1);
}

#[test]
fn suexec_runs_the_script_as_the_account_and_cron_the_jobs() {
    let Some(machine) = shared_host() else { return };
    let host = read_shipped("deploy/apache-suexec.conf").replace("me.example.org", "localhost");
    std::fs::write(machine.at("/etc/apache2/sites-enabled/me.conf"), host).unwrap();
    machine.good("sed -i '1s|.*|/home|' /etc/apache2/suexec/www-data && a2enmod -q suexec cgid && apachectl start");
    machine.good("echo '1 2 3 4 5 /bin/true' | crontab -u me -");
    is_ready(&machine, "--url http://localhost");
    assert!(machine.good("crontab -u me -l").starts_with("1 2 3 4 5 /bin/true\n"), "the other lines stay");
    assert_eq!(machine.rights("/home/me/public_html/hooks/hookspool.cgi"), "0755 me:me");

    // A later push, and the line of cron, as cron runs it.
    machine.push("second");
    let hookspool = "/home/me/bin/hookspool";
    machine.good(&format!(
        "su me -c '{hookspool} send docs --branch trunk --url http://localhost/hooks/hookspool.cgi/docs'"
    ));
    let crontab = machine.good("crontab -u me -l");
    let line = crontab.lines().find_map(|line| line.strip_prefix("* * * * * ")).expect("a line for each minute");
    let cron = "env -i HOME=/home/me LOGNAME=me SHELL=/bin/sh PATH=/usr/bin:/bin";
    let me = "setpriv --reuid me --regid me --init-groups";
    machine.good(&format!("cd /home/me && {cron} {me} /bin/sh -c '{line}'"));
    assert_eq!(machine.read("/home/me/docs/page"), "second\n");
}

#[test]
fn lighttpd_runs_the_script_in_a_cgi_bin_of_its_own() {
    let Some(machine) = shared_host() else { return };
    machine.good("su me -c 'mkdir ~/public_html/cgi-bin'");
    let frame = "server.modules = ( \"mod_cgi\" )\n\
        server.document-root = \"/home/me/public_html\"\nserver.port = 8080\n\
        server.username = \"me\"\nserver.groupname = \"me\"\nserver.upload-dirs = ( \"/tmp\" )\n\
        $HTTP[\"url\"] =~ \"^/cgi-bin/\" { cgi.assign = ( \".cgi\" => \"\" ) }\n";
    std::fs::write(machine.at("/etc/lighttpd/me.conf"), frame).unwrap();
    machine.good("lighttpd -f /etc/lighttpd/me.conf");
    is_ready(&machine, "--url http://localhost:8080");
    assert!(!machine.at("/home/me/public_html/cgi-bin/.htaccess").exists(), "the host runs scripts there by itself");
}

#[test]
fn an_account_is_told_what_only_root_can_do_and_what_is_not_its_own_stays() {
    let Some(machine) = shared_host() else { return };
    for (option, why) in
        [("--nginx", "only root can set up nginx"), ("--supervisor", "only root can set up supervisor")]
    {
        let output = init(&machine, &format!("--url http://localhost {option}"));
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
    machine.good("su me -c 'mkdir ~/public_html/hooks && echo Options None >~/public_html/hooks/.htaccess'");
    let output = init(&machine, "--url http://localhost");
    assert!(said(&output).contains("/.htaccess` is there already, and is not ours"), "{}", said(&output));
    assert_eq!(machine.read("/home/me/public_html/hooks/.htaccess"), "Options None\n");
}
