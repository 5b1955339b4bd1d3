//! The page for people.

mod browser; // in a real browser: requests, policy, accessibility
mod busy_day; // an operator's questions, answered from the page alone
mod hostile; // names, reasons and logs that would be more than text
mod live; // the runner that writes it
mod place; // the directory, and who has been there
mod servers; // through every web server, with a password
