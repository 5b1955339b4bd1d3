//! A private repository by ssh: a deploy key, a host that is known, and a second run that finishes.

use crate::support::machine::{Machine, said};

#[test]
fn a_private_repository_waits_for_its_deploy_key_and_is_then_deployed() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    machine.good("useradd -m -s /usr/bin/git-shell git && usermod -p '*' git && chown -R git: /srv/git");
    machine.good("rm -f /etc/ssh/ssh_host_* && ssh-keygen -A >/dev/null && /usr/sbin/sshd -p 2222");
    let init = "/opt/hookspool init docs --provider gitea --dir /srv/docs \
        --from ssh://git@127.0.0.1:2222/srv/git/site.git --url http://hooks.example.org --nginx --supervisor";
    let output = machine.sh(init);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("The repository cannot be read yet: ") && text.contains("Permission denied"), "{text}");
    let print = machine.good("ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub");
    let print = print.split_whitespace().nth(1).expect("a fingerprint");
    assert!(text.contains(print), "{print} is shown for a person to compare: {text}");
    let key = text.lines().map(str::trim).find(|line| line.starts_with("ssh-ed25519 ")).expect("a key to enter");
    assert_eq!(machine.rights("/var/lib/hookspool/.ssh"), "0700 hookspool:hookspool");
    assert_eq!(machine.rights("/var/lib/hookspool/.ssh/id_ed25519"), "0600 hookspool:hookspool");

    machine.good("install -d -o git -m 0700 /home/git/.ssh");
    machine.good(&format!("cd /home/git/.ssh && echo '{key}' >authorized_keys && chown git authorized_keys"));
    let told = machine.good(init);
    assert_eq!(machine.read("/srv/docs/page"), "first\n", "{told}");
    assert!(told.contains("Nothing had to be changed."), "{told}");
}
