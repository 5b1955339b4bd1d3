//! Edge. A place in the spool that this user may not go to: whose it is, and what lets the user in.

use super::error::SpoolError;
use crate::system::{groups, users};
use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid, getgroups};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The remedy for an `error` that is a lack of rights: who this user is, whose the place is, and what lets the user in.
pub fn remedy(error: &SpoolError) -> Option<String> {
    let SpoolError::Call { path, .. } = error else { return None };
    let (place, found) = path.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)))?;
    (error.is_permission() && geteuid().as_raw() != found.uid()).then(|| of(place, &found))
}

/// The same before anything was tried: for a receiver that soon cannot look up names any more.
pub fn foreseen(root: &Path) -> Option<String> {
    let parts = [root.to_owned(), root.join("tmp"), root.join("queued")];
    let rights = |path: &Path| if path == root { Access::EXEC_OK } else { Access::WRITE_OK | Access::EXEC_OK };
    let closed = parts.iter().find(|path| access(path.as_path(), rights(path)) == Err(Errno::ACCESS))?;
    remedy(&SpoolError::call("open", closed, Errno::ACCESS))
}

fn of(place: &Path, found: &Metadata) -> String {
    let (me, owner) = (users::name_of(geteuid().as_raw()), users::name_of(found.uid()));
    let group = groups::name_of(found.gid());
    let path = place.display();
    if found.uid() == 0 {
        return format!(
            "{path} belongs to root, and this is `{me}`: where root started the runner by mistake, end it, give \
             {path} to the user whose jobs they are (`chown -R USER: {path}`), and start the runner as that user"
        );
    }
    let is_member =
        |gid: u32| gid == getegid().as_raw() || getgroups().is_ok_and(|all| all.iter().any(|g| g.as_raw() == gid));
    if is_member(found.gid()) || found.gid() == 0 || found.mode() & 0o070 == 0 {
        return format!("{path} is for its owner, `{owner}`, and this is `{me}`: `sudo -u {owner} …`");
    }
    format!(
        "`{me}` is neither the owner of {path}, `{owner}`, nor in its group: `usermod -aG {group} {me}`, then start \
         this process again"
    )
}
