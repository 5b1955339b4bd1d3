//! Pure. Plans in whole, by their titles, for machines that differ.

use super::{HostPlan, plan};
use crate::cli::init::draft::WishDraft;
use crate::cli::init::goal::Goal;
use crate::cli::init::machine::{Existing, ExistingHook, Keeper, Machine, Supervisor};
use crate::cli::init::owner::Owner;
use crate::cli::init::web::{Server, WebServer};

fn server(kind: Server, snippet: &str) -> WebServer {
    WebServer {
        kind,
        program: format!("/usr/sbin/{}", kind.name()).into(),
        config: format!("/etc/{0}/{0}.conf", kind.name()).into(),
        snippet: Some(snippet.into()),
        worker: Owner::new("www-data", "www-data"),
        is_running: kind == Server::Nginx,
    }
}

/// A host of Debian with the package of hookspool, systemd, nginx and Apache.
fn host() -> Machine {
    Machine {
        me: Owner::new("root", "root"),
        home: "/root".into(),
        is_root: true,
        executable: "/usr/bin/hookspool".into(),
        host: "host".to_owned(),
        config: "/etc/hookspool/hookspool.toml".into(),
        existing: None,
        servers: vec![
            server(Server::Nginx, "/etc/nginx/conf.d/hookspool.conf"),
            server(Server::Apache, "/etc/apache2/conf-available/hookspool.conf"),
        ],
        keepers: vec![Keeper::Systemd, Keeper::Cron],
        supervisor: None,
        has_packaged_units: true,
        is_systemd: true,
        script_dirs: Vec::new(),
        key: None,
    }
}

fn draft() -> WishDraft {
    WishDraft {
        name: Some("docs".to_owned()),
        from: Some("git@gitee.com:me/docs.git".to_owned()),
        provider: Some("gitee".to_owned()),
        repository: Some("me/docs".to_owned()),
        dir: Some("/srv/docs".into()),
        url: Some("https://hooks.example.org".to_owned()),
        server: Some(Server::Nginx),
        keeper: Some(Keeper::Systemd),
        ..WishDraft::default()
    }
}

fn planned(machine: &Machine, draft: WishDraft) -> HostPlan {
    plan(machine, &draft.finish(machine).unwrap()).unwrap()
}

fn titles(plan: &HostPlan) -> Vec<String> {
    let parts = |goal: &Goal| match goal {
        Goal::Checked { parts, .. } => parts.iter().map(|part| format!("  {}", part.title())).collect(),
        _ => Vec::new(),
    };
    plan.goals.iter().flat_map(|goal| [vec![goal.title()], parts(goal)].concat()).collect()
}

#[test]
fn a_packaged_host_with_systemd_needs_no_unit_and_no_copy_of_the_program() {
    let expected = "\
        system user and group hookspool, home /var/lib/hookspool\n\
        directory /etc/hookspool (0750 root:hookspool)\n\
        directory /etc/hookspool/secrets (0750 root:hookspool)\n\
        directory /var/log/hookspool (0750 hookspool:hookspool)\n\
        directory /var/lib/hookspool (0750 hookspool:hookspool)\n\
        directory /var/spool/hookspool (2751 hookspool:hookspool)\n\
        directory /srv/docs (0755 hookspool:hookspool)\n\
        secret /etc/hookspool/secrets/docs (0640 root:hookspool)\n\
        file /etc/hookspool/hookspool.toml (0640 root:hookspool)\n\
        directory /var/lib/hookspool/.ssh (0700 hookspool:hookspool)\n\
        deploy key /var/lib/hookspool/.ssh/id_ed25519\n\
        key of host gitee.com in /var/lib/hookspool/.ssh/known_hosts\n\
        command systemctl reload hookspool.service\n\
        command systemctl reload hookspool-runner.service\n\
        command systemctl enable --now hookspool.socket hookspool-runner.service\n\
        web server's part, tested by `/usr/sbin/nginx -t -q -c /etc/nginx/nginx.conf`\n  \
          file /etc/nginx/conf.d/hookspool.conf (0644 root:root)\n\
        answer of http://127.0.0.1/hooks/docs";
    assert_eq!(titles(&planned(&host(), draft())).join("\n"), expected);
}

#[test]
fn what_a_package_did_not_bring_and_a_directory_elsewhere_need_files_of_systemd() {
    let machine = Machine { has_packaged_units: false, executable: "/root/hookspool".into(), ..host() };
    let elsewhere =
        WishDraft { dir: Some("/var/www/docs".into()), from: None, shell: vec!["make".to_owned()], ..draft() };
    let plan = planned(&machine, elsewhere);
    let titles = titles(&plan);
    for title in [
        "this program at /usr/local/bin/hookspool",
        "file /etc/systemd/system/hookspool.socket (0644 root:root)",
        "file /etc/systemd/system/hookspool.service (0644 root:root)",
        "file /etc/systemd/system/hookspool-runner.service (0644 root:root)",
        "file /etc/systemd/system/hookspool-runner.service.d/docs.conf (0644 root:root)",
        "command systemctl daemon-reload",
    ] {
        assert!(titles.iter().any(|other| other == title), "{title}: {titles:#?}");
    }
    let text: String = plan.goals.iter().map(Goal::detail).collect();
    assert!(text.contains("ExecStart=/usr/local/bin/hookspool spool-runner"), "{text}");
    assert!(text.contains("[Service]\nReadWritePaths=/var/www/docs\n"), "{text}");
    assert!(text.contains("steps = [\n  { shell = \"make\" },\n]\n"), "{text}");
}

#[test]
fn supervisor_has_a_socket_that_needs_no_directory_of_its_own() {
    let programs = Some("/etc/supervisor/conf.d/hookspool.conf".into());
    let supervisor = Supervisor { config: "/etc/supervisor/supervisord.conf".into(), programs, is_running: true };
    let machine = Machine { supervisor: Some(supervisor), is_systemd: false, ..host() };
    let plan =
        planned(&machine, WishDraft { keeper: Some(Keeper::Supervisor), server: Some(Server::Apache), ..draft() });
    let titles = titles(&plan);
    let at = titles.iter().position(|title| title.starts_with("file /etc/supervisor")).unwrap();
    assert_eq!(
        titles[at..],
        [
            "file /etc/supervisor/conf.d/hookspool.conf (0644 root:root)",
            "command supervisorctl -c /etc/supervisor/supervisord.conf signal HUP 'hookspool:*' hookspool-runner",
            "command supervisorctl -c /etc/supervisor/supervisord.conf update",
            "command a2enmod -q proxy proxy_fcgi env",
            "web server's part, tested by `apachectl configtest`",
            "  file /etc/apache2/conf-available/hookspool.conf (0644 root:root)",
            "  link /etc/apache2/conf-enabled/hookspool.conf to ../conf-available/hookspool.conf",
            "answer of http://127.0.0.1/hooks/docs",
        ]
    );
    let Some(Goal::Checked { parts, .. }) = plan.goals.iter().find(|goal| matches!(goal, Goal::Checked { .. })) else {
        panic!("{titles:#?}");
    };
    assert!(parts[0].detail().contains("ProxyPass \"/hooks/\" \"unix:/run/hookspool.sock|fcgi://hookspool/\""));
}

#[test]
fn an_account_has_a_script_and_cron_and_nothing_of_roots() {
    let machine = Machine {
        me: Owner::new("me", "users"),
        home: "/home/me".into(),
        is_root: false,
        executable: "/home/me/bin/hookspool".into(),
        config: "/home/me/.config/hookspool/hookspool.toml".into(),
        ..host()
    };
    let of_account = |scripts: &str| WishDraft {
        dir: Some("/home/me/docs".into()),
        from: Some("https://gitee.com/me/docs.git".to_owned()),
        server: None,
        keeper: None,
        is_account: true,
        script_dir: Some(scripts.into()),
        ..draft()
    };
    let plan = planned(&machine, of_account("public_html/hooks"));
    let expected = "\
        directory /home/me/bin (0755 me:users)\n\
        directory /home/me/.config/hookspool (0700 me:users)\n\
        directory /home/me/.config/hookspool/secrets (0700 me:users)\n\
        directory /home/me/.local/state/hookspool (0700 me:users)\n\
        directory /home/me/docs (0755 me:users)\n\
        directory /home/me/public_html/hooks (0755 me:users)\n\
        secret /home/me/.config/hookspool/secrets/docs (0600 me:users)\n\
        file /home/me/.config/hookspool/hookspool.toml (0600 me:users)\n\
        spool /home/me/.local/state/hookspool/spool\n\
        file /home/me/public_html/hooks/hookspool.cgi (0755 me:users)\n\
        file /home/me/public_html/hooks/.htaccess (0644 me:users)\n\
        a line in the crontab of me\n\
        answer of https://hooks.example.org/hooks/hookspool.cgi/docs";
    assert_eq!(titles(&plan).join("\n"), expected);
    let text: String = plan.goals.iter().map(Goal::detail).collect();
    assert!(text.contains("\nexec /home/me/bin/hookspool\n") && !text.contains("/var/"), "{text}");
    let titles = titles(&planned(&machine, of_account("/home/me/cgi-bin")));
    assert!(!titles.iter().any(|title| title.contains(".htaccess")), "{titles:#?}");
}

#[test]
fn a_hook_that_is_there_keeps_what_it_says_and_another_forge_is_refused() {
    let hook = ExistingHook {
        name: "docs".to_owned(),
        provider: "gitee".to_owned(),
        repository: None,
        dir: "/srv/other".into(),
        from: None,
        names_branches: false,
        secret: Some("/etc/hookspool/secrets/other".into()),
    };
    let existing = Existing { text: "# as typed\n".to_owned(), spool: "/data/spool".into(), hooks: vec![hook] };
    let machine = Machine { existing: Some(existing), ..host() };
    let titles = titles(&planned(&machine, draft()));
    for title in ["directory /data/spool (2751 hookspool:hookspool)", "directory /srv/other (0755 hookspool:hookspool)"]
    {
        assert!(titles.iter().any(|other| other == title), "{title}: {titles:#?}");
    }
    assert!(titles.contains(&"secret /etc/hookspool/secrets/other (0640 root:hookspool)".to_owned()), "{titles:#?}");
    let other = WishDraft { provider: Some("github".to_owned()), ..draft() };
    assert!(other.finish(&machine).unwrap_err().contains("hook `docs` is there already, for `gitee`"));
}

#[test]
fn names_that_a_servers_file_cannot_hold_are_refused() {
    let refused = |draft: WishDraft| draft.finish(&host()).and_then(|wishes| plan(&host(), &wishes)).unwrap_err();
    for name in ["", "a b", "../x", "a;b", "a\nb"] {
        let why = refused(WishDraft { name: Some(name.to_owned()), ..draft() });
        assert!(why.contains("letters, digits"), "{name}: {why}");
    }
    for dir in ["/srv/a b", "/srv/$(x)", "/srv/a;b"] {
        let why = refused(WishDraft { dir: Some(dir.into()), ..draft() });
        assert!(why.contains("not every file of a server can hold"), "{dir}: {why}");
    }
}

#[test]
fn a_hook_that_nobody_would_take_is_refused_before_anything_is_made() {
    let machine = host();
    let in_spool = WishDraft { dir: Some("/var/spool/hookspool/x".into()), ..draft() };
    let from_a_helper = WishDraft { from: Some("ext::sh -c x".to_owned()), ..draft() };
    for (draft, why) in [(in_spool, "this `dir` lies in the spool"), (from_a_helper, "git must not clone from here")] {
        let wishes = draft.finish(&machine).unwrap();
        let refused = plan(&machine, &wishes).err().unwrap();
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn where_the_machine_leaves_one_choice_nobody_is_asked() {
    let args = <crate::cli::args::Cli as clap::Parser>::try_parse_from(["hookspool", "init", "docs"]).unwrap();
    let crate::cli::args::Command::Init(args) = args.command else { panic!("init") };
    // nginx runs, Apache is only installed; of systemd and cron the former keeps a process.
    let draft = WishDraft::new(&args, &host());
    assert_eq!((draft.server, draft.keeper), (Some(Server::Nginx), Some(Keeper::Systemd)));
    let both = Machine { keepers: Keeper::ALL.to_vec(), ..host() };
    assert_eq!(WishDraft::new(&args, &both).keeper, None, "supervisor or systemd?");
}
