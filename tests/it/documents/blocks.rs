//! Edge. Each block of the documents goes through the program that reads it in earnest, or is run by a test of its own.

use crate::support::document::{Block, blocks};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const DOCUMENTS: [&str; 6] =
    ["README.md", "README.zh-CN.md", "deploy/README.md", "deploy/RECIPES.md", "deploy/OPERATOR.md", "deploy/FLEET.md"];

/// What stands around a `location` in nginx.conf, below the directory ROOT.
const NGINX: &str = "pid ROOT/pid; error_log ROOT/log; events {} http { access_log off; client_body_temp_path ROOT/b; \
    proxy_temp_path ROOT/p; fastcgi_temp_path ROOT/f; uwsgi_temp_path ROOT/u; scgi_temp_path ROOT/s; \
    server { listen 127.0.0.1:1; BLOCK } }";

#[test]
fn every_block_is_right_for_the_program_that_reads_it() {
    let mut languages = Vec::new();
    for document in DOCUMENTS {
        for block in blocks(document) {
            let directory = tempfile::tempdir().unwrap();
            let output = read_by_its_program(&block, directory.path());
            if let Some(output) = output {
                assert!(output.status.success(), "{document}, block at line {}: {output:?}", block.line);
            }
            languages.push(block.language);
        }
    }
    languages.sort();
    languages.dedup();
    let known = ["apache", "console", "dockerfile", "ini", "js", "nginx", "sh", "sudoers", "text", "toml"];
    assert_eq!(languages, known, "each language has a reader below");
}

/// `None`: another test runs it (`console`, `toml`, programs of supervisor and uWSGI), or it is a picture.
fn read_by_its_program(block: &Block, directory: &Path) -> Option<Output> {
    let text = &block.text;
    let root = directory.to_str().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(directory.join(name), text).unwrap();
        directory.join(name)
    };
    let mut command = match block.language.as_str() {
        "sh" => program("sh", &["-n"]),
        "js" => program("node", &["--check"]),
        "sudoers" => program("visudo", &["-cf"]),
        "nginx" => program("nginx", &["-q", "-t", "-c"]),
        "apache" => program("apache2", &["-t", "-f"]),
        "ini" if is_unit(text) => program("systemd-analyze", &["verify", "--man=no", "--recursive-errors=no"]),
        _ => return None,
    };
    let path = match block.language.as_str() {
        "nginx" => file("nginx.conf", &NGINX.replace("BLOCK", text).replace("ROOT", root)),
        "apache" => file("apache.conf", &apache(text, root)),
        "js" => file("rules.js", text),
        "ini" if text.contains("[Path]") => file("app.path", text),
        "ini" => file("app.service", text),
        _ => file("block", text),
    };
    let needed =
        if text.contains("[Path]") { Some(file("app.service", "[Service]\nExecStart=/bin/true\n")) } else { None };
    Some(command.arg(path).args(needed).output().unwrap_or_else(|e| panic!("{command:?}: {e}; run tests/run once")))
}

fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").args(arguments);
    command
}

/// A unit of systemd; programs of supervisor and instances of uWSGI have sections of other names.
fn is_unit(text: &str) -> bool {
    ["[Path]", "[Service]", "[Unit]"].iter().any(|section| text.contains(section))
}

fn apache(text: &str, root: &str) -> String {
    let modules = ["mpm_event", "alias", "authz_core"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
    format!(
        "ServerRoot {root}\nServerName localhost\nErrorLog {root}/log\nPidFile {root}/pid\n{}{text}",
        modules.concat()
    )
}
