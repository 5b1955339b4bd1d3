//! `deploy/OPERATOR.md`: what it shows is what the program prints.

use crate::support::control::{GATE, open_gate, queue, until_begun};
use crate::support::site::read_shipped;
use crate::support::until;
use crate::support::yard::Yard;
use hookspool::model::JobId;
use hookspool::spool::{DeliveryResult, SeenDelivery, SeenRings};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A hook whose check fails.
const SHOP: &str = r#"timeout = "60s"
retry = { attempts = 1 }
steps = [{ run = ["test", "-e", "stock.csv"] }]"#;

/// What the page calls the failed job, the running one and the two behind it.
const IDS: [&str; 4] = ["7c20fb91", "3f9a1c2e", "b81d0e44", "05ac77d2"];

/// A command of the page, and the output below it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    command: String,
    output: String,
}

/// The commands of the page's blocks of `console`, in order.
fn shown(page: &str) -> Vec<Shown> {
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands = blocks.flat_map(|block| block.split("$ hookspool ").skip(1));
    commands
        .map(|text| {
            let (command, output) = text.split_once('\n').unwrap_or((text, ""));
            Shown { command: command.to_owned(), output: output.to_owned() }
        })
        .collect()
}

/// Runs the commands in a yard as the page has it: a job at work, two behind it, one that has failed.
struct Scene {
    yard: Yard,
    /// What the page calls a job, and what it is here.
    ids: Vec<(String, String)>,
}

impl Scene {
    fn run(&self, command: &str) -> String {
        let words = self.ids.iter().fold(command.to_owned(), |text, (page, here)| text.replace(page, here));
        let words = words.replace("\"the shop is moving\"", "the_shop_is_moving");
        let words: Vec<String> = words.split(' ').map(|word| word.replace('_', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.yard.hookspool(&words).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let text = self.ids.iter().fold(text, |text, (page, here)| text.replace(here, page));
        let root = self.yard.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        let text = text.replace(&format!("{root}/hookspool.toml"), "/etc/hookspool/hookspool.toml");
        text.replace(&format!("{root}/spool"), "/var/spool/hookspool")
    }
}

/// The script of the step that waits at the gate.
fn script() -> &'static str {
    GATE.split("\"\"\"").nth(1).unwrap().trim_start()
}

/// What is the same on every machine and in every run: times, ages, numbers and names of users are not.
fn same(text: &str) -> String {
    let word = |word: &str| {
        let core = word.trim_matches(|c: char| ",;:()".contains(c));
        let starts_with_digit = core.starts_with(|c: char| c.is_ascii_digit());
        let is_id = IDS.contains(&core);
        if starts_with_digit && !is_id { "N".to_owned() } else { word.to_owned() }
    };
    let units = ["KiB", "MiB", "GiB", "TiB", "B", "B,", "KiB,"];
    let line = |line: &str| {
        let mut words: Vec<String> = line.split_whitespace().map(word).collect();
        for index in 1..words.len() {
            if units.contains(&words[index].as_str()) {
                "UNIT".clone_into(&mut words[index]);
            }
            if ["by", "root:root,", "jobs:", "to", "group"].contains(&words[index - 1].as_str()) {
                "WHO".clone_into(&mut words[index]);
            }
        }
        words.join(" ")
    };
    without_sequences(text).lines().map(line).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `text` with `N` for each long row of digits.
fn without_sequences(text: &str) -> String {
    let mut rest = text;
    let mut found = String::new();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let length = rest[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - start);
        let digits = if length >= 19 { "N" } else { &rest[start..start + length] };
        found += &rest[..start];
        found += digits;
        rest = &rest[start + length..];
    }
    found + rest
}

/// The traces of the deliveries that the page tells of.
fn arrive(yard: &Yard, shop: JobId, docs: JobId) {
    let rings = SeenRings::of(yard.spool());
    let queued =
        |job| SeenDelivery { job: Some(job), jobs: 1, ..delivery(DeliveryResult::Queued, 202, "72d3162e-cc78") };
    rings.note(Some("docs"), queued(docs));
    rings.note(Some("shop"), SeenDelivery { reference: Some("refs/heads/main".into()), ..queued(shop) });
    for id in ["9be1a2c4-cc78", "c07f5d18-cc78"] {
        let reason = "`X-Hub-Signature-256` is wrong: the forge has another secret than this hook";
        let refused = delivery(DeliveryResult::RefusedSignature, 403, id);
        let (told, reason) = ("signature wrong".into(), Some(reason.into()));
        rings.note(Some("shop"), SeenDelivery { told, reason, ..refused });
    }
}

fn delivery(result: DeliveryResult, status: u16, id: &str) -> SeenDelivery {
    let seen = SeenDelivery::new(jiff::Timestamp::now(), result, Some(status));
    SeenDelivery { delivery: Some(id.into()), remote: Some("192.0.2.17".into()), ..seen }
}

#[test]
fn the_operators_page_shows_what_the_program_prints() {
    let page = read_shipped("deploy/OPERATOR.md");
    let yard = Yard::new("workers = 2", &[("docs", GATE), ("shop", &format!("dir = \"ROOT/shop\"\n{SHOP}"))]);
    fs::create_dir(yard.path("shop")).unwrap();
    for name in ["secret", "hookspool.toml"] {
        fs::set_permissions(yard.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let failed = yard.deliver("shop", "main", "s");
    yard.drain();
    yard.fifo("gate");
    let runner = yard.start();
    let jobs = queue(&yard, &["main", "dev", "next"]);
    until_begun(&yard, 1);
    let here = [failed, jobs[0], jobs[1], jobs[2]].map(JobId::short);
    let ids = IDS.into_iter().map(str::to_owned).zip(here).collect();
    arrive(&yard, failed, jobs[2]);
    let scene = Scene { yard, ids };
    let mut transcript = String::new();
    let mut differs = Vec::new();
    let commands = shown(&page);
    assert!(commands.len() >= 12, "{commands:?}");
    for Shown { command, output } in commands {
        if command.starts_with("wait") {
            open_gate(&scene.yard);
        }
        let printed = scene.run(&command);
        // The step's own text is not what anybody's is.
        let printed = printed.replace(script(), "make docs");
        if same(&printed) != same(&output) {
            differs.push(format!("{}\n---- and not\n{}", same(&printed), same(&output)));
        }
        transcript = format!("{transcript}$ hookspool {command}\n{printed}");
        if command.starts_with("hold") {
            until("the hold holds", || scene.yard.path("spool/holds/shop").exists());
        }
        if command.starts_with("retry") {
            until("it was tried", || {
                scene.yard.site("begun").lines().count() >= 1 && scene.yard.is_in("failed", failed)
            });
        }
    }
    assert!(differs.is_empty(), "printed is\n{}\nin all:\n{transcript}", differs.join("\n"));
    drop(runner);
}
