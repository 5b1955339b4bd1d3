//! Pure. Parts of a request that webhook can take, and their counterparts here.

use serde_json::Value;

/// A source of webhook: `{ "source": "payload", "name": "ref" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestPart {
    Header(String),
    Payload(String),
    Text(String),
    WholePayload,
    /// Any other, by its name.
    Other(String),
}

impl RequestPart {
    pub(super) fn read(value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        match value["source"].as_str().unwrap_or_default() {
            "header" => Self::Header(text("name").to_ascii_lowercase()),
            "payload" => Self::Payload(text("name")),
            "string" => Self::Text(text("name")),
            "entire-payload" | "raw-request-body" => Self::WholePayload,
            other => Self::Other(format!("{other} {}", text("name")).trim().to_owned()),
        }
    }
}

/// The variable of a job that has it.
pub(super) fn variable(source: &RequestPart) -> Option<&'static str> {
    match source {
        RequestPart::Payload(name) => Some(match name.as_str() {
            "ref" => "HOOKSPOOL_REF",
            "after" | "head_commit.id" | "checkout_sha" => "HOOKSPOOL_AFTER",
            "before" => "HOOKSPOOL_PUSH_BEFORE",
            "pusher.name" | "pusher.login" | "pusher.username" | "user_name" | "user_username" => "HOOKSPOOL_PUSHER",
            "repository.full_name" | "project.path_with_namespace" => "HOOKSPOOL_REPOSITORY",
            _ => return None,
        }),
        RequestPart::Header(name) if name.ends_with("-delivery") || name.ends_with("-event-uuid") => {
            Some("HOOKSPOOL_DELIVERY")
        }
        RequestPart::Header(name) if name.ends_with("-event") => Some("HOOKSPOOL_EVENT"),
        _ => None,
    }
}

/// `commits.0.id` as a JSON pointer (RFC 6901).
pub(super) fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1").replace('.', "/"))
}

/// `commits.0.id` as a filter of jq: names in quotes, numbers as places in a list.
pub(super) fn jq_filter(name: &str) -> String {
    let part = |part: &str| match part.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!("[{}]", Value::from(part)),
    };
    format!(".{}", name.split('.').map(part).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_dots_is_a_pointer_and_a_filter() {
        assert_eq!(pointer("commits.0.a/b"), "/commits/0/a~1b");
        assert_eq!(jq_filter("commits.0.it's"), ".[\"commits\"][0][\"it's\"]");
    }
}
