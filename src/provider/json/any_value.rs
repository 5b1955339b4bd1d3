//! Pure. Reading JSON values that may turn out to be of another type: whatever is not wanted is skipped, unseen.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A scalar of a document.
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Number(u64),
    Flag(bool),
}

/// The part to take from a value, by its type. The default is to take nothing.
pub(crate) trait Take<'de>: Sized {
    /// The part that is taken.
    type Value;

    /// The value is of a type that is not wanted.
    fn other(self) -> Self::Value;

    fn null(self) -> Self::Value {
        self.other()
    }

    fn scalar(self, _: Scalar<'_>) -> Self::Value {
        self.other()
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.other())
    }
}

/// Deserialises by a `Take`, whatever type the value has.
pub(crate) struct AnyValue<P>(pub(crate) P);

impl<'de, P: Take<'de>> DeserializeSeed<'de> for AnyValue<P> {
    type Value = P::Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<P::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A key of an object, turned into its meaning without a copy.
pub(crate) struct KeyTo<F>(pub(crate) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for KeyTo<F> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for KeyTo<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

impl<'de, P: Take<'de>> Visitor<'de> for AnyValue<P> {
    type Value = P::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<P::Value, E> {
        Ok(self.0.null())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<P::Value, E> {
        Ok(self.0.scalar(Scalar::Text(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<P::Value, E> {
        Ok(self.0.scalar(Scalar::Number(number)))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<P::Value, E> {
        Ok(self.0.scalar(Scalar::Flag(flag)))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<P::Value, E> {
        Ok(self.0.other())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<P::Value, E> {
        Ok(self.0.other())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<P::Value, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<P::Value, A::Error> {
        self.0.object(map)
    }
}
