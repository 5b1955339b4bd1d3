//! Pure. From the path of a request to a hook.

use crate::config::Hook;
use crate::model::echo;

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
    let own_bytes =
        |hook: &Hook| hook.path.as_ref().filter(|own| ends_at_own_path(path, own.as_bytes())).map(String::len);
    // Of `/update` and `/site/update` the longer one is meant.
    // What comes from other hosts comes by the relay: such a hook has no secret, and no deliveries.
    let hooks = || hooks.iter().filter(|hook| hook.from.is_empty());
    let own = hooks().filter(|hook| own_bytes(hook).is_some()).max_by_key(|hook| own_bytes(hook));
    own.or_else(|| hooks().find(|hook| hook.name.as_bytes() == last))
}

/// `/gitea-update` answers on `/gitea-update` itself and below a CGI script, `/cgi-bin/hookspool/gitea-update`.
fn ends_at_own_path(path: &[u8], own: &[u8]) -> bool {
    path.ends_with(trim_slashes(own))
}

/// The beginning of `path`, for the log: nothing after the name of a hook whose secret follows it, and not the last
/// part where that can be a secret.
pub(super) fn shown(hooks: &[Hook], path: &str) -> String {
    let secretive = || hooks.iter().filter(|hook| hook.provider.secret_in_path());
    let ends = secretive().filter_map(|hook| end_of_name(hook, path));
    echo(&ends.min().map_or_else(|| without_last(hooks, path), |end| format!("{}/…", &path[..end])))
}

/// The end of the name of `hook`, or of its own path, in `path`, if something follows.
fn end_of_name(hook: &Hook, path: &str) -> Option<usize> {
    let names = [Some(hook.name.as_str()), hook.path.as_deref()].into_iter().flatten();
    let found = names.filter_map(|name| {
        let part = format!("/{}/", name.trim_matches('/'));
        path.find(&part).map(|start| start + part.len() - 1).filter(|end| !path[*end..].trim_matches('/').is_empty())
    });
    found.min()
}

fn without_last(hooks: &[Hook], path: &str) -> String {
    let is_name = |part: &str| hooks.iter().any(|hook| hook.name == part);
    let is_secret = |part: &str| hooks.iter().any(|hook| hook.provider.secret_in_path()) && !is_name(part);
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((before, last)) if is_secret(last) => format!("{before}/…"),
        _ => path.to_owned(),
    }
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
    fn of_two_paths_that_both_fit_the_longer_one_is_meant() {
        let with = |name: &str, path: &str| Hook { path: Some(path.into()), ..hook(name) };
        let (short, long) = (with("short", "/update"), with("long", "/site/update"));
        for hooks in [[short.clone(), long.clone()], [long, short]] {
            let found = |path: &str| hook_for(&hooks, path.as_bytes()).map(|hook| hook.name.clone());
            assert_eq!(found("/site/update").as_deref(), Some("long"));
            assert_eq!(found("/cgi-bin/hookspool/update").as_deref(), Some("short"));
        }
    }

    #[test]
    fn a_path_is_shown_without_what_may_be_a_secret() {
        let mut images = hook("images");
        images.provider = crate::provider::Provider::DockerHub;
        let hooks = [images, hook("docs")];
        for (path, said) in [
            ("/x/s3cr3t/", "/x/…"),
            ("/images/s3cr3t", "/images/…"),
            ("/x/images/s3cr3t/x", "/x/images/…"),
            ("/x/images/", "/x/images/"),
            ("/x/docs", "/x/docs"),
            ("", ""),
        ] {
            assert_eq!(shown(&hooks, path), said);
        }
        assert_eq!(shown(&hooks[1..], "/x/y"), "/x/y");
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
