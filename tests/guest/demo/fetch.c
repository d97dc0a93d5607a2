/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch [-p] http://ADDRESS[:PORT]/PATH - print the body of a GET (-p: of a
 * POST of nothing) on stdout.
 *
 * Just enough HTTP/1.0 (RFC 1945) for a guest to ask its metadata service.
 * The address is numeric.  Exit status: 0 the answer was 200, 1 another
 * answer, 2 no answer, 3 usage.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX (1 << 20)

static int dial(const char *address, int port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};
	struct timeval patience = { .tv_sec = 5 };
	int fd;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Read up to the peer's end; the answer is NUL-terminated. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while (have < size - 1) {
		n = read(fd, buf + have, size - 1 - have);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += n;
	}
	buf[have] = '\0';
	return have;
}

/* Takes -p away: true where it was there. */
static int take_post(int *argc, char ***argv)
{
	if (*argc != 3 || strcmp((*argv)[1], "-p") != 0)
		return 0;
	--*argc;
	++*argv;
	return 1;
}

int main(int argc, char **argv)
{
	static char answer[ANSWER_MAX];
	int post = take_post(&argc, &argv);
	char address[64], request[2048];
	const char *path = "";
	char *body, *colon;
	int fd, len, port = 80, status = 0;
	ssize_t got;

	if (argc != 2 || sscanf(argv[1], "http://%63[^/]", address) != 1) {
		fputs("usage: fetch [-p] http://ADDRESS[:PORT]/PATH\n",
		      stderr);
		return 3;
	}
	path = strchr(argv[1] + strlen("http://"), '/');
	len = snprintf(request, sizeof(request),
		       "%s %s HTTP/1.0\r\nHost: %s\r\n%s\r\n",
		       post ? "POST" : "GET", path ? path : "/", address,
		       post ? "Content-Length: 0\r\n" : "");
	if (len < 0 || (size_t)len >= sizeof(request))
		return 3;
	colon = strchr(address, ':');
	if (colon) {
		*colon = '\0';
		port = atoi(colon + 1);
	}

	fd = dial(address, port);
	if (fd < 0 || write(fd, request, len) != len) {
		perror(argv[1]);
		return 2;
	}
	got = read_all(fd, answer, sizeof(answer));
	body = got > 0 ? strstr(answer, "\r\n\r\n") : NULL;
	if (!body || sscanf(answer, "HTTP/%*s %d", &status) != 1) {
		fprintf(stderr, "fetch: %s: no answer\n", argv[1]);
		return 2;
	}
	if (status != 200) {
		fprintf(stderr, "fetch: %s: %d\n", argv[1], status);
		return 1;
	}
	body += 4;
	fwrite(body, 1, answer + got - body, stdout);
	return 0;
}
