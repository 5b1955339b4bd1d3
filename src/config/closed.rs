//! Pure. The paths that no confined step may reach, whatever else it is given.

use super::settings::{Config, Hook, NotifyTarget, SecretSource, Variable, VariableValue};
use std::path::{Path, PathBuf};

/// Paths that stay closed to the confined steps of a hook, as they are typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosedPaths {
    /// The configuration, the files of all secrets, and the keys that git logs in by. Beside them lie others of their
    /// kind, such as a secret that was rotated.
    pub files: Vec<PathBuf>,
    /// Directories that are closed as a whole: the spool.
    pub trees: Vec<PathBuf>,
    /// Places of other hooks and of the page. They are open where a hook names them.
    pub others: Vec<PathBuf>,
    /// `true` if confined steps, of whichever hook, write to the hook's `dir`, and so to the repository there.
    pub is_shared_with_boxes: bool,
}

/// A place that cannot be opened without opening what is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash<'a> {
    /// It holds this closed path, or is it.
    Holds(&'a Path),
    /// It lies in this closed directory.
    LiesIn(&'a Path),
}

impl ClosedPaths {
    /// The first closed path that `place` holds or lies in, by their names. Others' places do not count.
    pub fn clash(&self, place: &Path) -> Option<Clash<'_>> {
        let closed = || self.files.iter().chain(&self.trees).map(PathBuf::as_path);
        let held = closed().find(|closed| closed.starts_with(place)).map(Clash::Holds);
        held.or_else(|| closed().find(|closed| place.starts_with(closed)).map(Clash::LiesIn))
    }
}

impl Config {
    /// The paths that stay closed to the confined steps of `hook`.
    pub fn closed_to(&self, hook: &Hook) -> ClosedPaths {
        let others = self.hooks.iter().filter(|other| other.name != hook.name);
        let sites = others.flat_map(|other| {
            let published = other.plan.steps.iter().filter_map(|step| step.action.published_to());
            published.chain([other.plan.dir.as_path()])
        });
        let page = self.page.iter().map(|page| page.dir.as_path());
        let logs = self.runner.log_dir.as_deref();
        let own = hook.plan.dir.as_path();
        let is_elsewhere = |place: &&Path| !place.as_os_str().is_empty() && !own.starts_with(place);
        ClosedPaths {
            files: [self.file.clone()].into_iter().chain(self.secret_files()).collect(),
            trees: vec![self.spool.clone()],
            is_shared_with_boxes: self.hooks.iter().any(|other| other.plan.confines_in(&hook.plan)),
            others: sites.chain(page).chain(logs).filter(is_elsewhere).map(Path::to_owned).collect(),
        }
    }

    /// `true` if confined steps write to the repository in the work directory of `hook`.
    pub fn is_reached_by_boxes(&self, hook: &Hook) -> bool {
        let is_within_reach = hook.plan.boxes().next().is_some() || self.closed_to(hook).is_shared_with_boxes;
        hook.plan.releases.is_none() && is_within_reach
    }

    /// The files that secrets are read from, and the private keys of git.
    fn secret_files(&self) -> impl Iterator<Item = PathBuf> {
        let of_hooks = self.hooks.iter().flat_map(|hook| hook.secrets.iter().map(|secret| &secret.source));
        let of_targets = self.notify.iter().flat_map(NotifyTarget::secret_sources);
        let of_forges = self.hooks.iter().filter_map(|hook| Some(&hook.plan.status.as_ref()?.token));
        let of_relay = self.relay.iter().flat_map(|relay| relay.credentials.iter().chain(&relay.sign));
        let of_variables = self.hooks.iter().flat_map(|hook| hook.plan.all_variables()).filter_map(source);
        let sources = of_hooks.chain(of_targets).chain(of_forges).chain(of_relay).chain(of_variables);
        let files = sources.filter_map(|source| match source {
            SecretSource::File(path) => Some(path.clone()),
            SecretSource::Env(_) | SecretSource::Credential(_) => None,
        });
        files.chain(self.hooks.iter().filter_map(|hook| hook.plan.ssh_key.clone()))
    }
}

fn source(variable: &Variable) -> Option<&SecretSource> {
    match &variable.value {
        VariableValue::Secret(source) => Some(source),
        VariableValue::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Publish, StepAction, checked};

    fn config() -> Config {
        let text = r#"
            spool = "/var/spool/hookspool"
            [[hook]]
            name = "docs"
            provider = "github"
            secret = { file = "/etc/hookspool/secrets/docs" }
            ssh_key = "/etc/hookspool/keys/docs"
            dir = "/srv/docs"
            env = { TOKEN = { file = "/srv/token" } }
            steps = [{ run = ["make"] }]
            [[hook]]
            name = "app"
            provider = "github"
            secret = { env = "APP" }
            dir = "/srv/app"
            steps = [{ publish = "dist", to = "/srv/www" }]
            on_success = [{ run = ["x"], env = { KEY = { file = "/srv/key" } } }]
        "#;
        checked(text, "/etc/hookspool/hookspool.toml".into()).unwrap()
    }

    #[test]
    fn secrets_of_all_kinds_the_spool_and_other_sites_are_closed() {
        let config = config();
        let closed = config.closed_to(config.hook("docs").unwrap());
        let files = ["hookspool.toml", "secrets/docs"].map(|name| format!("/etc/hookspool/{name}"));
        let wanted = [&files[0], &files[1], "/srv/token", "/srv/key", "/etc/hookspool/keys/docs"].map(PathBuf::from);
        assert_eq!(closed.files, wanted);
        assert_eq!(closed.trees, [PathBuf::from("/var/spool/hookspool")]);
        assert_eq!(closed.others, ["/srv/www", "/srv/app"].map(PathBuf::from));
        let publish = Publish { from: "dist".into(), to: "/srv/www".into() };
        assert_eq!(config.hooks[1].plan.steps[0].action, StepAction::Publish(publish));
    }

    #[test]
    fn a_work_directory_is_shared_with_the_boxes_of_whichever_hook_writes_there() {
        let text = |confine: &str, place: &str| {
            format!(
                "spool = \"/spool\"\n[defaults]\nprovider = \"github\"\nsecret = {{ env = \"S\" }}\n\
                 steps = [{{ run = [\"x\"] }}]\n[[hook]]\nname = \"a\"\ndir = \"/srv/a\"\n\
                 [[hook]]\nname = \"b\"\n{place}\n{confine}\n"
            )
        };
        let is_shared = |confine: &str, place: &str| {
            let config = checked(&text(confine, place), "/etc/h.toml".into()).unwrap();
            config.closed_to(config.hook("a").unwrap()).is_shared_with_boxes
        };
        assert!(is_shared("confine = true", "dir = \"/srv/a\"") && is_shared("confine = true", "dir = \"/srv\""));
        assert!(is_shared("confine = true", "dir = \"/srv/a/docs\""));
        assert!(is_shared("confine = { write = [\"/srv/a/x\"] }", "dir = \"/srv/b\""));
        assert!(!is_shared("confine = true", "dir = \"/srv/b\"") && !is_shared("", "dir = \"/srv/a\""));
        assert!(!is_shared("confine = true", "releases = { dir = \"/srv/c\", from = \"/srv/r.git\" }"));
    }

    #[test]
    fn a_place_clashes_with_what_it_holds_and_with_what_holds_it() {
        let config = config();
        let closed = config.closed_to(config.hook("docs").unwrap());
        let spool = Path::new("/var/spool/hookspool");
        assert_eq!(closed.clash(Path::new("/var")), Some(Clash::Holds(spool)));
        assert_eq!(closed.clash(Path::new("/var/spool/hookspool/log")), Some(Clash::LiesIn(spool)));
        assert_eq!(closed.clash(Path::new("/srv")), Some(Clash::Holds(Path::new("/srv/token"))));
        assert_eq!(closed.clash(Path::new("/srv/app")), None);
    }
}
