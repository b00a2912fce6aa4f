/* Preloaded into a server: writes down, in order, what goes to the write-ahead log of its
 * database, when that is synced, and which answers leave by a socket. It can also make the disk
 * full or syncs fail, for as long as a file exists.
 *
 * A line is written before what it tells of begins, but for "commit" and "synced", which are
 * written when it has ended well: whatever the order of the lines shows is so.
 *
 *   frame MARK     a page that holds this mark goes to the log
 *   commit         a transaction stands in the log, whole
 *   sync THREAD    the log is about to be synced
 *   synced THREAD  it has been
 *   answer MARK    an answer with this mark goes to a client
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* A mark is this and six digits. */
#define MARK "mark-"
#define MARK_LENGTH 11
/* Each page of the log has a head of so many bytes. The second word of it is zero but for the
 * last page of a transaction (https://sqlite.org/fileformat2.html#the_write_ahead_log). */
#define FRAME_HEAD 24

static int story = -1;
static int last_page_follows = 0;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SHIM_STORY");
    if (path != NULL) story = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void tell(const char *line, size_t length) {
    if (story >= 0 && syscall(SYS_write, story, line, length) != (long)length) abort();
}

/* What a page no longer uses may hold the pieces of a mark. */
static int is_mark(const char *at) {
    for (size_t i = strlen(MARK); i < MARK_LENGTH; i++)
        if (at[i] < '0' || at[i] > '9') return 0;
    return 1;
}

static void tell_marks(const char *what, const void *bytes, size_t length) {
    const char *at = bytes, *end = at + length;
    while ((at = memmem(at, (size_t)(end - at), MARK, strlen(MARK))) != NULL) {
        if (end - at < MARK_LENGTH) return;
        if (is_mark(at)) {
            char line[64];
            int written = snprintf(line, sizeof line, "%s %.*s\n", what, MARK_LENGTH, at);
            tell(line, (size_t)written);
        }
        at += strlen(MARK);
    }
}

static int is_named(int fd, const char *suffix) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path), end = (ssize_t)strlen(suffix);
    return length > end && memcmp(path + length - end, suffix, (size_t)end) == 0;
}

static int is_log(int fd) {
    return is_named(fd, "-wal");
}

/* A backup that is being written. */
static int is_copy(int fd) {
    return is_named(fd, ".partial");
}

static int is_socket(int fd) {
    struct stat state;
    return fstat(fd, &state) == 0 && S_ISSOCK(state.st_mode);
}

/* Whether the file that a variable names exists. */
static int is_on(const char *variable) {
    const char *path = getenv(variable);
    return path != NULL && access(path, F_OK) == 0;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset) {
    if ((is_log(fd) || is_copy(fd)) && is_on("SHIM_DISK_FULL")) {
        errno = ENOSPC;
        return -1;
    }
    if (!is_log(fd)) return syscall(SYS_pwrite64, fd, bytes, length, offset);
    tell_marks("frame", bytes, length);
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, length, offset);
    static const char none[4];
    if (length == FRAME_HEAD) {
        last_page_follows = memcmp((const char *)bytes + 4, none, sizeof none) != 0;
    } else if (last_page_follows && written == (ssize_t)length) {
        last_page_follows = 0;
        tell("commit\n", 7);
    }
    return written;
}

static int sync_file(long call, int fd) {
    if ((is_log(fd) || is_copy(fd)) && is_on("SHIM_SYNC_FAILS")) {
        errno = EIO;
        return -1;
    }
    if (!is_log(fd)) return (int)syscall(call, fd);
    char line[64];
    long thread = syscall(SYS_gettid);
    tell(line, (size_t)snprintf(line, sizeof line, "sync %ld\n", thread));
    int result = (int)syscall(call, fd);
    if (result == 0) tell(line, (size_t)snprintf(line, sizeof line, "synced %ld\n", thread));
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    return write_at(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
    return write_at(fd, bytes, length, offset);
}

int fsync(int fd) {
    return sync_file(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return sync_file(SYS_fdatasync, fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (is_socket(fd)) tell_marks("answer", bytes, length);
    return syscall(SYS_write, fd, bytes, length);
}

static void tell_parts(int fd, const struct iovec *parts, size_t count) {
    if (!is_socket(fd)) return;
    for (size_t i = 0; i < count; i++) tell_marks("answer", parts[i].iov_base, parts[i].iov_len);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    tell_parts(fd, parts, (size_t)count);
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    tell_parts(fd, message->msg_iov, message->msg_iovlen);
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
               socklen_t to_length) {
    tell_marks("answer", bytes, length);
    return syscall(SYS_sendto, fd, bytes, length, flags, to, to_length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    return sendto(fd, bytes, length, flags, NULL, 0);
}
