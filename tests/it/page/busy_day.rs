//! A busy day, and what an operator reads from its page alone. `tests/page/busy-day DIR` keeps it.

use crate::support::busy_day::BusyDay;
use std::path::Path;

/// Settings of the page.
const SETTINGS: &str = "title = \"Deployments\"\nurl = \"https://example.org/deploy\"\nlogs = true";

#[test]
fn the_page_of_a_busy_day_answers_what_an_operator_asks() {
    let kept = std::env::var_os("HOOKSPOOL_BUSY_DAY");
    let day = kept.map_or_else(|| BusyDay::new(SETTINGS), |dir| BusyDay::kept_in(Path::new(&dir), SETTINGS));
    day.write_page();
    let page = day.page("index.html");
    assert!(page.len() < 100_000, "{} bytes", page.len());
    println!("{}", page.len());
}
