/** Times in words. What comes in is ISO 8601 in UTC, as the service gives it. */
import LOCALE from "@salesforce/i18n/locale";
import TIME_ZONE from "@salesforce/i18n/timeZone";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const EXACT = new Intl.DateTimeFormat(LOCALE, {
  dateStyle: "medium",
  timeStyle: "long",
  timeZone: TIME_ZONE
});

/** "just now", "3 minutes ago", "yesterday"; clocks that differ by a little do not lie in the future. */
export function relative(iso, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) {
    return "";
  }
  if (seconds < MINUTE) {
    return "just now";
  }
  if (seconds < HOUR) {
    return WORDS.format(-Math.floor(seconds / MINUTE), "minute");
  }
  if (seconds < DAY) {
    return WORDS.format(-Math.floor(seconds / HOUR), "hour");
  }
  return WORDS.format(-Math.floor(seconds / DAY), "day");
}

/** Date and time to the second in the user's own time zone. */
export function exact(iso) {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? "" : EXACT.format(time);
}

/** Whole days from today to a day such as 2026-12-04 (UTC); 0 is today. Null where there is no day. */
export function daysUntil(day, now = Date.now()) {
  const then = Date.parse(day);
  return day && !Number.isNaN(then) ? Math.round((then - (now - (now % (DAY * 1000)))) / (DAY * 1000)) : null;
}

/** "ends today", "ends tomorrow", "ends in 3 days", "ended yesterday". */
export function endsIn(days) {
  return `${days < 0 ? "ended" : "ends"} ${WORDS.format(days, "day")}`;
}

/** The moment `hours` ago, as the service's filter `since` takes it. */
export function hoursAgo(hours, now = Date.now()) {
  return new Date(now - hours * HOUR * 1000).toISOString();
}
