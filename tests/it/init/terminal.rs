//! Questions on a terminal, with defaults that were found.

use crate::support::machine::Machine;

#[test]
fn on_a_terminal_what_is_missing_is_asked_with_defaults_of_this_machine() {
    let Some(machine) = Machine::start() else { return };
    // Return takes the default; a provider that there is not is asked for again.
    let answers = "docs\\ngit@gitee.com:me/docs.git\\nnobody\\n\\n\\n\\nhttp://hooks.example.org\\n";
    let shown = machine.good(&format!(
        "printf '{answers}' | script -qefc '/opt/hookspool init --nginx --supervisor --dry-run' /dev/null"
    ));
    assert!(shown.contains("no provider `nobody`"), "{shown}");
    for question in ["[docs]: ", "[gitee]: ", "[me/docs]: ", "[/srv/docs]: ", "[http://"] {
        assert!(shown.contains(question), "{question}: {shown}");
    }
    for line in [
        "provider   = \"gitee\"",
        "repository = \"me/docs\"",
        "dir        = \"/srv/docs\"",
        "server_name hooks.example.org;",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(shown.contains("nothing was touched") && !machine.at("/etc/hookspool").exists(), "{shown}");
}
