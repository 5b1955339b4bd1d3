//! Pure. Samples in Pagure's shape, where everything has a topic of its own.

use super::{SampleEvent, Shaped, Wanted};
use serde_json::{Value, json};

pub(super) fn pagure(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    let topic = match (wanted.what, wanted.is_tag()) {
        (SampleEvent::Push, false) => {
            push["msg"]["branch"] = wanted.short().into();
            return Some((push, "push"));
        }
        (SampleEvent::Push, true) => "git.tag.creation",
        (SampleEvent::Delete, true) => "git.tag.deletion",
        (SampleEvent::Delete, false) => "git.branch.deletion",
        (SampleEvent::Ping, _) => "Test.notification",
        _ => return None,
    };
    let name = if wanted.is_tag() { "tag" } else { "branch" };
    push["topic"] = topic.into();
    push["msg"] = json!({
        name: wanted.short(), "rev": wanted.after,
        "agent": push["msg"]["agent"], "project_fullname": push["msg"]["project_fullname"],
    });
    Some((push, topic))
}
