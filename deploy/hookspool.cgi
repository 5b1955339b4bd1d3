#!/bin/sh
# hookspool on shared hosting: the CGI script that Apache starts. Put it beside .htaccess (deploy/htaccess) with mode
# 0755 (suEXEC refuses a script that its group may write), and the two paths below outside the document root.
# A web server may pass words of the query string as arguments (RFC 3875 section 4.4): none is handed on.
HOOKSPOOL_CONFIG=/home/me/.config/hookspool/hookspool.toml
export HOOKSPOOL_CONFIG
exec /home/me/bin/hookspool
