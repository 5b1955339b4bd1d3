//! Edge. Looks at this machine, and changes nothing.

use super::goal::Run;
use super::machine::{Existing, ExistingHook, Keeper, Machine, Supervisor, programs_file};
use super::owner::Owner;
use super::tool;
use super::web::{Server, WebServer, snippet_file, worker_in};
use crate::cli::exit::{self, Failure};
use crate::config::{self, Config, Hook, SecretSource, StepAction};
use crate::system::{groups, users};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The facts; `explicit` is a configuration that was named.
pub(super) fn look(explicit: Option<&Path>) -> Result<Machine, Failure> {
    let unknown = || Failure::new(exit::UNAVAILABLE, "this user is not in /etc/passwd");
    let user = users::current().ok_or_else(unknown)?;
    let is_root = user.uid == 0;
    let home = PathBuf::from(&user.home);
    let config = configuration(explicit, is_root, &home)?;
    let is_systemd = Path::new("/run/systemd/system").is_dir();
    let supervisor = supervisor();
    let keys_of = if is_root { Path::new("/var/lib/hookspool") } else { &home };
    let no_program = |error| Failure::io("cannot find this program", &error);
    Ok(Machine {
        me: Owner { user: user.name.to_string_lossy().into_owned(), group: groups::name_of(user.gid) },
        is_root,
        executable: env::current_exe().map_err(no_program)?,
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        existing: existing(&config)?,
        config,
        servers: servers(),
        keepers: keepers(is_systemd, supervisor.is_some()),
        supervisor,
        has_packaged_units: ["/usr/lib", "/lib"]
            .iter()
            .any(|lib| Path::new(lib).join("systemd/system/hookspool.socket").exists()),
        is_systemd,
        script_dirs: script_dirs(&home),
        key: key(keys_of),
        home,
    })
}

/// The file that every verb would use, or would use once it is there.
fn configuration(explicit: Option<&Path>, is_root: bool, home: &Path) -> Result<PathBuf, Failure> {
    let variable = env::var_os("HOOKSPOOL_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || {
        if is_root {
            PathBuf::from("/etc/hookspool/hookspool.toml")
        } else {
            home.join(".config/hookspool/hookspool.toml")
        }
    };
    let file = explicit.map(Path::to_owned).or(variable).unwrap_or_else(usual);
    std::path::absolute(&file).map_err(|error| Failure::io(format!("cannot find `{}`", file.display()), &error))
}

fn existing(file: &Path) -> Result<Option<Existing>, Failure> {
    if fs::symlink_metadata(file).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let config = config::load(file).map_err(|error| Failure::new(exit::CONFIGURATION, error))?;
    let unreadable = |error| Failure::io(format!("cannot read `{}`", file.display()), &error);
    let text = fs::read_to_string(file).map_err(unreadable)?;
    Ok(Some(known(text, &config)))
}

fn known(text: String, config: &Config) -> Existing {
    let file = |hook: &Hook| match hook.secrets.first().map(|secret| &secret.source) {
        Some(SecretSource::File(file)) => Some(file.clone()),
        _ => None,
    };
    let from = |hook: &Hook| {
        hook.plan.steps.iter().find_map(|step| match &step.action {
            StepAction::Git(update) => update.from.clone(),
            _ => None,
        })
    };
    let hook = |hook: &Hook| ExistingHook {
        name: hook.name.clone(),
        provider: hook.provider.name().to_owned(),
        repository: hook.rules.repository.clone(),
        dir: hook.plan.dir.clone(),
        from: from(hook),
        names_branches: hook.rules.branches.is_some(),
        secret: file(hook),
    };
    Existing { text, spool: config.spool.clone(), hooks: config.hooks.iter().map(hook).collect() }
}

/// The web servers that are installed; those that run come first.
fn servers() -> Vec<WebServer> {
    let running = running_programs();
    let mut found: Vec<WebServer> = Server::ALL.into_iter().filter_map(|kind| server(kind, &running)).collect();
    found.sort_by_key(|server| !server.is_running);
    found
}

fn server(kind: Server, running: &[String]) -> Option<WebServer> {
    let file = |name: &&str| {
        if name.starts_with('/') { Some(PathBuf::from(name)).filter(|path| path.is_file()) } else { tool::find(name) }
    };
    let program = kind.programs().iter().find_map(file)?;
    let config = kind.configs().iter().map(PathBuf::from).find(|config| config.is_file())?;
    let text = fs::read_to_string(&config).unwrap_or_default();
    let name = program.file_name()?.to_string_lossy().into_owned();
    Some(WebServer {
        kind,
        snippet: snippet_file(kind, &config, &text),
        worker: worker(kind, &text)?,
        is_running: running.contains(&name),
        program,
        config,
    })
}

/// The workers' user: as the file says, or the first of the usual ones that there is.
fn worker(kind: Server, text: &str) -> Option<Owner> {
    let (named, group) = worker_in(kind, text).unzip();
    let usual = || kind.users().iter().find(|name| users::named(name).is_some()).map(ToString::to_string);
    let name = named.or_else(usual)?;
    let own_group = || users::named(&name).map(|user| groups::name_of(user.gid));
    let group = group.flatten().or_else(own_group)?;
    Some(Owner { user: name, group })
}

/// Names of the programs that run.
fn running_programs() -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

fn supervisor() -> Option<Supervisor> {
    tool::find("supervisorctl")?;
    let files = ["/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"].map(PathBuf::from);
    let config = files.into_iter().find(|file| file.is_file())?;
    let programs = programs_file(&config, &fs::read_to_string(&config).unwrap_or_default());
    let is_running = tool::agrees(&Run::new(&["supervisorctl", "-c", &config.to_string_lossy(), "pid"]));
    Some(Supervisor { config, programs, is_running })
}

fn keepers(is_systemd: bool, has_supervisor: bool) -> Vec<Keeper> {
    let has = |keeper: &Keeper| match keeper {
        Keeper::Supervisor => has_supervisor,
        Keeper::Systemd => is_systemd,
        Keeper::Cron => Path::new("/etc/cron.d").is_dir(),
    };
    Keeper::ALL.into_iter().filter(has).collect()
}

/// Directories from which hosts run an account's scripts; else one to be made below a document root.
fn script_dirs(home: &Path) -> Vec<PathBuf> {
    let roots = ["public_html", "www", "htdocs", "httpdocs"].map(|name| home.join(name));
    let own = [home.join("cgi-bin")].into_iter().chain(roots.iter().map(|root| root.join("cgi-bin")));
    let made = roots.iter().filter(|root| root.is_dir()).map(|root| root.join("hooks"));
    own.filter(|dir| dir.is_dir()).chain(made).collect()
}

fn key(home: &Path) -> Option<PathBuf> {
    let names = ["id_ed25519", "id_ecdsa", "id_rsa"];
    names.iter().map(|name| home.join(".ssh").join(name)).find(|file| file.is_file())
}
