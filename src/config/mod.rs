//! Edge. The configuration: what was typed (`raw`), whether it is right (`check`), what it means (these types).

mod settings;

pub use settings::{
    Backoff, Config, GitUpdate, Hook, OnInterrupt, Plan, Rules, RunnerSettings, SecretSource, Step, StepAction,
    WhenNewer,
};
