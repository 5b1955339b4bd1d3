//! Pure. The web server's part.

use crate::cli::init::goal::{ConditionalRun, Directory, Goal, Run, TextFile};
use crate::cli::init::machine::Keeper;
use crate::cli::init::owner::Owner;
use crate::cli::init::shipped::{self, Places};
use crate::cli::init::web::{Server, WebServer};
use crate::cli::init::wishes::Wishes;
use std::path::{Path, PathBuf};

/// The goals of one server, its part tested by the server itself.
pub(super) fn goals(wishes: &Wishes, places: &Places, server: &WebServer, keeper: Keeper) -> Result<Vec<Goal>, String> {
    let text = text(wishes, places, server, keeper == Keeper::Cron);
    let Some(path) = server.snippet.clone() else {
        return Err(format!("{} includes no directory: add this by hand:\n{text}", server.config.display()));
    };
    let root = Owner::new("root", "root");
    let link = server.has_links().then(|| link(&path)).flatten();
    let mut goals = modules(server, keeper);
    if server.kind == Server::Caddy {
        let path = path.parent().unwrap_or(Path::new("/")).to_owned();
        goals.push(Goal::Directory(Directory { path, mode: 0o755, owner: root.clone(), is_ours: false }));
    }
    let mut parts = vec![Goal::File(TextFile { path, mode: 0o644, owner: root, text, replaces: None })];
    parts.extend(link);
    if server.kind == Server::Caddy {
        parts.push(Goal::Line { file: server.config.clone(), line: "import conf.d/*.caddy".to_owned() });
    }
    goals.push(Goal::Checked { parts, check: server.check() });
    Ok(goals)
}

fn text(wishes: &Wishes, places: &Places, server: &WebServer, is_cgi: bool) -> String {
    let shipped = match (server.kind, is_cgi) {
        (Server::Nginx, false) => shipped::NGINX,
        (Server::Nginx, true) => shipped::NGINX_CGI,
        (Server::Apache, false) => shipped::APACHE,
        (Server::Apache, true) => shipped::APACHE_CGI,
        (Server::Lighttpd, false) => shipped::LIGHTTPD,
        (Server::Lighttpd, true) => shipped::LIGHTTPD_CGI,
        (Server::Caddy, _) => shipped::CADDY,
    };
    let text = places.put_into(shipped);
    match server.kind {
        Server::Nginx => {
            let beside = server.config.with_file_name("fastcgi_params");
            shipped::at_host(&text.replace("/etc/nginx/fastcgi_params", &beside.to_string_lossy()), &wishes.url)
        }
        Server::Caddy => shipped::at_caddy_host(&text, &wishes.url),
        Server::Apache | Server::Lighttpd => text,
    }
}

/// The link in `conf-enabled` to a file in `conf-available`.
fn link(available: &Path) -> Option<Goal> {
    let name = available.file_name()?;
    let at = available.parent()?.with_file_name("conf-enabled").join(name);
    Some(Goal::Link { at, to: PathBuf::from("../conf-available").join(name) })
}

/// Modules that Debian's Apache does not load by itself.
fn modules(server: &WebServer, keeper: Keeper) -> Vec<Goal> {
    if server.kind != Server::Apache || !server.has_links() {
        return Vec::new();
    }
    let names: &[&str] =
        if keeper == Keeper::Cron { &["alias", "cgid", "env"] } else { &["proxy", "proxy_fcgi", "env"] };
    let enabled = server.config.with_file_name("mods-enabled");
    let is_there = |name: &&str| Run::new(&["test", "-e", &enabled.join(format!("{name}.load")).to_string_lossy()]);
    let run = Run::new(&[&["a2enmod", "-q"], names].concat());
    vec![Goal::Command(ConditionalRun {
        run,
        unless: names.iter().map(is_there).collect(),
        ..ConditionalRun::default()
    })]
}
