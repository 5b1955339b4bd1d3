//! Pure. `trigger-rule`: who may deliver, and what is wanted. A rule that would be lost in part is not translated at
//! all, since what is left would let in more.

use super::field::{RequestPart, pointer};
use crate::cli::import::translation::{NewHook, Note, list, quoted};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::{Map, Value};

/// The rules of a hook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Guard {
    provider: Option<&'static str>,
    secrets: Vec<String>,
    /// A setting of `generic` that says where the secret or the signature is.
    scheme: Option<(&'static str, String)>,
    branches: Vec<String>,
    tags: Vec<String>,
    events: Vec<&'static str>,
    repository: Option<String>,
    /// Elements of `match`.
    fields: Vec<String>,
    notes: Vec<Note>,
}

/// The rules; `Err`: they say something that cannot be said here.
pub(super) fn read(rule: &Value) -> Result<Guard, String> {
    let mut guard = Guard::default();
    guard.add(rule)?;
    Ok(guard)
}

/// Headers by whose signature a forge is known.
const SIGNED: [(&str, &str); 6] = [
    ("x-hub-signature-256", "github"),
    ("x-hub-signature", "github"),
    ("x-gitea-signature", "gitea"),
    ("x-forgejo-signature", "forgejo"),
    ("x-gogs-signature", "gogs"),
    ("x-coding-signature", "coding"),
];
/// Headers in which a forge sends the secret itself.
const TOKENS: [(&str, &str); 4] = [
    ("x-gitlab-token", "gitlab"),
    ("x-gitee-token", "gitee"),
    ("x-codeup-token", "codeup"),
    ("x-gitcode-token", "gitcode"),
];
/// Names of events, as forges have them in a header, and as they are called here.
const EVENTS: [(&str, &str); 8] = [
    ("push", "push"),
    ("push hook", "push"),
    ("tag push hook", "tag"),
    ("tag_push", "tag"),
    ("release", "release"),
    ("release hook", "release"),
    ("package", "package"),
    ("delete", "delete"),
];

impl Guard {
    fn add(&mut self, rule: &Value) -> Result<(), String> {
        let Some((word, inner)) = rule.as_object().and_then(|rule| rule.iter().next()) else {
            return Err("a rule that is no table".to_owned());
        };
        match (word.as_str(), inner.as_array()) {
            ("and", Some(rules)) => rules.iter().try_for_each(|rule| self.add(rule)),
            ("or", Some(rules)) => self.add_any(rules),
            ("match", _) => self.add_match(inner),
            ("not", _) => Err("`not` has no counterpart".to_owned()),
            (other, _) => Err(format!("rule `{other}` is not understood")),
        }
    }

    /// One of several: of one kind they are a list, and of different kinds nothing that could be said.
    fn add_any(&mut self, rules: &[Value]) -> Result<(), String> {
        let mut all: Vec<Guard> = Vec::new();
        for rule in rules {
            all.push(read(rule)?);
        }
        let Some((first, rest)) = all.split_first() else { return Ok(()) };
        let mut any = first.clone();
        for other in rest {
            let like = |guard: &Guard| Guard {
                branches: Vec::new(),
                tags: Vec::new(),
                secrets: Vec::new(),
                notes: Vec::new(),
                ..guard.clone()
            };
            let kinds =
                |guard: &Guard| [!guard.branches.is_empty() || !guard.tags.is_empty(), !guard.secrets.is_empty()];
            if like(&any) != like(other) || kinds(&any) != kinds(other) || kinds(other) == [true, true] {
                return Err("`or` of rules that are not of one kind has no counterpart".to_owned());
            }
            any.branches.extend(other.branches.clone());
            any.tags.extend(other.tags.clone());
            any.secrets.extend(other.secrets.clone());
        }
        self.merge(any)
    }

    fn merge(&mut self, other: Guard) -> Result<(), String> {
        let has_refs = |guard: &Self| !guard.branches.is_empty() || !guard.tags.is_empty();
        let are_twice = has_refs(self) && has_refs(&other);
        if are_twice || (!self.secrets.is_empty() && !other.secrets.is_empty()) {
            return Err("two rules about one thing have no counterpart".to_owned());
        }
        // Who signs is known better by the signature than by the name of an event.
        let is_proof = !other.secrets.is_empty();
        self.provider = if is_proof { other.provider.or(self.provider) } else { self.provider.or(other.provider) };
        self.secrets.extend(other.secrets);
        self.scheme = self.scheme.take().or(other.scheme);
        self.branches.extend(other.branches);
        self.tags.extend(other.tags);
        self.events.extend(other.events);
        self.repository = self.repository.take().or(other.repository);
        self.fields.extend(other.fields);
        self.notes.extend(other.notes);
        Ok(())
    }

    fn add_match(&mut self, rule: &Value) -> Result<(), String> {
        let kind = rule["type"].as_str().unwrap_or_default();
        let source = RequestPart::read(&rule["parameter"]);
        let text = |key: &str| rule[key].as_str().unwrap_or_default();
        match (kind, source) {
            ("ip-whitelist", _) => {
                let range = text("ip-range");
                self.notes.push(Note::grave(format!(
                    "dropped `ip-whitelist` {range}: say so in the web server (`allow`, `Require ip`)"
                )));
                Ok(())
            }
            ("scalr-signature", _) => Err("`scalr-signature` has no counterpart".to_owned()),
            ("value", RequestPart::Header(name)) => self.header(&name, text("value")),
            ("value", RequestPart::Payload(name)) => self.payload(&name, text("value")),
            ("regex", RequestPart::Payload(name)) => self.regex(&name, text("regex")),
            ("value", RequestPart::Other(what)) if what.starts_with("url") || what.starts_with("query") => {
                let why = "a token in the URL stands in every log: it has a secret of its own instead";
                self.notes.push(Note::plain(format!("dropped `{what}`: {why}")));
                Ok(())
            }
            (kind, RequestPart::Header(name))
                if kind.starts_with("payload-hmac-") || kind.starts_with("payload-hash-") =>
            {
                self.signature(&name, &kind["payload-hmac-".len()..], text("secret"))
            }
            (kind, source) => Err(format!("`{kind}` of {source:?} has no counterpart")),
        }
    }

    fn signature(&mut self, header: &str, algorithm: &str, secret: &str) -> Result<(), String> {
        if secret.is_empty() {
            return Err("its signature has an empty secret".to_owned());
        }
        let known =
            SIGNED.iter().find(|(name, _)| *name == header && algorithm != "sha512").map(|(_, provider)| *provider);
        let scheme = format!("{{ header = {}, algorithm = {} }}", quoted(header), quoted(algorithm));
        if known.is_none() {
            self.notes.push(Note::plain(format!(
                "`{header}`: if the sender writes `{algorithm}=` before the signature, add `prefix = \"{algorithm}=\"`"
            )));
        }
        let scheme = known.is_none().then_some(("signature", scheme));
        self.merge(Guard {
            provider: known.or(Some("generic")),
            secrets: vec![secret.to_owned()],
            scheme,
            ..Guard::default()
        })
    }

    fn header(&mut self, name: &str, value: &str) -> Result<(), String> {
        if value.is_empty() {
            return Err(format!("header `{name}` is compared with nothing"));
        }
        if name.ends_with("-event") {
            let low = value.to_ascii_lowercase();
            let event = EVENTS.iter().find(|(theirs, _)| *theirs == low).map(|(_, ours)| *ours);
            let event = event.ok_or_else(|| format!("event `{value}` has no counterpart"))?;
            let provider = [("x-github-event", "github"), ("x-gitlab-event", "gitlab"), ("x-gitea-event", "gitea")];
            self.provider =
                self.provider.or(provider.iter().find(|(header, _)| *header == name).map(|(_, provider)| *provider));
            self.events.push(event);
            return Ok(());
        }
        let known = TOKENS.iter().find(|(header, _)| *header == name).map(|(_, provider)| *provider);
        let (provider, secret, scheme) = match (known, name) {
            (Some(provider), _) => (provider, value.to_owned(), None),
            (None, "authorization") => {
                let (word, secret) = authorization(value)?;
                ("generic", secret, Some(("authorization", quoted(word))))
            }
            _ if is_secretive(name) => ("generic", value.to_owned(), Some(("token_header", quoted(name)))),
            _ => return Err(format!("header `{name}` has no counterpart")),
        };
        self.merge(Guard { provider: Some(provider), secrets: vec![secret], scheme, ..Guard::default() })
    }

    fn payload(&mut self, name: &str, value: &str) -> Result<(), String> {
        let mut other = Guard::default();
        match name {
            "ref" if value.starts_with("refs/heads/") => other.branches.push(glob_of(&value["refs/heads/".len()..])),
            "ref" if value.starts_with("refs/tags/") => other.tags.push(glob_of(&value["refs/tags/".len()..])),
            "repository.full_name" | "project.path_with_namespace" => other.repository = Some(value.to_owned()),
            _ => {
                let (typed, is_guess) = match value {
                    "true" | "false" => (value.to_owned(), true),
                    _ if value.parse::<i64>().is_ok() => (value.to_owned(), true),
                    _ => (quoted(value), false),
                };
                other.fields.push(format!("{{ field = {}, equals = {typed} }}", quoted(&pointer(name))));
                if is_guess {
                    let why = format!("`{name}` is compared with {value}, and not with the text \"{value}\"");
                    other.notes.push(Note::plain(why));
                }
            }
        }
        self.merge(other)
    }

    fn regex(&mut self, name: &str, pattern: &str) -> Result<(), String> {
        Regex::new(pattern).map_err(|_| format!("pattern `{pattern}` is not understood"))?;
        let mut other = Guard::default();
        if name == "ref" {
            other.branches.push("**".to_owned());
            other.tags.push("**".to_owned());
        }
        other.fields.push(format!("{{ field = {}, regex = {} }}", quoted(&pointer(name)), quoted(pattern)));
        self.merge(other)
    }

    /// Puts the rules into a hook. One without a check gets a secret of its own.
    pub(super) fn put_into(self, new: &mut NewHook, hook: &Map<String, Value>) {
        let is_open = self.secrets.is_empty();
        let provider = self.provider.unwrap_or_else(|| guess(hook));
        provider.clone_into(&mut new.provider);
        if is_open {
            let header = if provider == "generic" { ", which it sends as `Authorization: Bearer …`" } else { "" };
            let words =
                format!("it was open to the world: enter the text of its new secret file at the sender{header}");
            new.notes.push(Note::plain(words));
        }
        let scheme = self.scheme.or_else(|| (provider == "generic").then(|| ("authorization", quoted("bearer"))));
        let has_refs = !self.branches.is_empty() || !self.tags.is_empty();
        new.settings.extend(scheme);
        new.settings.extend(self.repository.map(|name| ("repository", quoted(&name))));
        if !self.events.is_empty() {
            new.set("events", list(&self.events));
        }
        if has_refs {
            new.set("branches", list(&self.branches));
            new.set("tags", list(&self.tags));
        } else if provider != "generic" {
            new.set("branches", list(&["**"]));
            new.note("it ran for every branch: `branches` can say which are meant");
        }
        if !self.fields.is_empty() {
            new.set("match", format!("[{}]", self.fields.join(", ")));
        }
        new.secrets = self.secrets;
        new.notes.extend(self.notes);
    }
}

/// `Bearer x`, `Basic dXNlcjpw` and anything else, as `authorization` has it.
fn authorization(value: &str) -> Result<(&'static str, String), String> {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" if !rest.is_empty() => Ok(("bearer", rest.to_owned())),
        "basic" => {
            let bytes = STANDARD.decode(rest).map_err(|_| "its `Basic` password is no base64".to_owned())?;
            String::from_utf8(bytes).map(|text| ("basic", text)).map_err(|_| "its password is no text".to_owned())
        }
        _ => Ok(("verbatim", value.to_owned())),
    }
}

fn is_secretive(header: &str) -> bool {
    ["token", "secret", "key", "auth", "password"].iter().any(|word| header.contains(word))
}

/// A name as a glob that fits nothing else.
fn glob_of(name: &str) -> String {
    name.chars().flat_map(|c| if "*?[]{}\\!".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

/// The forge that is named in any header that the hook looks at.
fn guess(hook: &Map<String, Value>) -> &'static str {
    let text = Value::Object(hook.clone()).to_string().to_ascii_lowercase();
    let marks = [
        ("x-github", "github"),
        ("x-hub", "github"),
        ("x-gitlab", "gitlab"),
        ("x-gitea", "gitea"),
        ("x-gogs", "gogs"),
        ("x-gitee", "gitee"),
    ];
    marks.iter().find(|(mark, _)| text.contains(mark)).map_or("generic", |(_, provider)| provider)
}
