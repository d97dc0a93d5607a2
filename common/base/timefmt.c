/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/timefmt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static usec_t clock_usec(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

usec_t usec_now(void)
{
	return clock_usec(CLOCK_REALTIME);
}

usec_t usec_monotonic(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

/*
 * The proleptic Gregorian calendar in eras of 400 years (146097 days) that
 * begin on a 1 March, so that the leap day is the last of its year. gmtime_r
 * would take glibc's lock of the time zone for each of a listing's rows.
 */
#define DAYS_PER_ERA 146097
#define EPOCH_FROM_ERA 719468	/* days from 0000-03-01 to 1970-01-01 */

struct civil {
	int64_t year;
	int month, day;		/* 1..12, 1..31 */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static struct civil civil_of_days(int64_t days)
{
	int64_t z = days + EPOCH_FROM_ERA;
	int64_t era = floor_div(z, DAYS_PER_ERA);
	int doe = (int)(z - era * DAYS_PER_ERA);
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;	/* March is 0 */
	int month = mp < 10 ? mp + 3 : mp - 9;

	return (struct civil){ era * 400 + yoe + (month <= 2), month,
			       doy - (153 * mp + 2) / 5 + 1 };
}

static int64_t days_of_civil(struct civil c)
{
	int64_t y = c.year - (c.month <= 2);
	int64_t era = floor_div(y, 400);
	int yoe = (int)(y - era * 400);
	int mp = c.month > 2 ? c.month - 3 : c.month + 9;
	int doy = (153 * mp + 2) / 5 + c.day - 1;
	int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * DAYS_PER_ERA + doe - EPOCH_FROM_ERA;
}

static char *put(char *p, int64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + width;
}

static char *put_clock(char *p, int secs)
{
	p = put(p, secs / 3600, 2);
	*p++ = ':';
	p = put(p, secs / 60 % 60, 2);
	*p++ = ':';
	return put(p, secs % 60, 2);
}

static char *put_http(char *p, struct civil c, int64_t days, int secs)
{
	static const char wday[] = "ThuFriSatSunMonTueWed";
	static const char month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t w = days - floor_div(days, 7) * 7;

	p = mempcpy(p, wday + 3 * w, 3);
	p = mempcpy(p, ", ", 2);
	p = put(p, c.day, 2);
	*p++ = ' ';
	p = mempcpy(p, month + 3 * (c.month - 1), 3);
	*p++ = ' ';
	p = put(p, c.year, 4);
	*p++ = ' ';
	return mempcpy(put_clock(p, secs), " GMT", 4);
}

/* Years stay within four digits: 'infinity' of the database prints so too. */
#define USEC_MIN (-62135596800LL * USEC_PER_SEC)	/* 0001-01-01 */
#define USEC_MAX (253402300799LL * USEC_PER_SEC)	/* 9999-12-31 */

int time_format(usec_t t, enum time_form form, char *out_r)
{
	usec_t u = t < USEC_MIN ? USEC_MIN : t > USEC_MAX ? USEC_MAX : t;
	int64_t secs = floor_div(u, USEC_PER_SEC);
	int64_t days = floor_div(secs, 86400);
	int clock = (int)(secs - days * 86400);
	struct civil c = civil_of_days(days);
	char *p = out_r;

	if (form == TIME_HTTP) {
		p = put_http(p, c, days, clock);
	} else {
		p = put(p, c.year, 4);
		*p++ = '-';
		p = put(p, c.month, 2);
		*p++ = '-';
		p = put(p, c.day, 2);
		*p++ = 'T';
		p = put_clock(p, clock);
		if (form != TIME_Z) {
			*p++ = '.';
			p = put(p, u - secs * USEC_PER_SEC, 6);
		}
		if (form != TIME_USEC)
			*p++ = 'Z';
	}
	*p = '\0';
	return (int)(p - out_r);
}

/* -- parsing ------------------------------------------------------------- */

static int digits(const char **s, int n, int *v_r)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*s)[i]))
			return -1;
		v = v * 10 + (*s)[i] - '0';
	}
	*s += n;
	*v_r = v;
	return 0;
}

static int parse_date(const char **s, int64_t *days_r)
{
	static const char len[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	struct civil c;
	int y, leap;

	if (digits(s, 4, &y) < 0 || *(*s)++ != '-' ||
	    digits(s, 2, &c.month) < 0 || *(*s)++ != '-' ||
	    digits(s, 2, &c.day) < 0)
		return -1;
	leap = c.month == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	if (y < 1 || c.month < 1 || c.month > 12 || c.day < 1 ||
	    c.day > len[c.month - 1] + leap)
		return -1;
	c.year = y;
	*days_r = days_of_civil(c);
	return 0;
}

/* More digits than microseconds have are read and dropped. */
static int parse_fraction(const char **s, usec_t *t)
{
	int unit = USEC_PER_SEC / 10;

	if (**s != '.' && **s != ',')
		return 0;
	(*s)++;
	if (!isdigit((unsigned char)**s))
		return -1;
	for (; isdigit((unsigned char)**s); (*s)++, unit /= 10)
		*t += (**s - '0') * unit;
	return 0;
}

static int parse_clock(const char **s, usec_t *t)
{
	int h, m, sec = 0;

	if (digits(s, 2, &h) < 0 || *(*s)++ != ':' || digits(s, 2, &m) < 0)
		return -1;
	if (**s == ':') {
		(*s)++;
		if (digits(s, 2, &sec) < 0)
			return -1;
	}
	if (h > 23 || m > 59 || sec > 59)
		return -1;
	*t += (h * 3600 + m * 60 + sec) * USEC_PER_SEC;
	return parse_fraction(s, t);
}

static int parse_zone(const char **s, usec_t *t)
{
	int sign = **s == '-' ? 1 : -1, h, m = 0;

	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return 0;
	}
	if (**s != '+' && **s != '-')
		return 0;
	(*s)++;
	if (digits(s, 2, &h) < 0)
		return -1;
	if (**s == ':')
		(*s)++;
	if (**s && digits(s, 2, &m) < 0)
		return -1;
	if (h > 23 || m > 59)
		return -1;
	*t += sign * (h * 3600 + m * 60) * USEC_PER_SEC;
	return 0;
}

int time_parse(const char *s, usec_t *t_r)
{
	int64_t days;
	usec_t t = 0;

	if (parse_date(&s, &days) < 0)
		return -1;
	if (*s == 'T' || *s == 't' || *s == ' ') {
		s++;
		if (parse_clock(&s, &t) < 0 || parse_zone(&s, &t) < 0)
			return -1;
	}
	if (*s)
		return -1;
	*t_r = days * 86400 * USEC_PER_SEC + t;
	return 0;
}
