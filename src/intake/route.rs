//! Pure. From the path of a request to a hook.

use crate::config::Hook;

/// The hook whose name is the last part of `path`, or whose own `path` this is. A trailing slash is no difference and
/// is never redirected: some forges do not follow, others turn the POST into a GET. Where the provider's secret is a
/// part of the path, that part follows the name.
pub(super) fn hook_for<'a>(hooks: &'a [Hook], path: &[u8]) -> Option<&'a Hook> {
    let path = trim_slashes(path);
    let last = path.rsplit(|&b| b == b'/').next()?;
    by_path(hooks, path).or_else(|| {
        let without_secret = path.get(..path.len().checked_sub(last.len() + 1)?)?;
        by_path(hooks, trim_slashes(without_secret)).filter(|hook| hook.provider.secret_in_path())
    })
}

fn by_path<'a>(hooks: &'a [Hook], path: &[u8]) -> Option<&'a Hook> {
    let last = path.rsplit(|&b| b == b'/').next()?;
    let own = hooks.iter().find(|hook| hook.path.as_ref().is_some_and(|own| ends_at_own_path(path, own.as_bytes())));
    own.or_else(|| hooks.iter().find(|hook| hook.name.as_bytes() == last))
}

/// `/gitea-update` answers on `/gitea-update` itself and below a CGI script, `/cgi-bin/hookspool/gitea-update`.
fn ends_at_own_path(path: &[u8], own: &[u8]) -> bool {
    path.ends_with(trim_slashes(own))
}

fn trim_slashes(mut path: &[u8]) -> &[u8] {
    while let Some(shorter) = path.strip_suffix(b"/") {
        path = shorter;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::hook;

    fn found(path: &str) -> Option<String> {
        let mut own = hook("api");
        own.path = Some("/gitea-update".into());
        hook_for(&[hook("docs"), own], path.as_bytes()).map(|h| h.name.clone())
    }

    #[test]
    fn the_last_part_of_the_path_names_the_hook() {
        for path in ["/docs", "/hooks/docs", "/cgi-bin/hookspool/docs", "/hooks/docs/", "//docs//"] {
            assert_eq!(found(path).as_deref(), Some("docs"), "{path}");
        }
    }

    #[test]
    fn a_path_of_its_own_answers_at_the_root_and_below_a_script() {
        for path in ["/gitea-update", "/cgi-bin/hookspool/gitea-update", "/gitea-update/"] {
            assert_eq!(found(path).as_deref(), Some("api"), "{path}");
        }
    }

    #[test]
    fn the_secret_of_docker_hub_follows_the_name_and_for_others_nothing_does() {
        let mut images = hook("images");
        images.provider = crate::provider::Provider::DockerHub;
        let hooks = [images, hook("docs")];
        let found = |path: &str| hook_for(&hooks, path.as_bytes()).map(|hook| hook.name.clone());
        for path in ["/images/s3cr3t", "/hooks/images/s3cr3t/", "/images"] {
            assert_eq!(found(path).as_deref(), Some("images"), "{path}");
        }
        for path in ["/docs/s3cr3t", "/images/x/y", "s3cr3t"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn anything_else_is_no_hook() {
        for path in ["", "/", "/docs/x", "/xdocs", "/docs\0", "/DOCS", "/x-gitea-update", "/docs/.."] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
