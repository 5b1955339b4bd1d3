//! Pure. The environment of a job's steps, built from nothing.
//!
//! From the server that started the runner come only the variables named here; identity comes from the user database,
//! since supervisors leave another user's `HOME` in place. Proxies (`http_proxy`: httpoxy, and a way to redirect what a
//! job downloads), `LD_*`, `GIT_*`, `SSH_AUTH_SOCK` (an agent of whoever happened to start the runner, gone after the
//! next reboot) and secrets do not come through: a step that wants one sets it, or git's configuration does.

use super::facts::JobFacts;
use crate::system::users::User;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Search path where the server has none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Locale where the server has none. Without one, many programs take every byte beyond ASCII for an error.
const DEFAULT_LANG: &str = "C.UTF-8";
/// Variables that are taken from the server, beside `LC_*`. `XDG_RUNTIME_DIR` lets `systemctl --user` work.
const FROM_SERVER: [&str; 5] = ["PATH", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"];
/// Variables that are taken from the server where the user database does not know the user.
const IDENTITY: [&str; 4] = ["HOME", "USER", "LOGNAME", "SHELL"];

/// The search path for the steps' programs when the server has `path`.
pub fn search_path(path: Option<OsString>) -> OsString {
    path.filter(|path| !path.is_empty()).unwrap_or_else(|| DEFAULT_PATH.into())
}

/// Variables by name; values hold no NUL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The environment for the steps of the job of `facts`, run by `user`.
    pub(super) fn of_job(
        server: impl Iterator<Item = (OsString, OsString)>,
        user: Option<&User>,
        facts: &JobFacts,
    ) -> Self {
        let mut environment = Self::default();
        environment.set("PATH", DEFAULT_PATH);
        environment.set("LANG", DEFAULT_LANG);
        let is_wanted = |name: &OsStr| {
            let of_user = user.is_none() && IDENTITY.iter().any(|known| name == *known);
            of_user || FROM_SERVER.iter().any(|known| name == *known) || name.as_bytes().starts_with(b"LC_")
        };
        for (name, value) in server.filter(|(name, value)| is_wanted(name) && !value.is_empty()) {
            environment.set(name, value);
        }
        environment.set_user(user);
        environment.set_facts(facts);
        environment
    }

    /// Sets a variable; a value with NUL, which no environment can hold, is dropped.
    pub(super) fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let value = value.into();
        if !value.as_bytes().contains(&0) {
            self.0.insert(name.into(), value);
        }
    }

    /// Removes a variable.
    pub(super) fn unset(&mut self, name: &str) {
        self.0.remove(OsStr::new(name));
    }

    /// The value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// All of it.
    pub(super) fn pairs(&self) -> Vec<(OsString, OsString)> {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn set_user(&mut self, user: Option<&User>) {
        let Some(user) = user else { return };
        for (name, value) in IDENTITY.iter().zip([&user.home, &user.name, &user.name, &user.shell]) {
            self.set(*name, value);
        }
    }

    fn set_facts(&mut self, facts: &JobFacts) {
        let (meta, reference) = (&facts.meta, facts.meta.reference.as_ref());
        let optional = |text: &Option<String>| text.clone().map(OsString::from);
        let pairs = [
            ("JOB", Some(facts.job.to_string().into())),
            ("HOOK", Some(meta.hook.clone().into())),
            ("PROVIDER", Some(meta.provider.clone().into())),
            ("EVENT", Some(meta.event.as_str().into())),
            ("REF", reference.map(|r| r.as_str().into())),
            ("BRANCH", reference.and_then(|r| r.branch()).map(OsString::from)),
            ("TAG", reference.and_then(|r| r.tag()).map(OsString::from)),
            ("BEFORE", optional(&facts.deployed).or_else(|| optional(&meta.before))),
            ("PUSH_BEFORE", optional(&meta.before)),
            ("AFTER", optional(&meta.after)),
            ("REPOSITORY", optional(&meta.repository)),
            ("PUSHER", optional(&meta.pusher)),
            ("DELIVERY", optional(&meta.delivery)),
            ("ATTEMPT", Some(facts.attempt.to_string().into())),
            ("PAYLOAD", Some(facts.payload.clone().into())),
            ("LOG", Some(facts.log.clone().into())),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                self.set(format!("HOOKSPOOL_{name}"), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EventKind, JobId, JobMeta, RefName};
    use jiff::Timestamp;

    fn facts() -> JobFacts {
        JobFacts {
            job: JobId::new(1, 2).unwrap(),
            meta: JobMeta {
                reference: RefName::parse("refs/heads/main"),
                before: Some("bb".to_owned()),
                after: Some("aa".to_owned()),
                repository: Some("me/docs".to_owned()),
                pusher: Some("a\0b".to_owned()),
                ..JobMeta::new("docs", "gitea", EventKind::Push, Timestamp::UNIX_EPOCH)
            },
            deployed: Some("dd".to_owned()),
            attempt: 3,
            payload: "/spool/running/x.job".into(),
            log: "/spool/log/x.log".into(),
            spool: "/spool".into(),
            closed: crate::config::ClosedPaths::default(),
        }
    }

    fn built(server: &[(&str, &str)], user: Option<&User>) -> Vec<String> {
        let server = server.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let environment = Environment::of_job(server, user, &facts());
        environment.pairs().iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
    }

    #[test]
    fn nothing_comes_through_that_is_not_on_the_list() {
        let server = [
            ("PATH", "/opt/bin:/bin"),
            ("HOME", "/root"),
            ("HTTP_PROXY", "http://evil"),
            ("http_proxy", "http://evil"),
            ("LD_PRELOAD", "x.so"),
            ("GIT_DIR", "/elsewhere"),
            ("SSH_AUTH_SOCK", "/tmp/agent"),
            ("HOOKSPOOL_SECRET", "s3cret"),
            ("HOOKSPOOL_TAG", "of an outer job"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
            ("LANG", ""),
        ];
        let (uid, gid) = (1001, 1001);
        let user = User { name: "deploy".into(), uid, gid, home: "/srv/deploy".into(), shell: "/bin/sh".into() };
        let expected = [
            "HOME=/srv/deploy",
            "HOOKSPOOL_AFTER=aa",
            "HOOKSPOOL_ATTEMPT=3",
            "HOOKSPOOL_BEFORE=dd",
            "HOOKSPOOL_BRANCH=main",
            "HOOKSPOOL_EVENT=push",
            "HOOKSPOOL_HOOK=docs",
            "HOOKSPOOL_JOB=0000000000000000001.00000002",
            "HOOKSPOOL_LOG=/spool/log/x.log",
            "HOOKSPOOL_PAYLOAD=/spool/running/x.job",
            "HOOKSPOOL_PROVIDER=gitea",
            "HOOKSPOOL_PUSH_BEFORE=bb",
            "HOOKSPOOL_REF=refs/heads/main",
            "HOOKSPOOL_REPOSITORY=me/docs",
            "LANG=C.UTF-8",
            "LC_ALL=C.UTF-8",
            "LOGNAME=deploy",
            "PATH=/opt/bin:/bin",
            "SHELL=/bin/sh",
            "TZ=UTC",
            "USER=deploy",
        ];
        assert_eq!(built(&server, Some(&user)), expected);
    }

    #[test]
    fn a_server_without_a_path_and_a_user_that_nobody_knows_still_give_a_usable_one() {
        let environment = built(&[("HOME", "/home/ldap")], None);
        assert!(environment.contains(&format!("PATH={DEFAULT_PATH}")), "{environment:?}");
        assert!(environment.contains(&"HOME=/home/ldap".to_owned()), "{environment:?}");
    }
}
