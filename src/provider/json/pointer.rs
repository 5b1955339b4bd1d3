//! Pure. JSON pointers (RFC 6901) that each pick one scalar out of a document, as a stream: memory does not grow with
//! it.

use super::walk::{FoundValue, WantedPlace, WantedValue, walk};
use crate::provider::malformed::Malformed;
use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::str::FromStr;

/// Longest text that is picked. A literal is cut before it becomes shorter than this, whatever escapes it is made of.
pub const PICKED_LIMIT_BYTES: usize = 2048;

/// A place in a document, such as `/repository/owner/login` or `/commits/0/id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

/// The fault in the text of a pointer, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPointer {
    /// It has no place in it.
    #[error("begin with `/`, as in `/repository/name`")]
    Relative,
    /// A `~` that stands for nothing.
    #[error("write `~` as `~0`, and `/` within a name as `~1`")]
    Tilde,
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let tokens = text.strip_prefix('/').ok_or(NotAPointer::Relative)?.split('/');
        let tokens = tokens.map(unescaped).collect::<Option<_>>().ok_or(NotAPointer::Tilde)?;
        Ok(Self { text: text.to_owned(), tokens })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// RFC 6901 §4: `~1` first, so that `~01` is `~1`.
fn unescaped(token: &str) -> Option<String> {
    let is_escape = |rest: &str| rest.starts_with(['0', '1']);
    let right = token.split('~').skip(1).all(is_escape);
    right.then(|| token.replace("~1", "/").replace("~0", "~"))
}

/// The value at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Nothing, or null.
    Absent,
    /// A text of at most 2 KiB.
    Text(String),
    /// A number that is not negative and has no fraction.
    Number(u64),
    /// True or false.
    Flag(bool),
    /// A longer text.
    TooLong,
    /// An object, an array, another number.
    Other,
}

impl From<FoundValue> for Picked {
    fn from(value: FoundValue) -> Self {
        match value {
            FoundValue::Text(text) if text.len() <= PICKED_LIMIT_BYTES => Self::Text(text),
            FoundValue::Text(_) | FoundValue::Cut(_) => Self::TooLong,
            FoundValue::Number(number) => Self::Number(number),
            FoundValue::Flag(flag) => Self::Flag(flag),
            FoundValue::Unusable | FoundValue::Commits(_) | FoundValue::List(_) => Self::Other,
        }
    }
}

/// The values at `pointers`, in their order. Reads `document` to its end. A key on the way to one of them that occurs
/// twice is refused: two readers could pick different ones.
pub fn pick(pointers: &[&Pointer], document: impl Read) -> Result<Vec<Picked>, Malformed> {
    let place = |(number, pointer): (usize, &&Pointer)| WantedPlace {
        within: "",
        number,
        keys: pointer.tokens.iter().cloned().map(Cow::Owned).collect(),
        target: WantedValue::Scalar,
    };
    let places: Vec<WantedPlace> = pointers.iter().enumerate().map(place).collect();
    let mut picked = vec![Picked::Absent; pointers.len()];
    for (number, value) in walk(&places, false, document)?.0 {
        picked[number] = value.into();
    }
    Ok(picked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(document: &str, pointer: &str) -> Result<Picked, String> {
        let pointer: Pointer = pointer.parse().map_err(|error: NotAPointer| error.to_string())?;
        pick(&[&pointer], document.as_bytes()).map(|mut found| found.remove(0)).map_err(|error| error.to_string())
    }

    fn text(text: &str) -> Picked {
        Picked::Text(text.to_owned())
    }

    #[test]
    fn a_pointer_picks_one_scalar() {
        let document = r#"{"a":{"b":["x",{"c":7},null]},"a/b":true,"m~n":"t","":"empty","n":-1,"f":1.5,"01":0}"#;
        assert_eq!(picked(document, "/a/b/0"), Ok(text("x")));
        assert_eq!(picked(document, "/a/b/1/c"), Ok(Picked::Number(7)));
        assert_eq!(picked(document, "/a~1b"), Ok(Picked::Flag(true)));
        assert_eq!(picked(document, "/m~0n"), Ok(text("t")));
        assert_eq!(picked(document, "/"), Ok(text("empty")));
        for absent in ["/a/b/2", "/a/b/3", "/a/b/00", "/a/b/-", "/x", "/a~1b/c", "/a/b/0/x"] {
            assert_eq!(picked(document, absent), Ok(Picked::Absent), "{absent}");
        }
        for other in ["/a", "/a/b", "/a/b/1", "/n", "/f"] {
            assert_eq!(picked(document, other), Ok(Picked::Other), "{other}");
        }
    }

    #[test]
    fn places_on_the_same_way_do_not_hinder_one_another() {
        let pointers = ["/a", "/a/b", "/a/b", "/c"].map(|text| text.parse().unwrap());
        let found = pick(&pointers.each_ref(), &br#"{"c":"z","a":{"b":"y"}}"#[..]).unwrap();
        let y = || Picked::Text("y".into());
        assert_eq!(found, [Picked::Other, y(), y(), Picked::Text("z".into())]);
    }

    #[test]
    fn a_key_on_the_way_that_occurs_twice_is_refused() {
        assert!(picked(r#"{"a":1,"a":2}"#, "/a").unwrap_err().contains("`a` occurs twice"));
        assert!(picked(r#"{"a":1,"\u0061":2}"#, "/a/b").is_err());
        assert_eq!(picked(r#"{"b":1,"b":2,"a":3}"#, "/a"), Ok(Picked::Number(3)));
    }

    #[test]
    fn a_cut_text_never_passes_for_a_whole_one() {
        for character in ["a", "\\u0061", "é", "\\ud83d\\ude80"] {
            for count in [500, 2100, 2600, 2800, 6000, 20_000] {
                let whole: String = serde_json::from_str(&format!("\"{}\"", character.repeat(count))).unwrap();
                let expected = if whole.len() <= PICKED_LIMIT_BYTES { Picked::Text(whole) } else { Picked::TooLong };
                let document = format!("[\"{}\"]", character.repeat(count));
                assert_eq!(picked(&document, "/0"), Ok(expected), "{count} of {character}");
            }
        }
    }

    #[test]
    fn what_is_no_pointer_says_why() {
        assert_eq!("action".parse::<Pointer>(), Err(NotAPointer::Relative));
        assert_eq!("".parse::<Pointer>(), Err(NotAPointer::Relative));
        assert_eq!("/a~2".parse::<Pointer>(), Err(NotAPointer::Tilde));
        assert_eq!("/a~".parse::<Pointer>(), Err(NotAPointer::Tilde));
        assert_eq!("/a~01".parse::<Pointer>().unwrap().tokens, ["a~1"]);
    }
}
