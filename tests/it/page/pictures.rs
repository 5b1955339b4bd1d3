//! Pictures for a person to look at, of every page and width, in `$HOOKSPOOL_PICTURES`.

use crate::support::browser::Browser;
use crate::support::busy_day::BusyDay;
use std::path::Path;

#[test]
fn x() {
    let Some(dir) = std::env::var_os("HOOKSPOOL_PICTURES") else { return };
    let day = BusyDay::new("logs = true");
    day.write_page();
    let mut browser = Browser::start();
    let failed =
        std::fs::read_dir(day.spool().join("failed")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let failed = failed.filter_map(|n| n.strip_suffix(".job").map(str::to_owned)).max().unwrap();
    for (name, file) in [("index", "index.html".to_owned()), ("job", format!("job/{failed}.html"))] {
        for width in [320, 1280] {
            for scheme in ["light", "dark"] {
                browser.look(width, 800, scheme);
                browser.open(&format!("file://{}/{file}", day.path("www").display()));
                browser.picture(&Path::new(&dir).join(format!("{name}-{width}-{scheme}.png")));
                println!("{width} {:?}", browser.evaluate("document.documentElement.scrollWidth"));
            }
        }
    }
    println!("{:#?}", browser.complaints());
}
