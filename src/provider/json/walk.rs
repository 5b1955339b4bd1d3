//! Pure. The one walk through a JSON document that takes the values at the wanted places.

use super::any_value::{AnyValue, KeyTo, Scalar, Take};
use super::bounded::BoundedText;
use super::commits::{Commits, TakeCommits, TakeKeys};
use super::text::{TEXT_LIMIT_BYTES, start};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess};
use serde_json::{Deserializer, Error};
use std::borrow::Cow;
use std::io::{BufReader, Read};

/// Most objects of a list that are kept.
pub(crate) const LIST_LIMIT: usize = 4096;
/// A document shorter than this is parsed in one piece.
pub(crate) const PIECE_BYTES: usize = 32 * 1024;

/// A wanted place.
#[derive(Debug, Clone)]
pub(crate) struct WantedPlace {
    /// The path of the list in whose elements the place lies, for messages; empty outside of any.
    pub(crate) within: &'static str,
    /// The number under which the value is found.
    pub(crate) number: usize,
    /// The keys that lead there, from the root or from an element of a list. Digits are also an index of a list.
    pub(crate) keys: Vec<Cow<'static, str>>,
    pub(crate) target: WantedValue,
}

/// The shape of the value that is wanted.
#[derive(Debug, Clone)]
pub(crate) enum WantedValue {
    Scalar,
    /// A list of commits.
    Commits,
    /// An object whose keys are paths.
    Paths,
    /// A list of objects, with the places wanted of each.
    List(Vec<WantedPlace>),
}

/// A value that was found. Null is nothing.
#[derive(Debug)]
pub(crate) enum FoundValue {
    Text(String),
    /// The beginning of a text that is too long.
    Cut(String),
    Number(u64),
    Flag(bool),
    /// Another type where a scalar is wanted: a list, an object, another number.
    Unusable,
    Commits(Box<Commits>),
    List(Elements),
}

/// The values found, each with the number of its place.
pub(crate) type FoundValues = Vec<(usize, FoundValue)>;

/// The first elements of a list, each with the values found in it.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    /// At most `LIST_LIMIT`.
    pub(crate) kept: Vec<FoundValues>,
    /// There were others.
    pub(crate) more: bool,
}

/// Reads `document` to its end. Returns the values found, and whether the document is an object. A key on the way to a
/// wanted place that occurs twice is refused: two readers could pick different ones.
pub(crate) fn walk(
    places: &[WantedPlace],
    keep_paths: bool,
    document: impl Read,
) -> Result<(FoundValues, bool), Error> {
    let mut text = BoundedText::new(document);
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    text.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece).map_err(Error::custom)?;
    if piece.len() < PIECE_BYTES {
        return parse(places, keep_paths, Deserializer::from_slice(&piece));
    }
    parse(places, keep_paths, Deserializer::from_reader(BufReader::new(piece.as_slice().chain(text))))
}

fn parse<'de, R: serde_json::de::Read<'de>>(
    places: &[WantedPlace],
    keep_paths: bool,
    mut json: Deserializer<R>,
) -> Result<(FoundValues, bool), Error> {
    let mut found = FoundValues::new();
    let here = places.iter().map(|place| (place, 0)).collect();
    let is_object = AnyValue(Walk { here, keep_paths, found: &mut found }).deserialize(&mut json)?;
    json.end()?;
    Ok((found, is_object))
}

/// A value on the way to some places, or at them. What is taken of it: whether it is an object.
struct Walk<'a> {
    /// Each place with the number of its keys that lead here.
    here: Vec<(&'a WantedPlace, usize)>,
    keep_paths: bool,
    found: &'a mut FoundValues,
}

impl<'a> Walk<'a> {
    /// The places that go on behind `key`.
    fn behind(&self, key: &str) -> Vec<(&'a WantedPlace, usize)> {
        let goes_on = |(place, depth): &&(&WantedPlace, usize)| place.keys.get(*depth).is_some_and(|next| next == key);
        self.here.iter().filter(goes_on).map(|(place, depth)| (*place, depth + 1)).collect()
    }

    /// The places that are here.
    fn reached(&self) -> impl Iterator<Item = &'a WantedPlace> {
        self.here.iter().filter(|(place, depth)| place.keys.len() == *depth).map(|(place, _)| *place)
    }

    /// The first of them that wants a value like this.
    fn wanted(&self, is_wanted: impl Fn(&WantedValue) -> bool) -> Option<&'a WantedPlace> {
        self.reached().find(|place| is_wanted(&place.target))
    }

    /// Notes what `value` makes at each place here that wants a scalar.
    fn put(&mut self, value: impl Fn() -> FoundValue) {
        let scalars = self.reached().filter(|place| matches!(place.target, WantedValue::Scalar));
        let values: FoundValues = scalars.map(|place| (place.number, value())).collect();
        self.found.extend(values);
    }

    fn go_on<'b>(
        here: Vec<(&'b WantedPlace, usize)>,
        keep_paths: bool,
        found: &'b mut FoundValues,
    ) -> AnyValue<Walk<'b>> {
        AnyValue(Walk { here, keep_paths, found })
    }

    /// The elements of a list by their index, for places that name one.
    fn by_index<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let names_an_index = self.here.iter().any(|(place, depth)| {
            place.keys.get(*depth).is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_digit()))
        });
        for index in 0_u64.. {
            let places = if names_an_index { self.behind(&index.to_string()) } else { Vec::new() };
            let more = if places.is_empty() {
                list.next_element::<IgnoredAny>()?.is_some()
            } else {
                list.next_element_seed(Self::go_on(places, self.keep_paths, self.found))?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}

impl<'de> Take<'de> for Walk<'_> {
    type Value = bool;

    fn other(mut self) -> bool {
        self.put(|| FoundValue::Unusable);
        false
    }

    fn null(self) -> bool {
        false
    }

    fn scalar(mut self, scalar: Scalar<'_>) -> bool {
        self.put(|| match scalar {
            Scalar::Text(text) if text.len() <= TEXT_LIMIT_BYTES => FoundValue::Text(text.to_owned()),
            Scalar::Text(text) => FoundValue::Cut(start(text, TEXT_LIMIT_BYTES).to_owned()),
            Scalar::Number(number) => FoundValue::Number(number),
            Scalar::Flag(flag) => FoundValue::Flag(flag),
        });
        false
    }

    fn list<A: SeqAccess<'de>>(mut self, list: A) -> Result<bool, A::Error> {
        let wanted = self.wanted(|target| matches!(target, WantedValue::Commits | WantedValue::List(_)));
        let value = match wanted.map(|place| &place.target) {
            Some(WantedValue::List(places)) => FoundValue::List(elements(places, list)?),
            Some(_) => {
                let commits = TakeCommits { keep_paths: self.keep_paths }.list(list)?.unwrap_or_default();
                FoundValue::Commits(Box::new(commits))
            }
            None => {
                self.put(|| FoundValue::Unusable);
                self.by_index(list)?;
                return Ok(false);
            }
        };
        self.found.extend(wanted.map(|place| (place.number, value)));
        Ok(false)
    }

    fn object<A: MapAccess<'de>>(mut self, mut map: A) -> Result<bool, A::Error> {
        if let Some(place) = self.wanted(|target| matches!(target, WantedValue::Paths)) {
            let paths = TakeKeys { keep_paths: self.keep_paths }.object(map)?.unwrap_or_default();
            self.found.push((place.number, FoundValue::Commits(Box::new(paths))));
            return Ok(true);
        }
        self.put(|| FoundValue::Unusable);
        // No two keys lead to the same place, so that a place tells which key it was.
        let mut seen: Vec<*const WantedPlace> = Vec::new();
        while let Some(places) = map.next_key_seed(KeyTo(|key: &str| self.behind(key)))? {
            let Some((first, depth)) = places.first().copied() else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen.contains(&std::ptr::from_ref(first)) {
                let key = first.keys[..depth].join(".");
                return Err(A::Error::custom(format_args!("`{}{key}` occurs twice", first.within)));
            }
            seen.push(first);
            map.next_value_seed(Self::go_on(places, self.keep_paths, self.found))?;
        }
        Ok(true)
    }
}

/// The elements of a list of objects; one that is no object counts as an empty one.
fn elements<'de, A: SeqAccess<'de>>(places: &[WantedPlace], mut list: A) -> Result<Elements, A::Error> {
    let mut elements = Elements::default();
    while elements.kept.len() < LIST_LIMIT {
        let mut found = FoundValues::new();
        let here = places.iter().map(|place| (place, 0)).collect();
        if list.next_element_seed(AnyValue(Walk { here, keep_paths: false, found: &mut found }))?.is_none() {
            return Ok(elements);
        }
        elements.kept.push(found);
    }
    while list.next_element::<IgnoredAny>()?.is_some() {
        elements.more = true;
    }
    Ok(elements)
}
