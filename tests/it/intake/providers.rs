//! What becomes of deliveries of all providers, with the real executable: several refs, GET, secrets in other places,
//! secrets that expire.

use crate::crash::strace::{Call, Strace};
use crate::support::intake::{Sent, job};
use crate::support::one_hook::OneHook;
use hookspool::provider::{Authorization, GenericScheme, Provider, Secret};
use serde_json::{Value, json};

const STEPS: &str = "steps = [{ run = [\"true\"] }]";
const BEFORE: &str = "4a1d2f5c3e6b7a8990817263544536271809fafb";
const AFTER: &str = "b7c1e2d3f4a5968778695a4b3c2d1e0f12345678";

fn bitbucket() -> String {
    format!(
        "provider = \"bitbucket\"\nsecret = {{ file = \"ROOT/secret\" }}\nbranches = [\"main\", \"next\", \"b*\"]\n\
         {STEPS}"
    )
}

/// A push of Bitbucket's to these branches, with `padding`.
fn pushes(branches: &[&str], padding: usize) -> Value {
    let end = |name: &str, hash: &str| json!({ "type": "branch", "name": name, "target": { "hash": hash } });
    let change = |name: &&str| json!({ "old": end(name, BEFORE), "new": end(name, AFTER) });
    let changes: Vec<_> = branches.iter().map(change).collect();
    json!({ "push": { "changes": changes }, "repository": { "full_name": "me/docs" }, "x": "x".repeat(padding) })
}

#[test]
fn each_wanted_ref_of_a_delivery_becomes_a_job_of_its_own_with_the_whole_payload() {
    for padding in [0, 200_000] {
        let site = OneHook::new(&bitbucket(), &[("secret", "s3cr3t")]);
        let body = pushes(&["main", "other", "next"], padding);
        let answer = Sent::signed(&site, &Provider::Bitbucket, "s3cr3t", "push", &body).answer();
        let ids = answer.ids();
        let names = site.names("queued");
        assert_eq!(names, ids.iter().map(|id| format!("{id}.job")).collect::<Vec<_>>());
        for (name, reference) in names.iter().zip(["refs/heads/main", "refs/heads/next"]) {
            let (payload, meta) = job(&site.path("spool/queued").join(name));
            assert!(payload == body.to_string().as_bytes(), "{name}: another payload");
            assert_eq!((&meta["ref"], &meta["delivery"]), (&json!(reference), &json!("d-1")));
        }
        let said: Vec<_> = answer.log.iter().map(|line| line.split(' ').nth(2).unwrap()).collect();
        assert_eq!(said, ["event=queued", "event=queued", "event=ignored"], "{:?}", answer.log);
        assert!(
            answer.log[2].ends_with("reason=\"branch other is not deployed: `branches` are `main`, `next`, `b*`\""),
            "{:?}",
            answer.log
        );
        assert_eq!(site.names("tmp"), [""; 0]);
    }
}

#[test]
fn fifty_jobs_are_all_named_in_the_reply_and_fifty_one_are_none() {
    let site = OneHook::new(&bitbucket(), &[("secret", "s3cr3t")]);
    let names: Vec<_> = (0..51).map(|number| format!("b{number}")).collect();
    let branches: Vec<_> = names.iter().map(String::as_str).collect();
    let send = |count: usize| {
        Sent::signed(&site, &Provider::Bitbucket, "s3cr3t", "push", &pushes(&branches[..count], 0)).answer()
    };
    assert_eq!(send(51).reply, "400 too many refs at once");
    let answer = send(50);
    assert_eq!(answer.ids().len(), 50);
    assert_eq!(site.names("queued").len(), 50);
}

#[test]
fn one_wanted_branch_beside_many_unwanted_refs_is_one_job_and_few_lines_of_log() {
    let site = OneHook::new(&bitbucket(), &[("secret", "s3cr3t")]);
    let names: Vec<_> = (0..200).map(|number| format!("x{number}")).chain(["main".to_owned()]).collect();
    let branches: Vec<_> = names.iter().map(String::as_str).collect();
    let send =
        |branches: &[&str]| Sent::signed(&site, &Provider::Bitbucket, "s3cr3t", "push", &pushes(branches, 0)).answer();
    let answer = send(&branches);
    assert_eq!((answer.ids().len(), answer.log.len()), (1, 22));
    assert!(answer.log[21].ends_with("reason=\"180 more refs are not wanted\""), "{:?}", answer.log);
    let unwanted = send(&branches[..200]);
    assert!(unwanted.reply.starts_with("200 ignored: branch x0 is not deployed: "), "{}", unwanted.reply);
    assert!(unwanted.reply.ends_with("; 180 more refs are not wanted"), "{}", unwanted.reply);
}

#[test]
fn every_kind_of_json_is_taken_and_no_compressed_body() {
    let bearer = Provider::Generic(GenericScheme::Authorization(Authorization::Bearer));
    let generic =
        format!("provider = \"generic\"\nauthorization = \"bearer\"\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
    let site = OneHook::new(&generic, &[("secret", "s3cr3t")]);
    let send = |variable: &str, value: &str| {
        let sent = Sent::signed(&site, &bearer, "s3cr3t", "push", &json!({ "events": [] }));
        sent.with("CONTENT_TYPE", "application/json").with(variable, value).answer()
    };
    for taken in ["application/vnd.docker.distribution.events.v2+json", "application/cloudevents+json; charset=utf-8"] {
        assert_eq!(send("CONTENT_TYPE", taken).ids().len(), 1, "{taken}");
    }
    let compressed = send("HTTP_CONTENT_ENCODING", "gzip");
    assert_eq!(compressed.reply, "415 send the body without `Content-Encoding: gzip`");
    assert!(compressed.log[0].contains("`Content-Encoding: gzip`: let the sender"), "{:?}", compressed.log);
    assert_eq!(send("HTTP_CONTENT_ENCODING", "identity").ids().len(), 1);
    let github = generic.replace("generic", "github").replace("authorization = \"bearer\"\n", "");
    let site = OneHook::new(&github, &[("secret", "s3cr3t")]);
    for refused in ["", "text/plain", "text/x+json", "application/json+x", "application/+jsonx"] {
        let delivery = Sent::signed(&site, &Provider::Github, "s3cr3t", "push", &json!({}));
        assert_eq!(delivery.with("CONTENT_TYPE", refused).answer().reply, "415 send JSON or a form", "{refused}");
    }
}

#[test]
fn what_was_not_signed_is_told_from_what_was_signed_wrongly() {
    let gitea = format!("provider = \"gitea\"\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
    let site = OneHook::new(&gitea, &[("secret", "s3cr3t")]);
    let send = |signature: &str| {
        let headers =
            [("X-Gitea-Event", "push"), ("X-Gitea-Signature", signature), ("Content-Type", "application/json")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Sent::new(&site, &headers, br#"{"msgtype":"text"}"#).answer().reply
    };
    let unsigned = "403 not signed: no `X-Gitea-Signature`; set the secret at the forge (a chat type has none: \
                    use the type Gitea)";
    assert_eq!(send(""), unsigned);
    assert_eq!(send(&"0".repeat(64)), "403 signature wrong");
}

#[test]
fn the_unsigned_check_of_slack_is_answered_and_is_no_job() {
    let slack = format!("provider = \"slack\"\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
    let site = OneHook::new(&slack, &[("secret", "s3cr3t")]);
    let send = |body: &str| {
        let form = [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        Sent::new(&site, &form, body.as_bytes()).answer().reply
    };
    assert_eq!(send("ssl_check=1&token=abc"), "200 pong");
    let long = format!("ssl_check=1&x={}", "y".repeat(2000));
    for unsigned in
        ["", "token=abc&command=%2Fdeploy", "ssl_check=0&x=1", "ssl_check=1&ssl_check=1", "ssl_check=11", &long]
    {
        let refused = "403 not signed: no `X-Slack-Signature`; set the secret at the forge";
        assert_eq!(send(unsigned), refused, "{unsigned}");
    }
    assert_eq!((site.names("queued").len(), site.names("tmp").len()), (0, 0));
}

#[test]
fn a_secret_that_is_no_key_of_its_scheme_is_found_by_check() {
    let key = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (settings, secret, is_right) in [
        ("provider = \"standard-webhooks\"", key.to_owned(), true),
        ("provider = \"standard-webhooks\"", format!("v1,{key}"), false),
        ("provider = \"standard-webhooks\"", "whpk_AAAA".to_owned(), false),
        ("provider = \"gitlab\"", "any text".to_owned(), true),
        ("provider = \"gitlab\"", key.to_owned(), true),
        ("provider = \"gitlab\"", format!("v1,{key}"), false),
        ("provider = \"gitlab\"", "whsec_no base64".to_owned(), false),
        ("provider = \"sourcehut\"", "ssh-ed25519 AAAA".to_owned(), false),
        ("provider = \"azure-devops\"", "ada:s3cr3t".to_owned(), true),
        ("provider = \"azure-devops\"", "s3cr3t".to_owned(), true),
        ("provider = \"github\"", format!("v1,{key}"), true),
    ] {
        let settings = format!("{settings}\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
        let check = OneHook::new(&settings, &[("secret", &secret)]).hookspool(&["check"]).output().unwrap();
        let text = String::from_utf8(check.stdout).unwrap();
        assert_eq!((check.status.success(), text.contains("can verify nothing")), (is_right, !is_right), "{text}");
        assert!(!text.contains(&secret), "{text}");
    }
}

#[test]
fn a_second_job_that_cannot_be_appended_is_a_503_and_the_first_is_logged() {
    let site = OneHook::new(&bitbucket(), &[("secret", "s3cr3t")]);
    let send = || Sent::signed(&site, &Provider::Bitbucket, "s3cr3t", "push", &pushes(&["main", "b1", "next"], 0));
    let failed = send().under(&Strace::into(site.root()).fail_at("renameat2", 2, "EIO")).answer();
    assert_eq!(failed.reply, "503 the spool cannot take it now");
    assert_eq!((site.names("queued").len(), site.names("tmp").len()), (1, 0));
    let said: Vec<_> = failed.log.iter().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(said, ["event=queued", "event=refused"]);
    assert_eq!(send().answer().ids().len(), 3);
}

#[test]
fn nothing_of_a_delivery_is_accepted_when_its_payload_cannot_be_copied() {
    let site = OneHook::new(&bitbucket(), &[("secret", "s3cr3t")]);
    let body = pushes(&["main", "b1", "next"], 100_000);
    let send =
        |strace: &Strace| Sent::signed(&site, &Provider::Bitbucket, "s3cr3t", "push", &body).under(strace).answer();
    let clean = Strace::into(site.root());
    assert_eq!(send(&clean).ids().len(), 3);
    let calls = clean.calls();
    let queued = site.names("queued");
    for name in ["openat", "pread64", "pwrite64"] {
        let in_tmp = |call: &&Call| call.name == name && call.names("spool/tmp") && !call.failed();
        let found: Vec<&Call> = calls.iter().filter(in_tmp).collect();
        // The last three writes are those of the descriptions, when all payloads are there.
        let later = if name == "pwrite64" { 3 } else { 0 };
        let nth = found[found.len() - 1 - later].nth;
        let failed = send(&Strace::into(site.root()).fail_at(name, nth, "EIO"));
        assert_eq!(failed.reply, "503 the spool cannot take it now", "{name} {:?}", failed.log);
        assert_eq!((site.names("queued"), site.names("tmp")), (queued.clone(), Vec::new()), "{name}");
    }
}

#[test]
fn a_body_that_cannot_be_read_again_is_our_trouble_and_not_the_senders() {
    let github = format!("provider = \"github\"\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
    let site = OneHook::new(&github, &[("secret", "s3cr3t")]);
    let body = json!({ "ref": "refs/heads/main", "after": AFTER, "x": "x".repeat(200_000) });
    let send = || Sent::signed(&site, &Provider::Github, "s3cr3t", "push", &body);
    let clean = Strace::into(site.root());
    assert!(send().under(&clean).answer().reply.starts_with("200 "));
    let reads: Vec<Call> =
        clean.calls().into_iter().filter(|call| call.name == "pread64" && call.names("spool/tmp")).collect();
    assert!(reads.len() > 2, "{reads:?}");
    for call in [&reads[0], &reads[reads.len() - 1]] {
        let strace = Strace::into(site.root()).fail_at("pread64", call.nth, "EIO");
        let failed = send().under(&strace).answer();
        assert_eq!(failed.reply, "503 the spool cannot take it now", "{:?}", failed.log);
        assert!(failed.log[0].contains("cannot read the body again"), "{:?}", failed.log);
    }
    let ignored = send().answer();
    assert!(ignored.reply.starts_with("200 ignored: the delivery names no default branch"), "{}", ignored.reply);
}

#[test]
fn a_get_of_gitea_is_a_delivery_only_where_the_hook_allows_it() {
    let settings = |allow: bool| {
        format!(
            "provider = \"gitea\"\nsecret = {{ file = \"ROOT/secret\" }}\nallow_get = {allow}\n\
             steps = [{{ shell = \"cp \\\"$HOOKSPOOL_PAYLOAD\\\" got\" }}]"
        )
    };
    let body = json!({
        "ref": "refs/heads/main", "before": BEFORE, "after": AFTER, "commits": null,
        "repository": { "full_name": "me/docs", "default_branch": "main" },
    });
    let query = format!("payload={}", percent_encoded(&body.to_string()));
    let ask = |site: &OneHook, method: &str, query: &str| {
        Sent::signed(site, &Provider::Gitea, "s3cr3t", "push", &body)
            .with("REQUEST_METHOD", method)
            .with("QUERY_STRING", query)
            .without("CONTENT_LENGTH")
            .without("CONTENT_TYPE")
            .answer()
    };
    let refused = |site: &OneHook, method: &str| {
        let answer = ask(site, method, &query);
        format!("{}, Allow: {}", answer.reply, answer.allow().unwrap_or_default())
    };
    let strict = OneHook::new(&settings(false), &[("secret", "s3cr3t")]);
    for method in ["GET", "HEAD", "PUT", "post"] {
        assert_eq!(refused(&strict, method), "405 only POST delivers, Allow: POST", "{method}");
    }

    let site = OneHook::new(&settings(true), &[("secret", "s3cr3t")]);
    for method in ["HEAD", "OPTIONS", "PUT", "get"] {
        assert_eq!(refused(&site, method), "405 only GET and POST deliver, Allow: GET, POST", "{method}");
    }
    let get = |site: &OneHook, query: &str| ask(site, "GET", query);
    assert_eq!(get(&site, "").reply, "403 signature wrong");
    assert_eq!(get(&site, &query.replace("main", "mein")).reply, "403 signature wrong");
    assert_eq!(get(&site, &format!("{query}&payload=x")).reply, "403 signature wrong");
    assert_eq!(get(&site, &query).ids().len(), 1);
    let output = site.hookspool(&["spool-runner", "--once"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read_to_string(site.path("site/got")).unwrap(), body.to_string());
}

fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

#[test]
fn the_secret_of_docker_hub_is_in_the_path_and_in_no_log() {
    let settings =
        format!("provider = \"docker-hub\"\nsecret = {{ file = \"ROOT/secret\" }}\nevents = [\"package\"]\n{STEPS}");
    let site = OneHook::new(&settings, &[("secret", "u-9f2d7c")]);
    let body = json!({ "push_data": { "tag": "latest", "pusher": "ada" }, "repository": { "repo_name": "me/web" } });
    let send = |path: &str| {
        Sent::signed(&site, &Provider::DockerHub, "u-9f2d7c", "push", &body).with("PATH_INFO", path).answer()
    };
    for (path, reply) in [
        ("", "403 signature wrong"),
        ("/", "403 signature wrong"),
        ("/u-9f2d7d", "403 signature wrong"),
        ("/x/u-9f2d7c", "404 no such hook"),
    ] {
        let answer = send(path);
        assert_eq!((answer.reply.as_str(), answer.log.concat().contains("9f2d7")), (reply, false), "{path}");
    }
    let no_length = Sent::signed(&site, &Provider::DockerHub, "u-9f2d7c", "push", &body);
    let no_length = no_length.with("PATH_INFO", "/u-9f2d7c").with("CONTENT_LENGTH", "x").answer();
    assert!(no_length.reply.starts_with("400"), "{}", no_length.reply);
    assert!(!no_length.log.concat().contains("9f2d7c"), "{:?}", no_length.log);
    let answer = send("/u-9f2d7c");
    let name = format!("{}.job", answer.ids()[0]);
    assert!(!answer.log.concat().contains("9f2d7c"), "{:?}", answer.log);
    let (_, meta) = job(&site.path("spool/queued").join(name));
    assert_eq!((&meta["event"], meta.to_string().contains("9f2d7c")), (&json!("package"), false));
}

#[test]
fn a_slash_command_of_slack_has_no_fields_that_match_could_want() {
    let send = |rules: &str| {
        let settings = format!("provider = \"slack\"\nsecret = {{ file = \"ROOT/secret\" }}\n{rules}\n{STEPS}");
        let site = OneHook::new(&settings, &[("secret", "s3cr3t")]);
        let (secret, body) = (Secret::new("s3cr3t").unwrap(), b"command=%2Fdeploy&text=docs");
        let headers = Provider::Slack.sign(&secret, body, "push", "d-1", jiff::Timestamp::now()).unwrap();
        Sent::new(&site, &headers, body).with("CONTENT_TYPE", "application/x-www-form-urlencoded").answer()
    };
    assert_eq!(send("").ids().len(), 1);
    let rules = "match = [{ field = \"/text\", equals = \"docs\" }]";
    assert_eq!(send(rules).reply, "200 ignored: field /text is absent");
}

#[test]
fn the_unsigned_test_of_bitbucket_server_is_answered_and_is_no_job() {
    let settings = format!("provider = \"bitbucket-server\"\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
    let site = OneHook::new(&settings, &[("secret", "s3cr3t")]);
    let send = |event: &str| {
        let headers =
            [("X-Event-Key".to_owned(), event.to_owned()), ("Content-Type".into(), "application/json".into())];
        Sent::new(&site, &headers, b"{\"test\": true}").answer()
    };
    assert_eq!(send("diagnostics:ping").reply, "200 pong");
    assert_eq!(send("repo:refs_changed").reply, "403 not signed: no `X-Hub-Signature`; set the secret at the forge");
    assert_eq!(site.names("queued"), [""; 0]);
}

#[test]
fn an_authorization_that_apache_renamed_still_counts() {
    let settings =
        format!("provider = \"generic\"\nauthorization = \"basic\"\nsecret = {{ file = \"ROOT/secret\" }}\n{STEPS}");
    let site = OneHook::new(&settings, &[("secret", "hook:p@ss:wörd\n")]);
    let provider = Provider::Generic(GenericScheme::Authorization(Authorization::Basic));
    let send = |variable: &str, value: &str| {
        Sent::signed(&site, &provider, "hook:p@ss:wörd", "push", &json!({}))
            .without("HTTP_AUTHORIZATION")
            .with(variable, value)
            .answer()
    };
    let right = "Basic aG9vazpwQHNzOnfDtnJk";
    assert_eq!(send("REDIRECT_HTTP_AUTHORIZATION", right).ids().len(), 1);
    assert_eq!(send("HTTP_AUTHORIZATION", right).ids().len(), 1);
    assert_eq!(send("HTTP_AUTHORIZATION", "Basic aG9vazpub3Bl").reply, "403 signature wrong");
    let absent = send("REDIRECT_HTTP_X", right);
    assert!(absent.log[0].contains("Apache does so only with `CGIPassAuth On`"), "{:?}", absent.log);
}

#[test]
fn a_secret_counts_until_it_expires_and_the_log_names_the_one_that_matched() {
    let settings = |expires: &str| {
        format!(
            "provider = \"bitbucket-server\"\n{STEPS}\nbranches = [\"main\"]\n\
             secret = [{{ file = \"ROOT/old\", expires = \"{expires}\" }}, {{ file = \"ROOT/new\" }}]"
        )
    };
    let body = json!({
        "changes": [{ "ref": { "id": "refs/heads/main" }, "fromHash": BEFORE, "toHash": AFTER }],
        "repository": { "slug": "docs", "project": { "key": "me" } },
    });
    let secrets = [("old", "s3cr3t-1\n"), ("new", "s3cr3t-2")];
    for (expires, old_counts) in [("2020-01-01", false), ("2999-12-31", true)] {
        let site = OneHook::new(&settings(expires), &secrets);
        let send = |secret: &str| Sent::signed(&site, &Provider::BitbucketServer, secret, "push", &body).answer();
        let by_old = send("s3cr3t-1");
        assert_eq!(by_old.reply.starts_with("202 queued "), old_counts, "{}", by_old.reply);
        assert_eq!(by_old.log[0].contains("/old`\""), old_counts, "{:?}", by_old.log);
        let by_new = send("s3cr3t-2");
        assert_eq!(by_new.ids().len(), 1);
        assert!(by_new.log[0].contains(" secret=\"file `") && by_new.log[0].contains("/new`\""), "{:?}", by_new.log);
        let check = site.hookspool(&["check"]).output().unwrap();
        let text = String::from_utf8(check.stdout).unwrap();
        assert_eq!(text.contains("has expired; take it out"), !old_counts, "{text}");
        assert!(text.contains("check: signed body\n"), "{text}");
    }
    let all = settings("2020-01-01").replace("{ file = \"ROOT/new\" }", "");
    let site = OneHook::new(&all, &secrets);
    let refused = Sent::signed(&site, &Provider::BitbucketServer, "s3cr3t-1", "push", &body).answer();
    assert_eq!(refused.reply, "500 not configured");
    assert!(refused.log[0].contains("all secrets of hook `docs` have expired"), "{:?}", refused.log);
}

#[test]
fn a_delivery_that_looks_like_another_providers_is_a_remark_and_no_more() {
    let github = format!("provider = \"github\"\nsecret = {{ file = \"ROOT/secret\" }}\nbranches = [\"*\"]\n{STEPS}");
    let site = OneHook::new(&github, &[("secret", "s3cr3t")]);
    let body = json!({ "ref": "refs/heads/main", "before": BEFORE, "after": AFTER });
    let send = || Sent::signed(&site, &Provider::Github, "s3cr3t", "push", &body);
    let answer = send().with("HTTP_X_GITEA_EVENT", "push").answer();
    assert_eq!(answer.ids().len(), 1);
    let remark = "remark=\"this delivery looks like gitea's, the hook says github\"";
    assert!(answer.log[0].contains(remark), "{:?}", answer.log);
    assert!(!send().answer().log[0].contains("remark"));
}

#[test]
fn a_generic_body_may_be_anything_and_its_fields_are_read_where_it_is_json() {
    let settings = |rules: &str| {
        format!(
            "provider = \"generic\"\ntoken_header = \"X-Token\"\nsecret = {{ file = \"ROOT/secret\" }}\n{rules}\n\
             steps = [{{ shell = \"cat $HOOKSPOOL_PAYLOAD >> got; echo >> got\" }}]"
        )
    };
    let site = OneHook::new(&settings(""), &[("secret", "s3cr3t")]);
    let deliver = |site: &OneHook, kind: &str, body: &str| {
        let headers = [("Content-Type", kind), ("X-Token", "s3cr3t")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        Sent::new(site, &headers, body.as_bytes()).answer()
    };
    let form = "application/x-www-form-urlencoded";
    let sent = [
        ("text/xml", "<a/>", "<a/>"),
        ("", "plain", "plain"),
        ("multipart/form-data; boundary=b", "--b--", "--b--"),
        (form, "text=a+b&x=%41", "text=a+b&x=%41"),
        (form, "payload=%7B%22a%22%3A1%7D", r#"{"a":1}"#),
        ("application/json", r#"[{"event":"open"}]"#, r#"[{"event":"open"}]"#),
        ("application/json", "7", "7"),
    ];
    for (kind, body, _) in sent {
        assert_eq!(deliver(&site, kind, body).ids().len(), 1, "{kind} {body}");
    }
    assert_eq!(deliver(&site, "application/json", "{").reply, "400 malformed payload");
    let output = site.hookspool(&["spool-runner", "--once"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected = sent.map(|(_, _, payload)| format!("{payload}\n")).concat();
    assert_eq!(std::fs::read_to_string(site.path("site/got")).unwrap(), expected);
    let rules = settings("match = [{ field = \"/0/event\", equals = \"open\" }]");
    let matching = OneHook::new(&rules, &[("secret", "s3cr3t")]);
    assert_eq!(deliver(&matching, "application/json", r#"[{"event":"open"}]"#).ids().len(), 1);
    assert_eq!(deliver(&matching, "text/plain", "[]").reply, "200 ignored: field /0/event is absent");
    assert_eq!(deliver(&matching, form, "0=open").reply, "200 ignored: field /0/event is absent");
    assert_eq!(deliver(&matching, "text/xml", "<a/>").reply, "200 ignored: field /0/event is absent");
}
