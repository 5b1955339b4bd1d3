//! What has arrived, as people see it: `deliveries`, `status`, `doctor`.

use crate::support::control::{json, said};
use crate::support::intake::Sent;
use crate::support::one_hook::{OneHook, answer, push};
use crate::support::yard::Yard;
use hookspool::spool::{DeliveryResult, SeenDelivery, SeenRings};
use std::fs;
use std::process::Command;

const STEP: &str = "steps = [{ run = [\"true\"] }]";

fn printed(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// A delivery as a receiver notes it.
fn delivery(result: DeliveryResult, status: u16, told: &str) -> SeenDelivery {
    let at = "2026-01-31T12:00:00Z".parse().unwrap();
    SeenDelivery { told: told.into(), remote: Some("192.0.2.7".into()), ..SeenDelivery::new(at, result, Some(status)) }
}

#[test]
fn deliveries_are_listed_in_order_below_80_columns_with_their_counts() {
    let site = OneHook::of_github(STEP);
    let (_, empty) = printed(site.hookspool(&["deliveries"]));
    assert_eq!(empty, "hook docs: nothing has ever arrived\n");
    Sent::new(&site, &[], b"{}").with("SCRIPT_NAME", "/hooks/dosc").answer();
    let unsigned = [("X-GitHub-Delivery".to_owned(), "72d3162e-cc78-11e3-81ab-4c9367dc0958".to_owned())];
    Sent::new(&site, &unsigned, b"{}").with("CONTENT_TYPE", "application/json").answer();
    let reply = answer(site.signed("push", &push('a')), &push('a'));
    let id = reply.trim_end().rsplit('.').next().unwrap();
    let (_, table) = printed(site.hookspool(&["deliveries"]));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "AGE  HOOK  REF   FROM       ID        RESULT");
    assert!(lines[1].ends_with("  -     -     192.0.2.1  -         refused 404: no such hook"), "{table}");
    let unsigned =
        "  docs  -     192.0.2.1  72d3162e  refused 403: not signed: no `X-Hub-Signature-256`; set the secret";
    assert!(lines[2].contains(unsigned), "{table}");
    assert!(lines[3].ends_with(&format!("  docs  main  192.0.2.1  -         queued {id}")), "{table}");
    assert!(lines[5].starts_with("hook docs: 1 queued, 1 refused_signature since 20"), "{table}");
    assert!(lines[6].starts_with("no hook: 1 unknown_hook since 20"), "{table}");
    let (_, newest) = printed(site.hookspool(&["deliveries", "docs", "--limit", "1"]));
    assert!(newest.lines().nth(1).unwrap().contains("queued ") && newest.lines().count() == 4, "{newest}");
    let (code, text) = printed(site.hookspool(&["deliveries", "dosc"]));
    assert_eq!((code, text.as_str()), (Some(1), "hookspool: no hook `dosc`; there are: docs\n"));
}

#[test]
fn status_and_doctor_say_how_the_last_deliveries_of_a_hook_ended() {
    let yard = Yard::new("", &[("docs", STEP), ("shop", STEP), ("idle", STEP), ("full", STEP)]);
    let rings = SeenRings::of(yard.spool());
    for _ in 0..3 {
        let refused = delivery(DeliveryResult::RefusedSignature, 403, "signature wrong");
        rings.note(Some("docs"), SeenDelivery { reason: Some("the forge has another secret".into()), ..refused });
    }
    rings.note(Some("shop"), delivery(DeliveryResult::Ignored, 200, "branch dev is not deployed"));
    rings.note(Some("full"), delivery(DeliveryResult::Error, 503, "the spool cannot take it now"));
    rings.note(None, delivery(DeliveryResult::UnknownHook, 404, "no such hook"));
    drop(rings);
    let (_, screen) = said(&yard, &["status"]);
    for part in [
        "3 refused, ",
        "d ago: signature wrong\n",
        "d ago: branch dev is not deployed\n",
        "answered 503, ",
        "nothing has ever arrived\n",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    let hooks = &json(&yard, &["status"])["hooks"];
    assert_eq!(hooks[0]["seen"]["result"], "refused_signature");
    assert_eq!(hooks[2]["seen"]["headline"], "nothing has ever arrived");
    let (_, report) = said(&yard, &["doctor", "--offline"]);
    for part in [
        "warning  hook `docs`: the last delivery: 3 refused, ",
        "why: the forge has another secret\n",
        "repair: `hookspool deliveries docs` shows what came",
        "note     hook `shop`: the last delivery: ignored, ",
        "note     hook `idle`: nothing has ever arrived\n",
        "some requests named no hook: `hookspool deliveries` shows them",
        "warning  hook `full`: the last delivery: answered 503, ",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[test]
fn hostile_texts_of_a_delivery_reach_no_terminal() {
    let yard = Yard::new("", &[("docs", STEP)]);
    let rings = SeenRings::of(yard.spool());
    let hostile = "a\u{1b}[2J\r\nX\u{202e}b\u{7f}".to_owned();
    let seen = delivery(DeliveryResult::RefusedSignature, 403, &hostile);
    let some = || Some(hostile.clone());
    rings.note(
        Some("docs"),
        SeenDelivery { reason: some(), reference: some(), delivery: some(), remote: some(), ..seen },
    );
    drop(rings);
    for arguments in [&["deliveries"][..], &["deliveries", "--json"], &["status"], &["doctor", "--offline"]] {
        let (_, text) = said(&yard, arguments);
        assert!(text.contains("X b"), "{arguments:?}: {text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7f}', '\r']), "{arguments:?}: {text:?}");
    }
}

#[test]
fn a_missing_or_hostile_trace_is_told_and_hides_no_other() {
    let yard = Yard::new("", &[("docs", STEP), ("shop", STEP)]);
    fs::create_dir(yard.spool().join("seen/docs")).unwrap();
    SeenRings::of(yard.spool()).note(Some("shop"), delivery(DeliveryResult::Pong, 200, ""));
    let (code, text) = said(&yard, &["deliveries"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("/seen/docs is no file of a receiver; remove it\n") && text.contains(" pong\n"), "{text}");
    assert_eq!(said(&yard, &["deliveries", "docs"]).0, Some(74));
    fs::remove_dir_all(yard.spool().join("seen")).unwrap();
    let (code, text) = said(&yard, &["deliveries"]);
    assert!(code == Some(73) && text.contains("the runner makes what is missing when it starts"), "{code:?} {text}");
    let (_, report) = said(&yard, &["doctor", "--offline"]);
    assert!(report.contains("/seen cannot be looked at"), "{report}");
    assert!(report.contains("deliveries leave no trace in the spool"), "{report}");
}
