"""The system calls that a guest may make, as a seccomp program.

An allow list: memory, files, pipes, threads, clocks and signals to itself. What is well known and refused gives
"Operation not permitted"; whatever else, newer calls included, "Function not implemented", which the C library
takes for an older kernel and works around. Names that this machine's libseccomp or processor does not know are
left out.
"""

import os
from errno import ENOSYS, EPERM
from types import ModuleType
from typing import Any

from kb.errors import RunnerError

ALLOWED = """
    access alarm arch_prctl brk chdir clock_getres clock_gettime clock_nanosleep close close_range copy_file_range
    dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 exit exit_group
    faccessat faccessat2 fadvise64 fallocate fchdir fdatasync flock fstat fstatfs fsync ftruncate futex futex_wait
    futex_waitv futex_wake getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer get_mempolicy
    getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit get_robust_list getrusage
    getsid gettid gettimeofday getuid getxattr lgetxattr link linkat lseek lstat madvise membarrier mincore mkdir
    mkdirat mmap mprotect mremap msync munmap nanosleep newfstatat pause pipe pipe2 poll ppoll pread64 preadv preadv2
    pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2
    restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend
    rt_sigtimedwait sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_get_priority_max
    sched_get_priority_min sched_yield select sendfile setitimer set_robust_list set_tid_address sigaltstack stat
    statfs statx symlink symlinkat sync_file_range sysinfo time times timer_create timer_delete timer_getoverrun
    timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime umask uname unlink unlinkat wait4
    waitid write writev
"""

REFUSED = """
    accept accept4 acct add_key adjtimex bind bpf chmod chown chroot connect delete_module execve execveat
    fanotify_init fchmod fchmodat fchmodat2 fchown fchownat finit_module fork fsetxattr fsmount fsopen
    init_module io_uring_enter io_uring_register io_uring_setup ioprio_set kcmp kexec_load keyctl lchown listen
    lsetxattr mknod mknodat mount move_mount name_to_handle_at open_by_handle_at open_tree perf_event_open
    personality pidfd_getfd pidfd_open pidfd_send_signal pivot_root process_madvise process_vm_readv
    process_vm_writev ptrace quotactl reboot request_key rt_sigqueueinfo rt_tgsigqueueinfo sched_setattr
    sched_setparam sched_setscheduler seccomp sendmmsg sendmsg sendto setdomainname setgid setgroups sethostname
    setns setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid setxattr shmat shmget socket
    socketpair swapoff swapon sync syslog tkill truncate umount2 unshare uselib userfaultfd utime utimensat
    utimes vfork vhangup
"""

CLONE_THREAD = 0x10000
NAMESPACES = 0x7E020080
"""CLONE_NEW* of every kind: cgroup, UTS, IPC, user, PID, network, mount, time."""
OWN_PRCTL = {"PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_GET_DUMPABLE": 3, "PR_SET_VMA": 0x53564D41}
OWN_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1031, 1032, 36, 37, 38)
"""Duplicate, flags, locks, pipe sizes; not F_SETOWN and F_SETSIG, which send signals to other processes."""
OWN_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, its size, bytes waiting, blocking or not, close on exec; nothing that types into a terminal."""


def build_filter(*, own_pid: int | None = None, starts: bool = False, writes: bool = True) -> bytes:
    """Return a seccomp program (array of struct sock_filter) for this machine.

    Parameters
    ----------
    own_pid : the only process that may be signalled or have its limits read; None for the outer filter
    starts  : True for the filter that bubblewrap sets: it still has to start the interpreter, which then sets the
              final one
    writes  : False where nothing else protects the files: then none may be opened for writing

    Raises
    ------
    RunnerError : libseccomp is missing or cannot do it; says what to install
    """
    seccomp = _load_library()
    program = seccomp.SyscallFilter(seccomp.ERRNO(ENOSYS))
    started = {"execve", "prctl", "seccomp", "prlimit64", "setrlimit", "capset"} if starts else set()
    if starts:
        started |= {"kill", "tgkill", "fcntl", "ioctl", "open", "openat"}
    names = set(REFUSED.split()) - started
    altering = {"link", "linkat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "rmdir", "symlink"}
    altering |= {"symlinkat", "unlink", "unlinkat", "ftruncate", "fallocate", "copy_file_range", "sendfile"}
    refused = names if writes else names | altering
    for name in refused:
        _rule(seccomp, program, seccomp.ERRNO(EPERM), name)
    for name in (set(ALLOWED.split()) | started) - refused:
        _rule(seccomp, program, seccomp.ALLOW, name)
    _allow_threads_only(seccomp, program)
    if not starts:
        _allow_own_affairs(seccomp, program, own_pid)
        _allow_opening(seccomp, program, writes)
    return _export(program)


def _load_library() -> ModuleType:
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise RunnerError("libseccomp is missing: install the system package libseccomp2 (or libseccomp)") from error
    module: ModuleType = pyseccomp
    return module


def _rule(seccomp: ModuleType, program: Any, action: int, name: str, *conditions: Any) -> None:
    try:
        number = seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
    except (OSError, ValueError):
        return
    if number >= 0:  # libseccomp numbers a call of another processor below zero
        program.add_rule(action, number, *conditions)


def _masked(seccomp: ModuleType, argument: int, mask: int, value: int) -> Any:
    return seccomp.Arg(argument, seccomp.MASKED_EQ, mask, value)


def _allow_threads_only(seccomp: ModuleType, program: Any) -> None:
    """A thread is a clone without a new process and without new namespaces; clone3 hides its flags, so is absent."""
    _rule(seccomp, program, seccomp.ALLOW, "clone", _masked(seccomp, 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD))
    _rule(seccomp, program, seccomp.ERRNO(EPERM), "clone", _masked(seccomp, 0, CLONE_THREAD, 0))


def _allow_own_affairs(seccomp: ModuleType, program: Any, own_pid: int | None) -> None:
    for name, values in (("prctl", OWN_PRCTL.values()), ("fcntl", OWN_FCNTL), ("ioctl", OWN_IOCTL)):
        for value in values:
            _rule(seccomp, program, seccomp.ALLOW, name, seccomp.Arg(0 if name == "prctl" else 1, seccomp.EQ, value))
    for name in ("kill", "tgkill"):
        _rule(seccomp, program, seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, own_pid))
        _rule(seccomp, program, seccomp.ERRNO(EPERM), name, seccomp.Arg(0, seccomp.NE, own_pid))
    for name in ("prlimit64", "sched_setaffinity"):  # 0 is the caller; MKL takes a refusal for a single processor
        _rule(seccomp, program, seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, 0))
        _rule(seccomp, program, seccomp.ERRNO(EPERM), name, seccomp.Arg(0, seccomp.NE, 0))


def _allow_opening(seccomp: ModuleType, program: Any, writes: bool) -> None:
    """Refuse O_RDONLY with O_TRUNC, which empties a file that may only be read; or any opening that can alter."""
    accessing = os.O_WRONLY | os.O_RDWR
    altering = os.O_TRUNC if writes else accessing | os.O_CREAT | os.O_TRUNC
    for name, argument in (("open", 1), ("openat", 2)):
        _rule(seccomp, program, seccomp.ALLOW, name, _masked(seccomp, argument, altering, 0))
        if writes:
            for mode in (os.O_WRONLY, os.O_RDWR):
                both = _masked(seccomp, argument, accessing | os.O_TRUNC, mode | os.O_TRUNC)
                _rule(seccomp, program, seccomp.ALLOW, name, both)
            refused = _masked(seccomp, argument, accessing | os.O_TRUNC, os.O_TRUNC)
            _rule(seccomp, program, seccomp.ERRNO(EPERM), name, refused)
        else:
            for bit in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC):
                _rule(seccomp, program, seccomp.ERRNO(EPERM), name, _masked(seccomp, argument, bit, bit))


def _export(program: Any) -> bytes:
    descriptor = os.memfd_create("filter")
    with os.fdopen(descriptor, "r+b") as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()
