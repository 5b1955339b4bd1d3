//! Names, reasons and logs that would be more than text.

use crate::support::browser::Browser;
use crate::support::yard::Yard;
use hookspool::model::{JobId, JobMeta, RefName};
use std::fs;

/// Steps that print whatever comes to a hostile mind, and fail with a reason that holds some of it.
const STEPS: &str = r#"retry = { attempts = 1 }
branches = ["**"]
steps = [
  { run = ["cat", "ROOT/printed"] },
  { run = ["sh", "-c", "exit 3", "</td></tr><script>pwned=2</script>"] },
]"#;

/// A branch, a person and a repository that would like to be markup.
fn hostile_job(yard: &Yard) -> JobId {
    let reference = RefName::branch_named("\"><img/src=x/onerror=pwned=1>\u{202e}</script><script>pwned=3</script>");
    assert!(reference.is_some(), "git allows it");
    let name = |text: &str| Some(text.to_owned());
    yard.append(&JobMeta {
        reference,
        pusher: name("<a href=\"javascript:pwned=4\">mei</a>\u{202e}\u{2066}"),
        repository: name("a/<svg onload=pwned=5>"),
        delivery: name("';pwned=6;'"),
        arrived_at: jiff::Timestamp::now(),
        ..crate::spool::append::meta("docs", 0)
    })
}

/// A log as hostile as its name: a bomb of colours, endless lines, marks of direction, markup.
fn printed() -> Vec<u8> {
    let mut log = b"</pre><script>pwned=7</script><style>body{display:none}</style>\n".to_vec();
    log.extend("\u{202e}evil\u{2066} \u{1b}]8;;javascript:pwned=8\u{7}link\u{1b}]8;;\u{7}\n".as_bytes());
    log.extend((0..50_000).flat_map(|i| format!("\x1b[{}m#", 30 + i % 8).into_bytes()));
    log.push(b'\n');
    log.extend(vec![b'x'; 1 << 20]);
    log.push(b'\n');
    log.extend((0..40_000).flat_map(|i| format!("line {i} \x1b[1;4;9;3;2;31m<b>\n").into_bytes()));
    log
}

fn page_of_hostile_job() -> (Yard, JobId) {
    let yard = Yard::new("[page]\ndir = \"ROOT/www\"\nlogs = true", &[("docs", STEPS)]);
    fs::write(yard.path("printed"), printed()).unwrap();
    let id = hostile_job(&yard);
    yard.drain();
    assert_eq!(yard.job(id)[..2], ["failed", "failed"], "{:?}", yard.job(id));
    (yard, id)
}

#[test]
fn hostile_names_and_logs_stay_text_in_a_browser() {
    let (yard, id) = page_of_hostile_job();
    let mut browser = Browser::start();
    for file in ["index.html".to_owned(), format!("job/{id}.html")] {
        for width in [320, 1280] {
            browser.look(width, 800, "light");
            browser.open(&format!("file://{}/www/{file}", yard.root().display()));
            let strange =
                "document.querySelectorAll('script, img, svg, iframe, style, a[href*=script], [onload]').length";
            assert_eq!(browser.evaluate(strange), 0, "{file}");
            assert_eq!(browser.evaluate("typeof pwned"), "undefined", "{file}");
            let text = browser.evaluate("document.body.innerText");
            let text = text.as_str().unwrap();
            assert!(text.contains("\"><img/src=x/onerror=pwned=1>\\u{202e}</script>"), "{text}");
            assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{1b}']), "{file}");
            let scroll = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(scroll <= u64::from(width), "{file} is {scroll} px wide on {width}");
        }
    }
}

#[test]
fn a_log_of_any_size_makes_a_page_of_bounded_size_that_says_so() {
    let (yard, id) = page_of_hostile_job();
    let page = fs::read_to_string(yard.path(&format!("www/job/{id}.html"))).unwrap();
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
    assert!(page.contains("bytes are left out here"), "the cut is said");
    assert!(page.contains("&lt;/pre&gt;&lt;script&gt;pwned=7"), "its beginning is there");
    assert!(page.contains("line 39999"), "and its end");
    let longest = page.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest < 20_000, "a line of {longest} characters");
    let whole = fs::metadata(yard.path(&format!("www/job/{id}.log"))).unwrap().len();
    assert_eq!(whole, fs::metadata(yard.spool().join(format!("log/{id}.log"))).unwrap().len());
}
