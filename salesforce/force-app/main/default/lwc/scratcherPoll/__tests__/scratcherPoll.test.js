import { createElement } from "lwc";
import { apexError, operation } from "answers";
import getOperation from "@salesforce/apex/ScratcherExternalService.getOperation";
import pollAll from "@salesforce/apex/ScratcherExternalService.pollAll";
import ScratcherPoll from "c/scratcherPoll";

jest.mock("@salesforce/apex/ScratcherExternalService.pollAll", () => ({ default: jest.fn() }), { virtual: true });
jest.mock("@salesforce/apex/ScratcherExternalService.getOperation", () => ({ default: jest.fn() }), { virtual: true });

let element;
const events = { polled: jest.fn(), failed: jest.fn() };
const part = (selector) => element.shadowRoot.querySelector(selector);
const pass = (milliseconds) => jest.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => {
  jest.useFakeTimers();
  element = createElement("c-scratcher-poll", { is: ScratcherPoll });
  Object.entries(events).forEach(([name, listener]) => element.addEventListener(name, listener));
  document.body.appendChild(element);
});

afterEach(() => {
  document.body.replaceChildren();
  jest.useRealTimers();
});

async function press() {
  part("lightning-button").click();
  await pass(0);
}

it("shows how far it is and says when it is over", async () => {
  pollAll.mockResolvedValue({ operation: operation() });
  const progress = { current: 22, total: 22, message: "22 orgs polled" };
  getOperation.mockResolvedValue({ operation: operation({ status: "succeeded", progress }) });
  await press();
  expect(part("lightning-button").disabled).toBe(true);
  expect(part("lightning-progress-bar").value).toBe(41);
  expect(part("[role=status]").textContent).toContain("9 of 22 orgs polled");
  expect(events.polled).not.toHaveBeenCalled();
  await pass(1000);
  expect(getOperation).toHaveBeenCalledWith({ operationId: 41 });
  expect(part("lightning-button").disabled).toBe(false);
  expect(part("[role=status]").textContent).toContain("22 orgs polled");
  expect(events.polled).toHaveBeenCalledTimes(1);
  await pass(10000);
  expect(part("[role=status]").textContent).toBe("");
});

it("passes a failure on in words and can be tried again", async () => {
  pollAll.mockRejectedValue(apexError({ code: "not_allowed", message: "Switched off." }));
  await press();
  expect(events.failed.mock.calls[0][0].detail).toMatchObject({ code: "not_allowed", message: "Switched off." });
  expect(part("lightning-button").disabled).toBe(false);
});

it("keeps saying how far it is where the poll before has ended just now", async () => {
  pollAll.mockResolvedValueOnce({ operation: operation({ status: "succeeded" }) });
  await press();
  await pass(9000);
  pollAll.mockReturnValueOnce(new Promise(() => {}));
  await press();
  await pass(5000);
  expect(part("[role=status]").textContent).toContain("Asking for a poll of all orgs");
});

it("says nothing after it has gone", async () => {
  let fail;
  pollAll.mockReturnValueOnce(
    new Promise((_, refuse) => {
      fail = refuse;
    })
  );
  await press();
  element.remove();
  fail(apexError());
  await pass(0);
  expect(events.failed).not.toHaveBeenCalled();
});

it("asks no more after it has gone", async () => {
  pollAll.mockResolvedValue({ operation: operation() });
  await press();
  element.remove();
  await pass(5000);
  expect(getOperation).not.toHaveBeenCalled();
});

it("is accessible while it polls", async () => {
  jest.useRealTimers();
  pollAll.mockResolvedValue({ operation: operation() });
  part("lightning-button").click();
  await Promise.resolve();
  part("lightning-progress-bar").setAttribute("role", "progressbar"); // as the real one has inside; the stub is empty
  await expect(element).toBeAccessible();
});
