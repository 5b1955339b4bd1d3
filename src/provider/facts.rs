//! Pure. Picks the few facts that matter out of a JSON document: in one piece if it is small, as a stream if it is not,
//! so that memory does not grow with it.

use super::Malformed;
use super::bounded::Bounded;
use super::commits::{Commits, PickCommits, PickKeys};
use super::document::Document;
use super::lenient::{Key, Lenient, Pick, Scalar};
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess};
use serde_json::Deserializer;
use std::io::{BufReader, Read};

/// Longest text that is kept; of a longer one its beginning.
pub(super) const TEXT_LIMIT_BYTES: usize = 4096;
/// A document shorter than this is parsed in one piece.
const PIECE_BYTES: usize = 32 * 1024;

/// What stands at one wanted place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fact {
    Text(String),
    /// The beginning of a text that is too long.
    Cut(String),
    Number(u64),
    Flag(bool),
    /// Neither null nor one of the above: a list, an object.
    Unusable,
}

/// What a document says at the wanted places.
#[derive(Debug, Default)]
pub(super) struct Facts {
    found: Vec<(&'static str, Fact)>,
    commits: Option<Commits>,
    lists: Vec<(&'static str, Items)>,
    keep_paths: bool,
}

/// A list of objects, each with what it says at the wanted places below `list[].`.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// The first ones, at most `ITEMS_LIMIT`.
    pub(super) kept: Vec<Facts>,
    /// There were others.
    pub(super) more: bool,
}

/// Most objects of a list that are kept.
pub(super) const ITEMS_LIMIT: usize = 50;

impl Facts {
    /// Reads `document` to its end and keeps what stands at the `wanted` paths (`repository.full_name`; `commits[]`
    /// for the list of commits, `changes[].name` for places in a list of objects, `files{}` for the keys of an object as
    /// the paths of one commit). A key on the way to a wanted place that occurs twice is refused: two readers
    /// could pick different ones. Everything else is skipped unseen.
    pub(super) fn read(wanted: &'static [&'static str], mut document: Document<'_>) -> Result<Self, Malformed> {
        let keep_paths = document.keep_paths;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        document.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece).map_err(serde_json::Error::custom)?;
        if piece.len() < PIECE_BYTES {
            return Self::parse(wanted, keep_paths, Deserializer::from_slice(&piece));
        }
        let whole = piece.as_slice().chain(document);
        Self::parse(wanted, keep_paths, Deserializer::from_reader(BufReader::new(Bounded::new(whole))))
    }

    fn parse<'de, R: serde_json::de::Read<'de>>(
        wanted: &'static [&'static str],
        keep_paths: bool,
        mut json: Deserializer<R>,
    ) -> Result<Self, Malformed> {
        let mut facts = Self { keep_paths, ..Self::default() };
        let root = Lenient(PickObject { wanted, prefix: "", facts: &mut facts });
        if !root.deserialize(&mut json)? {
            return Err(Malformed::new("the document is not a JSON object"));
        }
        json.end()?;
        Ok(facts)
    }

    /// Text at `path`, if that is what is there.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.text_if_any(path).ok().flatten()
    }

    /// Text at `path`, `None` if nothing or null is there; refused if something else is.
    pub(super) fn text_if_any(&self, path: &str) -> Result<Option<&str>, Malformed> {
        match self.get(path) {
            None => Ok(None),
            Some(Fact::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Malformed::new(format!("`{path}` is not a short text"))),
        }
    }

    /// Text at `path`, or as much of it as is kept.
    pub(super) fn start_of(&self, path: &str) -> Option<&str> {
        match self.get(path) {
            Some(Fact::Text(text) | Fact::Cut(text)) => Some(text),
            _ => None,
        }
    }

    /// The flag at `path`, if that is what is there.
    pub(super) fn flag(&self, path: &str) -> Option<bool> {
        match self.get(path) {
            Some(&Fact::Flag(flag)) => Some(flag),
            _ => None,
        }
    }

    /// The number at `path`, if that is what is there.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        match self.get(path) {
            Some(&Fact::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// Whether anything but null stands at `path`.
    pub(super) fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// The objects of the list at `path` (`changes[].`), if there is one.
    pub(super) fn items(&self, path: &str) -> Option<&Items> {
        self.lists.iter().find(|(at, _)| *at == path).map(|(_, items)| items)
    }

    /// The list of commits, if there is one.
    pub(super) fn commits(&self) -> Option<&Commits> {
        self.commits.as_ref()
    }

    /// Gives the list of commits away.
    pub(super) fn take_commits(&mut self) -> Option<Commits> {
        self.commits.take()
    }

    fn get(&self, path: &str) -> Option<&Fact> {
        self.found.iter().find(|(at, _)| *at == path).map(|(_, fact)| fact)
    }
}

/// An object on the way to wanted places. Its value: whether an object was there.
struct PickObject<'a> {
    wanted: &'static [&'static str],
    /// Path of the object with its final dot; empty at the root.
    prefix: &'static str,
    facts: &'a mut Facts,
}

/// What a key leads to; the text is what names the place within the wanted paths.
#[derive(Clone, Copy)]
enum Way {
    Fact(&'static str),
    Commits(&'static str),
    Keys(&'static str),
    Items(&'static str),
    Object(&'static str),
    Nowhere,
}

impl PickObject<'_> {
    fn way(&self, key: &str) -> Way {
        if key.contains(['.', '[', '{']) {
            return Way::Nowhere; // the punctuation of paths: no wanted key holds any
        }
        for &path in self.wanted {
            let rest = path.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix(key));
            match rest {
                Some("") => return Way::Fact(path),
                Some("[]") => return Way::Commits(path),
                Some("{}") => return Way::Keys(path),
                Some(rest) if rest.starts_with("[].") => {
                    return Way::Items(&path[..self.prefix.len() + key.len() + "[].".len()]);
                }
                Some(rest) if rest.starts_with('.') => {
                    return Way::Object(&path[..=self.prefix.len() + key.len()]);
                }
                _ => {}
            }
        }
        Way::Nowhere
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, way: Way, map: &mut A) -> Result<(), A::Error> {
        match way {
            Way::Nowhere => {
                map.next_value::<IgnoredAny>()?;
            }
            Way::Fact(path) => {
                let fact = map.next_value_seed(Lenient(PickFact))?;
                self.facts.found.extend(fact.map(|fact| (path, fact)));
            }
            Way::Commits(_) => {
                self.facts.commits = map.next_value_seed(Lenient(PickCommits { keep_paths: self.facts.keep_paths }))?;
            }
            Way::Keys(_) => {
                self.facts.commits = map.next_value_seed(Lenient(PickKeys { keep_paths: self.facts.keep_paths }))?;
            }
            Way::Items(prefix) => {
                let items = map.next_value_seed(Lenient(PickItems { wanted: self.wanted, prefix }))?;
                self.facts.lists.extend(items.map(|items| (prefix, items)));
            }
            Way::Object(prefix) => {
                map.next_value_seed(Lenient(PickObject { wanted: self.wanted, prefix, facts: self.facts }))?;
            }
        }
        Ok(())
    }
}

impl<'de> Pick<'de> for PickObject<'_> {
    type Value = bool;

    fn other(self) -> bool {
        false
    }

    fn object<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        let mut seen: Vec<&'static str> = Vec::new();
        while let Some(way) = map.next_key_seed(Key(|key: &str| self.way(key)))? {
            if let Way::Fact(place) | Way::Commits(place) | Way::Keys(place) | Way::Items(place) | Way::Object(place) =
                way
            {
                if seen.contains(&place) {
                    return Err(A::Error::custom(format_args!(
                        "`{}` occurs twice",
                        place.trim_end_matches(['.', '[', ']', '{', '}'])
                    )));
                }
                seen.push(place);
            }
            self.take(way, &mut map)?;
        }
        Ok(true)
    }
}

/// A list of objects; what is none counts as an empty one.
struct PickItems {
    wanted: &'static [&'static str],
    prefix: &'static str,
}

impl<'de> Pick<'de> for PickItems {
    type Value = Option<Items>;

    fn other(self) -> Self::Value {
        None
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Self { wanted, prefix } = self;
        let mut items = Items::default();
        while items.kept.len() < ITEMS_LIMIT {
            let mut facts = Facts::default();
            if list.next_element_seed(Lenient(PickObject { wanted, prefix, facts: &mut facts }))?.is_none() {
                return Ok(Some(items));
            }
            items.kept.push(facts);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            items.more = true;
        }
        Ok(Some(items))
    }
}

/// A scalar; null is nothing.
struct PickFact;

impl Pick<'_> for PickFact {
    type Value = Option<Fact>;

    fn other(self) -> Self::Value {
        Some(Fact::Unusable)
    }

    fn null(self) -> Self::Value {
        None
    }

    fn scalar(self, scalar: Scalar<'_>) -> Self::Value {
        Some(match scalar {
            Scalar::Text(text) if text.len() <= TEXT_LIMIT_BYTES => Fact::Text(text.to_owned()),
            Scalar::Text(text) => Fact::Cut(start(text, TEXT_LIMIT_BYTES).to_owned()),
            Scalar::Number(number) => Fact::Number(number),
            Scalar::Flag(flag) => Fact::Flag(flag),
        })
    }
}

/// The longest beginning of `text` that has at most `limit_bytes` and ends between characters.
pub(super) fn start(text: &str, limit_bytes: usize) -> &str {
    let end = (0..=limit_bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["ref", "repository.full_name", "count", "commits[]"];

    /// What is found in `text`, read in one piece and as a stream.
    fn both(text: &str) -> [Result<Facts, Malformed>; 2] {
        let stream = format!("{}{text}", " ".repeat(PIECE_BYTES));
        [text, &stream].map(|text| Facts::read(WANTED, Document::new(text.as_bytes(), true)))
    }

    #[test]
    fn a_large_document_says_what_a_small_one_says() {
        let text = r#"{"ref":"a\u00e9","x":[{"ref":1}],"repository":{"full_name":"o/n","ref":2},"count":7,
            "commits":[{"added":["p"],"message":"m"},{"modified":["q"]}]}"#;
        for facts in both(text).map(Result::unwrap) {
            assert_eq!((facts.text("ref"), facts.number("count")), (Some("a\u{e9}"), Some(7)));
            assert_eq!(facts.text("repository.full_name"), Some("o/n"));
            let commits = facts.commits.unwrap();
            assert_eq!((commits.count, commits.into_changes(true).paths), (2, ["p", "q"].into_iter().collect()));
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_small_or_large() {
        for text in ["", "[]", "{", r#"{"ref":1"#, r#"{"ref":1}x"#, r#"{"ref":1,"ref":2}"#, "{\"ref\":\"\n\"}"] {
            for result in both(text) {
                assert!(result.is_err(), "{text}");
            }
        }
        for result in both(r#"{"repository":{},"repository":{}}"#) {
            let text = result.unwrap_err().to_string();
            assert!(text.contains("`repository` occurs twice"), "{text}");
        }
    }

    #[test]
    fn objects_of_a_list_are_kept_up_to_a_limit() {
        let read = |count: usize| {
            let item = r#"{"new":{"name":"a","x":[{"name":"b"}]}}"#;
            let text = format!(r#"{{"push":{{"changes":[{},1]}}}}"#, vec![item; count].join(","));
            Facts::read(&["push.changes[].new.name"], Document::new(text.as_bytes(), true)).unwrap()
        };
        let facts = read(2);
        let items = facts.items("push.changes[].").unwrap();
        let names: Vec<_> = items.kept.iter().map(|item| item.text("push.changes[].new.name")).collect();
        assert_eq!((names, items.more), (vec![Some("a"), Some("a"), None], false));
        let facts = read(ITEMS_LIMIT);
        let items = facts.items("push.changes[].").unwrap();
        assert_eq!((items.kept.len(), items.more), (ITEMS_LIMIT, true));
        let twice =
            Facts::read(&["l[].a"], Document::new(&br#"{"l":[{"a":1,"a":1}]}"#[..], true)).unwrap_err().to_string();
        assert!(twice.contains("`l[].a` occurs twice"), "{twice}");
    }
}
