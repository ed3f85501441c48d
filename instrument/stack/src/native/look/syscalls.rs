//! System calls by number: their names, and which of them a signal would disturb.

macro_rules! table {
    ($($constant:ident $name:literal),* $(,)?) => {
        &[$((libc::$constant, $name)),*]
    };
}

/// Those in which threads are found waiting.
const COMMON: &[(libc::c_long, &str)] = table![
    SYS_read "read", SYS_write "write", SYS_readv "readv", SYS_writev "writev", SYS_pread64 "pread64",
    SYS_pwrite64 "pwrite64", SYS_preadv "preadv", SYS_pwritev "pwritev", SYS_openat "openat", SYS_close "close",
    SYS_fsync "fsync", SYS_fdatasync "fdatasync", SYS_ftruncate "ftruncate", SYS_fallocate "fallocate",
    SYS_flock "flock", SYS_fcntl "fcntl", SYS_ioctl "ioctl", SYS_getdents64 "getdents64", SYS_statx "statx",
    SYS_unlinkat "unlinkat", SYS_renameat2 "renameat2", SYS_mkdirat "mkdirat", SYS_copy_file_range "copy_file_range",
    SYS_sendfile "sendfile", SYS_splice "splice", SYS_futex "futex", SYS_nanosleep "nanosleep",
    SYS_clock_nanosleep "clock_nanosleep", SYS_sched_yield "sched_yield", SYS_ppoll "ppoll", SYS_pselect6 "pselect6",
    SYS_epoll_pwait "epoll_pwait", SYS_accept "accept", SYS_accept4 "accept4", SYS_connect "connect",
    SYS_recvfrom "recvfrom", SYS_recvmsg "recvmsg", SYS_recvmmsg "recvmmsg", SYS_sendto "sendto",
    SYS_sendmsg "sendmsg", SYS_sendmmsg "sendmmsg", SYS_wait4 "wait4", SYS_waitid "waitid", SYS_mmap "mmap",
    SYS_munmap "munmap", SYS_mprotect "mprotect", SYS_madvise "madvise", SYS_msync "msync", SYS_brk "brk",
    SYS_io_uring_enter "io_uring_enter", SYS_getrandom "getrandom", SYS_rt_sigtimedwait "rt_sigtimedwait",
    SYS_rt_sigsuspend "rt_sigsuspend", SYS_semtimedop "semtimedop", SYS_msgrcv "msgrcv", SYS_msgsnd "msgsnd",
    SYS_execve "execve", SYS_clone "clone", SYS_exit "exit",
];

/// Older ones that newer processors never had.
#[cfg(target_arch = "x86_64")]
const OLD: &[(libc::c_long, &str)] = table![
    SYS_poll "poll", SYS_select "select", SYS_epoll_wait "epoll_wait", SYS_pause "pause", SYS_open "open",
    SYS_stat "stat", SYS_lstat "lstat", SYS_unlink "unlink", SYS_rename "rename", SYS_mkdir "mkdir", SYS_vfork "vfork",
    SYS_fork "fork",
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[(libc::c_long, &str)] = &[];

/// The name of a system call.
pub(super) fn name(number: i64) -> Option<&'static str> {
    let mut all = COMMON.iter().chain(OLD);
    all.find(|(known, _)| *known == number)
        .map(|(_, name)| *name)
}

/// Whether the call may fail with EINTR, or come back short, although the handler asks for it to be restarted (measured).
/// Reads and writes of sockets are among them, if the socket has a time limit; so are all that this file does not know.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_fragile(number: i64) -> bool {
    const SOUND: &[libc::c_long] = &[
        libc::SYS_openat,
        libc::SYS_open,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_wait4,
        libc::SYS_waitid,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_sched_yield,
        libc::SYS_flock,
    ];
    number >= 0 && !SOUND.contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_names() {
        assert_eq!(name(libc::SYS_futex), Some("futex"));
        assert_eq!(name(-1), None);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn what_times_out_is_fragile() {
        for number in [
            libc::SYS_nanosleep,
            libc::SYS_futex,
            libc::SYS_poll,
            libc::SYS_epoll_wait,
            libc::SYS_read,
            100_000,
        ] {
            assert!(is_fragile(number));
        }
        assert!(!is_fragile(-1) && !is_fragile(libc::SYS_wait4));
    }
}
