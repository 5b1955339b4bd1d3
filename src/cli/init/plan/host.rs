//! Pure. A host of one's own: a user for receiver and runner, a service, and the web server in front.

use super::{HostPlan, config_dir, deploy_key, drain, hook_goals, secret_file, service, web};
use crate::cli::init::configuration;
use crate::cli::init::goal::{Answers, Directory, Goal, Url};
use crate::cli::init::machine::{Keeper, Machine};
use crate::cli::init::owner::Owner;
use crate::cli::init::shipped::{self, Places};
use crate::cli::init::web::{Server, WebServer};
use crate::cli::init::wishes::Wishes;
use std::path::{Path, PathBuf};

/// The user who receives and runs.
const USER: &str = "hookspool";
const HOME: &str = "/var/lib/hookspool";
const LOGS: &str = "/var/log/hookspool";
const SPOOL: &str = "/var/spool/hookspool";
const CONFIG: &str = "/etc/hookspool/hookspool.toml";
/// Places from which this program may be started by services as it is.
const INSTALLED: [&str; 2] = ["/usr/bin/hookspool", "/usr/local/bin/hookspool"];

/// The plan of root.
pub(super) fn plan(machine: &Machine, wishes: &Wishes, server: &WebServer, keeper: Keeper) -> Result<HostPlan, String> {
    let runner = Owner::new(USER, USER);
    let places = places(machine, server);
    let mut goals = foundation(machine, wishes, &places, &runner);
    let group_reads = Owner::new("root", USER);
    let fresh = |hook: &str| configuration::fresh(Path::new(SPOOL), Some(Path::new(LOGS)), hook);
    goals.extend(hook_goals(machine, wishes, 0o640, &group_reads, fresh)?);
    let (key_goals, public_key) = deploy_key::goals(machine, wishes, &runner, Path::new(HOME));
    goals.extend(key_goals);
    goals.extend(service::goals(machine, wishes, &places, server, keeper)?);
    if keeper == Keeper::Cron {
        let run = drain(&places.program, &places.config, Some(USER));
        goals.push(Goal::Spool { spool: places.spool.clone(), run });
    }
    goals.extend(web::goals(wishes, &places, server, keeper)?);
    let url = url(wishes, server);
    let restart = service::restart_of_receivers(machine, server, keeper);
    let remedies = restart.into_iter().chain([server.reload(machine.is_systemd)]).collect();
    goals.push(Goal::Answers(Answers { at: url.clone(), remedies }));
    let secret = secret_file(machine, wishes);
    Ok(HostPlan { goals, program: places.program, runner, secret, public_key, url, is_by_cron: keeper == Keeper::Cron })
}

fn places(machine: &Machine, server: &WebServer) -> Places {
    let is_installed = INSTALLED.iter().any(|place| machine.executable == Path::new(place));
    let program = if is_installed { machine.executable.clone() } else { PathBuf::from(INSTALLED[1]) };
    let spool = machine.existing.as_ref().map_or_else(|| SPOOL.into(), |existing| existing.spool.clone());
    let web_group = server.worker.group.clone();
    Places { program, config: machine.config.clone(), spool, web_group }
}

/// User, directories and program.
fn foundation(machine: &Machine, wishes: &Wishes, places: &Places, runner: &Owner) -> Vec<Goal> {
    let mut goals = vec![Goal::User { name: USER.to_owned(), home: HOME.into() }];
    let is_usual = machine.config == Path::new(CONFIG);
    goals.extend(directories(places).filter(|it| is_usual || !it.path.starts_with("/etc")).map(Goal::Directory));
    if !is_usual {
        let path = config_dir(machine).join("secrets");
        goals.push(Goal::Directory(Directory { path, mode: 0o750, owner: Owner::new("root", USER), is_ours: true }));
    }
    if places.program != machine.executable {
        goals.push(Goal::Program { from: machine.executable.clone(), to: places.program.clone() });
    }
    let work = Directory { path: wishes.dir.clone(), mode: 0o755, owner: runner.clone(), is_ours: false };
    goals.push(Goal::Directory(work));
    goals
}

/// The directories of `tmpfiles.conf`; that of systemd's socket is systemd's to make.
fn directories(places: &Places) -> impl Iterator<Item = Directory> {
    let text = places.put_into(shipped::TMPFILES);
    let lines: Vec<String> = text.lines().filter_map(|line| line.strip_prefix("d ")).map(str::to_owned).collect();
    lines.into_iter().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (path, mode) = (PathBuf::from(words.next()?), u32::from_str_radix(words.next()?, 8).ok()?);
        let owner = Owner::new(words.next()?, words.next()?);
        (!path.starts_with("/run")).then_some(Directory { path, mode, owner, is_ours: true })
    })
}

/// The hook's URL through this machine's own web server, whether or not the name leads here yet.
fn url(wishes: &Wishes, server: &WebServer) -> Url {
    if server.kind == Server::Caddy && wishes.url.is_https {
        return Url { url: wishes.hook_url(), host: None };
    }
    let port = wishes.url.http_port();
    let port = if port == 80 { String::new() } else { format!(":{port}") };
    let url = format!("http://127.0.0.1{port}{}/{}", wishes.base(), wishes.name);
    Url { url, host: Some(format!("{}{port}", wishes.url.host)) }
}
