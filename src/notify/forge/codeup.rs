//! Pure. Commit statuses of Codeup. `api` names the organisation.

use super::{CommitStatus, ForgeAccount, github};
use crate::notify::address::{path, path_part};
use crate::notify::clean::TextUnit;
use crate::notify::parcel::HttpParcel;

const CONTEXT_LIMIT: usize = 50;
const DESCRIPTION_LIMIT: usize = 140;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let repository = path_part(&account.repository);
    let url = format!("{}/repositories/{repository}/commits/{}/statuses", account.api(), status.commit);
    let own = format!("https://codeup.aliyun.com/{}", path(&account.repository));
    // Cut, two hooks could share one: the end of a long context tells it from another.
    let context = match TextUnit::Characters.length(&status.context) {
        ..=CONTEXT_LIMIT => status.context.clone(),
        _ => format!("hookspool/{}", status.key()),
    };
    let body = serde_json::json!({
        "state": github::word(status.state), "context": context, "description": status.described(DESCRIPTION_LIMIT),
        "targetUrl": status.page.unwrap_or(&own),
    });
    HttpParcel::json(url, &body).with("x-yunxiao-token", account.token.clone())
}
