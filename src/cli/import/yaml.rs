//! Pure. YAML, as the JSON that it stands for.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::{Map, Value};

/// Most levels of nesting: a hook has few.
const DEPTH_LIMIT: usize = 32;

/// The first document of `text`. Aliases and tags, which no list of hooks needs, are refused.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { events: Parser::new_from_str(text) };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            first => return reader.value(first, 0),
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        let found: Option<Result<(Event<'a>, Span), ScanError>> = self.events.next();
        found.ok_or("the text ends too early")?.map(|(event, _)| event).map_err(|error| error.to_string())
    }

    fn value(&mut self, first: Event<'a>, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_LIMIT {
            return Err("nested too deeply".to_owned());
        }
        match first {
            Event::Scalar(text, style, _, None) => Ok(scalar(&text, style)),
            Event::SequenceStart(_, None) => self.sequence(depth),
            Event::MappingStart(_, None) => self.mapping(depth),
            Event::Alias(_) => Err("an alias (`*name`) is not understood: write the value out".to_owned()),
            _ => Err("a tag (`!name`) is not understood".to_owned()),
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                first => items.push(self.value(first, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut map = Map::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(map)),
                Event::Scalar(key, _, _, None) => key.into_owned(),
                _ => return Err("a key that is no plain text".to_owned()),
            };
            let first = self.next()?;
            let value = self.value(first, depth + 1)?;
            if map.insert(key.clone(), value).is_some() {
                return Err(format!("`{key}` stands twice in one place"));
            }
        }
    }
}

/// A scalar by the core schema (YAML 1.2.2 §10.3), as far as JSON has it.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    match text {
        _ if style != ScalarStyle::Plain => Value::from(text),
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number => serde_json::from_str(number).ok().filter(Value::is_number).unwrap_or_else(|| Value::from(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_hooks_are_written_in_is_read() {
        let text = "# hooks\n- id: a\n  execute-command: \"/x\"\n  flags: [true, 7, 1.5, ~, '7']\n  \
            text: |\n    one\n    two\n";
        let flags = json!([true, 7, 1.5, null, "7"]);
        let expected = json!([{ "id": "a", "execute-command": "/x", "flags": flags, "text": "one\ntwo\n" }]);
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse("").unwrap(), Value::Null);
        assert_eq!(parse("---\n[]\n...\n").unwrap(), json!([]));
    }

    #[test]
    fn what_is_broken_endless_or_has_two_meanings_is_an_error() {
        for text in ["a: [", "? [a]\n: b", "a: 1\na: 2", "a: &x [1]\nb: *x", "a: !!binary eA==", &"- ".repeat(100)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
