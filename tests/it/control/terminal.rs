//! What is shown on a terminal only: columns, colour, what is waited for; and the local time.

use crate::support::control::{GATE, json, open_gate, queue, said, until_begun};
use crate::support::yard::Yard;
use std::io::Read;
use std::process::{Command, Stdio};

/// What `list` prints on a terminal of so many columns.
fn on_a_terminal(yard: &Yard, columns: u32, environment: &str) -> String {
    let output = terminal(yard, columns, environment, &["list"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

/// A verb on a terminal of so many columns.
fn terminal(yard: &Yard, columns: u32, environment: &str, verb: &[&str]) -> Command {
    let program = yard.hookspool(verb);
    let words = std::iter::once(program.get_program()).chain(program.get_args());
    let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
    let script = format!("stty cols {columns}; {environment} {}", words.join(" "));
    let mut command = Command::new("script");
    command.args(["-qec", &script, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

#[test]
fn a_table_is_as_wide_as_the_terminal_and_its_colour_can_be_turned_off() {
    let long = "a-branch-with-a-name-that-is-longer-than-half-of-any-terminal-there-is";
    let yard =
        Yard::new("", &[("docs", "branches = [\"*\"]\nretry = { attempts = 1 }\nsteps = [{ run = [\"false\"] }]")]);
    queue(&yard, &[long, "文档"]);
    yard.drain();
    let plain = on_a_terminal(&yard, 80, "NO_COLOR=1");
    assert!(plain.lines().all(|line| line.chars().count() <= 80) && plain.contains('…'), "{plain}");
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = on_a_terminal(&yard, 80, "");
    assert!(coloured.contains("\u{1b}[31mfailed\u{1b}[0m"), "{coloured}");
    let wide = on_a_terminal(&yard, 250, "NO_COLOR=1");
    assert!(wide.contains(long) && !wide.contains('…'), "{wide}");
    let (_, piped) = said(&yard, &["list"]);
    assert!(piped.contains(long) && !piped.contains('\u{1b}'), "{piped}");
}

#[test]
fn a_wait_shows_on_a_terminal_what_it_waits_for_and_on_a_pipe_nothing() {
    let yard = Yard::new("", &[("docs", GATE)]);
    yard.fifo("gate");
    let runner = yard.start();
    let id = queue(&yard, &["main"])[0].short();
    until_begun(&yard, 1);
    let piped = yard.hookspool(&["wait", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = terminal(&yard, 60, "", &["wait", &id]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = shown.stdout.take().unwrap();
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.contains("\u{1b}[K") {
        let count = output.read(&mut buffer).unwrap();
        assert!(count > 0, "{text}");
        text += &String::from_utf8_lossy(&buffer[..count]);
    }
    let line = text.trim_start_matches('\r').split('\u{1b}').next().unwrap();
    assert!(line.starts_with(&format!("job {id}: running, step 1 of 1, echo ")) && line.ends_with('…'), "{line}");
    assert_eq!(line.chars().count(), 60, "{line}");
    open_gate(&yard);
    output.read_to_string(&mut text).unwrap();
    assert!(text.ends_with(&format!("\r\u{1b}[Kjob {id}: succeeded\r\n")), "{text:?}");
    assert!(shown.wait().unwrap().success());
    let piped = piped.wait_with_output().unwrap();
    assert_eq!((piped.stdout, piped.stderr), (format!("job {id}: succeeded\n").into_bytes(), Vec::new()));
    drop(runner);
}

#[test]
fn the_local_time_stands_beside_utc_and_json_has_utc_alone() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    let id = yard.append(&crate::spool::append::meta("docs", 0)).short(); // 2026-01-01T00:00:00Z
    let zoned = |verb: &[&str], zone: &str| {
        let output = yard.hookspool(verb).env("TZ", zone).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let arrived = |text: &str| text.lines().find(|line| line.starts_with("arrived")).unwrap().to_owned();
    let utc = "arrived     2026-01-01T00:00:00.000000000Z";
    assert_eq!(arrived(&zoned(&["show", &id], "UTC")), utc);
    assert_eq!(arrived(&zoned(&["show", &id], "Asia/Shanghai")), format!("{utc} (08:00:00 +08:00)"));
    assert_eq!(arrived(&zoned(&["show", &id], "America/Lima")), format!("{utc} (2025-12-31 19:00:00 -05:00)"));
    assert!(
        zoned(&["status"], "Asia/Shanghai").contains("\ntime     20") && !said(&yard, &["status"]).1.contains("time ")
    );
    assert_eq!(zoned(&["list", "--json"], "Asia/Shanghai"), zoned(&["list", "--json"], "UTC"));
    assert_eq!(json(&yard, &["show", &id])["job"]["arrived_at"], "2026-01-01T00:00:00Z");
}
