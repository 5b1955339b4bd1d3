//! Root, nginx and supervisor: from nothing to a deployed push.

use crate::support::machine::{Machine, said};

const INIT: &str = "/opt/hookspool init docs --provider gitee --repository me/docs --dir /srv/docs \
    --from git://127.0.0.1/site.git --url http://hooks.example.org --nginx --supervisor";

#[test]
fn one_command_makes_a_host_ready_and_again_it_changes_nothing() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    let before = machine.look();
    let shown = machine.good(&format!("{INIT} --dry-run"));
    assert_eq!(machine.touched(&before), [""; 0], "a dry run touched something");
    for file in
        ["/etc/hookspool/hookspool.toml", "/etc/supervisor/conf.d/hookspool.conf", "/etc/nginx/conf.d/hookspool.conf"]
    {
        assert!(shown.contains(&format!("file {file} (")), "{shown}");
    }

    let told = machine.good(INIT);
    assert_eq!(machine.read("/srv/docs/page"), "first\n", "{told}");
    for (path, rights) in [
        ("/etc/hookspool/secrets/docs", "0640 root:hookspool"),
        ("/etc/hookspool/secrets", "0750 root:hookspool"),
        ("/etc/hookspool/hookspool.toml", "0640 root:hookspool"),
        ("/var/spool/hookspool", "2751 hookspool:hookspool"),
        ("/srv/docs", "0755 hookspool:hookspool"),
        ("/run/hookspool.sock", "0660 hookspool:www-data"),
    ] {
        assert_eq!(machine.rights(path), rights, "{path}");
    }
    // What a dry run shows is what is written.
    for file in
        ["/etc/supervisor/conf.d/hookspool.conf", "/etc/nginx/conf.d/hookspool.conf", "/etc/hookspool/hookspool.toml"]
    {
        let lines: Vec<String> = machine.read(file).lines().map(|line| format!("         | {line}")).collect();
        let lines = lines.join("\n");
        assert!(shown.contains(&lines), "{file}");
    }
    let secret = machine.read("/etc/hookspool/secrets/docs").trim().to_owned();
    assert_eq!(told.matches(&secret).count(), 1, "the secret is told once");
    assert!(told.contains("URL      http://hooks.example.org/hooks/docs") && told.contains("签名密钥"), "{told}");
    let logs = machine.good("cat /var/log/hookspool/* /var/spool/hookspool/*/* 2>/dev/null; true");
    assert!(!logs.contains(&secret), "a log or a job holds the secret");

    let before = machine.look();
    let again = machine.good(INIT);
    assert_eq!(machine.touched(&before), [""; 0]);
    assert!(again.contains("Nothing had to be changed.") && !again.contains("done "), "{again}");
    assert!(!again.contains(&secret), "nobody needs it again");
}

#[test]
fn a_push_after_it_is_deployed_by_what_it_started() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    machine.good(INIT);
    machine.push("second");
    let send = "/usr/local/bin/hookspool send docs --branch trunk --json";
    let reply = machine.good(&format!("{send} --url http://127.0.0.1/hooks/docs --host hooks.example.org"));
    let id = reply.split("\"jobs\":[\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a job");
    machine.good(&format!("/usr/local/bin/hookspool wait {id} --timeout 1m"));
    assert_eq!(machine.read("/srv/docs/page"), "second\n");
}

#[test]
fn a_second_hook_is_added_and_the_first_is_left_as_it_was_typed() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    machine.good(INIT);
    let edited = machine.read("/etc/hookspool/hookspool.toml").replace("[[hook]]", "# mine\n[[hook]]");
    std::fs::write(machine.at("/etc/hookspool/hookspool.toml"), &edited).unwrap();
    let secret = machine.read("/etc/hookspool/secrets/docs");

    let told = machine.good(&INIT.replace("docs", "shop").replace("gitee", "github"));
    let config = machine.read("/etc/hookspool/hookspool.toml");
    assert!(config.starts_with(&edited) && config.contains("name       = \"shop\""), "{config}");
    assert_eq!(machine.rights("/etc/hookspool/hookspool.toml"), "0640 root:hookspool");
    assert_eq!(machine.read("/etc/hookspool/secrets/docs"), secret, "the first hook keeps its secret");
    assert!(
        told.contains("as is    file /etc/nginx/conf.d/hookspool.conf") || told.contains("as is    web server's part"),
        "{told}"
    );
    assert_eq!(machine.read("/srv/shop/page"), "first\n", "{told}");
}

#[test]
fn a_run_that_was_refused_halfway_is_finished_by_the_next() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    let foreign = machine.at("/etc/supervisor/conf.d/hookspool.conf");
    std::fs::write(&foreign, "[program:other]\ncommand=/bin/true\n").unwrap();
    let output = machine.sh(INIT);
    assert_eq!(output.status.code(), Some(73), "{}", said(&output));
    let text = said(&output);
    assert!(text.contains("is not ours; add this to it by hand:\n; hookspool under supervisor"), "{text}");
    assert_eq!(std::fs::read_to_string(&foreign).unwrap(), "[program:other]\ncommand=/bin/true\n");
    let secret = machine.read("/etc/hookspool/secrets/docs");

    std::fs::remove_file(&foreign).unwrap();
    machine.good(INIT);
    assert_eq!(machine.read("/etc/hookspool/secrets/docs"), secret, "a secret is made once");
    assert_eq!(machine.read("/srv/docs/page"), "first\n");
}
