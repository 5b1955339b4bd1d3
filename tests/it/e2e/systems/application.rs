//! Edge. A push to Coding: update an application and touch the file that makes uWSGI load it again.

use super::{PAGE, changed, configure, count, deliver, free_port, page};
use crate::support::document::block;
use crate::support::repository::Repository;
use crate::support::{Account, Gateway, Site, forges, until, uwsgi};
use std::fs;
use std::os::unix::fs::MetadataExt;

/// An application of WSGI that shows `text`.
fn application(text: &str) -> String {
    format!(
        "def application(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [b'{text}']\n"
    )
}

#[test]
fn an_application_of_uwsgi_serves_its_new_code_after_a_push() {
    let site = Site::new();
    let repository = Repository::new(&site);
    let theirs = "https://e.coding.net/me/shop.git";
    configure(&site, "shop", &[(theirs, &repository.url())]);
    let server = Gateway::Serve.start(&site);
    let push = |number: usize, text: &str| {
        let commit = repository.commit("wsgi.py", &application(text));
        deliver(server.address, &forges::coding(&server.path("shop"), &commit));
        until("the job is done", || count(&site, "done") == number);
    };

    push(1, "one");
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let instance = site.moved(&changed(&block(PAGE, "ini", "touch-reload"), &[("127.0.0.1:8000", address.as_str())]));
    let user = if Account::myself().is_root() { format!("uid = {}\n", Account::web().name) } else { String::new() };
    let _uwsgi = uwsgi::start(&site, port, &(instance + &user));
    assert_eq!(page(port).as_deref(), Some("one"));
    // uWSGI looks at whole seconds.
    let touched = fs::metadata(site.srv().join("shop/reload")).expect("the file that is touched").mtime();
    until("another second has begun", || jiff::Timestamp::now().as_second() > touched);
    push(2, "the second");
    until("uWSGI serves the new code", || page(port).is_some_and(|page| page == "the second"));
}
