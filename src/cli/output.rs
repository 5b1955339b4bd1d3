//! Edge. `log`: what a job printed, also while it prints.

use super::exit::{self, Failure};
use super::jobs::find;
use super::load::load;
use super::patience::Patience;
use crate::model::{JobId, Outcome, State};
use crate::runner::log::Follower;
use crate::spool;
use jiff::Timestamp;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Prints the log of a job; with `follow` until the job has ended.
pub(super) fn run(config: Option<&Path>, job: &str, follow: bool, json: bool) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let id = find(&config.spool, job)?;
    let path = spool::log_path(&config.spool, id);
    let mut printer = Printer { json, rest: Vec::new() };
    let mut patience = Patience::new(&config, id, follow);
    let result = match open(&path, &mut patience) {
        Ok(mut log) => copy(&mut log, &mut printer, &mut patience),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure::new(
                exit::UNAVAILABLE,
                format!("job {id} has printed nothing: {}", why(&config.spool, id)),
            ));
        }
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io(format!("cannot print `{}`", path.display()), &error))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The reason that a job has no log.
fn why(root: &Path, id: JobId) -> String {
    let view = spool::show(root, id).ok().flatten().map(|shown| shown.view);
    let Some(view) = view else { return "it is not in the spool any more".to_owned() };
    let state = match view.state {
        State::Done | State::Failed | State::Corrupt => view.outcome.map_or("corrupt", Outcome::as_str),
        state => state.as_str(),
    };
    match view.reason {
        Some(reason) if reason.starts_with(state) => format!("it was {reason}"),
        Some(reason) => format!("it is {state}: {reason}"),
        None => format!("it is {state}"),
    }
}

/// Opens the log, waiting for it as long as the job may still begin. What may come is asked before each look.
fn open(path: &Path, patience: &mut Patience<'_>) -> io::Result<Follower> {
    loop {
        let more_to_come = patience.more_to_come();
        match Follower::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && more_to_come => patience.wait(),
            other => return other,
        }
    }
}

/// Copies what is there. What may come is asked before each look, so that nothing written before the end is missed.
fn copy(log: &mut Follower, printer: &mut Printer, patience: &mut Patience<'_>) -> io::Result<()> {
    loop {
        let more_to_come = patience.more_to_come();
        loop {
            let news = log.read()?;
            if news.left_out == 0 && news.bytes.is_empty() {
                break;
            }
            patience.rest();
            if news.left_out > 0 {
                printer.text(format!("[{} bytes left out]\n", news.left_out).as_bytes())?;
            }
            printer.text(&news.bytes)?;
        }
        if !more_to_come {
            patience.rest();
            return printer.finish();
        }
        patience.wait();
    }
}

/// Lines as they are, or each as a JSON object.
struct Printer {
    json: bool,
    rest: Vec<u8>,
}

impl Printer {
    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if !self.json {
            out.write_all(bytes)?;
            return out.flush();
        }
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|&b| b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            write_json(&mut out, &line)?;
        }
        out.flush()
    }

    fn finish(&self) -> io::Result<()> {
        if self.rest.is_empty() { Ok(()) } else { write_json(&mut io::stdout().lock(), &self.rest) }
    }
}

fn write_json(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    let text = String::from_utf8_lossy(line);
    let line = text.trim_end_matches('\n');
    let mut parts = line.splitn(3, ' ');
    let at = parts.next().filter(|at| at.parse::<Timestamp>().is_ok());
    let (source, text) = if at.is_some() { (parts.next(), parts.next()) } else { (None, None) };
    writeln!(out, "{}", serde_json::json!({ "line": line, "at": at, "source": source, "text": text }))
}
