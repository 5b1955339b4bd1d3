//! A busy day, and what an operator reads from its page alone. `tests/page/busy-day DIR` keeps it, with pictures.

use crate::support::browser::Browser;
use crate::support::busy_day::BusyDay;
use hookspool::model::State;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Settings of the page.
const SETTINGS: &str = "url = \"https://example.org/deploy\"\nlogs = true";

/// The text of a part of the page, from the heading with this id on.
fn section(page: &str, id: &str) -> String {
    let start = page.find(&format!("<h2 id=\"{id}\">")).unwrap_or_else(|| panic!("no section {id}"));
    let part = page[start..].split("</section>").next().unwrap();
    let text: String = part.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
    text.replace('\u{a0}', " ")
}

#[test]
fn the_page_of_a_busy_day_answers_what_an_operator_asks() {
    let kept = std::env::var_os("HOOKSPOOL_BUSY_DAY");
    let kept = kept.as_deref().map(Path::new);
    let day = kept.map_or_else(|| BusyDay::new(SETTINGS), |dir| BusyDay::kept_in(dir, SETTINGS));
    day.write_page();
    let page = day.page("index.html");
    assert!(page.len() < 100_000, "{} bytes", page.len());
    let status: Value = serde_json::from_str(&day.page("status.json")).unwrap();
    let jobs: u64 = status["jobs"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((jobs, status["hooks"].as_array().unwrap().len()), (500, 6));

    let broken = section(&page, "health");
    let shop = day.newest(State::Failed).short();
    assert!(broken.starts_with("One thing is broken"), "{broken}");
    assert!(broken.contains("shop main has failed since ") && broken.contains(", 3 h "), "since when: {broken}");
    assert!(broken.contains("step 3 (make assets) exited with 1"), "and why: {broken}");
    assert!(broken.contains(&format!("hookspool retry {shop}")), "what to type: {broken}");
    assert!(broken.contains("wiki has been on hold since ") && broken.contains("moving to the new host"), "{broken}");

    let running = section(&page, "running");
    assert!(running.contains("docs main3 of 3: pnpm docs:build, for "), "what runs: {running}");
    assert!(running.contains("(usually 1 min 3 s, at most 15 min)"), "and how long that takes: {running}");
    assert!(running.contains("2 of 2: ansible-playbook site.yml"), "{running}");

    let waiting = section(&page, "waiting");
    assert_eq!(["queued", "waiting", "held"].map(|word| waiting.contains(word)), [true; 3]);
    assert!(waiting.contains("in 4 min "), "when it is tried again: {waiting}");
    assert!(waiting.contains("the network may be at fault"), "and why: {waiting}");
    let hooks = section(&page, "hooks");
    assert!(hooks.contains("queued 3c6ef362, 1 min "), "the forge reached us: {hooks}");
    assert!(hooks.contains("2 refused, ") && hooks.contains("signature wrong"), "and where not: {hooks}");
    assert!(broken.contains("hookspool deliveries blog"), "{broken}");
    if let Some(dir) = kept {
        take_pictures(&day, &dir.join("pictures"));
    }
}

/// Pictures of the index and of a failed job's page, at each width and in each scheme.
fn take_pictures(day: &BusyDay, dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let mut browser = Browser::start();
    let pages = [("index", "still.html".to_owned()), ("job", format!("job/{}.html", day.newest(State::Failed)))];
    for (name, file) in pages {
        for (width, scheme) in [(320, "light"), (320, "dark"), (1280, "light"), (1280, "dark")] {
            browser.look(width, 800, scheme);
            browser.open(&format!("file://{}", day.www.join(&file).display()));
            browser.picture(&dir.join(format!("{name}-{width}-{scheme}.png")));
        }
    }
}
