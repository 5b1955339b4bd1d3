import ctypes, os, resource, socket, subprocess, sys

root, port = sys.argv[1], int(sys.argv[2])
runner = os.getppid()
libc = ctypes.CDLL(None, use_errno=True)
account = sys.argv[3]
secret, other = root + "/secrets/docs", root + "/other"


def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def link_and_read(target):
    name = "link-%d" % abs(hash(target))
    os.symlink(target, name)
    open(name).read()


def memfd():
    fd = os.memfd_create("cat")
    with open("/bin/cat", "rb") as program:
        os.write(fd, program.read())
    subprocess.run(["/proc/self/fd/%d" % fd, secret], pass_fds=[fd], check=True)


def in_namespaces():
    script = 'mount -t tmpfs none /mnt || exit 1; cat "$1"'
    subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", secret], check=True)


def abstract():
    socket.socket(socket.AF_UNIX).connect("\0" + os.path.basename(root))


def inherited():
    names = os.listdir("/proc/self/fd")
    links = [os.readlink("/proc/self/fd/" + name) for name in names if os.path.exists("/proc/self/fd/" + name)]
    if not any(root + "/spool" in link or "log" in link for link in links):
        raise OSError("nothing inherited")


def by_handle():
    room = ctypes.create_string_buffer(512)
    ctypes.cast(room, ctypes.POINTER(ctypes.c_uint))[0] = 128
    mount = ctypes.c_int()
    checked(libc.name_to_handle_at(-100, secret.encode(), room, ctypes.byref(mount), 0))
    checked(libc.open_by_handle_at(os.open(".", os.O_RDONLY), room, 0))


def privileged():
    status = open("/proc/self/status").read()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    allowed = sum(1 << bit for bit in (0, 1, 3, 4, 6, 7))
    if lines["NoNewPrivs"] == "1" and lines["Seccomp"] == "2" and int(lines["CapBnd"], 16) & ~allowed == 0:
        raise OSError("no powers")
    if os.geteuid() != 0 and lines["NoNewPrivs"] == "1":
        raise OSError("no powers")


def crontab():
    subprocess.run(["crontab", "-"], input=b"* * * * * true\n", check=True)


tries = {
    "secret": lambda: open(secret).read(),
    "configuration": lambda: open(root + "/hookspool.toml").read(),
    "deploy key": lambda: open(root + "/deploy-key").read(),
    "account": lambda: os.listdir(account),
    "keys": lambda: open(account + "/.ssh/id_ed25519").read(),
    "spool": lambda: os.listdir(root + "/spool"),
    "log": lambda: open(root + "/spool/log/secret").read(),
    "homes": lambda: os.listdir(root + "/spool/home"),
    "other site": lambda: open(other + "/secret").read(),
    "temporary files": lambda: os.listdir("/tmp"),
    "shared memory": lambda: os.listdir("/dev/shm"),
    "environ": lambda: open("/proc/%d/environ" % runner).read(),
    "memory": lambda: open("/proc/%d/mem" % runner, "rb"),
    "descriptors": lambda: os.readlink("/proc/%d/fd/1" % runner),
    "a descriptor": lambda: open("/proc/%d/fd/1" % runner),
    "root": lambda: os.listdir("/proc/%d/root/" % runner),
    "cwd": lambda: os.listdir("/proc/%d/cwd/" % runner),
    "maps": lambda: open("/proc/%d/maps" % runner).read(1),
    "own root": lambda: open("/proc/self/root" + secret).read(),
    "link": lambda: link_and_read(secret),
    "link to a process": lambda: link_and_read("/proc/%d/environ" % runner),
    "hard link": lambda: os.link(secret, "hard"),
    "move in": lambda: os.rename(secret, "moved"),
    "move out": lambda: (open("mine", "w").close(), os.rename("mine", other + "/mine")),
    "write": lambda: open(other + "/secret", "a"),
    "truncate": lambda: os.truncate(other + "/secret", 0),
    "make": lambda: open(other + "/new", "w"),
    "directory": lambda: os.mkdir(other + "/new"),
    "remove": lambda: os.unlink(other + "/secret"),
    "symlink outside": lambda: os.symlink("x", other + "/link"),
    "system": lambda: open("/etc/hookspool-test", "w"),
    "oom": lambda: open("/proc/%d/oom_score_adj" % runner, "w"),
    "signal": lambda: os.kill(runner, 0),
    "another signal": lambda: os.kill(runner, 28),
    "signal by descriptor": lambda: call(424, os.pidfd_open(runner), 28, None, 0),
    "ptrace": lambda: checked(libc.ptrace(16, runner, None, None)),
    "read memory": lambda: call(310, runner, None, 0, None, 0, 1),
    "descriptor of another": lambda: call(438, os.pidfd_open(runner), 1, 0),
    "limits": lambda: resource.prlimit(runner, resource.RLIMIT_NOFILE),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, runner, 19),
    "scheduler": lambda: os.sched_setscheduler(runner, os.SCHED_BATCH, os.sched_param(0)),
    "tcp": lambda: socket.create_connection(("127.0.0.1", port), 5),
    "tcp listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)),
    "vsock": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM),
    "abstract socket": abstract,
    "socket of a server": lambda: socket.socket(socket.AF_UNIX).connect(root + "/server"),
    "io_uring": lambda: call(425, 1, ctypes.create_string_buffer(256)),
    "keys of the kernel": lambda: call(250, 0, -3, 0),
    "memfd": memfd,
    "namespaces": in_namespaces,
    "mount": lambda: checked(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    "device": lambda: os.mknod("disk", 0o60600, os.makedev(8, 0)),
    "handle": by_handle,
    "inherited": inherited,
    "powers": privileged,
    "crontab": crontab,
    "cron": lambda: open("/var/spool/cron/crontabs/root", "w"),
    "at": lambda: open("/var/spool/cron/atjobs/x", "w"),
}

for name, attempt in tries.items():
    try:
        attempt()
    except (OSError, subprocess.CalledProcessError) as error:
        print("no", name, "-", error)
    else:
        print("GOT", name)
print("tried", len(tries))
