//! Pure. Orders of people to the runner, and its answers.

use crate::model::{JobId, State};
use serde::{Deserialize, Serialize};

/// Something that a person wants. Asked for a second time it changes nothing: whoever does not know whether an order
/// was heard gives it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Queue failed or held jobs again.
    Retry {
        /// The jobs.
        ids: Vec<JobId>,
    },
    /// Queue jobs again, also those that ended well or were skipped.
    Again {
        /// The jobs.
        ids: Vec<JobId>,
    },
    /// Run no more of these jobs, or stop them.
    Cancel {
        /// The jobs.
        ids: Vec<JobId>,
    },
    /// Queue held jobs again.
    Release {
        /// The jobs.
        ids: Vec<JobId>,
    },
    /// Run no job of a hook.
    Hold {
        /// The hook.
        hook: String,
        /// The reason.
        why: String,
    },
    /// End a hook's hold, and queue what it held back.
    ReleaseHook {
        /// The hook.
        hook: String,
    },
    /// Switch a hook back to what it served before, and run no job of it.
    Rollback {
        /// The hook.
        hook: String,
        /// The release to go back to, by its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The published trees to go back to, by their inodes: one for each `publish` of the hook's steps.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        trees: Vec<u64>,
        /// The reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Remove jobs that ended, with their histories and logs.
    Remove {
        /// The jobs.
        ids: Vec<JobId>,
        /// Also those in `failed/`.
        failed: bool,
    },
}

/// An order with the person who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The person who gives it, for histories.
    pub by: String,
    /// The order.
    pub order: Order,
}

/// The effect of an order on one job, or on a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<JobId>,
    /// The hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// The change.
    pub result: EffectResult,
    /// The job's state now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// In words.
    pub text: String,
}

/// Result of an order for one job or hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectResult {
    /// It was done.
    Changed,
    /// It was so already.
    Unchanged,
    /// It cannot be done.
    Refused,
}

/// The runner's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The effects of the order, part by part.
    Ok(Vec<Effect>),
    /// The reason why it was not even looked at.
    Error(String),
}

impl Effect {
    /// The effect on a job.
    pub fn of_job(id: JobId, result: EffectResult, state: Option<State>, text: impl Into<String>) -> Self {
        Self { id: Some(id), hook: None, result, state, text: text.into() }
    }

    /// The effect on a hook.
    pub fn of_hook(hook: &str, result: EffectResult, text: impl Into<String>) -> Self {
        Self { id: None, hook: Some(hook.to_owned()), result, state: None, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_back_and_an_unknown_word_is_an_error() {
        let id = JobId::new(5, 7).unwrap();
        let request = Request { by: "me".to_owned(), order: Order::Cancel { ids: vec![id] } };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(text, r#"{"by":"me","order":{"cancel":{"ids":["0000000000000000005.00000007"]}}}"#);
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
        for bad in [
            "",
            "{}",
            r#"{"by":"me","order":{"cancel":{"ids":["../x"]}}}"#,
            r#"{"by":"me","order":{"explode":{}}}"#,
            r#"{"by":"me","order":{"hold":{"hook":"a"}}}"#,
            r#"{"by":"me","order":{"release-hook":{"hook":"a","more":1}}}"#,
        ] {
            assert!(serde_json::from_str::<Request>(bad).is_err(), "{bad}");
        }
    }
}
