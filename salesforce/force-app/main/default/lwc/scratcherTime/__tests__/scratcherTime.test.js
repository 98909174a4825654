import { daysUntil, endsIn, exact, hoursAgo, relative } from "c/scratcherTime";

const NOW = Date.parse("2026-11-21T12:00:00Z");

it.each([
  ["2026-11-21T12:00:30Z", "just now"],
  ["2026-11-21T11:59:01Z", "just now"],
  ["2026-11-21T11:59:00Z", "1 minute ago"],
  ["2026-11-21T11:00:01Z", "59 minutes ago"],
  ["2026-11-21T11:00:00Z", "1 hour ago"],
  ["2026-11-20T12:00:00Z", "yesterday"],
  ["2026-11-01T12:00:00Z", "20 days ago"],
  ["no time", ""],
  [null, ""]
])("%s is %s", (iso, words) => {
  expect(relative(iso, NOW)).toBe(words);
});

it("tells the exact time with its zone", () => {
  expect(exact("2026-11-21T12:00:05Z")).toMatch(/Nov 21, 2026.*:00:05.*[A-Z]{2,}/);
  expect(exact("no time")).toBe("");
});

it.each([
  ["2026-11-21", 0, "ends today"],
  ["2026-11-22", 1, "ends tomorrow"],
  ["2026-11-24", 3, "ends in 3 days"],
  ["2026-11-19", -2, "ended 2 days ago"]
])("%s is %i days away and %s", (day, days, words) => {
  expect(daysUntil(day, NOW)).toBe(days);
  expect(endsIn(days)).toBe(words);
});

it("knows no days until no day", () => {
  expect(daysUntil(null, NOW)).toBeNull();
  expect(daysUntil("never", NOW)).toBeNull();
});

it("says when some hours ago was, as the service takes it", () => {
  expect(hoursAgo(24, NOW)).toBe("2026-11-20T12:00:00.000Z");
});
