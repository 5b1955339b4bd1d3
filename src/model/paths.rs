//! Pure. Many paths in two pieces of memory.

/// A list of paths. They stand one behind the other in one text: ten thousand strings of their own would take several
/// times the room of what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    text: String,
    /// The end of each in `text`, in bytes.
    ends: Vec<usize>,
}

impl Paths {
    /// Adds one at the end.
    pub fn push(&mut self, path: &str) {
        self.text.push_str(path);
        self.ends.push(self.text.len());
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// `true` if there is none.
    #[allow(dead_code, reason = "goes with `len`")]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Length of all of them together, in bytes.
    pub fn length_bytes(&self) -> usize {
        self.text.len()
    }

    /// Each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }
}

impl<'a> FromIterator<&'a str> for Paths {
    fn from_iter<I: IntoIterator<Item = &'a str>>(paths: I) -> Self {
        let mut all = Self::default();
        paths.into_iter().for_each(|path| all.push(path));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out_in_order_the_empty_ones_too() {
        let put_in = ["a", "", "docs/é", "a", ""];
        let paths: Paths = put_in.into_iter().collect();
        assert_eq!(paths.iter().collect::<Vec<_>>(), put_in);
        assert_eq!((paths.len(), paths.length_bytes(), paths.is_empty()), (5, 9, false));
        assert!(Paths::default().is_empty() && Paths::default().iter().next().is_none());
    }
}
