//! Pure. What each of the sample payloads says.

/// File, the provider's word for the event, and what the delivery says.
pub(super) const ROWS: &[(&str, &str, &str)] = &[
    ("atomgit/push.synthetic.json", "push", "push refs/heads/main 4a1d2f5..b7c1e2d site/web main by ada, all of 2"),
    (
        "azure-devops/git.push-2.json",
        "push",
        "push refs/heads/main aad331d..33b55f7 Fabrikam-Fiber-Git/Fabrikam-Fiber-Git main by Jamal Hartnett, some of 0",
    ),
    (
        "azure-devops/pr_merged.json",
        "push",
        "merge refs/heads/master -..eef717f Fabrikam/Fabrikam - by Jamal Hartnett, some of 0",
    ),
    (
        "azure-devops/push.json",
        "push",
        "push refs/heads/master aad331d..33b55f7 Fabrikam-Fiber-Git/Fabrikam-Fiber-Git master by Jamal Hartnett, \
         some of 0",
    ),
    (
        "bitbucket-cloud/pr_fulfilled.json",
        "pullrequest:fulfilled",
        "merge refs/heads/master -..- brydzewski/foo - by brydzewski, some of 0",
    ),
    (
        "bitbucket-cloud/push.json",
        "push",
        "push refs/heads/master 40e7580..141977f brydzewski/foo - by brydzewski, some of 0",
    ),
    (
        "bitbucket-cloud/push_branch_create.json",
        "push",
        "push refs/heads/develop -..141977f brydzewski/foo - by brydzewski, some of 0",
    ),
    (
        "bitbucket-cloud/push_branch_delete.json",
        "push",
        "delete refs/heads/develop 141977f..- brydzewski/foo - by brydzewski, some of 0",
    ),
    (
        "bitbucket-cloud/push_tag_create.json",
        "push",
        "push refs/tags/feature/x -..141977f brydzewski/foo - by brydzewski, some of 0",
    ),
    (
        "bitbucket-cloud/push_tag_delete.json",
        "push",
        "delete refs/tags/feature/x 141977f..- brydzewski/foo - by brydzewski, some of 0",
    ),
    (
        "bitbucket-server/pr-merged.json",
        "pr:merged",
        "merge refs/heads/master -..cbf26be ~gopher/webhook-test - by gopher, some of 0",
    ),
    (
        "bitbucket-server/pr_merged.json",
        "pr:merged",
        "merge refs/heads/master -..83f836c PRJ/my-repo - by jcitizen, some of 0",
    ),
    (
        "bitbucket-server/push.json",
        "push",
        "push refs/heads/master 5c64a07..823b223 PRJ/my-repo - by jcitizen, some of 0",
    ),
    (
        "bitbucket-server/push_branch_create.json",
        "push",
        "push refs/heads/develop -..208b0a5 PRJ/my-repo - by jcitizen, some of 0",
    ),
    (
        "bitbucket-server/push_branch_delete.json",
        "push",
        "delete refs/heads/develop 208b0a5..- PRJ/my-repo - by jcitizen, some of 0",
    ),
    (
        "bitbucket-server/push_tag_create.json",
        "push",
        "push refs/tags/v1.1.0 -..823b223 PRJ/my-repo - by jcitizen, some of 0",
    ),
    (
        "bitbucket-server/push_tag_delete.json",
        "push",
        "delete refs/tags/v1.1.0 823b223..- PRJ/my-repo - by jcitizen, some of 0",
    ),
    (
        "bitbucket-server/repo-refs-changed.json",
        "push",
        "delete refs/heads/feature/wip 32a0b8a..- ~gopher/webhook-test - by gopher, some of 0",
    ),
    (
        "bitbucket-server/wp-HookPush.json",
        "push",
        "push refs/heads/renovate-all e0e1522..76797d5 DEV/deployment-automation - by renovatebot, some of 0",
    ),
    ("codeup/push.synthetic.json", "push", "push refs/heads/main 4a1d2f5..b7c1e2d site/web - by ada, all of 2"),
    (
        "docker-hub/docker_hub_build_notice.json",
        "push",
        "package - -..- svendowideit/testhook - by trustedbuilder, some of 0",
    ),
    (
        "feishu-from-gitea/push.synthetic.json",
        "push",
        "ignored: this webhook is of a type for a chat service or a package index; at the forge, \
         add one of the type Gitea, Forgejo or Gogs instead",
    ),
    ("gitcode/push.synthetic.json", "push", "push refs/heads/main 4a1d2f5..b7c1e2d site/web main by ada, all of 2"),
    ("harbor/push_artifact.json", "push", "package - -..- harbor/alpine - by harbor-jobservice, some of 0"),
    (
        "harbor/push_artifact_cloudevents.trimmed.json",
        "push",
        "package - -..- harbor/alpine - by harbor-jobservice, some of 0",
    ),
    (
        "packagist-from-gitea/push.synthetic.json",
        "push",
        "ignored: this webhook is of a type for a chat service or a package index; at the forge, \
         add one of the type Gitea, Forgejo or Gogs instead",
    ),
    ("pagure/git.branch.creation.synthetic.json", "push", "git.branch.creation - -..- site/web - by ada, some of 0"),
    (
        "pagure/git.branch.deletion.synthetic.json",
        "push",
        "delete refs/heads/feature/x 4a1d2f5..- site/web - by ada, some of 0",
    ),
    ("pagure/git.receive.synthetic.json", "push", "push refs/heads/main 4a1d2f5..b7c1e2d site/web - by ada, all of 2"),
    ("pagure/git.tag.creation.synthetic.json", "push", "push refs/tags/v1.0 -..b7c1e2d site/web - by ada, some of 0"),
    (
        "sourcehut/git_post_receive.synthetic.json",
        "push",
        "push refs/heads/master 4a1d2f5..b7c1e2d ~ada/web - by ~ada, some of 0",
    ),
    (
        "sourcehut/git_post_receive_delete.synthetic.json",
        "push",
        "delete refs/heads/old 4a1d2f5..- ~ada/web - by ~ada, some of 0",
    ),
    ("coding/v1-ping.synthetic.json", "ping", "ping"),
    ("coding/v1-push.synthetic.json", "push", "push refs/heads/master 4a1d2f5..b7c1e2d ada/web - by ada, some of 0"),
    (
        "coding/v2-push.synthetic.json",
        "push",
        "push refs/heads/master 4a1d2f5..b7c1e2d site/web master by ada, some of 2",
    ),
    (
        "forgejo/HookPullRequestMerged.json",
        "pull_request",
        "merge refs/heads/main -..f2440f0 anbraten/test-repo main by anbraten, some of 0",
    ),
    (
        "forgejo/HookPush.json",
        "push",
        "push refs/heads/main 4b26262..ef98532 gordon/hello-world - by gordon, some of 2",
    ),
    (
        "forgejo/HookPushBranch.json",
        "push",
        "push refs/heads/fdsafdsa -..28c3613 meisam/woodpecktester main by 6543, some of 0",
    ),
    ("forgejo/HookRelease.json", "release", "release refs/tags/0.0.5 -..- anbraten/demo main by anbraten, some of 0"),
    ("forgejo/HookTag.json", "create", "create - -..- gordon/hello-world main by gordon, some of 0"),
    ("generic/minimal.synthetic.json", "create", "push refs/heads/main -..b7c1e2d site/web - by -, some of 0"),
    ("gitea/branch_create.json", "create", "create - -..- gogits/hello-world master by unknwon, some of 0"),
    (
        "gitea/branch_delete.json",
        "delete",
        "delete refs/heads/feature -..- gogits/hello-world master by unknwon, some of 0",
    ),
    (
        "gitea/pull_request_merged.json",
        "pull_request",
        "merge refs/heads/master -..a148a75 jcitizen/my-repo master by jcitizen, some of 0",
    ),
    (
        "gitea/push.json",
        "push",
        "push refs/heads/master 9836a96..4522cbc gogits/hello-world master by unknwon, some of 1",
    ),
    ("gitea/release.json", "release", "release refs/tags/example -..- example/example master by example, some of 0"),
    ("gitea/tag_create.json", "create", "create - -..- gogits/hello-world master by unknwon, some of 0"),
    ("gitea/tag_delete.json", "delete", "delete refs/tags/v1.0.0 -..- gogits/hello-world master by unknwon, some of 0"),
    (
        "gitea/wp-HookPush.json",
        "push",
        "push refs/heads/main 4b26262..ef98532 gordon/hello-world - by gordon, some of 2",
    ),
    (
        "gitea/wp-HookPushBranch.json",
        "push",
        "push refs/heads/fdsafdsa -..28c3613 meisam/woodpecktester main by 6543, some of 0",
    ),
    (
        "gitea/wp-HookPushMulti.json",
        "push",
        "push refs/heads/main 6efcf5b..29be01c Test-CI/multi-line-secrets main by test-user, all of 4",
    ),
    ("gitea/wp-HookTag.json", "create", "create - -..- gordon/hello-world main by gordon, some of 0"),
    (
        "gitee/pr_merge.json",
        "Merge Request Hook",
        "merge refs/heads/master -..6c36301 kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/push.json",
        "Push Hook",
        "push refs/heads/feat-2-1 6168d9d..9921e45 kit101/drone-yml-test master by kit101, all of 1",
    ),
    (
        "gitee/push_branch_create.json",
        "Push Hook",
        "push refs/heads/feat-2-1 -..6168d9d kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/push_branch_delete.json",
        "Push Hook",
        "delete refs/heads/feat-3 dc8fa2e..- kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/tag_create.json",
        "Tag Push Hook",
        "push refs/tags/1.3 -..aa9d115 kit101/drone-yml-test master by kit101, some of 0",
    ),
    (
        "gitee/tag_delete.json",
        "Tag Push Hook",
        "delete refs/tags/1.3 aa9d115..- kit101/drone-yml-test master by kit101, some of 0",
    ),
    ("github/create.json", "create", "create - -..- Codertocat/Hello-World master by Codertocat, some of 0"),
    (
        "github/delete.json",
        "delete",
        "delete refs/tags/simple-tag -..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-1.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-2.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-3.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "github/octokit-push-6.json",
        "push",
        "delete refs/tags/simple-tag 6113728..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    ("github/package.json", "package", "package - -..- Codertocat/hello-world-npm master by Codertocat, some of 0"),
    ("github/ping.json", "ping", "ping"),
    (
        "github/push.json",
        "push",
        "push refs/heads/master a10867b..199eddf Codertocat/Hello-World master by Codertocat, all of 1",
    ),
    (
        "github/push_branch_delete.json",
        "push",
        "delete refs/heads/feature-branch d2b75aa..- bradrydzewski/drone-test-go master by bradrydzewski, some of 0",
    ),
    (
        "github/push_tag.json",
        "push",
        "push refs/tags/v0.0.1 -..d2b75aa bradrydzewski/drone-test-go master by bradrydzewski, some of 0",
    ),
    (
        "github/push_tag_delete.json",
        "push",
        "delete refs/tags/v0.0.1 d2b75aa..- bradrydzewski/drone-test-go master by bradrydzewski, some of 0",
    ),
    (
        "github/release.json",
        "release",
        "release refs/tags/0.0.1 -..- Codertocat/Hello-World master by Codertocat, some of 0",
    ),
    (
        "gitlab/branch_create.json",
        "Push Hook",
        "push refs/heads/feature -..c4c7922 gitlab-org/hello-world master by sytses, some of 1",
    ),
    (
        "gitlab/branch_delete.json",
        "Push Hook",
        "delete refs/heads/feature c4c7922..- gitlab-org/hello-world master by sytses, some of 0",
    ),
    (
        "gitlab/pull_request_merge.json",
        "Merge Request Hook",
        "merge refs/heads/master -..78a76ee gitlab-org/hello-world master by sytses, some of 0",
    ),
    (
        "gitlab/push.json",
        "Push Hook",
        "push refs/heads/master 9217710..2adc946 gitlab-org/hello-world master by sytses, all of 1",
    ),
    (
        "gitlab/release.json",
        "Release Hook",
        "release refs/tags/v1.1 -..ee0a3fb gitlab-org/release-webhook-example master by -, some of 0",
    ),
    (
        "gitlab/tag_create.json",
        "Tag Push Hook",
        "push refs/tags/v1.0.0 -..2adc946 gitlab-org/hello-world master by sytses, some of 1",
    ),
    (
        "gitlab/tag_delete.json",
        "Tag Push Hook",
        "delete refs/tags/v1.0.0 2adc946..- gitlab-org/hello-world master by sytses, some of 0",
    ),
    ("gogs/branch_create.json", "create", "create - -..- gogits/hello-world master by unknwon, some of 0"),
    (
        "gogs/branch_delete.json",
        "delete",
        "delete refs/heads/feature -..- gogits/hello-world master by unknwon, some of 0",
    ),
    ("gogs/pull-request.json", "pull_request", "pull_request.opened - -..- user/repo - by -, some of 0"),
    (
        "gogs/push.json",
        "push",
        "push refs/heads/master 9836a96..4522cbc gogits/hello-world master by unknwon, some of 1",
    ),
    ("gogs/release.json", "release", "release refs/tags/v1.0.0 -..- user/repo - by -, some of 0"),
    (
        "gogs/tag_create.json",
        "create",
        "push refs/tags/v1.0.0 -..599d25c gogits/hello-world master by unknwon, some of 0",
    ),
    ("gogs/tag_delete.json", "delete", "delete refs/tags/v1.0.0 -..- gogits/hello-world master by unknwon, some of 0"),
];
