//! Logs on the page: whatever a program printed, the page is markup of ours around text, its tags are closed, and nothing
//! in it acts on a browser, reorders what stands beside it, or makes the page larger than the log allows.

use hookspool::model::{JobId, State};
use hookspool::page::{Face, JobCard, JobFactsheet, LogExcerpt, job_page};
use hookspool::spool::JobView;
use jiff::{Timestamp, tz::TimeZone};

/// Bytes of markup that one byte of a log may become: a change of colour is five bytes of log.
const GROWTH: usize = 16;

pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let half = text.char_indices().map(|(at, _)| at).nth(text.chars().count() / 2).unwrap_or(0);
    let line = format!("2026-01-31T12:00:00.123Z out {text}\n2026-01-31T12:00:01Z err+{text}");
    for (head, left_out, tail) in [(text.as_str(), 0, ""), (&text[..half], 7, &text[half..]), (line.as_str(), 0, "")] {
        let log = LogExcerpt { head: head.to_owned(), left_out, tail: tail.to_owned() };
        let length = head.len() + tail.len();
        let page = page(log);
        // Between the same frame as of any other log.
        let shown = between(&page);
        assert!(shown.len() <= GROWTH * length + 1000, "{} bytes of {length}", shown.len());
        is_text_in_spans(shown);
    }
}

/// The page is the same but for the log.
fn between(page: &str) -> &str {
    const MARK: &str = "a text that no other part has";
    let plain = self::page(LogExcerpt { head: MARK.to_owned(), ..LogExcerpt::default() });
    let (before, after) = plain.split_once(MARK).expect("it is shown");
    let Some(rest) = page.strip_prefix(before) else { return "" };
    // An empty log is said so, in another frame.
    rest.strip_suffix(after).expect("the log has changed the page behind it")
}

fn is_text_in_spans(mut shown: &str) {
    let mut depth = 0_usize;
    while let Some(at) = shown.find(['<', '>', '&', '"']) {
        let rest = &shown[at..];
        let length = if rest.starts_with("</span>") {
            depth = depth.checked_sub(1).expect("closed and never opened");
            "</span>".len()
        } else if let Some(class) = rest.strip_prefix("<span class=\"") {
            let end = class.find("\">").expect("no end of a tag");
            assert!(class[..end].bytes().all(|byte| byte == b' ' || byte.is_ascii_alphanumeric()), "{class:?}");
            depth += 1;
            "<span class=\"".len() + end + 2
        } else {
            let entity = ["&lt;", "&gt;", "&amp;", "&quot;"].into_iter().find(|entity| rest.starts_with(entity));
            entity.unwrap_or_else(|| panic!("markup: {:?}", rest.chars().take(20).collect::<String>())).len()
        };
        shown = &rest[length..];
    }
    assert_eq!(depth, 0, "not closed");
}

fn page(log: LogExcerpt) -> String {
    let job = JobView {
        id: JobId::new(1_795_332_869_123_456_789, 0x3f9a_1c2e).expect("19 digits"),
        state: State::Done,
        outcome: None,
        hook: None,
        event: None,
        reference: None,
        after: None,
        provider: None,
        delivery: None,
        arrived_at: None,
        attempts: 1,
        reason: None,
        not_before: None,
        wait: None,
    };
    let card = JobCard {
        job,
        repository: None,
        pusher: None,
        started_at: None,
        ended_at: None,
        took_s: None,
        steps_s: Vec::new(),
    };
    let sheet = JobFactsheet {
        hosts: Vec::new(),
        title: "Jobs".into(),
        config: None,
        card,
        meta: None,
        history: Vec::new(),
        step: None,
        log: Some(log),
        url: None,
        has_log_file: false,
    };
    job_page(&sheet, &Face { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC })
}
