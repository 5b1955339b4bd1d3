//! Every construct of adnanh/webhook that is used in practice.

use super::Imported;
use serde_json::{Value, json};

fn hmac(kind: &str, header: &str, secret: &str) -> Value {
    json!({ "match": { "type": kind, "secret": secret, "parameter": { "source": "header", "name": header } } })
}

fn field(name: &str, value: &str) -> Value {
    json!({ "match": { "type": "value", "value": value, "parameter": { "source": "payload", "name": name } } })
}

fn header(name: &str, value: &str) -> Value {
    json!({ "match": { "type": "value", "value": value, "parameter": { "source": "header", "name": name } } })
}

/// A hook `site` of a rule.
fn of_rule(rule: &Value) -> Imported {
    imported(&json!({ "trigger-rule": rule }))
}

/// A hook `site` with more keys.
fn of_keys(keys: &Value) -> Imported {
    let signed = json!({ "trigger-rule": hmac("payload-hmac-sha256", "X-Hub-Signature-256", "s1") });
    imported(&merged(&signed, keys))
}

fn imported(keys: &Value) -> Imported {
    let (command, dir) = ("/srv/site/deploy.sh", "/srv/site");
    let hook = json!({ "id": "site", "execute-command": command, "command-working-directory": dir });
    Imported::from("webhook", "hooks.json", &json!([merged(&hook, keys)]).to_string())
}

fn merged(one: &Value, more: &Value) -> Value {
    let mut all = one.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn of_text(text: &str, name: &str) -> Value {
    json!({ "source": "string", "name": text, "envname": name })
}

fn of_payload(path: &str, name: &str) -> Value {
    json!({ "source": "payload", "name": path, "envname": name })
}

#[test]
fn a_signature_and_a_branch_are_a_hook_of_the_forge() {
    for (kind, name, provider) in [
        ("payload-hmac-sha256", "X-Hub-Signature-256", "github"),
        ("payload-hmac-sha1", "X-Hub-Signature", "github"),
        ("payload-hash-sha1", "X-Hub-Signature", "github"),
        ("payload-hmac-sha256", "X-Gitea-Signature", "gitea"),
        ("payload-hmac-sha256", "X-Gogs-Signature", "gogs"),
    ] {
        let it = of_rule(&json!({ "and": [hmac(kind, name, "hunter2"), field("ref", "refs/heads/main")] }));
        assert_eq!(it.code, Some(0), "{}", it.told);
        it.has(&[
            "name       = \"site\"",
            "path       = \"/hooks/site\"",
            &format!("provider   = \"{provider}\""),
            "branches   = [\"main\"]",
            "tags       = []",
            "dir        = \"/srv/site\"",
            "{ run = [\"/srv/site/deploy.sh\"] },",
        ]);
        assert_eq!(it.secret("site"), "hunter2");
        assert!(!it.text.contains("hunter2") && !it.told.contains("hunter2"));
        it.checks();
    }
}

#[test]
fn a_signature_in_another_header_and_a_token_are_a_generic_hook() {
    let it = of_rule(&hmac("payload-hmac-sha512", "X-Own-Sign", "s1"));
    it.has(&["provider   = \"generic\"", "signature  = { header = \"x-own-sign\", algorithm = \"sha512\" }"]);
    it.checks();
    for (name, value, setting, secret) in [
        ("Authorization", "Bearer hunter2", "authorization = \"bearer\"", "hunter2"),
        ("Authorization", "Basic bWU6aHVudGVyMg==", "authorization = \"basic\"", "me:hunter2"),
        ("Authorization", "hunter2", "authorization = \"verbatim\"", "hunter2"),
        ("X-Deploy-Token", "hunter2", "token_header = \"x-deploy-token\"", "hunter2"),
    ] {
        let it = of_rule(&header(name, value));
        it.has(&["provider   = \"generic\"", setting]);
        assert_eq!(it.secret("site"), secret);
        it.checks();
    }
    for (name, provider) in [("X-Gitlab-Token", "gitlab"), ("X-Gitee-Token", "gitee")] {
        let it = of_rule(&header(name, "hunter2"));
        it.has(&[&format!("provider   = \"{provider}\"")]);
        it.checks();
    }
}

#[test]
fn fields_of_the_payload_are_rules_that_a_delivery_meets() {
    let ref_of_payload = json!({ "source": "payload", "name": "ref" });
    let tag = json!({ "match": { "type": "regex", "regex": "^refs/tags/v[0-9]+$", "parameter": ref_of_payload } });
    let token = header("X-Gitlab-Token", "hunter2");
    let it = of_rule(&json!({ "and": [token, field("object_kind", "push"), field("project.id", "7"),
        field("repository.full_name", "me/site"), tag, header("X-Gitlab-Event", "Push Hook")] }));
    it.has(&[
        "repository = \"me/site\"",
        "events     = [\"push\"]",
        "branches   = [\"**\"]",
        "tags       = [\"**\"]",
        "match      = [{ field = \"/object_kind\", equals = \"push\" }, { field = \"/project/id\", equals = 7 }, \
         { field = \"/ref\", regex = \"^refs/tags/v[0-9]+$\" }]",
    ]);
    assert!(it.told.contains("`project.id` is compared with 7"), "{}", it.told);
    it.checks();

    let tags = of_rule(&json!({ "and": [token, field("ref", "refs/tags/v1[x]")] }));
    tags.has(&["branches   = []", "tags       = ['v1\\[x\\]']"]);
    tags.checks();
    let several =
        of_rule(&json!({ "and": [{ "or": [field("ref", "refs/heads/a"), field("ref", "refs/heads/b")] }, token] }));
    several.has(&["branches   = [\"a\", \"b\"]"]);
    several.checks();
    let github = |secret: &str| hmac("payload-hmac-sha256", "X-Hub-Signature-256", secret);
    let rotated = of_rule(&json!({ "or": [github("s1"), github("s2")] }));
    assert_eq!((rotated.secret("site"), rotated.secret("site.2")), ("s1".into(), "s2".into()));
    rotated.checks();
}

#[test]
fn a_hook_without_a_check_gets_a_secret_of_its_own_and_the_words_for_it() {
    let url =
        json!({ "match": { "type": "value", "value": "hunter2", "parameter": { "source": "url", "name": "token" } } });
    let event = json!({ "source": "header", "name": "X-Gitea-Event" });
    let hooks = json!([
        { "id": "open", "execute-command": "/srv/a/x" },
        { "id": "empty", "execute-command": "/srv/a/x", "trigger-rule": {} },
        { "id": "in-url", "execute-command": "/srv/a/x", "trigger-rule": url },
        { "id": "only-ref", "execute-command": "/srv/a/x", "trigger-rule": field("ref", "refs/heads/main") },
        { "id": "of-gitea", "execute-command": "/srv/a/x", "pass-environment-to-command": [event] },
    ]);
    let it = Imported::from("webhook", "hooks.json", &hooks.to_string());
    assert_eq!(it.code, Some(0), "{}", it.told);
    for name in ["open", "empty", "in-url", "only-ref", "of-gitea"] {
        assert_eq!(it.secret(name).len(), 64, "{name}");
        assert!(it.told.contains(&format!("hook `{name}`: it was open to the world: enter")), "{}", it.told);
    }
    assert!(it.told.contains("`HOOK_X-Gitea-Event`, which no shell can read"), "{}", it.told);
    assert!(!it.text.contains("hunter2") && it.text.contains("provider   = \"gitea\""), "{}", it.text);
    assert_eq!(it.text.matches("authorization = \"bearer\"").count(), 4, "{}", it.text);
    it.checks();
}

#[test]
fn what_cannot_be_said_here_is_refused_and_not_left_open() {
    let signed = hmac("payload-hmac-sha256", "X-Hub-Signature-256", "s1");
    for (rule, why) in [
        (json!({ "and": [signed, { "not": field("ref", "refs/heads/wip") }] }), "`not` has no counterpart"),
        (json!({ "or": [signed, field("ref", "refs/heads/main")] }), "`or` of rules that are not of one kind"),
        (json!({ "and": [signed, header("X-Mode", "x")] }), "header `x-mode` has no counterpart"),
        (json!({ "and": [signed, header("X-GitHub-Event", "issues")] }), "event `issues` has no counterpart"),
        (json!({ "match": { "type": "scalr-signature", "secret": "s" } }), "`scalr-signature` has no counterpart"),
        (hmac("payload-hmac-sha256", "X-Hub-Signature-256", ""), "an empty secret"),
    ] {
        let it = of_rule(&rule);
        assert_eq!(it.code, Some(1), "{rule}: {}", it.told);
        assert!(it.told.contains("hook `site` was not translated: ") && it.told.contains(why), "{why}: {}", it.told);
        assert!(!it.text.contains("[[hook]]") && it.text.contains("# ATTENTION: hook `site`"), "{}", it.text);
    }
    let address = json!({ "match": { "type": "ip-whitelist", "ip-range": "10.0.0.0/8" } });
    let it = of_rule(&json!({ "and": [signed, address] }));
    assert_eq!(it.code, Some(1), "{}", it.told);
    it.has(&["# ATTENTION: dropped `ip-whitelist` 10.0.0.0/8: say so in the web server (`allow`, `Require ip`)"]);
    it.checks();
}

#[test]
fn what_a_command_gets_of_a_delivery_stays_in_variables() {
    let arguments = json!([of_text("--now", ""), of_payload("after", ""), of_payload("head_commit.author.name", "")]);
    let delivery = json!({ "source": "header", "name": "X-GitHub-Delivery", "envname": "ID" });
    let variables = json!([of_payload("repository.full_name", "REPO"), of_text("it's", "WORD"), delivery]);
    let it = of_keys(&json!({
        "pass-arguments-to-command": arguments,
        "pass-environment-to-command": variables,
        "pass-file-to-command": [{ "source": "entire-payload", "envname": "BODY" }],
    }));
    assert_eq!(it.code, Some(0), "{}", it.told);
    let step = it.text.lines().find(|line| line.contains("shell")).expect("a step");
    let shell: toml::Table = step.trim().trim_end_matches(',').replacen("{ shell", "x = { shell", 1).parse().unwrap();
    assert_eq!(
        shell["x"]["shell"].as_str().unwrap(),
        concat!(
            r#"REPO="$HOOKSPOOL_REPOSITORY" WORD='it'\''s' ID="$HOOKSPOOL_DELIVERY" BODY="$HOOKSPOOL_PAYLOAD" "#,
            r#"/srv/site/deploy.sh --now "$HOOKSPOOL_AFTER" "#,
            r#""$(jq -r '.["head_commit"]["author"]["name"]' "$HOOKSPOOL_PAYLOAD")""#
        )
    );
    assert!(it.told.contains("by jq, which must be installed"), "{}", it.told);
    it.checks();

    let only_texts = of_keys(&json!({ "pass-arguments-to-command": [{ "source": "string", "name": "$(x)" }] }));
    only_texts.has(&["{ run = [\"/srv/site/deploy.sh\", \"$(x)\"] },"]);
    let slip =
        of_keys(&json!({ "pass-environment-to-command": [{ "source": "string", "name": "ref", "envname": "TAG" }] }));
    assert!(slip.told.contains("the word `ref` itself is passed"), "{}", slip.told);
    let whole = of_keys(&json!({ "pass-arguments-to-command": [{ "source": "entire-payload" }] }));
    assert!(whole.told.contains("ends at 128 KiB"), "{}", whole.told);
    whole.checks();
    for source in ["entire-headers", "entire-query", "query", "request"] {
        let it = of_keys(&json!({ "pass-arguments-to-command": [{ "source": source, "name": "x" }] }));
        assert_eq!(it.code, Some(1), "{source}: {}", it.told);
        assert!(it.told.contains("which no job has"), "{}", it.told);
    }
}

#[test]
fn what_was_dropped_is_named_in_the_file_and_on_standard_error() {
    let it = of_keys(&json!({
        "response-message": "ok",
        "include-command-output-in-response": false,
        "success-http-response-code": 201,
        "http-methods": ["GET"],
        "reponses-message": "x",
        "trigger-signature-soft-failures": true,
    }));
    for line in [
        "dropped `response-message`: the sender is told `queued <id>`, and the rest is in `hookspool log`",
        "dropped `success-http-response-code`: the sender is told `queued <id>`, and the rest is in `hookspool log`",
        "`http-methods`: a delivery comes by POST",
        "`reponses-message` (`response-message`?) is no key of webhook, and had no effect there",
        "`trigger-signature-soft-failures`: a wrong signature is always refused",
    ] {
        it.has(&[&format!("# {line}")]);
        assert!(it.told.contains(&format!("hook `site`: {line}\n")), "{}", it.told);
    }
    assert!(!it.told.contains("include-command-output"), "it was off: {}", it.told);
    it.checks();
}

#[test]
fn yaml_is_the_same_list() {
    let yaml = "\
        - id: site\n  \
          execute-command: ./deploy.sh\n  \
          command-working-directory: /srv/site\n  \
          trigger-rule:\n    \
            match:\n      \
              type: payload-hmac-sha256\n      \
              secret: hunter2\n      \
              parameter: { source: header, name: X-Hub-Signature-256 }\n";
    let it = Imported::from("webhook", "hooks.yaml", yaml);
    assert_eq!(it.code, Some(0), "{}", it.told);
    it.has(&["provider   = \"github\"", "{ run = [\"./deploy.sh\"] },"]);
    assert_eq!(it.secret("site"), "hunter2");
    it.checks();
}

#[test]
fn names_that_a_hook_cannot_have_are_changed_and_twins_refused() {
    let hook = |id: &str| json!({ "id": id, "execute-command": "/srv/a/x" });
    let it = Imported::from(
        "webhook",
        "hooks.json",
        &json!([hook("my site"), hook("my site"), { "id": "no" }, 7]).to_string(),
    );
    assert_eq!(it.code, Some(1), "{}", it.told);
    it.has(&["name       = \"my-site\"", "path       = \"/hooks/my-site\""]);
    for why in ["its name was `my site`", "another hook has its name", "it has no `execute-command`", "it is no table"]
    {
        assert!(it.told.contains(why), "{why}: {}", it.told);
    }
    it.checks();
}
