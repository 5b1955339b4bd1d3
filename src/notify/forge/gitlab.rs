//! Pure. Commit statuses of GitLab: jobs of an external pipeline.

use super::{CommitState, CommitStatus, ForgeAccount, by_status, words_of};
use crate::notify::address::path_part;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};

/// GitLab's own limit.
const DESCRIPTION_LIMIT: usize = 255;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let project = path_part(&account.repository);
    let url = format!("{}/api/v4/projects/{project}/statuses/{}", account.api(), status.commit);
    let state = match status.state {
        CommitState::Pending => "running",
        CommitState::Success => "success",
        CommitState::Failure | CommitState::Error => "failed",
        CommitState::Cancelled => "canceled",
    };
    let mut body = serde_json::json!({
        "state": state, "name": status.context, "description": status.described(DESCRIPTION_LIMIT),
    });
    if let Some(reference) = status.reference {
        let short = ["refs/heads/", "refs/tags/"].iter().find_map(|start| reference.strip_prefix(start));
        body["ref"] = short.unwrap_or(reference).into();
    }
    if let Some(page) = status.page {
        body["target_url"] = page.into();
    }
    HttpParcel::json(url, &body).with("PRIVATE-TOKEN", account.token.clone())
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let words = words_of(answer);
    match answer.status {
        // It is there already.
        400 if words.contains("Cannot transition status") => Receipt::Sent,
        401 => Receipt::refused(format!("{}; the token is wrong or has expired", answer.said(&words))),
        403 => Receipt::refused(format!(
            "{}; the token needs the scope `api` and the role Developer (Maintainer where the branch is protected)",
            answer.said(&words)
        )),
        _ => by_status(answer, &words),
    }
}
