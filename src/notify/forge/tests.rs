//! Pure. Each forge: the request, its limits, and its answers.

use super::*;
use crate::model::Outcome;
use crate::notify::wording::tests::failed;
use serde_json::Value;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn account(forge: StatusForge) -> ForgeAccount {
    let api = forge.default_api().unwrap_or("https://git.example.org/").to_owned();
    ForgeAccount { forge, api, repository: "my team/docs".into(), token: "to-ken".into() }
}

fn sent(forge: StatusForge, standing: Standing, page: Option<&str>) -> (HttpParcel, Value) {
    let reason = Some("é".repeat(2_000));
    let tidings = Tidings { standing, reason, reference: Some("refs/heads/main".into()), ..failed("") };
    let parcel = status_parcel(&account(forge), &tidings, page).unwrap();
    let body = serde_json::from_str(&parcel.body).unwrap();
    (parcel, body)
}

fn states(forge: StatusForge) -> Vec<String> {
    let over = [Outcome::Succeeded, Outcome::Failed, Outcome::TimedOut, Outcome::Interrupted, Outcome::Cancelled];
    let standings = [Standing::Begun, Standing::Held].into_iter().chain(over.map(Standing::Over));
    standings.map(|standing| sent(forge, standing, None).1["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_became_of_a_job_is_a_word_of_each_forge() {
    let rows = [
        (StatusForge::Github, "pending error success failure failure error error"),
        (StatusForge::Gitea, "pending error success failure failure error warning"),
        (StatusForge::Gitlab, "running failed success failed failed failed canceled"),
        (StatusForge::Bitbucket, "INPROGRESS FAILED SUCCESSFUL FAILED FAILED FAILED STOPPED"),
        (StatusForge::BitbucketServer, "INPROGRESS FAILED SUCCESSFUL FAILED FAILED FAILED FAILED"),
        (StatusForge::AzureDevops, "pending error succeeded failed failed error error"),
        (StatusForge::Codeup, "pending error success failure failure error error"),
    ];
    for (forge, expected) in rows {
        assert_eq!(states(forge).join(" "), expected, "{forge:?}");
    }
}

#[test]
fn each_forge_is_asked_at_its_own_address_with_its_own_header() {
    let basic = "Basic OnRvLWtlbg==";
    let own = "https://git.example.org";
    let rows = [
        (
            StatusForge::Github,
            format!("https://api.github.com/repos/my%20team/docs/statuses/{COMMIT}"),
            ("Authorization", "Bearer to-ken"),
        ),
        (
            StatusForge::Gitea,
            format!("{own}/api/v1/repos/my%20team/docs/statuses/{COMMIT}"),
            ("Authorization", "token to-ken"),
        ),
        (
            StatusForge::Gitlab,
            format!("https://gitlab.com/api/v4/projects/my%20team%2Fdocs/statuses/{COMMIT}"),
            ("PRIVATE-TOKEN", "to-ken"),
        ),
        (
            StatusForge::Bitbucket,
            format!("https://api.bitbucket.org/2.0/repositories/my%20team/docs/commit/{COMMIT}/statuses/build"),
            ("Authorization", "Bearer to-ken"),
        ),
        (
            StatusForge::BitbucketServer,
            format!("{own}/rest/api/1.0/projects/my%20team/repos/docs/commits/{COMMIT}/builds"),
            ("Authorization", "Bearer to-ken"),
        ),
        (
            StatusForge::AzureDevops,
            format!("{own}/my%20team/_apis/git/repositories/docs/commits/{COMMIT}/statuses?api-version=7.1"),
            ("Authorization", basic),
        ),
        (
            StatusForge::Codeup,
            format!("{own}/repositories/my%20team%2Fdocs/commits/{COMMIT}/statuses"),
            ("x-yunxiao-token", "to-ken"),
        ),
    ];
    for (forge, url, header) in rows {
        let (parcel, _) = sent(forge, Standing::Begun, None);
        assert_eq!((parcel.method, parcel.url), ("POST", url));
        let has = parcel.headers.iter().any(|(name, value)| (*name, value.as_str()) == header);
        assert!(has, "{forge:?} misses {header:?}");
    }
}

#[test]
fn descriptions_keep_the_limit_and_keys_have_forty_digits() {
    let limits = [
        (StatusForge::Github, 140),
        (StatusForge::Gitea, 250),
        (StatusForge::Gitlab, 255),
        (StatusForge::Bitbucket, 255),
        (StatusForge::BitbucketServer, 255),
        (StatusForge::AzureDevops, 250),
        (StatusForge::Codeup, 140),
    ];
    for (forge, limit) in limits {
        let (_, body) = sent(forge, Standing::Over(Outcome::Failed), None);
        let description = body["description"].as_str().unwrap();
        assert!(description.chars().count() == limit && description.starts_with("failed: é"), "{forge:?}");
    }
    // printf hookspool/docs | sha256sum | cut -c 1-40
    let key = "d1270653db155858f0be652125bd4b1bce9216dc";
    for forge in [StatusForge::Bitbucket, StatusForge::BitbucketServer] {
        assert_eq!(sent(forge, Standing::Begun, None).1["key"], key);
    }
}

#[test]
fn a_page_is_named_where_there_is_one_and_the_repository_where_one_must_be() {
    let places = [
        (StatusForge::Github, "target_url", None),
        (StatusForge::Gitea, "target_url", None),
        (StatusForge::Gitlab, "target_url", None),
        (StatusForge::Bitbucket, "url", Some("https://bitbucket.org/my%20team/docs")),
        (StatusForge::BitbucketServer, "url", Some("https://git.example.org/projects/my%20team/repos/docs")),
        (StatusForge::AzureDevops, "targetUrl", None),
        (StatusForge::Codeup, "targetUrl", Some("https://codeup.aliyun.com/my%20team/docs")),
    ];
    for (forge, key, without) in places {
        assert_eq!(sent(forge, Standing::Begun, Some("https://p/x")).1[key], "https://p/x", "{forge:?}");
        assert_eq!(sent(forge, Standing::Begun, None).1[key].as_str(), without, "{forge:?}");
    }
}

#[test]
fn an_answer_means_what_the_forge_means_by_it() {
    use StatusForge as F;
    let rows: [(F, u16, &str, &str, &str); 18] = [
        (F::Github, 201, "{}", "sent", ""),
        (F::Github, 401, "{\"message\":\"Bad credentials\"}", "refused", "token"),
        (F::Github, 403, "{\"message\":\"Resource not accessible\"}", "refused", "Commit statuses: write"),
        (F::Github, 403, "{\"message\":\"You have exceeded a secondary rate limit\"}", "later", "rate limit"),
        (F::Github, 404, "{\"message\":\"Not Found\"}", "refused", "may not see"),
        (F::Github, 422, "{\"message\":\"No commit found for SHA\"}", "refused", "No commit"),
        (F::Github, 502, "", "later", "502"),
        (F::Gitea, 201, "{}", "sent", ""),
        (F::Gitea, 500, "{\"message\":\"object does not exist [id: 0123]\"}", "refused", "unknown"),
        (F::Gitea, 500, "{\"message\":\"database is locked\"}", "this one", "locked"),
        (F::Gitea, 403, "{\"message\":\"token does not have\"}", "refused", "write:repository"),
        (F::Gitlab, 201, "{}", "sent", ""),
        (F::Gitlab, 400, "{\"message\":\"Cannot transition status via :run from :running\"}", "sent", ""),
        (F::Gitlab, 400, "{\"message\":{\"state\":[\"is invalid\"]}}", "refused", "is invalid"),
        (F::Gitlab, 403, "{\"message\":\"403 Forbidden\"}", "refused", "Developer"),
        (F::Bitbucket, 201, "{}", "sent", ""),
        (F::Bitbucket, 400, "{\"error\":{\"message\":\"key: too long\"}}", "refused", "too long"),
        (F::AzureDevops, 203, "<html>sign in</html>", "refused", "token"),
    ];
    for (forge, status, body, expected, words) in rows {
        let receipt = status_receipt(forge, &HttpAnswer { status, retry_after: None, body: body.to_owned() });
        let (end, why) = match receipt {
            Receipt::Sent => ("sent", String::new()),
            Receipt::Later { why, cause: LaterCause::ThisOne, .. } => ("this one", why),
            Receipt::Later { why, .. } => ("later", why),
            Receipt::Refused { why } => ("refused", why),
        };
        assert!(end == expected && why.contains(words), "{forge:?} {status} {body}: {end} {why}");
    }
}

#[test]
fn a_context_that_is_too_long_is_told_from_another() {
    let context = |hook: &str| {
        let tidings = Tidings { hook: hook.to_owned(), ..failed("") };
        let parcel = status_parcel(&account(StatusForge::Codeup), &tidings, None).unwrap();
        serde_json::from_str::<Value>(&parcel.body).unwrap()["context"].as_str().unwrap().to_owned()
    };
    let long = "h".repeat(60);
    assert_eq!(context("docs"), "hookspool/docs");
    assert_ne!(context(&format!("{long}1")), context(&format!("{long}2")));
    assert!(context(&long).chars().count() <= 50);
}

#[test]
fn nothing_but_a_commit_becomes_a_part_of_the_address() {
    for commit in [None, Some(""), Some("main"), Some("../../../user/repos"), Some("0123?x=y"), Some("ABCDEF")] {
        let tidings = Tidings { commit: commit.map(str::to_owned), ..failed("") };
        assert_eq!(status_parcel(&account(StatusForge::Gitea), &tidings, None), None, "{commit:?}");
    }
}
