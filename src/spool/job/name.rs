//! Pure. Kinds of entries in a state's directory, by their names.

use crate::model::JobId;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The kind of an entry, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spool) enum Name {
    /// `<id>.job`
    Job(JobId),
    /// `<id>.events`
    History(JobId),
    /// Neither.
    Stray,
}

impl Name {
    pub(in crate::spool) fn of(name: &OsStr) -> Self {
        let name = name.as_bytes();
        let history = || JobId::from_events_file_name(name).map(Self::History);
        JobId::from_job_file_name(name).map(Self::Job).or_else(history).unwrap_or(Self::Stray)
    }

    /// The job that it belongs to.
    pub(in crate::spool) fn id(self) -> Option<JobId> {
        match self {
            Self::Job(id) | Self::History(id) => Some(id),
            Self::Stray => None,
        }
    }

    /// The job, if it is named like one.
    pub(in crate::spool) fn job(self) -> Option<JobId> {
        if let Self::Job(id) = self { Some(id) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_id_and_a_known_ending_make_a_name() {
        let id: JobId = "1795332869123456789.3f9a1c2e".parse().unwrap();
        let of = |name: &str| Name::of(OsStr::new(name));
        assert_eq!(of("1795332869123456789.3f9a1c2e.job"), Name::Job(id));
        assert_eq!(of("1795332869123456789.3f9a1c2e.events"), Name::History(id));
        for name in ["1795332869123456789.3f9a1c2e.log", "1795332869123456789.3F9A1C2E.job", "x.job", ".job", ""] {
            assert_eq!(of(name), Name::Stray, "{name}");
        }
    }
}
