//! Pure. The origin of the reply to a test delivery, and its meaning where that was not hookspool.

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestReply {
    pub(super) status: u16,
    pub(super) text: String,
    /// `false` for a page of the web server or of a proxy.
    pub(super) is_ours: bool,
}

impl TestReply {
    /// The status and text; of a page its status alone.
    pub(super) fn line(&self) -> String {
        if self.is_ours {
            return format!("{} {}", self.status, self.text);
        }
        let meaning = meaning(self.status);
        format!("{} from the web server, not from hookspool: {meaning}", self.status)
    }

    /// The remedy, where the web server answered.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        (!self.is_ours).then(|| meaning(self.status))
    }
}

/// `true` unless it is a page of HTML, or empty: all that hookspool answers is a line of text.
pub(super) fn is_ours(content_type: Option<&str>, text: &str) -> bool {
    !text.is_empty() && !content_type.is_some_and(|kind| kind.starts_with("text/html"))
}

fn meaning(status: u16) -> &'static str {
    match status {
        200..=299 => "something else answers at this URL; compare it with the web server's location of hookspool",
        300..=399 => "it redirects; no forge signs again for another URL: give the forge the one that is redirected to",
        401 => "it asks for a password: take the hook's path out of its `auth_basic` or `AuthType`",
        403 => "it refuses: let its location of hookspool `allow` the forge, and its user pass to the script",
        404 | 405 => "no location of it leads from this path to hookspool; compare it with nginx.conf.example",
        411 => "it wants a length: let it buffer requests",
        413 => {
            "it takes no body of this size: raise its limit (nginx `client_max_body_size 26m`, Apache \
             `LimitRequestBody`)"
        }
        502..=504 => {
            "it does not reach the receiver: see whether that runs, and whether the web server's user may connect to \
             its socket; the web server's error log and `hookspool doctor` tell"
        }
        _ => "the script or program did not answer: the web server's error log tells why",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_ours_is_told_from_a_page_of_the_web_server() {
        assert!(is_ours(Some("text/plain; charset=utf-8"), "queued") && is_ours(None, "queued"));
        assert!(!is_ours(Some("text/html; charset=iso-8859-1"), "queued") && !is_ours(None, ""));
        let page = TestReply { status: 413, text: "<html>".into(), is_ours: false };
        assert!(page.line().starts_with("413 from the web server, not from hookspool: it takes no body of this size"));
        assert_eq!(TestReply { is_ours: true, ..page }.line(), "413 <html>");
    }
}
