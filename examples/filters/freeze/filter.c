/* A filter that lets nobody write at certain times of the week. */
#include "dbmesh.h"

DBMESH_FILTER(0, 0)

#define DAY 1440
#define WEEK (7 * DAY)
#define MAX_WINDOWS 32

/* Minutes since Monday 00:00; a window that ends before it begins goes on into the next week. */
static struct {
	int32_t from, to;
} windows[MAX_WINDOWS];
static int32_t count, offset;

static int32_t digits(const char *at) {
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return -1;
	return (at[0] - '0') * 10 + at[1] - '0';
}

/* minute reads "Fri 18:00"; it gives a negative number for anything else. */
static int32_t minute(dbmesh_text t) {
	static const char days[] = "MonTueWedThuFriSatSun";
	if (t.len != 9 || t.ptr[3] != ' ' || t.ptr[6] != ':')
		return -1;
	int32_t hour = digits(t.ptr + 4), min = digits(t.ptr + 7);
	if (hour < 0 || hour > 23 || min < 0 || min > 59)
		return -1;
	for (int32_t day = 0; day < 7; day++)
		if (dbmesh_begins(t, dbmesh_bytes(days + 3 * day, 3)))
			return day * DAY + hour * 60 + min;
	return -1;
}

static int32_t whole(dbmesh_text t) {
	int32_t n = 0, sign = 1, i = 0;
	if (t.len > 0 && t.ptr[0] == '-')
		sign = -1, i = 1;
	for (; i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9' && n < WEEK; i++)
		n = n * 10 + t.ptr[i] - '0';
	return sign * n;
}

static dbmesh_text key(int32_t n, dbmesh_text end) {
	return dbmesh_join(dbmesh_join(DBMESH_TEXT("windows."), dbmesh_number(n)), end);
}

DBMESH_CONFIGURE() {
	offset = whole(dbmesh_config_get(DBMESH_TEXT("utc_offset_minutes"))) % DAY;
	for (count = 0; count < MAX_WINDOWS; count++) {
		dbmesh_text from = dbmesh_config_get(key(count, DBMESH_TEXT(".from")));
		if (from.len < 0)
			return DBMESH_PASS;
		dbmesh_text to = dbmesh_config_get(key(count, DBMESH_TEXT(".to")));
		windows[count].from = minute(from);
		windows[count].to = minute(to);
		if (windows[count].from < 0 || windows[count].to < 0)
			return dbmesh_refuse(DBMESH_TEXT("windows: want from and to such as \"Fri 18:00\""));
	}
	return dbmesh_refuse(DBMESH_TEXT("windows: there are more than 32"));
}

static int frozen(void) {
	/* 1 January 1970 was a Thursday. */
	int64_t now = dbmesh_time_ms() / 60000 + offset + 3 * DAY;
	int32_t at = (int32_t)((now % WEEK + WEEK) % WEEK);
	for (int32_t i = 0; i < count; i++) {
		int32_t from = windows[i].from, to = windows[i].to;
		if (from <= to ? from <= at && at < to : from <= at || at < to)
			return 1;
	}
	return 0;
}

static dbmesh_verdict check(void) {
	uint8_t access = dbmesh_access();
	int writes = access == DBMESH_ACCESS_WRITE || access == DBMESH_ACCESS_SCHEMA || access == DBMESH_ACCESS_UNKNOWN ||
		dbmesh_has(DBMESH_FLAG_WRITES) || dbmesh_has(DBMESH_FLAG_OPAQUE);
	if (!writes || !frozen())
		return DBMESH_PASS;
	return dbmesh_deny(1290, "HY000", DBMESH_TEXT("freeze: nothing is written at this time of the week; try again later"));
}

DBMESH_HOOK(on_query, index) {
	(void)index;
	return check();
}

DBMESH_HOOK(on_execute, parameters) {
	(void)parameters;
	return check();
}
