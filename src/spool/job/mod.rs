//! Pure. A job as it lies on disk: its name, its file with the payload and the description, its history.

pub(in crate::spool) mod check;
pub(in crate::spool) mod entry;
pub(in crate::spool) mod format;
pub(in crate::spool) mod history;
pub(in crate::spool) mod history_file;
pub(in crate::spool) mod name;
pub(in crate::spool) mod sealed_line;
pub(in crate::spool) mod settlement;
pub(in crate::spool) mod wait;
