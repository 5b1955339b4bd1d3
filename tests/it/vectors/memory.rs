//! Edge. How much memory a body of 25 MiB needs. Measured in a process of its own, which this one starts: the high
//! water mark (`VmHWM`) is a process's, and other tests run beside this one.

use super::*;
use hookspool::model::Delivery;
use hookspool::provider::{Picked, Pointer, pick};
use std::io::Read;
use std::process::Command;

const BODY_BYTES: usize = 25 * 1024 * 1024;
/// A third of a body: growth with the body would show, pages of the program that come in late do not.
const LIMIT_KIB: u64 = 8 * 1024;
/// Set for the process that measures.
const MEASURING: &str = "HOOKSPOOL_TEST_MEASURES_MEMORY";
const FORM: &str = "application/x-www-form-urlencoded";

/// A body that is made while it is read: `start`, `unit` until there is enough, `end`.
struct Made {
    start: &'static str,
    unit: &'static str,
    end: &'static str,
    content_type: &'static str,
}

const BODIES: [Made; 6] = [
    Made { start: r#"{"ref":""#, unit: "refs/heads/", end: r#""}"#, content_type: "application/json" },
    Made {
        start: r#"{"x":""#,
        unit: r"\ud83d\ude80",
        end: r#"","ref":"refs/heads/a"}"#,
        content_type: "application/json",
    },
    Made {
        start: r#"{"ref":"refs/heads/a","commits":[{"added":[]}"#,
        unit: r#",{"added":["docs/a-page-with-a-name.md"],"modified":["x"],"message":"m"}"#,
        end: "]}",
        content_type: "application/json",
    },
    Made { start: "", unit: "[", end: "", content_type: "application/json" },
    Made {
        start: r#"{"ref":"refs/heads/a""#,
        unit: r#","key":[{"a":"some text that nobody asked for","b":[null,false,-1.5e3]},"and more of the same kind"]"#,
        end: "}",
        content_type: "application/json",
    },
    Made { start: "payload=%7B%22ref%22:%22", unit: "%61", end: "%22%7D", content_type: FORM },
];

impl Made {
    fn stream(&self) -> impl Read {
        let count = (BODY_BYTES - self.start.len()) / self.unit.len();
        self.start
            .as_bytes()
            .chain(Repeated { unit: self.unit.as_bytes(), left: count, at: 0 })
            .chain(self.end.as_bytes())
    }

    fn headers(&self) -> Vec<(String, String)> {
        let signature = "0".repeat(64);
        let headers =
            [("Content-Type", self.content_type), ("X-Gitea-Event", "push"), ("X-Gitea-Signature", &signature)];
        headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// Reads the body as a delivery of Gitea; says whether it was understood.
    fn read(&self) -> bool {
        let delivery = Provider::Gitea.read(&head(&self.headers(), b""), &proof(), &mut self.stream(), &OPTIONS);
        matches!(delivery, Ok(Delivery::Events(_)))
    }

    /// Picks the field, as `match` does; says whether a text was there.
    fn holds(&self, field: &str) -> bool {
        let field: Pointer = field.parse().unwrap();
        matches!(pick(&[&field], self.stream()).as_deref(), Ok([Picked::Text(_)]))
    }

    /// Checks the body as a delivery of Gitea, which signs what is inside a form.
    fn check(&self) {
        let secret = Secret::new("s3cr3t").unwrap();
        let now = Timestamp::from_second(NOW_S).unwrap();
        let mut check = Provider::Gitea.begin(&head(&self.headers(), b""), &[secret], now).unwrap();
        feed(&mut self.stream(), |piece| check.update(piece));
        assert!(matches!(check.finish(&mut std::io::empty()), Err(Denied::Wrong { .. })));
    }
}

/// Any proof will do for `read`.
fn proof() -> Verified {
    let headers = [("X-Gitlab-Token".to_owned(), "t".to_owned())];
    let now = Timestamp::from_second(NOW_S).unwrap();
    verify(&Provider::Gitlab, &head(&headers, b""), &[Secret::new("t").unwrap()], b"", now).unwrap()
}

fn feed(body: &mut dyn Read, mut take: impl FnMut(&[u8])) {
    let mut piece = [0; 8192];
    loop {
        match body.read(&mut piece).unwrap() {
            0 => return,
            count => take(&piece[..count]),
        }
    }
}

/// `unit`, so many times.
struct Repeated {
    unit: &'static [u8],
    left: usize,
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut given = 0;
        while given < buffer.len() && self.left > 0 {
            let rest = &self.unit[self.at..];
            let count = rest.len().min(buffer.len() - given);
            buffer[given..given + count].copy_from_slice(&rest[..count]);
            given += count;
            self.at = (self.at + count) % self.unit.len();
            self.left -= usize::from(self.at == 0);
        }
        Ok(given)
    }
}

/// `VmHWM` or `VmRSS` of this process, in KiB.
fn memory_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// By how much `work` raised the high water mark over what was in use before.
fn grown_kib(work: impl FnOnce()) -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap(); // sets the mark to what is in use now
    let before_kib = memory_kib("VmRSS");
    work();
    memory_kib("VmHWM").saturating_sub(before_kib)
}

/// In the measuring process: one line for each body.
fn measure() {
    BODIES[0].read(); // touches the code, whose pages would count as growth in a program that has just started
    for body in &BODIES {
        let mut understood = false;
        let grew_kib = grown_kib(|| understood = body.read());
        println!("\nbody understood {understood} grew {grew_kib}");
    }
    println!("\nbody understood false grew {}", grown_kib(|| BODIES[5].check()));
    for (body, field) in [(&BODIES[2], "/commits/300000/added/0"), (&BODIES[1], "/x"), (&BODIES[4], "/key")] {
        let mut found = false;
        let grew_kib = grown_kib(|| found = body.holds(field));
        println!("\nbody understood {found} grew {grew_kib}");
    }
}

#[test]
fn a_body_of_25_mib_needs_less_than_8_mib() {
    if std::env::var_os(MEASURING).is_some() {
        return measure();
    }
    let name = "vectors::memory::a_body_of_25_mib_needs_less_than_8_mib";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(MEASURING, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<(bool, u64)> = text.lines().filter_map(|line| line.strip_prefix("body ")).map(parse).collect();
    let understood: Vec<bool> = rows.iter().map(|row| row.0).collect();
    assert_eq!(understood, [false, true, true, false, true, false, false, true, false, false], "{text}");
    assert!(rows.iter().all(|(_, grew_kib)| *grew_kib < LIMIT_KIB), "{text}");
}

/// `understood true grew 12`.
fn parse(row: &str) -> (bool, u64) {
    let words: Vec<&str> = row.split(' ').collect();
    (words[1] == "true", words[3].parse().unwrap())
}
