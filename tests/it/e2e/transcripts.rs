//! Edge. What a sender is told, and what is queued: one table, the same through every web server. Where a server
//! answers otherwise, the row says so and why.

use crate::support::github::{BEFORE, COMMIT, SIGNATURE, delivery, push_of_length, push_to, signature};
use crate::support::http::{Framing, Request, Response, send};
use crate::support::site::SECRET;
use crate::support::{Gateway, Server, Site, job, through_every_gateway, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;

through_every_gateway!(every_row_of_the_table_holds);

/// What a row expects.
#[derive(Debug, Clone)]
enum Told {
    /// `202 queued <id>`, and a job that says this beside its id and times.
    Queued(Value),
    /// This status, and this line of text from the program.
    Line(u16, &'static str),
    /// This status, from the web server: the program was not asked.
    ByServer(u16),
}

/// One request.
struct Row {
    sentence: &'static str,
    request: Request,
    told: Told,
    /// Where a server answers otherwise, and why.
    except: Vec<(&'static [Gateway], Told, &'static str)>,
}

const APACHE: &[Gateway] = &[Gateway::ApacheCgi, Gateway::ApacheFastcgi, Gateway::ApacheFcgid, Gateway::SharedHosting];
const APACHE_CGI: &[Gateway] = &[Gateway::ApacheCgi, Gateway::SharedHosting];
const CADDY: &[Gateway] = &[Gateway::Caddy];
const UWSGI: &[Gateway] = &[Gateway::Uwsgi];
const FCGID: &[Gateway] = &[Gateway::ApacheFcgid];
const LIGHTTPD: &[Gateway] = &[Gateway::LighttpdFastcgi, Gateway::LighttpdCgi];
const NOT_SIGNED: Told = Told::Line(403, "not signed: no `X-Hub-Signature-256`; set the secret at the forge");
const WRONG: Told = Told::Line(403, "signature wrong");

fn every_row_of_the_table_holds(gateway: Gateway) {
    let site = gateway.site();
    let server = gateway.start(&site);
    let rows = rows(&server);
    let replies: Vec<Response> = rows.iter().map(|row| send(server.address, &row.request)).collect();
    let answered = rows.iter().zip(&replies);
    let failures: Vec<String> = answered.filter_map(|(row, reply)| failure(gateway, &site, reply, row)).collect();
    assert!(failures.is_empty(), "through {gateway:?}:\n{}", failures.join("\n"));
    let queued = rows.iter().filter(|row| matches!(expected(gateway, row), Told::Queued(_))).count();
    assert_eq!(job::all(&site.spool()).len(), queued, "jobs that no reply spoke of");
    assert_eq!(job::in_flight(&site.spool()), [""; 0]);
    drop(server);
    let expected = results(&replies);
    until("all traces are written", || traces(&site) == expected);
}

/// How many deliveries of each result have left a trace.
fn traces(site: &Site) -> BTreeMap<&'static str, u64> {
    let config = hookspool::config::load(&site.config()).unwrap();
    let names = config.hooks.iter().map(|hook| Some(hook.name.as_str())).chain([None]);
    let mut counts = BTreeMap::new();
    for name in names {
        let seen = hookspool::spool::seen(&site.spool(), name).unwrap();
        assert!(seen.deliveries.len() as u64 == seen.counts.total().min(128), "{name:?}: {seen:?}");
        for (result, count) in seen.counts.iter().filter(|(_, count)| *count > 0) {
            *counts.entry(result.as_str()).or_default() += count;
        }
    }
    counts
}

/// The same of what our replies say.
fn results(replies: &[Response]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for reply in replies.iter().filter(|reply| is_ours(reply)) {
        let result = match reply.status {
            202 => "queued",
            200 if reply.text() == "pong\n" => "pong",
            200 => "ignored",
            403 => "refused_signature",
            404 => "unknown_hook",
            405 => "refused_method",
            411 | 413 => "refused_size",
            400 | 415 | 431 | 505 => "refused_malformed",
            _ => "error",
        };
        *counts.entry(result).or_default() += 1;
    }
    counts
}

fn expected(gateway: Gateway, row: &Row) -> &Told {
    let exception = row.except.iter().find(|(gateways, ..)| gateways.contains(&gateway));
    exception.map_or(&row.told, |(_, told, _)| told)
}

/// What is wrong with the reply to a row.
fn failure(gateway: Gateway, site: &Site, reply: &Response, row: &Row) -> Option<String> {
    let told = expected(gateway, row);
    let holds = match told {
        Told::Queued(job) => {
            return match queued(site, reply, row) {
                Ok(found) if found == *job => None,
                Ok(found) => Some(format!("- {}: expected {job}\n  found {found}", row.sentence)),
                Err(why) => Some(format!("- {}: expected a job, {why}: {reply:?}", row.sentence)),
            };
        }
        Told::Line(status, text) => is_ours(reply) && reply.status == *status && says(reply, row, text),
        Told::ByServer(status) => reply.status == *status,
    };
    (!holds).then(|| format!("- {}: expected {told:?}, got {reply:?}", row.sentence))
}

fn says(reply: &Response, row: &Row, text: &str) -> bool {
    let body = if row.request.line.starts_with("HEAD") { String::new() } else { format!("{text}\n") };
    reply.text() == body && (reply.status == 405) == (reply.header("allow") == Some("POST"))
}

fn is_ours(reply: &Response) -> bool {
    reply.header("content-type") == Some("text/plain; charset=utf-8")
        && reply.header("x-content-type-options") == Some("nosniff")
}

/// The job that a reply names, without what is new each time; its payload is the one that was sent.
fn queued(site: &Site, reply: &Response, row: &Row) -> Result<Value, String> {
    let text = reply.text();
    let id = text.strip_prefix("queued ").and_then(|text| text.strip_suffix('\n')).ok_or("no id")?;
    if reply.status != 202 || !is_ours(reply) {
        return Err("not a 202 of ours".into());
    }
    let job = job::read(&site.spool(), id);
    if job.payload != row.request.body {
        return Err("the payload changed".into());
    }
    let mut meta = job.meta;
    let members = meta.as_object_mut().ok_or("not an object")?;
    if members.remove("id") != Some(json!(id)) {
        return Err("another id in the job".into());
    }
    for new in ["sequence", "arrived_at", "sha256", "length", "seal"] {
        members.remove(new).ok_or_else(|| format!("`{new}` is missing"))?;
    }
    Ok(meta)
}

fn rows(server: &Server) -> Vec<Row> {
    [accepted(server), signatures(server), ignored(server), malformed(server), servers_own(server)]
        .into_iter()
        .flatten()
        .collect()
}

fn row(sentence: &'static str, request: Request, told: Told) -> Row {
    Row { sentence, request, told, except: Vec::new() }
}

impl Row {
    fn except(mut self, gateways: &'static [Gateway], told: Told, reason: &'static str) -> Self {
        self.except.push((gateways, told, reason));
        self
    }
}

fn push(server: &Server) -> Request {
    delivery(&server.path("docs"), "push", &push_to("main", COMMIT))
}

fn to(server: &Server, rest: &str, request: Request) -> Request {
    Request { line: format!("POST {}", server.path(rest)), ..request }
}

/// What the job of `push` says.
fn push_job(request: &Request) -> Value {
    let header = |name: &str| {
        let value = request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        String::from_utf8(value.unwrap_or_default()).expect("text")
    };
    json!({
        "version": 1,
        "hook": "docs",
        "provider": "github",
        "event": "push",
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": COMMIT,
        "repository": "me/docs",
        "pusher": "ada",
        "delivery": header("X-GitHub-Delivery"),
        "content_type": "application/json",
        "headers": {
            "user-agent": "GitHub-Hookshot/test",
            "x-github-delivery": header("X-GitHub-Delivery"),
            "x-github-event": "push",
        },
    })
}

/// A row whose request is the job of a plain push.
fn accepted_push(sentence: &'static str, request: Request) -> Row {
    let job = push_job(&request);
    row(sentence, request, Told::Queued(job))
}

fn accepted(server: &Server) -> Vec<Row> {
    let chunked = Request { framing: Framing::Chunked, ..push(server) };
    let form = form(server);
    let mut form_job = push_job(&form);
    form_job["content_type"] = json!("application/x-www-form-urlencoded");
    vec![
        accepted_push("a signed push is queued", push(server)),
        accepted_push("a trailing slash is no difference", to(server, "docs/", push(server))),
        accepted_push("a query selects nothing", to(server, "docs?spool-runner+--config%3d/x", push(server))),
        accepted_push("words of a query are no command", to(server, "docs?demo", push(server))),
        accepted_push("a client's Proxy header is nobody's proxy", push(server).header("Proxy", "http://127.0.0.1:1")),
        row("a form is queued", form, Told::Queued(form_job)),
        accepted_push("a chunked push is queued where the server names its length", chunked)
            .except(
                APACHE_CGI,
                Told::Line(411, "length required"),
                "mod_cgid passes no length, and the end of such a body looks like its sender's death",
            )
            .except(
                CADDY,
                Told::Line(411, "length required"),
                "Caddy passes chunks on while they come, without a length",
            )
            .except(UWSGI, Told::Line(411, "length required"), "uWSGI passes neither a chunked body nor a length"),
        accepted_push("bytes beyond ASCII in a header harm nothing", push(server).header("X-Other", b"caf\xe9")),
        row("a header that servers like to withhold arrives", authorized(server), Told::Queued(authorized_job())),
        row("a token is let in", token(server, SECRET), Told::Queued(token_job())),
    ]
}

fn authorized(server: &Server) -> Request {
    let body = push_to("main", COMMIT);
    let value = signature(SECRET, &body).replace("sha256=", "HMAC-SHA256 ");
    Request::new("POST", &server.path("authorization"), Framing::Length, &body)
        .header("Content-Type", "application/json; charset=utf-8")
        .header("User-Agent", "test")
        .header("X-Delivery-Id", "one")
        .header("Authorization", value)
}

fn authorized_job() -> Value {
    json!({
        "version": 1, "hook": "authorization", "provider": "generic", "event": "push", "ref": "refs/heads/main",
        "before": BEFORE, "after": COMMIT, "repository": "me/docs", "pusher": "ada", "delivery": "one",
        "content_type": "application/json", "headers": { "user-agent": "test" },
    })
}

fn token(server: &Server, token: &str) -> Request {
    let body = json!({
        "object_kind": "push", "ref": "refs/heads/main", "before": BEFORE, "after": COMMIT, "checkout_sha": COMMIT,
        "user_username": "ada", "project": { "path_with_namespace": "me/docs", "default_branch": "main" },
        "commits": [], "total_commits_count": 0,
    });
    Request::new("POST", &server.path("token"), Framing::Length, body.to_string().as_bytes())
        .header("Content-Type", "application/json")
        .header("User-Agent", "test")
        .header("X-Gitlab-Event", "Push Hook")
        .header("X-Gitlab-Token", token)
}

fn token_job() -> Value {
    json!({
        "version": 1, "hook": "token", "provider": "gitlab", "event": "push", "ref": "refs/heads/main",
        "before": BEFORE, "after": COMMIT, "repository": "me/docs", "pusher": "ada",
        "content_type": "application/json", "headers": { "user-agent": "test", "x-gitlab-event": "Push Hook" },
    })
}

fn form(server: &Server) -> Request {
    let escape = |byte: &u8| format!("%{byte:02X}");
    let body = format!("payload={}", push_to("main", COMMIT).iter().map(escape).collect::<String>());
    delivery(&server.path("docs"), "push", body.as_bytes())
        .without("Content-Type")
        .header("Content-Type", "application/x-www-form-urlencoded")
}

fn signatures(server: &Server) -> Vec<Row> {
    let body = push_to("main", COMMIT);
    let unsigned = || push(server).without(SIGNATURE);
    let signed = |value: &str| unsigned().header(SIGNATURE, value);
    let right = signature(SECRET, &body);
    vec![
        row("no signature is refused", unsigned(), NOT_SIGNED),
        row("an empty signature is refused", signed(""), NOT_SIGNED),
        row("a bare prefix is refused", signed("sha256="), NOT_SIGNED),
        row("another secret is refused", signed(&signature("another", &body)), WRONG),
        row("a signature over another body is refused", signed(&signature(SECRET, b"{}")), WRONG),
        row(
            "a large body with a wrong signature is read and refused",
            delivery(&server.path("docs"), "push", &push_of_length(700_000))
                .without(SIGNATURE)
                .header(SIGNATURE, &right),
            WRONG,
        ),
        row("a query cannot sign", to(server, "docs?spool-runner+--once", unsigned()), NOT_SIGNED),
        row(
            "a doubled signature is malformed",
            push(server).header(SIGNATURE, &right),
            Told::Line(400, "header `x-hub-signature-256` arrived twice"),
        )
        .except(APACHE, WRONG, "Apache joins the two into one value, which is no signature")
        .except(LIGHTTPD, WRONG, "lighttpd joins the two into one value, which is no signature")
        .except(CADDY, WRONG, "Caddy joins the two into one value, which is no signature")
        .except(UWSGI, WRONG, "uWSGI joins the two into one value, which is no signature"),
        accepted_push(
            "a name with underscores is another header",
            push(server).header("X_Hub_Signature_256", "sha256=00"),
        )
        .except(
            LIGHTTPD,
            Told::Line(400, "header `x-hub-signature-256` arrived twice"),
            "lighttpd passes both under one name",
        )
        .except(UWSGI, WRONG, "uWSGI takes both for one header, and joins their values"),
        row("a token is refused when it is wrong", token(server, "wrong"), WRONG),
        row(
            "a token is not asked of another provider",
            push(server).without(SIGNATURE).header("X-Gitlab-Token", SECRET),
            NOT_SIGNED,
        ),
    ]
}

fn ignored(server: &Server) -> Vec<Row> {
    let event = |event: &str, body: &[u8]| delivery(&server.path("docs"), event, body);
    vec![
        row("a ping is a pong", event("ping", br#"{"zen":"calm","hook_id":1}"#), Told::Line(200, "pong")),
        row(
            "a push to another branch is ignored",
            event("push", &push_to("größe", COMMIT)),
            Told::Line(200, "ignored: branch größe is not the default branch main; `branches` would name others"),
        ),
        row(
            "another event is ignored",
            event("issues", &push_to("main", COMMIT)),
            Told::Line(200, "ignored: event issues is not wanted"),
        ),
    ]
}

fn malformed(server: &Server) -> Vec<Row> {
    let with =
        |method: &str, framing| Request { line: format!("{method} {}", server.path("docs")), framing, ..push(server) };
    let only_post = Told::Line(405, "only POST delivers");
    let typed = |kind: &str| push(server).without("Content-Type").header("Content-Type", kind);
    let signed = |body: &[u8]| delivery(&server.path("docs"), "push", body);
    vec![
        row("GET is not allowed", with("GET", Framing::None), only_post.clone()),
        row("HEAD is not allowed", with("HEAD", Framing::None), only_post.clone()).except(
            UWSGI,
            Told::ByServer(405),
            "uWSGI sends the body of an answer to HEAD",
        ),
        row("PUT is not allowed", with("PUT", Framing::Length), only_post),
        row("a push of no length is told so", with("POST", Framing::None), Told::Line(411, "length required"))
            .except(LIGHTTPD, Told::ByServer(411), "lighttpd tells so itself")
            .except(CADDY, WRONG, "Caddy passes a length of 0")
            .except(FCGID, WRONG, "mod_fcgid passes a length of 0"),
        row("another name is no hook", to(server, "shop", push(server)), Told::Line(404, "no such hook")),
        row("no name is no hook", to(server, "", push(server)), Told::Line(404, "no such hook")),
        row(
            "the name in another place is no hook",
            to(server, "docs/more", push(server)),
            Told::Line(404, "no such hook"),
        ),
        row("another type is refused", typed("text/xml"), Told::Line(415, "send JSON or a form")),
        row("an empty body is malformed", signed(b""), Told::Line(400, "malformed payload")),
        row("a signed body that is no JSON is malformed", signed(b"{\"ref\":"), Told::Line(400, "malformed payload")),
    ]
}

/// Requests that some servers answer by themselves.
fn servers_own(server: &Server) -> Vec<Row> {
    let no_hook = Told::Line(404, "no such hook");
    vec![
        row("an encoded slash is no way out", to(server, "x%2F..%2F..%2Fsecrets", push(server)), Told::ByServer(404)),
        row("bytes that are no text name no hook", to(server, "doc%ff", push(server)), no_hook).except(
            LIGHTTPD,
            Told::ByServer(400),
            "lighttpd refuses a path that is not UTF-8",
        ),
    ]
}
