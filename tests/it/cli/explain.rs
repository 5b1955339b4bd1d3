//! `explain`: a delivery or a job, in words and as JSON, with the exit code as the answer.

use crate::support::one_hook::{OneHook, push};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

const STEPS: &str = r#"steps = [{ git = "update" }, { run = ["make", "docs"] }, { shell = "true", always = true }]"#;

fn site() -> OneHook {
    OneHook::of_github(&format!(
        "{STEPS}\nbranches = [\"main\"]\nmatch = [{{ field = \"/repository/full_name\", regex = '^me/' }}]"
    ))
}

fn signature(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(body);
    format!("X-GitHub-Event: push\r\nX-Hub-Signature-256: sha256={}\r\n", hex::encode(mac.finalize().into_bytes()))
}

impl OneHook {
    /// Gives the hook a second secret that counts until the end of a day.
    fn rotate(&self, secret: &[u8], until: &str) {
        fs::write(self.path("old"), secret).unwrap();
        fs::set_permissions(self.path("old"), fs::Permissions::from_mode(0o600)).unwrap();
        let text = fs::read_to_string(self.path("hookspool.toml")).unwrap();
        let root = self.root().display();
        let one = format!("secret = {{ file = \"{root}/secret\" }}");
        let two =
            format!("secret = [{{ file = \"{root}/secret\" }}, {{ file = \"{root}/old\", expires = \"{until}\" }}]");
        assert!(text.contains(&one));
        fs::write(self.path("hookspool.toml"), text.replace(&one, &two)).unwrap();
    }
}

/// `explain docs` of `body` with `headers`, both in files.
fn explain(site: &OneHook, headers: &str, body: &[u8], more: &[&str]) -> Output {
    fs::write(site.path("headers"), format!("POST / HTTP/1.1\r\nContent-Type: application/json\r\n{headers}")).unwrap();
    fs::write(site.path("body"), body).unwrap();
    let (headers, body) = (site.path("headers"), site.path("body"));
    let arguments =
        [&["explain", "docs", "--headers", headers.to_str().unwrap(), body.to_str().unwrap()], more].concat();
    let output = site.hookspool(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("topsecret"), "a secret was shown: {said}");
    output
}

fn lines(site: &OneHook, output: &Output) -> String {
    let root = site.root().to_str().unwrap();
    String::from_utf8(output.stdout.clone()).unwrap().replace(root, "/root")
}

#[test]
fn a_delivery_that_would_run_is_told_from_its_signature_to_its_steps() {
    let site = site();
    let body = push('a');
    let output = explain(&site, &signature(b"topsecret", &body), &body, &[]);
    let expected = "\
hook        docs (provider github)
looks like  github
body        172 bytes, application/json
signed      the body as it was sent
signature   valid: matches secret 1 of this hook, file `/root/secret`
event       push of refs/heads/main to aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa in me/docs
            repository  passes
            events      passes
            branches    passes
            skip        passes
            match       passes
            paths       passes
answer      202 queued
would run   in /root/site, queue docs
            1. git update
            2. run [\"make\", \"docs\"]
            3. shell true (always)
";
    assert_eq!(lines(&site, &output), expected.replace("172", &body.len().to_string()));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_rule_that_decides_is_marked() {
    let site = site();
    let body = String::from_utf8(push('a')).unwrap().replace("refs/heads/main", "refs/heads/dev").into_bytes();
    let output = explain(&site, &signature(b"topsecret", &body), &body, &[]);
    let said = lines(&site, &output);
    assert!(
        said.contains("            branches    no: branch dev is not deployed: `branches` are `main`  <- decides\n"),
        "{said}"
    );
    assert!(
        said.contains(
            "\nanswer      200 ignored: branch dev is not deployed: `branches` are `main`\nwould run   nothing\n"
        ),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
    let other = String::from_utf8(push('a')).unwrap().replace("me/docs", "you/docs").into_bytes();
    let said = lines(&site, &explain(&site, &signature(b"topsecret", &other), &other, &[]));
    assert!(
        said.contains("match       no: field /repository/full_name is not what `match` wants  <- decides"),
        "{said}"
    );
}

#[test]
fn a_wrong_signature_is_diagnosed_and_the_event_is_told_all_the_same() {
    let site = site();
    let body = push('a');
    let output = explain(&site, &signature(b"topsecret\n", &body), &body, &[]);
    let said = lines(&site, &output);
    for part in [
        "signature   not valid: `X-Hub-Signature-256` is wrong",
        "finding     it matches secret 1 of this hook, file `/root/secret` with a line feed at its end",
        "event       push of refs/heads/main",
        "answer      403 signature wrong\nwould run   nothing\n",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_signature_that_nothing_explains_is_said_to_be_one() {
    let site = site();
    let body = push('a');
    let said = lines(&site, &explain(&site, &signature(b"quite another", &body), &body, &[]));
    let expected = "finding     no known mistake explains it: give the forge the secret once more\n";
    assert!(said.contains(expected), "{said}");
    let absent = lines(&site, &explain(&site, "X-GitHub-Event: push\n", &body, &[]));
    assert!(!absent.contains("finding") && absent.contains("`X-Hub-Signature-256` is absent"), "{absent}");
}

#[test]
fn a_delivery_of_another_provider_is_seen_as_one() {
    let site = site();
    let body = push('a');
    let headers = signature(b"topsecret", &body);
    let bare = headers.split("sha256=").nth(1).unwrap();
    let gitea = format!("X-GitHub-Event: push\nX-Gitea-Event: push\nX-Gitea-Signature: {bare}");
    let said = lines(&site, &explain(&site, &gitea, &body, &[]));
    assert!(said.contains("looks like  gitea\n"), "{said}");
    assert!(said.contains("remark      this delivery looks like gitea's, the hook says github\n"), "{said}");
    assert!(said.contains("finding     it is right as gitea's: set `provider = \"gitea\"`\n"), "{said}");
}

#[test]
fn json_says_the_same() {
    let site = site();
    let body = push('a');
    let output = explain(&site, &signature(b"topsecret", &body), &body, &["--json"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["would_run"], true);
    assert_eq!(said["signature"]["ok"], true);
    assert_eq!(said["events"][0]["ref"], "refs/heads/main");
    assert_eq!(said["events"][0]["rules"][1], serde_json::json!({ "rule": "events", "wanted": true, "why": null }));
    assert_eq!(said["steps"].as_array().unwrap().len(), 3);
}

#[test]
fn a_job_is_explained_by_its_id() {
    let site = site();
    site.queue('b');
    let name = site.names("queued").remove(0);
    let id = name.strip_suffix(".job").unwrap();
    let output = site.hookspool(&["explain", id]).output().unwrap();
    let said = lines(&site, &output);
    assert!(said.contains(&format!("job         {id}, queued\n")), "{said}");
    assert!(said.contains("signature   valid: verified at 20"), "{said}");
    assert!(said.contains("answer      202 queued\n"), "{said}");
    assert_eq!(output.status.code(), Some(0));
    // What would run is judged by the configuration of today.
    let changed = fs::read_to_string(site.path("hookspool.toml")).unwrap().replace("[\"main\"]", "[\"other\"]");
    fs::write(site.path("hookspool.toml"), changed).unwrap();
    let output = site.hookspool(&["explain", id]).output().unwrap();
    assert!(
        lines(&site, &output).contains("branch main is not deployed: `branches` are `other`  <- decides"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn what_is_neither_hook_nor_job_and_what_cannot_be_read_is_said() {
    let site = site();
    let nobody = site.hookspool(&["explain", "nobody"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&nobody.stderr),
        "hookspool: no hook and no job `nobody`; the hooks are: docs\n"
    );
    let absent = site.hookspool(&["explain", "docs", "/absent"]).output().unwrap();
    assert_eq!(absent.status.code(), Some(74));
    let malformed = explain(&site, &signature(b"topsecret", b"{"), b"{", &[]);
    let said = lines(&site, &malformed);
    assert!(said.contains("answer      400 malformed payload\n") && said.contains("valid: matches"), "{said}");
}

#[test]
fn a_forge_without_a_secret_and_an_expired_one_are_told_apart() {
    let site = site();
    let body = push('a');
    let empty = "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=\n";
    let said = lines(&site, &explain(&site, empty, &body, &[]));
    assert!(said.contains("`X-Hub-Signature-256` is empty: the forge has no secret set for this hook\n"), "{said}");
    site.rotate(b"old secret", "2026-01-31");
    let output = explain(&site, &signature(b"old secret", &body), &body, &[]);
    let said = lines(&site, &output);
    let expected = "finding     it matches secret 2 of this hook, file `/root/old`, which has expired\n";
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("old secret"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    // While it counted, it was right.
    let output = explain(&site, &signature(b"old secret", &body), &body, &["--at", "2026-01-30T12:00:00Z"]);
    assert!(lines(&site, &output).contains("valid: matches secret 2 of this hook, file `/root/old`\n"), "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn several_refs_in_one_delivery_are_judged_one_by_one() {
    let site = site();
    let text = fs::read_to_string(site.path("hookspool.toml")).unwrap().replace("\"github\"", "\"bitbucket\"");
    fs::write(site.path("hookspool.toml"), text).unwrap();
    let end = |name: &str, digit: &str| serde_json::json!({ "type": "branch", "name": name, "target": { "hash": digit.repeat(40) } });
    let change = |name: &str| serde_json::json!({ "old": end(name, "1"), "new": end(name, "2") });
    let body = |names: [&str; 2]| {
        let changes = names.map(change);
        serde_json::json!({ "push": { "changes": changes }, "repository": { "full_name": "me/docs" } }).to_string()
    };
    let said = |body: &str| {
        let headers = signature(b"topsecret", body.as_bytes()).replace("X-Hub-Signature-256", "X-Hub-Signature");
        lines(
            &site,
            &explain(&site, &format!("X-Event-Key: repo:push\nX-Hook-UUID: 1\n{headers}"), body.as_bytes(), &[]),
        )
    };
    let one = said(&body(["dev", "main"]));
    assert!(
        one.contains("answer      202 queued\n")
            && one.contains("branch dev is not deployed: `branches` are `main`  <- decides"),
        "{one}"
    );
    let none = said(&body(["dev", "old"]));
    let expected = "answer      200 ignored: branch dev is not deployed: `branches` are `main`; \
                    branch old is not deployed: `branches` are `main`\nwould run   nothing\n";
    assert!(none.contains(expected), "{none}");
}

#[test]
fn a_secret_in_the_address_comes_from_the_request_line() {
    let site = site();
    let text = fs::read_to_string(site.path("hookspool.toml")).unwrap().replace("\"github\"", "\"docker-hub\"");
    fs::write(site.path("hookspool.toml"), text.replace("branches = [\"main\"]", "events = [\"package\"]")).unwrap();
    let body = br#"{"push_data":{"tag":"v1"},"repository":{"repo_name":"me/image","full_name":"me/image"}}"#;
    fs::write(site.path("body"), body).unwrap();
    let said = |line: &str| {
        fs::write(site.path("headers"), format!("{line}\nContent-Type: application/json\n")).unwrap();
        let (headers, body) = (site.path("headers"), site.path("body"));
        let arguments = ["explain", "docs", "--headers", headers.to_str().unwrap(), body.to_str().unwrap()];
        lines(&site, &site.hookspool(&arguments).output().unwrap())
    };
    let right = said("POST /hooks/docs/topsecret HTTP/1.1");
    assert!(right.contains("signed      nothing: the address is the secret\n"), "{right}");
    assert!(right.contains("signature   valid: ") && right.contains("answer      202 queued\n"), "{right}");
    let wrong = said("POST /hooks/docs/guess HTTP/1.1");
    assert!(wrong.contains("signature   not valid: ") && !wrong.contains("topsecret"), "{wrong}");
}

#[test]
fn a_delivery_by_get_is_read_from_its_request_line() {
    let site = site();
    let text = fs::read_to_string(site.path("hookspool.toml")).unwrap();
    fs::write(site.path("hookspool.toml"), text.replace("\"github\"", "\"gitea\"\nallow_get = true")).unwrap();
    let body = push('a');
    let query = body.iter().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let bare = signature(b"topsecret", &body).split("sha256=").nth(1).unwrap().trim().to_owned();
    let head = format!("GET /hooks/docs?payload={query} HTTP/1.1\nX-Gitea-Event: push\nX-Gitea-Signature: {bare}\n");
    fs::write(site.path("headers"), head).unwrap();
    let headers = site.path("headers");
    let output =
        site.hookspool(&["explain", "docs", "--headers", headers.to_str().unwrap(), "/dev/null"]).output().unwrap();
    let said = lines(&site, &output);
    assert!(said.contains("signed      the JSON inside the form\n"), "{said}");
    assert!(said.contains("valid: matches secret 1") && said.contains("answer      202 queued\n"), "{said}");
}
