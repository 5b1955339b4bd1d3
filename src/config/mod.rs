//! Edge. The configuration: what was typed (`raw`), whether it is right (`check`), what it means (`settings`).

mod check;
mod closed;
mod destination;
mod excerpt;
mod exposure;
mod find;
mod findings;
mod globs;
mod home;
mod keys;
mod load;
mod mask;
mod nearest;
#[doc(hidden)]
#[allow(dead_code, reason = "the fuzz targets throw bytes at it")]
pub mod probe;
mod quantity;
mod raw;
mod relay;
mod report;
mod secret;
mod settings;
mod shell_script;
mod stale;
#[cfg(test)]
pub(crate) mod testing;
mod wanted;

pub use check::check as checked;
pub use closed::{Clash, ClosedPaths};
pub use exposure::is_below;
pub use find::{NotFound, find, is_found_unasked, unused};
pub use globs::Globs;
pub use keys::{KEYS, Key, REQUIRED, Table, keys_of};
pub use load::{LoadError, load};
pub use nearest::nearest;
pub use quantity::{DURATION_HINT, duration, size_bytes};
pub use relay::{PayloadRule, RelaySettings};
pub use report::{Problem, Report};
pub use secret::{SecretError, is_out_of_reach, oddity};
pub use settings::{
    Backoff, BoxPath, Config, Confine, Confining, FieldRule, FieldTest, GitUpdate, Hook, HookSecret, InTheWay,
    NotifyTarget, OnInterrupt, PageSettings, Plan, Publish, Releases, Retry, RetryOn, Rules, RunnerSettings,
    SandboxMode, SecretSource, SharedPath, StatusSettings, Step, StepAction, TargetUrl, Variable, VariableValue,
    WhenNewer,
};
pub use shell_script::hides_failures;
