//! Pure. The wishes, in whole.

use super::machine::Keeper;
use super::url::WebAddress;
use super::web::WebServer;
use std::path::{Path, PathBuf};

/// The hook and the way to it that are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) name: String,
    /// Name of the provider, which there is.
    pub(super) provider: &'static str,
    pub(super) repository: Option<String>,
    pub(super) dir: PathBuf,
    pub(super) from: Option<String>,
    pub(super) shell: Vec<String>,
    pub(super) secret_file: Option<PathBuf>,
    /// File of the secret of a hook that is configured already.
    pub(super) secret: Option<PathBuf>,
    /// True if the hook wants certain branches, and not the default one.
    pub(super) names_branches: bool,
    /// False where the hook is configured already.
    pub(super) is_new: bool,
    pub(super) url: WebAddress,
    pub(super) way: Way,
}

/// The way from the forge to the job.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// A host of one's own.
    Host { server: WebServer, keeper: Keeper },
    /// An account of a shared host: a CGI script in this directory, and cron.
    Account { scripts: PathBuf },
}

/// Document roots by the name of their directory.
const DOCUMENT_ROOTS: [&str; 6] = ["public_html", "www", "htdocs", "html", "web", "httpdocs"];

impl Wishes {
    /// URL of the hook, without the secret of a provider that has it there.
    pub(super) fn hook_url(&self) -> String {
        self.url.at(&format!("{}/{}", self.base(), self.name))
    }

    /// Path of the URL before the hook's name.
    pub(super) fn base(&self) -> String {
        match &self.way {
            Way::Host { .. } => "/hooks".to_owned(),
            Way::Account { .. } if !self.url.path.is_empty() => format!("{}/hookspool.cgi", self.url.path),
            Way::Account { scripts } => format!("{}/hookspool.cgi", path_of(scripts)),
        }
    }
}

/// Path of the URL of a directory: below the document root that it lies in, or by its own name.
fn path_of(scripts: &Path) -> String {
    let parts: Vec<String> = scripts.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let root = parts.iter().position(|part| DOCUMENT_ROOTS.contains(&part.as_str()));
    let below = root.map_or_else(|| parts.len().saturating_sub(1), |at| at + 1);
    let below = parts[below.min(parts.len())..].join("/");
    if below.is_empty() { below } else { format!("/{below}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_script_begins_below_the_document_root() {
        for (scripts, path) in [
            ("/home/me/public_html/cgi-bin", "/cgi-bin"),
            ("/home/me/cgi-bin", "/cgi-bin"),
            ("/home/me/www/hooks", "/hooks"),
            ("/home/me/public_html", ""),
        ] {
            assert_eq!(path_of(Path::new(scripts)), path, "{scripts}");
        }
    }
}
