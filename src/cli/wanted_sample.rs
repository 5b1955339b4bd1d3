//! Pure. A sample delivery with all that a hook's rules want: without that `send` would be answered
//! `ignored`.

use crate::config::{FieldRule, FieldTest, Hook};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value};

/// The branch of a sample: one that the hook wants, as far as its globs tell, or `main`.
pub(super) fn branch(hook: &Hook) -> String {
    hook.rules.branches.as_ref().and_then(crate::config::Globs::example).unwrap_or_else(|| "main".to_owned())
}

/// The tag of a sample.
pub(super) fn tag(hook: &Hook) -> Option<String> {
    hook.rules.tags.as_ref()?.example()
}

/// `body` with the fields that `match` wants. A body that is no JSON object stays as it is.
pub(super) fn with_fields(body: Vec<u8>, rules: &[FieldRule]) -> Vec<u8> {
    let Ok(mut document) = serde_json::from_slice::<Value>(&body) else { return body };
    let mut is_changed = false;
    for rule in rules {
        let fits = |value: &Value| match &rule.test {
            FieldTest::Regex(regex) => value.as_str().is_some_and(|text| regex.is_match(text)),
            _ => false,
        };
        if document.pointer(&rule.field.to_string()).is_some_and(fits) {
            continue;
        }
        if let Some(value) = wanted(&rule.test) {
            let tokens: Vec<String> = rule.field.to_string().split('/').skip(1).map(unescaped).collect();
            is_changed |= put(&mut document, &tokens, value);
        }
    }
    if is_changed { document.to_string().into_bytes() } else { body }
}

fn wanted(test: &FieldTest) -> Option<Value> {
    Some(match test {
        FieldTest::Text(same) => same.clone().into(),
        FieldTest::Number(number) => (*number).into(),
        FieldTest::Flag(flag) => (*flag).into(),
        FieldTest::Regex(regex) => {
            let example = shortest(&regex_syntax::parse(regex.as_str()).ok()?);
            regex.is_match(&example).then_some(example)?.into()
        }
    })
}

/// RFC 6901 §4.
fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Puts `value` at a place, with the objects and lists on the way to it; `false` if it was there already.
fn put(at: &mut Value, tokens: &[String], value: Value) -> bool {
    let Some((token, rest)) = tokens.split_first() else {
        let is_other = *at != value;
        *at = value;
        return is_other;
    };
    if let (Value::Array(list), Ok(index)) = (&mut *at, token.parse::<usize>()) {
        if index < 100 && index >= list.len() {
            list.resize(index + 1, Value::Null);
        }
        return list.get_mut(index).is_some_and(|element| put(element, rest, value));
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    at.as_object_mut().is_some_and(|map| put(map.entry(token.clone()).or_insert(Value::Null), rest, value))
}

/// A short text that a pattern fits.
fn shortest(pattern: &Hir) -> String {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .map(|range| visible(range.start(), range.end()))
            .next()
            .map(String::from)
            .unwrap_or_default(),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().first().map(|range| char::from(range.start()).to_string()).unwrap_or_default()
        }
        HirKind::Repetition(repetition) => shortest(&repetition.sub).repeat(repetition.min as usize),
        HirKind::Capture(capture) => shortest(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(shortest).collect(),
        HirKind::Alternation(parts) => parts.first().map(shortest).unwrap_or_default(),
    }
}

/// A character of the range that can be seen, if there is one.
fn visible(start: char, end: char) -> char {
    if ('\0'..='x').contains(&start) && end >= 'x' { 'x' } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::probe;

    fn rules(text: &str) -> Vec<FieldRule> {
        let hook =
            "name = \"a\"\nprovider = \"github\"\ndir = \"/d\"\nsecret = { env = \"S\" }\nsteps = [{ shell = \"x\" }]";
        let config = probe::read(&format!("spool = \"/s\"\n[[hook]]\n{hook}\nmatch = [{text}]\n")).unwrap();
        config.hooks.into_iter().next().unwrap().rules.fields
    }

    #[test]
    fn what_match_wants_is_put_where_it_wants_it() {
        let with = |text: &str, body: &str| String::from_utf8(with_fields(body.into(), &rules(text))).unwrap();
        assert_eq!(with(r#"{ field = "/a/b", equals = true }"#, r#"{"a":{"c":1}}"#), r#"{"a":{"b":true,"c":1}}"#);
        assert_eq!(with(r#"{ field = "/a~1b", equals = 7 }"#, "{}"), r#"{"a/b":7}"#);
        assert_eq!(with(r#"{ field = "/0/x", equals = "y" }"#, "[]"), r#"[{"x":"y"}]"#);
        assert_eq!(with(r#"{ field = "/a", regex = '^(north|south)-\d{2}$' }"#, "{}"), r#"{"a":"north-00"}"#);
        assert_eq!(with(r#"{ field = "/a", regex = '^v[0-9.]+' }"#, r#"{"a":"v."}"#), r#"{"a":"v."}"#);
        assert_eq!(with(r#"{ field = "/a", equals = 7 }"#, "a=b"), "a=b", "no JSON");
    }
}
