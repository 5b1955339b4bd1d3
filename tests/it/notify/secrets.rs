//! After all kinds of failures nothing that is kept or printed holds a URL, a token or a signing secret.

use crate::support::standin::{Reply, StandIn};
use crate::support::yard::Yard;
use std::path::Path;

/// Pieces of the secrets; none may be found anywhere.
const PIECES: [&str; 4] = ["XXXXsecretXXXX", "to-ken-0123456789", "SECsigningsecret", "glpat-forgetoken"];

fn texts_below(dir: &Path, except: &[&str], found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            texts_below(&path, except, found);
        } else if path.is_file() && !except.contains(&name.as_str()) {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[test]
fn nothing_that_is_kept_or_printed_holds_a_secret() {
    // Each answer repeats what it was asked, as loudly as it can.
    let echo = StandIn::answering(|heard| {
        let said = format!("{} {} {}", heard.target, heard.head.join(" "), heard.body).replace(['"', '\\'], "'");
        let status = if heard.target.contains("later") { 503 } else { 400 };
        Reply::Whole(
            status,
            "",
            format!("{{\"message\":\"{said}\",\"description\":\"{said}\",\"errcode\":4,\"errmsg\":\"{said}\"}}"),
        )
    });
    let targets = format!(
        "[[notify]]\nname = \"a\"\nkind = \"slack\"\nurl = {{ file = \"ROOT/url\" }}\n\
         [[notify]]\nname = \"b\"\nkind = \"dingtalk\"\nurl = {{ file = \"ROOT/later\" }}\nsign = {{ file = \"ROOT/sign\" }}\n\
         [[notify]]\nname = \"c\"\nkind = \"telegram\"\nurl = \"{0}\"\ntoken = {{ file = \"ROOT/token\" }}\nchat_id = 1\n\
         [[notify]]\nname = \"d\"\nkind = \"slack\"\nurl = {{ file = \"ROOT/nowhere\" }}\n",
        echo.url("")
    );
    let hook = format!(
        "repository = \"me/docs\"\nnotify = [\"a\", \"b\", \"c\", \"d\"]\nretry = {{ attempts = 1 }}\n\
         steps = [{{ shell = \"false\" }}]\nstatus = {{ token = {{ file = \"ROOT/forge\" }}, api = \"{}\" }}\n{targets}",
        echo.url("")
    );
    let yard = Yard::in_memory("", &[("docs", &hook)]);
    yard.write("url", echo.url("/XXXXsecretXXXX"));
    yard.write("later", echo.url("/later?access_token=XXXXsecretXXXX"));
    yard.write("nowhere", "https://no-such-host.invalid/XXXXsecretXXXX");
    yard.write("token", "to-ken-0123456789");
    yard.write("sign", "SECsigningsecret");
    yard.write("forge", "glpat-forgetoken");
    super::delivery::push(&yard, "docs", "main", 'a');
    let drained = yard.drain();
    assert_eq!(drained.status.code(), Some(1), "{drained:?}");
    assert!(echo.heard().len() >= 4, "{:?}", echo.heard());

    let mut kept = Vec::new();
    texts_below(yard.root(), &["url", "later", "nowhere", "token", "sign", "forge"], &mut kept);
    kept.push((
        "the runner".to_owned(),
        String::from_utf8_lossy(&[drained.stdout, drained.stderr].concat()).into_owned(),
    ));
    for verb in [
        vec!["status"],
        vec!["status", "--json"],
        vec!["doctor", "--offline"],
        vec!["doctor", "--offline", "--json"],
        vec!["check"],
        vec!["check", "--json"],
        vec!["tell", "a"],
        vec!["tell", "b"],
        vec!["tell", "c"],
        vec!["tell", "d"],
        vec!["tell", "a", "--json"],
        vec!["tell", "c", "--json"],
    ] {
        let output = yard.hookspool(&verb).output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        kept.push((verb.join(" "), text));
    }
    let failed = yard.names("outbox/failed");
    assert!(failed.len() >= 3 && kept.len() > 15, "{failed:?}");
    for (place, text) in &kept {
        for piece in PIECES {
            assert!(!text.contains(piece), "{place} holds {piece}: {text}");
        }
    }
    assert!(kept.iter().any(|(place, text)| place == "status" && text.contains("did not arrive")), "{kept:?}");
}
