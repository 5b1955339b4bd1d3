//! Pure. The service of receiver and runner: supervisor, systemd, or cron for the runner alone.

use crate::cli::init::goal::{ConditionalRun, Goal, Run, TextFile};
use crate::cli::init::machine::{Keeper, Machine};
use crate::cli::init::owner::Owner;
use crate::cli::init::shipped::{self, Places};
use crate::cli::init::web::{Server, WebServer};
use crate::cli::init::wishes::Wishes;
use std::path::{Path, PathBuf};

/// Names of supervisor's programs.
const PROGRAMS: [&str; 2] = ["hookspool:*", "hookspool-runner"];
const UNITS: [(&str, &str); 3] = [
    ("hookspool.socket", shipped::SOCKET_UNIT),
    ("hookspool.service", shipped::RECEIVER_UNIT),
    ("hookspool-runner.service", shipped::RUNNER_UNIT),
];
const UNIT_DIR: &str = "/etc/systemd/system";

/// The goals of one of them.
pub(super) fn goals(
    machine: &Machine,
    wishes: &Wishes,
    places: &Places,
    server: &WebServer,
    keeper: Keeper,
) -> Result<Vec<Goal>, String> {
    match keeper {
        Keeper::Supervisor => supervisor(machine, places),
        Keeper::Systemd => Ok(systemd(machine, wishes, places)),
        Keeper::Cron => Ok(cron(places, server)),
    }
}

/// The restart that a receiver needs that is the web server's child, before a new member of a group counts.
pub(super) fn restart_of_receivers(machine: &Machine, server: &WebServer, keeper: Keeper) -> Option<Run> {
    let is_fcgiwrap = keeper == Keeper::Cron && server.kind == Server::Nginx;
    let restart: [&str; 3] =
        if machine.is_systemd { ["systemctl", "restart", "fcgiwrap"] } else { ["service", "fcgiwrap", "restart"] };
    is_fcgiwrap.then(|| Run::new(&restart))
}

fn file(path: PathBuf, text: String) -> Goal {
    Goal::File(TextFile { path, mode: 0o644, owner: Owner::new("root", "root"), text, replaces: None })
}

fn supervisor(machine: &Machine, places: &Places) -> Result<Vec<Goal>, String> {
    let found = machine.supervisor.as_ref().ok_or("supervisor is not installed")?;
    let config = found.config.to_string_lossy();
    let programs = found.programs.clone().ok_or_else(|| format!("{config} includes no directory of programs"))?;
    let control = |words: &[&str]| Run::new(&[&["supervisorctl", "-c", &*config], words].concat());
    let status = control(&[&["status"], &PROGRAMS[..]].concat());
    let mut goals = vec![file(programs, places.put_into(shipped::SUPERVISOR))];
    // Before anything is started: a process that has only begun would die of it.
    goals.push(Goal::Command(ConditionalRun {
        run: control(&[&["signal", "HUP"], &PROGRAMS[..]].concat()),
        only_if: vec![status.clone()],
        after: vec![places.config.clone()],
        ..ConditionalRun::default()
    }));
    if !found.is_running {
        let start: &[&str] =
            if machine.is_systemd { &["systemctl", "start", "supervisor"] } else { &["supervisord", "-c", &config] };
        let run = Run::new(start);
        goals.push(Goal::Command(ConditionalRun { run, unless: vec![control(&["pid"])], ..ConditionalRun::default() }));
    }
    goals.push(Goal::Command(ConditionalRun {
        run: control(&["update"]),
        unless: vec![status],
        ..ConditionalRun::default()
    }));
    Ok(goals)
}

fn systemd(machine: &Machine, wishes: &Wishes, places: &Places) -> Vec<Goal> {
    let unit_dir = Path::new(UNIT_DIR);
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    if machine.has_packaged_units {
        files.extend(socket_group(places).map(|text| (unit_dir.join("hookspool.socket.d/group.conf"), text)));
    } else {
        files.extend(UNITS.iter().map(|(name, text)| (unit_dir.join(name), places.put_into(text))));
    }
    if !wishes.dir.starts_with("/srv") {
        let drop_in = unit_dir.join(format!("hookspool-runner.service.d/{}.conf", wishes.name));
        let dir = wishes.dir.display();
        files
            .push((drop_in, format!("# Steps of hook {} write here.\n[Service]\nReadWritePaths={dir}\n", wishes.name)));
    }
    let written: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
    let mut goals: Vec<Goal> = files.into_iter().map(|(path, text)| file(path, text)).collect();
    let [socket, receiver, runner] = UNITS.map(|(name, _)| name);
    let active = Run::new(&["systemctl", "is-active", "--quiet", socket, runner]);
    let enabled = Run::new(&["systemctl", "is-enabled", "--quiet", socket, runner]);
    let is_at_work = |unit| vec![Run::new(&["systemctl", "is-active", "--quiet", unit])];
    let after_config = |verb, unit| ConditionalRun {
        run: Run::new(&["systemctl", verb, unit]),
        only_if: is_at_work(unit),
        after: vec![places.config.clone()],
        ..ConditionalRun::default()
    };
    if !written.is_empty() {
        let reload = Run::new(&["systemctl", "daemon-reload"]);
        goals.push(Goal::Command(ConditionalRun { run: reload, after: written.clone(), ..ConditionalRun::default() }));
        let again = Run::new(&["systemctl", "try-restart", runner]);
        goals.push(Goal::Command(ConditionalRun {
            run: again,
            only_if: is_at_work(runner),
            after: written,
            ..ConditionalRun::default()
        }));
    }
    goals.push(Goal::Command(after_config("reload", receiver)));
    goals.push(Goal::Command(after_config("reload", runner)));
    let run = Run::new(&["systemctl", "enable", "--now", socket, runner]);
    goals.push(Goal::Command(ConditionalRun { run, unless: vec![active, enabled], ..ConditionalRun::default() }));
    goals
}

/// The packaged unit lets in the web server's group of Debian.
fn socket_group(places: &Places) -> Option<String> {
    let group = &places.web_group;
    (group != "www-data").then(|| format!("# The web server's group connects.\n[Socket]\nSocketGroup={group}\n"))
}

/// The runner by cron; a receiver that the web server starts is a member of the spool's group.
fn cron(places: &Places, server: &WebServer) -> Vec<Goal> {
    let (program, config) = (places.program.display(), places.config.display());
    let log = "/var/log/hookspool/cron.log";
    let run = format!("{program} spool-runner --once --max-runtime 50s --config {config}");
    let text = format!(
        "# hookspool: no process stays, cron drains the spool each minute. {log} holds what\n# the last run said.\n\
         * * * * * hookspool exec >{log} 2>&1; {run}\n"
    );
    let member = Goal::Member { user: server.worker.user.clone(), group: "hookspool".to_owned() };
    vec![member, file("/etc/cron.d/hookspool".into(), text)]
}
