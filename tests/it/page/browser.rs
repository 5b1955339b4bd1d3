//! The page in a real browser: what it asks for, what it complains about, and what somebody meets who cannot see it.

use crate::support::browser::Browser;
use crate::support::busy_day::BusyDay;
use crate::support::page_server::{AUTHORIZATION, PageServer, ServedPage};
use hookspool::model::State;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The page of a busy day behind nginx, and a browser that has the password.
struct Visit {
    day: BusyDay,
    server: ServedPage,
    browser: Browser,
}

impl Visit {
    fn begin() -> Self {
        let server = PageServer::Nginx.start();
        let day = BusyDay::with_page_at(&server.www(), "logs = true");
        day.write_page();
        let mut browser = Browser::start();
        browser.send_headers(&json!({ "Authorization": AUTHORIZATION }));
        Self { day, server, browser }
    }

    /// The index, as it is and held still, and a page of a job of each kind.
    fn files(&self) -> Vec<String> {
        let jobs = [State::Failed, State::Running];
        let jobs = jobs.map(|state| format!("job/{}.html", self.day.newest(state)));
        ["index.html", "still.html"].map(str::to_owned).into_iter().chain(jobs).collect()
    }

    fn open(&mut self, file: &str) {
        let url = self.server.url(file);
        self.browser.open(&url);
    }
}

#[test]
fn a_browser_asks_for_nothing_elsewhere_and_finds_nothing_against_the_policy() {
    let mut visit = Visit::begin();
    for file in visit.files() {
        visit.open(&file);
        assert_eq!(visit.browser.complaints(), [""; 0], "{file}");
        let (requests, home) = (visit.browser.requests(), visit.server.url(""));
        assert!(requests.contains(&visit.server.url("style.css")), "{requests:?}");
        assert!(requests.iter().all(|url| url.starts_with(&home)), "{requests:?}");
        let has_style = "getComputedStyle(document.querySelector('h1')).marginTop === '0px'";
        assert_eq!(visit.browser.evaluate(has_style), json!(true), "{file} has its style sheet");
    }
    let log = visit.server.access_log();
    let strange: Vec<&str> = log.lines().filter(|line| !line.contains("\"GET /deploy/")).collect();
    assert_eq!(strange, [""; 0]);
    // The policy is in force: what breaks it is refused, and told.
    visit.browser.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">red</p>')");
    let refused = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))";
    visit.browser.evaluate(refused);
    assert!(visit.browser.complaints().concat().contains("style-src"), "{:?}", visit.browser.complaints());
}

/// The rules that are broken, with the elements that break them.
fn violations(browser: &mut Browser, without: &[&str]) -> Vec<String> {
    let rules: serde_json::Map<String, Value> =
        without.iter().map(|rule| ((*rule).to_owned(), json!({ "enabled": false }))).collect();
    let found = browser.evaluate(&format!("axe.run(document, {})", json!({ "rules": rules })));
    assert!(found["passes"].as_array().unwrap().len() > 15, "axe looked at nothing: {found}");
    let told = |violation: &Value| format!("{}: {}", violation["id"], violation["nodes"][0]["html"]);
    found["violations"].as_array().unwrap().iter().map(told).collect()
}

#[test]
fn axe_finds_nothing_on_any_page_at_any_width_in_light_and_dark() {
    let axe = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe-core/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{}: {error}; run tests/run once", axe.display()));
    let mut visit = Visit::begin();
    visit.browser.call("Page.setBypassCSP", &json!({ "enabled": true }));
    for file in visit.files() {
        // A page that follows what runs loads itself anew; beside the index is one that does not.
        let loads_itself = file == "index.html" || file.contains(&visit.day.newest(State::Running).to_string());
        let without: &[&str] = if loads_itself { &["meta-refresh"] } else { &[] };
        visit.open(&file);
        // What loads itself anew would take axe away.
        visit.browser.evaluate("window.stop()");
        visit.browser.evaluate(&axe);
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")] {
            visit.browser.look(width, 800, scheme);
            assert_eq!(violations(&mut visit.browser, without), [""; 0], "{file}, {width} px, {scheme}");
            let width_px = visit.browser.evaluate("document.documentElement.scrollWidth");
            assert!(width_px.as_u64().unwrap() <= u64::from(width), "{file} is {width_px} px wide on {width}");
        }
    }
}
