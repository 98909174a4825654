import { isEmpEnabled, onError, subscribe, unsubscribe } from "lightning/empApi";
import { Live } from "c/scratcherLive";

let look;
let told;
let live;

beforeEach(() => {
  jest.useFakeTimers();
  look = jest.fn().mockResolvedValue(0);
  told = jest.fn();
  live = new Live({ look, told, seconds: 10 });
  isEmpEnabled.mockResolvedValue(true);
  subscribe.mockResolvedValue({ id: 7 });
});

afterEach(() => {
  live.stop();
  jest.useRealTimers();
});

const pass = (milliseconds) => jest.advanceTimersByTimeAsync(milliseconds);

function hide(hidden) {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new CustomEvent("visibilitychange"));
}

it("looks at events, gathering those that come together, and now and then anyway", async () => {
  await live.start(true);
  expect(subscribe).toHaveBeenCalledWith("/event/Scratcher_Change__e", -1, expect.any(Function));
  const arrives = subscribe.mock.calls[0][2];
  [1, 2, 3].forEach(() => arrives());
  expect(told).toHaveBeenLastCalledWith("events");
  await pass(400);
  expect(look).toHaveBeenCalledTimes(1);
  await pass(60000);
  expect(look).toHaveBeenCalledTimes(2);
});

it.each([
  ["the user has no streaming", () => isEmpEnabled.mockResolvedValue(false)],
  ["the subscription is refused", () => subscribe.mockRejectedValue(new Error("no"))]
])("polls where %s", async (_, refuse) => {
  refuse();
  await live.start(true);
  expect(told).toHaveBeenLastCalledWith("polling");
  await pass(10000);
  await pass(10000);
  expect(look).toHaveBeenCalledTimes(2);
});

it("polls where it is subscribed and nobody publishes", async () => {
  await live.start(true);
  expect(told).toHaveBeenLastCalledWith("polling");
  await pass(10000);
  await pass(10000);
  expect(look).toHaveBeenCalledTimes(2);
});

it("polls again where news come that no event told of", async () => {
  await live.start(true);
  subscribe.mock.calls[0][2]();
  await pass(400);
  look.mockImplementationOnce(async () => live.found());
  await pass(60000);
  expect(told).toHaveBeenLastCalledWith("polling");
  await pass(10000);
  expect(look).toHaveBeenCalledTimes(3);
});

it("keeps its pace where an event told of the news", async () => {
  await live.start(true);
  look.mockImplementation(async () => live.found());
  subscribe.mock.calls[0][2]();
  await pass(400);
  expect(told).toHaveBeenLastCalledWith("events");
});

it("does not subscribe where an admin switched events off", async () => {
  await live.start(false);
  expect(subscribe).not.toHaveBeenCalled();
  expect(told).toHaveBeenLastCalledWith("polling");
});

it("polls after the connection was lost", async () => {
  await live.start(true);
  const arrives = subscribe.mock.calls[0][2];
  arrives();
  await pass(400);
  onError.mock.calls[0][0]({ error: "lost" });
  expect(told).toHaveBeenLastCalledWith("polling");
  await pass(10000);
  expect(look).toHaveBeenCalledTimes(2);
  arrives();
  expect(told).toHaveBeenLastCalledWith("events");
});

it.each([
  ["another channel", { channel: "/event/Other__e", error: "lost" }, "events"],
  ["a subscription to another", { channel: "/meta/subscribe", subscription: "/event/Other__e" }, "events"],
  ["our channel", { channel: "/event/Scratcher_Change__e", error: "lost" }, "polling"],
  ["our subscription", { channel: "/meta/subscribe", subscription: "/event/Scratcher_Change__e" }, "polling"],
  ["several, with ours", { subscription: ["/event/Other__e", "/event/Scratcher_Change__e"] }, "polling"],
  ["the connection", { channel: "/meta/connect", error: "401::Authentication invalid" }, "polling"],
  ["nothing", undefined, "polling"]
])("after an error of %s is live by the right way", async (_, error, by) => {
  await live.start(true);
  subscribe.mock.calls[0][2]();
  onError.mock.calls[0][0](error);
  expect(told).toHaveBeenLastCalledWith(by);
});

it("never looks twice at a time, and once more for what came meanwhile", async () => {
  let finish;
  look.mockImplementationOnce(
    () =>
      new Promise((done) => {
        finish = done;
      })
  );
  await live.start(false);
  live.nudge();
  await pass(300);
  live.nudge();
  live.nudge();
  await pass(5000);
  expect(look).toHaveBeenCalledTimes(1);
  finish();
  await pass(300);
  expect(look).toHaveBeenCalledTimes(2);
});

it("leaves the service alone for as long as it is told", async () => {
  look.mockResolvedValueOnce(40);
  await live.start(false);
  await pass(10000);
  live.nudge();
  await pass(39000);
  expect(look).toHaveBeenCalledTimes(1);
  await pass(1000);
  expect(look).toHaveBeenCalledTimes(2);
});

it("sleeps while the tab is hidden and looks when it is seen again", async () => {
  await live.start(false);
  hide(true);
  await pass(60000);
  expect(look).not.toHaveBeenCalled();
  hide(false);
  await pass(300);
  expect(look).toHaveBeenCalledTimes(1);
});

it("ends with its subscription, also one that comes late", async () => {
  await live.start(true);
  live.stop();
  expect(unsubscribe).toHaveBeenCalledWith({ id: 7 }, expect.any(Function));
  await pass(120000);
  expect(look).not.toHaveBeenCalled();

  unsubscribe.mockClear();
  const late = new Live({ look, told, seconds: 10 });
  const starting = late.start(true);
  late.stop();
  await starting;
  expect(unsubscribe).toHaveBeenCalledTimes(1);
  await pass(120000);
  expect(look).not.toHaveBeenCalled();
});

it("looks at once where somebody asks for it, whatever the service said", async () => {
  look.mockResolvedValueOnce(40);
  await live.start(false);
  await pass(10000);
  live.nudge(true);
  await pass(300);
  expect(look).toHaveBeenCalledTimes(2);
});
