//! Pure. Hooks and rules for the unit tests of other layers.

use super::settings::FileVersion;
use super::{
    Backoff, Config, Globs, Hook, NotifyTarget, OnInterrupt, Plan, Retry, RetryOn, Rules, RunnerSettings, SandboxMode,
    WhenNewer,
};
use crate::provider::{Provider, ReadOptions};
use globset::GlobBuilder;
use std::path::PathBuf;
use std::time::Duration;

/// A configuration without hooks, with these targets.
pub(crate) fn config(notify: Vec<NotifyTarget>) -> Config {
    let (grace, keep) = (Duration::from_secs(60), Duration::from_secs(86_400));
    Config {
        file: PathBuf::from("/nonexistent/hookspool.toml"),
        read_at: jiff::Timestamp::UNIX_EPOCH,
        version: FileVersion::default(),
        spool: PathBuf::from("/nonexistent/spool"),
        body_limit_bytes: 1,
        sandbox: SandboxMode::Auto,
        runner: RunnerSettings { workers: 1, log_dir: None, grace, keep, keep_count: None, metrics: None },
        page: None,
        relay: None,
        notify,
        hooks: Vec::new(),
    }
}

pub(crate) fn rules() -> Rules {
    Rules {
        events: vec!["push".into()],
        branches: None,
        tags: None,
        repository: None,
        paths: None,
        skip: Vec::new(),
        fields: Vec::new(),
    }
}

pub(crate) fn globs(patterns: &[&str]) -> Globs {
    let glob = |pattern: &&str| GlobBuilder::new(pattern).literal_separator(true).build().unwrap();
    Globs::new(&patterns.iter().map(glob).collect::<Vec<_>>()).unwrap()
}

pub(crate) fn hook(name: &str) -> Hook {
    Hook {
        name: name.into(),
        path: None,
        provider: Provider::Github,
        allow_get: false,
        reading: ReadOptions::default(),
        secrets: Vec::new(),
        hosts: Vec::new(),
        from: Vec::new(),
        rules: rules(),
        plan: Plan {
            dir: PathBuf::from("/nonexistent"),
            releases: None,
            rolls_back: false,
            umask: None,
            ssh_key: None,
            queue: name.into(),
            when_newer: WhenNewer::Supersede,
            retry: Retry {
                attempts: 3,
                backoff: Backoff { base: Duration::from_secs(30), cap: Duration::from_secs(900) },
                on: RetryOn::Transient,
            },
            on_interrupt: OnInterrupt::Retry,
            timeout: Duration::from_secs(900),
            silence: None,
            reconcile: None,
            env: Vec::new(),
            confine: None,
            steps: Vec::new(),
            on_failure: Vec::new(),
            on_success: Vec::new(),
            on_recovery: Vec::new(),
            always: Vec::new(),
            notify: Vec::new(),
            status: None,
        },
    }
}
