//! Edge. Boxes on a machine of its own, with the configuration below `/etc` and the spool and another site below `/opt`.

use crate::support::machine::Machine;

/// Makes the machine's files, and runs one job.
const SETUP: &str = r#"
mkdir -p /etc/hookspool/secrets /opt/tool /opt/other /srv/docs /root/.ssh
for file in /etc/hookspool/secrets/docs /etc/hookspool/secrets/rotated /opt/other/page /opt/tool/file /root/.ssh/id; do
    echo a secret that is long enough >$file && chmod 600 $file
done
ln -s hookspool/secrets /etc/link && ln -s /root/.ssh /opt/link
cat >/etc/hookspool/hookspool.toml <<'END'
spool = "/opt/spool"
[defaults]
provider = "github"
secret = { file = "/etc/hookspool/secrets/docs" }
[[hook]]
name = "docs"
dir = "/srv/docs"
confine = { network = false }
steps = [{ run = ["sh", "/srv/docs/build"] }]
[[hook]]
name = "other"
dir = "/opt/other"
steps = [{ run = ["true"] }]
END
cat >/srv/docs/build <<'END'
for open in /etc/passwd /etc/ssl/openssl.cnf /opt/tool/file /usr/bin/env; do cat $open >/dev/null && echo open $open; done
for closed in /etc/hookspool/hookspool.toml /etc/hookspool/secrets/docs /etc/hookspool/secrets/rotated /etc/link/docs \
    /opt/other/page /opt/link/id /root/.ssh/id /opt/spool/lock; do cat $closed >/dev/null 2>&1 && echo GOT $closed; done
for closed in /etc /opt /etc/hookspool /opt/spool /opt/other /root /var /tmp /run; do
    ls $closed >/dev/null 2>&1 && echo GOT $closed
done
getent passwd root >/dev/null && getent hosts localhost && echo built >page
END
/opt/hookspool --config /etc/hookspool/hookspool.toml spool-runner --once
/opt/hookspool --config /etc/hookspool/hookspool.toml deploy docs -m try
/opt/hookspool --config /etc/hookspool/hookspool.toml spool-runner --once
cat /opt/spool/log/*.log
"#;

#[test]
fn etc_and_opt_are_opened_around_configuration_secrets_spool_and_other_sites() {
    let Some(machine) = Machine::start() else { return };
    let said = machine.good(SETUP);
    assert_eq!(machine.read("/srv/docs/page"), "built\n", "{said}");
    assert_eq!(said.matches("out open ").count(), 4, "{said}");
    assert!(!said.contains("out GOT "), "{said}");
}
