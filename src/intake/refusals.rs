//! Edge. The log lines of refusals: in a flood they are counted, each hook's by itself, so that a stranger's flood
//! hides nothing of the others and fills no disk.

use crate::model::Throttle;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One throttle for each hook, and one for requests that address none.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<BTreeMap<Option<String>, Throttle>>);

impl Refusals {
    /// True if the line of a refusal is to be written. Logs before it how many were not.
    pub(super) fn admit(&self, hook: Option<&str>) -> bool {
        let mut throttles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = throttles.entry(hook.map(str::to_owned)).or_default().admit(Instant::now());
        drop(throttles);
        if let Some(count @ 1..) = admitted {
            tracing::warn!(event = "refused-more", hook, count);
        }
        admitted.is_some()
    }
}

impl Drop for Refusals {
    fn drop(&mut self) {
        let throttles = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (hook, throttle) in throttles {
            if let count @ 1.. = throttle.left_out() {
                tracing::warn!(event = "refused-more", hook = hook.as_deref(), count);
            }
        }
    }
}
