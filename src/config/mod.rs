//! Edge. The configuration: what was typed (`raw`), whether it is right (`check`), what it means (`settings`).

mod check;
mod excerpt;
mod findings;
mod keys;
mod load;
mod nearest;
mod quantity;
mod raw;
mod report;
mod settings;

pub use keys::{KEYS, Key, NOT_YET, REQUIRED, Table, keys_of};
pub use load::{LoadError, load};
pub use report::{Problem, Report};
pub use settings::{
    Backoff, Config, GitUpdate, Hook, OnInterrupt, Plan, Rules, RunnerSettings, SecretSource, Step, StepAction,
    WhenNewer,
};
