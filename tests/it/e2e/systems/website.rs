//! Edge. A push to Gitee: remove what was built, `pnpm install`, `pnpm docs:build`, publish, all as a panel
//! keeps it alive; and a site that is never empty.

use super::{PAGE, configure, count, deliver, page};
use crate::e2e::operator_files::journal;
use crate::support::document::block;
use crate::support::forges::Gitee;
use crate::support::repository::Repository;
use crate::support::site::{chown_to, read_shipped};
use crate::support::{Account, Daemon, Gateway, Site, answers, free_port, loopback, nginx, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A site whose builder is a package of its own, so that nothing is built without `pnpm install`.
const FILES: [(&str, &str); 6] = [
    (
        "package.json",
        r#"{ "name": "docs", "private": true, "type": "module", "dependencies": { "theme": "file:./theme" },
             "scripts": { "docs:build": "node build.js" } }"#,
    ),
    ("theme/package.json", r#"{ "name": "theme", "version": "1.0.0", "type": "module", "exports": "./index.js" }"#),
    ("theme/index.js", "export const page = (text) => `<h1>${text.trim()}</h1>\n`\n"),
    (
        "build.js",
        "import { page } from 'theme'\nimport { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'\n\
         const dist = 'docs/.vuepress/dist'\nmkdirSync(dist, { recursive: true })\n\
         for (const name of readdirSync('docs').filter((name) => name.endsWith('.md')))\n  \
         writeFileSync(`${dist}/${name.replace('.md', '.html')}`, page(readFileSync(`docs/${name}`, 'utf8')))\n",
    ),
    (".gitignore", "node_modules\n.pnpm-store\ndocs/.vuepress/dist\n"),
    (".npmrc", "store-dir=.pnpm-store\nupdate-notifier=false\noffline=true\n"),
];

#[test]
fn a_site_is_built_with_pnpm_and_takes_the_place_of_the_one_before() {
    let site = Site::new();
    let repository = Repository::new(&site);
    let pnpm = install_pnpm(&site);
    repository.write(&FILES);
    repository.run(Command::new(&pnpm).args(["install", "--lockfile-only"]));
    let home = panel_site(&site, "/www/wwwroot/docs.example.org");
    let bin = pnpm.parent().and_then(Path::to_str).expect("UTF-8 path");
    let changes = [("https://gitee.com/me/docs.git", &*repository.url()), ("/www/server/nodejs/v20.10.0/bin", bin)];
    configure(&site, "docs", &changes);
    let port = free_port();
    let _servers = panel(&site, port, &home.join("public"));

    let steps = [
        (
            Gitee::SigningKey,
            vec![("docs/index.md", "one"), ("docs/old.md", "gone soon")],
            vec!["index.html", "old.html"],
        ),
        (Gitee::Password, vec![("docs/index.md", "two")], vec!["index.html"]),
    ];
    for (number, (proof, pages, built)) in (1..).zip(steps) {
        repository.remove("docs");
        let commit = repository.commit_all(&pages);
        deliver(loopback(port), &proof.push("/hooks/docs", &commit));
        until("the job has ended", || count(&site, "done") + count(&site, "failed") == number);
        assert_eq!(count(&site, "failed"), 0, "{}", journal(&site));
        assert_eq!(names(&home.join("public")), built);
        assert_eq!(page(port), Some(format!("<h1>{}</h1>\n", pages[0].1)));
    }
    assert_eq!(names(&home), [".public.lock", ".public.previous", ".user.ini", "404.html", "index.html", "public"]);
}

/// What the panel keeps alive: its nginx, whose site has the page's `location`, and the page's one process.
fn panel(site: &Site, port: u16, root: &Path) -> [Daemon; 2] {
    let inner = free_port();
    let here = |text: &str| text.replace("127.0.0.1:9000", &format!("127.0.0.1:{inner}"));
    let command = here(&words_after("`/usr/local/bin/hookspool "));
    let mut process = Account::owner().command(site.program(), &[]);
    process.args(command.split(' ')).current_dir("/").env("HOOKSPOOL_CONFIG", site.config());
    let log = site.at("/var/log/hookspool.out");
    let process = Daemon::start("hookspool", process, &log, &[]).ready(|| answers(inner));
    [nginx::site_with(site, port, root, &here(&block(PAGE, "nginx", "location /hooks/"))), process]
}

/// What stands in the page behind `start`, to the end of the code.
fn words_after(start: &str) -> String {
    let page = read_shipped(PAGE);
    let rest = page.split(start).nth(1).unwrap_or_else(|| panic!("{PAGE} has no {start}"));
    rest.split('`').next().expect("an end").to_owned()
}

#[test]
fn a_directory_that_is_not_empty_becomes_a_repository_and_keeps_its_files() {
    let site = Site::new();
    let repository = Repository::new(&site);
    let home = panel_site(&site, "/srv/docs");
    let shown = block("deploy/RECIPES.md", "sh", "git init");
    let commands = site.moved(&shown.replace("https://example.org/me/docs.git", &repository.url()));
    let output = Account::owner().command("/bin/sh", &[]).args(["-ec", &commands]).output().expect("sh");
    assert!(output.status.success(), "{output:?}");
    let settings = "provider = \"gitee\"\nsecret = { file = \"/etc/hookspool/secrets/docs\" }\ndir = \"/srv/docs\"";
    let hook = format!("[[hook]]\nname = \"docs\"\n{settings}\nsteps = [{{ git = \"update\" }}]\n");
    site.configure(&format!("spool = \"/var/spool/hookspool\"\n{hook}"));
    let server = Gateway::NginxFastcgi.start(&site);
    let commit = repository.commit("page.html", "one");
    deliver(server.address, &Gitee::SigningKey.push(&server.path("docs"), &commit));
    site.drain();
    assert_eq!(count(&site, "done"), 1, "{}", journal(&site));
    assert_eq!(names(&home), [".git", ".user.ini", "404.html", "index.html", "page.html"]);
}

/// What a panel puts into each new site.
fn panel_site(site: &Site, path: &str) -> PathBuf {
    for (file, text) in [("index.html", "<h1>a new site</h1>"), ("404.html", "<h1>404</h1>"), (".user.ini", "x=y\n")] {
        site.write(&format!("{path}/{file}"), text);
    }
    let home = site.at(path);
    chown_to(&home, Account::owner());
    home
}

/// pnpm as `tests/run` installs it, where every user can run it.
fn install_pnpm(site: &Site) -> PathBuf {
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pnpm/node_modules/pnpm");
    assert!(installed.exists(), "no pnpm in {}: run tests/run once", installed.display());
    let here = site.at("/usr/local/bin");
    fs::create_dir_all(&here).expect("directory");
    let copied = Command::new("cp").arg("-r").arg(&installed).arg(here.join("pnpm.d")).status().expect("cp(1)");
    assert!(copied.success());
    let command = here.join("pnpm");
    std::os::unix::fs::symlink("pnpm.d/bin/pnpm.cjs", &command).expect("link");
    command
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("what was built").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
