//! Pure. The header that decides.

use super::Denied;
use crate::model::Head;

/// The only, non-empty value of a header that decides about authenticity. Forges that have no secret for a hook
/// still send the header, empty.
pub(crate) fn required<'a>(head: &'a Head, name: &str) -> Result<&'a [u8], Denied> {
    match head.headers.only(&name.to_ascii_lowercase())? {
        None => Err(Denied::Absent { header: name.to_owned() }),
        Some([]) => Err(Denied::Empty { header: name.to_owned() }),
        Some(value) => Ok(value),
    }
}
