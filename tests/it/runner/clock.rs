//! Waits while the clock is set: each lasts as long as it was meant to, and no longer.

use crate::spool::append::meta;
use crate::support::steps::until;
use crate::support::yard::Yard;
use hookspool::spool::{Claimed, Settlement, SpoolOwner};
use jiff::{SignedDuration, Timestamp};
use std::fs;
use std::process::Command;

/// The system's clock two hours earlier, as soon as there is a file named by `SET_BACK`.
const SET_BACK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *now)
{
    int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(id, now);
    if (id == CLOCK_REALTIME && access(getenv("SET_BACK"), F_OK) == 0)
        now->tv_sec -= 7200;
    return result;
}
"#;

/// A hook whose step asks for another try until there is a file `repaired`.
fn yard() -> Yard {
    let hook = "steps = [{ shell = 'echo tried >>tried; test -e repaired || exit 75' }]\n\
                retry = { attempts = 10, backoff = '500ms' }";
    Yard::new("", &[("docs", hook)])
}

#[test]
fn a_wait_ends_in_time_though_the_clock_was_set_back() {
    let yard = yard();
    let (source, library) = (yard.path("set_back.c"), yard.path("set_back.so"));
    fs::write(&source, SET_BACK).unwrap();
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status();
    assert!(compiled.unwrap().success());
    let mut command = yard.hookspool(&["spool-runner"]);
    command.env("LD_PRELOAD", &library).env("SET_BACK", yard.path("set-back"));
    let runner = yard.start_as(command);
    let id = yard.deliver("docs", "main", "1");
    until("it waits", || yard.is_in("waiting", id));
    fs::write(yard.path("set-back"), "").unwrap();
    fs::write(yard.path("site/repaired"), "").unwrap();
    until("it is tried again", || yard.is_in("done", id));
    assert_eq!(runner.stop(), Some(0));
}

#[test]
fn a_wait_from_a_clock_that_was_ahead_is_no_longer_than_it_was() {
    let yard = yard();
    fs::write(yard.path("site/repaired"), "").unwrap();
    let id = yard.append(&meta("docs", 0));
    let ahead = Timestamp::now() + SignedDuration::from_hours(9_000);
    let owner = SpoolOwner::lock(&yard.path("spool")).unwrap();
    let Claimed::Job(claim) = owner.claim(id, ahead).unwrap() else { panic!("not there") };
    let not_before = ahead + SignedDuration::from_millis(50);
    claim.settle(Settlement::Waiting { not_before, reason: "exit 75".to_owned() }, ahead).unwrap();
    drop(owner);
    let table = String::from_utf8(yard.hookspool(&["list"]).output().unwrap().stdout).unwrap();
    assert!(table.contains("next attempt now: exit 75"), "{table}");
    let runner = yard.start();
    until("it is tried again", || yard.is_in("done", id));
    assert_eq!(runner.stop(), Some(0));
}
