//! Pure. The wishes as far as they have been said, and the next question.

use super::args::InitArgs;
use super::machine::{ExistingHook, Keeper, Machine};
use super::url::WebAddress;
use super::web::{Server, WebServer};
use super::wishes::{Way, Wishes};
use crate::provider::Provider;
use std::path::{Path, PathBuf};

/// The wishes said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct WishDraft {
    pub(super) name: Option<String>,
    pub(super) from: Option<String>,
    pub(super) provider: Option<String>,
    /// `Some("")`: any repository.
    pub(super) repository: Option<String>,
    pub(super) dir: Option<PathBuf>,
    pub(super) url: Option<String>,
    pub(super) shell: Vec<String>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) server: Option<Server>,
    pub(super) keeper: Option<Keeper>,
    pub(super) is_account: bool,
    pub(super) script_dir: Option<PathBuf>,
}

/// A thing that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    From,
    Provider,
    Repository,
    Dir,
    Url,
    Server,
    Keeper,
    ScriptDir,
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) field: Field,
    pub(super) text: String,
    /// The answer of whoever just presses return.
    pub(super) default: Option<String>,
}

impl Field {
    const ALL: [Self; 9] = [
        Self::Name,
        Self::From,
        Self::Provider,
        Self::Repository,
        Self::Dir,
        Self::Url,
        Self::Server,
        Self::Keeper,
        Self::ScriptDir,
    ];

    /// The option that answers it.
    pub(super) const fn flag(self) -> &'static str {
        match self {
            Self::Name => "HOOK",
            Self::From => "--from URL or --shell COMMAND",
            Self::Provider => "--provider NAME",
            Self::Repository => "--repository OWNER/NAME",
            Self::Dir => "--dir DIR",
            Self::Url => "--url URL",
            Self::Server => "--nginx, --apache, --lighttpd or --caddy",
            Self::Keeper => "--supervisor, --systemd or --cron",
            Self::ScriptDir => "--cgi=DIR",
        }
    }
}

impl WishDraft {
    /// The wishes of the options, completed by a hook of that name that is configured already.
    pub(super) fn new(args: &InitArgs, machine: &Machine) -> Self {
        let flags = [args.nginx, args.apache, args.lighttpd, args.caddy];
        let keepers = [args.supervisor, args.systemd, args.cron];
        let mut draft = Self {
            name: args.hook.clone(),
            from: args.from.clone(),
            provider: args.provider.clone(),
            repository: args.repository.clone(),
            dir: args.dir.clone(),
            url: args.url.clone(),
            shell: args.shell.clone(),
            secret_file: args.secret_file.clone(),
            server: Server::ALL.into_iter().zip(flags).find_map(|(server, is_set)| is_set.then_some(server)),
            keeper: Keeper::ALL.into_iter().zip(keepers).find_map(|(keeper, is_set)| is_set.then_some(keeper)),
            is_account: args.cgi.is_some() || !machine.is_root,
            script_dir: args.cgi.clone().flatten(),
        };
        draft.take_only_choices(machine);
        draft
    }

    /// Fills in choices that the machine leaves no doubt about.
    fn take_only_choices(&mut self, machine: &Machine) {
        if self.is_account {
            self.keeper = self.keeper.or(Some(Keeper::Cron));
            self.script_dir = self.script_dir.take().or_else(|| machine.script_dirs.first().cloned());
            return;
        }
        let running: Vec<WebServer> = machine.servers.iter().filter(|server| server.is_running).cloned().collect();
        let servers = if running.is_empty() { &machine.servers } else { &running };
        self.server = self.server.or_else(|| only(servers).map(|server| server.kind));
        let lasting: Vec<Keeper> = machine.keepers.iter().copied().filter(|&it| it != Keeper::Cron).collect();
        let choices = if lasting.is_empty() { &machine.keepers } else { &lasting };
        self.keeper = self.keeper.or_else(|| only(choices));
    }

    /// The hook of that name that is there already.
    fn known<'m>(&self, machine: &'m Machine) -> Option<&'m ExistingHook> {
        let name = self.name.as_deref()?;
        machine.existing.as_ref()?.hooks.iter().find(|hook| hook.name == name)
    }

    /// The fields that must be said before anything can be done.
    pub(super) fn missing(&self, machine: &Machine) -> Vec<Field> {
        Field::ALL.into_iter().filter(|&field| field != Field::Repository && self.lacks(field, machine)).collect()
    }

    fn lacks(&self, field: Field, machine: &Machine) -> bool {
        let is_known = self.known(machine).is_some();
        match field {
            Field::Name => self.name.is_none(),
            Field::From => !is_known && self.from.is_none() && self.shell.is_empty(),
            Field::Provider => !is_known && self.provider.is_none(),
            Field::Repository => !is_known && self.repository.is_none(),
            Field::Dir => !is_known && self.dir.is_none(),
            Field::Url => self.url.is_none(),
            Field::Server => !self.is_account && self.server.is_none(),
            Field::Keeper => self.keeper.is_none(),
            Field::ScriptDir => self.is_account && self.script_dir.is_none(),
        }
    }

    /// The first question that has not been answered.
    pub(super) fn question(&self, machine: &Machine) -> Option<Question> {
        let field = Field::ALL.into_iter().find(|&field| self.lacks(field, machine))?;
        let (text, default) = self.words(field, machine);
        Some(Question { field, text, default })
    }

    fn words(&self, field: Field, machine: &Machine) -> (String, Option<String>) {
        let name = self.name.as_deref().unwrap_or_default();
        let names = |list: &[&str]| list.join(", ");
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let (question, default) = match field {
            Field::Name => ("Name of the hook, the last part of its URL", Some("docs".to_owned())),
            Field::From => ("URL to clone from (of a private repository an address of ssh)", None),
            Field::Provider => {
                return (format!("Forge ({})", Provider::NAMES.join(", ")), self.from.as_deref().and_then(forge_of));
            }
            Field::Repository => ("Repository that may deliver", self.from.as_deref().and_then(repository_in)),
            Field::Dir => ("Directory to keep at the pushed branch's head", Some(text(sites(machine).join(name)))),
            Field::Url => ("The web server as the forge reaches it", Some(format!("http://{}", machine.host))),
            Field::Server => {
                let found: Vec<_> = machine.servers.iter().map(|server| server.kind.name()).collect();
                return (format!("Web server ({})", names(&found)), found.first().map(ToString::to_string));
            }
            Field::Keeper => {
                let found: Vec<_> = machine.keepers.iter().map(|keeper| keeper.name()).collect();
                return (format!("Kept alive by ({})", names(&found)), found.first().map(ToString::to_string));
            }
            Field::ScriptDir => ("Directory for CGI scripts", machine.script_dirs.first().cloned().map(text)),
        };
        (question.to_owned(), default)
    }

    /// Takes the answer, or says what is wrong with it.
    pub(super) fn answer(&mut self, field: Field, text: &str) -> Result<(), String> {
        let text = text.trim();
        if text.is_empty() && field != Field::Repository {
            return Err("nothing was typed".to_owned());
        }
        let named = || Some(text.to_owned());
        match field {
            Field::Name => self.name = named(),
            Field::From => self.from = named(),
            Field::Provider => self.provider = Some(provider(text)?.to_owned()),
            Field::Repository => self.repository = named(),
            Field::Dir => self.dir = Some(text.into()),
            Field::Url => self.url = WebAddress::parse(text).map(|_| named())?,
            Field::Server => self.server = Some(one_of(text, Server::ALL, Server::name)?),
            Field::Keeper => self.keeper = Some(one_of(text, Keeper::ALL, Keeper::name)?),
            Field::ScriptDir => self.script_dir = Some(text.into()),
        }
        Ok(())
    }

    /// The wishes in whole, if they can be had.
    pub(super) fn finish(self, machine: &Machine) -> Result<Wishes, String> {
        let known = self.known(machine).cloned();
        let is_new = known.is_none();
        let typed = self.provider.clone();
        let provider =
            provider(&typed.or_else(|| known.as_ref().map(|hook| hook.provider.clone())).unwrap_or_default())?;
        let name = self.name.clone().unwrap_or_default();
        if let Some(hook) = known.as_ref().filter(|hook| hook.provider != provider) {
            let why = format!("hook `{name}` is there already, for `{}`", hook.provider);
            return Err(format!("{why}: choose another name, or change {}", machine.config.display()));
        }
        Ok(Wishes {
            is_new,
            url: WebAddress::parse(&self.url.clone().unwrap_or_default()).map_err(|hint| format!("`--url`: {hint}"))?,
            way: self.way(machine)?,
            dir: known.as_ref().map(|hook| hook.dir.clone()).or(self.dir).unwrap_or_default(),
            from: known.as_ref().map_or(self.from, |hook| hook.from.clone()),
            repository: known
                .as_ref()
                .map_or(self.repository, |hook| hook.repository.clone())
                .filter(|name| !name.is_empty()),
            names_branches: known.as_ref().is_some_and(|hook| hook.names_branches),
            secret: known.and_then(|hook| hook.secret),
            shell: self.shell,
            secret_file: self.secret_file,
            name,
            provider,
        })
    }

    /// The reason why no answer could make this possible.
    pub(super) fn refusal(&self, machine: &Machine) -> Option<String> {
        let account = |what: &str| format!("only root can set up {what}; an account has `--cgi` and `--cron`");
        match (self.is_account, self.server, self.keeper) {
            (true, _, _) if machine.is_root => {
                Some("`--cgi` is for an account of a shared host: run it as that account".to_owned())
            }
            (true, Some(server), _) => Some(account(server.name())),
            (true, None, Some(keeper)) if keeper != Keeper::Cron => Some(account(keeper.name())),
            (false, _, Some(Keeper::Supervisor)) if machine.supervisor.is_none() => {
                Some("supervisor is not installed".to_owned())
            }
            (false, _, Some(Keeper::Systemd)) if !machine.is_systemd => Some("systemd does not run here".to_owned()),
            (false, Some(Server::Caddy), Some(Keeper::Cron)) => {
                Some("Caddy starts no CGI script: choose `--supervisor` or `--systemd`".to_owned())
            }
            (false, Some(kind), _) if !machine.servers.iter().any(|server| server.kind == kind) => {
                Some(format!("{} is not installed", kind.name()))
            }
            _ => None,
        }
    }

    fn way(&self, machine: &Machine) -> Result<Way, String> {
        if let Some(why) = self.refusal(machine) {
            return Err(why);
        }
        if self.is_account {
            let dir = self.script_dir.as_ref().ok_or("no directory for CGI scripts")?;
            return Ok(Way::Account { scripts: machine.home.join(dir) });
        }
        let found = machine.servers.iter().find(|server| Some(server.kind) == self.server).cloned();
        let (server, keeper) = (found.ok_or("no web server")?, self.keeper.ok_or("no service manager")?);
        Ok(Way::Host { server, keeper })
    }
}

fn only<T: Clone>(found: &[T]) -> Option<T> {
    if let [one] = found { Some(one.clone()) } else { None }
}

fn provider(name: &str) -> Result<&'static str, String> {
    let found = Provider::named(name).map(Provider::name);
    found.ok_or_else(|| format!("no provider `{name}`; there are: {}", Provider::NAMES.join(", ")))
}

fn one_of<T: Copy>(
    text: &str,
    all: impl IntoIterator<Item = T>,
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    all.into_iter().find(|&one| name(one) == text).ok_or_else(|| format!("`{text}` is none of them"))
}

/// Directory of the sites.
fn sites(machine: &Machine) -> PathBuf {
    if machine.is_root { PathBuf::from("/srv") } else { machine.home.join("sites") }
}

/// The forge whose host a URL names.
fn forge_of(url: &str) -> Option<String> {
    const HOSTS: [(&str, &str); 8] = [
        ("github.com", "github"),
        ("gitee.com", "gitee"),
        ("gitlab.com", "gitlab"),
        ("codeberg.org", "forgejo"),
        ("bitbucket.org", "bitbucket"),
        ("gitcode.com", "gitcode"),
        ("e.coding.net", "coding"),
        ("codeup.aliyun.com", "codeup"),
    ];
    HOSTS.iter().find(|(host, _)| url.contains(host)).map(|(_, name)| (*name).to_owned())
}

/// `me/docs` of `git@gitee.com:me/docs.git` and `https://gitee.com/me/docs.git`.
fn repository_in(url: &str) -> Option<String> {
    let path = url.split_once("://").map_or_else(|| url.split_once(':'), |(_, rest)| rest.split_once('/'))?.1;
    let path = path.trim_matches('/');
    let path = Path::new(path.strip_suffix(".git").unwrap_or(path));
    let parts: Vec<_> = path.iter().collect();
    (parts.len() == 2).then(|| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_forge_and_repository() {
        for (url, forge, repository) in [
            ("git@gitee.com:me/docs.git", Some("gitee"), Some("me/docs")),
            ("https://github.com/me/docs", Some("github"), Some("me/docs")),
            ("ssh://git@git.example.org:2222/me/docs.git", None, Some("me/docs")),
            ("/srv/git/docs.git", None, None),
            ("https://gitlab.com/a/b/c.git", Some("gitlab"), None),
        ] {
            assert_eq!(forge_of(url).as_deref(), forge, "{url}");
            assert_eq!(repository_in(url).as_deref(), repository, "{url}");
        }
    }
}
