//! Pure. The exit codes of every verb: those of sysexits(3), and 1 and 2 as usual.

/// The answer is no: a job failed, a check found problems.
pub const NO: u8 = 1;
/// Wrong usage.
pub const USAGE: u8 = 2;
/// Something that is needed is not there.
pub const UNAVAILABLE: u8 = 69;
/// A fault of this program.
pub const INTERNAL: u8 = 70;
/// Cannot create.
pub const CANNOT_CREATE: u8 = 73;
/// Input or output failed; a full disk, too.
pub const IO_ERROR: u8 = 74;
/// Try again later.
pub const TRY_AGAIN: u8 = 75;
/// No permission.
pub const NO_PERMISSION: u8 = 77;
/// Configuration.
pub const CONFIGURATION: u8 = 78;

/// The meaning of each code, as the manual page gives it.
pub const MEANINGS: [(u8, &str); 10] = [
    (0, "Done."),
    (NO, "The answer is no: a job failed, a check found something, an order was refused."),
    (USAGE, "Wrong usage."),
    (UNAVAILABLE, "Something that is needed is not there, or of a version that is not known."),
    (INTERNAL, "A fault of hookspool: please report it with the message."),
    (CANNOT_CREATE, "Something cannot be created, such as a spool whose parent directory is missing."),
    (IO_ERROR, "Reading or writing failed, or the disk is full."),
    (
        TRY_AGAIN,
        "Try again later: another runner has the spool, the spool was replaced beneath this one, the time of `wait` is \
         up, nobody answered.",
    ),
    (NO_PERMISSION, "A permission is missing."),
    (CONFIGURATION, "The configuration is wrong, or there is none."),
];
