//! Edge. One nginx in front of all contenders.

use crate::contender::Contender;
use crate::delivery::SECRET;
use crate::process::{Group, wait_until};
use crate::room::Room;
use std::fmt::Write;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

/// Writes the configuration, starts nginx and waits until it listens.
pub fn start(room: &Room) -> io::Result<Group> {
    let file = room.dir.join("nginx.conf");
    std::fs::write(&file, configuration(room))?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(&room.dir).args(["-g", "daemon off;"]);
    let group = Group::start(command, &room.log("nginx"))?;
    wait_until("nginx", || TcpStream::connect(room.buffered).is_ok())?;
    Ok(group)
}

fn configuration(room: &Room) -> String {
    // Workers give up root for nobody, who could not open the sockets.
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    let dir = room.dir.display();
    let temporary = ["client_body", "fastcgi", "proxy", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {dir}/nginx-{kind};\n"))
        .concat();
    format!(
        "{user}worker_processes auto;\npid {dir}/nginx.pid;\nerror_log {dir}/nginx-error.log warn;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n    access_log off;\n    root {dir}/www;\n    client_max_body_size 30m;\n\
         \x20   keepalive_requests 100000000;\n{temporary}\n    upstream webhook {{ server {}; keepalive 32; }}\n\n\
         {}{}}}\n",
        room.webhook,
        server(room, room.buffered, true),
        server(room, room.unbuffered, false)
    )
}

fn server(room: &Room, listen: SocketAddr, buffering: bool) -> String {
    let buffering = if buffering { "on" } else { "off" };
    let mut text = format!("    server {{\n        listen {listen};\n");
    for kind in ["fastcgi", "proxy", "uwsgi"] {
        let _ = writeln!(text, "        {kind}_request_buffering {buffering};");
    }
    for contender in Contender::ALL {
        text.push_str(&location(room, contender));
    }
    text.push_str("    }\n");
    text
}

fn location(room: &Room, contender: Contender) -> String {
    let Some(uri) = contender.uri() else { return String::new() };
    let socket = room.socket(contender.name());
    let fastcgi = |more: String| {
        format!(
            "include /etc/nginx/fastcgi_params; fastcgi_param HTTP_PROXY \"\"; {more} fastcgi_next_upstream off; \
             fastcgi_pass unix:{};",
            socket.display()
        )
    };
    let body = match contender {
        Contender::Append => return String::new(),
        Contender::Fastcgi | Contender::CrateFastcgi => fastcgi(String::new()),
        Contender::Cgi => fastcgi(format!(
            "fastcgi_param SCRIPT_FILENAME {}; fastcgi_param HOOKSPOOL_CONFIG {};",
            room.hookspool.display(),
            room.config().display()
        )),
        Contender::PythonCgi => fastcgi(format!(
            "fastcgi_param SCRIPT_FILENAME {}; fastcgi_param WEBHOOK_SECRET \"{SECRET}\";",
            room.peers.join("webhook.cgi").display()
        )),
        Contender::Uwsgi => format!("include /etc/nginx/uwsgi_params; uwsgi_pass unix:{};", socket.display()),
        Contender::Webhook => {
            "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_pass http://webhook/hooks/;".to_owned()
        }
        Contender::Nginx => "return 202 \"ok\\n\";".to_owned(),
    };
    format!("        location {uri}/ {{ {body} }}\n")
}
