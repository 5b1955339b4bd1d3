//! The page through each web server, with the file that operators get.

use crate::support::http::{Framing, Request, Response, send};
use crate::support::page_server::{AUTHORIZATION, PageServer, ServedPage};
use std::fs;

/// A page as small as it can be.
fn put_page(server: &ServedPage) {
    fs::create_dir_all(server.www().join("job")).unwrap();
    fs::create_dir_all(server.www().join("badge")).unwrap();
    let files = ["index.html", "style.css", "status.json", "icon.svg", "badge/docs.svg", "job/1.html", "job/1.log"];
    for file in files {
        fs::write(server.www().join(file), format!("this is {file}")).unwrap();
    }
}

fn get(server: &ServedPage, path: &str, authorization: Option<&str>) -> Response {
    let request = Request::new("GET", path, Framing::None, b"");
    let request = authorization.into_iter().fold(request, |request, value| request.header("Authorization", value));
    send(server.address, &request)
}

/// Media types by which a browser takes each file for what it is.
const TYPES: [(&str, &str); 7] = [
    ("index.html", "text/html"),
    ("job/1.html", "text/html"),
    ("job/1.log", "text/plain"),
    ("style.css", "text/css"),
    ("icon.svg", "image/svg+xml"),
    ("badge/docs.svg", "image/svg+xml"),
    ("status.json", "application/json"),
];

#[test]
fn every_web_server_shows_the_page_to_who_has_the_password_and_to_nobody_else() {
    for kind in PageServer::ALL {
        let server = kind.start();
        put_page(&server);
        for wrong in [None, Some("Basic bWVpOndyb25n"), Some("Basic Og==")] {
            let reply = get(&server, "/deploy/", wrong);
            assert_eq!(reply.status, 401, "{kind:?} {wrong:?}: {reply:?}");
            assert!(!reply.text().contains("this is"), "{kind:?}: {reply:?}");
        }
        assert_eq!(get(&server, "/deploy/job/1.log", None).status, 401, "{kind:?}");
        let reply = get(&server, "/deploy/", Some(AUTHORIZATION));
        assert_eq!((reply.status, reply.text().as_str()), (200, "this is index.html"), "{kind:?}: {reply:?}");
        for (file, media) in TYPES {
            let reply = get(&server, &format!("/deploy/{file}"), Some(AUTHORIZATION));
            assert_eq!((reply.status, reply.text()), (200, format!("this is {file}")), "{kind:?}");
            let header = |name: &str| {
                reply.header(&name.to_ascii_lowercase()).unwrap_or_else(|| panic!("{kind:?} {file}: no {name}"))
            };
            assert!(header("Content-Type").starts_with(media), "{kind:?} {file}: {reply:?}");
            let policy = header("Content-Security-Policy");
            assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self';"), "{kind:?}: {policy}");
            assert_eq!(header("X-Content-Type-Options"), "nosniff", "{kind:?} {file}");
        }
        assert_eq!(get(&server, "/deploy/job/", Some(AUTHORIZATION)).status / 100, 4, "{kind:?}: a list of jobs");
    }
}
