//! Edge. The log on a real file.

use super::*;
use std::fs;

const SMALL: LogLimits = LogLimits { head: 1000, tail: 1000 };

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Everything behind the time of each line, after checking that there is one.
fn without_times(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let (time, rest) = line.split_once(' ').unwrap();
            assert!(time.len() == 24 && time.parse::<Timestamp>().is_ok(), "{line}");
            rest.to_owned()
        })
        .collect()
}

#[test]
fn each_line_has_its_time_and_its_source() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    let mut log = JobLog::open(&path).unwrap();
    log.note("step 1 of 1: x");
    log.print(Source::Out, b"half ");
    log.print(Source::Err, b"error\n");
    log.print(Source::Out, b"whole\nno end");
    log.finish().unwrap();
    let lines = without_times(&text_of(&path));
    assert_eq!(lines, ["job step 1 of 1: x", "err error", "out half whole", "out no end"]);
}

#[test]
fn the_middle_of_a_long_log_is_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    let mut log = JobLog::open_with(&path, SMALL).unwrap();
    let mut total = 0;
    for i in 0..1000 {
        log.print(Source::Out, format!("line {i}\n").as_bytes());
        total += 24 + 1 + 4 + format!("line {i}\n").len();
        assert!(fs::metadata(&path).unwrap().len() <= 3200);
    }
    log.finish().unwrap();
    let text = text_of(&path);
    let (head, rest) = text.split_once("---- ").unwrap();
    let (number, tail) = rest.split_once(" bytes left out here ----\n").unwrap();
    assert!(head.len() <= 1000 && tail.len() <= 1000, "{} {}", head.len(), tail.len());
    assert_eq!(number.parse::<usize>().unwrap(), total - head.len() - tail.len());
    let (head, tail) = (without_times(head), without_times(tail));
    assert_eq!((head.first().unwrap().as_str(), tail.last().unwrap().as_str()), ("out line 0", "out line 999"));
    assert_eq!(tail[0], format!("out line {}", 1000 - tail.len()));
}

#[test]
fn a_further_attempt_goes_on_behind_a_cut_log_and_the_count_goes_on_too() {
    let dir = tempfile::tempdir().unwrap();
    let (once, twice) = (dir.path().join("once.log"), dir.path().join("twice.log"));
    let print = |path: &Path, range: std::ops::Range<u32>| {
        let mut log = JobLog::open_with(path, SMALL).unwrap();
        range.for_each(|i| log.print(Source::Out, format!("line {i:04}\n").as_bytes()));
        log.finish().unwrap();
    };
    print(&once, 0..300);
    for i in 0..30 {
        print(&twice, i * 10..(i + 1) * 10);
    }
    let strip = |path: &Path| text_of(path).lines().map(|l| l.split_at(24).1.to_owned()).collect::<Vec<_>>();
    let number = |path: &Path| -> u64 {
        let text = text_of(path);
        let start = text.find("---- ").unwrap() + 5;
        text[start..start + 20].parse().unwrap()
    };
    assert_eq!(
        number(&once) + fs::metadata(&once).unwrap().len(),
        number(&twice) + fs::metadata(&twice).unwrap().len()
    );
    assert_eq!(strip(&once).last(), strip(&twice).last());
    assert_eq!(text_of(&twice).matches("bytes left out").count(), 1);
}

#[test]
fn a_reader_that_looks_now_and_then_misses_nothing_but_what_it_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    let mut log = JobLog::open_with(&path, SMALL).unwrap();
    let mut follower = Follower::open_with(&path, SMALL).unwrap();
    let (mut read, mut missed, mut printed) = (Vec::new(), 0, 0);
    for i in 0..2000 {
        let line = format!("line {i:04}\n");
        log.print(Source::Out, line.as_bytes());
        printed += 29 + line.len() as u64;
        let looks = if i <= 1000 { i % 7 == 0 } else { i % 131 == 0 || i == 1999 };
        while let Some(news) = looks.then(|| follower.read().unwrap()).filter(|news| !news.bytes.is_empty()) {
            missed += news.left_out;
            read.extend(news.bytes);
        }
    }
    assert_eq!(read.len() as u64 + missed, printed);
    let lines = without_times(std::str::from_utf8(&read).unwrap());
    assert!(missed > 0 && lines.is_sorted() && lines.last().unwrap() == "out line 1999");
    assert!((0..=994).all(|i| lines[i] == format!("out line {i:04}")), "what was looked at often enough is whole");
}

#[test]
fn a_link_in_place_of_a_log_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.log");
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), &path).unwrap();
    assert!(JobLog::open(&path).is_err());
    assert!(!dir.path().join("elsewhere").exists());
}

#[test]
fn a_full_disk_is_an_error_each_time_and_ends_nothing() {
    let mut file = BoundedFile::open(Path::new("/dev/full"), LogLimits { head: 4, tail: 4 }).unwrap();
    for _ in 0..2 {
        assert_eq!(file.append(b"longer\n").unwrap_err().raw_os_error(), Some(28), "ENOSPC");
        file.finish().unwrap();
    }
}
