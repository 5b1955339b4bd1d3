//! What belongs to others is not touched, and what the web server refuses is taken back.

use crate::support::machine::{Machine, said};

const INIT: &str = "/opt/hookspool init docs --provider gitee --dir /srv/docs --from git://127.0.0.1/site.git \
    --url http://hooks.example.org --nginx --supervisor";

#[test]
fn what_the_web_server_would_ignore_or_refuses_is_taken_back() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    let site = machine.at("/etc/nginx/conf.d/a-site.conf");
    std::fs::write(&site, "server { listen 80; server_name hooks.example.org; }\n").unwrap();
    let ignored = machine.sh(INIT);
    let text = said(&ignored);
    assert_eq!(ignored.status.code(), Some(78), "{text}");
    assert!(text.contains("put the `location` into that site's own file\nit was taken back"), "{text}");
    assert!(!machine.at("/etc/nginx/conf.d/hookspool.conf").exists());

    // Its own part is refused by a server that lacks what the part needs.
    std::fs::write(&site, "server_name_in_redirect on;\n").unwrap();
    std::fs::remove_file(machine.at("/etc/nginx/fastcgi_params")).unwrap();
    let refused = machine.sh(INIT);
    let text = said(&refused);
    assert!(text.contains("the web server refuses this part") && text.contains("fastcgi_params"), "{text}");
    assert!(!machine.at("/etc/nginx/conf.d/hookspool.conf").exists());

    std::fs::write(&site, "no_such_directive;\n").unwrap();
    let text = said(&machine.sh(INIT));
    assert!(text.contains("refuses the configuration as it is, before anything was added"), "{text}");
}

#[test]
fn links_and_places_of_other_users_are_refused_to_root() {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    machine.good("useradd -m bob && su bob -c 'mkdir ~/site' && mkdir /srv/real && ln -s /srv/real /srv/docs");
    let refused = |dir: &str, why: &str| {
        let output = machine.sh(&INIT.replace("--dir /srv/docs", &format!("--dir {dir}")));
        let text = said(&output);
        assert_eq!(output.status.code(), Some(77), "{text}");
        assert!(text.contains(why), "{text}");
    };
    refused("/srv/docs", "`/srv/docs` is a symbolic link");
    // The home of bob, and what bob has there, could be exchanged by bob at any time.
    refused("/home/bob/site", "`/home/bob/site` belongs to bob");
    refused("/home/bob/new", "`/home/bob/new` is not safe to make: /home/bob belongs to bob");
    assert!(!machine.at("/home/bob/new").exists());
}

#[test]
fn without_a_terminal_everything_that_is_missing_is_named_at_once() {
    let Some(machine) = Machine::start() else { return };
    let output = machine.sh("/opt/hookspool init docs --nginx");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for flag in ["--provider NAME", "--from URL or --shell COMMAND", "--dir DIR", "--url URL"] {
        assert!(text.contains(flag), "{flag}: {text}");
    }
    for (arguments, why) in [
        ("--provider nobody", "no provider `nobody`"),
        ("--provider stripe", "save it in a file of your own, and name that with `--secret-file FILE`"),
        ("--provider gitee --caddy --cron", "Caddy starts no CGI script"),
        ("--provider gitee --dir srv", "write it in full, from `/` on"),
        ("--provider gitee --cgi", "run it as that account"),
        ("--provider gitee --url http://h;x", "--url"),
    ] {
        let server = if arguments.contains("--c") { "" } else { "--nginx" };
        let keeper = if arguments.contains("--cron") { "" } else { "--supervisor" };
        let dir = if arguments.contains("--dir") { "" } else { "--dir /srv/docs" };
        let url = if arguments.contains("--url") { "" } else { "--url http://hooks.example.org" };
        let output = machine.sh(&format!(
            "/opt/hookspool init docs --shell true {server} {keeper} {dir} {url} {}",
            arguments.replace(';', "\\;")
        ));
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {text}");
        assert!(text.contains(why), "{arguments}: {text}");
    }
    assert!(!machine.at("/etc/hookspool").exists());
}
