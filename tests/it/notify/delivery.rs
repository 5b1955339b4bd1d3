//! What the runner tells of its jobs: to whom, when, in which order, and what becomes of messages that nobody takes.

use crate::support::standin::{Reply, StandIn};
use crate::support::steps::until;
use crate::support::yard::Yard;
use hookspool::model::{JobId, JobMeta, RefName};
use rustix::process::Signal;
use std::process::Output;

/// Queues a push of a commit that is forty times this digit.
pub(crate) fn push(yard: &Yard, hook: &str, branch: &str, after: char) -> JobId {
    let arrived_at = jiff::Timestamp::now();
    yard.append(&JobMeta {
        reference: RefName::branch_named(branch),
        after: Some(after.to_string().repeat(40)),
        repository: Some("me/docs".into()),
        delivery: Some(format!("{branch}-{after}")),
        pusher: Some("jo".into()),
        arrived_at,
        ..crate::spool::append::meta(hook, 0)
    })
}

/// A target that takes a signed JSON of its own: the plainest to read.
fn webhook(name: &str, url: &str, more: &str) -> String {
    format!("[[notify]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"{url}\"\n{more}\n")
}

/// A hook that does what the file `do` says, followed by its targets.
fn obedient(more: &str, targets: &str) -> String {
    format!("when_newer = \"keep\"\nretry = {{ attempts = 1 }}\nsteps = [{{ shell = \". ./do\" }}]\n{more}\n{targets}")
}

pub(super) fn say(yard: &Yard, script: &str) {
    std::fs::write(yard.path("site/do"), script).unwrap();
}

/// What each message told: outcome, turn and branch of its jobs.
fn told(service: &StandIn) -> Vec<String> {
    let heard = service.heard();
    let of = |job: &serde_json::Value| {
        let turn = job["turn"].as_str().map_or_else(String::new, |turn| format!(" {turn}"));
        format!("{}{turn} {}", job["standing"].as_str().unwrap(), job["ref"].as_str().unwrap())
    };
    let jobs = |body: serde_json::Value| body["data"]["jobs"].as_array().unwrap().iter().map(of).collect::<Vec<_>>();
    heard.iter().map(|request| jobs(request.json()).join(", ")).collect()
}

/// States that the forge was told, of commits by their digit.
pub(super) fn states(forge: &StandIn) -> Vec<String> {
    let heard = forge.heard();
    let of = |request: &crate::support::standin::HeardRequest| {
        let commit = request.target.rsplit('/').next().unwrap().chars().next().unwrap();
        format!("{commit} {}", request.json()["state"].as_str().unwrap())
    };
    heard.iter().map(of).collect()
}

pub(super) fn gitea(forge: &StandIn) -> String {
    format!(
        "provider = \"gitea\"\nstatus = {{ token = {{ file = \"ROOT/token\" }}, api = \"{}\", repository = \"me/docs\" }}\n",
        forge.url("")
    )
}

pub(super) fn yard_of(hook: &str) -> Yard {
    // The hook's own provider goes first.
    let yard = Yard::in_memory("", &[]);
    yard.write("token", "to-ken");
    configure(&yard, hook);
    yard
}

fn configure(yard: &Yard, hook: &str) {
    let provider = if hook.contains("provider = ") { "" } else { "provider = \"github\"\n" };
    let world: &crate::support::world::World = yard;
    world.configure(&format!(
        "[[hook]]\nname = \"docs\"\nsecret = {{ file = \"ROOT/secret\" }}\ndir = \"ROOT/site\"\n{provider}{hook}\n"
    ));
}

fn ends_well(output: &Output) {
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
}

#[test]
fn change_tells_the_first_failure_and_the_recovery_of_each_branch() {
    let service = StandIn::saying(200, "");
    let yard = yard_of(&obedient("notify = [\"ops\"]\nbranches = [\"*\"]", &webhook("ops", &service.url("/x"), "")));
    for (branch, script) in
        [("main", "exit 1"), ("main", "exit 1"), ("dev", "exit 1"), ("main", "true"), ("main", "true"), ("dev", "true")]
    {
        say(&yard, script);
        push(&yard, "docs", branch, 'a');
        ends_well(&yard.drain());
        assert_eq!(yard.names("outbox"), ["failed"], "all was sent, and forgotten");
    }
    assert_eq!(
        told(&service),
        [
            "failed first-failure refs/heads/main",
            "failed first-failure refs/heads/dev",
            "succeeded recovery refs/heads/main",
            "succeeded recovery refs/heads/dev",
        ]
    );
}

#[test]
fn a_dead_target_stops_no_other_and_changes_no_outcome() {
    let (service, dead) = (StandIn::saying(200, ""), StandIn::saying(503, ""));
    let targets = webhook("dead", &dead.url("/x"), "on = \"always\"")
        + &webhook("ops", &service.url("/x"), "on = \"always\"")
        + "[runner]\nmetrics = \"ROOT/metrics.prom\"";
    let yard = yard_of(&obedient("notify = [\"dead\", \"ops\"]", &targets));
    say(&yard, "true");
    let ids = ['a', 'b', 'c'].map(|after| push(&yard, "docs", "main", after));
    let drained = yard.drain();
    assert_eq!(drained.status.code(), Some(0), "{drained:?}");
    assert_eq!(told(&service).len(), 3);
    assert!(ids.iter().all(|id| yard.job(*id)[1] == "succeeded"));
    assert_eq!(dead.heard().len(), 1, "what fails is not tried again at once");
    let waiting = yard.names("outbox").into_iter().filter(|name| name.ends_with(".dead.json")).count();
    assert_eq!(waiting, 3);
    let metrics = std::fs::read_to_string(yard.path("metrics.prom")).unwrap();
    for sample in ["total{target=\"ops\",kind=\"webhook\"} 3", "pending{target=\"dead\",kind=\"webhook\"} 3"] {
        assert!(metrics.contains(&format!("\nhookspool_notifications_{sample}\n")), "{metrics}");
    }
    dead.answer(|_| Reply::of(200, ""));
    ends_well(&yard.drain());
    assert_eq!((told(&dead).len(), yard.names("outbox").len()), (4, 1), "the next runner sends them, in order");
    let heard = dead.heard();
    let ids: Vec<_> = heard[1..].iter().map(|request| request.json()["data"]["jobs"][0]["job"].to_string()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(heard[0].header("webhook-id"), heard[1].header("webhook-id"), "sent again, it is the same message");
}

#[test]
fn the_forge_hears_of_the_claim_and_of_the_end_and_in_this_order() {
    let forge = StandIn::saying(201, "{}");
    let yard = yard_of(&obedient(&gitea(&forge), ""));
    for (after, script) in [('a', "true"), ('b', "exit 1"), ('c', "exit 75")] {
        say(&yard, script);
        push(&yard, "docs", "main", after);
        ends_well(&yard.drain());
    }
    // A pending that was not sent yet is not sent any more once the end is known.
    let heard = states(&forge);
    let last = |commit: &str| heard.iter().rfind(|state| state.starts_with(commit)).cloned().unwrap_or_default();
    assert_eq!([last("a"), last("b"), last("c")], ["a success", "b failure", "c failure"]);
    let pending = |state: &&String| state.ends_with("pending");
    assert!(heard.iter().filter(pending).count() <= 3, "{heard:?}");
    let request = forge.heard().last().cloned().unwrap();
    assert_eq!(request.header("authorization"), Some("token to-ken"));
    assert_eq!(request.json()["context"], "hookspool/docs");
    assert!(request.target.starts_with("/api/v1/repos/me/docs/statuses/ccc"), "{}", request.target);
}

#[test]
fn a_job_that_is_cancelled_while_it_waits_for_a_retry_leaves_nothing_pending() {
    let forge = StandIn::saying(201, "{}");
    let service = StandIn::saying(200, "");
    let settings = format!(
        "{}notify = [\"ops\"]\nretry = {{ attempts = 3, backoff = \"1h\" }}\nsteps = [{{ shell = \"exit 75\" }}]\n{}",
        gitea(&forge),
        webhook("ops", &service.url("/x"), "on = \"always\"")
    );
    let yard = yard_of(&settings);
    let id = push(&yard, "docs", "main", 'a');
    let runner = yard.start();
    until("it waits for its retry", || yard.is_in("waiting", id));
    let output = yard.hookspool(&["cancel", &id.to_string()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    until("the forge was told", || states(&forge).last().is_some_and(|state| state == "a warning"));
    until("people were told", || told(&service) == ["cancelled refs/heads/main"]);
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_hook_that_is_held_after_an_interruption_is_told_and_shown() {
    let forge = StandIn::saying(201, "{}");
    let service = StandIn::saying(200, "");
    let settings = format!(
        "{}notify = [\"ops\"]\non_interrupt = \"hold\"\nsteps = [{{ shell = \"echo up >up; read x <gate\" }}]\n{}",
        gitea(&forge),
        webhook("ops", &service.url("/x"), "")
    );
    let yard = yard_of(&settings);
    yard.fifo("gate");
    let id = push(&yard, "docs", "main", 'a');
    let runner = yard.start();
    until("the step runs", || !yard.site("up").is_empty());
    until("the forge shows it", || states(&forge) == ["a pending"]);
    runner.signal(Signal::KILL);
    drop(runner);
    ends_well(&yard.drain());
    assert!(yard.is_in("held", id));
    assert_eq!((states(&forge).last().cloned(), told(&service).len()), (Some("a error".to_owned()), 1));
    let released = yard.hookspool(&["release", &id.to_string()]).output().unwrap();
    assert!(released.status.success(), "{released:?}");
    configure(&yard, &settings.replace("; read x <gate", ""));
    ends_well(&yard.drain());
    assert_eq!(yard.job(id)[1], "succeeded");
    assert_eq!(told(&service)[1..], ["succeeded recovery refs/heads/main"]);
}

#[test]
fn a_secret_with_a_mistake_delays_a_message_and_loses_none() {
    let service = StandIn::saying(200, "");
    let target = "[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = { file = \"ROOT/url\" }\non = \"always\"\n\
                  sign = { file = \"ROOT/sign\" }\n";
    let yard = yard_of(&obedient("notify = [\"ops\"]", target));
    say(&yard, "true");
    let id = push(&yard, "docs", "main", 'a');
    let (url, sign) = (service.url("/x"), "whsec_c2VjcmV0IG9mIDI0IGJ5dGVzIGhlcmUh");
    for (wrong_url, wrong_sign) in [("htps://example.org/x", sign), (url.as_str(), "not base64")] {
        yard.write("url", wrong_url);
        yard.write("sign", wrong_sign);
        ends_well(&yard.drain());
        assert_eq!(yard.names("outbox/failed"), [""; 0]);
        assert!(yard.names("outbox").contains(&format!("{id}.ops.json")));
    }
    yard.write("sign", sign);
    ends_well(&yard.drain());
    assert_eq!(told(&service), ["succeeded refs/heads/main"]);
}

#[test]
fn a_dead_forge_keeps_no_message_for_longer_than_a_day_whoever_fails() {
    let forge = StandIn::saying(503, "");
    let yard = yard_of(&obedient(&gitea(&forge), ""));
    say(&yard, "true");
    let ids: Vec<_> = ['a', 'b', 'c', 'd', 'e', 'f'].map(|after| push(&yard, "docs", "main", after)).to_vec();
    ends_well(&yard.drain());
    for id in &ids {
        let file = yard.path("spool/outbox").join(format!("{id}.@status.json"));
        let mut letter: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let old = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(25);
        letter["at"] = old.to_string().into();
        std::fs::write(&file, letter.to_string()).unwrap();
    }
    ends_well(&yard.drain());
    assert_eq!(yard.names("outbox/failed").len(), ids.len(), "{}", yard.log());
    assert_eq!(yard.names("outbox"), ["failed"]);
}

#[test]
fn a_damaged_message_is_logged_and_counted_and_hides_behind_none_that_failed() {
    let service = StandIn::saying(400, "no such thing");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &webhook("ops", &service.url("/x"), "on = \"always\"")));
    say(&yard, "true");
    let id = push(&yard, "docs", "main", 'a');
    ends_well(&yard.drain());
    let name = format!("{id}.ops.json");
    assert!(yard.names("outbox/failed").contains(&name));
    yard.write(&format!("spool/outbox/{name}"), "{\"half\":");
    let told = |words: &str| {
        let status = String::from_utf8(yard.hookspool(&["status"]).output().unwrap().stdout).unwrap();
        assert!(status.contains("0 to be sent, 1 did not arrive, 1 damaged, the last to ops"), "{words}: {status}");
        let json = yard.hookspool(&["status", "--json"]).output().unwrap().stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["messages"]["damaged"], 1, "{words}");
        let doctor = yard.hookspool(&["doctor", "--offline", "--json"]).output().unwrap();
        let doctor = String::from_utf8(doctor.stdout).unwrap();
        assert!(doctor.contains("cannot be read as a message"), "{words}: {doctor}");
    };
    told("before a runner has seen it");
    let drained = yard.drain();
    let log = String::from_utf8(drained.stderr).unwrap();
    assert!(log.contains("event=message-damaged") && log.contains(&name), "{log}");
    assert_eq!((yard.names("outbox"), yard.names("outbox/failed").len()), (vec!["failed".to_owned()], 2));
    told("afterwards");
}

#[test]
fn a_refusal_goes_to_failed_and_is_shown_and_the_next_message_goes_out() {
    let service = StandIn::saying(400, "no such thing");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &webhook("ops", &service.url("/x"), "on = \"always\"")));
    say(&yard, "true");
    let id = push(&yard, "docs", "main", 'a');
    let drained = yard.drain();
    assert_eq!(drained.status.code(), Some(0), "{drained:?}");
    assert_eq!(yard.names("outbox/failed"), [format!("{id}.ops.json")]);
    let failed = std::fs::read_to_string(yard.path("spool/outbox/failed").join(format!("{id}.ops.json"))).unwrap();
    let failed: serde_json::Value = serde_json::from_str(&failed).unwrap();
    assert_eq!(failed["why"], "HTTP 400: no such thing");
    let status = yard.hookspool(&["status"]).output().unwrap();
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(
        said.contains("messages 0 to be sent, 1 did not arrive, the last to ops: HTTP 400: no such thing"),
        "{said}"
    );
    let doctor = yard.hookspool(&["doctor", "--offline", "--json"]).output().unwrap();
    assert!(String::from_utf8(doctor.stdout).unwrap().contains("1 message to `ops` did not arrive"));
    service.answer(|_| Reply::of(200, ""));
    push(&yard, "docs", "main", 'b');
    ends_well(&yard.drain());
    assert_eq!(service.heard().len(), 2);
}

#[test]
fn a_target_that_is_gone_is_named_as_gone_and_a_new_one_is_taken_up_on_hangup() {
    let (old, new) = (StandIn::saying(503, ""), StandIn::saying(200, ""));
    let yard = yard_of(&obedient("notify = [\"old\"]", &webhook("old", &old.url("/x"), "on = \"always\"")));
    say(&yard, "true");
    let first = push(&yard, "docs", "main", 'a');
    let runner = yard.start();
    until("the old target was tried", || !old.heard().is_empty());
    configure(&yard, &obedient("notify = [\"new\"]", &webhook("new", &new.url("/x"), "on = \"always\"")));
    runner.signal(Signal::HUP);
    until("the message is put away", || !yard.names("outbox/failed").is_empty());
    push(&yard, "docs", "main", 'b');
    until("the new target is told", || told(&new).len() == 1);
    assert_eq!(runner.stop(), Some(0));
    let file = yard.path("spool/outbox/failed").join(format!("{first}.old.json"));
    let failed = std::fs::read_to_string(file).unwrap();
    assert!(failed.contains("target `old` is gone from the configuration"), "{failed}");
}

#[test]
fn a_flood_becomes_one_summary() {
    let service = StandIn::saying(200, "");
    let target = webhook("ops", &service.url("/x"), "on = \"always\"\nmax = \"3/1h\"");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &target));
    say(&yard, "true");
    for after in "123456789abc".chars() {
        push(&yard, "docs", "main", after);
    }
    ends_well(&yard.drain());
    let before = service.heard().len();
    assert!((1..=3).contains(&before), "{before}");
    ends_well(&yard.drain());
    let heard = service.heard();
    let counts: Vec<u64> = heard.iter().map(|request| request.json()["data"]["count"].as_u64().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 12, "{counts:?}");
    assert!(counts.len() <= 5 && counts.iter().any(|count| *count > 5), "{counts:?}");
    assert_eq!(yard.names("outbox"), ["failed"]);
}

#[test]
fn what_the_forge_calls_there_already_is_done() {
    let forge = StandIn::saying(400, "{\"message\":\"Cannot transition status via :run from :running\"}");
    let settings = format!(
        "provider = \"gitlab\"\nstatus = {{ token = {{ file = \"ROOT/token\" }}, api = \"{}\", repository = \"me/docs\" }}\n",
        forge.url("")
    );
    let yard = yard_of(&obedient(&settings, ""));
    say(&yard, "true");
    push(&yard, "docs", "main", 'a');
    ends_well(&yard.drain());
    assert_eq!(yard.names("outbox"), ["failed"]);
    assert_eq!(yard.names("outbox/failed"), [""; 0]);
    assert!(forge.heard().iter().all(|request| request.target.starts_with("/api/v4/projects/me%2Fdocs/statuses/aaaa")));
}

#[test]
fn a_damaged_message_is_put_away_and_stops_none() {
    let service = StandIn::saying(200, "");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &webhook("ops", &service.url("/x"), "on = \"always\"")));
    say(&yard, "true");
    let name = "0000000000000000001.00000001.ops.json";
    std::fs::write(yard.path("spool/outbox").join(name), b"{\"number\":1").unwrap();
    std::fs::write(yard.path("spool/outbox/README"), b"a stranger's").unwrap();
    push(&yard, "docs", "main", 'a');
    ends_well(&yard.drain());
    assert_eq!((yard.names("outbox/failed"), service.heard().len()), (vec![name.to_owned()], 1));
    assert_eq!(yard.names("outbox"), ["README", "failed"]);
}

#[test]
fn messages_and_statuses_link_to_the_page_that_the_configuration_names() {
    let (forge, service) = (StandIn::saying(201, "{}"), StandIn::saying(200, ""));
    let page = "[page]\ndir = \"ROOT/www\"\nurl = \"https://example.org/deploy\"\n";
    let target = webhook("ops", &service.url("/x"), "on = \"always\"") + page;
    let yard = yard_of(&obedient(&format!("{}notify = [\"ops\"]", gitea(&forge)), &target));
    say(&yard, "true");
    let id = push(&yard, "docs", "main", 'a');
    ends_well(&yard.drain());
    let url = format!("https://example.org/deploy/job/{id}.html");
    assert_eq!(forge.heard().last().unwrap().json()["target_url"], url);
    assert_eq!(service.heard().last().unwrap().json()["data"]["page"], url);
}

/// A message of a job that failed at `at`, as the outbox holds it.
fn left_behind(yard: &Yard, at: jiff::Timestamp) -> String {
    let name = "0000000000000000001.00000001.ops.json".to_owned();
    let tidings = serde_json::json!({
        "number": 1, "at": at, "job": "0000000000000000001.00000001", "hook": "docs", "standing": "failed", "attempts": 1,
        "ref": "refs/heads/main",
    });
    std::fs::write(yard.spool().join("outbox").join(&name), tidings.to_string()).unwrap();
    name
}

#[test]
fn what_is_older_than_a_day_is_tried_once_more_and_then_given_up() {
    let service = StandIn::saying(503, "");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &webhook("ops", &service.url("/x"), "")));
    let now = jiff::Timestamp::now();
    left_behind(&yard, now - jiff::SignedDuration::from_hours(23));
    ends_well(&yard.drain());
    assert_eq!((yard.names("outbox").len(), yard.names("outbox/failed").len()), (2, 0));
    let name = left_behind(&yard, now - jiff::SignedDuration::from_hours(25));
    ends_well(&yard.drain());
    assert_eq!((yard.names("outbox/failed"), service.heard().len()), (vec![name.clone()], 2));
    let failed = std::fs::read_to_string(yard.spool().join("outbox/failed").join(name)).unwrap();
    assert!(failed.contains("given up after 24 hours; the last time: HTTP 503"), "{failed}");
}

#[test]
fn messages_that_failed_go_with_the_jobs_that_are_kept_no_longer() {
    let yard = Yard::in_memory("keep = \"1d\"", &[("docs", "steps = [{ shell = \"true\" }]")]);
    let failed = yard.spool().join("outbox/failed");
    for (name, age_h) in [("old.json", 25), ("young.json", 1)] {
        let file = std::fs::File::create(failed.join(name)).unwrap();
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(age_h * 3600);
        file.set_modified(then).unwrap();
    }
    ends_well(&yard.drain());
    assert_eq!(yard.names("outbox/failed"), ["young.json"]);
}

#[test]
fn a_message_that_is_moved_back_is_sent_again() {
    let service = StandIn::saying(400, "no");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &webhook("ops", &service.url("/x"), "")));
    let name = left_behind(&yard, jiff::Timestamp::now());
    ends_well(&yard.drain());
    service.answer(|_| Reply::of(200, ""));
    let (outbox, failed) = (yard.spool().join("outbox"), yard.spool().join("outbox/failed"));
    std::fs::rename(failed.join(&name), outbox.join(&name)).unwrap();
    ends_well(&yard.drain());
    assert_eq!((service.heard().len(), yard.names("outbox").len(), yard.names("outbox/failed").len()), (2, 1, 0));
}

#[test]
fn a_stop_ends_the_last_round_of_messages_too() {
    let service = StandIn::saying(200, "");
    let target = webhook("ops", &service.url("/x"), "on = \"always\"\nmax = \"1/25s\"");
    let yard = yard_of(&obedient("notify = [\"ops\"]", &target));
    say(&yard, "true");
    let ids = ['a', 'b'].map(|after| push(&yard, "docs", "main", after));
    let began = std::time::Instant::now();
    let runner = yard.start_as(yard.hookspool(&["spool-runner", "--once"]));
    until("one is told, and the other waits", || {
        told(&service).len() == 1 && ids.iter().all(|id| yard.is_in("done", *id))
    });
    assert!(!runner.is_over(), "it waits until the other may be sent");
    assert_eq!(runner.stop(), Some(0));
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "it did not wait for the end of the round");
    assert_eq!((service.heard().len(), yard.names("outbox").len()), (1, 2), "the next runner sends it");
}
