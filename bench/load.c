/* A small HTTP/1.1 load generator: one thread, epoll, keep-alive connections to 127.0.0.1 and nowhere else.
 *
 *   load 127.0.0.1 PORT FILE CONNECTIONS REQUESTS RATE
 *
 * FILE holds whole requests, each behind its length as four bytes, the lowest first. They are sent in
 * order, and from the first again when there are fewer than REQUESTS; REQUESTS 0 means each once. RATE 0:
 * each connection sends as soon as it is answered; else so many a second are due in all, and a latency
 * counts from when its request was due, so that a server that stalls cannot hide it. A connection that
 * the server closes is opened again; a request that it leaves without an answer counts as status 0.
 * Prints one JSON object. Ends with 1 on what it does not understand, or after 300 seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1024, MOST_REQUESTS = 5000000, MOST_SECONDS = 300, HEAD = 16384 };

typedef struct {
    int fd, busy, want_write, status;
    const char *out;
    size_t left;      /* of the request, still to be written */
    size_t in;        /* bytes of the head so far */
    long body;        /* bytes of the body still to come; -1: the head is not complete */
    double due;
    char head[HEAD];
} Connection;

static const char *file;
static size_t *offsets;
static uint32_t *lengths;
static long requests, sent, answered, reconnected, by_status[600];
static double *latencies, began, rate;
static int epoll, port, many;
static Connection *connections;

static void fail(const char *why) {
    fprintf(stderr, "load: %s\n", why);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void watch(Connection *c, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (c->want_write ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->fd, &event)) fail("epoll_ctl");
}

static void open_connection(Connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address)) fail("nobody listens there");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->busy = c->want_write = 0;
    watch(c, EPOLL_CTL_ADD);
}

static void write_some(Connection *c) {
    while (c->left) {
        ssize_t n = send(c->fd, c->out, c->left, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN) return; /* the end of the connection is seen when it is read */
            if (!c->want_write) c->want_write = 1, watch(c, EPOLL_CTL_MOD);
            return;
        }
        c->out += n;
        c->left -= n;
    }
    if (c->want_write) c->want_write = 0, watch(c, EPOLL_CTL_MOD);
}

static void send_next(Connection *c) {
    if (sent == requests) return;
    c->due = rate > 0 ? began + sent / rate : now();
    c->out = file + offsets[sent % many];
    c->left = lengths[sent % many];
    c->busy = 1;
    c->in = 0;
    c->body = -1;
    sent++;
    write_some(c);
}

static void note(Connection *c, int status) {
    if (status < 0 || status > 599) fail("no status");
    by_status[status]++;
    latencies[answered++] = now() - c->due;
    c->busy = 0;
}

static void read_head(Connection *c, const char *end) {
    const char *line = c->head;
    if (c->in < 12 || memcmp(line, "HTTP/1.1 ", 9)) fail("no HTTP/1.1");
    c->status = atoi(line + 9);
    c->body = c->status == 204 || c->status == 304 ? 0 : -2;
    while ((line = memchr(line, '\n', end - line)) && ++line < end) {
        if (!strncasecmp(line, "content-length:", 15) && c->body == -2) c->body = atol(line + 15);
        if (!strncasecmp(line, "transfer-encoding:", 18)) fail("a chunked answer");
    }
    if (c->body < 0) fail("an answer without a length");
}

static void lose(Connection *c) {
    if (c->busy) note(c, 0);
    close(c->fd);
    if (++reconnected > 1000 + many) fail("the server closes every connection");
    open_connection(c);
}

static void read_some(Connection *c) {
    char rest[HEAD];
    for (;;) {
        char *into = c->busy && c->body < 0 ? c->head + c->in : rest;
        size_t room = into == rest ? sizeof rest : HEAD - c->in;
        ssize_t n = recv(c->fd, into, room, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            lose(c);
            return;
        }
        if (!c->busy) fail("an answer that nobody asked for");
        if (c->body >= 0) {
            c->body -= n;
        } else {
            c->in += n;
            char *end = memmem(c->head, c->in, "\r\n\r\n", 4);
            if (!end && c->in == HEAD) fail("a head too long");
            if (!end) continue;
            read_head(c, end);
            c->body -= c->head + c->in - (end + 4);
        }
        if (c->body < 0) fail("more than was announced");
        if (c->body == 0) {
            note(c, c->status);
            return;
        }
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void index_file(const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &info) || !info.st_size) fail("no requests");
    file = mmap(NULL, info.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (file == MAP_FAILED) fail("mmap");
    for (off_t at = 0; at + 4 <= info.st_size; many++) {
        if (many % 65536 == 0) {
            offsets = realloc(offsets, (many + 65536) * sizeof *offsets);
            lengths = realloc(lengths, (many + 65536) * sizeof *lengths);
            if (!offsets || !lengths) fail("memory");
        }
        const unsigned char *p = (const unsigned char *)file + at;
        lengths[many] = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
        offsets[many] = at + 4;
        at += 4 + (off_t)lengths[many];
        if (at > info.st_size) fail("the file is cut short");
    }
}

static double cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void report(double seconds, double cpu_seconds) {
    qsort(latencies, answered, sizeof *latencies, ascending);
    printf("{\"requests\": %ld, \"seconds\": %.4f, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"cpu_seconds\": %.3f, \"reconnected\": %ld, \"statuses\": {",
           answered, seconds, answered / seconds, latencies[answered / 2] * 1e3,
           latencies[(long)(answered * 0.99)] * 1e3, cpu_seconds, reconnected);
    const char *comma = "";
    for (int status = 0; status < 600; status++)
        if (by_status[status]) printf("%s\"%d\": %ld", comma, status, by_status[status]), comma = ", ";
    printf("}}\n");
}

int main(int argc, char **argv) {
    if (argc != 7) fail("usage: load 127.0.0.1 PORT FILE CONNECTIONS REQUESTS RATE");
    if (strcmp(argv[1], "127.0.0.1")) fail("only 127.0.0.1 is loaded");
    port = atoi(argv[2]);
    int count = atoi(argv[4]);
    requests = atol(argv[5]);
    rate = atof(argv[6]);
    index_file(argv[3]);
    if (requests == 0) requests = many;
    if (port <= 0 || port > 65535 || count <= 0 || count > MOST_CONNECTIONS) fail("a number out of range");
    if (requests <= 0 || requests > MOST_REQUESTS || rate < 0) fail("a number out of range");
    latencies = malloc(requests * sizeof *latencies);
    connections = calloc(count, sizeof *connections);
    epoll = epoll_create1(0);
    if (!latencies || !connections || epoll < 0) fail("memory");
    for (int i = 0; i < count; i++) open_connection(&connections[i]);
    double cpu_before = cpu();
    began = now();
    struct epoll_event events[MOST_CONNECTIONS];
    while (answered < requests) {
        double t = now();
        if (t - began > MOST_SECONDS) fail("out of time");
        double due_in = 1;
        for (int i = 0; i < count && sent < requests; i++) {
            if (connections[i].busy) continue;
            if (rate > 0 && (due_in = began + sent / rate - t) > 0) break;
            send_next(&connections[i]);
        }
        int wait = rate > 0 && due_in > 0 && due_in < 1 ? (int)(due_in * 1e3) + 1 : rate > 0 && due_in <= 0 ? 1 : 1000;
        int ready = epoll_wait(epoll, events, MOST_CONNECTIONS, wait);
        for (int i = 0; i < ready; i++) {
            Connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) write_some(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(c);
        }
    }
    report(now() - began, cpu() - cpu_before);
    return 0;
}
