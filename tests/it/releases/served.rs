//! What nginx and PHP-FPM serve of releases that are switched, with the file of `deploy/`.

use crate::support::app::App;
use crate::support::http::{Framing, Request, Response, send};
use crate::support::{Account, Daemon, Site, answers, free_port, loopback, nginx};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const STEPS: &str = "steps = [{ run = [\"true\"] }]";

/// The newest PHP-FPM of this machine.
fn php_fpm() -> PathBuf {
    let names = crate::spool::append::names(Path::new("/usr/sbin"));
    let newest = names.into_iter().rfind(|name| name.starts_with("php-fpm"));
    Path::new("/usr/sbin").join(newest.expect("no php-fpm: run tests/run once"))
}

/// PHP-FPM with one process, whose caches a request finds as the one before left them.
fn php(site: &Site) -> Daemon {
    let (root, web) = (site.root(), Account::web());
    fs::create_dir_all(site.at("/run/php")).unwrap();
    let socket = site.at("/run/php/php-fpm.sock");
    let owner = if Account::myself().is_root() {
        format!("user = {0}\ngroup = {1}\nlisten.owner = {0}\nlisten.group = {1}\n", web.name, web.group)
    } else {
        String::new()
    };
    let config = format!(
        "[global]\ndaemonize = no\nerror_log = {root}/var/log/php-fpm.log\n[www]\n{owner}listen = {}\npm = static\n\
         pm.max_children = 1\nphp_admin_value[opcache.enable] = 1\n",
        socket.display()
    );
    let config = site.write("/etc/php-fpm.conf", &config);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig=TERM", "--"]).arg(php_fpm()).args(["-F", "-n", "-y"]).arg(config);
    let log = site.at("/var/log/php-fpm.log");
    Daemon::start("php-fpm", command, &site.at("/var/log/php-fpm.out"), &[log]).ready(|| socket.exists())
}

/// nginx with the shipped file for `app`, and with `changes` to it.
fn web(site: &Site, app: &App, changes: &[(&str, &str)]) -> (Daemon, u16) {
    let port = free_port();
    let (root, socket) = (app.at("current/public"), site.at("/run/php/php-fpm.sock"));
    let (root, socket) = (format!("root {};", root.display()), format!("unix:{};", socket.display()));
    let own = [("root /srv/app/current/public;", root.as_str()), ("unix:/run/php/php-fpm.sock;", socket.as_str())];
    (nginx::shipped(site, port, "deploy/nginx-releases.conf", &[&own[..], changes].concat()), port)
}

fn deploy(app: &App, build: &str) {
    app.deploy(&[
        ("public/index.php", &format!("<?php echo '{build} ', require __DIR__ . '/../lib.php';")),
        ("lib.php", &format!("<?php return '{build} ' . file_get_contents(__DIR__ . '/page');")),
        ("page", build),
        ("public/static.txt", build),
    ]);
}

fn app() -> App {
    let app = App::new("keep = 2", STEPS);
    app.open_to_all();
    deploy(&app, "1");
    app
}

fn get(port: u16, path: &str) -> Response {
    send(loopback(port), &Request::new("GET", path, Framing::None, b""))
}

fn body(port: u16, path: &str) -> String {
    let reply = get(port, path);
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.text().trim().to_owned()
}

#[test]
fn each_request_to_php_is_of_one_release_and_the_next_of_the_new_one() {
    let (app, site) = (app(), Site::new());
    let (_php, (_nginx, port)) = (php(&site), web(&site, &app, &[]));
    assert!(answers(port));
    for build in ["2", "3", "4", "5"] {
        let before = body(port, "/");
        deploy(&app, build);
        assert_ne!(body(port, "/"), before);
        assert_eq!(body(port, "/"), format!("{build} {build} {build}"));
        assert_eq!(body(port, "/static.txt"), build);
    }
    app.roll_back(&[]);
    assert_eq!((body(port, "/"), body(port, "/static.txt")), ("4 4 4".to_owned(), "4".to_owned()));
    assert_eq!(get(port, "/.env").status, 403);
}

#[test]
fn by_the_name_of_the_link_php_serves_what_it_remembers() {
    let (app, site) = (app(), Site::new());
    let naive = [("$realpath_root$fastcgi_script_name", "$document_root$fastcgi_script_name")];
    let (_php, (_nginx, port)) = (php(&site), web(&site, &app, &naive));
    assert_eq!(body(port, "/"), "1 1 1");
    deploy(&app, "2");
    assert_ne!(body(port, "/"), "2 2 2", "the shipped file would not need `$realpath_root`");
    assert_eq!(body(port, "/static.txt"), "2");
}
