//! Pure. The last words: what a person enters at the forge, and how the hook fares.

use super::shipped;

/// The facts that the last words tell.
#[derive(Debug, Clone)]
pub(super) struct Closing {
    pub(super) url: String,
    pub(super) provider: &'static str,
    /// The secret's file, and the secret where it is to be entered at the forge.
    pub(super) secret: Option<(String, Option<String>)>,
    /// Deploy key that is to be entered at the forge.
    pub(super) public_key: Option<String>,
    pub(super) repository: Repository,
    pub(super) delivery: TestRun,
    /// `doctor`'s warnings and problems.
    pub(super) findings: Vec<String>,
    /// The reason why HTTPS does not lead to the hook yet.
    pub(super) unencrypted: Option<String>,
    pub(super) has_changed: bool,
}

/// The repository, as the runner's user meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repository {
    /// No step reads one.
    None,
    /// It can be read; its default branch.
    Open(Option<String>),
    /// It cannot be read, and why.
    Closed(String),
}

/// The test delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TestRun {
    /// The hook has run before, and nothing has changed since.
    Unneeded,
    /// None could be sent, or it was not taken.
    Impossible(String),
    /// Its job ended.
    Ended { job: String, outcome: String, reason: String },
}

impl Closing {
    /// True if a push would be deployed.
    pub(super) fn is_good(&self) -> bool {
        let has_problem = self.findings.iter().any(|finding| finding.starts_with("problem"));
        let is_deployed = match &self.delivery {
            TestRun::Unneeded => true,
            TestRun::Impossible(_) => false,
            TestRun::Ended { outcome, .. } => outcome == "succeeded",
        };
        is_deployed && !has_problem
    }

    /// The words, by lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![String::new()];
        if !self.has_changed {
            lines.push("Nothing had to be changed.".to_owned());
        }
        lines.push(format!("URL      {}", self.whole_url()));
        lines.extend(self.secret_line());
        lines.push(format!("At the forge ({}):", self.provider));
        lines.extend(shipped::clicks(self.provider).lines().map(|line| format!("  {line}")));
        lines.extend(self.key_lines());
        lines.push(String::new());
        if self.findings.is_empty() {
            lines.push("doctor   nothing to repair".to_owned());
        }
        lines.extend(self.findings.iter().map(|finding| format!("doctor   {finding}")));
        lines.extend(self.unencrypted.as_ref().map(|why| {
            format!("https    not yet ({why}): the web server needs a certificate, such as `certbot` gets")
        }));
        lines.push(format!("test     {}", self.delivery_words()));
        lines
    }

    /// With the secret of those that have it there.
    fn whole_url(&self) -> String {
        match &self.secret {
            Some((_, Some(text))) if self.provider == "docker-hub" => format!("{}/{text}", self.url),
            _ => self.url.clone(),
        }
    }

    fn secret_line(&self) -> Option<String> {
        let (file, text) = self.secret.as_ref()?;
        Some(match text {
            Some(text) => format!("secret   {text}   (in {file}, and nowhere else)"),
            None => format!("secret   in {file}"),
        })
    }

    fn key_lines(&self) -> Vec<String> {
        let Repository::Closed(why) = &self.repository else { return Vec::new() };
        let mut lines = vec![format!("The repository cannot be read yet: {why}")];
        if let Some(key) = &self.public_key {
            lines.push("Enter this line among the deploy keys of the repository (to read is enough):".to_owned());
            lines.push(format!("  {key}"));
            lines.push("and run the same command again.".to_owned());
        }
        lines
    }

    fn delivery_words(&self) -> String {
        match &self.delivery {
            TestRun::Unneeded => "not sent: the hook has run before".to_owned(),
            TestRun::Impossible(why) => format!("not deployed: {why}"),
            TestRun::Ended { job, outcome, reason } if reason.is_empty() => {
                format!("a signed delivery went through the web server, and its job {job} {outcome}")
            }
            TestRun::Ended { job, outcome, reason } => {
                format!("a signed delivery went through the web server, and its job {job} {outcome}: {reason}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(delivery: TestRun) -> Closing {
        Closing {
            url: "https://h/hooks/docs".to_owned(),
            provider: "docker-hub",
            secret: Some(("/s".to_owned(), Some("abc".to_owned()))),
            public_key: None,
            repository: Repository::None,
            delivery,
            findings: Vec::new(),
            unencrypted: None,
            has_changed: true,
        }
    }

    #[test]
    fn it_is_good_only_when_a_push_would_be_deployed() {
        let ended =
            |outcome: &str| TestRun::Ended { job: "1".to_owned(), outcome: outcome.to_owned(), reason: String::new() };
        assert!(closing(ended("succeeded")).is_good() && closing(TestRun::Unneeded).is_good());
        assert!(!closing(ended("failed")).is_good() && !closing(TestRun::Impossible(String::new())).is_good());
        let problem = Closing { findings: vec!["problem: x".to_owned()], ..closing(ended("succeeded")) };
        assert!(!problem.is_good());
        let warning = Closing { findings: vec!["warning: x".to_owned()], ..closing(ended("succeeded")) };
        assert!(warning.is_good());
    }

    #[test]
    fn a_secret_in_the_url_is_told_with_it_and_an_unread_repository_with_its_key() {
        let lines = closing(TestRun::Unneeded).lines();
        assert!(lines.contains(&"URL      https://h/hooks/docs/abc".to_owned()), "{lines:#?}");
        let repository = Repository::Closed("Permission denied (publickey).".to_owned());
        let closed =
            Closing { repository, public_key: Some("ssh-ed25519 AAAA".to_owned()), ..closing(TestRun::Unneeded) };
        let lines = closed.lines();
        assert!(lines.contains(&"  ssh-ed25519 AAAA".to_owned()), "{lines:#?}");
    }
}
