//! Edge. Targets and forges with their secrets in hand, read at the moment at which something is sent.

use super::secret::SecretError;
use super::settings::{NotifyTarget, SecretSource, StatusSettings, TargetUrl};
use crate::notify::{Destination, ForgeAccount};

impl NotifyTarget {
    /// The target with its secrets.
    pub fn destination(&self) -> Result<Destination, SecretError> {
        let mut destination = Destination::of(self.messenger);
        match &self.url {
            Some(TargetUrl::Typed(url)) => destination.url.clone_from(url),
            Some(TargetUrl::Secret(source)) => destination.url = text_of(source)?,
            None => {}
        }
        destination.token = self.token.as_ref().map(text_of).transpose()?;
        destination.sign = self.sign.as_ref().map(text_of).transpose()?;
        destination.room.clone_from(&self.room);
        destination.chat_id.clone_from(&self.chat_id);
        destination.topic.clone_from(&self.topic);
        destination.to.clone_from(&self.to);
        destination.from.clone_from(&self.from);
        Ok(destination)
    }

    /// Sources of its secrets.
    pub fn secret_sources(&self) -> impl Iterator<Item = &SecretSource> {
        let url = match &self.url {
            Some(TargetUrl::Secret(source)) => Some(source),
            _ => None,
        };
        [url, self.token.as_ref(), self.sign.as_ref()].into_iter().flatten()
    }
}

impl StatusSettings {
    /// The repository, with the right to set its statuses.
    pub fn account(&self) -> Result<ForgeAccount, SecretError> {
        let (api, repository) = (self.api.clone(), self.repository.clone());
        Ok(ForgeAccount { forge: self.forge, api, repository, token: text_of(&self.token)? })
    }
}

/// A secret that goes into a URL or a header: a blank around it was pasted with it.
fn text_of(source: &SecretSource) -> Result<String, SecretError> {
    let secret = source.read()?;
    let text = std::str::from_utf8(secret.bytes()).ok().map(str::trim).filter(|text| !text.contains(char::is_control));
    let unusable = || SecretError::Unusable {
        source_name: source.source_name(),
        what: "holds more than one line, or is no text".to_owned(),
    };
    text.map(str::to_owned).ok_or_else(unusable)
}
