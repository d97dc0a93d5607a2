/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nova-lite-guestfwd SOCKET - join stdin and stdout to a Unix stream socket.
 *
 * QEMU's user-mode network runs this once for every connection a guest makes
 * to 169.254.169.254 (guestfwd=tcp:...-cmd:nova-lite-guestfwd SOCKET) with the
 * guest's end as stdin and stdout.  The socket belongs to one server, so which
 * socket a connection comes in on says, past any forging by the guest, who
 * asks.  Each direction ends on its own: an end of file is handed on as a
 * half-close, and the program stays until both have ended.
 *
 * Exit status: 0 both directions ended, 1 the socket or a copy failed, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One direction. It reads when its buffer is empty and writes when not. */
struct flow {
	int from, to;
	size_t have, sent;
	int ended;
	char buf[16384];
};

static int dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Tells the receiver that no more comes; a pipe is told by closing it. */
static void flow_end(struct flow *f)
{
	f->ended = 1;
	if (shutdown(f->to, SHUT_WR) < 0 && errno == ENOTSOCK)
		close(f->to);
}

static struct pollfd flow_wants(const struct flow *f)
{
	struct pollfd p = { .fd = -1 };

	if (!f->ended && f->sent < f->have)
		p = (struct pollfd){ .fd = f->to, .events = POLLOUT };
	else if (!f->ended)
		p = (struct pollfd){ .fd = f->from, .events = POLLIN };
	return p;
}

/* One read or one write, whichever is due. */
static int flow_step(struct flow *f)
{
	ssize_t n;

	if (f->sent < f->have) {
		n = write(f->to, f->buf + f->sent, f->have - f->sent);
		if (n > 0)
			f->sent += n;
	} else {
		n = read(f->from, f->buf, sizeof(f->buf));
		if (n < 0 && errno == ECONNRESET)
			n = 0;
		if (n > 0) {
			f->have = n;
			f->sent = 0;
		}
		if (n == 0)
			flow_end(f);
	}
	return n < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

int main(int argc, char **argv)
{
	static struct flow up = { .from = STDIN_FILENO };
	static struct flow down = { .to = STDOUT_FILENO };
	int fd;

	if (argc != 2) {
		fputs("usage: nova-lite-guestfwd SOCKET\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	fd = dial(argv[1]);
	if (fd < 0 || unblock(fd) < 0 || unblock(STDIN_FILENO) < 0 ||
	    unblock(STDOUT_FILENO) < 0)
		return 1;
	up.to = down.from = fd;

	while (!up.ended || !down.ended) {
		struct pollfd p[2] = { flow_wants(&up), flow_wants(&down) };
		int gone = down.ended;

		/* Closed both ways: what the guest still says has no reader. */
		if (gone)
			p[1] = (struct pollfd){ .fd = fd };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (gone && p[1].revents)
			return 0;
		if (p[0].revents && flow_step(&up) < 0)
			return 1;
		if (p[1].revents && flow_step(&down) < 0)
			return 1;
	}
	return 0;
}
