/* Writes down what a program does to files, for crash.py: loaded before the C library's own functions (LD_PRELOAD).
 * CRASH_LOG names the log. A record is one line of text, and the bytes written behind it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -2;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void record(const void *bytes, size_t size, const char *format, ...) {
    char line[9000];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    __typeof__(&write) real = REAL(write);
    pthread_mutex_lock(&lock);
    if (log_fd == -2) {
        const char *name = getenv("CRASH_LOG");
        log_fd = name ? REAL(open)(name, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    }
    if (log_fd >= 0) {
        real(log_fd, line, length);
        if (size > 0) real(log_fd, bytes, size);
    }
    pthread_mutex_unlock(&lock);
}

static void path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = 0;
}

/* A path that may be relative to an open folder, as a whole one. */
static void whole(int folder, const char *given, char *path) {
    char base[4096] = "";
    if (given[0] == '/') { snprintf(path, 8192, "%s", given); return; }
    if (folder == AT_FDCWD) { if (!getcwd(base, sizeof base)) base[0] = 0; } else path_of(folder, base, sizeof base);
    snprintf(path, 8192, "%s/%s", base, given);
}

static int opened(int fd, int flags, int folder, const char *given) {
    if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && (flags & O_ACCMODE) != O_RDONLY) {
        struct stat found;
        char path[8192];
        whole(folder, given, path);
        if (fstat(fd, &found) == 0)
            record(0, 0, "open %s %lu %s\n", flags & (O_EXCL | O_TRUNC) ? "new" : "old", (unsigned long)found.st_ino, path);
    }
    return fd;
}

static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = mode_of(flags, more);                                                                            \
        va_end(more);                                                                                                  \
        return opened(REAL(name)(path, flags, mode), flags, AT_FDCWD, path);                                           \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                                   \
    int name(int folder, const char *path, int flags, ...) {                                                           \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = mode_of(flags, more);                                                                            \
        va_end(more);                                                                                                  \
        return opened(REAL(name)(folder, path, flags, mode), flags, folder, path);                                     \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *bytes, size_t size) {
    struct stat found;
    off_t place = -1;
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) place = lseek(fd, 0, SEEK_CUR);
    ssize_t done = REAL(write)(fd, bytes, size);
    if (done > 0 && place >= 0)
        record(bytes, done, "write %lu %ld %ld\n", (unsigned long)found.st_ino, (long)place, (long)done);
    return done;
}

static int synced(int done, int fd) {
    struct stat found;
    char path[4096];
    if (done == 0 && fstat(fd, &found) == 0) {
        path_of(fd, path, sizeof path);
        record(0, 0, "sync %s %lu %s\n", S_ISDIR(found.st_mode) ? "folder" : "file", (unsigned long)found.st_ino, path);
    }
    return done;
}
int fsync(int fd) { return synced(REAL(fsync)(fd), fd); }
int fdatasync(int fd) { return synced(REAL(fdatasync)(fd), fd); }

int rename(const char *from, const char *to) {
    int done = REAL(rename)(from, to);
    if (done == 0) record(0, 0, "rename %s\t%s\n", from, to);
    return done;
}
int link(const char *from, const char *to) {
    int done = REAL(link)(from, to);
    if (done == 0) record(0, 0, "link %s\t%s\n", from, to);
    return done;
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    int done = REAL(linkat)(a, from, b, to, flags);
    if (done == 0) record(0, 0, "link %s\t%s\n", from, to);
    return done;
}
int unlink(const char *path) {
    int done = REAL(unlink)(path);
    if (done == 0) record(0, 0, "unlink %s\n", path);
    return done;
}
int unlinkat(int folder, const char *given, int flags) {
    char path[8192];
    whole(folder, given, path);
    int done = REAL(unlinkat)(folder, given, flags);
    if (done == 0) record(0, 0, "%s %s\n", flags & AT_REMOVEDIR ? "rmdir" : "unlink", path);
    return done;
}
int mkdir(const char *path, mode_t mode) {
    int done = REAL(mkdir)(path, mode);
    if (done == 0) record(0, 0, "mkdir %s\n", path);
    return done;
}
int rmdir(const char *path) {
    int done = REAL(rmdir)(path);
    if (done == 0) record(0, 0, "rmdir %s\n", path);
    return done;
}
