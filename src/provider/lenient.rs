//! Pure. Reading JSON values that may turn out to be of another type: whatever is not wanted is skipped, unseen.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A scalar of a document.
pub(super) enum Scalar<'a> {
    Text(&'a str),
    Number(u64),
    Flag(bool),
}

/// What to take from a value, by its type. The default is to take nothing.
pub(super) trait Pick<'de>: Sized {
    /// What is taken.
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

/// Deserialises by a `Pick`, whatever type the value has.
pub(super) struct Lenient<P>(pub(super) P);

impl<'de, P: Pick<'de>> DeserializeSeed<'de> for Lenient<P> {
    type Value = P::Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<P::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What a key of an object means, without a copy of it.
pub(super) struct Key<F>(pub(super) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

impl<'de, P: Pick<'de>> Visitor<'de> for Lenient<P> {
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
