//! Edge. A push to Gitea: stop a service of supervisor, update it, start it, and start it also when the update failed.

use super::{PAGE, changed, configure, count, deliver, free_port, page};
use crate::support::document::block;
use crate::support::repository::Repository;
use crate::support::{Account, Gateway, Site, forges, supervisor, until};
use std::fs;
use std::process::Command;

/// A server that shows what it was when it was started.
fn program(port: u16, text: &str) -> String {
    format!(
        "import http.server\nclass Page(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        \
         self.send_response(200)\n        self.end_headers()\n        self.wfile.write(b'{text}')\n\
         http.server.HTTPServer(('127.0.0.1', {port}), Page).serve_forever()\n"
    )
}

#[test]
fn a_service_is_stopped_updated_and_started_also_when_the_update_failed() {
    let site = Site::new();
    let repository = Repository::new(&site);
    let port = free_port();
    let bare = site.srv().join("git/site.git");
    let ours = format!("\"supervisorctl\", \"-c\", \"{}\"", site.at(supervisor::CONFIG).display());
    let theirs = "https://gitea.example.org/me/app.git";
    configure(&site, "app", &[("\"supervisorctl\"", ours.as_str()), (theirs, &repository.url())]);
    let user = format!("= {}\n", Account::web().name);
    let service = site.moved(&changed(&block(PAGE, "ini", "[program:app]"), &[("= www-data\n", user.as_str())]));
    site.write("/etc/supervisor/conf.d/app.conf", &service);
    make_directory(&site);
    let server = Gateway::Supervisor.start(&site);
    let process = || String::from_utf8(supervisor::control(&site, &["pid", "app"]).stdout).expect("a number");

    let mut processes = Vec::new();
    for (number, text) in [(1, "one"), (2, "two")] {
        let commit = repository.commit("server.py", &program(port, text));
        deliver(server.address, &forges::gitea(&server.path("app"), &commit));
        until("the job is done", || count(&site, "done") == number);
        until("the new service answers", || page(port).is_some_and(|page| page == text));
        processes.push(process());
    }
    fs::rename(&bare, bare.with_file_name("gone.git")).expect("a repository that goes away");
    deliver(server.address, &forges::gitea(&server.path("app"), crate::support::github::COMMIT));
    until("the job has failed", || count(&site, "failed") == 1);
    until("the old service answers", || page(port).is_some_and(|page| page == "two"));
    processes.push(process());
    processes.sort();
    processes.dedup();
    assert_eq!(processes.len(), 3, "each job stops the service and starts it");
}

/// The page's command, as root types it: the first step runs in the directory before anything is cloned into it.
fn make_directory(site: &Site) {
    let shown = block(PAGE, "sh", "/srv/app").replace("hookspool", &Account::owner().name);
    let output = Command::new("sh").args(["-ec", &site.moved(&shown)]).output().expect("sh");
    assert!(output.status.success(), "{output:?}");
}
