//! Edge. Questions on a terminal. Where there is none, what is missing is an error that names the options.

use super::draft::{Question, WishDraft};
use super::machine::Machine;
use crate::cli::exit::{self, Failure};
use crate::cli::print;
use std::io::{BufRead, IsTerminal, Write, stdin, stdout};

/// Asks what `draft` lacks.
pub(super) fn complete(mut draft: WishDraft, machine: &Machine) -> Result<WishDraft, Failure> {
    if !(stdin().is_terminal() && stdout().is_terminal()) {
        return refuse_missing(draft, machine);
    }
    while let Some(question) = draft.question(machine) {
        let typed = ask(&question)?;
        let text = if typed.trim().is_empty() { question.default.clone().unwrap_or_default() } else { typed };
        if let Err(why) = draft.answer(question.field, &text) {
            print::line(&format!("  {why}"))?;
        }
    }
    Ok(draft)
}

fn refuse_missing(draft: WishDraft, machine: &Machine) -> Result<WishDraft, Failure> {
    let flags: Vec<&str> = draft.missing(machine).into_iter().map(super::draft::Field::flag).collect();
    if flags.is_empty() {
        return Ok(draft);
    }
    Err(Failure::new(exit::USAGE, format!("nobody is there to ask (no terminal): add {}", flags.join("; "))))
}

fn ask(question: &Question) -> Result<String, Failure> {
    let default = question.default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
    let unable = |error| Failure::io("cannot ask", &error);
    let mut out = stdout().lock();
    write!(out, "{}{default}: ", print::harmless(&question.text)).and_then(|()| out.flush()).map_err(unable)?;
    let mut line = String::new();
    match stdin().lock().read_line(&mut line).map_err(unable)? {
        0 => Err(Failure::new(exit::USAGE, format!("no answer; the option is {}", question.field.flag()))),
        _ => Ok(line),
    }
}
