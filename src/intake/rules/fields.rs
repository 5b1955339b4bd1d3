//! Pure. The test whether the fields of a payload are as `match` wants them.

use crate::config::{FieldRule, FieldTest};
use crate::model::Head;
use crate::provider::{Malformed, Picked, Pointer, Provider};
use std::io::Read;

/// The reason that the fields of a payload do not fit `match`, if they do not.
pub fn unmatched(
    rules: &[FieldRule],
    provider: &Provider,
    head: &Head,
    body: &mut dyn Read,
) -> Result<Option<String>, Malformed> {
    let pointers: Vec<&Pointer> = rules.iter().map(|rule| &rule.field).collect();
    let picked = provider.pick(&pointers, head, body)?;
    Ok(rules.iter().zip(&picked).find_map(|(rule, picked)| misfit(rule, picked)))
}

/// The value found there is not told: it may be anything, and the sender knows it.
fn misfit(FieldRule { field, test }: &FieldRule, picked: &Picked) -> Option<String> {
    let fits = match (test, picked) {
        (FieldTest::Text(wanted), Picked::Text(text)) => wanted == text,
        (FieldTest::Number(wanted), Picked::Number(number)) => wanted == number,
        (FieldTest::Flag(wanted), Picked::Flag(flag)) => wanted == flag,
        (FieldTest::Regex(regex), Picked::Text(text)) => regex.is_match(text),
        (_, Picked::Absent) => return Some(format!("field {field} is absent")),
        (_, Picked::TooLong) => return Some(format!("field {field} is too long to be compared")),
        (FieldTest::Regex(_), _) => return Some(format!("field {field} is not a text")),
        _ => false,
    };
    (!fits).then(|| format!("field {field} is not what `match` wants"))
}
