//! Deliveries that never become a job: refused, ignored, kept by the web server, or never sent.

use crate::support::control::{json, said};
use crate::support::http::{Framing, Request};
use crate::support::yard::Yard;
use crate::support::{Account, Gateway, Server, Site, http, until};
use hookspool::provider::Secret;
use std::fs;
use std::process::Output;

const HOOKS: &str = r#"spool = "/var/spool/hookspool"

[defaults]
secret = { file = "/etc/hookspool/secrets/docs" }
dir = "/srv"
provider = "github"
steps = [{ run = ["true"] }]

[[hook]]
name = "docs"

[[hook]]
name = "rel"
branches = ["main", "feature-*", "*x"]

[[hook]]
name = "clock"
provider = "gitee"
"#;

fn text(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap()
}

/// `hookspool send` to a hook through the web server, and what it prints.
fn send(site: &Site, server: &Server, hook: &str, more: &[&str]) -> (Option<i32>, String) {
    let url = format!("http://{}/hooks/{hook}", server.address);
    let config = site.config();
    let arguments = ["send", hook, "--url", &url, "--config", config.to_str().unwrap()];
    let output = site.hookspool(&[&arguments, more].concat());
    (output.status.code(), text(&output).replace(site.root(), ""))
}

/// Waits until the receiver has logged a line with all of these.
fn until_logged(site: &Site, parts: &[&str]) {
    let log = site.at("/var/log/hookspool.out");
    until(&format!("the receiver has logged {parts:?}"), || {
        let text = fs::read_to_string(&log).unwrap().replace(site.root(), "");
        text.lines().any(|line| parts.iter().all(|part| line.contains(part)))
    });
}

#[test]
fn a_secret_that_differs_is_named_in_the_log_with_where_ours_is() {
    let site = Site::new();
    let server = Gateway::NginxFastcgi.start(&site);
    site.configure(&include_str!("../support/hooks.toml").replace("secrets/docs", "secrets/forge"));
    site.secret("forge", "what was typed at the forge");
    assert_eq!(send(&site, &server, "docs", &[]), (Some(1), "403 signature wrong\n".to_owned()));
    let remedy = "give the forge what is in file `/etc/hookspool/secrets/docs` once more, or let \
                  `hookspool explain docs` look at the delivery";
    until_logged(&site, &["the forge has another secret than this hook", remedy]);
}

#[test]
fn what_a_rule_ignores_names_the_key_that_would_want_it() {
    let site = Site::new();
    site.configure(HOOKS);
    let server = Gateway::NginxFastcgi.start(&site);
    let ignored = |why: &str| (Some(1), format!("200 ignored: {why}\n"));
    assert_eq!(
        send(&site, &server, "rel", &["--branch", "dev"]),
        ignored("branch dev is not deployed: `branches` are `main`, `feature-*`, `*x`")
    );
    assert_eq!(
        send(&site, &server, "rel", &["--branch", "a/x"]),
        ignored(
            "branch a/x is not deployed: `branches` are `main`, `feature-*`, `*x`; `*` stops at `/`, and `**` does not"
        )
    );
    assert_eq!(
        send(&site, &server, "docs", &["--event", "tag"]),
        ignored("tags are not deployed: the hook has no `tags`")
    );
    let body = crate::support::github::push_to("dev", crate::support::github::COMMIT);
    let reply = http::send(server.address, &crate::support::github::delivery("/hooks/docs", "push", &body));
    assert_eq!(reply.text(), "ignored: branch dev is not the default branch main; `branches` would name others\n");
}

#[test]
fn a_clock_that_is_wrong_is_told_to_both_sides_and_how_to_look_at_it() {
    let site = Site::new();
    site.configure(HOOKS);
    let server = Gateway::NginxFastcgi.start(&site);
    let gitee = hookspool::config::load(&site.config()).unwrap().hook("clock").unwrap().provider.clone();
    let secret = Secret::new(crate::support::site::SECRET).unwrap();
    let ahead = jiff::Timestamp::now() + std::time::Duration::from_secs(2 * 3600);
    let body = br#"{"ref":"refs/heads/main"}"#;
    let headers = gitee.sign(&secret, body, "push_hooks", "d-1", ahead).unwrap();
    let request = Request::new("POST", "/hooks/clock", Framing::Length, body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let reply = http::send(server.address, &request);
    let told = reply.text();
    assert!(told.starts_with("the delivery is 1") && told.ends_with(" min ahead of this machine's clock\n"), "{told}");
    until_logged(&site, &["min ahead of this machine's clock", "(`timedatectl`)"]);
}

#[test]
fn a_hook_that_has_heard_nothing_is_told_and_how_to_find_out_why() {
    let step = "steps = [{ run = [\"true\"] }]";
    let yard = Yard::new("", &[("docs", step), ("shop", step)]);
    let text = fs::read_to_string(yard.path("hookspool.toml")).unwrap();
    fs::write(yard.path("hookspool.toml"), text.replace("\"github\"", "\"gitea\"")).unwrap();
    let (_, screen) = said(&yard, &["status"]);
    assert_eq!(screen.matches("nothing has ever arrived\n").count(), 2, "{screen}");
    let (_, report) = said(&yard, &["doctor", "--offline"]);
    let finding = "note     hooks `docs`, `shop`: nothing has ever arrived\n";
    assert!(report.contains(finding), "{report}");
    for part in [
        "no request for this hook has come as far as the receiver",
        "hookspool send HOOK --url URL",
        "ALLOWED_HOST_LIST",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    for hook in ["docs", "shop"] {
        yard.deliver(hook, "main", "1");
    }
    assert!(json(&yard, &["doctor", "--offline"])["findings"].as_array().unwrap().iter().all(|f| f["level"] != "note"));
}

#[test]
fn a_body_that_nginx_refuses_is_told_from_an_answer_of_ours() {
    let site = Site::new();
    let changes = [("client_max_body_size 26m;", "client_max_body_size 8k;")];
    let server = Gateway::nginx_changed(&site, &changes, Some(&Account::web().group));
    let file = site.write("/var/tmp/body", &format!("{{\"x\":\"{}\"}}", "y".repeat(20_000)));
    let (status, told) = send(&site, &server, "docs", &["--body", file.to_str().unwrap()]);
    let expected = "413 from the web server, not from hookspool: it takes no body of this size: raise its limit \
                    (nginx `client_max_body_size 26m`, Apache `LimitRequestBody`)\n";
    assert_eq!((status, told.as_str()), (Some(1), expected));
    let log = fs::read_to_string(site.at("/var/log/nginx-error.log")).unwrap();
    assert!(log.contains("client intended to send too large body"), "{log}");
    let (status, told) = send(&site, &server, "docs", &["--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &told["from_hookspool"], &told["remedy"]), (Some(0), &true.into(), &serde_json::Value::Null));
}

#[test]
fn an_authorization_that_apache_keeps_is_told_with_the_directive_that_passes_it_on() {
    let site = Site::new();
    let server = Gateway::apache_changed(&site, &[("    CGIPassAuth On\n", "")]);
    let (status, told) = send(&site, &server, "authorization", &[]);
    assert_eq!((status, told.as_str()), (Some(1), "403 not signed: no `authorization`; set the secret at the forge\n"));
    let log = fs::read_to_string(site.at("/var/log/apache-error.log")).unwrap();
    assert!(log.contains("Apache does so only with `CGIPassAuth On`"), "{log}");
}

#[test]
fn a_hook_that_a_receiver_has_not_read_yet_is_told_with_the_signal_that_reads_it() {
    let site = Site::new();
    let server = Gateway::NginxFastcgi.start(&site);
    site.configure(&include_str!("../support/hooks.toml").replace("\"docs\"", "\"new\""));
    let (status, told) = send(&site, &server, "new", &[]);
    assert_eq!((status, told.as_str()), (Some(1), "404 no such hook\n"));
    until_logged(&site, &["no hook answers on `/hooks/new`; process ", "`kill -HUP "]);
}
