//! Pure. URLs as they may be shown: user information (RFC 3986 §3.2.1) is where people keep passwords and tokens.

/// `text` without the user information of the URLs in it. A user `git` alone is no secret, and stays.
pub fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| "/?#'\"`".contains(c) || c.is_whitespace()).unwrap_or(part.len());
        let host = part[..end].rfind('@').map_or(0, |at| at + 1);
        clean.push_str("://");
        clean.push_str(if &part[..host] == "git@" { part } else { &part[host..] });
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_password_nor_token_nor_user_is_shown() {
        for (typed, shown) in [
            ("https://me:hunter2@h/x.git", "https://h/x.git"),
            ("https://ghp_TOKEN@h/x.git", "https://h/x.git"),
            ("https://me:p@ss@h:8443/x", "https://h:8443/x"),
            ("fatal: 'https://me:hunter2@h/x.git/' and `http://t@h`", "fatal: 'https://h/x.git/' and `http://h`"),
            ("https://me:hunter2@h", "https://h"),
            ("https://me:hunter2@h?q=a@b", "https://h?q=a@b"),
        ] {
            assert_eq!(without_credentials(typed), shown);
        }
    }

    #[test]
    fn what_holds_no_secret_stays() {
        for text in ["git@h:me/x.git", "ssh://git@h/x.git", "https://h/a:b@c", "no url, me@example.org", ""] {
            assert_eq!(without_credentials(text), text);
        }
    }
}
