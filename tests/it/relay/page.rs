//! The page of a host among others: which of them have a job, and what keeps it from them.

use crate::support::browser::Browser;
use crate::support::fleet::{Fleet, Host};
use crate::support::until;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

const PAGE: &str = "[page]\ndir = \"ROOT/www\"";

fn file(host: &Host, name: &str) -> String {
    fs::read_to_string(host.path("www").join(name)).unwrap_or_default()
}

fn relay(host: &Host) -> Value {
    serde_json::from_str::<Value>(&file(host, "status.json")).unwrap_or_default()["relay"].take()
}

fn of_host<'a>(relay: &'a Value, host: &str) -> Option<&'a Value> {
    relay["hosts"].as_array()?.iter().find(|card| card["host"] == host)
}

/// One host takes, one refuses, one is away.
fn three_ways() -> (Fleet, String) {
    let mut fleet = Fleet::new(&["web1", "web2", "web3"]);
    fleet.configure_gate(PAGE, &["web1", "web2", "web3"]);
    fleet.untrust_hook(1);
    fleet.gate.start();
    fleet.targets[0].start();
    fleet.targets[1].start();
    let id = fleet.gate.push("main", "0001").to_string();
    (fleet, id)
}

#[test]
fn the_page_tells_which_hosts_have_a_job_and_follows_them() {
    let (mut fleet, id) = three_ways();
    let job = format!("job/{id}.html");
    let gate = &fleet.gate;
    until("all three stand on the index", || {
        let relay = relay(gate);
        let count = |host: &str, key: &str| of_host(&relay, host).and_then(|card| card[key].as_u64());
        count("web1", "to_take") == Some(0) && count("web2", "refused") == Some(1) && count("web3", "sent") == Some(1)
    });
    let told = relay(gate);
    assert_eq!((told["name"].as_str(), told["server"].as_str()), (Some("gate"), Some("nats1")));
    assert_eq!(of_host(&told, "web2").unwrap()["oldest"][0]["id"], id);
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let named = ["as_of", "hosts", "more_hosts", "name", "server", "since", "trouble", "twin"];
    assert_eq!(members(&told), named.map(str::to_owned).into());
    assert_eq!(members(&told["hosts"][0]), ["host", "oldest", "refused", "sent", "to_take"].map(str::to_owned).into());
    let job_of = members(&of_host(&told, "web2").unwrap()["oldest"][0]);
    assert_eq!(job_of, ["at", "host", "id", "word"].map(str::to_owned).into());
    until("the job's page says so", || {
        let page = file(gate, &job);
        ["<bdi>web1</bdi>: <bdi>taken</bdi>", "<bdi>web2</bdi>: <bdi>refused: ", "<bdi>web3</bdi>: <bdi>sent</bdi>"]
            .iter()
            .all(|words| page.contains(words))
    });
    let refused = "web2</bdi></strong> has refused 1 of the jobs for it";
    until("it is one of the first things", || file(gate, "index.html").contains(refused));
    fleet.targets[2].start();
    until("the third has it", || file(&fleet.gate, &job).contains("<bdi>web3</bdi>: <bdi>taken</bdi>"));
    fleet.nats.kill();
    until("the server is away", || relay(&fleet.gate)["server"].is_null());
    until("in words, too", || file(&fleet.gate, "index.html").contains("No server can be reached since"));
    let there = &fleet.targets[0];
    there.run(&["page"]);
    assert!(file(there, "index.html").is_empty(), "it has no page");
}

#[test]
fn the_page_of_a_host_among_others_fits_a_narrow_screen() {
    let (fleet, id) = three_ways();
    until("there is something to see", || file(&fleet.gate, "index.html").contains("has refused 1"));
    until("on the job's page, too", || file(&fleet.gate, &format!("job/{id}.html")).contains("refused: "));
    let mut browser = Browser::start();
    for name in ["index.html".to_owned(), format!("job/{id}.html")] {
        browser.open(&format!("file://{}", fleet.gate.path("www").join(&name).display()));
        for width in [640, 320] {
            browser.look(width, 800, "light");
            let width_px = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(width_px <= u64::from(width), "{name} is {width_px} px wide on {width}");
        }
        if let Ok(directory) = std::env::var("HOOKSPOOL_PICTURES") {
            let copy = std::path::Path::new(&directory).join(name.replace('/', "-"));
            fs::copy(fleet.gate.path("www").join(&name), copy).unwrap();
            fs::copy(fleet.gate.path("www/style.css"), format!("{directory}/style.css")).unwrap();
        }
    }
}
