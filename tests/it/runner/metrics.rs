//! Metrics: what the file and the verb tell, that Prometheus' own tools take it, and that counters never fall.

use crate::crash::strace::run;
use crate::support::control::{open_gate, said, until_begun};
use crate::support::http::{Framing, Request, send};
use crate::support::until;
use crate::support::yard::Yard;
use crate::support::{free_port, loopback};
use hookspool::spool::{DeliveryResult, SeenDelivery, SeenRings};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

const RUNNER: &str = "metrics = \"ROOT/collected/hookspool.prom\"";
const GOOD: &str = "steps = [{ shell = \"true\" }]";
const BAD: &str = "retry = { attempts = 1 }\nsteps = [{ shell = \"false\" }]";

fn yard(hooks: &[(&str, &str)]) -> Yard {
    let yard = Yard::new(RUNNER, hooks);
    fs::create_dir(yard.path("collected")).unwrap();
    yard
}

fn file(yard: &Yard) -> String {
    fs::read_to_string(yard.path("collected/hookspool.prom")).unwrap_or_default()
}

fn verb(yard: &Yard) -> String {
    let output = yard.hookspool(&["metrics"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The value of the sample that begins so.
fn value(text: &str, sample: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
}

/// What promtool says of metrics on its standard input: nothing, if all is well.
fn promtool(text: &str) -> (bool, String) {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// One job that succeeded, one that failed, one that is held, and deliveries of several results.
fn busy() -> Yard {
    let yard = yard(&[("docs", GOOD), ("shop", BAD)]);
    yard.deliver("docs", "main", "1");
    yard.deliver("docs", "a\"b", "2");
    yard.deliver("shop", "main", "3");
    yard.deliver("gone", "main", "4");
    let rings = SeenRings::of(yard.spool());
    let note = |hook, result| rings.note(hook, SeenDelivery::new(jiff::Timestamp::now(), result, None));
    note(Some("docs"), DeliveryResult::Queued);
    (0..3).for_each(|_| note(Some("docs"), DeliveryResult::RefusedSignature));
    note(None, DeliveryResult::UnknownHook);
    drop(rings);
    yard.drain();
    yard
}

#[test]
fn the_file_and_the_verb_tell_the_same_and_promtool_takes_both() {
    let yard = busy();
    let (file, verb) = (file(&yard), verb(&yard));
    for text in [&file, &verb] {
        assert_eq!(promtool(text), (true, String::new()), "{text}");
    }
    assert!(!promtool("hookspool_x_total 1").1.is_empty(), "promtool objects to nothing");
    for (sample, expected) in [
        ("hookspool_deliveries_total{hook=\"docs\",result=\"queued\"}", 1.0),
        ("hookspool_deliveries_total{hook=\"docs\",result=\"refused_signature\"}", 3.0),
        ("hookspool_deliveries_total{hook=\"shop\",result=\"queued\"}", 0.0),
        ("hookspool_deliveries_total{hook=\"\",result=\"unknown_hook\"}", 1.0),
        ("hookspool_jobs_ended_total{hook=\"docs\",outcome=\"succeeded\"}", 2.0),
        ("hookspool_jobs_ended_total{hook=\"shop\",outcome=\"failed\"}", 1.0),
        ("hookspool_job_duration_seconds_count{hook=\"docs\"}", 2.0),
        ("hookspool_job_wait_seconds_bucket{hook=\"docs\",le=\"+Inf\"}", 2.0),
        ("hookspool_jobs{hook=\"shop\",state=\"failed\"}", 1.0),
        ("hookspool_jobs{hook=\"\",state=\"held\"}", 1.0),
        ("hookspool_runner_up", 0.0),
        ("hookspool_hooks_held", 0.0),
    ] {
        assert_eq!((value(&file, sample), value(&verb, sample)), (Some(expected), Some(expected)), "{sample}");
    }
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    for sample in
        ["hookspool_job_last_success_timestamp_seconds{hook=\"docs\"}", "hookspool_runner_last_loop_timestamp_seconds"]
    {
        assert!((now - value(&file, sample).unwrap()).abs() < 600.0, "{sample}: {file}");
    }
    assert!(!file.contains("main") && !file.contains("a\\\"b") && !file.contains("me/docs"), "{file}");
    let mode = fs::metadata(yard.path("collected/hookspool.prom")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, fs::read_dir(yard.path("collected")).unwrap().count()), (0o644, 1));
}

#[test]
fn counters_do_not_fall_when_jobs_are_pruned_or_the_runner_starts_again() {
    let yard = busy();
    let ended = "hookspool_jobs_ended_total{hook=\"docs\",outcome=\"succeeded\"}";
    assert_eq!(said(&yard, &["prune", "--keep", "0", "--failed"]).0, Some(0));
    assert!(yard.listed().iter().all(|job| job["state"] == "held"), "{:?}", yard.listed());
    assert_eq!(value(&verb(&yard), ended), Some(2.0));
    let id = yard.deliver("docs", "main", "5");
    assert_eq!(said(&yard, &["cancel", &id.short()]).0, Some(0));
    yard.deliver("docs", "main", "6");
    yard.drain();
    for text in [file(&yard), verb(&yard)] {
        assert_eq!(value(&text, ended), Some(3.0));
        assert_eq!(value(&text, "hookspool_jobs_ended_total{hook=\"docs\",outcome=\"cancelled\"}"), Some(1.0));
    }
}

#[test]
fn counts_that_are_damaged_begin_anew_and_the_log_says_so() {
    let yard = busy();
    let ended = "hookspool_jobs_ended_total{hook=\"docs\",outcome=\"succeeded\"}";
    for damage in
        [&b"{\"hooks\":{\"docs\":"[..], b"", b"\xff\xff", b"[]", b"{\"hooks\":{\"docs\":{\"ended\":{\"x\":1}}}}"]
    {
        fs::write(yard.spool().join("log/tally"), damage).unwrap();
        yard.deliver("docs", "main", "7");
        let output = yard.drain();
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(log.contains("event=tally-begins-anew"), "{log}");
        assert_eq!(value(&verb(&yard), ended), Some(1.0));
    }
    fs::remove_file(yard.spool().join("log/tally")).unwrap();
    yard.deliver("docs", "main", "8");
    yard.drain();
    assert_eq!(value(&verb(&yard), ended), Some(1.0));
}

#[test]
fn counts_that_cannot_be_read_are_not_replaced_and_none_is_lost() {
    let yard = busy();
    let (tally, aside) = (yard.spool().join("log/tally"), yard.path("aside"));
    let ended = "hookspool_jobs_ended_total{hook=\"docs\",outcome=\"succeeded\"}";
    let runner = yard.start();
    until("it writes", || value(&file(&yard), "hookspool_runner_up") == Some(1.0));
    // A shortage of descriptors or memory would pass; a link is what nothing of ours follows.
    fs::hard_link(&tally, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, yard.path("link")).unwrap();
    fs::rename(yard.path("link"), &tally).unwrap();
    let id = yard.deliver("docs", "main", "5");
    until("the job has ended", || yard.is_in("done", id));
    until("it is told", || yard.log().contains("event=no-tally"));
    assert_eq!(value(&file(&yard), ended), Some(2.0), "as it was known last");
    assert!(fs::symlink_metadata(&tally).unwrap().is_symlink());
    let output = yard.hookspool(&["metrics"]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("/log/tally: "), "{output:?}");
    fs::rename(&aside, &tally).unwrap();
    yard.deliver("docs", "main", "6");
    until("both are counted", || value(&file(&yard), ended) == Some(4.0));
    runner.stop();
    assert_eq!(value(&verb(&yard), ended), Some(4.0));
}

#[test]
fn counts_are_flushed_before_they_take_the_place_of_the_old_ones() {
    let yard = yard(&[("docs", GOOD)]);
    yard.deliver("docs", "main", "1");
    let paths = ["tally", "tally.new"].map(|name| yard.spool().join("log").join(name));
    let strace = yard.strace().only(&paths).follow_apart();
    let output = run(&mut strace.around(&yard.hookspool(&["spool-runner", "--once"])), Stdio::null());
    assert!(output.status.success(), "{output:?}");
    let threads = strace.calls_apart();
    let names: Vec<&str> = threads.iter().flatten().map(|call| call.name.as_str()).collect();
    let at = |name: &str| names.iter().position(|other| *other == name).unwrap_or_else(|| panic!("{name}: {names:?}"));
    assert!(at("write") < at("fdatasync") && at("fdatasync") < at("rename"), "{names:?}");
}

#[test]
fn a_runner_writes_when_something_changes_and_at_its_end_that_it_has_ended() {
    let yard = yard(&[("docs", crate::support::control::GATE)]);
    yard.fifo("gate");
    let runner = yard.start();
    yard.deliver("docs", "main", "1");
    until_begun(&yard, 1);
    yard.deliver("docs", "next", "2");
    let jobs = |state: &str| value(&file(&yard), &format!("hookspool_jobs{{hook=\"docs\",state=\"{state}\"}}"));
    until("it tells of both", || (jobs("running"), jobs("queued")) == (Some(1.0), Some(1.0)));
    let oldest = value(&file(&yard), "hookspool_queue_oldest_timestamp_seconds{hook=\"docs\"}").unwrap();
    assert!((jiff::Timestamp::now().as_duration().as_secs_f64() - oldest).abs() < 600.0);
    assert_eq!(value(&file(&yard), "hookspool_runner_up"), Some(1.0));
    open_gate(&yard);
    let ended = "hookspool_jobs_ended_total{hook=\"docs\",outcome=\"succeeded\"}";
    until("it tells of the end", || value(&file(&yard), ended) == Some(2.0));
    runner.stop();
    assert_eq!(value(&file(&yard), "hookspool_runner_up"), Some(0.0));
}

#[test]
fn a_file_that_cannot_be_written_is_told_once_and_jobs_run() {
    let yard = Yard::new(RUNNER, &[("docs", GOOD)]);
    let id = yard.deliver("docs", "main", "1");
    let log = String::from_utf8(yard.drain().stderr).unwrap();
    assert_eq!(yard.job(id)[1], "succeeded");
    assert!(log.contains("event=no-metrics") && log.contains("/collected/hookspool.prom`: "), "{log}");
}

#[test]
fn the_node_exporter_takes_the_file_without_an_objection() {
    let yard = busy();
    let address = loopback(free_port());
    let mut exporter = Command::new("prometheus-node-exporter");
    exporter.arg("--collector.disable-defaults").arg("--collector.textfile");
    exporter.arg(format!("--collector.textfile.directory={}", yard.path("collected").display()));
    exporter.arg(format!("--web.listen-address={address}")).stdin(Stdio::null()).stderr(Stdio::null());
    let mut exporter = exporter.spawn().unwrap();
    until("it listens", || std::net::TcpStream::connect(address).is_ok());
    let scraped = send(address, &Request::new("GET", "/metrics", Framing::None, b"")).text();
    exporter.kill().unwrap();
    exporter.wait().unwrap();
    assert_eq!(value(&scraped, "node_textfile_scrape_error"), Some(0.0), "{scraped}");
    for sample in ["hookspool_jobs_ended_total{hook=\"docs\",outcome=\"succeeded\"}", "hookspool_runner_up"] {
        assert_eq!(value(&scraped, sample), value(&file(&yard), sample), "{sample}");
    }
    assert!(value(&scraped, "hookspool_job_wait_seconds_count{hook=\"docs\"}") == Some(2.0), "{scraped}");
}

fn rules() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/hookspool.rules.yml").to_str().unwrap().to_owned()
}

#[test]
fn the_alerts_that_are_shipped_name_metrics_that_there_are() {
    let output = Command::new("promtool").args(["check", "rules", &rules()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let yard = busy();
    let told: BTreeSet<String> = verb(&yard).lines().chain(file(&yard).lines()).map(name).collect();
    let text = fs::read_to_string(rules()).unwrap();
    let expressions: String = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: BTreeSet<&str> =
        expressions.split(|c| !is_name(c)).filter(|word| word.starts_with("hookspool_")).collect();
    assert!(named.len() > 6, "{named:?}");
    // The oldest job that waits is told of while there is one, and a relay where there is one (`relay::screens`).
    let is_told = |name: &str| told.contains(name) || name.starts_with("hookspool_relay_");
    let absent: Vec<_> = named.iter().filter(|name| !is_told(name)).collect();
    assert_eq!(absent, [&"hookspool_queue_oldest_timestamp_seconds"]);
}

fn name(line: &str) -> String {
    line.split(['{', ' ']).next().unwrap_or_default().to_owned()
}

#[test]
fn the_alerts_that_are_shipped_fire_for_what_they_are_named_after() {
    let yard = Yard::new("", &[]);
    let series = |name: &str, values: &str| json!({ "series": name, "values": values });
    let ended = |hook: &str, which: &str, values: &str| {
        series(&format!("hookspool_job_last_{which}_timestamp_seconds{{instance=\"a\",hook=\"{hook}\"}}"), values)
    };
    let delivered = |hook: &str, result: &str, values: &str| {
        series(&format!("hookspool_deliveries_total{{instance=\"a\",hook=\"{hook}\",result=\"{result}\"}}"), values)
    };
    let input = [
        series("hookspool_runner_up{instance=\"a\"}", "0x60"),
        series("hookspool_runner_up{instance=\"b\"}", "1x60"),
        series("hookspool_runner_last_loop_timestamp_seconds{instance=\"b\"}", "0x60"),
        ended("docs", "failure", "100x60"),
        ended("docs", "success", "200x60"),
        ended("shop", "failure", "200x60"),
        ended("shop", "success", "100x60"),
        ended("never", "failure", "100x60"),
        delivered("docs", "refused_signature", "0+1x60"),
        delivered("docs", "queued", "0+1x60"),
        delivered("shop", "refused_signature", "0+1x60"),
        delivered("shop", "queued", "5x60"),
        delivered("shop", "error", "0+1x60"),
        series("hookspool_relay_up{instance=\"a\"}", "0x60"),
        series("hookspool_relay_up{instance=\"b\"}", "1x60"),
        series("hookspool_relay_twin{instance=\"a\"}", "0x60"),
        series("hookspool_relay_twin{instance=\"b\"}", "1x60"),
        series("hookspool_relay_clock_ahead_seconds{instance=\"a\"}", "2x60"),
        series("hookspool_relay_clock_ahead_seconds{instance=\"b\"}", "-120x60"),
        series("hookspool_relay_oldest_pending_timestamp_seconds{instance=\"a\",host=\"web1\"}", "2900x60"),
        series("hookspool_relay_oldest_pending_timestamp_seconds{instance=\"a\",host=\"web2\"}", "-1000x60"),
    ];
    let firing = [
        ("HookspoolClockWrong", "instance=\"b\", severity=\"warning\""),
        ("HookspoolForgeRefused", "hook=\"shop\", instance=\"a\", result=\"refused_signature\", severity=\"warning\""),
        ("HookspoolHostBehind", "host=\"web2\", instance=\"a\", severity=\"warning\""),
        ("HookspoolJobFailed", "hook=\"never\", instance=\"a\", severity=\"warning\""),
        ("HookspoolJobFailed", "hook=\"shop\", instance=\"a\", severity=\"warning\""),
        ("HookspoolReceiverTrouble", "hook=\"shop\", instance=\"a\", result=\"error\", severity=\"critical\""),
        ("HookspoolRelayDown", "instance=\"a\", severity=\"warning\""),
        ("HookspoolRelayTwin", "instance=\"b\", severity=\"critical\""),
        ("HookspoolRunnerDown", "instance=\"a\", severity=\"critical\""),
        ("HookspoolRunnerSilent", "instance=\"b\", severity=\"critical\""),
    ];
    let sample = |(name, labels): (&str, &str)| json!({ "labels": format!("ALERTS{{alertname=\"{name}\", alertstate=\"firing\", {labels}}}"), "value": 1 });
    let expected = json!({
        "expr": "ALERTS{alertstate=\"firing\"}", "eval_time": "50m", "exp_samples": firing.map(sample),
    });
    let tests = json!({ "rule_files": [rules()], "evaluation_interval": "1m", "tests": [
        { "interval": "1m", "input_series": input, "promql_expr_test": [expected] },
    ] });
    yard.write("tests.yml", serde_json::to_vec(&tests).unwrap());
    let output = Command::new("promtool").args(["test", "rules"]).arg(yard.path("tests.yml")).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
}
