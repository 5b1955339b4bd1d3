//! Pure. Build statuses of Bitbucket Server and Data Center, from 7.4 on.

use super::bitbucket::word;
use super::{CommitStatus, ForgeAccount};
use crate::notify::address::{path, path_part};
use crate::notify::parcel::HttpParcel;
use crate::notify::sign::authorization;

const DESCRIPTION_LIMIT: usize = 255;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let (project, name) = account.owner_and_name();
    let repository = format!("projects/{}/repos/{}", path(project), path_part(name));
    let url = format!("{}/rest/api/1.0/{repository}/commits/{}/builds", account.api(), status.commit);
    let own = format!("{}/{repository}", account.api());
    let mut body = serde_json::json!({
        "key": status.key(), "state": word(status.state), "name": status.context, "url": status.page.unwrap_or(&own),
        "description": status.described(DESCRIPTION_LIMIT),
    });
    // In full, or it is refused.
    if let Some(reference) = status.reference.filter(|reference| reference.starts_with("refs/heads/")) {
        body["ref"] = reference.into();
    }
    HttpParcel::json(url, &body).with("Authorization", authorization(&account.token))
}
