//! Pure. The few fields of a document that matter, by their paths.

use super::Commits;
use super::walk::{self, Elements, FoundValue, FoundValues, WantedPlace, WantedValue};
use crate::provider::body::Document;
use crate::provider::malformed::Malformed;
use std::borrow::Cow;

/// The values that a document holds at the wanted paths.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    wanted: &'static [&'static str],
    found: FoundValues,
    lists: Vec<(usize, ObjectList)>,
}

/// A list of objects, each with its values at the wanted paths below `list[].`.
#[derive(Debug)]
pub(crate) struct ObjectList {
    /// The first ones, at most `LIST_LIMIT`.
    pub(crate) kept: Vec<Fields>,
    /// There were others.
    pub(crate) more: bool,
}

impl Fields {
    /// Reads `document` to its end and keeps the values at the `wanted` paths (`repository.full_name`; `commits[]`
    /// for the list of commits, `changes[].name` for places in a list of objects, `files{}` for the keys of an object
    /// as the paths of one commit). Everything else is skipped unseen.
    pub(crate) fn read(wanted: &'static [&'static str], document: Document<'_>) -> Result<Self, Malformed> {
        match Self::read_any(wanted, document)? {
            (fields, true) => Ok(fields),
            (_, false) => Err(Malformed::new("the document is not a JSON object")),
        }
    }

    /// As `read`, of a document that may be any JSON value. Returns whether it is an object beside the fields, of which
    /// anything else has none.
    pub(crate) fn read_any(wanted: &'static [&'static str], document: Document<'_>) -> Result<(Self, bool), Malformed> {
        let keep_paths = document.options.keep_paths;
        let (found, is_object) = walk::walk(&places(wanted), keep_paths, document)?;
        Ok((Self::of(wanted, found), is_object))
    }

    fn of(wanted: &'static [&'static str], values: FoundValues) -> Self {
        let mut fields = Self { wanted, ..Self::default() };
        for (number, value) in values {
            match value {
                FoundValue::List(Elements { kept, more }) => {
                    let kept = kept.into_iter().map(|element| Self::of(wanted, element)).collect();
                    fields.lists.push((number, ObjectList { kept, more }));
                }
                value => fields.found.push((number, value)),
            }
        }
        fields
    }

    /// The text at `path`, if that is what is there.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.text_if_any(path).ok().flatten()
    }

    /// The text at `path`, `None` if nothing or null is there; refused if something else is.
    pub(crate) fn text_if_any(&self, path: &str) -> Result<Option<&str>, Malformed> {
        match self.get(path) {
            None => Ok(None),
            Some(FoundValue::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Malformed::new(format!("`{path}` is not a short text"))),
        }
    }

    /// The text at `path`, or as much of it as is kept.
    pub(crate) fn start_of(&self, path: &str) -> Option<&str> {
        match self.get(path) {
            Some(FoundValue::Text(text) | FoundValue::Cut(text)) => Some(text),
            _ => None,
        }
    }

    /// The flag at `path`, if that is what is there.
    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        match self.get(path) {
            Some(&FoundValue::Flag(flag)) => Some(flag),
            _ => None,
        }
    }

    /// The number at `path`, if that is what is there.
    pub(crate) fn number(&self, path: &str) -> Option<u64> {
        match self.get(path) {
            Some(&FoundValue::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// True if anything but null stands at `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// The objects of the list at `path` (`changes[].`), if there is one.
    pub(crate) fn items(&self, path: &str) -> Option<&ObjectList> {
        let is_it = |(number, _): &&(usize, ObjectList)| self.wanted[*number].starts_with(path);
        self.lists.iter().find(is_it).map(|(_, list)| list)
    }

    /// The list of commits, if there is one.
    pub(crate) fn commits(&self) -> Option<&Commits> {
        self.found.iter().find_map(|(_, value)| match value {
            FoundValue::Commits(commits) => Some(&**commits),
            _ => None,
        })
    }

    /// The list of commits, given away.
    pub(crate) fn take_commits(&mut self) -> Option<Commits> {
        let at = self.found.iter().position(|(_, value)| matches!(value, FoundValue::Commits(_)))?;
        match self.found.swap_remove(at) {
            (_, FoundValue::Commits(commits)) => Some(*commits),
            _ => None,
        }
    }

    fn get(&self, path: &str) -> Option<&FoundValue> {
        self.found.iter().find(|(number, _)| self.wanted[*number] == path).map(|(_, value)| value)
    }
}

/// The places that `wanted` names, those in the elements of one list below one place.
fn places(wanted: &'static [&'static str]) -> Vec<WantedPlace> {
    let mut places: Vec<WantedPlace> = Vec::new();
    for (number, path) in wanted.iter().enumerate() {
        let Some((list, _)) = path.split_once("[].") else {
            places.push(place(number, path, ""));
            continue;
        };
        let (within, element) = path.split_at(list.len() + "[].".len());
        let element = place(number, element, within);
        let known = places.iter_mut().find_map(|place| match &mut place.target {
            WantedValue::List(elements) if elements[0].within == within => Some(elements),
            _ => None,
        });
        match known {
            Some(elements) => elements.push(element),
            None => places.push(WantedPlace { target: WantedValue::List(vec![element]), ..place(number, list, "") }),
        }
    }
    places
}

/// One place; the end of `path` says what is wanted there.
fn place(number: usize, path: &'static str, within: &'static str) -> WantedPlace {
    let (path, target) = match (path.strip_suffix("[]"), path.strip_suffix("{}")) {
        (Some(path), _) => (path, WantedValue::Commits),
        (_, Some(path)) => (path, WantedValue::Paths),
        _ => (path, WantedValue::Scalar),
    };
    WantedPlace { within, number, keys: path.split('.').map(Cow::Borrowed).collect(), target }
}

#[cfg(test)]
mod tests {
    use super::super::walk::{LIST_LIMIT, PIECE_BYTES};
    use super::*;
    use crate::provider::body::ReadOptions;

    const KEEP: ReadOptions = ReadOptions { keep_paths: true, github_payload: false, delivery_header: None };
    const WANTED: &[&str] = &["ref", "repository.full_name", "count", "commits[]"];

    /// The fields of `text`, read in one piece and as a stream.
    fn both(text: &str) -> [Result<Fields, Malformed>; 2] {
        let stream = format!("{}{text}", " ".repeat(PIECE_BYTES));
        [text, &stream].map(|text| Fields::read(WANTED, Document::new(text.as_bytes(), &KEEP)))
    }

    #[test]
    fn a_large_document_says_what_a_small_one_says() {
        let text = r#"{"ref":"a\u00e9","x":[{"ref":1}],"repository":{"full_name":"o/n","ref":2},"count":7,
            "commits":[{"added":["p"],"message":"m"},{"modified":["q"]}]}"#;
        for mut fields in both(text).map(Result::unwrap) {
            assert_eq!((fields.text("ref"), fields.number("count")), (Some("a\u{e9}"), Some(7)));
            assert_eq!(fields.text("repository.full_name"), Some("o/n"));
            let commits = fields.take_commits().unwrap();
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
            Fields::read(&["push.changes[].new.name"], Document::new(text.as_bytes(), &KEEP)).unwrap()
        };
        let fields = read(2);
        let items = fields.items("push.changes[].").unwrap();
        let names: Vec<_> = items.kept.iter().map(|item| item.text("push.changes[].new.name")).collect();
        assert_eq!((names, items.more), (vec![Some("a"), Some("a"), None], false));
        let fields = read(LIST_LIMIT);
        let items = fields.items("push.changes[].").unwrap();
        assert_eq!((items.kept.len(), items.more), (LIST_LIMIT, true));
        let twice =
            Fields::read(&["l[].a"], Document::new(&br#"{"l":[{"a":1,"a":1}]}"#[..], &KEEP)).unwrap_err().to_string();
        assert!(twice.contains("`l[].a` occurs twice"), "{twice}");
    }
}
