//! Pure. Request headers as byte pairs, in the order in which the web server passed them.

/// Request headers. Names are lower case with hyphens (`x-hub-signature-256`), values are bytes without
/// surrounding white space. A name may occur more than once: nginx passes two parameters for a repeated
/// header, and lighttpd lets `X_Y` arrive under the name of `X-Y`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

/// A header that decides about authenticity arrived more than once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header `{0}` arrived twice")]
pub struct Twice(pub String);

impl Headers {
    /// Appends a header; normalises the name and trims the value.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let name = name.to_ascii_lowercase().replace('_', "-");
        self.0.push((name, value.trim_ascii().to_vec()));
    }

    /// The first value of `name` (lower case, hyphens). For headers that decide nothing.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    /// The only value of `name`, or that it arrived twice. For headers that decide about authenticity.
    pub fn only(&self, name: &str) -> Result<Option<&[u8]>, Twice> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_slice());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(Twice(name.to_owned())),
        }
    }

    /// The first value of `name` as text, with anything that is not UTF-8 replaced.
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(|v| String::from_utf8_lossy(v).into_owned())
    }

    /// All headers in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_slice()))
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(pairs: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores_and_case_are_the_same_name() {
        let headers: Headers = [("X_Hub-Signature", &b" a "[..]), ("x-hub-signature", b"b")].into_iter().collect();
        assert_eq!(headers.first("x-hub-signature"), Some(&b"a"[..]));
        assert_eq!(headers.only("x-hub-signature"), Err(Twice("x-hub-signature".into())));
    }

    #[test]
    fn an_absent_header_is_not_an_error() {
        assert_eq!(Headers::default().only("x"), Ok(None));
    }
}
