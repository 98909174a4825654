import { apexError } from "answers";
import { explain } from "c/scratcherError";

it("takes what our Apex says as it is", () => {
  const told = { code: "service_away", message: "Away.", action: "Wait.", retryAfterSeconds: 5, serviceAway: true };
  expect(explain(apexError(told))).toEqual(told);
});

it("begins a sentence of the service with a capital", () => {
  expect(explain(apexError({ code: "not_authenticated", message: "this API key is wrong" })).message).toBe(
    "This API key is wrong"
  );
});

it("names the permission set where Salesforce refuses the class", () => {
  const message = "You do not have access to the Apex class named 'ScratcherExternalService'.";
  const said = explain({ body: { message } });
  expect(said.code).toBe("no_access");
  expect(said.action).toContain("Scratcher User");
});

it("says that the network is away where nothing was said", () => {
  expect(explain(new TypeError("Failed to fetch")).code).toBe("offline");
  expect(explain({}).code).toBe("offline");
  expect(explain(undefined).code).toBe("offline");
});

it.each(["Too many SOQL queries", "42", '"text"', "null", "{}"])(
  "passes on what else Salesforce says: %s",
  (message) => {
    const said = explain({ body: { message } });
    expect(said).toMatchObject({ code: "unexpected", serviceAway: false, retryAfterSeconds: null });
    expect(said.message).toContain(message);
  }
);
