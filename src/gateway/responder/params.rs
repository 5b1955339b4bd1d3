//! Pure. Request parameters: byte pairs in the order of their arrival (specification §3.4), duplicates and all.

use std::fmt;
use std::ops::Range;

/// The parameters of a request: names and values of any bytes, in the order of their arrival, none dropped or joined.
#[derive(Clone, Default)]
pub struct Params {
    /// The `PARAMS` stream as it came.
    stream: Vec<u8>,
    /// The places of names and values in it.
    pairs: Vec<(Range<usize>, Range<usize>)>,
    is_chunked: bool,
}

/// The reason that a stream is no list of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum NotPairs {
    /// A pair reaches beyond the end of the stream.
    Truncated,
    /// More pairs than allowed.
    TooMany,
}

impl Params {
    /// Splits a complete stream into at most `limit` pairs. Lengths from the wire are compared, never allocated.
    pub(in crate::gateway) fn split(stream: Vec<u8>, limit: usize) -> Result<Self, NotPairs> {
        let mut pairs = Vec::new();
        let mut at = 0;
        while at < stream.len() {
            if pairs.len() == limit {
                return Err(NotPairs::TooMany);
            }
            let pair = pair_at(&stream, at).ok_or(NotPairs::Truncated)?;
            at = pair.1.end;
            pairs.push(pair);
        }
        Ok(Self { stream, pairs, is_chunked: false })
    }

    /// The same from pairs of elsewhere, such as a CGI environment.
    pub fn collect<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut params = Self::default();
        for (name, value) in pairs {
            let start = params.stream.len();
            params.stream.extend(name);
            let middle = params.stream.len();
            params.stream.extend(value);
            params.pairs.push((start..middle, middle..params.stream.len()));
        }
        params
    }

    /// The same, of a request whose body has no length, but an end that the protocol marks.
    pub(in crate::gateway) fn chunked(self) -> Self {
        Self { is_chunked: true, ..self }
    }

    /// True if the body needs no `CONTENT_LENGTH`: its end is told, and no end of a connection is taken for it.
    pub fn is_chunked(&self) -> bool {
        self.is_chunked
    }

    /// The value of the first parameter called `name`.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// All pairs, name and value, in the order of their arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().map(|(name, value)| (&self.stream[name.clone()], &self.stream[value.clone()]))
    }

    /// Number of pairs.
    #[allow(dead_code, reason = "the fuzz targets ask")]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// True if there are no pairs.
    #[allow(dead_code, reason = "goes with `len`")]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

impl PartialEq for Params {
    /// Equal pairs in the same order, however their lengths were written.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Params {}

impl fmt::Debug for Params {
    /// Names only: values hold signatures and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned())).finish()
    }
}

/// The pair that begins at `at`, if it ends within the stream.
fn pair_at(stream: &[u8], at: usize) -> Option<(Range<usize>, Range<usize>)> {
    let (name_bytes, at) = length_at(stream, at)?;
    let (value_bytes, name_start) = length_at(stream, at)?;
    let value_start = name_start.checked_add(name_bytes)?;
    let end = value_start.checked_add(value_bytes)?;
    (end <= stream.len()).then_some((name_start..value_start, value_start..end))
}

/// A length of one byte, or of four with the highest bit set (§3.4), and where it ends.
fn length_at(stream: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = *stream.get(at)?;
    if first < 0x80 {
        return Some((usize::from(first), at + 1));
    }
    let four: [u8; 4] = stream.get(at..at + 4)?.try_into().ok()?;
    let length = u32::from_be_bytes(four) & 0x7FFF_FFFF;
    Some((usize::try_from(length).ok()?, at + 4))
}

/// Appends a pair whose name and value are shorter than 128 bytes.
pub(in crate::gateway) fn push_short_pair(stream: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, value] {
        debug_assert!(part.len() < 0x80);
        stream.push(u8::try_from(part.len()).unwrap_or(0));
    }
    stream.extend(name);
    stream.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(stream: &[u8]) -> Result<Params, NotPairs> {
        Params::split(stream.to_vec(), 3)
    }

    #[test]
    fn short_and_long_lengths_mean_the_same() {
        for stream in [&b"\x02\x03ABcde"[..], b"\x80\0\0\x02\x03ABcde", b"\x02\x80\0\0\x03ABcde"] {
            assert_eq!(split(stream).unwrap().iter().collect::<Vec<_>>(), [(&b"AB"[..], &b"cde"[..])]);
        }
    }

    #[test]
    fn duplicates_and_bytes_that_are_not_utf8_are_kept_in_order() {
        let params = split(b"\x01\x01A\xff\x01\x01Ab\x00\x00").unwrap();
        assert_eq!(params.iter().collect::<Vec<_>>(), [(&b"A"[..], &b"\xff"[..]), (b"A", b"b"), (b"", b"")]);
        assert_eq!(params.get(b"A"), Some(&b"\xff"[..]));
    }

    #[test]
    fn a_pair_that_reaches_beyond_the_end_is_refused_whatever_it_claims() {
        for stream in [&b"\x01"[..], b"\x01\x01A", b"\x80\0\0", b"\xff\xff\xff\xff\xff\xff\xff\xffA", b"\0\xff\xff\xff"]
        {
            assert_eq!(split(stream), Err(NotPairs::Truncated), "{stream:?}");
        }
    }

    #[test]
    fn one_pair_too_many_is_refused() {
        assert_eq!(split(&[0; 6]).map(|params| params.len()), Ok(3));
        assert_eq!(split(&[0; 8]), Err(NotPairs::TooMany));
    }

    #[test]
    fn debug_output_shows_no_value() {
        let params = split(b"\x05\x06TOKENs3cret").unwrap();
        assert_eq!(format!("{params:?}"), r#"{"TOKEN"}"#);
    }
}
