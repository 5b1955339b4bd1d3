//! Pure. The services that messages go to, and what of them a configuration has to say.

use std::time::Duration;

/// A service, as `kind` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Messenger {
    /// An incoming webhook of Slack, Mattermost or Rocket.Chat.
    Slack,
    /// A webhook of Discord.
    Discord,
    /// A robot of `DingTalk`.
    Dingtalk,
    /// A bot of Feishu or Lark.
    Feishu,
    /// A robot of `WeCom`.
    Wecom,
    /// A bot of Telegram.
    Telegram,
    /// A workflow of Microsoft Teams.
    Teams,
    /// A room of Matrix.
    Matrix,
    /// A topic of ntfy.
    Ntfy,
    /// An application of Gotify.
    Gotify,
    /// Mail, by the host's `sendmail`.
    Mail,
    /// A receiver of one's own: Standard Webhooks.
    Webhook,
}

/// The part that a key of `[[notify]]` plays for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be there.
    Required,
    /// It may be there.
    Optional,
}

/// A key, and its part.
pub type FieldNeed = (&'static str, Need);

impl Messenger {
    /// Every service, with its name.
    pub const ALL: [(&str, Self); 12] = [
        ("slack", Self::Slack),
        ("discord", Self::Discord),
        ("dingtalk", Self::Dingtalk),
        ("feishu", Self::Feishu),
        ("wecom", Self::Wecom),
        ("telegram", Self::Telegram),
        ("teams", Self::Teams),
        ("matrix", Self::Matrix),
        ("ntfy", Self::Ntfy),
        ("gotify", Self::Gotify),
        ("mail", Self::Mail),
        ("webhook", Self::Webhook),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, messenger)| *messenger == self).map_or("", |(name, _)| name)
    }

    /// The keys that it takes, beside `name`, `kind`, `on` and `max`.
    pub fn fields(self) -> &'static [FieldNeed] {
        use Need::{Optional, Required};
        match self {
            Self::Slack | Self::Discord | Self::Wecom | Self::Teams => &[("url", Required)],
            Self::Dingtalk | Self::Feishu | Self::Webhook => &[("url", Required), ("sign", Optional)],
            Self::Telegram => &[("token", Required), ("chat_id", Required), ("topic", Optional), ("url", Optional)],
            Self::Matrix => &[("url", Required), ("token", Required), ("room", Required)],
            Self::Ntfy => &[("topic", Required), ("url", Optional), ("token", Optional)],
            Self::Gotify => &[("url", Required), ("token", Required)],
            Self::Mail => &[("to", Required), ("from", Required)],
        }
    }

    /// `true` if its URL is only an address, and may stand in the configuration: the secret is in `token` or `sign`.
    pub fn has_open_url(self) -> bool {
        matches!(self, Self::Telegram | Self::Matrix | Self::Ntfy | Self::Gotify | Self::Webhook)
    }

    /// The address where none is given.
    pub fn default_url(self) -> Option<&'static str> {
        match self {
            Self::Telegram => Some("https://api.telegram.org"),
            Self::Ntfy => Some("https://ntfy.sh"),
            _ => None,
        }
    }

    /// Messages in a time that the service takes, with room to spare: what `max` is where it is not given.
    pub fn default_rate(self) -> MessageRate {
        let (count, per_s) = match self {
            // Above 20 a minute DingTalk takes nothing for ten minutes; of a bucket twice its size may flow at first.
            Self::Dingtalk | Self::Wecom | Self::Telegram => (10, 60),
            Self::Slack | Self::Discord | Self::Feishu | Self::Teams | Self::Matrix => (20, 60),
            Self::Ntfy => (20, 600),
            Self::Mail => (20, 3600),
            Self::Gotify | Self::Webhook => (60, 60),
        };
        MessageRate { count, per: Duration::from_secs(per_s) }
    }

    /// Least time between two messages.
    pub fn least_gap(self) -> Duration {
        match self {
            Self::Slack | Self::Telegram => Duration::from_millis(1_100),
            Self::Mail | Self::Gotify | Self::Webhook => Duration::ZERO,
            _ => Duration::from_millis(300),
        }
    }
}

/// So many messages in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRate {
    /// Messages, at least 1.
    pub count: u32,
    /// The time.
    pub per: Duration,
}

/// The moment at which a target is told of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TellOn {
    /// The first failure and the recovery.
    Change,
    /// Each failure.
    Failure,
    /// Each job that ran.
    Always,
}

impl TellOn {
    /// Every moment, with its word.
    pub const ALL: [(&str, Self); 3] = [("change", Self::Change), ("failure", Self::Failure), ("always", Self::Always)];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, on)| *on == self).map_or("", |(word, _)| word)
    }

    /// The jobs that a target hears of.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Change => "told of the first failure and of the recovery",
            Self::Failure => "told of each failure",
            Self::Always => "told of each job that ran",
        }
    }
}

/// A service with its secrets in hand.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    /// The service.
    pub messenger: Messenger,
    /// `url`, or the service's own.
    pub url: String,
    /// `token`.
    pub token: Option<String>,
    /// `sign`.
    pub sign: Option<String>,
    /// `room`.
    pub room: String,
    /// `chat_id`.
    pub chat_id: String,
    /// `topic`.
    pub topic: Option<String>,
    /// `to`.
    pub to: Vec<String>,
    /// `from`.
    pub from: String,
}

impl Destination {
    /// One of which nothing is known but the service.
    pub fn of(messenger: Messenger) -> Self {
        let url = messenger.default_url().unwrap_or_default().to_owned();
        let (room, chat_id, from) = Default::default();
        Self { messenger, url, token: None, sign: None, room, chat_id, topic: None, to: Vec::new(), from }
    }

    /// Whatever must never be shown.
    pub fn secrets(&self) -> Vec<String> {
        [Some(&self.url), self.token.as_ref(), self.sign.as_ref()].into_iter().flatten().cloned().collect()
    }

    /// The URL without a `/` at its end.
    pub(super) fn base(&self) -> &str {
        self.url.trim_end_matches('/')
    }
}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Destination").field("messenger", &self.messenger).finish_non_exhaustive()
    }
}
