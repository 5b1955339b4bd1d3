//! Pure. Which senders deliver again by themselves.

/// Providers that send a delivery again when the answer was late or bad. The others send again only when a person asks
/// for it, and then mean it.
const SEND_AGAIN: [&str; 6] = ["bitbucket", "azure-devops", "harbor", "standard-webhooks", "stripe", "slack"];

/// Whether `provider`, as the configuration names it, sends again by itself.
pub(super) fn sends_again_by_itself(provider: &str) -> bool {
    SEND_AGAIN.contains(&provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forges_whose_redelivery_is_a_persons_wish_do_not() {
        for provider in ["github", "gitea", "forgejo", "gogs", "gitlab", "gitee", "coding", "generic"] {
            assert!(!sends_again_by_itself(provider), "{provider}");
        }
        assert!(sends_again_by_itself("bitbucket") && !sends_again_by_itself("bitbucket-server"));
    }
}
