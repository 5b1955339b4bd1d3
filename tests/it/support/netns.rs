//! Edge. Network namespaces: machines that reach each other through a router alone, which can be told to lose packets
//! without a word, as a cut cable and a firewall that has forgotten a connection do. Needs root.

use rustix::process::getpid;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The name of the router among the machines.
const ROUTER: &str = "router";

/// Machines, each in a namespace of its own, and the router between them.
pub(crate) struct Net {
    prefix: String,
    machines: Vec<String>,
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Net {
    pub(crate) fn of(machines: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("hookspool-{}-{number}", getpid().as_raw_nonzero());
        let net = Self { prefix, machines: machines.iter().map(|name| (*name).to_owned()).collect() };
        ip(&format!("netns add {}", net.space(ROUTER)));
        net.in_router("sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'");
        (0..machines.len()).for_each(|index| net.connect(index));
        net
    }

    fn connect(&self, index: usize) {
        let (name, router) = (self.space(&self.machines[index]), self.space(ROUTER));
        ip(&format!("netns add {name}"));
        ip(&format!("link add net0 netns {name} type veth peer name to{index} netns {router}"));
        ip(&format!("-n {router} address add 10.77.{index}.1/24 dev to{index}"));
        ip(&format!("-n {router} link set to{index} up"));
        ip(&format!("-n {name} address add 10.77.{index}.2/24 dev net0"));
        ip(&format!("-n {name} link set net0 up"));
        ip(&format!("-n {name} link set lo up"));
        ip(&format!("-n {name} route add default via 10.77.{index}.1"));
    }

    /// The name of a machine's namespace, for `ip netns exec`.
    pub(crate) fn space(&self, machine: &str) -> String {
        format!("{}-{machine}", self.prefix)
    }

    pub(crate) fn address(&self, machine: &str) -> String {
        let index = self.machines.iter().position(|name| name == machine).unwrap();
        format!("10.77.{index}.2")
    }

    fn in_router(&self, command: &str) {
        let command = format!("ip netns exec {} {command}", self.space(ROUTER));
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
    }

    /// From now on what `from` sends to `to` vanishes.
    pub(crate) fn silence(&self, from: &str, to: &str) {
        let (from, to) = (self.address(from), self.address(to));
        self.in_router(&format!("ip rule add from {from} to {to} blackhole"));
    }

    /// The same in both directions.
    pub(crate) fn cut(&self, one: &str, other: &str) {
        self.silence(one, other);
        self.silence(other, one);
    }

    /// Everything arrives again.
    pub(crate) fn mend(&self) {
        let rules = "while ip rule delete type blackhole 2>/dev/null; do :; done";
        self.in_router(&format!("sh -c '{rules}'"));
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for machine in self.machines.iter().map(String::as_str).chain([ROUTER]) {
            let _gone = Command::new("ip").args(["netns", "delete", &self.space(machine)]).status();
        }
    }
}
