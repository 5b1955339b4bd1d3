//! Pure. Subjects of the messages between hosts: one tree for each host that receives them.
//!
//! ```text
//! <prefix>.job.<target>.<origin>.<id>       in the stream, for <target>; <id> has a dot, and so is two words
//! <prefix>.receipt.<origin>.<target>.<id>   in the stream, for <origin>
//! <prefix>.here.<host>                      not in the stream: who is called so, and alive
//! <prefix>.inbox.<host>.…                   answers of the servers
//! ```

use crate::model::{JobId, is_host};

/// The subjects below one prefix.
#[derive(Debug, Clone)]
pub struct Subjects {
    prefix: String,
    stream: String,
}

/// The parties of a message, as its subject names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The host that it is for.
    pub to: String,
    /// The host that sent it.
    pub from: String,
    /// The job.
    pub id: JobId,
}

impl Subjects {
    /// Those of `prefix`, in the stream of that name.
    pub fn new(prefix: &str, stream: &str) -> Self {
        Self { prefix: prefix.to_owned(), stream: stream.to_owned() }
    }

    /// Name of the stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The subjects that the stream holds.
    pub fn of_stream(&self) -> [String; 2] {
        ["job", "receipt"].map(|kind| format!("{}.{kind}.>", self.prefix))
    }

    /// A job for `target`.
    pub fn job(&self, target: &str, origin: &str, id: JobId) -> String {
        format!("{}.job.{target}.{origin}.{id}", self.prefix)
    }

    /// The word of `target` about a job of `origin`.
    pub fn receipt(&self, origin: &str, target: &str, id: JobId) -> String {
        format!("{}.receipt.{origin}.{target}.{id}", self.prefix)
    }

    /// The jobs for `host`.
    pub fn jobs_for(&self, host: &str) -> String {
        format!("{}.job.{host}.>", self.prefix)
    }

    /// The receipts for `host`.
    pub fn receipts_for(&self, host: &str) -> String {
        format!("{}.receipt.{host}.>", self.prefix)
    }

    /// The jobs that `host` sends.
    pub fn jobs_of(&self, host: &str) -> String {
        format!("{}.job.*.{host}.>", self.prefix)
    }

    /// The receipts that `host` sends.
    pub fn receipts_of(&self, host: &str) -> String {
        format!("{}.receipt.*.{host}.>", self.prefix)
    }

    /// Messages that `host` sends, in a form that nobody means: a job and a receipt.
    pub(super) fn questions_of(&self, host: &str) -> [String; 2] {
        ["job", "receipt"].map(|kind| format!("{}.{kind}.{host}.{host}.allowed", self.prefix))
    }

    /// Signs of life of `host`.
    pub fn here(&self, host: &str) -> String {
        format!("{}.here.{host}", self.prefix)
    }

    /// The beginning of the subjects on which `host` gets its answers.
    pub fn inbox(&self, host: &str) -> String {
        format!("{}.inbox.{host}", self.prefix)
    }

    /// The parties of a message of `kind`, `job` or `receipt`; `None` for any other subject.
    pub fn parties(&self, kind: &str, subject: &str) -> Option<Parties> {
        let rest = subject.strip_prefix(&self.prefix)?.strip_prefix('.')?.strip_prefix(kind)?.strip_prefix('.')?;
        let (to, rest) = rest.split_once('.')?;
        let (from, id) = rest.split_once('.')?;
        let (to, from) = (to.to_owned(), from.to_owned());
        (is_host(&to) && is_host(&from)).then_some(Parties { to, from, id: id.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_its_parties_and_nothing_else_does() {
        let subjects = Subjects::new("hookspool", "jobs");
        let id: JobId = "1795332869123456789.3f9a1c2e".parse().unwrap();
        let parties = Parties { to: "web1".into(), from: "gate".into(), id };
        let subject = subjects.job("web1", "gate", id);
        assert_eq!(subject, "hookspool.job.web1.gate.1795332869123456789.3f9a1c2e");
        assert_eq!(subjects.parties("job", &subject), Some(parties.clone()));
        assert_eq!(subjects.parties("receipt", &subjects.receipt("web1", "gate", id)), Some(parties));
        for strange in ["", "hookspool.job", &subject[1..], &format!("{subject}.x"), &subject.replace("web1", "Web1")] {
            assert_eq!(subjects.parties("job", strange), None, "{strange}");
        }
        assert_eq!(subjects.parties("receipt", &subject), None);
    }
}
