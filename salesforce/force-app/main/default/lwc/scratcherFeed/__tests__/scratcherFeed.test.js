import { changes, page } from "answers";
import { Feed } from "c/scratcherFeed";

const SIZES = { pageSize: 2, mostRows: 5 };
let doors;
let feed;

beforeEach(() => {
  doors = { newest: jest.fn(), after: jest.fn() };
  feed = new Feed(doors, SIZES);
});

function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const gap = (to, org = "00D1") => ({
  org: { org_id: org },
  from: "2026-11-21T07:00:00Z",
  to: `2026-11-21T${to}:00Z`,
  reason: "not_watched"
});
const gapEnds = () => feed.gaps.map((one) => one.to.slice(11, 16));

const ids = () => feed.rows.map((row) => row.id);

async function opened(answer = {}) {
  doors.newest.mockResolvedValueOnce(page({ changes: changes(2, 10), next: "older", latest: 10, ...answer }));
  await feed.open({ org: "x" });
}

it("opens with the newest page", async () => {
  await opened({ gaps: [gap("09:00")] });
  expect(doors.newest).toHaveBeenCalledWith({ org: "x" }, 2, null);
  expect(ids()).toEqual(["10", "9"]);
  expect(feed.gaps).toHaveLength(1);
  expect(feed.hasMore).toBe(true);
});

it("loads older pages by cursor until there are no more", async () => {
  await opened();
  doors.newest.mockResolvedValueOnce(page({ changes: changes(2, 8), next: null }));
  await feed.more();
  expect(doors.newest).toHaveBeenLastCalledWith({ org: "x" }, 2, "older");
  expect(ids()).toEqual(["10", "9", "8", "7"]);
  expect([feed.hasMore, feed.isFull]).toEqual([false, false]);
});

it("keeps the gaps of all that is loaded, each once, the newest first", async () => {
  await opened({ gaps: [gap("09:00")] });
  doors.newest.mockResolvedValueOnce(page({ gaps: [gap("09:00"), gap("08:00"), gap("08:30", "00D2")], next: "older" }));
  await feed.more();
  expect(gapEnds()).toEqual(["09:00", "08:30", "08:00"]);
  await opened({ gaps: [] });
  expect(gapEnds()).toEqual([]);
});

describe("while it follows", () => {
  const pass = (milliseconds) => jest.advanceTimersByTime(milliseconds);

  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it("looks for new gaps beside the newest page, once a minute at most, and touches no row", async () => {
    await opened({ gaps: [gap("08:00")] });
    const before = feed.rows;
    doors.newest.mockResolvedValue(page({ changes: changes(1, 30), latest: 30, next: null, gaps: [gap("09:00")] }));
    await feed.lookForGaps();
    expect(doors.newest).toHaveBeenCalledTimes(1);
    pass(60000);
    await feed.lookForGaps();
    await feed.lookForGaps();
    expect(doors.newest).toHaveBeenCalledTimes(2);
    expect(doors.newest).toHaveBeenLastCalledWith({ org: "x" }, 2, null);
    expect(gapEnds()).toEqual(["09:00", "08:00"]);
    expect(feed.rows).toBe(before);
    expect(feed.hasMore).toBe(true);
    doors.after.mockResolvedValueOnce({ changes: [], latest: 10, more: false });
    await feed.follow();
    expect(doors.after).toHaveBeenLastCalledWith({ org: "x" }, 2, 10);
  });

  it("drops the gaps of filters that were left", async () => {
    await opened();
    const slow = deferred();
    pass(60000);
    doors.newest.mockReturnValueOnce(slow.promise);
    const late = feed.lookForGaps();
    await opened({ gaps: [gap("09:00")] });
    slow.resolve(page({ gaps: [gap("08:00")] }));
    await late;
    expect(gapEnds()).toEqual(["09:00"]);
  });

  it("passes on that gaps could not be read", async () => {
    await opened();
    pass(60000);
    doors.newest.mockRejectedValueOnce({ code: "service_away" });
    await expect(feed.lookForGaps()).rejects.toEqual({ code: "service_away" });
  });
});

it("holds no more than the most", async () => {
  await opened();
  doors.newest.mockResolvedValue(page({ changes: changes(4, 8), next: "still older" }));
  await feed.more();
  expect(feed.rows).toHaveLength(5);
  expect([feed.hasMore, feed.isFull]).toEqual([false, true]);
});

it("follows from the latest position, page after page", async () => {
  await opened();
  doors.after
    .mockResolvedValueOnce({ changes: changes(1, 11), latest: 11, more: true })
    .mockResolvedValueOnce({ changes: changes(1, 12), latest: 12, more: false });
  expect(await feed.follow()).toBe(2);
  expect(doors.after.mock.calls.map((call) => call[2])).toEqual([10, 11]);
  expect(ids()).toEqual(["12", "11", "10", "9"]);
  expect(feed.rows.map((row) => row.fresh)).toEqual([true, true, false, false]);
});

it("keeps the same rows where nothing is new", async () => {
  await opened();
  const before = feed.rows;
  doors.after.mockResolvedValueOnce({ changes: [], latest: 10, more: false });
  expect(await feed.follow()).toBe(0);
  expect(feed.rows).toBe(before);
});

it("does not follow for ever in one turn, and goes on where it was", async () => {
  await opened();
  doors.after.mockImplementation((filters, size, after) =>
    Promise.resolve({ changes: changes(1, after + 1), latest: after + 1, more: true })
  );
  expect(await feed.follow()).toBe(10);
  await feed.follow();
  expect(doors.after.mock.calls[10][2]).toBe(20);
});

it("drops an answer to a filter that was changed meanwhile", async () => {
  const slow = deferred();
  doors.newest.mockReturnValueOnce(slow.promise).mockResolvedValueOnce(page({ changes: changes(1, 20) }));
  const first = feed.open({ org: "slow" });
  await feed.open({ org: "fast" });
  slow.resolve(page({ changes: changes(2, 10) }));
  await first;
  expect(ids()).toEqual(["20"]);
  expect(feed.filters).toEqual({ org: "fast" });
});

it.each([["more"], ["follow"]])("drops what %s brings for filters that were left", async (step) => {
  await opened();
  const slow = deferred();
  doors.newest.mockReturnValueOnce(slow.promise);
  doors.after.mockReturnValueOnce(slow.promise);
  const late = feed[step]();
  doors.newest.mockReset().mockResolvedValueOnce(page({ changes: changes(1, 20), latest: 20 }));
  await feed.open({});
  slow.resolve({ ...page({ changes: changes(2, 8), latest: 12 }), more: false });
  await late;
  expect(ids()).toEqual(["20"]);
});

it.each([["more"], ["follow"]])("drops what %s asked for while other filters were being opened", async (step) => {
  await opened();
  const [opening, slow] = [deferred(), deferred()];
  doors.newest.mockReturnValueOnce(opening.promise).mockReturnValueOnce(slow.promise);
  doors.after.mockReturnValueOnce(slow.promise);
  const open = feed.open({});
  const late = feed[step]();
  opening.resolve(page({ changes: changes(1, 20), latest: 20 }));
  await open;
  slow.resolve({ ...page({ changes: changes(2, 8), latest: 12 }), more: false });
  await late;
  expect(ids()).toEqual(["20"]);
});

it("begins anew after the service was restored from a backup", async () => {
  await opened();
  doors.after.mockResolvedValueOnce({ changes: [], latest: 3, more: false });
  doors.newest.mockResolvedValueOnce(page({ changes: changes(1, 3), latest: 3 }));
  expect(await feed.follow()).toBe(0);
  expect(ids()).toEqual(["3"]);
});

it("begins anew where its position is no longer kept", async () => {
  await opened();
  doors.after.mockRejectedValueOnce({ code: "position_expired" });
  doors.newest.mockResolvedValueOnce(page({ changes: changes(1, 30), latest: 30 }));
  await feed.follow();
  expect(ids()).toEqual(["30"]);
});

it("passes on any other error and keeps its rows", async () => {
  await opened();
  doors.after.mockRejectedValueOnce({ code: "service_away" });
  await expect(feed.follow()).rejects.toEqual({ code: "service_away" });
  expect(ids()).toEqual(["10", "9"]);
});
